"""The job that makes a copy of the record, and the chores that remove what is kept no longer."""

import asyncio
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

import structlog

from bot import export as rendering
from bot.gateways.failures import Permanent
from bot.gateways.store import exports_of, files_of
from bot.worker.places import may_stand
from bot.worker.works import Works, chore, handler
from core import engagements, export, jobs, people, retention
from core.inbox import describe
from core.jobs import Claimed

log = structlog.get_logger(__name__)

TRIES = 3
"""How often making a copy is tried before whoever asked hears that it failed."""

TOLD_EVERY = 5.0
"""Seconds between two looks at the progress: Slack takes a message a second in a channel, and others want to speak there too."""


@handler("export.make")
async def make(works: Works, job: Claimed) -> None:
    """Make a copy that was asked for; begun again, it starts anew."""
    export_id = uuid.UUID(job.payload["export"])
    async with works.db.transaction(job.tenant) as session:
        begun = await export.making(session, export_id)
        if begun is None:
            return
        wanted, asker = begun
        client = wanted.audience == "client"
        scope = await export.scope(session, asker, wanted.engagement_id, for_client=client)
        title = (await export.told(session, wanted))["title"]
    store = exports_of(works.settings)
    progress = Progress(works, job.tenant, wanted.id, wanted.engagement_id)
    try:
        with tempfile.TemporaryDirectory(prefix="making-", dir=store.room()) as room:
            target = Path(room) / rendering.name_of(title, scope.taken_at, scope.audience)
            async with progress:
                made = await rendering.make(
                    works.db, scope, target, contents=files_of(works.settings), tell=progress.tell
                )
            zipped = Path(room) / "whole.zip"
            digest = await asyncio.to_thread(rendering.pack, made.folder, zipped)
            size = zipped.stat().st_size
            await store.put(wanted.file, zipped)
    except Exception as error:
        if job.attempts < TRIES:
            raise
        async with works.db.transaction(job.tenant) as session:
            await export.failed(session, export_id)
        raise Permanent("export", "not_made", f"A copy could not be made: {describe(error)}") from error
    async with works.db.transaction(job.tenant) as session:
        lies = await export.ready(session, export_id, messages=made.messages, size=size, sha256=bytes.fromhex(digest))
    if lies is None:  # withdrawn while it was made, because what is in it was to be erased
        await remove(works, [wanted.file])


class Progress:
    """Notes how far a copy is, and has its card drawn anew, every few seconds while it is made."""

    def __init__(self, works: Works, tenant: uuid.UUID, export_id: uuid.UUID, engagement_id: uuid.UUID) -> None:
        self._works, self._tenant, self._export, self._engagement = works, tenant, export_id, engagement_id
        self._done = self._noted = 0
        self._task: asyncio.Task[None] | None = None

    def tell(self, done: int, _total: int) -> None:
        """So many messages are written."""
        self._done = done

    async def __aenter__(self) -> "Progress":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TOLD_EVERY)
            if self._done != self._noted:
                self._noted = self._done
                async with self._works.db.transaction(self._tenant) as session:
                    await export.mark(session, self._export, self._done)
                    engagement = await engagements.by_id(session, self._engagement)
                    place = engagement.staff_channel_id
                    if place and may_stand(engagement, "staff"):
                        await jobs.enqueue(
                            session,
                            "post.show",
                            lane=f"slack:{place}",
                            payload={"card": "export.card", "place": place, "subject": str(self._export)},
                            organization_id=self._tenant,
                            dedupe=f"progress:{self._export}",
                        )


@chore("export.expire")
async def expire(works: Works) -> None:
    """Remove the copies whose time is over."""
    async with works.db.platform() as session:
        houses = await people.houses(session)
    for house in houses:
        async with works.db.transaction(house.id) as session:
            over = [copy.file for copy in await export.expire(session)]
        await remove(works, over)
    for room in (exports_of(works.settings).room(), files_of(works.settings).store.room()):
        if room is not None:
            leftovers(room)


@chore("retention.carry_out")
async def forget(works: Works) -> None:
    """Delete the records whose time is over."""
    async with works.db.platform() as session:
        tenants = await retention.organizations(session)
    for tenant in tenants:
        for done in await retention.carry_out(works.db, tenant):
            await remove(works, done.copies)
            for key in done.contents:
                await files_of(works.settings).remove(key)
            log.info("record deleted", engagement=str(done.engagement_id), messages=done.messages)


@handler("export.remove")
async def remove_gone(works: Works, job: Claimed) -> None:
    """Remove the files of copies that are gone, also when whoever withdrew them could not."""
    await remove(works, job.payload["files"])


async def remove(works: Works, files: Iterable[str]) -> None:
    """Remove the files of copies from where they are kept."""
    for name in files:
        await exports_of(works.settings).remove(name)


def leftovers(folder: Path, older: float = 86_400.0) -> None:
    """Remove what a worker left that was killed over a copy or a file, a day ago or longer."""
    for room in (*folder.glob("making-*"), *folder.glob(".fetching-*")):
        if time.time() - room.stat().st_mtime > older:
            shutil.rmtree(room, ignore_errors=True)
