"""Proposals in Block Kit: the client's card, the staff's twin, the exact text, the signing modal, the forms."""

from bot.blocks.proposals.answers import answer_form, decline_form, question_form, remind_form, withdraw_form
from bot.blocks.proposals.asking import quote_form, scope_or_new
from bot.blocks.proposals.cards import Deposit, card, nudge, signed, superseded
from bot.blocks.proposals.choosing import MOST_GROUPS, OPTIONS, groups
from bot.blocks.proposals.drafts import draft
from bot.blocks.proposals.forms import Further, Sheet, form, further_form, where
from bot.blocks.proposals.previewing import preview
from bot.blocks.proposals.signing import (
    LAST,
    Pen,
    being_made,
    countersigned,
    done,
    follows,
    not_yours,
    reading,
    signing,
)
from bot.blocks.proposals.staff import Bill, changes, declined, ending, listing, sent_words, twin
from bot.blocks.proposals.text import document, moment, names, next_steps

__all__ = [
    "LAST",
    "MOST_GROUPS",
    "OPTIONS",
    "Bill",
    "Deposit",
    "Further",
    "Pen",
    "Sheet",
    "answer_form",
    "being_made",
    "card",
    "changes",
    "countersigned",
    "decline_form",
    "declined",
    "document",
    "done",
    "draft",
    "ending",
    "follows",
    "form",
    "further_form",
    "groups",
    "listing",
    "moment",
    "names",
    "next_steps",
    "not_yours",
    "nudge",
    "preview",
    "question_form",
    "quote_form",
    "reading",
    "remind_form",
    "scope_or_new",
    "sent_words",
    "signed",
    "signing",
    "superseded",
    "twin",
    "where",
    "withdraw_form",
]
