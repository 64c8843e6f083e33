"""What happened and who did it: append-only, hash-chained; recording an event is also what announces it."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock, jobs
from core.chain import GENESIS as GENESIS
from core.chain import Link
from core.chain import canonical as canonical
from core.chain import link_hash as link_hash
from core.chaining import HEADS_LOCKED, HEADS_MADE, together
from core.db import Session, TenantRow, new_id
from core.people import Actor


class Kind(StrEnum):
    """Every kind of event, `noun.what_happened`, in the order of the alphabet."""

    COMPANY_CUSTOMER_MADE = "company.customer_made"
    CONTACT_LEFT = "contact.left"
    CONTACT_LINKED = "contact.linked"
    CONTACT_RETURNED = "contact.returned"
    CONTACT_SUCCEEDED = "contact.succeeded"
    CONTACT_WENT_OUT = "contact.went_out"
    CONVERSATION_ASSIGNED = "conversation.assigned"
    CONVERSATION_DUE = "conversation.due"
    CONVERSATION_MAILED = "conversation.mailed"
    CONVERSATION_MERGED = "conversation.merged"
    CONVERSATION_MOVED = "conversation.moved"
    CONVERSATION_NOTED = "conversation.noted"
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_RENAMED = "conversation.renamed"
    CONVERSATION_REOPENED = "conversation.reopened"
    CONVERSATION_REPLIED = "conversation.replied"
    CONVERSATION_RESOLVED = "conversation.resolved"
    CONVERSATION_SPLIT = "conversation.split"
    CONVERSATION_TAKEN = "conversation.taken"
    COUPON_MADE = "coupon.made"
    COUPON_RETIRED = "coupon.retired"
    ENGAGEMENT_ACCEPTED = "engagement.accepted"
    ENGAGEMENT_AMOUNTS_SET = "engagement.amounts_set"
    ENGAGEMENT_CHANNELS_MADE = "engagement.channels_made"
    ENGAGEMENT_CHANNEL_BACK = "engagement.channel_back"
    ENGAGEMENT_CHANNEL_LOST = "engagement.channel_lost"
    ENGAGEMENT_CLOSED = "engagement.closed"
    ENGAGEMENT_CONNECTED = "engagement.connected"
    ENGAGEMENT_DECLINED = "engagement.declined"
    ENGAGEMENT_DISCONNECTED = "engagement.disconnected"
    ENGAGEMENT_HISTORY_IMPORTED = "engagement.history_imported"
    ENGAGEMENT_INVITED = "engagement.invited"
    ENGAGEMENT_LINKED = "engagement.linked"
    ENGAGEMENT_MAIL_CHOSEN = "engagement.mail_chosen"
    ENGAGEMENT_OPENED = "engagement.opened"
    ENGAGEMENT_PAUSED = "engagement.paused"
    ENGAGEMENT_PEOPLE_NAMED = "engagement.people_named"
    ENGAGEMENT_RECORD_FORGOTTEN = "engagement.record_forgotten"
    ENGAGEMENT_RECORD_GAP = "engagement.record_gap"
    ENGAGEMENT_RESUMED = "engagement.resumed"
    ENGAGEMENT_STAFF_CHANNEL_EXPOSED = "engagement.staff_channel_exposed"
    ENGAGEMENT_STAFF_CHANNEL_PRIVATE = "engagement.staff_channel_private"
    ENGAGEMENT_STAGE_PASSED = "engagement.stage_passed"
    ENGAGEMENT_STUCK = "engagement.stuck"
    EXPORT_ASKED = "export.asked"
    EXPORT_FAILED = "export.failed"
    EXPORT_FETCHED = "export.fetched"
    EXPORT_READY = "export.ready"
    INVOICE_DRAFTED = "invoice.drafted"
    INVOICE_ISSUED = "invoice.issued"
    INVOICE_MISMATCHED = "invoice.mismatched"
    INVOICE_PAID = "invoice.paid"
    INVOICE_PAYMENT_FAILED = "invoice.payment_failed"
    INVOICE_REMINDED = "invoice.reminded"
    INVOICE_SENDING = "invoice.sending"
    INVOICE_STUCK = "invoice.stuck"
    INVOICE_VIEWED = "invoice.viewed"
    INVOICE_VOIDED = "invoice.voided"
    LINK_OPENED = "link.opened"
    LINK_REFUSED = "link.refused"
    MAIL_BOUNCED = "mail.bounced"
    MAIL_REFUSED = "mail.refused"
    ORDER_MADE = "order.made"
    ORGANIZATION_SET = "organization.set"
    ORGANIZATION_STARTED = "organization.started"
    PERSON_ERASED = "person.erased"
    PERSON_JOINED = "person.joined"
    PERSON_NUDGED = "person.nudged"
    PROJECT_ADVANCED = "project.advanced"
    PROJECT_ADVANCE_HELD = "project.advance_held"
    PROJECT_ADVANCE_UNDONE = "project.advance_undone"
    PROJECT_ASSIGNED = "project.assigned"
    PROJECT_COMPLETED = "project.completed"
    PROJECT_DATED = "project.dated"
    PROJECT_MOVED_BACK = "project.moved_back"
    PROJECT_PAUSED = "project.paused"
    PROJECT_RESUMED = "project.resumed"
    PROJECT_STARTED = "project.started"
    PROPOSAL_CERTIFIED = "proposal.certified"
    PROPOSAL_CHANGES_REQUESTED = "proposal.changes_requested"
    PROPOSAL_DECLINED = "proposal.declined"
    PROPOSAL_DRAFTED = "proposal.drafted"
    PROPOSAL_EDITED = "proposal.edited"
    PROPOSAL_ENDING = "proposal.ending"
    PROPOSAL_EXPIRED = "proposal.expired"
    PROPOSAL_QUOTE_ASKED = "proposal.quote_asked"
    PROPOSAL_SENT = "proposal.sent"
    PROPOSAL_SIGNED = "proposal.signed"
    PROPOSAL_SIGN_REFUSED = "proposal.sign_refused"
    PROPOSAL_SUPERSEDED = "proposal.superseded"
    PROPOSAL_VIEWED = "proposal.viewed"
    PROPOSAL_WITHDRAWN = "proposal.withdrawn"
    ROLE_GIVEN = "role.given"
    SERVICE_EDITED = "service.edited"
    SERVICE_MADE = "service.made"
    SERVICE_PRICED = "service.priced"
    SERVICE_RETIRED = "service.retired"
    SUBSCRIPTION_ENDED = "subscription.ended"
    SUBSCRIPTION_STARTED = "subscription.started"


class Head(TenantRow):
    """The end of a chain: the last sequence number and hash; locked last, so that a chain grows one event at a time."""

    __tablename__ = "chain_heads"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "chain"),)
    chain: Mapped[uuid.UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Event(TenantRow):
    """One thing that happened. `chain` is its engagement, else its organization; `body` is the canonical JSON that is hashed."""

    __tablename__ = "events"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "chain", "seq"),
        Index("ix_events_subject", "organization_id", "subject_id", "kind"),
    )
    chain: Mapped[uuid.UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    subject: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    at: Mapped[datetime]
    body: Mapped[str]
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that were recorded with the event: ids, codes and amounts."""
        return dict(json.loads(self.body)["facts"])

    @property
    def engagement_id(self) -> uuid.UUID | None:
        """The engagement in which it happened, if it happened in one."""
        return self.chain if self.chain != self.organization_id else None


@dataclass(frozen=True)
class Happening:
    """What is to be recorded: who did what to which thing. `chain` is the engagement, or the organization itself."""

    actor: Actor
    kind: Kind
    subject: str
    subject_id: uuid.UUID
    chain: uuid.UUID
    facts: Mapping[str, str | int | bool | list[str] | None] = field(default_factory=dict)


async def record(
    session: Session,
    actor: Actor,
    kind: Kind,
    subject: str,
    subject_id: uuid.UUID,
    *,
    engagement_id: uuid.UUID | None = None,
    announce: bool = True,
    **facts: str | int | bool | list[str] | None,
) -> Event:
    """Append an event to its chain, in the caller's transaction, and with it the one job that announces it.

    Facts are ids, codes and amounts in minor units; names and free text live in rows that can be erased. The chain's head is
    locked from here to the commit, so a verb records last.
    """
    chain = engagement_id or actor.organization_id
    [link] = await _appended(session, [Happening(actor, kind, subject, subject_id, chain, facts)], announce=announce)
    return Event(**link._asdict())


async def record_all(session: Session, happenings: Sequence[Happening]) -> None:
    """Append several events of one organization, each to its chain and in this order; the heads are locked in the order of their ids."""
    if happenings:
        await _appended(session, happenings, announce=True)


async def _appended(session: Session, happenings: Sequence[Happening], *, announce: bool) -> list[Link]:
    """The events as they are written, at once or with what is recorded together; their chains' heads are locked until the commit."""
    async with together(session) as held:
        tenant, now = happenings[0].actor.organization_id, clock.now()
        if chains := sorted({happening.chain for happening in happenings} - set(held.heads)):
            await session.execute(HEADS_MADE, {"tenant": tenant, "chains": chains, "genesis": GENESIS, "now": now})
            locked = (await session.execute(HEADS_LOCKED, {"chains": chains})).all()
            held.heads |= {chain: (seq, tip) for chain, seq, tip in locked}
        made = []
        for happening in happenings:
            seq, tip = held.heads[happening.chain]
            link = _linked(happening, seq + 1, tip, now)
            held.heads[happening.chain] = (link.seq, link.hash)
            made.append(link)
        held.links += made
        if announce and not session.info.get("quiet"):  # what is backfilled is no news
            held.announcing += [
                jobs.Wanted("event.announce", f"announce:{link.chain}", {"event": str(link.id)}, tenant)
                for link in made
            ]
        return made


def _linked(happening: Happening, seq: int, prev_hash: bytes, at: datetime) -> Link:
    """The event that stands at this place of its chain."""
    event_id, actor = new_id(), happening.actor
    body = canonical(
        {
            "id": str(event_id),
            "organization": str(actor.organization_id),
            "chain": str(happening.chain),
            "seq": seq,
            "kind": happening.kind.value,
            "actor": {"side": actor.side, "id": str(actor.user_id) if actor.user_id else None},
            "subject": happening.subject,
            "subject_id": str(happening.subject_id),
            "at": at.astimezone(UTC).isoformat(),
            "facts": dict(happening.facts),
        }
    )
    return Link(
        id=event_id,
        organization_id=actor.organization_id,
        created_at=at,
        chain=happening.chain,
        seq=seq,
        kind=happening.kind.value,
        actor_id=actor.user_id,
        subject=happening.subject,
        subject_id=happening.subject_id,
        at=at,
        body=body,
        prev_hash=prev_hash,
        hash=link_hash(prev_hash, body),
    )


async def get(session: Session, event_id: uuid.UUID) -> Event:
    """The event with this id."""
    return (await session.execute(select(Event).where(Event.id == event_id))).scalar_one()


async def history(session: Session, chain: uuid.UUID, limit: int = 30) -> list[Event]:
    """The latest events of a chain, newest first."""
    return list(
        (
            await session.execute(select(Event).where(Event.chain == chain).order_by(Event.seq.desc()).limit(limit))
        ).scalars()
    )
