"""The command line: demo, serve, work, migrate, doctor, export, erase, repair; a mistake in its use is answered with a sentence."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
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


@cli.command()
def export(
    engagement: Annotated[str, typer.Argument(help="Its title, its client, its channel, or its id.")],
    to: Annotated[Path, typer.Option(help="The folder in which the copy is put.")] = Path(),
    zipped: Annotated[bool, typer.Option("--zip", help="One zip file instead of a folder.")] = False,
    audience: Annotated[
        str, typer.Option("--for", help="us: everything; client: what they can see themselves.")
    ] = "us",
    agency: Annotated[str, typer.Option(help="Which agency, where several share the database.")] = "",
) -> None:
    """Take a copy of an engagement: a page, a PDF, the files and all data, with checksums."""
    logs.start("warning")
    if audience not in ("us", "client"):
        _fail("Write --for us or --for client.")
    from bot import keeping

    with _database(_settings()) as here, _bar("Messages") as tell:
        wanted = keeping.copy(
            here, engagement, to=to, zipped=zipped, for_client=audience == "client", agency=agency, tell=tell
        )
        taken: keeping.Taken = _run(wanted)
    print(f"{taken.path}: {taken.messages:,} messages, {taken.files:,} files.")
    print(f"SHA-256 {taken.sha256}" if zipped else "To check it: sha256sum -c SHA256SUMS")


@cli.command()
def erase(
    person: Annotated[str, typer.Argument(help="Their e-mail address, or their Slack id.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    agency: Annotated[str, typer.Option(help="Which agency, where several share the database.")] = "",
) -> None:
    """Erase a person's name, address and words, on their request.

    What the law makes one keep is kept, and it says what that is, and why.
    """
    logs.start("warning")
    from bot import keeping

    with _database(_settings()) as here:
        plan = _run(keeping.foresee(here, person, agency=agency))
        print(keeping.foreseen(plan))
        if dry_run:
            return
        if not yes and not typer.confirm(f"\nErase {plan.person.name}? This cannot be undone."):
            _fail("Nothing was changed.")
        with _bar("Messages") as tell:
            report = _run(keeping.erase(here, person, agency=agency, tell=tell))
        print("\n" + keeping.done(report))


@cli.command()
def repair(
    engagement: Annotated[
        str, typer.Argument(help="Its title, its channel, or its id; without, all that are not closed.")
    ] = "",
    since: Annotated[
        datetime | None,
        typer.Option(help="Look back to this day (UTC) instead of to where it was last looked.", formats=["%Y-%m-%d"]),
    ] = None,
) -> None:
    """Look in Slack for what is missing in the record, and bring it in.

    `work` does it, page by page within Slack's limits; the staff channels show how far it is.
    """
    logs.start("warning")
    from bot.worker import backfill

    with _database(_settings()) as here:
        asked: list[str] = _run(backfill.by_hand(here, engagement, since.replace(tzinfo=UTC) if since else None))
    if not asked:
        _fail(f"No engagement {f'“{engagement}” ' if engagement else ''}has a channel that I may read.")
    for line in [*asked, "`python -m bot work` does it, also after a restart. The staff channels show how far it is."]:
        print(line)


@contextlib.contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, told how much is done of how much; where nobody watches, none."""
    with typer.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield tell


def _settings() -> settings.Settings:
    try:
        return settings.read()
    except ValueError as error:
        _fail(str(error))
        raise


if __name__ == "__main__":
    os.umask(0o077)
    cli()
