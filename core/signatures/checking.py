"""Whether a signature still says what was sealed: every column against the evidence, the evidence against its seal."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.papers import Paper
from core.proposals import Version, digest, parse
from core.seals import holds
from core.signatures.evidence import Signature, written


def check(signature: Signature, version: Version, paper: Paper, keys: Mapping[str, bytes]) -> list[str]:
    """What does not hold, a sentence each that begins with what it is about; nothing if all of it holds.

    `keys` are the public halves by their ids: a key that was replaced long ago still proves what it sealed. The
    signature is held against its evidence, and the text and the paper that it names against their own bytes. One from
    before there were seals is held against its evidence and the text; that the evidence is the one that was signed, only
    the trail tells.
    """
    if signature.before_seals:
        return _unsealed(signature, version)
    wrong = list(_sealed(signature, keys))
    try:
        said = json.loads(signature.evidence)
        wrong += [f"{name}: not what was sealed." for name in _different(signature, said)]
        wrong += _of_version(signature, version, said)
        wrong += _of_paper(signature, paper, said)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        wrong.append(f"evidence: cannot be read ({type(error).__name__}).")
    return wrong


def _sealed(signature: Signature, keys: Mapping[str, bytes]) -> Iterator[str]:
    body = signature.evidence.encode()
    if hashlib.sha256(body).digest() != signature.evidence_sha256:
        yield "evidence_sha256: not that of the evidence."
    public = keys.get(signature.key_id)
    if public is None:
        yield f"key_id: the key {signature.key_id} is not known here."
    elif not holds(public, body, signature.seal):
        yield "seal: does not fit the evidence, so one of the two was changed."


def _unsealed(signature: Signature, version: Version) -> list[str]:
    """The same of a signature of the first format: no seal, no paper, no options."""
    wrong = []
    if hashlib.sha256(signature.evidence.encode()).digest() != signature.evidence_sha256:
        wrong.append("evidence_sha256: not that of the evidence.")
    said = json.loads(signature.evidence)
    try:
        signer = said["signer"]
        pairs: dict[str, tuple[object, object]] = {
            "proposal_id": (str(signature.proposal_id), said["proposal"]),
            "version_id": (str(signature.version_id), said["version"]),
            "user_id": (str(signature.user_id), signer["user"]),
            "document_sha256": (signature.document_sha256.hex(), said["document_sha256"]),
            "total_minor": (signature.total_minor, said["total_minor"]),
            "currency": (signature.currency, said["currency"]),
            "typed_name": (signature.typed_name, signer["typed_name"]),
            "typed_title": (signature.typed_title, signer["typed_title"]),
            "method": (signature.method, said["method"]),
            "signed_at": (written(signature.signed_at), said["signed_at"]),
            "seal": ((signature.key_id, signature.seal, signature.pdf_sha256, signature.options), ("", b"", b"", [])),
        }
        wrong += [f"{name}: not what was signed." for name, (kept, signed) in pairs.items() if kept != signed]
        if str(version.id) != said["version"] or digest(version.body).hex() != said["document_sha256"]:
            wrong.append("text: not the one that was signed.")
    except (KeyError, TypeError, AttributeError) as error:
        wrong.append(f"evidence: cannot be read ({type(error).__name__}).")
    return wrong


def _different(signature: Signature, said: Mapping[str, Any]) -> list[str]:
    """The columns that say something else than the evidence."""
    signer, slack, request = said["signer"], said["slack"], said["request"]
    body = hashlib.sha256(signature.request_body).hexdigest() if signature.request_body else None
    pairs: dict[str, tuple[object, object]] = {
        "id": (str(signature.id), said["signature"]),
        "organization_id": (str(signature.organization_id), said["organization"]),
        "proposal_id": (str(signature.proposal_id), said["proposal"]),
        "version_id": (str(signature.version_id), said["version"]["id"]),
        "user_id": (str(signature.user_id), signer["user"]),
        "document_sha256": (signature.document_sha256.hex(), said["version"]["sha256"]),
        "pdf_sha256": (signature.pdf_sha256.hex(), said["paper"]["sha256"]),
        "options": (list(signature.options), said["options"]),
        "total_minor": (signature.total_minor, said["total_minor"]),
        "currency": (signature.currency, said["currency"]),
        "typed_name": (signature.typed_name, signer["typed_name"]),
        "typed_title": (signature.typed_title, signer["typed_title"]),
        "method": (signature.method, said["method"]),
        "slack_team_id": (signature.slack_team_id, slack["team"]),
        "slack_user_id": (signature.slack_user_id, slack["user"]),
        "key_id": (signature.key_id, said["key"]),
        "request_body": (body, request["sha256"]),
        "request_headers": (signature.request_headers, request["headers"]),
        "shown_at": (written(signature.shown_at), said["shown_at"]),
        "signed_at": (written(signature.signed_at), said["signed_at"]),
        "created_at": (written(signature.created_at), said["signed_at"]),
    }
    return [name for name, (kept, sealed) in pairs.items() if kept != sealed]


def _of_version(signature: Signature, version: Version, said: Mapping[str, Any]) -> list[str]:
    """What does not hold between the signature and the text that it is for."""
    wrong = []
    if str(version.id) != said["version"]["id"] or version.number != said["version"]["number"]:
        wrong.append("version: not the one that was signed.")
    if digest(version.body).hex() != said["version"]["sha256"]:
        wrong.append("text: not the one that was signed.")
    elif parse(version.body).sum(said["options"]).once.minor != said["total_minor"]:
        wrong.append("total: not what the signed text comes to with the signed options.")
    if version.sha256 != digest(version.body):
        wrong.append("version: its hash is not that of its text.")
    return wrong


def _of_paper(signature: Signature, paper: Paper, said: Mapping[str, Any]) -> list[str]:
    """What does not hold between the signature and the PDF that it is for."""
    wrong = []
    found = hashlib.sha256(paper.pdf).digest()
    if str(paper.id) != said["paper"]["id"] or str(paper.version_id) != said["version"]["id"] or paper.kind != "offer":
        wrong.append("paper: not the one that was signed.")
    if found.hex() != said["paper"]["sha256"]:
        wrong.append("pdf: not the one that was signed.")
    if found != paper.pdf_sha256:
        wrong.append("paper: its hash is not that of its PDF.")
    if hashlib.sha256(paper.source.encode()).digest() != paper.source_sha256:
        wrong.append("paper: its source's hash is not that of its source.")
    return wrong
