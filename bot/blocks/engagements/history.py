"""What happened in an engagement, in plain words: one sentence an event, fewer of them for clients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.blocks import kit
from bot.blocks.kit import Block
from core.events import Kind

SENTENCES: Mapping[str, str] = {
    Kind.CONTACT_LEFT: "one of the client's people has left",
    Kind.CONTACT_LINKED: "{who} linked a Slack account to its contact",
    Kind.CONTACT_RETURNED: "{who} said that somebody who had left is back",
    Kind.CONTACT_SUCCEEDED: "{who} named who takes over from somebody who has left",
    Kind.CONTACT_WENT_OUT: "one of the client's people left the channel",
    Kind.CONVERSATION_ASSIGNED: "{who} gave somebody a conversation",
    Kind.CONVERSATION_DUE: "a conversation had waited for long",
    Kind.CONVERSATION_MAILED: "{who} wrote by mail",
    Kind.CONVERSATION_MERGED: "two conversations turned out to be one",
    Kind.CONVERSATION_MOVED: "{who} filed a message elsewhere",
    Kind.CONVERSATION_OPENED: "{who} opened a conversation",
    Kind.CONVERSATION_REOPENED: "{who} reopened a conversation",
    Kind.CONVERSATION_REPLIED: "{who} replied to the client",
    Kind.CONVERSATION_RESOLVED: "{who} resolved a conversation",
    Kind.CONVERSATION_SPLIT: "{who} made two conversations of one",
    Kind.CONVERSATION_TAKEN: "{who} took a conversation",
    Kind.ENGAGEMENT_ACCEPTED: "the Slack invitation was accepted",
    Kind.ENGAGEMENT_AMOUNTS_SET: "{who} changed whether amounts are shown",
    Kind.ENGAGEMENT_CHANNELS_MADE: "the channels were made",
    Kind.ENGAGEMENT_CHANNEL_BACK: "a channel came back",
    Kind.ENGAGEMENT_CHANNEL_LOST: "a channel was archived or left",
    Kind.ENGAGEMENT_CLOSED: "{who} closed the engagement",
    Kind.ENGAGEMENT_CONNECTED: "both sides came into the channel",
    Kind.ENGAGEMENT_DECLINED: "the Slack invitation was declined",
    Kind.ENGAGEMENT_DISCONNECTED: "the client's workspace was disconnected",
    Kind.ENGAGEMENT_HISTORY_IMPORTED: "what was said before {until} was brought in; edits and deletions before may be missing",
    Kind.ENGAGEMENT_INVITED: "the Slack invitation was sent",
    Kind.ENGAGEMENT_LINKED: "{who} linked the channel",
    Kind.ENGAGEMENT_MAIL_CHOSEN: "{who} chose e-mail meanwhile",
    Kind.ENGAGEMENT_OPENED: "{who} began the engagement",
    Kind.ENGAGEMENT_PAUSED: "{who} paused the engagement",
    Kind.ENGAGEMENT_PEOPLE_NAMED: "{who} changed who plays which part",
    Kind.ENGAGEMENT_RECORD_FORGOTTEN: "the record was deleted, its time being over",
    Kind.ENGAGEMENT_RECORD_GAP: "between {since} and {until} edits and deletions may be missing",
    Kind.ENGAGEMENT_RESUMED: "{who} resumed the engagement",
    Kind.ENGAGEMENT_STAFF_CHANNEL_EXPOSED: "somebody from outside could read the staff channel",
    Kind.ENGAGEMENT_STAFF_CHANNEL_PRIVATE: "{who} made the staff channel private again",
    Kind.ENGAGEMENT_STAGE_PASSED: "the stage went from {before} to {after}",
    Kind.ENGAGEMENT_STUCK: "Slack stood in the way of the channels or the invitation",
    Kind.EXPORT_ASKED: "{who} asked for a copy of the record",
    Kind.EXPORT_FAILED: "a copy of the record could not be made",
    Kind.EXPORT_FETCHED: "{who} took a copy of the record",
    Kind.EXPORT_READY: "a copy of the record was made",
    Kind.INVOICE_DRAFTED: "{who} drafted an invoice",
    Kind.INVOICE_ISSUED: "an invoice was sent",
    Kind.INVOICE_PAID: "an invoice was paid",
    Kind.INVOICE_PAYMENT_FAILED: "a payment did not go through",
    Kind.INVOICE_SENDING: "{who} sent an invoice on its way",
    Kind.INVOICE_VOIDED: "{who} voided an invoice",
    Kind.LINK_OPENED: "{who} opened their page",
    Kind.ORDER_MADE: "an order was made",
    Kind.PERSON_ERASED: "somebody's words were erased on request",
    Kind.MAIL_BOUNCED: "a mail came back",
    Kind.MAIL_REFUSED: "a mail came that was no answer of theirs",
    Kind.PERSON_JOINED: "somebody whom we did not know came into the channel",
    Kind.PERSON_NUDGED: "{who} reminded somebody",
    Kind.PROJECT_ADVANCED: "{who} moved a project on",
    Kind.PROJECT_ADVANCE_HELD: "{who} began to move a project on",
    Kind.PROJECT_ADVANCE_UNDONE: "{who} took that back",
    Kind.PROJECT_ASSIGNED: "{who} said who leads a project",
    Kind.PROJECT_COMPLETED: "{who} completed a project",
    Kind.PROJECT_MOVED_BACK: "{who} moved a project back",
    Kind.PROJECT_STARTED: "a project started",
    Kind.PROPOSAL_CHANGES_REQUESTED: "{who} asked for changes to a proposal",
    Kind.PROPOSAL_DECLINED: "{who} declined a proposal",
    Kind.PROPOSAL_DRAFTED: "{who} drafted a proposal",
    Kind.PROPOSAL_EXPIRED: "a proposal expired",
    Kind.PROPOSAL_QUOTE_ASKED: "{who} asked for a quote",
    Kind.PROPOSAL_SENT: "{who} sent a proposal",
    Kind.PROPOSAL_SIGNED: "{who} signed a proposal",
    Kind.PROPOSAL_SIGN_REFUSED: "{who} tried to sign a proposal and could not",
    Kind.PROPOSAL_SUPERSEDED: "a new version took the place of a proposal",
    Kind.PROPOSAL_VIEWED: "{who} looked at a proposal",
    Kind.PROPOSAL_WITHDRAWN: "{who} withdrew a proposal",
}

FOR_CLIENTS = frozenset(
    {
        Kind.CONVERSATION_OPENED,
        Kind.CONVERSATION_RESOLVED,
        Kind.ENGAGEMENT_CLOSED,
        Kind.ENGAGEMENT_CONNECTED,
        Kind.ENGAGEMENT_OPENED,
        Kind.ENGAGEMENT_PAUSED,
        Kind.ENGAGEMENT_RESUMED,
        Kind.INVOICE_ISSUED,
        Kind.INVOICE_PAID,
        Kind.INVOICE_VOIDED,
        Kind.PROJECT_ADVANCED,
        Kind.PROJECT_COMPLETED,
        Kind.PROJECT_MOVED_BACK,
        Kind.PROJECT_STARTED,
        Kind.PROPOSAL_CHANGES_REQUESTED,
        Kind.PROPOSAL_DECLINED,
        Kind.PROPOSAL_EXPIRED,
        Kind.PROPOSAL_QUOTE_ASKED,
        Kind.PROPOSAL_SENT,
        Kind.PROPOSAL_SIGNED,
        Kind.PROPOSAL_WITHDRAWN,
    }
)
"""What clients read of it: what they saw happen, nothing of what goes on behind it."""


@dataclass(frozen=True)
class Happened:
    """One event: when, who, of which kind, and the facts that its sentence names."""

    at: datetime
    who: str
    kind: str
    facts: Mapping[str, str]


def sentence(one: Happened) -> kit.Raw:
    """The event in words; one that has no sentence yet is named by its kind."""
    template = SENTENCES.get(one.kind) or f"{{who}}: {one.kind.replace('.', ' ').replace('_', ' ')}"
    named: dict[str, str] = {"before": "", "after": "", "since": "", "until": "", **one.facts, "who": one.who}
    for moment in ("since", "until"):
        named[moment] = _moment(named[moment])
    told = kit.md(template, **named)
    return kit.Raw(told[0].upper() + told[1:])


def _moment(told: str) -> str:
    """A moment that a sentence names, in the reader's own zone."""
    try:
        at = datetime.fromisoformat(told)
    except ValueError:  # a day in words
        return told
    return kit.when(at) if at.tzinfo else told


def _seen_by_client(one: Happened) -> bool:
    """Whether clients read of it; never of what was taken back before it had reached them."""
    return one.kind in FOR_CLIENTS and one.facts.get("reached") != str(False)


def window(title: str, found: Sequence[Happened], *, client: bool, engagement_id: object = "") -> Block:
    """The latest events, newest first; for staff with a way to look for what is missing in the record."""
    shown = [one for one in found if not client or _seen_by_client(one)]
    lines = [kit.join([kit.when(one.at), sentence(one)]) for one in shown]
    blocks = [kit.section(kit.join(lines[start : start + 10], "\n")) for start in range(0, len(lines), 10)]
    blocks = blocks or [kit.section("Nothing yet.")]
    if not client and engagement_id:
        blocks.append(kit.actions(kit.button("Look for missing messages", "backfill.ask", str(engagement_id))))
    return kit.modal("notice", "History", [kit.section(kit.md("*{title}*", title=title)), *blocks])
