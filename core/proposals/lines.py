"""Items as people type them, one a line ("SEO audit, 2 × 900"), read forgivingly, and written back the same way."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from core.catalog import Service
from core.errors import Invalid
from core.money import MOST, Money, exponent, total

MOST_LINES = 50
MOST_PIECES = 1_000_000

SIGNS: Mapping[str, frozenset[str]] = {
    "$": frozenset({"USD", "AUD", "CAD", "NZD", "SGD", "HKD", "TWD", "MXN", "BRL", "ARS", "CLP", "COP"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "GIP", "FKP", "SHP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}),
    "₽": frozenset({"RUB"}),
    "₺": frozenset({"TRY"}),
    "₪": frozenset({"ILS"}),
    "₫": frozenset({"VND"}),
    "₱": frozenset({"PHP"}),
    "฿": frozenset({"THB"}),
    "₴": frozenset({"UAH"}),
}
"""The signs with which currencies are written, so that a price in another currency is noticed."""

HOW = "Write it as “SEO audit, 2 × 900”."

_SIGN = "[" + "".join(SIGNS) + "]"
_CODE = "(?:(?-i:[A-Z]{3})|usd|eur|gbp|chf|jpy|cad|aud)"
_NUMBER = rf"(?:{_CODE}\s?|{_SIGN}\s?)?[-−]?(?:{_SIGN}\s?)?\d[\d.,'’]*(?:\s?{_CODE}\b|\s?{_SIGN})?"
_TIMES = r"\s*(?:[x×✕*@]|\bat\b)\s*"
_PRICE = rf"(?:(?P<first>{_NUMBER}){_TIMES}(?P<second>{_NUMBER})|(?P<alone>{_NUMBER}))"
# A comma or a hyphen inside a number or a word separates nothing: "Pages 1,800", "Covid-19".
_APART = rf"(?:\s*(?:(?<!\d),|,(?=\s)|[:;=|](?=\s)|\t)\s*|\s+[-–—]+\s*|\s+(?={_SIGN})|\s+(?=\d[\d.,]*{_TIMES}))"
_LINE = re.compile(rf"(?P<title>.*?\S)??{_APART}{_PRICE}", re.IGNORECASE | re.DOTALL)
_BARE = re.compile(_PRICE, re.IGNORECASE)
_KIND = re.compile(r"[\s,]*[(\[](?P<kind>fee|work)[)\]]\s*$", re.IGNORECASE)
_COUNTED = re.compile(
    r"(?:(?P<before>\d{1,6})\s*[x×]\s+(?P<named>.+)|(?P<name>.+?)\s*[,\s][x×]\s*(?P<after>\d{1,6}))", re.IGNORECASE
)
_BULLET = re.compile(r"^\s*(?:[•·*–—-]\s+|\d{1,2}[.)]\s+)")


@dataclass(frozen=True)
class NewItem:
    """An item that is about to stand in a proposal: `work` becomes a project, a `fee` does not."""

    title: str
    quantity: int
    unit: Money
    kind: str = "work"
    description: str = ""
    service_id: UUID | None = field(default=None, compare=False)

    @property
    def amount(self) -> Money:
        """The price of all of them."""
        return self.unit * self.quantity


def of_service(service: Service, quantity: int = 1) -> NewItem:
    """A service of the catalog as an item, at its usual price."""
    return NewItem(service.name, quantity, service.price, service.kind, service.description, service.id)


def read(typed: str, currency: str, *, catalog: Sequence[Service] = (), field_name: str = "lines") -> list[NewItem]:
    """Each line that was typed as an item, at prices in `currency`.

    Understood: “title, quantity × price”, “title - price”, a currency sign or code on the price, thousands with
    commas, “(fee)” at the end, bullets before. A line that is the name of a service takes its price. Invalid names
    each line that was not understood.
    """
    services = {service.name.casefold(): service for service in catalog}
    items, wrong = [], []
    lines = [(number, line) for number, line in enumerate(typed.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise Invalid(f"A proposal takes at most {MOST_LINES} lines; these are {len(lines)}.", field=field_name)
    for number, line in lines:
        try:
            items.append(_item(_BULLET.sub("", line).strip(), currency, services))
        except Invalid as refusal:
            wrong.append(f"Line {number}: {refusal.sentence}")
    if wrong:
        more = [f"And {len(wrong) - 3} more lines."] if len(wrong) > 3 else []
        raise Invalid(" ".join([*wrong[:3], *more]), field=field_name)
    if total([item.amount for item in items], currency).minor > MOST:
        raise Invalid("Together that is too large to be meant. Please check the zeros.", field=field_name)
    return items


def write(items: Sequence[NewItem]) -> str:
    """Items as lines that `read` understands again."""
    return "\n".join(_written(item) for item in items)


def price(typed: str, currency: str, *, field_name: str | None = None) -> Money:
    """One price as typed; Invalid if it is none, or is written in another currency."""
    sign = re.search(_SIGN, typed)
    if sign and currency not in SIGNS[sign[0]]:
        raise Invalid(f"This is counted in {currency}, not in {sign[0]}.", field=field_name)
    if exponent(currency) < 3 and re.search(r"\d\.\d{3}(?!\d)", typed):
        raise Invalid(
            f"“{typed.strip()}” can be read in two ways. Write thousands with a comma: 1,800 or 1,800.00.",
            field=field_name,
        )
    return Money.parse(re.sub(r"['’]", "", typed), currency, field=field_name)


def _item(line: str, currency: str, services: Mapping[str, Service]) -> NewItem:
    kind, rest = "work", line
    if marked := _KIND.search(line):
        kind, rest = marked["kind"].lower(), line[: marked.start()].rstrip()
    if known := services.get(rest.rstrip(" ,").casefold()):
        return _from_catalog(known, 1, kind if marked else known.kind)
    if counted := _COUNTED.fullmatch(rest):
        known = services.get((counted["named"] or counted["name"]).strip(" ,").casefold())
        if known:
            return _from_catalog(known, _pieces(counted["before"] or counted["after"]), kind if marked else known.kind)
    found = _LINE.fullmatch(rest)
    if found is None or not (title := (found["title"] or "").strip(" ,;:-–—|\t")):
        if _BARE.fullmatch(rest) or (found is not None and found["title"] is None):
            raise Invalid(f"“{rest}” has no title. {HOW}")
        raise Invalid(f"I find no price in “{_short(rest)}”. {HOW}")
    if len(title) > 150:
        raise Invalid(f"“{_short(title)}” is longer than 150 characters.")
    quantity, unit = _quantity_and_price(found, currency)
    known = services.get(title.casefold())
    if known:
        return NewItem(known.name, quantity, unit, kind if marked else known.kind, known.description, known.id)
    return NewItem(title, quantity, unit, kind)


def _from_catalog(service: Service, quantity: int, kind: str) -> NewItem:
    return NewItem(service.name, quantity, service.price, kind, service.description, service.id)


def _quantity_and_price(found: re.Match[str], currency: str) -> tuple[int, Money]:
    if found["alone"] is not None:
        return 1, price(found["alone"], currency)
    first, second = found["first"], found["second"]
    if _priced(first) and not _priced(second):
        first, second = second, first
    elif not _priced(second) and first.isdigit() and second.isdigit() and int(first) >= 100 > int(second) > 0:
        raise Invalid(
            f"Is “{first} × {second}” {second} at {first}, or {first} at {second}? "
            f"Write “{second} × {first}”, or mark the price: “{first} × {Money.parse(second, currency).show()}”."
        )
    return _pieces(first), price(second, currency)


def _priced(number: str) -> bool:
    """Whether a number is written as only a price would be: with a sign, a code or grouped thousands."""
    return bool(re.search(rf"{_SIGN}|[A-Za-z]{{3}}|\d[,'’]\d{{3}}", number))


def _pieces(typed: str) -> int:
    if not re.fullmatch(r"\d+", typed.strip()):
        if typed.strip()[:1] in "-−":
            raise Invalid("A quantity cannot be negative.")
        raise Invalid(f"“{typed.strip()}” is no whole number of pieces. Give the line its total price instead.")
    pieces = int(typed)
    if not 0 < pieces <= MOST_PIECES:
        raise Invalid("A quantity is at least one." if not pieces else "That quantity is too large to be meant.")
    return pieces


def _written(item: NewItem) -> str:
    places = exponent(item.unit.currency)
    amount = item.unit.decimal()
    # With its decimals always, a price is never mistaken for a quantity.
    shown = (
        f"{amount:,.{places}f}"
        if places and (item.unit.minor % 10**places or item.quantity >= 100)
        else f"{amount:,.0f}"
    )
    if places == 0 and item.quantity >= 100 and shown.isdigit():
        shown = f"{item.unit.currency} {shown}"
    times = f"{item.quantity} × " if item.quantity != 1 else ""
    return f"{item.title}, {times}{shown}{' (fee)' if item.kind == 'fee' else ''}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59].rstrip() + "…"
