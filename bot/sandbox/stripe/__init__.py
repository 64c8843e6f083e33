"""A Stripe account on localhost, for `demo` and for the tests."""

from bot.sandbox.stripe.account import StripeAccount
from bot.sandbox.stripe.webhooks import signature

__all__ = ["StripeAccount", "signature"]
