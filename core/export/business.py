"""The business of an export: proposals, signatures, orders, contracts, projects, invoices and payments, and the chain of events."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access
from core.access import Can
from core.contracts import Contract
from core.db import Base, Database, Session, TenantRow
from core.events import Event
from core.export.scope import Scope
from core.invoices import Invoice, Line, Payment
from core.orders import Order, OrderLine
from core.projects import Move, Project
from core.proposals import Answer, Item, Proposal, Signer, Version
from core.signatures import Signature

Json = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A noun of the export: who may see it, what hangs below it, and which of its columns are for the client as well."""

    name: str
    kind: type[TenantRow]
    can: Can
    for_client: tuple[str, ...]
    parts: Mapping[str, tuple[type[TenantRow], str, tuple[str, ...]]]
    """By name: the table, its column that refers to the noun, and the columns for the client; none, if it is not for them."""


TABLES = (
    Table(
        "proposals",
        Proposal,
        Can.PROPOSAL_SEE,
        (
            "id",
            "number",
            "title",
            "purpose",
            "status",
            "currency",
            "terms",
            "expires_at",
            "sent_at",
            "signed_at",
            "ended_at",
        ),
        {
            "items": (
                Item,
                "proposal_id",
                ("position", "kind", "title", "description", "quantity", "unit_minor", "currency"),
            ),
            "signers": (Signer, "proposal_id", ("user_id", "position", "signed_at")),
            "versions": (Version, "proposal_id", ("id", "number", "body", "sha256", "sent_at")),
            "signatures": (
                Signature,
                "proposal_id",
                (
                    "version_id",
                    "user_id",
                    "document_sha256",
                    "total_minor",
                    "currency",
                    "typed_name",
                    "typed_title",
                    "signed_at",
                ),
            ),
            "answers": (Answer, "proposal_id", ("user_id", "kind", "words", "said_at")),
        },
    ),
    Table(
        "orders",
        Order,
        Can.PROPOSAL_SEE,
        ("id", "number", "proposal_id", "title", "total_minor", "currency", "created_at"),
        {"lines": (OrderLine, "order_id", ("id", "position", "title", "quantity", "unit_minor", "currency"))},
    ),
    Table(
        "contracts",
        Contract,
        Can.PROPOSAL_SEE,
        ("id", "number", "proposal_id", "status", "title", "signed_at", "starts_on", "ends_on"),
        {},
    ),
    Table(
        "projects",
        Project,
        Can.PROJECT_SEE,
        ("id", "number", "title", "status", "phase", "phase_since", "due_on", "completed_at"),
        {},
    ),
    Table(
        "moves",
        Move,
        Can.PROJECT_SEE,
        ("project_id", "before", "after", "sentence", "next_what", "next_on", "needed", "done_at"),
        {},
    ),
    Table(
        "invoices",
        Invoice,
        Can.INVOICE_SEE,
        (
            "id",
            "number",
            "order_id",
            "title",
            "serial",
            "status",
            "total_minor",
            "paid_minor",
            "currency",
            "due_on",
            "issued_at",
            "paid_at",
            "voided_at",
        ),
        {
            "lines": (Line, "invoice_id", ("position", "title", "quantity", "unit_minor", "currency")),
            "payments": (Payment, "invoice_id", ("method", "amount_minor", "currency", "paid_at")),
        },
    ),
)
"""What an export holds beside the words. What is not listed for the client is not in theirs."""

HIDDEN = frozenset({"organization_id", "hosted_url", "pdf_url", "request_body", "request_headers"})
"""Columns that mean nothing outside, or that let whoever reads them do something."""


async def business(db: Database, scope: Scope, zone: ZoneInfo) -> AsyncIterator[tuple[str, Json]]:
    """Every proposal, order, contract, project, move and invoice that the reader may see, with its parts; times in the zone."""
    for table in TABLES:
        async with db.transaction(scope.actor.organization_id) as session:
            for row in await _rows(session, scope, table, zone):
                yield table.name, row


async def _rows(session: Session, scope: Scope, table: Table, zone: ZoneInfo) -> list[Json]:
    kind: Any = table.kind
    query = access.visible(scope.eyes, table.can, table.kind).where(kind.engagement_id == scope.engagement_id)
    found = list((await session.execute(query.order_by(kind.created_at, kind.id))).scalars())
    told = {row.id: plain(row, zone, _columns(scope, table.for_client)) for row in found}
    for name, (part, column, for_client) in table.parts.items():
        refers = getattr(part, column)
        position: Any = getattr(part, "position", part.created_at)
        parts = await session.execute(select(part).where(refers.in_(list(told))).order_by(position, part.id))
        for row in told.values():
            row[name] = []
        for each in parts.scalars():
            told[getattr(each, column)][name].append(plain(each, zone, _columns(scope, for_client)))
    return list(told.values())


def _columns(scope: Scope, for_client: tuple[str, ...]) -> Callable[[str], bool]:
    if scope.audience == "client":
        return lambda name: name in for_client
    return lambda name: name not in HIDDEN


def plain(row: Base, zone: ZoneInfo, wanted: Callable[[str], bool]) -> Json:
    """A row as JSON holds it: ids and bytes as text, times in the zone with their offset."""
    return {
        column.name: told(getattr(row, column.key), zone) for column in row.__table__.columns if wanted(column.name)
    }


def told(value: Any, zone: ZoneInfo) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(0), "f")
    return value


async def events_of(db: Database, scope: Scope, *, page: int = 1_000) -> AsyncIterator[list[Event]]:
    """The engagement's chain of events from its beginning, page by page, for staff; whoever has it can check every hash."""
    if scope.audience == "client":
        return
    last = 0
    while True:
        query = select(Event).where(Event.chain == scope.engagement_id, Event.seq > last, Event.at <= scope.taken_at)
        async with db.transaction(scope.actor.organization_id) as session:
            found = list((await session.execute(query.order_by(Event.seq).limit(page))).scalars())
        if found:
            yield found
            last = found[-1].seq
        if len(found) < page:
            return
