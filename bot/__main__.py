"""The command line: demo, serve, work, migrate, doctor; a mistake in its use is answered with a sentence."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from bot import logs, settings

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Throughline: client engagements in Slack, from the first message to the last invoice.",
)


def _fail(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    raise typer.Exit(1)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end; what a person can mend is printed as a sentence, and the process ends with 1."""
    from core.db import Refused

    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except (RuntimeError, ValueError, LookupError) as error:
        _fail(str(error))
    except Refused as error:
        _fail(f"The database refused: {str(error.orig).partition(chr(10))[0]}. Has `python -m bot migrate` been run?")
    except OSError as error:
        _fail(f"A connection failed: {error}. Is the database at DATABASE_URL running?")


@contextlib.contextmanager
def _database(known: settings.Settings) -> Any:
    """The settings with a database: DATABASE_URL's, else the embedded one, which lives as long as this process needs it."""
    if known.database_url or known.database_app_url:
        yield known
        return
    from bot.demo import VAR
    from bot.postgres import Postgres

    VAR.mkdir(exist_ok=True)
    with Postgres(VAR / "postgres") as dsn:
        yield known.model_copy(update={"database_url": dsn})


async def _stopped() -> None:
    """Return on Ctrl-C or SIGTERM."""
    heard = asyncio.Event()
    for word in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(word, heard.set)
    await heard.wait()


@cli.command()
def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew: forget what was said in the demo.")] = False,
    story: Annotated[
        bool, typer.Option("--story", help="Play the whole story without a browser, and check every fact.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open the workspace in a browser, where there is a desktop.")] = True,
) -> None:
    """Play both sides of an engagement on this computer.

    Nothing has to be set up, and nothing leaves it.
    """
    logs.start("warning")
    if story:
        from bot.demo.story import play

        if not _run(play(print)):
            raise typer.Exit(1)
        return
    from bot.demo import run

    _run(run(fresh=fresh, browser=browser, say=print))


@cli.command()
def serve() -> None:
    """Answer Slack, Stripe and the clients' pages.

    Any number of these may run beside each other.
    """
    logs.start()
    known = _settings()

    async def run(here: settings.Settings) -> None:
        from bot.app import App, day_one, serving

        app = App(here)
        try:
            await day_one(app)
            async with serving(app) as address:
                print(f"Listening on {address}. Ctrl-C stops.", file=sys.stderr)
                await _stopped()
        finally:
            await app.close()

    with _database(known) as here:
        _run(run(here))


@cli.command()
def work() -> None:
    """Apply what was delivered, send cards and mail.

    Any number of these may run beside each other.
    """
    logs.start()
    known = _settings()

    async def run(here: settings.Settings) -> None:
        from bot.app import App, working

        app = App(here, patient=True)
        try:
            await app.db.refuse_owner()
            async with working(app):
                print("Working. Ctrl-C stops.", file=sys.stderr)
                await _stopped()
        finally:
            await app.close()

    with _database(known) as here:
        _run(run(here))


@cli.command()
def migrate() -> None:
    """Bring the database up to date.

    Needs the owner's DATABASE_URL; may be run at any time, and again.
    """
    logs.start("warning")
    known = _settings()
    with _database(known) as here:
        from core import schema

        if not here.database_url:
            _fail("Set DATABASE_URL to the owner's address: migrations make tables and roles.")
        _run(schema.upgrade(here.database_url))
        print(f"The database is at migration {schema.newest()}.")


@cli.command()
def doctor(
    again: Annotated[
        bool, typer.Option("--again", help="First try dead jobs and deliveries set aside once more.")
    ] = False,
) -> None:
    """Check everything, and say what mends each problem."""
    logs.start("error")
    known = _settings()
    with _database(known) as here:
        from bot import doctor as checks

        if again:
            print(_run(checks.again(here)))
        findings = _run(checks.examine(here))
        print(checks.report(findings))
        if not all(finding.ok for finding in findings):
            raise typer.Exit(1)


def _settings() -> settings.Settings:
    try:
        return settings.read()
    except ValueError as error:
        _fail(str(error))
        raise


if __name__ == "__main__":
    os.umask(0o077)
    cli()
