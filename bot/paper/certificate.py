"""The certificate: pages behind the ones that were signed, which these follow in the same file without a byte of them changed."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pypdf import PdfReader, PdfWriter

from bot.paper.fonts import spelled
from bot.paper.offer import EVERY, shortened
from bot.paper.press import press
from core.certificates import Certificate, Happened, Sworn
from core.papers import Rendered

Json = dict[str, Any]

HAPPENED = {
    "person.nudged": "Reminded",
    "proposal.changes_requested": "Changes asked for",
    "proposal.declined": "Declined",
    "proposal.drafted": "Drafted",
    "proposal.edited": "Edited",
    "proposal.ending": "About to expire",
    "proposal.expired": "Expired",
    "proposal.quote_asked": "Quote asked for",
    "proposal.sent": "Sent",
    "proposal.sign_refused": "A signature was refused",
    "proposal.signed": "Signed",
    "proposal.superseded": "Superseded by a new version",
    "proposal.viewed": "Opened",
    "proposal.withdrawn": "Withdrawn",
}
"""The events of a proposal in plain words; of others the name itself is told."""


def render_signed(certificate: Certificate, locale: str = "en_US") -> Rendered:
    """The signed paper: the very bytes of the offer's PDF, and the certificate's pages appended to them."""
    rendered = press("certificate", _told(certificate, locale), at=certificate.completed_at, locale=locale)
    return Rendered(rendered.source, append(certificate.offer.pdf, rendered.pdf), rendered.renderer)


def append(first: bytes, second: bytes) -> bytes:
    """A PDF that begins with all the bytes of the first and shows the pages of both: an incremental update, as PDF calls it."""
    with io.BytesIO(first) as base, io.BytesIO(second) as more, io.BytesIO() as bound:
        writer = PdfWriter(base, incremental=True)
        for page in PdfReader(more).pages:
            writer.add_page(page)
        writer.write(bound)
        made = bound.getvalue()
    if not made.startswith(first):
        raise RuntimeError("The pages that were signed would not be the same in the signed copy.")
    return made


def _told(certificate: Certificate, locale: str) -> Json:
    document = certificate.document
    what = "Change of scope" if document.kind == "scope" else "Proposal"
    told = {
        "document_title": f"Certificate: {document.title}",
        "agency": document.agency,
        "title": document.title,
        "lead": f"{what}, version {document.number}, from {document.agency} to {document.company}, was signed by everybody "
        f"who was asked to. It was complete on {_moment(certificate.completed_at, document.timezone)}.",
        "signers": [_signer(each) for each in certificate.sworn],
        "agreed": _agreed(certificate, locale),
        "statements": _statements(certificate.sworn),
        "hashes": [
            ("The document (canonical JSON)", certificate.version_sha256),
            ("The PDF that was shown and signed", certificate.offer.pdf_sha256.hex()),
            ("What that PDF was set from", certificate.offer.source_sha256.hex()),
        ],
        "trail": [_event(each) for each in certificate.trail],
        "check": "To check this file, open the page /verify where you found it, or run “python -m bot verify” there. "
        "All bytes before these pages are those of the PDF that was signed.",
        "foot": ["Certificate · ", shortened(document.title, 60), f" · version {document.number}"],
        "hash_label": "SHA-256 of the PDF that was signed",
        "sha256": certificate.offer.pdf_sha256.hex(),
    }
    return {name: _settable(value) for name, value in told.items()}


def _signer(sworn: Sworn) -> Json:
    there = sworn.signed_at.astimezone(ZoneInfo(sworn.timezone))
    facts = [
        ("Signed", _moment(sworn.signed_at, "UTC")),
        ("Local", f"{there:%-d %B %Y, %H:%M:%S}, {sworn.timezone} (UTC{_offset(there)})"),
    ]
    if sworn.shown_at is not None:
        facts.append(("Shown", _moment(sworn.shown_at, "UTC")))
    facts.append(("Known", _known(sworn)))
    if sworn.address:
        facts.append(("From", sworn.address))
    # One from before there were seals has none.
    sealed = [(f"Seal, Ed25519, key {sworn.key_id}", sworn.seal)] if sworn.seal else []
    return {
        "name": sworn.name,
        "title": sworn.title,
        "for": f"for {sworn.company}",
        "role": "Countersigner" if sworn.countersigner else "Signer",
        "facts": facts,
        "hashes": [("Evidence, SHA-256", sworn.evidence_sha256), *sealed],
    }


def _known(sworn: Sworn) -> str:
    if sworn.method == "slack":
        return f"by their Slack account {sworn.slack_user} of workspace {sworn.slack_team} ({sworn.email})"
    if sworn.method in ("code", "mail"):
        return f"by a six-digit code mailed to {sworn.email}"
    return f"in the browser, by a personal link that they made in Slack ({sworn.email})"


def _agreed(certificate: Certificate, locale: str) -> list[tuple[str, str]]:
    """What was chosen, and what it comes to."""
    document, chosen = certificate.document, certificate.chosen
    rows = []
    if document.options:
        titles = ", ".join(document.items[position].title for position in chosen)
        rows.append(("Options chosen", titles or "none"))
    comes_to = document.sum(chosen)
    cents = any(amount.minor % 100 for amount in (comes_to.once, document.due_on_signing(chosen)))
    rows.append(("Total, paid once", comes_to.once.show(locale, cents=cents)))
    if document.due_on_signing(chosen):
        rows.append(("Of it due on signing", document.due_on_signing(chosen).show(locale, cents=cents)))
    for period, first, later in comes_to.recurring:
        begin = f", the first {first.show(locale)}" if first != later else ""
        rows.append((f"Paid {EVERY[period]}", f"{later.show(locale)}{begin}"))
    return rows


def _statements(sworn: Iterable[Sworn]) -> list[Json]:
    """What they read or ticked: each text once, with those whose it was."""
    texts: dict[tuple[str, bool, str, str], list[str]] = {}
    for each in sworn:
        for statement in each.statements:
            texts.setdefault(statement, []).append(each.name)
    return [
        {
            "name": name.replace("_", " ").capitalize(),
            "text": text,
            "sha256": sha256,
            "who": f"{'ticked' if ticked else 'read'} by {' and '.join(who)}",
        }
        for (name, ticked, text, sha256), who in texts.items()
    ]


def _event(event: Happened) -> list[str]:
    plain = HAPPENED.get(event.kind, event.kind.replace(".", " ").replace("_", " ").capitalize())
    return [f"{event.at.astimezone(UTC):%-d %b %Y, %H:%M:%S}", plain, event.who, f"Event {event.seq}", event.hash]


def _moment(at: datetime, timezone: str) -> str:
    there = at.astimezone(ZoneInfo(timezone))
    return f"{there:%-d %B %Y, %H:%M:%S} {'UTC' if timezone == 'UTC' else f'(UTC{_offset(there)})'}"


def _offset(there: datetime) -> str:
    written = f"{there:%z}"
    return f"{written[:3]}:{written[3:5]}"


def _settable(value: Any) -> Any:
    """The same with each character that no font has spelled out: a name that was typed must never stop a certificate."""
    if isinstance(value, str):
        return spelled(value)
    if isinstance(value, dict):
        return {name: _settable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_settable(each) for each in value]
    return value
