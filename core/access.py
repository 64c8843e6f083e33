"""Who may do what: the permissions, to whom they are granted, and the one door through which a row is reached."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true

from core.db import Base, Session, TenantRow
from core.errors import NotAllowed, NotFound
from core.people import ALL, GROUP, NONE, OWN, Actor, Organization

Kind = TypeVar("Kind", bound=TenantRow)


class Can(StrEnum):
    """Every permission, `noun:verb`, in the order of the alphabet."""

    CONVERSATION_HANDLE = "conversation:handle"
    CONVERSATION_SEE = "conversation:see"
    CONVERSATION_SEE_EARLIER = "conversation:see_earlier"
    CONVERSATION_START = "conversation:start"
    ENGAGEMENT_EXPORT = "engagement:export"
    ENGAGEMENT_MANAGE = "engagement:manage"
    ENGAGEMENT_OPEN = "engagement:open"
    ENGAGEMENT_SEE = "engagement:see"
    INVOICE_PAY = "invoice:pay"
    INVOICE_SEE = "invoice:see"
    INVOICE_SEND = "invoice:send"
    PROJECT_MANAGE = "project:manage"
    PROJECT_SEE = "project:see"
    PROPOSAL_ANSWER = "proposal:answer"
    PROPOSAL_DRAFT = "proposal:draft"
    PROPOSAL_SEE = "proposal:see"
    PROPOSAL_SEND = "proposal:send"
    PROPOSAL_SIGN = "proposal:sign"
    SERVICE_MANAGE = "service:manage"
    SERVICE_SEE = "service:see"
    SETTINGS_CHANGE = "settings:change"
    TEAM_MANAGE = "team:manage"


@dataclass(frozen=True)
class Grant:
    """To whom a permission is given: staff whose role has `level` in `area`, and, with `clients`, the client's people.

    `refusal` is what somebody reads who may see the thing but not do this.
    """

    area: str | None
    level: int
    clients: bool
    refusal: str


_ASK = "Your role does not include this. An owner can change that with /tl team."

GRANTS: Mapping[Can, Grant] = {
    Can.CONVERSATION_HANDLE: Grant("messaging", OWN, False, _ASK),
    Can.CONVERSATION_SEE: Grant("messaging", OWN, True, _ASK),
    Can.CONVERSATION_SEE_EARLIER: Grant("messaging", ALL, False, _ASK),
    Can.CONVERSATION_START: Grant("messaging", OWN, True, _ASK),
    Can.ENGAGEMENT_EXPORT: Grant(
        "messaging",
        OWN,
        False,
        "A copy is made by the people you work with. Ask them for one: they can make it for you.",
    ),
    Can.ENGAGEMENT_MANAGE: Grant("clients", OWN, False, _ASK),
    Can.ENGAGEMENT_OPEN: Grant("clients", OWN, False, _ASK),
    Can.ENGAGEMENT_SEE: Grant("clients", OWN, True, _ASK),
    Can.INVOICE_PAY: Grant(
        None, NONE, True, "Paying is for the client. To note a payment that came another way, use Mark paid."
    ),
    Can.INVOICE_SEE: Grant("invoice_access", OWN, True, _ASK),
    Can.INVOICE_SEND: Grant(
        "invoice_management",
        OWN,
        False,
        "Your role does not include moving money. An owner can change that with /tl team.",
    ),
    Can.PROJECT_MANAGE: Grant("order_management", OWN, False, _ASK),
    Can.PROJECT_SEE: Grant("order_access", OWN, True, _ASK),
    Can.PROPOSAL_ANSWER: Grant(
        None, NONE, True, "This is for the client to answer. Your own buttons are in the staff channel."
    ),
    Can.PROPOSAL_DRAFT: Grant("order_management", OWN, False, _ASK),
    Can.PROPOSAL_SEE: Grant("order_access", OWN, True, _ASK),
    Can.PROPOSAL_SEND: Grant(
        "order_management",
        OWN,
        False,
        "Your role does not include sending proposals. An owner can change that with /tl team.",
    ),
    Can.PROPOSAL_SIGN: Grant(None, NONE, True, "Signing is for the client."),
    Can.SERVICE_MANAGE: Grant("services", OWN, False, _ASK),
    Can.SERVICE_SEE: Grant("order_access", OWN, False, _ASK),
    Can.SETTINGS_CHANGE: Grant(
        "settings", ALL, False, "Settings are for owners. Ask one of them to open /tl settings."
    ),
    Can.TEAM_MANAGE: Grant("team", ALL, False, "Roles are given by owners. Ask one of them to open /tl team."),
}


FOR_CLIENTS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "contracts": lambda contract: true(),
    "conversation_messages": lambda message: message.staff_only.is_(False) & message.deleted_at.is_(None),
    "conversations": lambda conversation: conversation.deleted_at.is_(None),
    "engagements": lambda engagement: true(),
    "invoices": lambda invoice: invoice.issued_at.is_not(None),
    "orders": lambda order: order.deleted_at.is_(None),
    "project_moves": lambda move: move.state == "done",
    "projects": lambda project: project.deleted_at.is_(None),
    "proposals": lambda proposal: proposal.sent_at.is_not(None),
}
"""What clients see of their own engagements, by table: not drafts, not internal notes, not moves that are still held. What is not listed
they never see. This one table decides for all faces."""

HOUSE_WIDE = frozenset({"companies", "coupons", "roles", "services", "users"})
"""What belongs to the agency as a whole, so that staff see it whichever engagements they are in."""


def allowed(actor: Actor, can: Can) -> bool:
    """Whether the actor has the permission for anything at all; `fetch` decides for a given row."""
    grant = GRANTS[can]
    if actor.side == "system":
        return True
    if actor.side == "staff":
        return grant.area is not None and actor.level(grant.area) >= grant.level
    return actor.side == "client" and grant.clients


def demand(actor: Actor, can: Can) -> None:
    """Raise NotAllowed unless the actor has the permission; for verbs that make something new and so have no row to fetch."""
    if not allowed(actor, can):
        raise NotAllowed(GRANTS[can].refusal if actor.side in ("staff", "client") else "We do not know you here yet.")


async def fetch(
    session: Session, actor: Actor, can: Can, kind: type[Kind], row_id: uuid.UUID | str, *, lock: bool = False
) -> Kind:
    """The one door to a row: find it, within what the actor may see, and authorise what they want to do with it.

    Raises NotFound for a stranger, another tenant, another client or an id that is none; NotAllowed for somebody who may see
    it but not do this. With `lock`, for verbs that change: the engagement first, then the row, FOR NO KEY UPDATE.
    """
    try:
        key = row_id if isinstance(row_id, uuid.UUID) else uuid.UUID(row_id)
    except ValueError:
        raise NotFound(_missing(kind)) from None
    query = select(kind).where(kind.id == key, _seen(actor, kind))
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound(_missing(kind))
    if not allowed(actor, can) or not await _within(session, actor, can, row):
        raise NotAllowed(GRANTS[can].refusal)
    if lock:
        engagement_id = getattr(row, "engagement_id", None)
        if engagement_id is not None:
            engagements = Base.metadata.tables["engagements"]
            await session.execute(
                select(engagements.c.id).where(engagements.c.id == engagement_id).with_for_update(key_share=True)
            )
        row = (
            await session.execute(
                select(kind)
                .where(kind.id == key)
                .with_for_update(key_share=True)
                .execution_options(populate_existing=True)
            )
        ).scalar_one()
    return row


def visible(actor: Actor, can: Can, kind: type[Kind]) -> Select[Kind]:
    """A query for all rows of a kind for which the actor has the permission: the door's sibling for lists."""
    if not allowed(actor, can):
        return select(kind).where(false())
    query = select(kind).where(_seen(actor, kind))
    grant = GRANTS[can]
    if actor.side == "staff" and grant.area and actor.level(grant.area) < ALL:
        query = query.where(_in_engagements(actor, kind, actor.level(grant.area)))
    return query


def _missing(kind: type[TenantRow]) -> str:
    return f"This {kind.__name__.lower()} is not to be found here. It may have been removed, or it belongs to somebody else."


async def _within(session: Session, actor: Actor, can: Can, row: TenantRow) -> bool:
    grant = GRANTS[can]
    if actor.side != "staff" or grant.area is None or actor.level(grant.area) >= ALL:
        return True
    kind = type(row)
    query = select(kind.id).where(kind.id == row.id, _in_engagements(actor, kind, actor.level(grant.area)))
    return (await session.execute(query)).scalar_one_or_none() is not None


def _seen(actor: Actor, kind: type[TenantRow]) -> ColumnElement[bool]:
    """What the actor may know of: staff by their level for clients, clients their own engagements less what is not for them."""
    if actor.side == "system":
        return true()
    if actor.side == "staff":
        return _in_engagements(actor, kind, actor.level("clients"))
    if actor.side != "client" or actor.user_id is None:
        return false()
    if kind.__tablename__ == "companies":
        return kind.id == actor.company_id if actor.company_id else false()
    shown = FOR_CLIENTS.get(kind.__tablename__)
    return and_(_in_engagements(actor, kind, OWN), shown(kind)) if shown else false()


def _in_engagements(actor: Actor, kind: type[TenantRow], level: int) -> ColumnElement[bool]:
    if level >= ALL:
        return true()
    if level == NONE:
        return false()
    if kind.__tablename__ in HOUSE_WIDE:
        return true() if actor.side == "staff" else false()
    # By name, because the nouns' own files use this one.
    engagements, people = Base.metadata.tables["engagements"], Base.metadata.tables["engagement_people"]
    mine = select(people.c.engagement_id).where(people.c.user_id == actor.user_id)
    if level == GROUP:
        companies = select(engagements.c.company_id).where(engagements.c.id.in_(mine))
        mine = select(engagements.c.id).where(or_(engagements.c.id.in_(mine), engagements.c.company_id.in_(companies)))
    column: Any = kind.id if kind.__tablename__ == "engagements" else getattr(kind, "engagement_id", None)
    return column.in_(mine) if column is not None else false()


async def house(session: Session, actor: Actor, can: Can) -> Organization:
    """The actor's own organization, for verbs that change the house itself; locked."""
    demand(actor, can)
    return (
        await session.execute(
            select(Organization).where(Organization.id == actor.organization_id).with_for_update(key_share=True)
        )
    ).scalar_one()
