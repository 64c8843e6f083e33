"""Prices as people type them: in the proposal's currency or refused, with every decimal meant."""

import re
from collections.abc import Mapping

from core.errors import Invalid
from core.money import Money, exponent

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

SIGN = "[" + "".join(SIGNS) + "]"


def price(typed: str, currency: str, *, field_name: str | None = None) -> Money:
    """One price as typed; Invalid if it is none, or is written in another currency."""
    sign = re.search(SIGN, typed)
    if sign and currency not in SIGNS[sign[0]]:
        raise Invalid(f"This is counted in {currency}, not in {sign[0]}.", field=field_name)
    if exponent(currency) < 3 and re.search(r"\d\.\d{3}(?!\d)", typed):
        raise Invalid(
            f"“{typed.strip()}” can be read in two ways. Write thousands with a comma: 1,800 or 1,800.00.",
            field=field_name,
        )
    return Money.parse(re.sub(r"['’]", "", typed), currency, field=field_name)
