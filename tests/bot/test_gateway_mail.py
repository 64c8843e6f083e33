"""The mail gateway against the sandbox's mailbox, over real SMTP: letters arrive as written and carry nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.gateways.failures import Permanent, Temporary, Unknown
from bot.gateways.mail import Mail
from bot.sandbox.mailbox import Mailbox

CLARA = "clara@northwind.example"


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    one = Mailbox()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
def mail(box: Mailbox) -> Mail:
    return Mail(smtp_url=box.url, sender="Studio Ada <hello@studioada.example>", timeout=2)


async def test_a_letter_arrives_as_it_was_written(box: Mailbox, mail: Mail) -> None:
    told = await mail.send(
        CLARA,
        "Rechnung für Clara ✓",
        "Due Fri 28 Nov.\nhttps://p.example/pay",
        html="<p>Due <a href='https://p.example/pay?a=1&amp;b=2'>Fri</a></p>",
        headers={"Reply-To": "c-7@reply.studioada.example"},
        to_name="Clara Chen",
        from_name="Ada (Studio Ada)",
    )
    letter = box.latest(to=CLARA)
    assert (letter.subject, letter.to) == ("Rechnung für Clara ✓", [CLARA])
    assert letter.text.splitlines() == ["Due Fri 28 Nov.", "https://p.example/pay"]
    assert letter.html is not None and "Fri</a>" in letter.html
    assert letter.headers["To"] == "Clara Chen <clara@northwind.example>"
    assert letter.headers["From"] == '"Ada (Studio Ada)" <hello@studioada.example>'
    assert letter.headers["Reply-To"] == "c-7@reply.studioada.example"
    assert letter.headers["Message-ID"] == told
    assert told.endswith("@studioada.example>")
    assert letter.link("b=2") == "https://p.example/pay?a=1&b=2"


async def test_a_letter_sent_again_keeps_its_id(box: Mailbox, mail: Mail) -> None:
    for _ in range(2):
        assert await mail.send(CLARA, "Hello", "Hi", message_id="<p-1@throughline>") == "<p-1@throughline>"
    assert [one.headers["Message-ID"] for one in box.messages] == ["<p-1@throughline>"] * 2


@pytest.mark.parametrize(
    "bad", ["Hi\r\nBcc: all@evil.example", "Hi\nBcc: all@evil.example", "Hi\r\n\r\nNew body", "a\x00b\x85c\u2028d"]
)
async def test_no_words_become_headers(box: Mailbox, mail: Mail, bad: str) -> None:
    await mail.send(CLARA, bad, "Hi", to_name=bad, from_name=bad, headers={"X-Note": bad}, message_id="<a@b>")
    letter = box.latest()
    assert letter.to == [CLARA]
    assert set(letter.headers) == {
        "From", "To", "Subject", "Date", "Message-ID", "X-Note",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert letter.text.strip() == "Hi"
    assert "\n" not in letter.subject


@pytest.mark.parametrize(
    "to",
    [
        "",
        "clara",
        "clara@northwind.example, eve@evil.example",
        "clara@northwind.example\r\nRCPT TO:<eve@evil.example>",
        "<clara@northwind.example>",
        "a@b@c.example",
        "clara @northwind.example",
    ],
)
async def test_what_is_no_address_is_refused_before_it_is_sent(box: Mailbox, mail: Mail, to: str) -> None:
    with pytest.raises(Permanent) as refused:
        await mail.send(to, "Hello", "Hi")
    assert refused.value.code == "address"
    assert box.messages == []


@pytest.mark.parametrize("name", ["Bcc", "to", "X-Note\r\nBcc", "Content-Type", "", "X Note"])
async def test_only_harmless_headers_may_be_added(box: Mailbox, mail: Mail, name: str) -> None:
    with pytest.raises(Permanent) as refused:
        await mail.send(CLARA, "Hello", "Hi", headers={name: "x"})
    assert refused.value.code == "header"
    assert box.messages == []


async def test_the_servers_no_is_permanent_and_its_not_now_temporary(box: Mailbox, mail: Mail) -> None:
    box.refuse(1, code=451)
    box.refuse(1, code=550)
    with pytest.raises(Temporary) as later:
        await mail.send(CLARA, "Hello", "Hi")
    assert (type(later.value), later.value.code) == (Temporary, "451")
    with pytest.raises(Permanent) as never:
        await mail.send(CLARA, "Hello", "Hi")
    assert never.value.code == "550"
    await mail.send(CLARA, "Hello", "Hi")
    assert len(box.messages) == 1


async def test_a_connection_lost_on_the_way_is_unknown(box: Mailbox, mail: Mail) -> None:
    box.hang_up()
    with pytest.raises(Unknown):
        await mail.send(CLARA, "Hello", "Hi")
    assert len(box.messages) == 1, "it had arrived all the same"


async def test_a_server_that_is_not_there_is_temporary() -> None:
    mail = Mail(smtp_url="smtp://127.0.0.1:1", sender="a@b.example")
    for attempt in (mail.check(), mail.send(CLARA, "Hello", "Hi")):
        with pytest.raises(Temporary) as failed:
            await attempt
        assert (type(failed.value), failed.value.code) == (Temporary, "unreachable")


async def test_check_reaches_the_server_and_sends_nothing(box: Mailbox, mail: Mail) -> None:
    await mail.check()
    assert box.messages == []


async def test_a_password_is_not_sent_in_the_clear() -> None:
    heard: list[bytes] = []
    visits: list[asyncio.Task[None] | None] = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(asyncio.current_task())
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            heard.append(line.split()[0].upper())
            writer.write(
                {b"EHLO": b"250-hello\r\n250 AUTH PLAIN\r\n", b"AUTH": b"235 welcome\r\n"}.get(heard[-1], b"250 ok\r\n")
            )
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        # 127.1 leads to this machine, but is not one of the names by which we know it: to us a server like any other.
        with pytest.raises(Permanent):
            await Mail(smtp_url=f"smtp://ada:secret@127.1:{port}", sender="a@b.example", timeout=2).check()
        assert b"AUTH" not in heard
        await Mail(smtp_url=f"smtp://ada:secret@127.0.0.1:{port}", sender="a@b.example", timeout=2).check()
        assert b"AUTH" in heard
        await asyncio.gather(*[visit for visit in visits if visit])


@pytest.mark.parametrize(
    ("url", "sender"),
    [("http://mail.example", "a@b.example"), ("smtp://", "a@b.example"), ("smtp://mail.example", "Studio Ada")],
)
def test_settings_that_cannot_work_are_named(url: str, sender: str) -> None:
    with pytest.raises(ValueError, match=r"SMTP_URL|MAIL_FROM"):
        Mail(smtp_url=url, sender=sender)
