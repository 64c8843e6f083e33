"""Every button and every form, pressed by those whom it is not for, with every id that there is: nothing changes, nothing is told."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select

import bot.slack.faces  # registers every listener  # noqa: F401
from bot.gateways.slack import Slack
from bot.slack.forms import Values
from bot.slack.listener import BUTTONS, FORMS, MENUS, SHORTCUTS, Ears
from bot.slack.replies import Reply
from core import catalog, clock, conversations, invoices, orders, people, projects, proposals
from core.conversations import Said
from core.db import Database
from core.events import Event
from core.money import Money
from core.orders import Bought
from core.people import Identity
from tests.builders import TEAM, House
from tests.core.test_proposals import a_draft, a_sent

HIDDEN = ("Unsent idea", "Between us", "Unsent bill", "Secret service")
"""What only staff may read."""
THEIRS = ("Website", "Northwind's bill", "Where is the logo", "Banner")
"""What only Northwind and staff may read."""


class Here:
    """One workspace, whose token is of no use."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def of_team(self, team_id: str) -> tuple[uuid.UUID, str] | None:
        return (self.house.id, "xoxb-none") if team_id == TEAM else None


async def _things(database: Database, here: House) -> dict[str, str]:
    """One of everything in Northwind's engagement, by name."""
    assert here.clara.user_id
    async with database.transaction(here.id) as session:
        draft = await a_draft(session, here, title="Unsent idea")
        sent = await a_sent(session, here)
        made = {
            "engagement_id": here.engagement.id,
            "company_id": here.company.id,
            "client_id": here.clara.user_id,
            "order_id": None,
        }
        lines = [(None, "Work", 1, Money(9_900, "USD"))]
        unsent = await invoices.draft(session, here.ada, title="Unsent bill", lines=lines, **made)  # type: ignore[arg-type]
        bill = await invoices.draft(session, here.ada, title="Northwind's bill", lines=lines, **made)  # type: ignore[arg-type]
        await invoices.send(session, here.ada, bill.id, clock.now().date() + timedelta(days=9))
        await invoices.issued(
            session, people.system(here.id), bill.id, processor_ref="in_1", hosted_url="https://pay.example"
        )
        talk = await conversations.start(
            session, here.clara, engagement_id=here.engagement.id, topic="Where is the logo?"
        )
        note = await conversations.note(session, here.ada, talk.id, "Between us: they owe us")
        said = Said(str(here.engagement.channel_id), "1800000000.000100", "U0CLARA", "Where is the logo now?")
        message = await conversations.say(session, here.engagement, "client", said)
        order, (line,) = await orders.make(
            session,
            here.ada,
            engagement_id=here.engagement.id,
            company_id=here.company.id,
            client_id=here.clara.user_id,
            proposal_id=None,
            title="Banner",
            currency="USD",
            lines=[Bought("Banner", 1, Money(5, "USD"))],
        )
        project = await projects.start(
            session, here.ada, engagement_id=here.engagement.id, order_line_id=line.id, title="Banner"
        )
        move = await projects.advance(session, here.ada, project.id, before="kickoff", sentence="Unsent idea")
        service = await catalog.new(session, here.ada, name="Secret service", price=Money(1, "USD"))
        guest = Identity(organization_id=here.id, slack_user_id="U0VERA", slack_team_id=TEAM, kind="guest", name="Vera")
        unknown = Identity(
            organization_id=here.id, slack_user_id="U0WHO", slack_team_id="T0ELSE", kind="external", name="Who"
        )
        session.add_all([guest, unknown])
        await session.flush()
        version = (await proposals.latest(session, [sent.id]))[sent.id]
        found = {
            "draft": draft.id, "sent": sent.id, "unsent": unsent.id, "bill": bill.id, "talk": talk.id, "note": note.id,
            "message": message.conversation_id, "order": order.id, "project": project.id, "move": move.id,
            "service": service.id, "unknown": unknown.id, "engagement": here.engagement.id, "ada": here.ada.user_id,
            "clara": here.clara.user_id,
        }  # fmt: skip
    told = {name: str(value) for name, value in found.items()}
    engagement, clara = told["engagement"], told["clara"]
    told |= {
        "advance": f"{told['project']} kickoff",
        "sign": f"{version.id} {version.sha256.hex()} 1",
        "identify": f"{told['unknown']} {engagement}",
        "same": f"{told['unknown']} {engagement} {clara}",
        "money": f"{engagement} 1",
        "edit": f"{engagement} {told['draft']}",
        "new invoice": f"{engagement} {uuid.uuid4()}",
        "page": f"{told['sent']}:1",
        "card": f"{told['sent']} {version.id}",
        "nothing": "",
    }
    return told


OWN = {
    "contact": ("clara", "unknown", "identify", "engagement"),
    "conversation": ("talk", "note", "message", "engagement"),
    "engagement": ("engagement", "money", "unknown", "identify", "same", "clara"),
    "invoice": ("bill", "unsent", "new invoice", "engagement"),
    "message": ("talk", "message", "note"),
    "project": ("project", "move", "advance", "engagement"),
    "proposal": ("draft", "sent", "sign", "edit", "page", "card", "engagement"),
    "service": ("service",),
}
"""Which things a noun's buttons and forms are about."""

EVERY = [False, pytest.param(True, marks=pytest.mark.soak)]
"""Each listener with what it is about and a tenth of all else, so that every thing meets every kind; in the long form, with all."""


def _presses(told: dict[str, str], *tables: dict[str, Any], every: bool) -> Iterator[tuple[str, Any, str, str]]:
    for number, (name, listener) in enumerate(each for table in tables for each in table.items()):
        own = OWN.get(name.partition(".")[0], ())
        for place, (what, value) in enumerate(told.items()):
            if every or what in own or what == "nothing" or (place + number) % 10 == 0:
                yield name, listener, what, value


def _filled(here: House) -> Values:
    """A form in which every field of ours is filled in."""
    words = (
        "topic",
        "words",
        "reason",
        "sentence",
        "next_what",
        "needed",
        "reference",
        "lines",
        "terms",
        "purpose",
        "bank_details",
    )
    given: dict[str, dict[str, Any]] = {name: {"value": "Extra, 2 × 150"} for name in words}
    given |= {
        "title": {"value": "Mine"},
        "name": {"value": "Gus Gray"},
        "email": {"value": "gus@evil.example"},
        "price": {"value": "1"},
    }
    day = (clock.now() + timedelta(days=3)).date().isoformat()
    given |= {name: {"selected_date": day} for name in ("due_on", "until", "next_on")}
    given["paid_on"] = {"selected_date": clock.now().date().isoformat()}
    chosen = {"to": "kickoff", "role": "Owner", "engagement": str(here.engagement.id), "kind": "work"}
    for name in ("client", "contact", "approver", "billing", "signer", "user"):
        chosen[name] = str(here.clara.user_id)
    chosen["owner"] = str(here.ada.user_id)
    given |= {name: {"selected_option": {"value": value}} for name, value in chosen.items()}
    given |= {name: {"selected_options": [{"value": "yes"}]} for name in ("electronic", "agree", "amounts")}
    given["who"] = {"selected_user": "U0VERA"}
    given["currency"] = {"value": "EUR"}
    given["timezone"] = {"value": "UTC"}
    return Values({"state": {"values": {name: {name: field} for name, field in given.items()}}})


def _shown(reply: Reply) -> str:
    return json.dumps(asdict(reply) if is_dataclass(reply) else str(reply), default=str, ensure_ascii=False)


async def _count(owner: asyncpg.Connection) -> int:
    """How many events there are, of any tenant: asked plainly, because it is asked after every press."""
    return int(await owner.fetchval("SELECT count(*) FROM events"))


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("user", ["U0GUS", "U0VERA"])
async def test_nobody_from_elsewhere_changes_or_reads_anything(
    dsn: str, database: Database, ada_house: House, user: str, every: bool
) -> None:
    told = await _things(database, ada_house)
    ears = Ears(database, Here(ada_house), Slack(api_url="http://127.0.0.1:9/"))
    owner = await asyncpg.connect(dsn)
    before, form = await _count(owner), _filled(ada_house)
    assert before > 0
    for name, listener, what, value in _presses(told, BUTTONS, FORMS, SHORTCUTS, MENUS, every=every):
        reply, _ = await ears.run(listener, TEAM, user, _given(ada_house, form, name, what, value))
        read = _shown(reply)
        assert not [word for word in (*THEIRS, *HIDDEN) if word in read], (name, what, read)
        assert await _count(owner) == before, (name, what, read)
    await owner.close()
    await ears.slack.close()


def _given(house: House, form: Values, name: str, what: str, value: str) -> dict[str, Any]:
    """What comes with a press in the client channel."""
    return {
        "value": value,
        "channel": house.engagement.channel_id,
        "form": form,
        "view": {"id": f"V{name}{what}", "private_metadata": value, "type": "modal", "callback_id": name},
        "message_ts": "1800000000.000100",
    }


async def test_the_agencys_own_people_do_read_it(database: Database, ada_house: House) -> None:
    told = await _things(database, ada_house)
    ears = Ears(database, Here(ada_house), Slack(api_url="http://127.0.0.1:9/"))
    shown = [
        ("proposal.preview", "draft"),
        ("conversation.show", "talk"),
        ("invoice.show", "unsent"),
        ("proposal.review", "sent"),
    ]
    read = ""
    for name, what in shown:
        reply, _ = await ears.run(BUTTONS[name], TEAM, "U0ADA", {"value": told[what], "channel": "CNONE"})
        read += _shown(reply)
    assert [word for word in ("Website", "Where is the logo", *HIDDEN[:3]) if word not in read] == []
    await ears.slack.close()


@pytest.mark.parametrize("every", EVERY)
async def test_a_clients_own_people_read_nothing_that_is_for_staff(
    database: Database, ada_house: House, every: bool
) -> None:
    told = await _things(database, ada_house)
    ears = Ears(database, Here(ada_house), Slack(api_url="http://127.0.0.1:9/"))
    form = _filled(ada_house)
    for name, listener, what, value in _presses(told, BUTTONS, SHORTCUTS, FORMS, every=every):
        reply, _ = await ears.run(listener, TEAM, "U0DANA", _given(ada_house, form, name, what, value))
        read = _shown(reply)
        assert not [word for word in HIDDEN if word in read], (name, what, read)
    async with database.transaction(ada_house.id) as session:
        dana = await people.get(session, [ada_house.dana.user_id])  # type: ignore[list-item]
        assert [user.side for user in dana.values()] == ["client"]
        for kind in ("proposal.signed", "proposal.declined", "invoice.voided", "role.given", "service.made"):
            query = select(func.count()).where(Event.kind == kind, Event.actor_id == ada_house.dana.user_id)
            assert (await session.execute(query)).scalar_one() == 0, kind
    await ears.slack.close()
