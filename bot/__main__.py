"""The command line, a command a function; a mistake in its use is answered with a sentence."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot import logs, settings, terminal

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Throughline: client engagements in Slack, from the first message to the last invoice.",
)


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

        if not terminal.run(play(print)):
            raise typer.Exit(1)
        return
    from bot.demo import run

    terminal.run(run(fresh=fresh, browser=browser, say=print))


@cli.command()
def serve() -> None:
    """Answer Slack, Stripe and the clients' pages.

    Any number of these may run beside each other.
    """
    logs.start()
    known = terminal.read()

    async def run(here: settings.Settings) -> None:
        from bot.app import App, day_one, serving, steady

        app = App(here)
        try:
            await day_one(app)
            async with serving(app) as address:
                steady()
                print(f"Listening on {address}. Ctrl-C stops.", file=sys.stderr)
                await terminal.stopped()
        finally:
            await app.close()

    with terminal.database(known) as here:
        terminal.run(run(here))


@cli.command()
def work() -> None:
    """Apply what was delivered, send cards and mail.

    Any number of these may run beside each other.
    """
    logs.start()
    known = terminal.read()

    async def run(here: settings.Settings) -> None:
        from bot.app import App, steady, working

        app = App(here, patient=True)
        try:
            await app.db.refuse_owner()
            async with working(app):
                steady()
                print("Working. Ctrl-C stops.", file=sys.stderr)
                await terminal.stopped()
        finally:
            await app.close()

    with terminal.database(known) as here:
        terminal.run(run(here))


@cli.command()
def migrate() -> None:
    """Bring the database up to date.

    Needs the owner's DATABASE_URL; may be run at any time, and again.
    """
    logs.start("warning")
    known = terminal.read()
    with terminal.database(known) as here:
        from core import schema

        if not here.database_url:
            terminal.fail("Set DATABASE_URL to the owner's address: migrations make tables and roles.")
        terminal.run(schema.upgrade(here.database_url))
        print(f"The database is at migration {schema.newest()}.")


@cli.command()
def doctor(
    again: Annotated[
        bool, typer.Option("--again", help="First try dead jobs and deliveries set aside once more.")
    ] = False,
) -> None:
    """Check everything, and say what mends each problem."""
    logs.start("error")
    known = terminal.read()
    with terminal.database(known) as here:
        from bot import doctor as checks

        if again:
            print(terminal.run(checks.again(here)))
        findings = terminal.run(checks.examine(here))
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
        terminal.fail("Write --for us or --for client.")
    from bot import keeping

    with terminal.database(terminal.read()) as here, terminal.bar("Messages") as tell:
        wanted = keeping.copy(
            here, engagement, to=to, zipped=zipped, for_client=audience == "client", agency=agency, tell=tell
        )
        taken: keeping.Taken = terminal.run(wanted)
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

    with terminal.database(terminal.read()) as here:
        plan = terminal.run(keeping.foresee(here, person, agency=agency))
        print(keeping.foreseen(plan))
        if dry_run:
            return
        if not yes and not typer.confirm(f"\nErase {plan.person.name}? This cannot be undone."):
            terminal.fail("Nothing was changed.")
        with terminal.bar("Messages") as tell:
            report = terminal.run(keeping.erase(here, person, agency=agency, tell=tell))
        print("\n" + keeping.done(report))


@cli.command()
def seed(agency: Annotated[str, typer.Option(help="Which agency, where several share the database.")] = "") -> None:
    """Fill a fresh catalog with examples: services in folders with their templates, and a coupon.

    What is there stays as it is; the second time nothing is added.
    """
    logs.start("warning")
    from bot import keeping

    with terminal.database(terminal.read()) as here:
        added: list[str] = terminal.run(keeping.plant(here, agency=agency))
    print(f"Added: {', '.join(added)}." if added else "The examples are there already. Nothing was changed.")


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

    with terminal.database(terminal.read()) as here:
        asked: list[str] = terminal.run(
            backfill.by_hand(here, engagement, since.replace(tzinfo=UTC) if since else None)
        )
    if not asked:
        terminal.fail(f"No engagement {f'“{engagement}” ' if engagement else ''}has a channel that I may read.")
    for line in [*asked, "`python -m bot work` does it, also after a restart. The staff channels show how far it is."]:
        print(line)


@cli.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A PDF that somebody holds.", exists=True, dir_okay=False)],
) -> None:
    """Tell whether a file is a paper of ours, byte for byte, who signed it, and whether seals and trail hold."""
    logs.start("warning")
    from bot import verifying

    with terminal.database(terminal.read()) as here:
        told, sound = terminal.run(verifying.verify(here, file.read_bytes()))
    print(told)
    if not sound:
        raise typer.Exit(1)


audit = typer.Typer(no_args_is_help=True, help="The trail of events: prove that nothing was changed behind our back.")
cli.add_typer(audit, name="audit")


@audit.command("verify")
def audit_verify(
    heads: Annotated[
        list[Path] | None,
        typer.Option(help="A file of heads, as it was mailed to the owner; may be given several times."),
    ] = None,
    agency: Annotated[str, typer.Option(help="Which agency; all, if none is named.")] = "",
) -> None:
    """Find every event, version, paper or signature that was changed, removed or inserted behind our back.

    With a file of heads it also finds whether the end of a chain was cut off.
    """
    logs.start("warning")
    from bot import auditing

    with terminal.database(terminal.read()) as here:
        told, sound = terminal.run(auditing.verify(here, [path.read_bytes() for path in heads or []], agency=agency))
    print(told)
    if not sound:
        raise typer.Exit(1)


@audit.callback()
def _audit() -> None:
    """The trail of events: prove that nothing was changed behind our back."""


if __name__ == "__main__":
    os.umask(0o077)
    cli()
