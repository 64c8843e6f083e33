"""The catalog: services, templates of what the agency can do and what it costs; internal, not a shop."""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, String, func, select, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import TenantRow
from core.money import Money


class Service(TenantRow):
    """Something that the agency does, with its usual price."""

    __tablename__ = "services"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        Index("uq_services_name", "organization_id", func.lower(text("name")), unique=True, postgresql_where=text("retired_at IS NULL")),
    )
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    retired_at: Mapped[datetime | None]

    @property
    def price(self) -> Money:
        """The usual price."""
        return Money(self.price_minor, self.currency)
