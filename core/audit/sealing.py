"""Sealing the heads: once a day the end of every chain is signed, and given to the owner, so that no tail can be cut unseen."""

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.audit.tables import SealedHeads
from core.db import Session
from core.events import Head, canonical
from core.seals import Sealer, holds

FORMAT = 1


@dataclass(frozen=True)
class Held:
    """A file of heads: whose, from when, where each chain ended then, and whether its seal holds."""

    organization_id: uuid.UUID
    at: datetime
    heads: dict[uuid.UUID, tuple[int, bytes]]
    key_id: str
    trouble: str = ""
    """Why it proves nothing; empty if its seal holds."""


async def seal_heads(session: Session, sealer: Sealer) -> SealedHeads | None:
    """Sign the end of every chain of this organization, once a day; None if that was done today, or nothing is new.

    Each file names the hash of the one before it, so that the files are a chain of their own.
    """
    organization: uuid.UUID = session.info["tenant"]
    now = clock.now()
    await session.execute(text("SELECT pg_advisory_xact_lock(7211, hashtext(:tenant))"), {"tenant": str(organization)})
    before = await latest(session)
    if before is not None and before.day >= now.date():
        return None
    heads = (await session.execute(select(Head.chain, Head.seq, Head.hash).order_by(Head.chain))).all()
    listed = [{"chain": str(chain), "seq": seq, "hash": tip.hex()} for chain, seq, tip in heads]
    if not listed or (before is not None and json.loads(before.body)["heads"] == listed):
        return None
    body = canonical(
        {
            "format": FORMAT,
            "organization": str(organization),
            "at": now.astimezone(UTC).isoformat(),
            "heads": listed,
            "before": hashlib.sha256(before.body.encode()).hexdigest() if before else "",
        }
    )
    seal = sealer.seal(body.encode())
    made = insert(SealedHeads).values(
        id=uuid.uuid4(),
        organization_id=organization,
        created_at=now,
        day=now.date(),
        body=body,
        key_id=seal.key_id,
        seal=seal.signature,
        sealed_at=now,
    )
    await session.execute(made)
    return await latest(session)


async def latest(session: Session) -> SealedHeads | None:
    """The heads that were sealed last."""
    query = select(SealedHeads).order_by(SealedHeads.day.desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def of_id(session: Session, sealed_id: uuid.UUID) -> SealedHeads:
    """The sealed heads with this id."""
    return (await session.execute(select(SealedHeads).where(SealedHeads.id == sealed_id))).scalar_one()


async def heads_since(session: Session) -> list[SealedHeads]:
    """All heads that were ever sealed, oldest first."""
    return list((await session.execute(select(SealedHeads).order_by(SealedHeads.day))).scalars())


def held_file(sealed: SealedHeads, public: bytes) -> bytes:
    """The file that the owner keeps: the body as it was signed, the seal, and the public half that proves it."""
    told = {
        "what": "Throughline: the ends of all chains of events. Check with: python -m bot audit verify --heads <this file>",
        "body": sealed.body,
        "key_id": sealed.key_id,
        "public_key": base64.b64encode(public).decode(),
        "seal": base64.b64encode(sealed.seal).decode(),
    }
    return (json.dumps(told, indent=1) + "\n").encode()


def read_held(raw: bytes, known: dict[str, bytes]) -> Held:
    """A file of heads, with what speaks against it. `known` are our public halves by id.

    A seal by a key that we do not know proves nothing, whatever public half the file brings along. Raises ValueError for
    what is no such file.
    """
    try:
        said = json.loads(raw)
        body, key, seal = said["body"], said["key_id"], base64.b64decode(said["seal"], validate=True)
        return _held(body, key, seal, known)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("That is no file of heads as they are mailed every day.") from error


def of_row(sealed: SealedHeads, known: dict[str, bytes]) -> Held:
    """Heads as they are kept in the database, with what speaks against them."""
    return _held(sealed.body, sealed.key_id, sealed.seal, known)


def _held(body: str, key: str, seal: bytes, known: dict[str, bytes]) -> Held:
    told = json.loads(body)
    trouble = ""
    if key not in known:
        trouble = f"it is sealed with a key that is not ours ({key})"
    elif not holds(known[key], body.encode(), seal):
        trouble = "its seal does not hold: it was changed"
    return Held(
        uuid.UUID(told["organization"]),
        datetime.fromisoformat(told["at"]),
        {uuid.UUID(each["chain"]): (each["seq"], bytes.fromhex(each["hash"])) for each in told["heads"]},
        key,
        trouble,
    )
