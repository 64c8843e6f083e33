"""The sandbox's mailbox: keeps what comes by SMTP, and is read by whom a letter is for."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from bot.sandbox.mailbox import Mailbox
from core import clock


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    one = Mailbox()
    await one.start()
    yield one
    await one.stop()


async def drop(box: Mailbox, to: str = "clara@northwind.example", subject: str = "Your code", text: str = "") -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "Studio Ada <hello@studioada.example>", to, subject
    letter.set_content(text or "Your code is 042117. It works for 15 minutes.")
    await aiosmtplib.send(letter, hostname="127.0.0.1", port=box.port, local_hostname="test.example")


async def test_letters_are_kept_and_found_by_address_and_subject(box: Mailbox) -> None:
    await drop(box)
    await drop(box, to="luis@northwind.example", subject="Invoice 14")
    await drop(box, subject="Signed")
    assert [letter.subject for letter in box.messages] == ["Your code", "Invoice 14", "Signed"]
    assert box.latest().subject == "Signed"
    assert box.latest(to="Clara@Northwind.example").subject == "Signed"
    assert box.latest(to="clara", subject="code").code() == "042117"
    assert box.latest(to="luis").sender == "Studio Ada <hello@studioada.example>"
    with pytest.raises(LookupError, match=r"luis@northwind\.example: Invoice 14"):
        box.latest(to="dana")


async def test_the_link_and_the_code_are_read_from_text_and_html(box: Mailbox) -> None:
    text = "Open (https://p.example/portal/enter?t=1). Invoice 1234567; code 118822"
    letter = box.deliver(
        "a@b.example", "clara@northwind.example", "Hi", text, '<a href="https://p.example/x?a=1&amp;b=2">x</a>'
    )
    assert letter.link() == "https://p.example/portal/enter?t=1"
    assert letter.link("/x?") == "https://p.example/x?a=1&b=2"
    assert letter.code() == "118822"
    with pytest.raises(LookupError, match="no link with"):
        letter.link("nowhere")
    with pytest.raises(LookupError, match="six-digit"):
        box.deliver("a@b.example", "c@d.example", "Hi", "12345 1234567").code()


async def test_a_letter_can_be_waited_for(box: Mailbox) -> None:
    async def later() -> None:
        await asyncio.sleep(0.02)
        await drop(box, subject="First")
        await drop(box, subject="Second")

    task = asyncio.create_task(later())
    assert (await box.arrives(to="clara", subject="second", timeout=2)).subject == "Second"
    await task
    with pytest.raises(LookupError):
        await box.arrives(to="nobody", timeout=0.01)


async def test_letters_bear_the_movable_clocks_time_and_survive_a_restart(
    box: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    await drop(box, subject="Today")
    clock.move(86_400)
    await drop(box, subject="Tomorrow")
    assert box.messages[1].at - box.messages[0].at > timedelta(hours=23)
    second = Mailbox()
    second.load(json.loads(json.dumps(box.dump())))
    assert second.messages == box.messages


async def test_changes_are_told_and_refusals_are_for_the_next_only() -> None:
    changes: list[int] = []
    box = Mailbox(changed=lambda: changes.append(1))
    await box.start()
    box.refuse(1, code=550)
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await drop(box)
    assert changes == []
    await drop(box)
    assert changes == [1]
    await box.stop()


async def test_it_stops_while_somebody_is_still_connected() -> None:
    box = Mailbox()
    await box.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", box.port)
    assert (await reader.readline()).startswith(b"220")
    await asyncio.wait_for(box.stop(), 2)
    assert await reader.read() == b""
    writer.close()
