"""The raw deliveries: what an erased person said is taken out of what Slack and Stripe sent, so that a replay cannot bring it back."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, and_, delete, false, func, literal, or_, select, text, update

from core.db import Session
from core.erasure.finding import Person
from core.inbox import Delivery, read
from core.links import Link

BATCH = 200
WORDS = ("text", "fallback", "pretext", "title", "topic", "purpose", "name", "preview", "plain_text", "subject", "body")
PARTS = ("blocks", "attachments", "user_profile", "profile", "message_blocks", "headers", "initial_comment")
AUTHORS = ("user", "user_id", "bot_id", "author_id", "creator")


def redact(value: Any, accounts: Collection[str], names: Collection[str]) -> Any:
    """The same content without the words of these accounts, and without these names and addresses wherever a field holds one.

    A message is told by who wrote it, however deep it stands: in an edit, as the one before, below a broadcast, in an unfurl.
    """
    if isinstance(value, list):
        return [redact(each, accounts, names) for each in value]
    if isinstance(value, dict):
        theirs = any(isinstance(value.get(key), str) and value[key] in accounts for key in AUTHORS)
        told = theirs and any(key in value for key in ("ts", "text", "blocks", "fallback", "mimetype"))
        about = isinstance(value.get("id"), str) and value["id"] in accounts
        out: dict[str, Any] = {}
        for key, each in value.items():
            if told and key in WORDS and isinstance(each, str):
                out[key] = ""
            elif (told or about) and key in PARTS:
                continue
            elif about and isinstance(each, str) and "name" in key:
                out[key] = ""
            elif told and key == "files":
                out[key] = [_file(file) for file in each] if isinstance(each, list) else []
            else:
                out[key] = redact(each, accounts, names)
        return out
    if isinstance(value, str) and value.strip().casefold() in names:
        return ""
    return value


def _file(file: Any) -> Any:
    """A file's keys, so that the record knows that one was there."""
    return (
        {key: file[key] for key in ("id", "user", "created", "timestamp", "mode") if key in file}
        if isinstance(file, dict)
        else file
    )


def _naming(person: Person, teams: list[str]) -> ColumnElement[bool]:
    """The condition that a delivery of ours, or of Stripe, names the person by account or address, or answers a letter to them."""
    needles = [f'"{account}"'.encode() for account in person.accounts]
    needles += [address.encode() for each in person.emails for address in sorted({each, each.lower()})]
    named = [func.pg_catalog.position(Delivery.body, literal(needle, LargeBinary)) > 0 for needle in needles]
    ours = or_(Delivery.team.in_(teams), Delivery.source == "stripe")
    answers = select(func.encode(Link.token_hash, "hex")).where(
        Link.organization_id == person.organization_id, Link.purpose == "reply"
    )
    to_us = and_(Delivery.source == "mail", or_(Delivery.team == "", Delivery.team.in_(answers)))
    theirs = and_(Delivery.source == "mail", Delivery.team.in_(answers.where(Link.user_id == person.user_id)))
    return or_(and_(or_(ours, to_us), or_(false(), *named)), theirs)


async def count(session: Session, person: Person, teams: list[str]) -> int:
    """How many deliveries name the person. Through the platform's door."""
    return (await session.execute(select(func.count(Delivery.id)).where(_naming(person, teams)))).scalar_one()


async def clean(session: Session, person: Person, teams: list[str], after: int) -> tuple[int | None, int]:
    """Take their words out of the next deliveries: the last one's id (None: there are no more), and how many were changed.

    What is no JSON, as a mail is, cannot be cleaned: it is deleted. Through the platform's door.
    """
    changed = 0
    if after == 0:  # at once, and without reading them: mails may be large
        mails = delete(Delivery).where(Delivery.source == "mail", _naming(person, teams))
        changed = len((await session.execute(mails.returning(Delivery.id))).all())
    query = select(Delivery.id, Delivery.body).where(Delivery.id > after, _naming(person, teams))
    rows = (await session.execute(query.order_by(Delivery.id).limit(BATCH))).all()
    names = frozenset(each.strip().casefold() for each in (*person.names, *person.emails) if each.strip())
    for key, body in rows:
        try:
            content = read(body)
        except ValueError:
            await session.execute(delete(Delivery).where(Delivery.id == key))
            changed += 1
            continue
        cleaned = redact(content, frozenset(person.accounts), names)
        if cleaned != content:
            raw = json.dumps(cleaned, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            await session.execute(update(Delivery).where(Delivery.id == key).values(body=raw))
            changed += 1
    return (rows[-1].id if rows else None), changed


async def jobs(session: Session, person: Person) -> None:
    """Take their words out of jobs that still stand, such as one that died. Through the platform's door."""
    await session.execute(
        text(
            'UPDATE jobs SET payload = payload || \'{"text": ""}\' WHERE organization_id = :tenant'
            " AND payload ->> 'user' = ANY(:accounts) AND payload ? 'text'"
        ),
        {"tenant": person.organization_id, "accounts": list(person.accounts)},
    )
