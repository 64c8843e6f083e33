"""Events that are recorded together: linked as they come, written at once, their chains' heads locked all the while."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from core import jobs
from core.chain import APPEND, HEADS_LOCKED, HEADS_MADE, HEADS_MOVED, Link
from core.db import Session

__all__ = ["HEADS_LOCKED", "HEADS_MADE", "Held", "together"]


@dataclass
class Held:
    """Events that are linked and not written yet, the ends of their chains, and the jobs that announce them."""

    heads: dict[uuid.UUID, tuple[int, bytes]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    announcing: list[jobs.Wanted] = field(default_factory=list)


@asynccontextmanager
async def together(session: Session) -> AsyncIterator[Held]:
    """What is recorded within is written at its end, in a few statements however many events it is, as a signature makes
    many. The chains' heads are locked from the first event on, as ever."""
    if (outer := session.info.get("held")) is not None:
        yield outer
        return
    held = session.info["held"] = Held()
    try:
        yield held
    finally:
        del session.info["held"]
    if not held.links:
        return
    await session.flush()
    await session.execute(APPEND, {name: [getattr(link, name) for link in held.links] for name in Link._fields})
    ends = list(held.heads.values())
    moved = {"chains": list(held.heads), "seqs": [seq for seq, _ in ends], "hashes": [tip for _, tip in ends]}
    await session.execute(HEADS_MOVED, moved)
    await jobs.enqueue_all(session, held.announcing)
