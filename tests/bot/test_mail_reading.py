"""Letters as they come in: what is said, without quotes and signatures; whatever is broken in them, they are read or refused."""

import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gateways.mail import markup, quotes
from bot.gateways.mail.reading import SHOWN, read, ref_of, tokens_of

TOKEN = "abcdefghijklmnopqrstuvwxyz"
REPLY = "Yes, blue please.\n\nAnd by Friday?"


def letter(text: str = REPLY, **headers: str) -> EmailMessage:
    made = EmailMessage()
    given = {
        "From": "Clara Chen <clara@northwind.example>",
        "To": f"Studio Ada <reply+{TOKEN}@studioada.example>",
        "Subject": "Re: The logo",
        "Message-ID": "<one@northwind.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    for name, value in given.items():
        made[name] = value
    made.set_content(text)
    return made


QUOTES = {
    "gmail": f"{REPLY}\n\nOn Fri, Nov 21, 2025 at 10:01 AM Studio Ada <hello@studioada.example> wrote:\n\n> Hello Clara,\n>\n> Blue?\n",
    "gmail, folded": f"{REPLY}\n\nOn Fri, Nov 21, 2025 at 10:01 AM Studio Ada\n<hello@studioada.example>\nwrote:\n> Hello\n",
    "german": f"{REPLY}\n\nAm 21.11.2025 um 10:01 schrieb Studio Ada <hello@studioada.example>:\n> Hello Clara\n",
    "french": f"{REPLY}\n\nLe ven. 21 nov. 2025 à 10:01, Studio Ada a écrit :\n> Hello Clara\n",
    "spanish": f"{REPLY}\n\nEl vie, 21 nov 2025 a las 10:01, Studio Ada (<hello@studioada.example>) escribió:\n\n> Hello\n",
    "outlook": f"{REPLY}\n\n________________________________\nFrom: Studio Ada <hello@studioada.example>\n"
    "Sent: Friday\nTo: Clara\nSubject: The logo\n\nHello Clara,\nBlue?\n",
    "outlook, old": f"{REPLY}\n\n-----Original Message-----\nFrom: Studio Ada\nSent: Friday\n\nHello Clara\n",
    "outlook, german": f"{REPLY}\n\nVon: Studio Ada <hello@studioada.example>\nGesendet: Freitag\nAn: Clara\nBetreff: Logo\n\nHallo\n",
    "no name": f"{REPLY}\n\nStudio Ada <hello@studioada.example>:\n> Hello\n",
    "not marked": f"{REPLY}\n\nOn 21 Nov 2025, at 10:01, Studio Ada <hello@studioada.example> wrote:\n\nHello Clara,\nBlue?\n",
    "signature": f"{REPLY}\n\n-- \nClara Chen\nNorthwind\n",
    "phone": f"{REPLY}\n\nSent from my iPhone\n\n> On 21 Nov 2025, at 10:01, Studio Ada wrote:\n> \n> Hello\n",
    "below": f"On Fri, Nov 21, 2025 at 10:01 AM Studio Ada wrote:\n> Hello Clara,\n> Blue?\n\n{REPLY}\n",
    "windows": f"{REPLY}\n\nOn Friday Studio Ada wrote:\n> Hello\n".replace("\n", "\r\n"),
    "nothing quoted": REPLY,
}


@pytest.mark.parametrize("kind", QUOTES)
def test_what_is_quoted_and_signed_is_left_out(kind: str) -> None:
    assert quotes.said(QUOTES[kind]) == REPLY


def test_answers_between_quoted_lines_keep_them() -> None:
    text = "On Friday Ada wrote:\n> Blue?\nYes.\n> By Friday?\nBy Monday.\n"
    assert "> Blue?\nYes.\n> By Friday?\nBy Monday." in quotes.said(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please note the date: 12 Dec.\nFrom: now on we use blue.",
        "I wrote:\nBlue is best\nand I still think so",
        "Two options -- blue or green.\n- blue\n- green",
        "> quoted only",
        "On Friday Ada wrote:\n> Blue?",
    ],
)
def test_what_only_looks_like_a_quote_stays_and_something_always_does(text: str) -> None:
    assert quotes.said(text) == text.strip()


def test_html_becomes_plain_words() -> None:
    html = (
        "<html><head><style>p{color:red}</style><title>x</title></head><body><p>Yes, <b>blue</b> please.</p><!-- secret -->"
        "<div>See <a href='https://x.example/a?b=1&amp;c=2'>this</a></div><ul><li>one<li>two</ul>a &lt; b<br>c"
        "<script>alert(1)</script><blockquote>Blue?</blockquote></body></html>"
    )
    assert markup.plain(html) == (
        "Yes, blue please.\n\nSee this (https://x.example/a?b=1&c=2)\n\n• one\n• two\n\na < b\nc\n\n> Blue?"
    )


def test_a_letter_in_html_alone_is_read_and_trimmed() -> None:
    made = letter()
    made.set_content(
        '<div dir="ltr">Yes, blue.</div><br><div class="gmail_quote"><div>On Fri, Nov 21, 2025 at 10:01 AM Studio Ada &lt;'
        'hello@studioada.example&gt; wrote:<br></div><blockquote class="gmail_quote">Hello Clara</blockquote></div>',
        subtype="html",
    )
    found = read(made.as_bytes())
    assert found.said == "Yes, blue." and "> Hello Clara" in found.whole


def test_a_letter_is_read_with_its_files_and_its_whole() -> None:
    made = letter(QUOTES["gmail"], References="<a@x> <b@y>", In_Reply_To="<b@y>")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Größe/../angebot.pdf")
    made.add_attachment(letter("Old words"), filename="old.eml")
    found = read(made.as_bytes())
    assert (found.said, found.sender, found.subject) == (REPLY, "clara@northwind.example", "Re: The logo")
    assert "> Blue?" in found.whole and found.tokens == (TOKEN,) and found.ref == "<one@northwind.example>"
    assert found.references == ("<a@x>", "<b@y>", "<b@y>") and not found.automatic and not found.returned
    assert [(one.name, one.mimetype) for one in found.files] == [
        ("Größe_.._angebot.pdf", "application/pdf"),
        ("old.eml", "message/rfc822"),
    ]
    assert found.files[0].content == b"%PDF" and b"Old words" in found.files[1].content


def test_a_subject_is_decoded_with_its_spaces() -> None:
    for subject in ("Ada would like to talk about “Which blue” & more", "Größe", "=?utf-8?q?a?= =?utf-8?q?b?= c"):
        wanted = "ab c" if "=?" in subject else subject
        assert read(letter(Subject=subject).as_bytes()).subject == wanted


def test_a_logo_inside_is_no_file_and_a_picture_is() -> None:
    made = letter()
    made.add_alternative("<p>Yes <img src='cid:a'></p>", subtype="html")
    related = made.get_payload()[1]  # type: ignore[index]
    related.add_related(b"x" * 100, "image", "png", cid="<a>")  # type: ignore[union-attr]
    related.add_related(b"x" * 30_000, "image", "png", cid="<b>", filename="shot.png")  # type: ignore[union-attr]
    assert [one.name for one in read(made.as_bytes()).files] == ["shot.png"]


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied (vacation)"}, "automatic_answer"),
        ({"Auto_Submitted": "no"}, ""),
        ({"Precedence": "bulk"}, "bulk"),
        ({"Return_Path": "<>"}, "report"),
        ({"List_Id": "<x.example>"}, "list"),
    ],
)
def test_what_no_person_wrote_is_told(headers: dict[str, str], why: str) -> None:
    assert read(letter(**headers).as_bytes()).automatic == why


BOUNCE = f"""From: MAILER-DAEMON@mx.example
To: hello@studioada.example
Return-Path: <>
Message-ID: <dsn@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

Nobody is called clara here.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; clara@northwind.example
Action: failed
Status: 5.1.1
--B
Content-Type: text/rfc822-headers

Reply-To: reply+{TOKEN}@studioada.example
--B--
"""


def test_a_bounce_is_known_and_leads_to_whom_it_was_sent() -> None:
    found = read(BOUNCE.encode())
    assert found.returned and found.automatic == "report" and found.tokens == (TOKEN,)
    assert tokens_of(BOUNCE.encode()) == [TOKEN]
    assert not read(BOUNCE.replace("failed", "delayed").encode()).returned
    assert not read(BOUNCE.replace("5.1.1", "4.4.1").encode()).returned


def test_tokens_are_found_where_mail_servers_put_them_and_whatever_they_do_to_capitals() -> None:
    moved = letter(To="hello@studioada.example", Delivered_To=f"REPLY+{TOKEN.upper()}@STUDIOADA.EXAMPLE")
    assert tokens_of(moved.as_bytes()) == [TOKEN]
    assert tokens_of(letter(f"reply+{TOKEN}@studioada.example", To="a@b.example").as_bytes()) == []


HORRORS = {
    "empty": b"",
    "no letter": b"\x00\xff\xfe" * 1000,
    "charset": b"Content-Type: text/plain; charset=x-klingon\n\nQapla\xff",
    "charset of bytes": b"Content-Type: text/plain; charset=rot13\n\nHi",
    "charset with NUL": b'Content-Type: text/plain; charset="utf\x00"\n\nHi',
    "ids": b"Message-ID: <a\x00b@\xff>\nReferences: <\x00@x> <a@b>\nContent-Type: text/\x00\n\nHi",
    "NUL": b"From: a@b.example\nSubject: a\x00b\n\na\x00b",
    "surrogates": "From: a@b.example\n\n\ud800".encode("utf-8", "surrogatepass"),
    "surrogates in UTF-7": b"Content-Type: text/plain; charset=utf-7\n\n+2AA-",
    "base64": b"Content-Transfer-Encoding: base64\n\n!!!not base64",
    "long header": b"From: " + b"(" * 300_000 + b"\n\nHi",
    "many addresses": b"From: " + b"a@b.example," * 100_000 + b"\n\nHi",
    "deep": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)),
    "no boundary": b"Content-Type: multipart/mixed\n\nHi",
    "encoded word": b"Subject: =?x-klingon?Q?=FF?= =?utf-8?B?!!!?=\n\nHi",
    "tags": b"Content-Type: text/html\n\n" + b"<a " * 400_000,
    "comments": b"Content-Type: text/html\n\n" + b"<!--" * 400_000,
    "ten megabytes": b"Content-Type: text/html\n\n" + b"<p>Hello <b>there</b></p>\n" * 400_000,
    "quotes": b"\n\n" + b"On a wrote:\n> b\nc\n" * 20_000,
    "attributions": b"\n\n" + b"On " * 60_000,
    "headers": b"\n\n" + b"From: a\nTo: b\n" * 50_000,
}


@pytest.mark.parametrize("kind", HORRORS)
def test_no_letter_stops_us(kind: str) -> None:
    began = time.perf_counter()
    try:
        found = read(HORRORS[kind])
    except ValueError as refused:
        assert "cannot be read" in str(refused)
    else:
        kinds = [each for file in found.files for each in (file.name, file.mimetype)]
        for text in (found.said, found.whole, found.subject, found.sender, found.ref, *found.references, *kinds):
            assert "\x00" not in text
            text.encode()
        assert len(found.said) <= SHOWN
    ref_of(HORRORS[kind])
    tokens_of(HORRORS[kind])
    assert time.perf_counter() - began < 8, "in time that grows with the letter"


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=2000), st.sampled_from([b"", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n", b"From: "])
)
def test_any_bytes_are_read_or_refused(body: bytes, before: bytes) -> None:
    try:
        read(before + body).said.encode()
    except ValueError as refused:
        assert "cannot be read" in str(refused)
