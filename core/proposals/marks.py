"""The words in brackets behind an item ("fee, monthly, 10% off, 20% tax"), read forgivingly and written back the same."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from core.errors import Invalid
from core.money import Money, exponent
from core.proposals.prices import price

LONGEST_TRIAL = 366
WORDS = "In brackets go fee, optional, monthly, setup 300, trial 14 days, 10% off, 200 off or 20% tax."

EVERY = {
    **dict.fromkeys(("week", "weekly", "wk"), "week"),
    **dict.fromkeys(("month", "monthly", "mo"), "month"),
    **dict.fromkeys(("quarter", "quarterly"), "quarter"),
    **dict.fromkeys(("year", "yearly", "yr", "annual", "annually"), "year"),
    **dict.fromkeys(("once", "one-time", "one time", "one-off"), ""),
}
"""How a period is said, and its name."""

ADVERBS = {"week": "weekly", "month": "monthly", "quarter": "quarterly", "year": "yearly"}

_BRACKET = re.compile(r"[\s,]*[(\[](?P<words>[^()\[\]]*)[)\]]\s*$")
_BEHIND = re.compile(
    r"(?<=[\d€$£¥₹A-Z])(?:\s*/\s*|\s+(?:per|a|each|every)\s+)(?P<unit>week|wk|month|mo|quarter|year|yr)\s*$"
    r"|(?<=[\d€$£¥₹A-Z])\s+(?P<adverb>weekly|monthly|quarterly|yearly)\s*$",
    re.IGNORECASE,
)
# A comma inside a number separates nothing: "setup 1,000", "7,7% tax".
_APART = re.compile(r"\s*(?:;|(?<!\d),|,(?!\d{3}(?!\d)|\d{1,3}\s*%))\s*")
_PERIOD = re.compile(r"(?:(?:per|a|each|every)\s+|/\s*)?(?P<period>[a-z -]+)")
_TAXES = r"(?:sales\s+)?(?:tax|vat|gst|mwst|iva|tva)"
_SHARE = r"[-−+]?\s*\d[\d.,]*"
_TAX = re.compile(rf"(?:plus\s+|\+\s*)?(?P<a>{_SHARE})\s*%\s*{_TAXES}|{_TAXES}:?\s*(?P<b>{_SHARE})\s*%")
_PERCENT_OFF = re.compile(
    rf"(?P<a>{_SHARE})\s*%\s*(?:off|discount|less)|(?:discount|less):?\s*(?P<b>{_SHARE})\s*%|(?P<c>[-−]\s*\d[\d.,]*)\s*%"
)
_OFF = re.compile(r"(?P<a>.*\d.*?)\s*(?:off|discount|less)|(?:discount|less):?\s*(?P<b>.*\d.*)")
_SETUP = re.compile(r"set[- ]?up(?:\s+fee)?:?\s*(?P<a>.*\d.*)|(?P<b>.*\d.*?)\s*set[- ]?up(?:\s+fee)?")
_TRIAL = re.compile(
    r"(?:free\s+)?trial:?\s*(?:of\s+)?(?P<a>[-−]?\d+)[- ](?P<c>day|week)s?(?:\s+free)?"
    r"|(?P<b>[-−]?\d+)[- ](?P<d>day|week)s?(?:\s+free)?\s*(?:trial|free)"
)


@dataclass(frozen=True)
class Marks:
    """What the brackets say of an item; None is what they do not say."""

    kind: str | None = None
    optional: bool = False
    discount_percent: Decimal | None = None
    discount_minor: int | None = None
    tax_percent: Decimal | None = None
    period: str | None = None
    trial_days: int | None = None
    setup_minor: int | None = None


def apart(line: str, whole: Callable[[str], bool]) -> tuple[str, list[str]]:
    """A line without the brackets, or the “/month”, that stand at its end, and the words in them.

    What is `whole`, such as a service that is called “Hosting (yearly)”, is left as it is.
    """
    rest, words = line.strip(), list[str]()
    while not whole(rest) and (bracket := _BRACKET.search(rest)):
        words = [*(word for word in _APART.split(bracket["words"].strip()) if word), *words]
        rest = rest[: bracket.start()].rstrip()
    if not whole(rest) and (behind := _BEHIND.search(rest)):
        words.insert(0, (behind["unit"] or behind["adverb"]).lower())
        rest = rest[: behind.start()].rstrip()
    return rest, words


def understood(words: list[str], currency: str) -> Marks:
    """What the words say; Invalid for one that says nothing, or that is said twice, or that cannot be."""
    marks = Marks()
    for word in words:
        said = _one(" ".join(word.casefold().split()), word, currency)
        for name, value in said.items():
            if getattr(marks, name) not in (None, False, value):
                raise Invalid(f"“{word}” and another of its kind stand there. Please write one of them.")
            marks = replace(marks, **{name: value})  # type: ignore[arg-type]
    if marks.discount_percent and marks.discount_minor:
        raise Invalid("There are two discounts, a percentage and an amount. Please write one of them.")
    return marks


def known(words: list[str], currency: str) -> bool:
    """Whether each of the words is of a kind that stands in brackets, be it sound or not."""
    for word in words:
        try:
            _one(" ".join(word.casefold().split()), word, currency)
        except Invalid as refusal:
            if refusal.sentence.endswith(WORDS):
                return False
    return True


def _one(said: str, word: str, currency: str) -> dict[str, object]:
    if said in ("fee", "work"):
        return {"kind": said}
    if said in ("optional", "option"):
        return {"optional": True}
    if (period := _PERIOD.fullmatch(said)) and period["period"].strip() in EVERY:
        return {"period": EVERY[period["period"].strip()]}
    if said in ("no tax", "tax free", "tax-free", "no vat"):
        return {"tax_percent": Decimal(0)}
    if said in ("no setup", "no set-up"):
        return {"setup_minor": 0}
    if said == "no trial":
        return {"trial_days": 0}
    if tax := _TAX.fullmatch(said):
        return {"tax_percent": share(tax["a"] or tax["b"], places=3, what="A tax")}
    if off := _PERCENT_OFF.fullmatch(said):
        if off["c"]:
            return {"discount_percent": share(off["c"].lstrip("-− "), places=2, what="A discount")}
        return {"discount_percent": share(off["a"] or off["b"], places=2, what="A discount")}
    if trial := _TRIAL.fullmatch(said):
        return {"trial_days": _trial(int((trial["a"] or trial["b"]).replace("−", "-")), trial["c"] or trial["d"])}
    if setup := _SETUP.fullmatch(said):
        return {"setup_minor": price((setup["a"] or setup["b"]).upper(), currency).minor}
    if amount := _OFF.fullmatch(said):
        return {"discount_minor": price((amount["a"] or amount["b"]).upper(), currency).minor}
    raise Invalid(f"I do not know “{word if len(word) <= 40 else word[:39] + '…'}”. {WORDS}")


def share(typed: str, *, places: int, what: str, field: str | None = None) -> Decimal:
    """A percentage from 0 to 100 with at most so many decimals; Invalid otherwise."""
    text = re.sub(r"\s", "", typed).lstrip("+").replace("−", "-").replace(",", ".")
    try:
        percent = Decimal(text)
    except InvalidOperation:
        raise Invalid(f"“{typed.strip()}%” is no percentage. Write it as 7.5%.", field=field) from None
    if percent < 0:
        raise Invalid(f"{what} cannot be negative.", field=field)
    if percent > 100:
        raise Invalid(f"{what} of {typed.strip()}% is more than the whole.", field=field)
    if percent != round(percent, places):
        raise Invalid(f"Please write {typed.strip()}% with at most {places} decimals.", field=field)
    return percent


def _trial(count: int, unit: str) -> int:
    days = count * (7 if unit == "week" else 1)
    if days < 0:
        raise Invalid("A trial cannot be negative.")
    if days > LONGEST_TRIAL:
        raise Invalid("A trial of more than a year is too long to be meant.")
    return days


def percent(value: Decimal) -> str:
    """A percentage as people write it, without zeros behind."""
    return format(value.normalize() if value else Decimal(0), "f")


def amount(minor: int, currency: str) -> str:
    """An amount as it stands in brackets, without a comma that could be read as the end of the word."""
    places = exponent(currency)
    value = Money(minor, currency).decimal()
    return f"{value:.{places}f}" if places and minor % 10**places else f"{value:.0f}"
