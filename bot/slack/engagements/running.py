"""Running an engagement: invite, e-mail meanwhile, amounts, pause, resume, close; each with a second look."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from bot.blocks import kit
from bot.blocks.engagements import forms
from bot.slack import grammar
from bot.slack.engagements.looking import fetched, for_staff, here, said
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Open, Reply, Say, Update
from core import clock, engagements
from core.engagements.status import status
from core.errors import Conflict, Invalid


def _zone(heard: Heard) -> ZoneInfo:
    return ZoneInfo(heard.house.timezone or "UTC")


def _mail(words: str) -> str:
    """An address as it was typed; Slack writes it as <mailto:a@b|a@b>."""
    return words.strip().removeprefix("<mailto:").partition("|")[0].rstrip(">")


@command("engagement", "invite", "Invite the client into the channel", hint="[e-mail]", which=here)
async def invite(heard: Heard) -> Reply:
    """Show where the invitation would go."""
    engagement = await fetched(heard)
    found = await status(heard.session, engagement.id)
    if found.connection == "connected":
        raise Conflict(f"{found.company} is in the channel already. People there can add their own colleagues.")
    return Open(forms.invite(found, private=str(engagement.id), email=_mail(heard.words)))


@form("engagement.invite")
async def send_invitation(heard: Heard) -> Reply:
    """Send it."""
    email = heard.form.text("email")
    await engagements.invite(heard.session, heard.actor, heard.value, email=email, name=heard.form.text("name"))
    sentence = f"Slack mails the invitation to {email} now. The staff channel shows how far it is."
    return Update(kit.notice("Invite", sentence))


@button("engagement.resend")
async def resend(heard: Heard) -> Reply:
    """Send the invitation, to the address that it went to before."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await engagements.invite(
        heard.session, heard.actor, heard.value, email=(await fetched(heard)).invite_email
    )
    return said(
        "Invite",
        f"Slack mails the invitation to {engagement.invite_email}. Another address: /engagement invite e-mail.",
    )


@button("engagement.retry")
async def retry(heard: Heard) -> Reply:
    """Try again what Slack had refused."""
    for_staff(heard.actor, heard.house.name, heard.value)
    await engagements.retry(heard.session, heard.actor, heard.value)
    return said("Try again", "Trying again now. The card tells how it goes.")


@button("engagement.mail")
async def by_mail(heard: Heard) -> Reply:
    """Write by e-mail meanwhile."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await engagements.choose_mail(heard.session, heard.actor, heard.value)
    who = (await engagements.people_of(heard.session, engagement.id)).contact
    return said(
        "Use e-mail meanwhile",
        f"{who.first_name} gets everything at {who.email} from now on, until they are in the channel.",
    )


@button("engagement.private")
async def make_private(heard: Heard) -> Reply:
    """Post in the staff channel again."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await engagements.make_private(heard.session, heard.actor, heard.value)
    return said("Staff channel", f"Throughline posts in the staff channel of “{engagement.title}” again.")


@command("engagement", "money", "Show or hide amounts in the client channel", which=here)
@button("engagement.money")
async def money(heard: Heard) -> Reply:
    """Say who would read amounts, before they are shown or hidden."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await fetched(heard)
    return Open(forms.money(await status(heard.session, engagement.id), private=str(engagement.id)))


@form("engagement.money")
async def set_amounts(heard: Heard) -> Reply:
    """Show or hide, as the form said; if somebody was faster, nothing is turned back."""
    engagement_id, _, shown = heard.value.partition(" ")
    engagement = await engagements.set_amounts(heard.session, heard.actor, engagement_id, shown=shown == "1")
    now = "Amounts are shown" if engagement.show_amounts else "No amount is shown"
    return Update(kit.notice("Amounts", f"{now} in the channel of “{engagement.title}” from now on."))


@command("engagement", "pause", "Rest for a while", hint="[until]", which=here)
@button("engagement.pause")
async def pause(heard: Heard) -> Reply:
    """Say what the client will read, before it is paused."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await fetched(heard)
    words = heard.words.removeprefix("until").strip()
    until = grammar.day(words, clock.now().astimezone(_zone(heard)).date()) if words else None
    if words and until is None:
        raise Invalid(f"I do not understand “{words}” as a day. Try `fri`, `12 dec` or `+2w`.")
    return Open(forms.pause(await status(heard.session, engagement.id), private=str(engagement.id), until=until))


@form("engagement.pause")
async def rest(heard: Heard) -> Reply:
    """Pause it."""
    day = heard.form.day("until")
    engagement = await engagements.pause(
        heard.session, heard.actor, heard.value, until=_morning(heard, day) if day else None
    )
    return Update(
        kit.notice(
            "Pause",
            f"“{engagement.title}” is paused{f' until {day:%-d %b}' if day else ''}. /engagement resume goes on.",
        )
    )


def _morning(heard: Heard, day: date) -> datetime:
    """The beginning of the agency's working day."""
    opens = time.fromisoformat(str(heard.house.setting("opens")))
    return datetime.combine(day, opens, _zone(heard)).astimezone(UTC)


@command("engagement", "resume", "Go on after a pause, or after it was closed", which=here)
async def resume(heard: Heard) -> Reply:
    """Go on."""
    engagement = await engagements.resume(heard.session, heard.actor, heard.value)
    return Say(f"“{engagement.title}” goes on.")


@button("engagement.resume")
async def take_up(heard: Heard) -> Reply:
    """Go on, by the card's button."""
    for_staff(heard.actor, heard.house.name, heard.value)
    return await resume(heard)


@command("engagement", "close", "End it; nothing is deleted", which=here)
@button("engagement.close")
async def close(heard: Heard) -> Reply:
    """Show what is still open, before it ends."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await fetched(heard)
    if engagement.status == "closed":
        raise Conflict(f"“{engagement.title}” is closed already. `/engagement resume` takes it up again.")
    return Open(forms.close(await status(heard.session, engagement.id), private=str(engagement.id)))


@form("engagement.close")
async def end(heard: Heard) -> Reply:
    """End it."""
    engagement = await engagements.close(heard.session, heard.actor, heard.value)
    return Update(
        kit.notice("Close engagement", f"“{engagement.title}” is closed. /engagement resume takes it up again.")
    )
