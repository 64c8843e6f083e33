"""A letter as it comes in over the wire, read into plain values: who wrote it, to which address, what it says, what it brings.

The old, lenient parser is used: the new one raises on headers that real letters have, and takes very long over some.
"""

import email
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

from bot.gateways.mail import markup, quotes

PARTS = 200
"""Parts of a letter that are looked at."""

FILES = 50
SHOWN = 40_000
"""Characters of what somebody says; Slack's messages are no longer either."""

WHOLE = 400_000
"""Characters that are kept of a letter's whole text."""

LOGO = 20_000
"""Bytes of a picture inside of a letter that is taken for a signature's, and left out."""

RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_TOKEN = re.compile(r"\+([a-z2-7]{26})@", re.IGNORECASE)
_TOKENS = 20
_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_HEADER = 20_000
"""Characters of a header that are looked at."""

Part = Message


@dataclass(frozen=True)
class File:
    """A file that came with a letter."""

    name: str
    mimetype: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """A letter that came in. `automatic` says in a word why no person wrote it; `returned` that it reports an undelivered one."""

    ref: str
    tokens: tuple[str, ...]
    sender: str
    subject: str
    said: str
    whole: str
    references: tuple[str, ...]
    automatic: str
    returned: bool
    files: tuple[File, ...]


def ref_of(body: bytes) -> str:
    """What a letter is known by: its Message-ID, or the hash of its bytes."""
    return _ref(_head(body), body)


def tokens_of(body: bytes) -> list[str]:
    """The tokens of ours in the addresses that it was sent to; in a report of an undelivered letter, in what that quotes."""
    return _tokens(_head(body), body)


def read(body: bytes) -> Letter:
    """Read a letter, however odd. ValueError for what nobody could read."""
    try:
        letter: Part = email.message_from_bytes(body, policy=compat32)
        return _read(letter, body)
    except (RecursionError, MessageError, AssertionError, AttributeError, IndexError, KeyError, TypeError) as error:
        # What the library raises on letters that are broken on purpose; by a sentence, not by what it stumbled on.
        raise ValueError(f"This letter cannot be read ({type(error).__name__}).") from error


def _read(letter: Part, body: bytes) -> Letter:
    plain: list[str] = []
    rich: list[str] = []
    files: list[File] = []
    report: list[str] = []
    for part in _leaves(letter):
        kind, name = part.get_content_type(), _name(part)
        attached = part.get_content_disposition() == "attachment" or bool(name)
        if kind == "message/delivery-status":
            report.append(_report(part))
        elif kind == "text/plain" and not attached:
            plain.append(_text(part))
        elif kind == "text/html" and not attached:
            rich.append(_text(part))
        elif len(files) < FILES:
            file = File(name or f"file-{len(files) + 1}", clean(kind)[:100], _bytes(part))
            if file.content and not (_inside(part) and kind.startswith("image/") and len(file.content) < LOGO):
                files.append(file)
    whole = "\n".join(text.strip("\r\n") for text in plain if text.strip())
    if not whole.strip() and rich:
        whole = "\n".join(markup.plain(text) for text in rich)
    whole = clean(whole[:WHOLE])
    sender = getaddresses([_header(letter, "From")[:2000]])
    return Letter(
        ref=_ref(letter, body),
        tokens=tuple(_tokens(letter, body)),
        sender=clean(sender[0][1])[:254] if len(sender) == 1 else "",
        subject=clean(" ".join(_decoded(_header(letter, "Subject")).split()))[:200],
        said=quotes.said(whole[: 5 * SHOWN])[:SHOWN],
        whole=whole,
        references=tuple(_ID.findall(f"{_header(letter, 'References')} {_header(letter, 'In-Reply-To')}")[-10:]),
        automatic=_automatic(letter),
        returned=_is_report(letter) and any(_failed(each) for each in report),
        files=tuple(files),
    )


def _head(body: bytes) -> Part:
    """The headers alone."""
    ends = [at for mark in (b"\n\n", b"\r\n\r\n", b"\n\r\n") if (at := body.find(mark, 0, 256_000)) >= 0]
    return email.message_from_bytes(body[: min(ends, default=min(len(body), 256_000))], policy=compat32)


def _leaves(letter: Part) -> Iterator[Part]:
    """The parts that hold something; a letter inside of the letter is one of them, and is not opened."""
    waiting, seen = [letter], 0
    while waiting and seen < PARTS:
        part = waiting.pop(0)
        seen += 1
        inner = part.get_payload()
        if isinstance(inner, list) and part.get_content_maintype() == "multipart":
            waiting[:0] = [each for each in inner if isinstance(each, Message)]
        else:
            yield part


def _header(letter: Part, name: str) -> str:
    """A header as text; what is no ASCII in it is read as UTF-8."""
    return _plainly(str(letter.get(name) or ""))


def _plainly(raw: str) -> str:
    return raw[:_HEADER].encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(raw: str) -> str:
    """Encoded words in a header, decoded; those in an unknown tongue as they stand."""
    text, before = "", ""
    try:
        for piece, charset in decode_header(raw[:4000]):
            words = piece if isinstance(piece, str) else _decode(piece, charset or "utf-8")
            # The library takes the spaces around plain words away; between two encoded ones there are none.
            text += f" {words}" if text and not (before and charset) else words
            before = charset or ""
    except (MessageError, ValueError):
        return raw
    return text


def _decode(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):  # a charset that is none, or is no charset of texts
        return content.decode("utf-8", "replace")


def _bytes(part: Part) -> bytes:
    inner = part.get_payload()
    if isinstance(inner, list):  # a letter inside of the letter
        return b"\n".join(each.as_bytes(policy=compat32) for each in inner if isinstance(each, Message))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Part) -> str:
    return _decode(_bytes(part), str(part.get_content_charset("utf-8")))


def _name(part: Part) -> str:
    name = part.get_filename() or ""
    named = clean(" ".join(_decoded(_plainly(name)).split())).replace("/", "_").replace("\\", "_")
    return named[:200].strip(". ")


def _inside(part: Part) -> bool:
    """Whether the letter shows it among its words, as it does a signature's logo."""
    return bool(part.get("Content-ID")) and part.get_content_disposition() != "attachment"


def _ref(letter: Part, body: bytes) -> str:
    found = _ID.search(_header(letter, "Message-ID"))
    return clean(found.group()) if found else f"sha256:{hashlib.sha256(body).hexdigest()}"


def _tokens(letter: Part, body: bytes) -> list[str]:
    headers = " ".join(_plainly(str(each)) for name in RECIPIENTS for each in letter.get_all(name, [])[:10])
    found = _TOKEN.findall(headers)
    if not found and (_is_report(letter) or _header(letter, "Return-Path").strip() == "<>"):
        found = _TOKEN.findall(body[:256_000].decode("ascii", "replace"))
    return list(dict.fromkeys(token.lower() for token in found))[:_TOKENS]


def _is_report(letter: Part) -> bool:
    return letter.get_content_type() == "multipart/report"


def _automatic(letter: Part) -> str:
    """Why no person wrote it: it says so itself (RFC 3834), comes to many, reports on another, or comes from nobody."""
    if _is_report(letter) or _header(letter, "Return-Path").strip() == "<>":
        return "report"
    if _header(letter, "Auto-Submitted").split(";")[0].strip().lower() not in ("", "no"):
        return "automatic_answer"
    if _header(letter, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return "bulk"
    if any(letter.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")):
        return "automatic_answer"
    return "list" if letter.get("List-Id") is not None else ""


def _report(part: Part) -> str:
    inner = part.get_payload()
    blocks = inner if isinstance(inner, list) else [part]
    return "\n".join(f"{name}: {value}" for each in blocks if isinstance(each, Message) for name, value in each.items())


def _failed(report: str) -> bool:
    """Whether a delivery report tells of a failure for good, and not of a delay (RFC 3464)."""
    return bool(re.search(r"^action:\s*failed", report, re.IGNORECASE | re.MULTILINE)) and not re.search(
        r"^status:\s*4\.", report, re.IGNORECASE | re.MULTILINE
    )


def clean(text: str) -> str:
    """The text as Postgres can hold it: no NUL, no half of a character, no other control but tabs and line ends."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(c if c >= " " or c in "\n\t" else "" if c == "\r" else "\ufffd" for c in text)
