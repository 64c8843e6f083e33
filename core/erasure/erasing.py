"""Carrying an erasure out, in many short transactions: begun again after a failure, it goes on where it was."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from core import clock, events, export, people
from core.db import Database
from core.erasure import inbox, words
from core.erasure.finding import Person, Plan, engagements_of, plan
from core.events import Kind
from core.people import Installation


@dataclass
class Report:
    """What was erased; `contents` are the keys of files, and `copies` the files of exports, that are to be removed from their stores."""

    plan: Plan
    at: datetime
    messages: int = 0
    topics: int = 0
    deliveries: int = 0
    contents: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    trouble: str = ""
    """Why some of these are still there, in a sentence of whoever was to remove them."""


async def teams_of(db: Database, organization_id: uuid.UUID) -> list[str]:
    """The workspaces whose deliveries are this organization's."""
    async with db.platform() as session:
        query = select(Installation.team_id).where(Installation.organization_id == organization_id)
        return list((await session.execute(query)).scalars())


async def foresee(db: Database, person: Person) -> Plan:
    """What an erasure would do, with the deliveries counted."""
    teams = await teams_of(db, person.organization_id)
    async with db.platform() as session:
        deliveries = await inbox.count(session, person, teams)
    async with db.transaction(person.organization_id) as session:
        return await plan(session, person, deliveries=deliveries)


async def erase(db: Database, person: Person, *, tell: Callable[[int, int], None] | None = None) -> Report:
    """Erase a person. Running it twice is harmless; the event that records it holds keys and counts alone."""
    report = Report(await foresee(db, person), clock.now())
    tenant = person.organization_id
    async with db.transaction(tenant) as session:
        inside = await engagements_of(session, person)
        new = await words.begin(session, person, report.at)
    # A second pass for what another process was writing down in the moment before the keys were noted.
    for _ in range(2):
        last: uuid.UUID | None = None
        while True:
            async with db.transaction(tenant) as session:
                last, emptied, contents = await words.empty(session, person, report.at, last)
            report.messages += emptied
            report.contents += contents
            if tell:
                tell(report.messages, report.plan.messages)
            if last is None:
                break
    async with db.transaction(tenant) as session:
        report.topics = await words.untitle(session, person)
        report.copies = [copy.file for copy in await export.withdraw(session, inside)]
    after: int | None = 0
    teams = await teams_of(db, tenant)
    while after is not None:
        async with db.platform() as session:
            after, cleaned = await inbox.clean(session, person, teams, after)
        report.deliveries += cleaned
    async with db.platform() as session:
        await inbox.jobs(session, person)
    report.contents = await words.removable(db, report.contents)
    if new or report.messages or report.deliveries:
        async with db.transaction(tenant) as session:
            await events.record(
                session,
                people.system(tenant),
                Kind.PERSON_ERASED,
                "person",
                person.user_id or uuid.uuid5(tenant, ",".join(person.accounts)),
                accounts=list(person.accounts),
                messages=report.messages,
                deliveries=report.deliveries,
            )
    return report
