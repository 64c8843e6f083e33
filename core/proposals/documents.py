"""The document that a signer agrees to: plain values, read back from the frozen bytes of a version."""

import hashlib
import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from core.db import Session
from core.money import Money
from core.proposals.lines import NewItem
from core.proposals.reckoning import WHOLE, Part, Point, Reduction, Sum, divide, reckon
from core.proposals.tables import Version

FORMAT = 2
"""How the document is written; a reader of old versions needs to know."""


@dataclass(frozen=True)
class Named:
    """A signer as the document names them; `staff` is the countersigner, who signs last."""

    user_id: uuid.UUID
    name: str
    email: str
    side: str = "client"

    @property
    def first_name(self) -> str:
        """How a colleague would call them."""
        return self.name.split()[0] if self.name.split() else self.email


@dataclass(frozen=True)
class Basis:
    """What was agreed before a change of scope: its total, and the day by which all of it was to be done, if known."""

    total: Money
    until: date | None


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
    """What is paid once if no optional item is chosen, tax included: the least that it can come to."""
    terms: str
    valid_until: date
    timezone: str
    expires_at: datetime
    signers: tuple[Named, ...]
    kind: str = "offer"
    schedule: tuple[Part, ...] = WHOLE
    milestones: tuple[Point, ...] = ()
    coupon: Reduction | None = None
    terms_name: str = ""
    terms_version: int = 0
    in_order: bool = False
    before: Basis | None = None
    """For a change of scope: what it is added to."""

    @property
    def work(self) -> tuple[NewItem, ...]:
        """The items that become projects, whatever is chosen."""
        return tuple(item for item in self.items if item.kind == "work" and not item.optional)

    @property
    def options(self) -> tuple[int, ...]:
        """The positions of the items that the client chooses."""
        return tuple(position for position, item in enumerate(self.items) if item.optional)

    @property
    def currency(self) -> str:
        """The currency that everything in it is counted in."""
        return self.total.currency

    def sum(self, chosen: Collection[int] = ()) -> Sum:
        """What it comes to with these options."""
        return reckon(self.items, self.currency, chosen, self.coupon)

    def payments(self, chosen: Collection[int] = ()) -> list[tuple[Part, Money]]:
        """The schedule's lines with what each comes to, with these options."""
        return list(zip(self.schedule, divide(self.sum(chosen).once, self.schedule), strict=True))

    def due_on_signing(self, chosen: Collection[int] = ()) -> Money:
        """What is due at once when everyone has signed, tax included, without what recurs."""
        zero = Money.zero(self.currency)
        return sum((amount for part, amount in self.payments(chosen) if part.due == "signing"), zero)

    def first_periods(self, chosen: Collection[int] = ()) -> Money:
        """What recurs from the signature on, and not after free days: its first payments, tax included. They are billed
        beside what is due on signing."""
        begun = [row for row in self.sum(chosen).items if row.item.period and not row.item.trial_days]
        return sum((row.gross for row in begun), Money.zero(self.currency))


def digest(body: str) -> bytes:
    """SHA-256 over the document's UTF-8 bytes."""
    return hashlib.sha256(body.encode()).digest()


def end_of(day: date, timezone: str) -> datetime:
    """The moment at which a day is over in a zone: a proposal that is valid until Friday can be signed all Friday."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)


def last_day(expires_at: datetime, timezone: str) -> date:
    """The last whole day before a moment, in a zone."""
    return (expires_at.astimezone(ZoneInfo(timezone)) - timedelta(microseconds=1)).date()


def parse(body: str) -> Document:
    """The document that these bytes say; those of earlier formats too."""
    said = json.loads(body)
    currency = said["currency"]
    coupon, before, terms = said.get("coupon"), said.get("before"), said.get("terms_of") or {}
    return Document(
        number=said["number"],
        title=said["title"],
        purpose=said["purpose"],
        agency=said["agency"]["name"],
        company=said["client"]["name"],
        items=items_in(said["items"], currency),
        total=Money(said["total_minor"], currency),
        terms=said["terms"],
        valid_until=date.fromisoformat(said["valid_until"]),
        timezone=said["timezone"],
        expires_at=datetime.fromisoformat(said["expires_at"]),
        signers=tuple(
            Named(uuid.UUID(signer["id"]), signer["name"], signer["email"], signer.get("side", "client"))
            for signer in said["signers"]
        ),
        kind=said.get("kind", "offer"),
        schedule=schedule_in(said.get("schedule", ())),
        milestones=points_in(said.get("milestones", ())),
        coupon=Reduction(
            coupon["code"],
            Decimal(coupon["percent"]),
            coupon["amount_minor"],
            tuple(uuid.UUID(each) for each in coupon["services"]),
            coupon["forever"],
        )
        if coupon
        else None,
        terms_name=terms.get("name", ""),
        terms_version=terms.get("version", 0),
        in_order=said.get("in_order", False),
        before=Basis(Money(before["total_minor"], currency), _day(before["until"])) if before else None,
    )


def items_in(said: Sequence[dict[str, Any]], currency: str) -> tuple[NewItem, ...]:
    """The items that were written so."""
    return tuple(
        NewItem(
            item["title"],
            item["quantity"],
            Money(item["unit_minor"], currency),
            item["kind"],
            item["description"],
            uuid.UUID(item["service"]) if item["service"] else None,
            optional=item.get("optional", False),
            discount_percent=Decimal(item.get("discount_percent", "0")),
            discount_minor=item.get("discount_minor", 0),
            tax_percent=Decimal(item.get("tax_percent", "0")),
            period=item.get("period", ""),
            trial_days=item.get("trial_days", 0),
            setup_minor=item.get("setup_minor", 0),
            template=item.get("template", {}),
        )
        for item in said
    )


def item_said(position: int, item: NewItem) -> dict[str, Any]:
    """An item as the document writes it."""
    return {
        "position": position,
        "kind": item.kind,
        "service": str(item.service_id) if item.service_id else None,
        "title": item.title,
        "description": item.description,
        "quantity": item.quantity,
        "unit_minor": item.unit.minor,
        "amount_minor": item.amount.minor,
        "optional": item.optional,
        "discount_percent": written(item.discount_percent),
        "discount_minor": item.discount_minor,
        "tax_percent": written(item.tax_percent),
        "period": item.period,
        "trial_days": item.trial_days,
        "setup_minor": item.setup_minor,
        "template": dict(item.template),
    }


def schedule_in(said: Sequence[dict[str, Any]]) -> tuple[Part, ...]:
    """The schedule that was written so; all of it on signing, where none was."""
    parts = tuple(
        Part(
            part["label"],
            part["share"],
            part["due"],
            Decimal(part["percent"]),
            part["amount_minor"],
            _day(part["due_on"]),
            part["milestone"],
        )
        for part in said
    )
    return parts or WHOLE


def part_said(part: Part) -> dict[str, Any]:
    """A line of the schedule as the document writes it."""
    return {
        "label": part.label,
        "share": part.share,
        "percent": written(part.percent),
        "amount_minor": part.amount_minor,
        "due": part.due,
        "due_on": day_said(part.due_on),
        "milestone": part.milestone,
    }


def points_in(said: Sequence[dict[str, Any]]) -> tuple[Point, ...]:
    """The milestones that were written so."""
    return tuple(Point(each["title"], _day(each["due_on"]), each["item"]) for each in said)


def point_said(point: Point) -> dict[str, Any]:
    """A milestone as the document writes it."""
    return {"title": point.title, "due_on": day_said(point.due_on), "item": point.item}


def written(percent: Decimal) -> str:
    """A percentage in the one way in which it is written: no zeros behind it, no exponent."""
    return format(percent.normalize() if percent else Decimal(0), "f")


def day_said(day: date | None) -> str | None:
    """A day as the document writes it."""
    return day.isoformat() if day else None


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


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
