"""What the command line does for one agency: a copy of an engagement, the erasure of a person, examples for the catalog."""

import contextlib
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from bot import export as rendering
from bot.gateways.failures import Failure
from bot.gateways.store import exports_of, files_of
from bot.settings import Settings
from core import catalog, erasure, export, people
from core.db import APP_ROLE, Database
from core.erasure import Plan, Report
from core.errors import Refusal

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Taken:
    """A copy that was taken: where it lies, and what is in it."""

    path: Path
    messages: int
    files: int
    sha256: str


@contextlib.asynccontextmanager
async def _open(settings: Settings, agency: str) -> AsyncIterator[tuple[Database, uuid.UUID]]:
    """The database, as the application's role, and the agency that is meant; ValueError with a sentence if it is not plain which."""
    role = None if settings.database_app_url else APP_ROLE
    db = Database(settings.app_url, role=role, pool_size=2, lock_timeout=10_000, statement_timeout=120_000)
    try:
        async with db.platform() as session:
            houses = await people.houses(session)
        meant = [house for house in houses if agency.strip().lower() in ("", house.name.lower(), str(house.id))]
        if len(meant) != 1:
            names = ", ".join(house.name for house in houses) or "none yet"
            raise ValueError(f"Which agency? Name one with --agency: {names}.")
        yield db, meant[0].id
    except (Refusal, Failure) as refusal:
        raise ValueError(refusal.sentence) from None
    finally:
        await db.close()


async def copy(
    settings: Settings,
    which: str,
    *,
    to: Path,
    zipped: bool,
    for_client: bool,
    agency: str = "",
    tell: Tell | None = None,
) -> Taken:
    """Take a copy of an engagement into a folder of its own below `to`, or into a zip there. ValueError if that cannot be."""
    async with _open(settings, agency) as (db, tenant):
        async with db.transaction(tenant) as session:
            engagement = await export.find(session, which)
            scope = await export.scope(session, people.system(tenant), engagement.id, for_client=for_client)
        named = rendering.name_of(engagement.title, scope.taken_at, scope.audience)
        target = to / (f"{named}.zip" if zipped else named)
        if target.exists():
            raise ValueError(f"{target} is there already. Remove it, or choose another place with --to.")
        to.mkdir(parents=True, exist_ok=True)
        # Beside its place, so that what is half made never looks like a copy.
        with tempfile.TemporaryDirectory(prefix=".making-", dir=to) as room:
            made = await rendering.make(db, scope, Path(room) / named, contents=files_of(settings), tell=tell)
            if zipped:
                return Taken(target, made.messages, made.files, rendering.pack(made.folder, target))
            made.folder.rename(target)
        return Taken(target, made.messages, made.files, "")


async def foresee(settings: Settings, who: str, *, agency: str = "") -> Plan:
    """What an erasure would do. ValueError with a sentence if nobody is known by that."""
    async with _open(settings, agency) as (db, tenant):
        async with db.transaction(tenant) as session:
            person = await erasure.find(session, who)
        return await erasure.foresee(db, person)


async def erase(settings: Settings, who: str, *, agency: str = "", tell: Tell | None = None) -> Report:
    """Erase a person, with the copies of the record and the files that hold their words."""
    async with _open(settings, agency) as (db, tenant):
        async with db.transaction(tenant) as session:
            person = await erasure.find(session, who)
        report = await erasure.erase(db, person, tell=tell)
        try:
            for name in report.copies:
                await exports_of(settings).remove(name)
            for key in report.contents:
                await files_of(settings).remove(key)
        except Failure as failure:
            report.trouble = failure.sentence
        return report


def foreseen(plan: Plan) -> str:
    """A plan in plain words: what goes, what stays, and why."""
    person = plan.person
    known = [*person.names[1:], *person.emails, *person.accounts]
    lines = [f"{person.name}" + (f" ({', '.join(known)})" if known else "")]
    lines += [
        "",
        "Would be removed:",
        f"  {_many(1 if person.names or person.emails else 0, 'name and address', 'names and addresses')}",
    ]
    for count, one, many in (
        (plan.messages, "message's words", "messages' words"),
        (plan.revisions, "earlier text of edited messages", "earlier texts of edited messages"),
        (plan.files, "file that they sent", "files that they sent"),
        (plan.answers, "answer to a proposal", "answers to proposals"),
        (plan.deliveries, "raw delivery looked through", "raw deliveries looked through"),
    ):
        if count:
            lines.append(f"  {_many(count, one, many)}")
    lines += _kept(plan)
    return "\n".join(lines)


def done(report: Report) -> str:
    """A report in plain words."""
    lines = [f"Erased: the words of {_many(report.messages, 'message', 'messages')}, name and address."]
    if report.deliveries:
        lines.append(f"Cleaned: {_many(report.deliveries, 'raw delivery', 'raw deliveries')}.")
    if report.topics:
        lines.append(f"Untitled: {_many(report.topics, 'conversation', 'conversations')} that began with their words.")
    if report.contents:
        lines.append(f"Removed: {_many(len(report.contents), 'file', 'files')} that they had sent.")
    if report.copies:
        lines.append(f"Removed: {_many(len(report.copies), 'copy', 'copies')} of the record that held their words.")
    if report.trouble:
        lines.append(f"Not all of these are out of their store yet: {report.trouble} `work` goes on trying.")
    return "\n".join([*lines, *_kept(report.plan)])


def _kept(plan: Plan) -> list[str]:
    lines = ["", "Kept:", "  the key by which a replay would bring them back, and since when they are erased"]
    lines += [f"  {kept.what} ({kept.count:,}): {kept.why}" for kept in plan.kept]
    lines.append(
        "  what Slack and others keep themselves, and what stands in backups of yours: that is for you to see to"
    )
    if plan.parts:
        lines += ["", f"Still plays a part in {', '.join(plan.parts)}: name somebody else with `/engagement people`."]
    return lines


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


async def plant(settings: Settings, *, agency: str = "") -> list[str]:
    """Put the example services into an agency's catalog; the names of what was added."""
    async with _open(settings, agency) as (db, house_id), db.transaction(house_id) as session:
        house = await people.organization(session, house_id)
        return await catalog.plant(session, people.system(house_id), house)
