"""Mail over SMTP: one letter to one person, that cannot be made to carry other headers or other recipients."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bot.gateways.failures import Failure, Permanent, Temporary, Unknown
from bot.gateways.hosts import is_loopback
from core.clock import now

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\\x00-\x1f\x7f]+@[^\s@<>()\[\],;:\"\\\x00-\x1f\x7f]+")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_REPLY_TO = re.compile(r"[A-Za-z0-9._+-]{1,30}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_OURS = frozenset({"from", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version", "sender"})


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    kind: str
    """Its media type, such as application/pdf."""
    content: bytes


class Mail:
    """The way to one mail server. smtps:// and port 587 are encrypted; a password never travels in the clear."""

    def __init__(self, *, smtp_url: str, sender: str, timeout: float = 20.0) -> None:
        parts = urlsplit(smtp_url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("SMTP_URL reads like smtp://user:password@mail.example:587, or smtps://….")
        name, address = parseaddr(sender)
        if not _ADDRESS.fullmatch(address):
            raise ValueError("MAIL_FROM is an address, such as: Studio Ada <hello@studioada.example>.")
        self._name, self._address = name, address
        self._domain = address.rpartition("@")[2]
        self._host = parts.hostname
        self._over_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._over_tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._timeout = timeout
        # None means: encrypted where the server offers it.
        must = self._port == 587 or (self._user is not None and not is_loopback(self._host))
        self._start_tls = False if self._over_tls else (True if must else None)

    @property
    def domain(self) -> str:
        """The domain of the sender's address, under which our letters have their ids."""
        return self._domain

    async def send(
        self,
        to: str,
        subject: str,
        text: str,
        html: str | None = None,
        headers: Mapping[str, str] | None = None,
        message_id: str | None = None,
        *,
        to_name: str = "",
        from_name: str | None = None,
        attachments: Sequence[Attachment] = (),
    ) -> str:
        """Hand a letter to the mail server and return its Message-ID.

        Give the same `message_id` when the same letter is sent again, so that mailboxes can tell. 4xx and lost
        connections are Temporary (Unknown once the letter was on its way), 5xx and wrong addresses are Permanent.
        """
        letter = self._letter(to, subject, text, html, headers or {}, message_id, to_name, from_name)
        for file in attachments:
            main, _, sub = file.kind.partition("/")
            letter.add_attachment(file.content, maintype=main, subtype=sub, filename=_one_line(file.name))
        client = self._client()
        on_its_way = False
        try:
            async with client:
                on_its_way = True
                await client.send_message(letter, sender=self._address, recipients=[to])
                on_its_way = False
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _verdict(error, on_its_way) from error
        return str(letter["Message-ID"])

    async def check(self) -> None:
        """Connect, log in and leave again; raises the Failure that a letter would meet."""
        try:
            async with self._client() as client:
                await client.noop()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _verdict(error, on_its_way=False) from error

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._over_tls,
            start_tls=self._start_tls,
            timeout=self._timeout,
            local_hostname=self._domain,
        )

    def _letter(
        self,
        to: str,
        subject: str,
        text: str,
        html: str | None,
        headers: Mapping[str, str],
        message_id: str | None,
        to_name: str,
        from_name: str | None,
    ) -> EmailMessage:
        if not _ADDRESS.fullmatch(to):
            raise Permanent("mail", "address", f"“{_one_line(to)}” is not an e-mail address.")
        letter = EmailMessage(policy=WIRE)
        try:
            letter["From"] = _person(self._name if from_name is None else from_name, self._address)
            letter["To"] = _person(to_name, to)
            letter["Subject"] = _one_line(subject)
            letter["Date"] = format_datetime(now())
            letter["Message-ID"] = _one_line(message_id) if message_id else make_msgid(domain=self._domain)
            for name, value in headers.items():
                if not _HEADER.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("content-"):
                    raise Permanent("mail", "header", f"“{_one_line(name)}” is no header that a letter may be given.")
                letter[name] = _one_line(value)
            letter.set_content(text)
            if html is not None:
                letter.add_alternative(html, subtype="html")
        except (ValueError, MessageError, UnicodeError) as error:
            raise Permanent("mail", "letter", "That letter cannot be written as mail.") from error
        return letter


def reply_address(reply_to: str, token: str) -> str:
    """The address to which a letter is answered: the token stands behind a plus in MAIL_REPLY_TO. ValueError if that is none."""
    if not _REPLY_TO.fullmatch(reply_to):
        raise ValueError("MAIL_REPLY_TO is a plain address with a short name, such as reply@studioada.example.")
    local, _, domain = reply_to.rpartition("@")
    return f"{local}+{token}@{domain}"


def _one_line(words: str) -> str:
    """The words with every line break and control character as one space: a header has one line."""
    return " ".join(
        "".join(" " if ord(letter) < 32 or letter in "\x7f\x85\u2028\u2029" else letter for letter in words).split()
    )


def _person(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=_one_line(name), username=local, domain=domain)


def _verdict(error: Exception, on_its_way: bool) -> Failure:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        return _verdict(error.recipients[0], on_its_way)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        sentence = f"The mail server said {error.code}: {_one_line(error.message)[:200]}"
        if 500 <= error.code < 600:
            return Permanent("mail", str(error.code), sentence)
        return Temporary("mail", str(error.code), sentence)
    if isinstance(error, aiosmtplib.SMTPNotSupported) or type(error) is aiosmtplib.SMTPException:
        # The bare class is how the library says that the server offers no encryption.
        return Permanent(
            "mail", "not_supported", f"The mail server cannot take this letter: {_one_line(error.message)}"
        )
    if on_its_way and not isinstance(error, aiosmtplib.SMTPConnectError):
        return Unknown(
            "mail", "connection_lost", "The connection to the mail server was lost while the letter was sent."
        )
    return Temporary("mail", "unreachable", "The mail server could not be reached.")
