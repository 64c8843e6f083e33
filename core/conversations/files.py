"""The bytes of files: which are still to be fetched, and what came of it; for the worker, which acts for nobody."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core import clock
from core.conversations.tables import Attachment, Message
from core.db import Session


@dataclass(frozen=True)
class Fetchable:
    """A file whose bytes are not kept yet. Without an `url` only its id is known, as in channels that are shared."""

    file_ref: str
    url: str
    size: int | None


async def fetchable(session: Session, file_id: uuid.UUID) -> Fetchable | None:
    """The file, if its bytes are still to be fetched: not what is kept, cannot be had, or was erased."""
    query = select(Attachment).join(Message, Message.id == Attachment.message_id)
    query = query.where(Attachment.id == file_id, Attachment.fetched_at.is_(None), Attachment.trouble == "")
    file = (await session.execute(query.where(Message.erased_at.is_(None)))).scalar_one_or_none()
    return Fetchable(file.file_ref, file.url, file.size) if file else None


async def waiting(session: Session, message_id: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """The files of a message whose bytes are neither kept nor known to be out of reach: each with its reference."""
    query = select(Attachment.id, Attachment.file_ref).join(Message, Message.id == Attachment.message_id)
    query = query.where(Message.id == message_id, Attachment.fetched_at.is_(None), Attachment.trouble == "")
    rows = await session.execute(query.where(Message.erased_at.is_(None)).order_by(Attachment.file_ref))
    return [(row.id, row.file_ref) for row in rows]


async def _ours(session: Session, file_id: uuid.UUID) -> Attachment | None:
    """The file, locked; None if it was erased or deleted meanwhile, and is to stay so."""
    query = select(Attachment).join(Message, Message.id == Attachment.message_id)
    query = query.where(Attachment.id == file_id, Message.erased_at.is_(None)).with_for_update(of=Attachment)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def described(session: Session, file_id: uuid.UUID, told: dict[str, Any]) -> None:
    """Note what Slack tells of a file that had come as an id alone."""
    if file := await _ours(session, file_id):
        file.name, file.mimetype = file.name or told["name"], file.mimetype or told["mimetype"]
        file.size, file.url = told["size"] if file.size is None else file.size, file.url or told["url"]
        await session.flush()


async def fetched(session: Session, file_id: uuid.UUID, sha256: str) -> bool:
    """Note that the bytes are kept, under this hash; False if they may not be, because the file is no more."""
    if file := await _ours(session, file_id):
        file.sha256, file.fetched_at, file.trouble = sha256, clock.now(), ""
        await session.flush()
    return file is not None


async def unfetched(session: Session, file_id: uuid.UUID, trouble: str) -> None:
    """Note why the bytes cannot be had: too large, gone, on a host that is not Slack's."""
    if file := await _ours(session, file_id):
        file.trouble = trouble
        await session.flush()
