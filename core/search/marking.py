"""What of a message is shown in a search: plain words instead of markup, the part around what was found, the found words marked."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ARRAY, Text, bindparam, text

from core.db import Session

SNIPPET = 240
"""How many characters of a message are shown."""
FURTHEST = 8_000
"""As far into a text its words are looked at to mark them."""

MARKUP = re.compile(r"<([^<>\s][^<>]*)>")
WORD = re.compile(r"\w+")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))

LIKE = text(
    "SELECT word FROM unnest(:words) AS word WHERE tsvector_to_array(search_stems(word)) && tsvector_to_array(search_stems(:asked))"
).bindparams(bindparam("words", type_=ARRAY(Text())))


@dataclass(frozen=True)
class Piece:
    """A stretch of a message: words as they stand, words that were found, or the Slack id of a person or a channel."""

    text: str
    kind: Literal["words", "found", "person", "channel"] = "words"


def parts(said: str) -> Iterator[Piece]:
    """A text without its markup: links by their labels, mentions by id."""
    end = 0
    for match in MARKUP.finditer(said):
        if match.start() > end:
            yield Piece(_plain(said[end : match.start()]))
        end = match.end()
        target, _, label = match[1].partition("|")
        if re.fullmatch(r"@[UWB][A-Z0-9]+", target):
            yield Piece(target[1:], "person")
        elif re.fullmatch(r"#[CG][A-Z0-9]+", target):
            yield Piece(target[1:], "channel")
        elif target.startswith("!"):
            yield Piece(_plain(label) or "@" + target[1:].split("^")[0])
        else:
            yield Piece(_plain(label or target.removeprefix("mailto:")))
    if end < len(said):
        yield Piece(_plain(said[end:]))


def _plain(words: str) -> str:
    for entity, sign in ENTITIES:
        words = words.replace(entity, sign)
    return words


def bare(word: str) -> str:
    """A word without accents and capitals."""
    return "".join(sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign)).casefold()


async def alike(session: Session, asked: str, texts: Sequence[str]) -> set[str]:
    """The words of these texts that have a stem in common with what was asked, as they are written there."""
    # Words of one stem begin alike, so the others need not be stemmed.
    begin = {bare(word)[:1] for word in WORD.findall(asked)}
    words = {
        word
        for said in texts
        for part in parts(said[:FURTHEST])
        for word in WORD.findall(part.text)
        if bare(word)[:1] in begin
    }
    if not words:
        return set()
    return set((await session.execute(LIKE, {"words": sorted(words), "asked": asked})).scalars())


def snippet(said: str, marked: Collection[str]) -> list[Piece]:
    """The part of a message around the first marked word, in pieces; an ellipsis stands for what is left out."""
    pieces = [cut for piece in _spaced(said) for cut in (_split(piece, marked) if piece.kind == "words" else [piece])]
    first = next((place for place, piece in enumerate(pieces) if piece.kind == "found"), 0)
    left: list[Piece] = []
    room = SNIPPET // 3
    for piece in reversed(pieces[:first]):
        if room <= 0:
            break
        left.insert(0, _end(piece, room))
        room -= len(piece.text)
    shown = ([Piece("…")] if room < 0 or len(left) < first else []) + left
    room = SNIPPET - sum(len(piece.text) for piece in shown)
    for piece in pieces[first:]:
        if room <= 0:
            return [*shown, Piece("…")]
        shown.append(_start(piece, room))
        room -= len(piece.text)
    return [*shown, Piece("…")] if room < 0 else shown


def _spaced(said: str) -> Iterator[Piece]:
    """The parts with each run of white space as one space, so that pieces can be put side by side."""
    for piece in parts(said[:FURTHEST]):
        yield Piece(re.sub(r"\s+", " ", piece.text), piece.kind)


def _split(piece: Piece, marked: Collection[str]) -> Iterator[Piece]:
    end = 0
    for match in WORD.finditer(piece.text):
        if match[0] in marked:
            if match.start() > end:
                yield Piece(piece.text[end : match.start()])
            yield Piece(match[0], "found")
            end = match.end()
    if end < len(piece.text):
        yield Piece(piece.text[end:])


def _start(piece: Piece, room: int) -> Piece:
    if piece.kind != "words" or len(piece.text) <= room:
        return piece
    return Piece(piece.text[:room].rsplit(" ", 1)[0] if " " in piece.text[:room] else piece.text[:room])


def _end(piece: Piece, room: int) -> Piece:
    if piece.kind != "words" or len(piece.text) <= room:
        return piece
    return Piece(piece.text[-room:].split(" ", 1)[-1])
