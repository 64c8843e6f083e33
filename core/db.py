"""The database: the base of every row, and the two doors, transaction(tenant) and platform(), that alone commit."""

import asyncio
import importlib
import os
import pkgutil
import random
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from sqlalchemy import (
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock
from core.errors import Refusal

APP_ROLE = "throughline_app"
"""The role that `serve` and `work` act as: it owns nothing, and row level security binds it."""

PLATFORM_TABLES = frozenset(
    {"organizations", "installations", "deliveries", "jobs", "lanes", "links", "document_hashes", "signing_keys"}
)
"""The tables without a tenant policy. They hold ids and sealed payloads only; all others belong to one organization."""

Session = AsyncSession
Refused = DBAPIError
"""Postgres refused a statement, or could not be reached in the middle of one."""
Clash = IntegrityError
"""Postgres refused a row because another stands in its way."""
AGAIN = frozenset({"40P01", "40001", "55P03", "23505"})
"""The states of Postgres after which a second attempt may well succeed.

A lock that was waited for in vain (55P03) is among them; a deadlock is 40P01 as long as lock_timeout is longer than Postgres's own
deadlock_timeout, which is a second and not ours to set: else all who are in it are told 55P03, and none gets through.
"""
Result = TypeVar("Result")


class Base(DeclarativeBase):
    """The base of all rows: times with a zone, text without length, names for constraints that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class Row(Base):
    """A row of a platform table: it has an id, and no tenant policy."""

    __abstract__ = True
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())

    def __init__(self, **values: Any) -> None:
        values.setdefault("id", uuid.uuid4())
        super().__init__(**values)


class TenantRow(Row):
    """A row that belongs to one organization.

    REFERS names the tables that its columns refer to: each becomes a foreign key composed with organization_id,
    because a plain one would ignore row level security. RULES are its further constraints and indexes.
    """

    __abstract__ = True
    REFERS: ClassVar[dict[str, str]] = {}
    RULES: ClassVar[tuple[SchemaItem, ...]] = ()

    organization_id: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (
            UniqueConstraint("organization_id", "id"),
            ForeignKeyConstraint(["organization_id"], ["organizations.id"]),
            *(
                ForeignKeyConstraint(["organization_id", column], [f"{table}.organization_id", f"{table}.id"])
                for column, table in cls.REFERS.items()
            ),
            *cls.RULES,
        )


def new_id() -> uuid.UUID:
    """An id that begins with the time (a UUID of version 7): rows that are written together stand together in every index.

    With ids that are mere chance, each of a million messages more would change a page of its own, in four indexes.
    """
    chance = int.from_bytes(os.urandom(10))
    stamped = (time.time_ns() // 1_000_000) << 80 | chance & 0x0FFF_3FFF_FFFF_FFFF_FFFF | 0x7000_8000_0000_0000_0000
    return uuid.UUID(int=stamped)


def new_number() -> str:
    """Eight hexadecimal digits, by which SPP's API knows orders, invoices and tickets in addresses."""
    return secrets.token_hex(4).upper()


class Numbered:
    """A mixin for the nouns that SPP's API knows by number; unique within the organization."""

    number: Mapped[str] = mapped_column(String(8), default=new_number)


def numbered() -> UniqueConstraint:
    """The constraint that goes into RULES of a Numbered row."""
    return UniqueConstraint("organization_id", "number")


def load_all() -> MetaData:
    """Import every noun, so that the metadata knows every table; migrations and tests need it whole."""
    package = importlib.import_module("core")
    for module in pkgutil.walk_packages(package.__path__, "core."):
        importlib.import_module(module.name)
    return Base.metadata


async def save(session: Session, *rows: Base) -> None:
    """Add the rows and write them at once, in the order given, so that what refers comes after what it refers to."""
    kind: type | None = None
    for row in rows:
        if kind is not None and type(row) is not kind:
            await session.flush()
        session.add(row)
        kind = type(row)
    await session.flush()


class Database:
    """A pool of connections to Postgres, acting as the application's role.

    `url` is postgresql://…; with `role`, each connection does SET ROLE at its start. Timeouts are in milliseconds;
    `serve` takes short ones, so that no request waits long for a lock, and `work` longer ones.
    """

    def __init__(
        self,
        url: str,
        *,
        role: str | None = APP_ROLE,
        pool_size: int = 10,
        lock_timeout: int = 1_200,
        statement_timeout: int = 2_000,
    ) -> None:
        settings = {
            "lock_timeout": str(lock_timeout),
            "statement_timeout": str(statement_timeout),
            "application_name": "throughline",
        }
        if role:
            settings["role"] = role
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=False,
            hide_parameters=True,  # an error is kept and shown; what people wrote does not belong in it
            connect_args={"server_settings": settings},
        )
        self.on_jobs: list[Callable[[], None]] = []

    @asynccontextmanager
    async def transaction(self, tenant: uuid.UUID) -> AsyncIterator[Session]:
        """A transaction that sees and writes the rows of one organization; commits at its end, rolls back on any error."""
        async with self._begin() as session:
            await enter(session, tenant)
            yield session

    @asynccontextmanager
    async def moment(self, tenant: uuid.UUID) -> AsyncIterator[Session]:
        """The same for reading alone: all that it reads stands as it stood at one moment, whatever is written meanwhile."""
        async with self._begin() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            await enter(session, tenant)
            yield session

    @asynccontextmanager
    async def platform(self) -> AsyncIterator[Session]:
        """A transaction over the platform's own tables, with no tenant: it sees no row of any organization.

        Only inbox, jobs, links, doctor and the audits use it.
        """
        async with self._begin() as session:
            yield session

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Session]:
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            async with session.begin():
                yield session
            if session.info.get("jobs"):
                for wake in self.on_jobs:
                    wake()

    async def attempt(self, tenant: uuid.UUID, work: Callable[[Session], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction; once more, from the start, after a deadlock, a serialization failure, a lock that was
        waited for in vain, or a row that somebody else made first: found this time, it makes the same form sent twice at once
        one thing.

        A refusal that belongs into the trail is recorded there, in a transaction of its own.
        """
        try:
            return await self._once_or_twice(tenant, work)
        except Refusal as refusal:
            if refusal.trace is not None:
                async with self.transaction(tenant) as session:
                    await refusal.trace(session)
            raise

    async def _once_or_twice(self, tenant: uuid.UUID, work: Callable[[Session], Awaitable[Result]]) -> Result:
        try:
            async with self.transaction(tenant) as session:
                return await work(session)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in AGAIN:
                raise
        # What stood in our way goes first; at once we would snatch its lock before it wakes, and both would stand there again.
        await asyncio.sleep(random.uniform(0.05, 0.15))  # noqa: S311
        async with self.transaction(tenant) as session:
            return await work(session)

    async def refuse_owner(self) -> None:
        """Raise RuntimeError, with what to do, if this role could step around row level security."""
        async with self.platform() as session:
            found = (
                await session.execute(
                    text(
                        "SELECT current_user AS name, r.rolsuper, r.rolbypassrls, EXISTS (SELECT FROM pg_class c"
                        " JOIN pg_namespace n ON n.oid = c.relnamespace"
                        " WHERE c.relowner = r.oid AND c.relkind = 'r' AND n.nspname = 'public') AS owns"
                        " FROM pg_roles r WHERE r.rolname = current_user"
                    )
                )
            ).one()
        if found.rolsuper or found.rolbypassrls or found.owns:
            raise RuntimeError(
                f"The database role “{found.name}” could read across tenants, so Throughline does not start as it. "
                f"Run `python -m bot migrate`, then leave DATABASE_APP_URL unset or let it name a member of {APP_ROLE}."
            )

    async def close(self) -> None:
        """Give all connections back to Postgres."""
        await self.engine.dispose()


async def enter(session: Session, tenant: uuid.UUID) -> None:
    """From here to its end, a transaction that began without a tenant sees and writes the rows of this organization."""
    if session.info.setdefault("tenant", tenant) != tenant:
        raise RuntimeError("This transaction belongs to another organization.")
    await session.execute(text("SELECT set_config('app.organization', :tenant, true)"), {"tenant": str(tenant)})


def listen_for_queries(engine: AsyncEngine, seen: list[str]) -> Callable[[], None]:
    """Append each statement that the engine sends to `seen`; returns the function that stops it. For tests that count."""

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    return lambda: event.remove(engine.sync_engine, "before_cursor_execute", note)
