"""The cards and forms of contacts who go, in every state; as Slack takes them."""

import uuid
from dataclasses import replace

import pytest

from bot.blocks import contacts, people
from bot.sandbox.slack.blockkit import check_message, check_view
from core.contacts import ROLES, Resting
from core.engagements import Newcomer

CLARA = Resting(
    engagement_id=uuid.uuid4(),
    user_id=uuid.uuid4(),
    name="Clara <Chen>",
    first_name="Clara",
    company="Northwind & Co",
    left=True,
    how="staff",
    by="Ada",
    roles=ROLES,
    drafts=((uuid.uuid4(), "Photos *now*"),),
    proposals=((uuid.uuid4(), "Website"),),
    unpaid=("Invoice 2026-014",),
    contact="Clara <Chen>",
)
DONE = replace(CLARA, roles=(), drafts=(), proposals=(), unpaid=(), contact="Dana Flores")
DANA = [(str(uuid.uuid4()), "Dana Flores · dana@northwind.example")]


def words(thing: object) -> str:
    if isinstance(thing, dict):
        return "\n".join(
            value if key == "text" and isinstance(value, str) else words(value) for key, value in thing.items()
        )
    return "\n".join(map(words, thing)) if isinstance(thing, list) else ""


@pytest.mark.parametrize(
    ("thing", "shown", "hidden"),
    [
        (CLARA, ["Ada said so", "Main contact", "“Photos", "“Website”", "Invoice 2026-014", "Name someone else"], []),
        (replace(CLARA, how="slack", by=""), ["their Slack account was closed", "New version"], ["said so"]),
        (DONE, ["Nothing rests on Clara", "Dana Flores is the main contact"], ["Name someone else", "New version"]),
        (replace(DONE, left=False), ["is back", "Ada said so"], ["has left", "Name someone else"]),
    ],
)
def test_the_card_says_what_rests_on_them_still(thing: Resting, shown: list[str], hidden: list[str]) -> None:
    card = contacts.left(thing)
    check_message(card.blocks)
    said = words(card.blocks)
    assert all(each in said for each in shown), said
    assert not any(each in said for each in hidden), said
    assert "Clara &lt;Chen&gt;" in card.text and "<Chen>" not in said


def test_leaving_a_channel_is_told_with_a_way_to_say_more() -> None:
    here = replace(CLARA, left=False)
    card = contacts.went_out(here, "C0CLIENT")
    assert card is not None
    check_message(card.blocks)
    assert "goes by mail from now on" in words(card.blocks) and "They left the company" in words(card.blocks)
    out = contacts.went_out(replace(here, inside=False, last=True), "")
    assert out is not None and "We share no other channel" in words(out.blocks)
    assert contacts.went_out(CLARA, "C0CLIENT") is None


def test_the_forms_are_such_as_slack_takes() -> None:
    for view in (
        contacts.leaving("e", DANA, chosen=DANA[0][0]),
        contacts.returning("e", DANA),
        contacts.successor(CLARA, DANA),
        contacts.successor(CLARA, [*DANA, (str(uuid.uuid4()), "Luis")]),
        contacts.successor(CLARA, []),
    ):
        check_view(view, "modal")
    assert "We know nobody else" in words(contacts.successor(CLARA, []))


def test_who_had_left_and_is_in_the_channel_again_is_asked_about() -> None:
    card = people.linked(
        Newcomer(
            uuid.uuid4(), uuid.uuid4(), "U1", "Clara", "Northwind", known_as="clara@x.example", left_id=uuid.uuid4()
        )
    )
    check_message(card.blocks)
    assert "had left" in card.text and "They are back" in words(card.blocks)
