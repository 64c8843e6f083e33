"""The document that a signer agrees to: composed from a draft, frozen as JSON, read back from those bytes."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from core.db import Session
from core.engagements import Engagement
from core.events import canonical
from core.money import Money, total
from core.people import Company, Organization, User
from core.proposals.lines import NewItem
from core.proposals.tables import Item, Proposal, Signer, Version

FORMAT = 1
"""How the document is written; a reader of old versions needs to know."""


@dataclass(frozen=True)
class Named:
    """A signer as the document names them."""

    user_id: uuid.UUID
    name: str
    email: str

    @property
    def first_name(self) -> str:
        """How a colleague would call them."""
        return self.name.split()[0] if self.name.split() else self.email


@dataclass(frozen=True)
class Document:
    """Everything that the client sees and agrees to, as plain values."""

    number: int
    title: str
    purpose: str
    agency: str
    company: str
    items: tuple[NewItem, ...]
    total: Money
    terms: str
    valid_until: date
    timezone: str
    expires_at: datetime
    signers: tuple[Named, ...]

    @property
    def work(self) -> tuple[NewItem, ...]:
        """The items that become projects."""
        return tuple(item for item in self.items if item.kind == "work")


def digest(body: str) -> bytes:
    """SHA-256 over the document's UTF-8 bytes."""
    return hashlib.sha256(body.encode()).digest()


def end_of(day: date, timezone: str) -> datetime:
    """The moment at which a day is over in a zone: a proposal that is valid until Friday can be signed all Friday."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)


def last_day(expires_at: datetime, timezone: str) -> date:
    """The last whole day before a moment, in a zone."""
    return (expires_at.astimezone(ZoneInfo(timezone)) - timedelta(microseconds=1)).date()


async def compose(session: Session, proposal: Proposal) -> str:
    """The canonical JSON of a draft as it stands: what sending would freeze, byte for byte."""
    house = (
        await session.execute(select(Organization).where(Organization.id == proposal.organization_id))
    ).scalar_one()
    engagement, company = (
        await session.execute(
            select(Engagement, Company)
            .join(Company, Company.id == Engagement.company_id)
            .where(Engagement.id == proposal.engagement_id)
        )
    ).one()
    items = list(
        (await session.execute(select(Item).where(Item.proposal_id == proposal.id).order_by(Item.position))).scalars()
    )
    signers = (
        await session.execute(
            select(User)
            .join(Signer, Signer.user_id == User.id)
            .where(Signer.proposal_id == proposal.id)
            .order_by(Signer.position)
        )
    ).scalars()
    latest = (
        await session.execute(select(func.max(Version.number)).where(Version.proposal_id == proposal.id))
    ).scalar()
    return canonical(
        {
            "format": FORMAT,
            "proposal": str(proposal.id),
            "number": (latest or 0) + 1,
            "title": proposal.title,
            "purpose": proposal.purpose,
            "agency": {"id": str(house.id), "name": house.name},
            "client": {"id": str(company.id), "name": company.name},
            "engagement": {"id": str(engagement.id), "title": engagement.title},
            "items": [_item(item) for item in items],
            "currency": proposal.currency,
            "total_minor": total([item.amount for item in items], proposal.currency).minor,
            "terms": proposal.terms,
            "valid_until": last_day(proposal.expires_at, house.timezone).isoformat(),
            "timezone": house.timezone,
            "expires_at": proposal.expires_at.astimezone(UTC).isoformat(),
            "signers": [{"id": str(signer.id), "name": signer.name, "email": signer.email} for signer in signers],
        }
    )


def _item(item: Item) -> dict[str, Any]:
    return {
        "position": item.position,
        "kind": item.kind,
        "service": str(item.service_id) if item.service_id else None,
        "title": item.title,
        "description": item.description,
        "quantity": item.quantity,
        "unit_minor": item.unit_minor,
        "amount_minor": item.amount.minor,
    }


def parse(body: str) -> Document:
    """The document that these bytes say."""
    said = json.loads(body)
    currency = said["currency"]
    return Document(
        number=said["number"],
        title=said["title"],
        purpose=said["purpose"],
        agency=said["agency"]["name"],
        company=said["client"]["name"],
        items=tuple(
            NewItem(
                item["title"],
                item["quantity"],
                Money(item["unit_minor"], currency),
                item["kind"],
                item["description"],
                uuid.UUID(item["service"]) if item["service"] else None,
            )
            for item in said["items"]
        ),
        total=Money(said["total_minor"], currency),
        terms=said["terms"],
        valid_until=date.fromisoformat(said["valid_until"]),
        timezone=said["timezone"],
        expires_at=datetime.fromisoformat(said["expires_at"]),
        signers=tuple(Named(uuid.UUID(signer["id"]), signer["name"], signer["email"]) for signer in said["signers"]),
    )


async def version(session: Session, version_id: uuid.UUID) -> Version | None:
    """The frozen version with this id, if there is one in this house."""
    return (await session.execute(select(Version).where(Version.id == version_id))).scalar_one_or_none()


async def latest(session: Session, proposal_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Version]:
    """The latest frozen version of each of these proposals that has one."""
    newest = (
        select(Version)
        .where(Version.proposal_id.in_(proposal_ids))
        .ext(distinct_on(Version.proposal_id))
        .order_by(Version.proposal_id, Version.number.desc())
    )
    return {each.proposal_id: each for each in (await session.execute(newest)).scalars()}
