"""How conversations look: lists and windows for staff, the control card, and what the client reads."""

from bot.blocks.conversations.cards import Control, control, due, note, opening, reply, taken
from bot.blocks.conversations.lists import (
    Choice,
    Row,
    Words,
    choices,
    listed,
    said_at,
    sheet,
    state_of,
    whole_mail,
    words_form,
)
from bot.blocks.conversations.replying import Replying, assign_form, reply_form

__all__ = [
    "Choice",
    "Control",
    "Replying",
    "Row",
    "Words",
    "assign_form",
    "choices",
    "control",
    "due",
    "listed",
    "note",
    "opening",
    "reply",
    "reply_form",
    "said_at",
    "sheet",
    "state_of",
    "taken",
    "whole_mail",
    "words_form",
]
