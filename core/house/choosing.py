"""The settings of the agency, and the four steps of its first ten minutes."""

import difflib
import re
import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from core import access, events, money, people
from core.access import Can
from core.db import Session
from core.engagements import Engagement
from core.errors import Invalid
from core.events import Kind
from core.people import Actor, Installation, Organization, User

STEPS = ("agency", "people", "paid", "first")
"""The four steps of the first ten minutes; all but the last can wait."""

COLUMNS = frozenset({"name", "currency", "timezone"})
ZONES = (*sorted(zone for zone in zoneinfo.available_timezones() if re.match(r"(?!Etc|posix|right)\w+/", zone)), "UTC")


async def set(
    session: Session,
    actor: Actor,
    *,
    name: str | None = None,
    currency: str | None = None,
    timezone: str | None = None,
    opens: str | None = None,
    closes: str | None = None,
    workdays: Collection[int] | None = None,
    hold_seconds: int | None = None,
    grouping_seconds: int | None = None,
    first_response_minutes: int | None = None,
    waiting_minutes: int | None = None,
    due_days: int | None = None,
    bank_details: str | None = None,
    post_only_clients: bool | None = None,
    record_period: int | None = None,
    step: str = "",
) -> Organization:
    """Choose settings; what is None stays. `step` is the one of the first ten minutes that this completes, if any.

    Raises Invalid, its field named as the parameter. What changed is recorded by name only; to choose what is so
    already changes nothing.
    """
    house = await access.house(session, actor, Can.SETTINGS_CHANGE)
    wanted: dict[str, Any] = {}
    if name is not None:
        wanted["name"] = _named(name)
    if currency is not None:
        wanted["currency"] = money.currency_code(currency, field="currency")
    if timezone is not None:
        wanted["timezone"] = zone(timezone)
    if opens is not None:
        wanted["opens"] = hour(opens, field="opens")
    if closes is not None:
        wanted["closes"] = hour(closes, field="closes")
    if wanted.get("opens", house.setting("opens")) >= wanted.get("closes", house.setting("closes")):
        raise Invalid("The day must close after it opens, such as 09:00 to 18:00.", field="closes")
    if workdays is not None:
        wanted["workdays"] = _days(workdays)
    for field, value, least, most in (
        ("hold_seconds", hold_seconds, 0, 3600),
        ("grouping_seconds", grouping_seconds, 0, 3600),
        ("first_response_minutes", first_response_minutes, 0, 10_000),
        ("waiting_minutes", waiting_minutes, 0, 10_000),
        ("due_days", due_days, 0, 365),
        ("record_period", record_period, 0, 36_500),
    ):
        if value is not None:
            if not least <= value <= most:
                raise Invalid(f"Please give a whole number from {least} to {most}.", field=field)
            wanted[field] = value
    if bank_details is not None:
        wanted["bank_details"] = bank_details.strip()[:1000]
    if post_only_clients is not None:
        wanted["post_only_clients"] = post_only_clients
    await choose(session, actor, house, wanted, step)
    return house


async def settle(session: Session, actor: Actor, step: str) -> Organization:
    """Say that a step of the first ten minutes is done as it stands. Twice is once."""
    house = await access.house(session, actor, Can.TEAM_MANAGE if step == "people" else Can.SETTINGS_CHANGE)
    await choose(session, actor, house, {}, step)
    return house


async def choose(session: Session, actor: Actor, house: Organization, wanted: dict[str, Any], step: str) -> None:
    """Write down what was chosen and which step that completes; recorded once, and only what changed."""
    held = {name: getattr(house, name) if name in COLUMNS else house.setting(name) for name in wanted}
    changed = [name for name in wanted if wanted[name] != held[name]]
    chosen = {**house.settings, **{name: wanted[name] for name in changed if name not in COLUMNS}}
    for name in changed:
        if name in COLUMNS:
            setattr(house, name, wanted[name])
    if step in STEPS and step not in house.setting("steps_done"):
        chosen["steps_done"] = [*house.setting("steps_done"), step]
        changed.append("steps_done")
    if not changed:
        return
    house.settings = chosen
    await session.flush()
    await events.record(session, actor, Kind.ORGANIZATION_SET, "organization", house.id, changed=changed)


def _named(typed: str) -> str:
    name = " ".join(typed.split())
    if not 1 <= len(name) <= 80:
        raise Invalid("What is your agency called? At most eighty characters.", field="name")
    return name


def _days(chosen: Collection[int]) -> list[int]:
    days = sorted({int(day) for day in chosen})
    if not days or not all(0 <= day <= 6 for day in days):
        raise Invalid("Please choose at least one day.", field="workdays")
    return days


def hour(typed: str, *, field: str | None = None) -> str:
    """A time of day as people type it (9, 9:30, 6pm, 18.00) as "HH:MM"; Invalid if it is none."""
    match = re.fullmatch(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?", typed.strip().lower())
    if match:
        hours, minutes = int(match[1]), int(match[2] or 0)
        if match[3] and 1 <= hours <= 12:
            hours = hours % 12 + (12 if match[3] == "pm" else 0)
        elif match[3]:
            hours = 99
        if hours < 24 and minutes < 60:
            return f"{hours:02}:{minutes:02}"
    raise Invalid(f"“{typed.strip()}” is not a time of day. Write it like 09:00 or 18:30.", field=field)


def zone(typed: str, *, field: str = "timezone") -> str:
    """The time zone of that name, or of that city; Invalid, with the nearest one, if there is none."""
    asked = "_".join(typed.split())
    named = {known.lower(): known for known in ZONES}
    if asked.lower() in named:
        return named[asked.lower()]
    cities: dict[str, list[str]] = {}
    for known in ZONES:
        cities.setdefault(known.rpartition("/")[2].lower(), []).append(known)
    if len(cities.get(asked.lower(), [])) == 1:
        return cities[asked.lower()][0]
    near = difflib.get_close_matches(asked.lower(), named, n=1, cutoff=0.75)
    city = difflib.get_close_matches(asked.lower().rpartition("/")[2], cities, n=1, cutoff=0.7)
    guess = named[near[0]] if near else cities[city[0]][0] if city else ""
    way_on = f"Did you mean {guess}?" if guess else "Write it like Europe/London or America/New_York."
    raise Invalid(f"“{typed.strip()}” is not a time zone that I know. {way_on}", field=field)


@dataclass(frozen=True)
class Setup:
    """How far the first ten minutes have come."""

    done: frozenset[str]
    name: str
    currency: str
    timezone: str
    opens: str
    closes: str
    team: int
    bank_details: bool


async def setup(session: Session, actor: Actor) -> Setup:
    """Which of the four steps are done. The first engagement counts once there is one."""
    house = await people.organization(session, actor.organization_id)
    any_engagement = (await session.execute(select(Engagement.id).limit(1))).scalar_one_or_none() is not None
    counted = (
        select(func.count())
        .select_from(User)
        .where(User.side == "staff", User.deleted_at.is_(None), User.left_at.is_(None))
    )
    done = {*house.setting("steps_done")}
    if house.setting("bank_details"):
        done.add("paid")
    if any_engagement:
        done.add("first")
    return Setup(
        done=frozenset(done),
        name=house.name,
        currency=house.currency,
        timezone=house.timezone,
        opens=house.setting("opens"),
        closes=house.setting("closes"),
        team=(await session.execute(counted)).scalar_one(),
        bank_details=bool(house.setting("bank_details")),
    )


async def installations(session: Session) -> list[Installation]:
    """Where the app is installed now, in the order in which it was. Over the platform's door, for doctor."""
    living = select(Installation).where(Installation.revoked_at.is_(None)).order_by(Installation.installed_at)
    return list((await session.execute(living)).scalars())
