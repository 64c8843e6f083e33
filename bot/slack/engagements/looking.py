"""Looking at an engagement: its status, the list of all, its people, its history, and staff's tool box."""

import uuid
from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.engagements import cards, forms, history, twin, words
from bot.blocks.engagements.history import Happened
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Done, Open, Reply, Say
from core import access, contacts, engagements, events, people
from core.access import Can
from core.engagements import Engagement, lists
from core.engagements.status import status
from core.errors import Invalid, NotAllowed, Way
from core.people import Actor

FILTERS = ("", "mine", "quiet", "owing")


async def here(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    """The engagement of the channel that a command was typed in, which is the one it acts on; elsewhere all that one
    may see.
    """
    if heard.engagement is not None:
        return [(heard.engagement.id, heard.engagement.title)]
    return lists.choices(await lists.listing(heard.session, heard.actor))


async def fetched(heard: Heard, can: Can = Can.ENGAGEMENT_MANAGE) -> Engagement:
    """The engagement that a button, a form or a command means, if this person may do that with it."""
    return await access.fetch(heard.session, heard.actor, can, Engagement, heard.value)


def for_staff(actor: Actor, agency: str, engagement_id: object) -> None:
    """Refuse, kindly, what only the agency's people can open."""
    if actor.side != "staff":
        raise NotAllowed(
            f"This is {agency}'s own tool box. Everything for you is on your page.",
            way=Way("Open my page", "page.open", str(engagement_id)),
        )


@command("engagement", "", "How it stands, and what waits on whom")
async def standing(heard: Heard) -> Reply:
    """The status of this channel's engagement; elsewhere the list of mine."""
    if heard.engagement is None:
        card = forms.listing(await lists.listing(heard.session, heard.actor, "mine"), "mine")
        return Say(card.text, card.blocks)
    heard.value = str(heard.engagement.id)
    engagement = await fetched(heard, Can.ENGAGEMENT_SEE)
    found = await status(heard.session, engagement.id)
    card = twin.twin(found) if heard.actor.side == "staff" else cards.status(found)
    return Say(card.text, card.blocks)


@command("engagement", "list", "All engagements, or some", hint="[mine | quiet | owing]")
async def listed(heard: Heard) -> Reply:
    """The engagements that the person may see."""
    which = heard.words.lower().strip()
    if which not in FILTERS:
        raise Invalid("I can list `mine`, `quiet` or `owing`, or all of them: `/engagement list`.")
    card = forms.listing(await lists.listing(heard.session, heard.actor, which), which)
    return Say(card.text, card.blocks)


@command("engagement", "history", "What happened, in plain words", which=here)
@button("engagement.history")
async def past(heard: Heard) -> Reply:
    """The latest events; clients read those that they saw."""
    engagement = await fetched(heard, Can.ENGAGEMENT_SEE)
    found = await events.history(heard.session, engagement.id, limit=80)
    who = await people.get(heard.session, list({event.actor_id for event in found if event.actor_id}))
    told = [
        Happened(
            event.at,
            who[event.actor_id].first_name if event.actor_id in who else "Throughline",
            event.kind,
            {name: str(value) for name, value in event.facts.items()},
        )
        for event in found
    ]
    client = heard.actor.side != "staff"
    return Open(history.window(engagement.title, told, client=client, engagement_id=engagement.id))


@command("engagement", "people", "Who is in it, and who plays which part", which=here)
@button("engagement.people")
async def who_is_in(heard: Heard) -> Reply:
    """For staff the form in which parts are given; for clients the list."""
    engagement = await fetched(heard, Can.ENGAGEMENT_SEE)
    who = await engagements.people_of(heard.session, engagement.id)
    if heard.actor.side != "staff" or not access.allowed(heard.actor, Can.ENGAGEMENT_MANAGE):
        parts = {who.contact.id: ["main contact"], who.approver.id: [], who.billing.id: []}
        parts[who.approver.id].append("approves work")
        parts[who.billing.id].append("gets the invoices")
        named = {user.id: user for user in [who.contact, *who.clients]}
        theirs = [(user.name, ", ".join(parts.get(user.id, []))) for user in named.values()]
        found = await status(heard.session, engagement.id)
        ours = [user.name for user in {user.id: user for user in [who.owner, *who.team]}.values()]
        return Open(forms.inside(agency=heard.house.name, company=found.company, ours=ours, theirs=theirs))
    clients = await engagements.contacts(heard.session, engagement.company_id)
    return Open(
        forms.people(
            private=str(engagement.id),
            staff=[(str(user.id), user.name) for user in await people.staff(heard.session)],
            clients=[(str(user.id), f"{user.name} · {user.email}" if user.email else user.name) for user in clients],
            owner=str(who.owner.id),
            contact=str(who.contact.id),
            approver=str(who.approver.id),
            billing=str(who.billing.id),
            inside=[user.name for user in [*who.team, *who.clients]] or [who.owner.name, who.contact.name],
            gone=bool(await contacts.gone(heard.session, engagement.company_id)),
        )
    )


@form("engagement.people")
async def give_parts(heard: Heard) -> Reply:
    """Give the parts that were chosen."""
    chosen: dict[str, uuid.UUID] = {}
    for field in ("owner", "contact", "approver", "billing"):
        try:
            chosen[field] = uuid.UUID(heard.form.text(field))
        except ValueError:
            raise Invalid("Please choose somebody.", field=field) from None
    await engagements.name_people(
        heard.session,
        heard.actor,
        heard.value,
        owner_id=chosen["owner"],
        contact_id=chosen["contact"],
        approver_id=chosen["approver"],
        billing_id=chosen["billing"],
    )
    return Done()


@button("engagement.staff")
async def tool_box(heard: Heard) -> Reply:
    """What staff find behind “For the agency” in the client channel."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await fetched(heard, Can.ENGAGEMENT_SEE)
    return Open(forms.staff(await status(heard.session, engagement.id)))


@button("engagement.kept")
async def kept(heard: Heard) -> Reply:
    """How what is said is kept; anybody in the channel may know."""
    period = words.period(int(heard.house.setting("record_period")))
    return Open(cards.kept(agency=heard.house.name, period=period))


@button("engagement.tell_it")
async def tell_it(heard: Heard) -> Reply:
    """Words to send to the client's IT."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await fetched(heard, Can.ENGAGEMENT_SEE)
    return Open(twin.tell_it(await status(heard.session, engagement.id)))


def said(title: str, sentence: str) -> Reply:
    """A window that says what was done and what happens next."""
    return Open(kit.notice(title, sentence))
