"""How the lines of an invoice are typed: one a line, such as “Extra work, 2 × 150”."""

import re

from core.errors import Invalid
from core.money import MOST, Money

LINE = re.compile(
    r"^(?P<title>.+?)[,;:]?\s+(?:(?P<count>\d{1,5})\s*[x×*]\s*)?(?P<amount>[^\w\s]?\d[\d.,]*(?:\s*[A-Za-z]{3})?)$"
)
MOST_LINES = 50


def lines_from(typed: str, currency: str, *, field: str = "lines") -> list[tuple[str, int, Money]]:
    """Title, quantity and price of one, for each typed line; Invalid names the first that cannot be understood."""
    found = []
    for line in (each.strip() for each in typed.splitlines()):
        if not line:
            continue
        match = LINE.match(line)
        if match is None:
            raise Invalid(
                f"“{line[:60]}” has no amount that I can read. Write it as “Extra work, 2 × 150”.", field=field
            )
        count = int(match["count"] or 1)
        if count == 0:
            raise Invalid(f"“{line[:60]}” counts zero of it. Leave the line out, or count at least one.", field=field)
        found.append((match["title"].strip(), count, Money.parse(match["amount"], currency, field=field)))
    if not found:
        raise Invalid("What is it for? One line each, such as “Extra work, 2 × 150”.", field=field)
    if len(found) > MOST_LINES:
        raise Invalid(f"An invoice takes at most {MOST_LINES} lines.", field=field)
    if sum(price.minor * count for _, count, price in found) > MOST:
        raise Invalid("Together that is too large to be meant. Please check the zeros.", field=field)
    return found
