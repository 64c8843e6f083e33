"""Proposals in Block Kit: the client's card, the staff's twin, the exact text, the signing modal, the forms."""

from bot.blocks.proposals.cards import card, nudge, signed
from bot.blocks.proposals.forms import (
    Sheet,
    answer_form,
    decline_form,
    form,
    question_form,
    remind_form,
    where,
    withdraw_form,
)
from bot.blocks.proposals.signing import done, not_yours, preview, reading, signing
from bot.blocks.proposals.staff import Bill, changes, declined, draft, listing, sent_words, twin
from bot.blocks.proposals.text import document, moment, names, next_steps

__all__ = [
    "Bill",
    "Sheet",
    "answer_form",
    "card",
    "changes",
    "decline_form",
    "declined",
    "document",
    "done",
    "draft",
    "form",
    "listing",
    "moment",
    "names",
    "next_steps",
    "not_yours",
    "nudge",
    "preview",
    "question_form",
    "reading",
    "remind_form",
    "sent_words",
    "signed",
    "signing",
    "twin",
    "where",
    "withdraw_form",
]
