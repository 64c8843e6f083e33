"""How alembic reaches the database: over DATABASE_URL, or over a connection that its caller hands in."""

import asyncio
import os

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.db import load_all

# A migration that waits for a lock holds up all who come after it: better that it gives up, and is run again.
LOCK_TIMEOUT = "2s"


def migrate(connection: Connection | None) -> None:
    """Over the connection; without one, print the statements."""
    context.configure(
        connection=connection,
        dialect_name="postgresql",
        literal_binds=connection is None,
        target_metadata=load_all(),
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_over(connection: Connection) -> None:
    """Over a connection of the caller's, which is given back as it was."""
    theirs = connection.in_transaction()
    before = connection.exec_driver_sql("select current_setting('lock_timeout')").scalar_one()
    connection.exec_driver_sql(f"set lock_timeout = '{LOCK_TIMEOUT}'")
    if not theirs:
        connection.commit()
    migrate(connection)
    connection.exec_driver_sql(f"set lock_timeout = '{before}'")
    if not theirs:
        connection.commit()


async def migrate_by_address(address: str) -> None:
    url = make_url(address).set(drivername="postgresql+asyncpg")
    settings = {"lock_timeout": LOCK_TIMEOUT}
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": settings})
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():
    migrate(None)
elif given := context.config.attributes.get("connection"):
    migrate_over(given)
elif address := os.environ.get("DATABASE_URL"):
    asyncio.run(migrate_by_address(address))
else:
    raise CommandError("Say which database: set DATABASE_URL, or use `python -m bot migrate`.")
