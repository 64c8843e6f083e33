"""What the command line says of a file: whether it is a paper of ours, who signed it, and whether all that speaks for it holds."""

import hashlib

from bot.settings import Settings
from core import proofs
from core.db import APP_ROLE, Database
from core.proofs import Proof

UNKNOWN = "This is not a file that we issued, or it was changed since."


async def verify(settings: Settings, content: bytes) -> tuple[str, bool]:
    """What to tell of a file with this content, and whether it is ours and everything about it holds."""
    role = None if settings.database_app_url else APP_ROLE
    db = Database(settings.app_url, role=role, pool_size=2, lock_timeout=10_000, statement_timeout=60_000)
    try:
        proof = await proofs.examine(db, hashlib.sha256(content).digest())
    finally:
        await db.close()
    return (told(proof), not proof.wrong) if proof is not None else (UNKNOWN, False)


def told(proof: Proof) -> str:
    """A proof in lines."""
    signed = proof.kind == "signed"
    lines = [
        f"This is the {'signed copy' if signed else 'document that was sent to be signed'}: “{proof.title}”, version "
        f"{proof.number}, from {proof.agency} to {proof.company}, sent on {proof.sent_at:%-d %b %Y at %H:%M} UTC."
    ]
    lines += [
        f"  {signer.name}{f', {signer.title}' if signer.title else ''}, for {signer.company}, "
        f"signed on {signer.signed_at:%-d %b %Y at %H:%M:%S} UTC."
        for signer in proof.signers
    ]
    if proof.wrong:
        return "\n".join([*lines, "It cannot be confirmed:", *(f"  {sentence}" for sentence in proof.wrong)])
    if signed:
        lines.append("Not a byte of it was changed. The seals of the signatures hold, and so does the trail of events.")
    elif proof.complete:
        lines.append("Its pages are unchanged, and everybody has signed them; the signed copy is another file.")
    elif not proof.latest:
        lines.append("Its pages are unchanged. There is a newer version, so they can no longer be signed.")
    else:
        lines.append(f"Its pages are unchanged. {'Not everybody' if proof.signers else 'Nobody'} has signed them yet.")
    return "\n".join(lines)
