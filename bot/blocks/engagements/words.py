"""How an engagement is spoken of: stages in the client's words, days, troubles with a way on, events as sentences."""

from datetime import date, datetime

from bot.blocks import kit
from core.engagements.status import Due, Status, Wait, Work

STAGES = {
    "draft": "Getting started",
    "active": "Proposal with you",
    "processing": "Signed, getting ready",
    "confirmed": "Under way",
    "fulfilled": "Delivered",
    "complete": "All settled",
    "cancelled": "Called off",
}
"""The stages in the client's words; their names are for staff."""

LOST = "Slack's answer was lost: {email} may have the invitation or not. Ask {contact}, or send it again."
THEIRS = "This channel belongs to another workspace, so only they can invite. Ask them to add {contact}."
PLAN = "Slack Connect needs a paid Slack plan, and your workspace has none. Until it has, write to {contact} by e-mail."
LIMIT = "Slack lets your workspace connect to no further company now. Ask your Slack admin, or use e-mail meanwhile."
ADDRESS = "Slack does not take {email} as an address. Send it to another one: `/engagement invite e-mail`."
OWN = (
    "{email} belongs to somebody in your own workspace. Send the invitation to the client: `/engagement invite e-mail`."
)
ADMIN = "Your workspace lets Throughline invite no other company. A Slack admin can allow that; then send it again."
ABSENT = "Throughline is not in that channel yet. Type `/invite @throughline` there, then try again."
CREATE = "Your workspace does not let Throughline make private channels. A Slack admin can allow that; then try again."

TROUBLES = {
    "invite:unknown": LOST,
    "invite:not_paid": PLAN,
    "invite:connection_limit_exceeded": LIMIT,
    "invite:connection_limit_exceeded_pending": LIMIT,
    "invite:invalid_email": ADDRESS,
    "invite:user_is_already_in_team": OWN,
    "invite:already_in_team": OWN,
    "invite:not_owner": THEIRS,
    "invite:restricted_action": ADMIN,
    "invite:not_allowed": ADMIN,
    "invite:is_archived": "The client channel is archived. Bring it back in Slack, then send the invitation again.",
    "link:not_in_channel": ABSENT,
    "link:channel_not_found": ABSENT,
    "client:restricted_action": CREATE,
    "staff:restricted_action": CREATE,
    "client:user_is_restricted": CREATE,
    "staff:user_is_restricted": CREATE,
}


def period(days: int) -> str:
    """For how long what is said is kept, as the client reads it; 0 days are for ever."""
    if days <= 0:
        return "for good"
    return f"until {'a day' if days == 1 else f'{days:,} days'} after our work together ends"


def trouble(status: Status) -> kit.Raw:
    """What stands in the way, in a sentence with a way on; "" if nothing does."""
    if not status.trouble:
        return kit.Raw("")
    step, _, reason = status.trouble.partition(":")
    doing = {"invite": "send the invitation", "bookmark": "bookmark the client's page", "link": "look into the channel"}
    other = "Slack did not let us {doing} ({reason}). Try again; if it stays, show this to your Slack admin."
    template = TROUBLES.get(status.trouble, other)
    return kit.md(
        template,
        email=status.invite_email,
        contact=status.contact,
        reason=reason,
        doing=doing.get(step, "make the channels"),
    )


def days(count: int) -> str:
    """A number of days as one says it."""
    return "today" if count == 0 else "1 day" if count == 1 else f"{count} days"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, in days."""
    count = max(0, (now - moment).days) if moment else 0
    return "today" if count == 0 else f"{days(count)} ago"


def short(day: date) -> str:
    """A day without its weekday: 12 Dec."""
    return f"{day:%-d %b}"


def waits(found: tuple[Wait, ...], now: datetime, most: int) -> kit.Raw:
    """The things that wait, one a line: who, what, for how long."""
    lines = [
        kit.md("• {who} to {what} · {days}", who=wait.who, what=wait.what, days=days(wait.days(now)))
        for wait in found[:most]
    ]
    if len(found) > most:
        lines.append(kit.Raw(f"and {len(found) - most} more"))
    return kit.join(lines, "\n")


def work(project: Work) -> kit.Raw:
    """A project in a line: Website · Build, step 3 of 6 ●●●○○○ · 12 Dec, late or resting said in words."""
    dots = "●" * project.step + "○" * (project.steps - project.step)
    when = short(project.due_on) if project.due_on else ""
    if project.status == "paused":
        when = "paused"
    elif project.late and project.due_on:
        when = f"was due {short(project.due_on)}"
    phase = f"{project.phase}, step {project.step} of {project.steps} {dots}"
    return kit.join([kit.md("*{title}*", title=project.title), phase, when])


def payment(due: Due, locale: str, *, amount: bool) -> kit.Raw:
    """The next payment, its amount only where it may be read."""
    when = f"{days(due.late_days)} late" if due.late_days else f"due {kit.day(due.on)}" if due.on else ""
    return kit.join([due.title, when, due.amount.show(locale) if amount else ""])


def next_steps(status: Status, *, amount: bool) -> kit.Raw:
    """The next date and the next payment, if there are any."""
    lines = []
    if status.next_date:
        title, on = status.next_date
        lines.append(kit.md("*Next date* {title}, {day}", title=title, day=kit.day(on)))
    if status.next_payment:
        lines.append(
            kit.md("*Next payment* {payment}", payment=payment(status.next_payment, status.locale, amount=amount))
        )
    return kit.join(lines, "\n")


def connection(status: Status) -> kit.Raw:
    """How far the client is in, for staff."""
    company, contact = status.company, status.contact
    sent = ago(status.invited_at, status.now)
    if status.connection == "connected":
        return kit.md("{company} is connected.", company=company)
    if status.connection == "accepted":
        return kit.md("Invited {sent}; waiting for {company}'s Slack admin.", sent=sent, company=company)
    if status.connection == "declined":
        return kit.md("{company} declined the invitation.", company=company)
    if status.connection == "disconnected":
        return kit.md("{company} is no longer connected: nobody there reads the channel now.", company=company)
    if status.expired:
        return kit.md("Invited {sent}; the invitation has run out. Send it again?", sent=sent)
    if status.connection == "mail":
        return kit.md(
            "{contact} gets everything by e-mail{sent}.",
            contact=contact,
            sent=f"; the invitation of {sent} stands" if status.invited_at else "",
        )
    if status.connection == "invited":
        return kit.md("Invited {sent}; waiting for {contact} to accept.", sent=sent, contact=contact)
    if not status.prepared:
        return kit.Raw("The channels are being made.")
    return kit.md("{company} is not invited yet.", company=company)


def audience(status: Status) -> str:
    """Who reads the client channel: "14 people read this channel, 3 from other companies."."""
    return readers(status.audience.readers, status.audience.outsiders)


def readers(count: int, outsiders: int) -> str:
    """The sentence that every preview carries."""
    who = "1 person reads" if count == 1 else f"{count} people read"
    return f"{who} this channel, {outsiders or 'none'} from other companies."
