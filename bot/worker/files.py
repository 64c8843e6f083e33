"""Fetching the files of the record: with the token, from Slack's hosts only, never more than was agreed, into the store."""

import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from bot.gateways.failures import Permanent
from bot.gateways.files import Files
from bot.gateways.store import files_of
from bot.worker.messages import file_told
from bot.worker.works import Works, handler
from core import erasure
from core.conversations import files
from core.jobs import Claimed


@handler("file.fetch")
async def fetch(works: Works, job: Claimed) -> None:
    """Keep the bytes of a file. What cannot be had is noted with its reason, and is not tried again."""
    file_id = uuid.UUID(job.payload["file"])
    async with works.db.transaction(job.tenant) as session:
        file = await files.fetchable(session, file_id)
    if file is None:
        return
    token = (await works.tenants.of(job.tenant)).token
    most = works.settings.file_megabytes * 1024 * 1024
    gateway = Files(hosts=works.settings.file_hosts, most=most)
    url, size = file.url, file.size
    store = files_of(works.settings)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=store.store.room()) as room:
        try:
            if not url:
                told = file_told(await works.slack.file_info(token, file.file_ref))
                async with works.db.transaction(job.tenant) as session:
                    await files.described(session, file_id, told)
                url, size = told["url"], told["size"]
            if not url:
                raise Permanent("files", "elsewhere", "The file does not lie with Slack.")
            if size is not None and size > most:
                raise Permanent("files", "too_large", "The file is too large to be kept.")
            saved = await gateway.save(token, url, Path(room) / "file")
        except Permanent as failure:
            async with works.db.transaction(job.tenant) as session:
                await files.unfetched(session, file_id, failure.code)
            return
        finally:
            await gateway.close()
        await store.keep(Path(room) / "file", saved.sha256)
        async with works.db.transaction(job.tenant) as session:
            kept = await files.fetched(session, file_id, saved.sha256)
        if kept:  # once more: what only others had may have been removed before we said that we have it
            await store.keep(Path(room) / "file", saved.sha256)
        else:
            await discard(works, [saved.sha256])


async def discard(works: Works, keys: Sequence[str]) -> None:
    """Remove the bytes that no file has any more."""
    for key in await erasure.removable(works.db, keys):
        await files_of(works.settings).remove(key)


@handler("file.remove")
async def remove(works: Works, job: Claimed) -> None:
    """Remove bytes whose files were erased or deleted, also when whoever did that could not."""
    await discard(works, job.payload["keys"])
