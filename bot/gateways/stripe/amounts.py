"""Amounts at Stripe's border: its exponent of a currency is not always ours, and nothing is ever rounded."""

from bot.gateways.failures import Permanent
from core.money import exponent

# docs.stripe.com/currencies. ISK and UGX have no decimals in ISO but two at Stripe: they come out as multiples of 100.
_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def stripe_exponent(currency: str) -> int:
    """How many decimals Stripe's amounts have in this currency."""
    code = currency.upper()
    return 0 if code in _WHOLE else 3 if code in _THOUSANDTHS else 2


def to_stripe(minor: int, currency: str) -> int:
    """An amount of ours, in minor units, as Stripe wants it. Permanent if Stripe cannot hold it exactly."""
    code = currency.upper()
    shift = stripe_exponent(code) - exponent(code)
    amount, rest = divmod(minor * _power(shift), _power(-shift))
    if rest or (code in _THOUSANDTHS and amount % 10):
        raise Permanent("stripe", "amount_precision", f"Stripe cannot take that amount in {code}: too many decimals.")
    return amount


def from_stripe(amount: int, currency: str) -> int:
    """Stripe's amount in our minor units."""
    code = currency.upper()
    shift = stripe_exponent(code) - exponent(code)
    minor, rest = divmod(amount * _power(-shift), _power(shift))
    if rest:
        raise Permanent("stripe", "amount_precision", f"Stripe named an amount in {code} that has too many decimals.")
    return minor


def _power(shift: int) -> int:
    return int(10 ** max(shift, 0))
