"""How a command runs: with the settings and a database, to its end or until it is stopped, mistakes told in a sentence."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NoReturn

import typer

from bot import settings


def fail(sentence: str) -> NoReturn:
    """End with a sentence, and with 1."""
    print(sentence, file=sys.stderr)
    raise typer.Exit(1)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end; what a person can mend is printed as a sentence, and the process ends with 1."""
    from core.db import Refused

    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except (RuntimeError, ValueError, LookupError) as error:
        fail(str(error))
    except Refused as error:
        fail(f"The database refused: {str(error.orig).partition(chr(10))[0]}. Has `python -m bot migrate` been run?")
    except OSError as error:
        fail(f"A connection failed: {error}. Is the database at DATABASE_URL running?")


@contextlib.contextmanager
def database(known: settings.Settings) -> Any:
    """The settings with a database: DATABASE_URL's, else the embedded one, which lives as long as this process needs it."""
    if known.database_url or known.database_app_url:
        yield known
        return
    from bot.demo import VAR
    from bot.postgres import Postgres

    VAR.mkdir(exist_ok=True)
    with Postgres(VAR / "postgres") as dsn:
        yield known.model_copy(update={"database_url": dsn})


async def stopped() -> None:
    """Return on Ctrl-C or SIGTERM."""
    heard = asyncio.Event()
    for word in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(word, heard.set)
    await heard.wait()


@contextlib.contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, told how much is done of how much; where nobody watches, none."""
    with typer.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield tell


def read() -> settings.Settings:
    """The settings; what cannot be understood ends the command."""
    try:
        return settings.read()
    except ValueError as error:
        fail(str(error))
