"""Papers as they come from the press: all that was agreed stands on them, as plain text, and the same bytes every time."""

import hashlib
import io
import re
import subprocess
import sys
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader

from bot import paper
from bot.doctor import fonts as doctor
from bot.paper import fonts
from bot.settings import Settings
from core.errors import Invalid
from core.money import Money
from core.proposals import Basis, Document, Named, NewItem, Part, Point, Reduction, reckon

SENT = datetime(2026, 11, 21, 10, tzinfo=UTC)
SHA = "9f" * 32


def item(title: str, minor: int, quantity: int = 1, currency: str = "USD", **given: object) -> NewItem:
    return NewItem(title, quantity, Money(minor, currency), **given)  # type: ignore[arg-type]


def document(*items: NewItem, **given: object) -> Document:
    coupon: Reduction | None = given.get("coupon")  # type: ignore[assignment]
    told: dict[str, object] = {
        "number": 2,
        "title": "Website relaunch",
        "purpose": "",
        "agency": "Studio Ada",
        "company": "Northwind",
        "items": items,
        "total": reckon(items, items[0].unit.currency, (), coupon).once,
        "terms": "",
        "valid_until": date(2026, 12, 12),
        "timezone": "Europe/London",
        "expires_at": datetime(2026, 12, 13, tzinfo=UTC),
        "signers": (Named(uuid.UUID(int=1), "Clara Chen", "clara@northwind.example"),),
        **given,
    }
    return Document(**told)  # type: ignore[arg-type]


def words(pdf: bytes) -> str:
    """All words of a PDF, in one line."""
    with io.BytesIO(pdf) as file:
        text = " ".join(page.extract_text() for page in PdfReader(file).pages)
    return " ".join(re.sub("[\u2066-\u2069\u200b]", "", text).replace("\xa0", " ").split())


FULL = document(
    item("Discovery", 120_000, 2, description="Two half days.\n\nBring coffee."),
    item("Design", 640_000, discount_percent=Decimal(10), tax_percent=Decimal(20)),
    item("Photographs", 4_500, 12, kind="fee", tax_percent=Decimal(7)),
    item("Hosting", 29_000, period="month", trial_days=14, setup_minor=15_000, tax_percent=Decimal(20)),
    item("Copywriting", 42_000, 8, optional=True, tax_percent=Decimal(20)),
    coupon=Reduction("WELCOME5", percent=Decimal(5)),
    milestones=(Point("Design approved", date(2027, 1, 15), 1),),
    schedule=(
        Part("Deposit", "percent", "signing", Decimal(30)),
        Part("Halfway", "amount", "milestone", amount_minor=200_000, milestone=0),
        Part("Early part", "amount", "date", amount_minor=10_000, due_on=date(2027, 2, 1)),
        Part("Rest", "rest", "completion"),
    ),
    terms="Paid within 14 days.",
    terms_name="Standard",
    terms_version=3,
    in_order=True,
    signers=(
        Named(uuid.UUID(int=1), "Clara Chen", "clara@northwind.example"),
        Named(uuid.UUID(int=2), "Dana Flores", "dana@northwind.example"),
        Named(uuid.UUID(int=3), "Ada Lovelace", "ada@studioada.example", "staff"),
    ),
)


def test_everything_that_is_agreed_stands_on_it() -> None:
    text = words(paper.render(FULL, SHA, at=SENT).pdf)
    for told in (
        "Website relaunch",
        "Studio Ada × Northwind · proposal, version 2",
        "21 November 2026",
        "12 December 2026",
        "2 × $1,200.00",
        "10% off · plus 20% tax",
        "$5,760.00",
        "Photographs Fee",
        "plus $150.00 once, to set it up · the first 14 days are free",
        "Coupon WELCOME5 −$435.00",
        "Total without options",
        FULL.total.show(cents=True),
        "Options, yours to choose",
        "8 × $420.00",
        "Paid every month the first payment is $330.60 $348.00 / month",
        "Design approved Design 15 January 2027",
        "Deposit on signing · 30%",
        "Halfway when “Design approved” is reached $2,000.00",
        "Early part on 1 February 2027",
        "Rest when the work is completed",
        "Terms: Standard, version 3 Paid within 14 days.",
        "Ada Lovelace countersigns for Studio Ada",
        "dana@northwind.example",
        f"SHA-256 of this version {SHA}",
    ):
        assert told in text, told
    for _, amount in FULL.payments():
        assert amount.show(cents=True) in text


def test_a_change_of_scope_says_what_changes() -> None:
    scope = document(
        item("Shop", 480_000), kind="scope", before=Basis(Money(2_150_000, "USD"), date(2027, 3, 5)), number=1
    )
    text = words(paper.render(scope, SHA).pdf)
    assert "Agreed before until 5 March 2027 $21,500" in text
    assert "Added by this +$4,800" in text
    assert "From then on until 5 March 2027 $26,300" in text


def test_the_same_document_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    first, second = paper.render(FULL, SHA, at=SENT), paper.render(FULL, SHA, at=SENT)
    assert (first.pdf, first.source, first.renderer) == (second.pdf, second.source, second.renderer)
    script = (
        "import hashlib; from bot import paper; from tests.bot.test_paper import FULL, SENT, SHA;"
        "print(hashlib.sha256(paper.render(FULL, SHA, at=SENT).pdf).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == hashlib.sha256(first.pdf).hexdigest()
    assert paper.render(FULL, "ab" * 32, at=SENT).pdf != first.pdf


def test_what_people_write_is_never_markup() -> None:
    evil = '#read("/etc/passwd") *bold* $x^2$ <label> @ref `raw` // no \\ ] } = #eval("1")'
    told = document(item(evil[:80], 100, description=evil), title=evil, purpose=evil, terms=evil, company=evil[:60])
    assert words(paper.render(told, SHA).pdf).count("eval") >= 3
    assert '*bold* $x^2$ <label> @ref `raw` // no \\ ] } = #eval("1")' in words(paper.render(told, SHA).pdf)


def test_long_documents_lose_nothing() -> None:
    items = [item(f"Package {n}", 100_000 + n, description="What is done. " * (n % 9)) for n in range(50)]
    terms = "\n\n".join(f"{n}. Clause {n}\n" + "Each side may expect this of the other. " * 15 for n in range(45))
    long = document(*items, terms=terms[:30_000])
    text = words(paper.render(long, SHA).pdf)
    assert all(f"Package {n} " in text for n in range(50))
    assert all(f"Clause {n} " in text for n in range(45))


def test_words_without_end_stay_on_the_page() -> None:
    endless = "https://studio.example/" + "x1y2z3/" * 60
    told = document(
        item("W" * 120, 100, description=endless), title="M" * 110, terms=endless, company="Gesellschaft" * 6
    )
    with io.BytesIO(paper.render(told, SHA).pdf) as file:
        lines = [line for page in PdfReader(file).pages for line in page.extract_text().splitlines()]
    assert max(len(line) for line in lines) < 120
    assert endless in words(paper.render(told, SHA).pdf).replace(" ", "")


@pytest.mark.parametrize("told", ["漢字とかな", "한국어 제안서", "مرحبا بالعالم", "Предложение", "Πρόταση", "ñandú…"])
def test_scripts_that_are_covered_are_set(told: str) -> None:
    paper.refuse_unsettable(document(item(told, 100)))
    assert paper.render(document(item(told, 100)), SHA).pdf.startswith(b"%PDF-")
    assert paper.missing([told]) == []


def test_what_no_font_has_is_refused_with_its_name() -> None:
    with pytest.raises(Invalid, match="I cannot set “🚀” in the PDF") as refusal:
        paper.refuse_unsettable(document(item("Launch 🚀", 100)))
    assert refusal.value.field == "lines"
    with pytest.raises(Invalid, match=r"the control character U\+000B and 1 more") as refusal:
        paper.refuse_unsettable(document(item("Launch", 100), terms="a\x0b 🚀"))
    assert refusal.value.field == "terms"
    with pytest.raises(Invalid):
        paper.render(document(item("Launch 🚀", 100)), SHA)
    assert fonts.spelled("Ann 🚀") == "Ann [U+1F680]"


def test_a_folder_of_ones_own_adds_fonts(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font at all")
    before = len(fonts.covered())
    try:
        paper.furnish(str(tmp_path))
        assert len(fonts.covered()) == before
        assert fonts.folders()[-1] == tmp_path
    finally:
        paper.furnish("")
    assert tmp_path not in fonts.folders()


def test_the_doctor_tells_which_scripts_can_be_set(tmp_path: Path) -> None:
    (found,) = doctor.examine(Settings(fonts_folder=""))
    assert found.ok
    assert "Arabic" in found.what and "Japanese" in found.what and "emoji" not in found.what
    assert "emoji" in found.mend and "FONTS_FOLDER" in found.mend
    (wrong,) = doctor.examine(Settings(fonts_folder=str(tmp_path / "nowhere")))
    assert not wrong.ok


def test_a_certificate_follows_the_very_bytes_that_were_signed() -> None:
    offer, more = paper.render(FULL, SHA, at=SENT).pdf, paper.render(document(item("Audit", 100)), SHA).pdf
    bound = paper.append(offer, more)
    assert bound.startswith(offer) and paper.append(offer, more) == bound
    pages = [len(PdfReader(io.BytesIO(each)).pages) for each in (offer, more, bound)]
    assert pages[2] == pages[0] + pages[1]
    assert words(bound) == f"{words(offer)} {words(more)}"
