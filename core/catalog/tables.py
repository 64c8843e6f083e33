"""The tables of the catalog: services in folders, tags, prices special to a client, coupons."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import TenantRow
from core.money import Money


class Folder(TenantRow):
    """Where services lie together."""

    __tablename__ = "service_folders"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        Index("uq_service_folders_name", "organization_id", func.lower(text("name")), unique=True),
    )
    name: Mapped[str]


class Service(TenantRow):
    """Something that the agency does, with its usual price: `work` becomes a project when it is sold, a `fee` does
    not."""

    __tablename__ = "services"
    REFERS: ClassVar[dict[str, str]] = {"folder_id": "service_folders", "owner_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        CheckConstraint("kind IN ('work', 'fee')", name="kind_known"),
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint("setup_minor >= 0 AND trial_days >= 0", name="setup"),
        CheckConstraint("tax_percent BETWEEN 0 AND 100", name="tax"),
        CheckConstraint("period IN ('', 'week', 'month', 'quarter', 'year')", name="period_known"),
        Index(
            "uq_services_name",
            "organization_id",
            func.lower(text("name")),
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
    )
    folder_id: Mapped[uuid.UUID | None]
    owner_id: Mapped[uuid.UUID | None]
    """Who of our people does it: the project's owner, unless they have left by then."""
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="work")
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    period: Mapped[str] = mapped_column(default="")
    """How often it is paid for; empty for what is paid once."""
    trial_days: Mapped[int] = mapped_column(default=0)
    setup_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """Paid once, beside what recurs."""
    tax_percent: Mapped[Decimal] = mapped_column(Numeric(6, 3), default=Decimal(0))
    phases: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Phase → the name that clients read instead of its own."""
    checklist: Mapped[list[Any]] = mapped_column(default=list)
    """`{"phase": …, "title": …}`: the tasks that a project of it begins with."""
    deliverables: Mapped[list[Any]] = mapped_column(default=list)
    """`{"title": …, "days": n | null}`: what the client gets, and how many days after the start."""
    retired_at: Mapped[datetime | None]

    @property
    def price(self) -> Money:
        """The usual price."""
        return Money(self.price_minor, self.currency)

    @property
    def setup(self) -> Money:
        """What is paid once, beside what recurs."""
        return Money(self.setup_minor, self.currency)


class Tag(TenantRow):
    """A word by which things are found and sorted."""

    __tablename__ = "tags"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        Index("uq_tags_name", "organization_id", func.lower(text("name")), unique=True),
    )
    name: Mapped[str]


class ServiceTag(TenantRow):
    """A tag on a service."""

    __tablename__ = "service_tags"
    REFERS: ClassVar[dict[str, str]] = {"service_id": "services", "tag_id": "tags"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "service_id", "tag_id"),)
    service_id: Mapped[uuid.UUID]
    tag_id: Mapped[uuid.UUID]


class SpecialPrice(TenantRow):
    """What a service costs one client, or one company, instead of its usual price; the client's own goes first."""

    __tablename__ = "special_prices"
    REFERS: ClassVar[dict[str, str]] = {"service_id": "services", "company_id": "companies", "client_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        CheckConstraint("num_nonnulls(company_id, client_id) > 0", name="whose"),
        CheckConstraint("price_minor >= 0", name="price"),
        UniqueConstraint(
            "organization_id", "service_id", "company_id", "client_id", postgresql_nulls_not_distinct=True
        ),
    )
    service_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID | None]
    client_id: Mapped[uuid.UUID | None]
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))


class Coupon(TenantRow):
    """A code that lowers prices: by a percentage or a fixed amount, for some services or for all."""

    __tablename__ = "coupons"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        CheckConstraint("kind IN ('percent', 'amount')", name="kind_known"),
        CheckConstraint("duration IN ('first', 'forever')", name="duration_known"),
        CheckConstraint("percent BETWEEN 0 AND 100 AND amount_minor >= 0 AND minimum_minor >= 0", name="amounts"),
        CheckConstraint("usage_limit > 0 AND client_limit > 0", name="limits"),
        Index(
            "uq_coupons_code",
            "organization_id",
            func.lower(text("code")),
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
    )
    code: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    """What it is for, for staff."""
    kind: Mapped[str]
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    amount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    minimum_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    expires_on: Mapped[date | None]
    usage_limit: Mapped[int | None]
    client_limit: Mapped[int | None]
    """How often one company may use it."""
    new_only: Mapped[bool] = mapped_column(default=False)
    """Only for companies that have not signed anything yet."""
    duration: Mapped[str] = mapped_column(default="first")
    """Whether it lowers only the first payment of what recurs, or all of them."""
    retired_at: Mapped[datetime | None]


class CouponService(TenantRow):
    """A service that a coupon is for; a coupon without any is for all."""

    __tablename__ = "coupon_services"
    REFERS: ClassVar[dict[str, str]] = {"coupon_id": "coupons", "service_id": "services"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "coupon_id", "service_id"),)
    coupon_id: Mapped[uuid.UUID]
    service_id: Mapped[uuid.UUID]
