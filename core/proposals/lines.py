"""Items as people type them, one a line ("SEO audit, 2 × 900"), read forgivingly, and written back the same way."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.catalog import Service
from core.errors import Invalid
from core.money import MOST, Money, exponent, total
from core.proposals.marks import ADVERBS, Marks, amount, apart, known, percent, understood
from core.proposals.prices import SIGN, price

MOST_LINES = 50
MOST_PIECES = 1_000_000

HOW = "Write it as “SEO audit, 2 × 900”."

_CODE = "(?:(?-i:[A-Z]{3})|usd|eur|gbp|chf|jpy|cad|aud)"
_NUMBER = rf"(?:{_CODE}\s?|{SIGN}\s?)?[-−]?(?:{SIGN}\s?)?\d[\d.,'’]*(?:\s?{_CODE}\b|\s?{SIGN})?"
_TIMES = r"\s*(?:[x×✕*@]|\bat\b)\s*"
_PRICE = rf"(?:(?P<first>{_NUMBER}){_TIMES}(?P<second>{_NUMBER})|(?P<alone>{_NUMBER}))"
# A comma or a hyphen inside a number or a word separates nothing: "Pages 1,800", "Covid-19".
_APART = rf"(?:\s*(?:(?<!\d),|,(?=\s)|[:;=|](?=\s)|\t)\s*|\s+[-–—]+\s*|\s+(?={SIGN})|\s+(?=\d[\d.,]*{_TIMES}))"
_LINE = re.compile(rf"(?P<title>.*?\S)??{_APART}{_PRICE}", re.IGNORECASE | re.DOTALL)
_BARE = re.compile(_PRICE, re.IGNORECASE)
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
    optional: bool = False
    """Whether the client chooses it, or not, when signing."""
    discount_percent: Decimal = Decimal(0)
    discount_minor: int = 0
    """Taken off the whole line; at most one of the two discounts is set."""
    tax_percent: Decimal = Decimal(0)
    period: str = ""
    """How often it is paid for: week, month, quarter or year; empty for what is paid once."""
    trial_days: int = 0
    setup_minor: int = 0
    """Paid once, beside what recurs."""
    template: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What the service brings to the project: `phases` {phase: name}, `checklist` [{phase, title}], `deliverables`
    [{title, days}], `owner` (a user's id)."""

    @property
    def amount(self) -> Money:
        """The price of all of them, before any discount."""
        return self.unit * self.quantity

    @property
    def discount(self) -> Money:
        """The fixed amount that is taken off the line."""
        return Money(self.discount_minor, self.unit.currency)

    @property
    def setup(self) -> Money:
        """What is paid once, beside what recurs."""
        return Money(self.setup_minor, self.unit.currency)


def of_service(service: Service, quantity: int = 1, price_of_one: Money | None = None) -> NewItem:
    """A service of the catalog as an item, at its usual price or at this one, with all that it brings: how often it is paid for, its
    trial, set-up fee and tax, and what its project begins with."""
    period = service.period or ""
    brings = {
        "phases": service.phases,
        "checklist": service.checklist,
        "deliverables": service.deliverables,
        "owner": str(service.owner_id) if service.owner_id else "",
    }
    return NewItem(
        service.name,
        quantity,
        price_of_one or service.price,
        service.kind or "work",
        service.description or "",
        service.id,
        tax_percent=service.tax_percent or Decimal(0),
        period=period,
        trial_days=(service.trial_days or 0) if period else 0,
        setup_minor=service.setup_minor or 0,
        template={name: value for name, value in brings.items() if value},
    )


def read(
    typed: str,
    currency: str,
    *,
    catalog: Sequence[Service] = (),
    prices: Mapping[UUID, Money] | None = None,
    field_name: str = "lines",
) -> list[NewItem]:
    """Each line that was typed as an item, at prices in `currency`.

    Understood: “title, quantity × price”, “title - price”, a currency sign or code on the price, thousands with
    commas, “/month” behind it, bullets before; in brackets at the end: fee, optional, monthly, setup 300, trial 14
    days, 10% off or 200 off, 20% tax. A line that is the name of a service takes its price, and what the line does not
    say otherwise of the rest; `prices` are those that are special to this
    client. Invalid names each line that was not understood.
    """
    services = {service.name.casefold(): service for service in catalog}
    items, wrong = [], []
    lines = [(number, line) for number, line in enumerate(typed.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise Invalid(f"A proposal takes at most {MOST_LINES} lines; these are {len(lines)}.", field=field_name)
    for number, line in lines:
        try:
            items.append(_item(_BULLET.sub("", line).strip(), currency, services, prices or {}))
        except Invalid as refusal:
            wrong.append(f"Line {number}: {refusal.sentence}")
    if wrong:
        more = [f"And {len(wrong) - 3} more lines."] if len(wrong) > 3 else []
        raise Invalid(" ".join([*wrong[:3], *more]), field=field_name)
    if total([item.amount + item.setup for item in items], currency).minor > MOST:
        raise Invalid("Together that is too large to be meant. Please check the zeros.", field=field_name)
    return items


def write(items: Sequence[NewItem], *, catalog: Sequence[Service] = ()) -> str:
    """Items as lines that `read` understands again, with the same catalog."""
    services = {service.name.casefold(): service for service in catalog}
    return "\n".join(_written(item, services.get(item.title.casefold())) for item in items)


def _item(line: str, currency: str, services: Mapping[str, Service], prices: Mapping[UUID, Money]) -> NewItem:
    rest, words = apart(line, lambda text: _named(text, services) is not None)
    if words and not known(words, currency) and not (_LINE.fullmatch(rest) or _named(rest, services)):
        rest, words = line, []  # then the brackets are part of what is wrong with it
    item = _plain(rest, currency, services, prices)
    return _marked(item, understood(words, currency)) if words else item


def _named(rest: str, services: Mapping[str, Service]) -> tuple[Service, str] | None:
    """The service that a line names, and how many of it are wanted as it says."""
    if service := services.get(rest.rstrip(" ,").casefold()):
        return service, "1"
    if counted := _COUNTED.fullmatch(rest):
        service = services.get((counted["named"] or counted["name"]).strip(" ,").casefold())
        return (service, counted["before"] or counted["after"]) if service else None
    return None


def _plain(rest: str, currency: str, services: Mapping[str, Service], prices: Mapping[UUID, Money]) -> NewItem:
    if named := _named(rest, services):
        return of_service(named[0], _pieces(named[1]), prices.get(named[0].id))
    found = _LINE.fullmatch(rest)
    if found is None or not (title := (found["title"] or "").strip(" ,;:-–—|\t")):
        if _BARE.fullmatch(rest) or (found is not None and found["title"] is None):
            raise Invalid(f"“{rest}” has no title. {HOW}")
        raise Invalid(f"I find no price in “{_short(rest)}”. {HOW}")
    if len(title) > 150:
        raise Invalid(f"“{_short(title)}” is longer than 150 characters.")
    quantity, unit = _quantity_and_price(found, currency)
    if service := services.get(title.casefold()):
        return replace(of_service(service, quantity), unit=unit)
    return NewItem(title, quantity, unit)


def _marked(item: NewItem, marks: Marks) -> NewItem:
    said = {
        name: value
        for name in ("kind", "tax_percent", "period", "trial_days", "setup_minor")
        if (value := getattr(marks, name)) is not None
    }
    marked = replace(
        item,
        **said,
        optional=marks.optional,
        discount_percent=marks.discount_percent or Decimal(0),
        discount_minor=marks.discount_minor or 0,
    )
    if marks.trial_days and not marked.period:
        raise Invalid(f"A trial goes with something that recurs. Write “trial {marks.trial_days} days, monthly”.")
    if marked.discount.minor > marked.amount.minor:
        raise Invalid(f"A discount of {marked.discount.show()} is more than the {marked.amount.show()} of its line.")
    return marked if marked.period else replace(marked, trial_days=0)


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
    return bool(re.search(rf"{SIGN}|[A-Za-z]{{3}}|\d[,'’]\d{{3}}", number))


def _pieces(typed: str) -> int:
    if not re.fullmatch(r"\d+", typed.strip()):
        if typed.strip()[:1] in "-−":
            raise Invalid("A quantity cannot be negative.")
        raise Invalid(f"“{typed.strip()}” is no whole number of pieces. Give the line its total price instead.")
    pieces = int(typed)
    if not 0 < pieces <= MOST_PIECES:
        raise Invalid("A quantity is at least one." if not pieces else "That quantity is too large to be meant.")
    return pieces


def _written(item: NewItem, service: Service | None) -> str:
    places = exponent(item.unit.currency)
    price_of_one = item.unit.decimal()
    # With its decimals always, a price is never mistaken for a quantity.
    shown = (
        f"{price_of_one:,.{places}f}"
        if places and (item.unit.minor % 10**places or item.quantity >= 100)
        else f"{price_of_one:,.0f}"
    )
    if places == 0 and item.quantity >= 100 and shown.isdigit():
        shown = f"{item.unit.currency} {shown}"
    times = f"{item.quantity} × " if item.quantity != 1 else ""
    words = _words(item, of_service(service) if service else NewItem(item.title, 1, item.unit))
    behind = f" ({', '.join(words)})" if words else ""
    return f"{item.title}, {times}{shown}{behind}"


def _words(item: NewItem, usual: NewItem) -> list[str]:
    """What stands in the brackets: all that is not so by itself, and what differs from what the service would bring."""
    currency, words = item.unit.currency, []
    if item.kind != usual.kind or item.kind == "fee":
        words.append(item.kind)
    if item.period or usual.period:
        words.append(ADVERBS.get(item.period, "once"))
    if item.trial_days:
        words.append(f"trial {item.trial_days} day{'' if item.trial_days == 1 else 's'}")
    elif usual.trial_days and item.period:
        words.append("no trial")
    if item.setup_minor or usual.setup_minor:
        words.append(f"setup {amount(item.setup_minor, currency)}" if item.setup_minor else "no setup")
    if item.discount_percent:
        words.append(f"{percent(item.discount_percent)}% off")
    elif item.discount_minor:
        words.append(f"{amount(item.discount_minor, currency)} off")
    if item.tax_percent or usual.tax_percent:
        words.append(f"{percent(item.tax_percent)}% tax" if item.tax_percent else "no tax")
    return [*words, "optional"] if item.optional else words


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59].rstrip() + "…"
