"""The checks of the database: it answers, is migrated, its role is bound, and nothing is left lying in it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.doctor.finding import Finding, fine, problem
from bot.settings import Settings
from bot.tenants import Tenants
from core import house, inbox, jobs, schema
from core.db import APP_ROLE, Database

UNSET = "Set DATABASE_URL, such as postgresql://owner:password@127.0.0.1/throughline; `make demo` brings its own."
MIGRATE = "Run `python -m bot migrate` with the owner's DATABASE_URL."
AGAIN = "Mend what the error names, then run `python -m bot doctor --again`, which tries all of them once more."
SHOWN = 3
PATIENCE = 15.0


async def examine(settings: Settings) -> list[Finding]:
    """What can be told of the database; the later checks only where the earlier ones allow them."""
    if not settings.app_url:
        return [problem("DATABASE_URL is not set", UNSET)]
    found = [await reachable(settings.app_url)]
    if not found[0].ok:
        return found
    found.append(await migrated(settings.database_url or settings.app_url))
    db = Database(settings.app_url, role=None if settings.database_app_url else APP_ROLE, pool_size=2)
    try:
        found.append(await bound(db))
        if all(finding.ok for finding in found):
            found += [await installed(db, settings.secret_key.get_secret_value()), await dead(db), await set_aside(db)]
    finally:
        await db.close()
    return found


def _named(url: str) -> str:
    """The address without who and with which password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or 'a local socket'}{parts.path}"
    except ValueError:
        return "an address that cannot be read"


def _kind(error: Exception) -> str:
    """An error of the database's in a few words; never with the statement, which may quote what people wrote."""
    origin = getattr(error, "orig", None) or error
    return f"{type(origin).__name__}: {str(origin).partition(chr(10))[0][:160]}"


async def reachable(url: str) -> Finding:
    """Whether the database answers at all."""
    try:
        async with asyncio.timeout(PATIENCE):
            await schema.current(url)
    except Exception as error:  # whatever it is, it is what the reader needs to know
        return problem(
            f"The database at {_named(url)} does not answer ({_kind(error)})",
            "See that Postgres runs and that DATABASE_URL (or DATABASE_APP_URL) names it rightly.",
        )
    return fine(f"The database at {_named(url)} answers")


async def migrated(url: str) -> Finding:
    """Whether the schema is the one that this code knows."""
    try:
        at, newest = await schema.current(url), schema.newest()
    except Exception as error:
        return problem(f"The state of the migrations cannot be read ({_kind(error)})", MIGRATE)
    if at is None:
        return problem("The database is empty: no migration has run", MIGRATE)
    if at != newest:
        return problem(f"The database is at migration {at}, and this code needs {newest}", MIGRATE)
    return fine(f"Migrations are current ({at})")


async def bound(db: Database) -> Finding:
    """Whether `serve` and `work` act as a role that cannot step around row level security."""
    try:
        await db.refuse_owner()
    except RuntimeError as refused:
        first, _, mend = str(refused).partition(". ")
        return problem(first, mend)
    except Exception as error:
        return problem(
            f"The role {APP_ROLE} cannot be taken ({_kind(error)})",
            f"{MIGRATE} It makes the role; a login in DATABASE_APP_URL needs: GRANT {APP_ROLE} TO that_login.",
        )
    return fine("Row level security binds the role that serves")


async def installed(db: Database, secret: str) -> Finding:
    """Whether Slack's token, as it is kept, can be opened with this SECRET_KEY."""
    if not secret:
        return problem("Slack's token cannot be opened without SECRET_KEY", "Set SECRET_KEY first.")
    async with db.platform() as session:
        kept = await house.installations(session)
    if not kept:
        return fine("No workspace yet", "The first `python -m bot serve` makes the organization from SLACK_BOT_TOKEN.")
    tenants = Tenants(db, secret)
    try:
        for each in kept:
            await tenants.of_team(each.team_id)
    except LookupError as error:
        first, _, mend = str(error).partition(". ")
        return problem(first, mend)
    return fine(f"Installed in {', '.join(each.team_name or each.team_id for each in kept)}")


async def dead(db: Database) -> Finding:
    """Whether work was given up."""
    async with db.platform() as session:
        died = await jobs.dead(session)
    if not died:
        return fine("No job has died")
    listed = _listed([job.kind for job in died])
    return problem(f"{_count(len(died), 'job')} died: {listed}. The latest error: {_first(died[0].error)}", AGAIN)


async def set_aside(db: Database) -> Finding:
    """Whether something that Slack or Stripe told could not be taken in."""
    async with db.platform() as session:
        waiting = await inbox.set_aside(session)
    if not waiting:
        return fine("No delivery is set aside")
    given_up = sum(each.next_try_at is None for each in waiting)
    listed = _listed([f"{each.source} {each.kind}" for each in waiting])
    tail = f", {given_up} of them for good" if given_up else ", to be tried again by themselves"
    what = f"{_count(len(waiting), 'delivery', 'deliveries')} set aside{tail}: {listed}."
    return problem(f"{what} The oldest error: {_first(waiting[0].error)}", AGAIN)


async def again(settings: Settings) -> str:
    """Give every dead job and every delivery that was set aside a new life; says how many there were."""
    db = Database(settings.app_url, role=None if settings.database_app_url else APP_ROLE, pool_size=2)
    try:
        async with db.platform() as session:
            revived = [await jobs.revive(session, job.id) for job in await jobs.dead(session)]
            ids = [each.id for each in await inbox.set_aside(session)]
            replayed = await inbox.replay(session, ids=ids) if ids else 0
    finally:
        await db.close()
    both = f"{_count(sum(revived), 'job')} and {_count(replayed, 'delivery', 'deliveries')}"
    return f"{both} will be tried once more by `python -m bot work`."


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _listed(kinds: Sequence[str]) -> str:
    counted = Counter(kinds).most_common()
    parts = [f"{kind} ({number})" if number > 1 else kind for kind, number in counted[:SHOWN]]
    return ", ".join(parts) + (f" and {len(counted) - SHOWN} more kinds" if len(counted) > SHOWN else "")


def _first(error: str | None) -> str:
    """The first line of an error, shortened."""
    line = (error or "none was noted").strip().partition("\n")[0]
    return line if len(line) <= 160 else line[:159] + "…"
