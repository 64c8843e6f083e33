"""Invoices as people see them: cards, news, lists, and the forms around them."""

from bot.blocks.invoices.cards import card, failed_news, listing, page, paid_news, reminder, trouble_news, twin
from bot.blocks.invoices.forms import (
    mark_paid_form,
    new_form,
    paper_modal,
    pay_modal,
    remind_form,
    send_form,
    void_form,
)

__all__ = [
    "card",
    "failed_news",
    "listing",
    "mark_paid_form",
    "new_form",
    "page",
    "paid_news",
    "paper_modal",
    "pay_modal",
    "remind_form",
    "reminder",
    "send_form",
    "trouble_news",
    "twin",
    "void_form",
]
