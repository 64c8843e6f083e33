"""Conversations and their messages: every word said in an engagement, with its edits, deletions, reactions and files."""

from core.conversations.joining import WORDS_TO_US, asked_of_us
from core.conversations.record import Said, attribute, delete, edit, moment, moved, react, say
from core.conversations.tables import STATUS, Attachment, Conversation, Message, Reaction, Revision
from core.conversations.telling import Noted, Told, noted, threaded, told, unthreaded
from core.conversations.verbs import (
    Summary,
    candidates,
    messages,
    note,
    of_message,
    open_ones,
    rename,
    reopen,
    resolve,
    start,
    summary,
    take,
)

__all__ = [
    "STATUS",
    "WORDS_TO_US",
    "Attachment",
    "Conversation",
    "Message",
    "Noted",
    "Reaction",
    "Revision",
    "Said",
    "Summary",
    "Told",
    "asked_of_us",
    "attribute",
    "candidates",
    "delete",
    "edit",
    "messages",
    "moment",
    "moved",
    "note",
    "noted",
    "of_message",
    "open_ones",
    "react",
    "rename",
    "reopen",
    "resolve",
    "say",
    "start",
    "summary",
    "take",
    "threaded",
    "told",
    "unthreaded",
]
