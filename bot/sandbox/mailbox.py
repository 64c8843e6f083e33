"""A mailbox on localhost: an SMTP server that takes every letter and keeps it to be read; what is answered goes to the bot."""

import asyncio
import base64
import email
import hashlib
import hmac
import html as markup
import io
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from email.message import EmailMessage, Message
from email.policy import SMTP as WIRE
from email.policy import default
from email.utils import format_datetime, getaddresses, make_msgid
from typing import Any

import aiohttp
from aiosmtpd.smtp import SMTP, Envelope, Session

from core.clock import now

Json = dict[str, Any]

KEPT = 1000
_HREF = re.compile(r"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"']+")
_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


@dataclass(frozen=True)
class Mail:
    """A letter as it arrived."""

    id: str
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str | None
    headers: dict[str, str]
    at: datetime
    files: dict[str, str] = field(default_factory=dict)
    """The attached files by their names, in base64."""

    def file(self, ending: str = "") -> bytes:
        """The content of the first attached file whose name ends so."""
        for name, content in self.files.items():
            if name.endswith(ending):
                return base64.b64decode(content)
        raise LookupError(f"The letter “{self.subject}” has no file “{ending}”; it has: {list(self.files) or 'none'}.")

    def link(self, containing: str = "") -> str:
        """The first address in the letter that contains these words."""
        found: list[str] = [address.rstrip(".,;:!?)") for address in _URL.findall(self.text)]
        found += [markup.unescape(address) for address in _HREF.findall(self.html or "")]
        for address in found:
            if containing in address:
                return address
        raise LookupError(f"The letter “{self.subject}” has no link with “{containing}”; it has: {found or 'none'}.")

    def code(self) -> str:
        """The six digits in the letter."""
        found = _CODE.search(self.text) or _CODE.search(re.sub(r"<[^>]+>", " ", self.html or ""))
        if found is None:
            raise LookupError(f"The letter “{self.subject}” has no six-digit code.")
        return str(found.group(1))

    def answer_to(self) -> str:
        """The address to which an answer goes, where the letter names one; "" if it asks for none."""
        return next((address for _, address in getaddresses([self.headers.get("Reply-To", "")]) if address), "")

    def is_for(self, who: str) -> bool:
        """Whether it is addressed to this address, or to this first part of one ("clara")."""
        wanted = who.lower()
        return any(address.lower() == wanted or address.lower().split("@")[0] == wanted for address in self.to)


class Mailbox:
    """All mail of the sandbox's people, newest last in `messages`."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        changed: Callable[[], None] = lambda: None,
        bring_to: Callable[[], str] = lambda: "",
        secret: str = "",
    ) -> None:
        """`bring_to` is the bot's door for mail, to which answers are brought as a provider would, signed with `secret`."""
        self._bring_to, self._secret = bring_to, secret
        self.host = host
        self.port = port
        self.messages: list[Mail] = []
        self._changed = changed
        self._server: asyncio.Server | None = None
        self._lines: set[_Line] = set()
        self._refusals: list[int] = []
        self._hang_ups = 0
        self._arrived = asyncio.Event()

    async def start(self) -> None:
        """Listen; afterwards `port` is the real one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Line(self, loop), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door and hang up on who is still there."""
        if self._server is None:
            return
        self._server.close()
        for line in list(self._lines):
            line.hang_up()
        await self._server.wait_closed()
        await asyncio.sleep(0)  # the broken connections say goodbye
        self._server = None

    @property
    def url(self) -> str:
        """What SMTP_URL is for the bot."""
        return f"smtp://{self.host}:{self.port}"

    def dump(self) -> Json:
        return {"messages": [asdict(mail) | {"at": mail.at.isoformat()} for mail in self.messages]}

    def load(self, kept: Json) -> None:
        self.messages = [
            Mail(**(mail | {"at": datetime.fromisoformat(mail["at"])})) for mail in kept.get("messages", [])
        ]

    # reading

    def latest(self, to: str | None = None, subject: str = "") -> Mail:
        """The newest letter to this address (or first part of one) with these words in its subject."""
        for mail in reversed(self.messages):
            if (to is None or mail.is_for(to)) and subject.lower() in mail.subject.lower():
                return mail
        held = "; ".join(f"{', '.join(mail.to)}: {mail.subject}" for mail in self.messages[-10:]) or "nothing"
        raise LookupError(
            f"No letter to {to or 'anyone'}{f' about “{subject}”' if subject else ''}. The mailbox has {held}."
        )

    async def arrives(self, to: str | None = None, subject: str = "", timeout: float = 5.0) -> Mail:
        """Wait for such a letter, if it is not here yet."""
        end = asyncio.get_running_loop().time() + timeout
        while True:
            self._arrived.clear()
            try:
                return self.latest(to, subject)
            except LookupError:
                left = end - asyncio.get_running_loop().time()
                if left <= 0:
                    raise
            try:
                await asyncio.wait_for(self._arrived.wait(), left)
            except TimeoutError:
                return self.latest(to, subject)

    # writing

    def deliver(self, sender: str, to: str | list[str], subject: str, text: str, html: str | None = None) -> Mail:
        """Put a letter of the sandbox's own into the box (Slack's invitations)."""
        people = [to] if isinstance(to, str) else list(to)
        headers = {"From": sender, "To": ", ".join(people), "Subject": subject}
        return self._keep(Mail(_id(), sender, people, subject, text, html, headers, now()))

    async def replies(
        self,
        mail: Mail,
        text: str,
        *,
        sender: str = "",
        files: Sequence[tuple[str, bytes]] = (),
        headers: dict[str, str] | None = None,
    ) -> int:
        """Answer a letter as its reader (or as `sender`), with what it said quoted below; the status that the bot's door gives.

        Raises LookupError for a letter that asks for no answer.
        """
        if not mail.answer_to():
            raise LookupError(f"The letter “{mail.subject}” asks for no answer, so none would arrive.")
        quoted = "\n".join(f"> {line}" for line in mail.text.rstrip().splitlines())
        written = f"{text}\n\nOn {now():%a, %d %b %Y at %H:%M}, {mail.sender} wrote:\n{quoted}\n"
        letter = EmailMessage(policy=WIRE)
        before = " ".join([mail.headers.get("References", ""), mail.headers.get("Message-ID", "")]).split()
        given = {
            "From": sender or mail.to[0],
            "To": mail.answer_to(),
            "Subject": mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}",
            "Date": format_datetime(now()),
            "Message-ID": make_msgid(domain="mailbox.example"),
            "In-Reply-To": mail.headers.get("Message-ID", ""),
            "References": " ".join(before[-10:]),
            **(headers or {}),
        }
        for name, value in given.items():
            if value:
                letter[name] = value
        letter.set_content(written)
        for name, content in files:
            letter.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        status = await self.brings(letter.as_bytes())
        if status == 200:
            self._keep(_read(letter.as_bytes(), given["From"], [mail.answer_to()]))
        return status

    async def brings(self, raw: bytes) -> int:
        """Bring the bytes of a letter to the bot's door, signed; returns the status of its answer."""
        stamp = str(int(time.time()))
        signature = hmac.new(self._secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "message/rfc822",
            "X-Mail-Timestamp": stamp,
            "X-Mail-Signature": f"v1={signature}",
        }
        async with (
            aiohttp.ClientSession() as http,
            http.post(self._bring_to(), data=io.BytesIO(raw), headers=headers) as answer,
        ):
            return answer.status

    def refuse(self, times: int = 1, code: int = 451) -> None:
        """Refuse the next recipients: 451, come again later; 550, never."""
        self._refusals += [code] * times

    def hang_up(self, times: int = 1) -> None:
        """Take the next letters and break the connection before saying so."""
        self._hang_ups += times

    def _keep(self, mail: Mail) -> Mail:
        self.messages.append(mail)
        del self.messages[:-KEPT]
        self._arrived.set()
        self._changed()
        return mail

    # what the SMTP server asks of its handler

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if self._refusals:
            code = self._refusals.pop(0)
            return "451 Try again later" if code == 451 else f"{code} No such person here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: "_Line", session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self._keep(_read(content, envelope.mail_from or "", list(envelope.rcpt_tos)))
        if self._hang_ups:
            self._hang_ups -= 1
            server.hang_up()
        return "250 Kept"


class _Line(SMTP):
    """One connection, which the mailbox can break."""

    def __init__(self, box: Mailbox, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(box, hostname="mailbox.example", ident="sandbox", enable_SMTPUTF8=True, loop=loop)
        self._box = box

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._box._lines.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._box._lines.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


def _id() -> str:
    return secrets.token_hex(8)


def _read(content: bytes, sender: str, to: list[str]) -> Mail:
    letter = email.message_from_bytes(content, policy=default)
    assert isinstance(letter, EmailMessage)
    plain, rich = letter.get_body(("plain",)), letter.get_body(("html",))
    return Mail(
        id=_id(),
        sender=str(letter["From"] or sender),
        to=to,
        subject=str(letter["Subject"] or ""),
        text=str(plain.get_content()) if plain is not None else "",
        html=str(rich.get_content()) if rich is not None else None,
        headers={name: str(value) for name, value in letter.items()},
        at=now(),
        files={
            part.get_filename() or f"file-{number}": base64.b64encode(_bytes(part)).decode()
            for number, part in enumerate(letter.iter_attachments(), 1)
        },
    )


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
