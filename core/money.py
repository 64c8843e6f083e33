"""Money: integer minor units and a currency; adding, dividing without loss, reading what was typed, showing it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.core import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision, list_currencies

from core.errors import Invalid

KNOWN = frozenset(code for code in list_currencies() if len(code) == 3)
MOST = 10**13
"""The largest amount taken, in minor units: past it a typing error is likelier than a price."""


def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD (ISO 4217 as CLDR lists it)."""
    return get_currency_precision(currency)


def currency_code(typed: str, *, field: str | None = None) -> str:
    """The ISO 4217 code in capitals; Invalid if there is no such currency."""
    code = typed.strip().upper()
    if code not in KNOWN:
        raise Invalid(
            f"“{typed.strip()}” is not a currency code. Use three letters, such as USD, EUR or JPY.", field=field
        )
    return code


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units (cents, yen, fils) of a currency."""

    minor: int
    currency: str

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in this currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, typed: str, currency: str, *, field: str | None = None) -> "Money":
        """What a person typed ("1,800", "900.50", "$900", "900 USD") as money of `currency`.

        Raises Invalid with a sentence for what is not a number, is negative, absurdly large, names another currency,
        or has more decimals than the currency has.
        """
        text = typed.strip()
        named = re.findall(r"(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])", text)
        if named and named[0].upper() != currency:
            raise Invalid(f"This is counted in {currency}, not {named[0].upper()}.", field=field)
        digits = re.sub(r"[^\d.,\-−]", "", text).replace("−", "-")
        if digits.count(",") == 1 and "." not in digits and re.search(r",\d{1,2}$", digits) and exponent(currency):
            digits = digits.replace(",", ".")
        if "." in digits and digits.rfind(",") > digits.rfind("."):  # 1.800,00
            digits = digits.replace(".", "").replace(",", ".")
        digits = digits.replace(",", "")
        try:
            amount = Decimal(digits)
        except InvalidOperation:
            raise Invalid("Please write the amount as a number, such as 900 or 1,250.50.", field=field) from None
        if amount < 0:
            raise Invalid("An amount cannot be negative here.", field=field)
        places = exponent(currency)
        scaled = amount.scaleb(places)
        if scaled != scaled.to_integral_value():
            raise Invalid(
                f"{currency} has {places or 'no'} decimals. Please write {typed.strip()} without the extra ones.",
                field=field,
            )
        if scaled > MOST:
            raise Invalid("That amount is too large to be meant. Please check the zeros.", field=field)
        return cls(int(scaled), currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.minor * count, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def percent(self, percent: Decimal) -> "Money":
        """This share of the amount, half a minor unit rounded away from zero."""
        return Money(int((self.minor * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)), self.currency)

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """The amount divided by weight so that the parts add up exactly: largest remainder, ties by order."""
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise ValueError("weights must be zero or more, and not all zero")
        sign = -1 if self.minor < 0 else 1
        amount = abs(self.minor)
        parts = [amount * weight // whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % whole), i))
        for i in by_remainder[: amount - sum(parts)]:
            parts[i] += 1
        return [Money(sign * part, self.currency) for part in parts]

    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def show(self, locale: str = "en_US", *, cents: bool = False) -> str:
        """The amount in its currency's form for a reader, without decimals where they are all zero: $1,800, ¥900, €12.50.

        With `cents`, for columns of amounts, they stay.
        """
        try:
            known = Locale.parse(locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            known = Locale("en", "US")
        text = format_currency(self.decimal(), self.currency, locale=known)
        places = exponent(self.currency)
        if places and not cents and self.minor % 10**places == 0:
            mark = known.number_symbols.get("latn", {}).get("decimal", ".")
            text = text.replace(mark + "0" * places, "", 1)
        return text


def total(amounts: Sequence[Money], currency: str) -> Money:
    """The sum of the amounts, zero of `currency` if there are none."""
    return sum(amounts, Money.zero(currency))
