"""Seals: Ed25519 signatures over what must never be doubted, by a key whose public halves are kept for ever."""

import base64
import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Index, LargeBinary, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Row, Session


class SigningKey(Row):
    """The public half of a key that has sealed something. Rows are only ever inserted: a key that was replaced still
    proves what it sealed."""

    __tablename__ = "signing_keys"
    __table_args__ = (Index("uq_signing_keys_key_id", "key_id", unique=True),)
    key_id: Mapped[str]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    since: Mapped[datetime] = mapped_column(default=clock.now)


@dataclass(frozen=True)
class Seal:
    """A signature, and which key gave it."""

    key_id: str
    signature: bytes


class Sealer:
    """Holds the private half. `secret` is SIGNING_KEY: 32 bytes in base64, as `openssl rand -base64 32` prints them."""

    def __init__(self, secret: str) -> None:
        try:
            seed = base64.b64decode(secret.strip(), validate=True)
        except ValueError:
            seed = b""
        if len(seed) != 32:
            raise ValueError("SIGNING_KEY must be 32 bytes in base64. Make one with `openssl rand -base64 32`.")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()
        self.key_id = key_id(self.public)

    def seal(self, body: bytes) -> Seal:
        """Sign these bytes."""
        return Seal(self.key_id, self._key.sign(body))

    async def publish(self, session: Session) -> None:
        """Keep the public half, once: before anything is sealed, in a platform session."""
        row = insert(SigningKey).values(id=uuid.uuid4(), key_id=self.key_id, public_key=self.public, since=clock.now())
        await session.execute(row.on_conflict_do_nothing(index_elements=["key_id"]))


def key_id(public: bytes) -> str:
    """By what a public half is known: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def holds(public: bytes, body: bytes, signature: bytes) -> bool:
    """Whether the signature over these bytes was given by the private half of `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, body)
    except InvalidSignature:
        return False
    return True


async def public_halves(session: Session) -> dict[str, bytes]:
    """Every public half that ever sealed something, by its id."""
    return {key.key_id: key.public_key for key in (await session.execute(select(SigningKey))).scalars()}
