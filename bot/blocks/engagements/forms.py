"""The forms and windows of engagements: begin one, link a channel, invite, amounts, people, pause, close, lists."""

from collections.abc import Sequence
from datetime import date

from bot.blocks import kit
from bot.blocks.engagements import words
from bot.blocks.engagements.twin import buttons, connection
from bot.blocks.kit import Block, Card
from core.engagements.lists import Brief
from core.engagements.status import Status

AMOUNTS = "amounts"


def new(*, private: str, presser: str, company: str = "") -> Block:
    """The form that begins an engagement; title and channel name follow from the company where they are left empty."""
    blocks = [
        kit.text_input("company", "Company", initial=company, placeholder="Northwind", limit=120),
        kit.text_input("contact", "Contact's name", placeholder="Clara Chen", limit=120),
        kit.text_input(
            "email",
            "Contact's e-mail",
            placeholder="clara@northwind.com",
            limit=254,
            hint="The Slack invitation goes there.",
        ),
        kit.people_select(
            "team", "Your team", initial=[presser], hint="They come into both channels. You are the owner."
        ),
        kit.text_input("title", "Title", placeholder="The company's name", optional=True, limit=120),
        kit.text_input(
            "channel", "Channel name", placeholder="The company's name, as northwind", optional=True, limit=60
        ),
        _amounts(),
    ]
    return kit.modal("engagement.new", "New engagement", blocks, submit="Begin", close="Cancel", private=private)


def link(*, private: str, presser: str, company: str = "") -> Block:
    """The form that adopts the channel it was opened in."""
    blocks = [
        kit.section("Throughline adopts this channel. Its people are told, before anything in it is kept."),
        kit.text_input("company", "Company", initial=company, placeholder="Northwind", limit=120),
        kit.text_input("contact", "Contact's name", placeholder="Clara Chen", limit=120),
        kit.text_input("email", "Contact's e-mail", placeholder="clara@northwind.com", limit=254),
        kit.people_select(
            "team", "Your team", initial=[presser], hint="They come into the staff channel. You are the owner."
        ),
        kit.text_input("title", "Title", placeholder="The company's name", optional=True, limit=120),
        _amounts(),
    ]
    return kit.modal("engagement.link", "Link this channel", blocks, submit="Link", close="Cancel", private=private)


def _amounts(*, on: bool = False) -> Block:
    entry = kit.option("Show amounts in the channel", AMOUNTS, "Everyone in it can then read prices and payments")
    return kit.ticks("amounts", "Amounts", [entry], initial=[AMOUNTS] if on else [], optional=True)


def begun(title: str, company: str, email: str, channel: str) -> Block:
    """What happens next, in the place of the form."""
    return kit.modal(
        "notice",
        "New engagement",
        [
            kit.section(kit.md("*{title}* has begun.", title=title)),
            kit.section(
                kit.md(
                    "Next: `#{channel}` and its staff channel are made, your team is brought in, and {email} is "
                    "invited through Slack Connect. The staff channel shows how far {company} is. Everything you type "
                    "there acts on the client channel.",
                    channel=channel,
                    email=email,
                    company=company,
                )
            ),
        ],
    )


def linked(title: str, company: str) -> Block:
    """What happens next with a channel that was linked."""
    return kit.modal(
        "notice",
        "Link this channel",
        [
            kit.section(kit.md("*{title}* is linked.", title=title)),
            kit.section(
                kit.md(
                    "Next: a private staff channel is made. If {company} is in the channel already, they are told what "
                    "is kept before it is; if not, the staff channel offers to invite them.",
                    company=company,
                )
            ),
        ],
    )


def invite(thing: Status, *, private: str, email: str = "") -> Block:
    """The second look before an invitation goes out."""
    blocks = [
        kit.section(
            kit.md(
                "Slack mails an invitation to share {where}, in {agency}'s name.",
                where=_where(thing),
                agency=thing.agency,
            )
        ),
        kit.text_input("email", "E-mail", initial=email or thing.invite_email, limit=254),
        kit.text_input("name", "Name", optional=True, limit=120, hint="Only for somebody whom we do not know yet."),
    ]
    return kit.modal("engagement.invite", "Invite", blocks, submit="Send invitation", close="Cancel", private=private)


def _where(thing: Status) -> kit.Raw:
    return kit.channel(thing.channel_id) if thing.channel_id else kit.Raw("the client channel")


def money(thing: Status, *, private: str) -> Block:
    """The second look before amounts are shown to everybody in the channel, or hidden again."""
    if thing.show_amounts:
        now = "Amounts are shown in the channel: prices, totals, payments."
        after = "Hidden, no amount stands in any card or notification there. What people have read they have read."
    else:
        now = "No amount stands in the channel. Those who may pay see them in a window and on their page."
        after = "Shown, prices, totals and payments stand in the cards there, also in those that are there already."
    label = "Hide amounts" if thing.show_amounts else "Show amounts"
    blocks = [
        kit.section(kit.md("{where}: {audience}", where=_where(thing), audience=words.audience(thing))),
        kit.section(f"{now} {after}"),
    ]
    if thing.next_payment:
        line = words.payment(thing.next_payment, thing.locale, amount=not thing.show_amounts)
        blocks.append(kit.context(kit.md("It would read: {line}", line=line)))
    return kit.modal(
        "engagement.money",
        "Amounts",
        blocks,
        submit=label,
        close="Leave as it is",
        private=f"{private} {0 if thing.show_amounts else 1}",
    )


def pause(thing: Status, *, private: str, until: date | None = None) -> Block:
    """The second look before a pause."""
    blocks = [
        kit.section(
            kit.md(
                "{company} reads on the pinned card that you are pausing. They can write at any time.",
                company=thing.company,
            )
        ),
        kit.context(words.audience(thing)),
        kit.date_input("until", "Until", initial=until, optional=True, hint="On that day it goes on by itself."),
    ]
    return kit.modal("engagement.pause", "Pause", blocks, submit="Pause", close="Cancel", private=private)


def close(thing: Status, *, private: str) -> Block:
    """The second look before an engagement ends: what is still open in it."""
    left = [
        *(f"{wait.who} is to {wait.what}" for wait in thing.on_client),
        *(f"{wait.who} is to {wait.what}" for wait in thing.on_us),
        *(f"“{one.title}” is in {one.phase}" for one in thing.projects),
    ]
    open_things = kit.join([kit.md("• {line}", line=line) for line in left[:12]], "\n")
    blocks = [
        kit.section(
            kit.md("*{title}* ends. {company} reads it on the pinned card.", title=thing.title, company=thing.company)
        ),
        kit.section(kit.md("Still open:\n{things}", things=open_things) if left else "Nothing is open."),
        kit.context("Nothing is deleted: pages, invoices and the record stay, and it can be taken up again."),
    ]
    return kit.modal(
        "engagement.close", "Close engagement", blocks, submit="Close engagement", close="Cancel", private=private
    )


def staff(thing: Status) -> Block:
    """What staff find behind “For {agency}” in the client channel."""
    blocks = [
        kit.section(
            kit.md("*{title}* · {stage} ({name})", title=thing.title, stage=words.STAGES[thing.stage], name=thing.stage)
        ),
        *connection(thing),
        buttons(thing),
    ]
    if thing.staff_channel_id:
        blocks.append(kit.context(kit.md("Everything else is in {where}.", where=kit.channel(thing.staff_channel_id))))
    return kit.modal("notice", f"For {thing.agency}"[:24], blocks)


def people(
    *,
    private: str,
    staff: Sequence[tuple[str, str]],
    clients: Sequence[tuple[str, str]],
    owner: str,
    contact: str,
    approver: str,
    billing: str,
    inside: Sequence[str],
    gone: bool = False,
) -> Block:
    """Who plays which part, to be changed; `staff` and `clients` are (id, name). `gone`: somebody had left, who could be back."""
    ours = [kit.option(name, key) for key, name in staff]
    theirs = [kit.option(name, key) for key, name in clients]
    contact, approver, billing = [one if one in dict(clients) else "" for one in (contact, approver, billing)]
    blocks = [
        kit.section(kit.md("*In it:* {inside}", inside=", ".join(inside))),
        kit.select("owner", "Owner, on our side", ours, initial=owner if owner in dict(staff) else ""),
        kit.select(
            "contact", "Main contact", theirs, initial=contact, hint="Signs, unless a proposal names somebody else."
        ),
        kit.select("approver", "Approves work", theirs, initial=approver),
        kit.select("billing", "Gets the invoices", theirs, initial=billing),
        kit.actions(
            kit.button("Somebody has left", "contact.leaving", private),
            kit.button("Somebody is back", "contact.back", private) if gone else None,
        ),
    ]
    return kit.modal("engagement.people", "People", blocks, submit="Save", close="Cancel", private=private)


def inside(*, agency: str, company: str, ours: Sequence[str], theirs: Sequence[tuple[str, str]]) -> Block:
    """Who is in it, for a client; `theirs` are (name, parts)."""
    blocks = [
        kit.section(
            kit.md(
                "*{agency}*\n{people}",
                agency=agency,
                people=kit.join([kit.md("• {one}", one=one) for one in ours], "\n"),
            )
        ),
        kit.section(
            kit.md(
                "*{company}*\n{people}",
                company=company,
                people=kit.join([kit.join([kit.md("• {name}", name=name), parts]) for name, parts in theirs], "\n"),
            )
        ),
        kit.context(
            kit.md("Somebody missing, or in the wrong place? Tell {agency} here in the channel.", agency=agency)
        ),
    ]
    return kit.modal("notice", "People", blocks)


def listing(found: Sequence[Brief], which: str) -> Card:
    """The engagements, a line each."""
    name = {"mine": "Your engagements", "quiet": "Quiet for ten working days", "owing": "With open invoices"}.get(
        which, "Engagements"
    )
    if not found:
        none = {"mine": "You are in no engagement yet.", "quiet": "None is quiet.", "owing": "Nobody owes anything."}
        sentence = none.get(which, "There is no engagement yet. `/engagement new` begins one.")
        return Card(sentence, [kit.section(kit.Raw(sentence))])
    blocks: list[Block] = [kit.header(name)]
    lines = [_brief(one) for one in found]
    for start in range(0, len(lines), 8):
        blocks.append(kit.section(kit.join(lines[start : start + 8], "\n")))
    return Card(f"{name}: {len(found)}", kit.fits(blocks))


def _brief(one: Brief) -> kit.Raw:
    where = one.staff_channel_id or one.channel_id
    marks = [
        words.STAGES[one.stage],
        "paused" if one.status == "paused" else "",
        f"{one.waiting_on_us} waiting on us" if one.waiting_on_us else "",
        ("1 open invoice" if one.owed == 1 else f"{one.owed} open invoices") if one.owed else "",
        f"quiet for {words.days(one.quiet_days)}" if one.quiet_days >= 3 else "",
        "not connected" if one.connection != "connected" else "",
    ]
    return kit.join([kit.md("*{title}*", title=one.title), kit.channel(where) if where else "", *marks])
