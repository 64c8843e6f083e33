"""Buttons of an older version's card: none of them acts on the newer version unnoticed."""

from typing import Any

import pytest

from bot.slack import signatures as signing
from bot.slack.listener import Heard
from bot.slack.proposals import answering
from bot.slack.replies import Open
from core import people, proposals, signatures
from core.db import Session
from core.errors import Conflict
from core.money import Money
from core.proposals import NewItem, Proposal
from tests.builders import House, papered

AUDIT = NewItem("SEO audit", 2, Money(90_000, "USD"))


async def pressed(session: Session, house: House, value: str) -> Heard:
    found = await people.organization(session, house.id)
    return Heard(session=session, actor=house.clara, house=found, team_id="T0STUDIOADA", user="U0CLARA", value=value)


async def two_versions(session: Session, house: House) -> tuple[Proposal, str, str]:
    """A proposal of which a second version is out, and what the buttons of both cards carry."""
    draft = await proposals.draft(session, house.ada, engagement_id=house.engagement.id, title="Website", items=[AUDIT])
    carried = []
    for title in ("Website", "Website, anew"):
        if carried:
            await proposals.revise(session, house.ada, draft.id, title=title, items=[AUDIT])
        await proposals.send(session, house.ada, draft.id)
        version = (await proposals.latest(session, [draft.id]))[draft.id]
        await papered(session, version)
        carried.append(f"{draft.id} {version.id}")
    return draft, carried[0], carried[1]


def words(reply: Any) -> str:
    assert isinstance(reply, Open)
    return str(reply.view)


async def test_review_from_an_older_card_says_that_it_is_the_newer_one(session: Session, ada_house: House) -> None:
    _, old, new = await two_versions(session, ada_house)
    from_old = words(await signing.review(await pressed(session, ada_house, old)))
    assert signing.NEWER in from_old and "Website, anew" in from_old
    assert signing.NEWER not in words(await signing.review(await pressed(session, ada_house, new)))
    assert await signatures.of_proposal(session, (await two_versions(session, ada_house))[0].id) == []


@pytest.mark.parametrize("press", [answering.request, answering.decline])
async def test_an_older_card_answers_nothing_and_leads_to_the_newer_one(
    session: Session, ada_house: House, press: Any
) -> None:
    proposal, old, new = await two_versions(session, ada_house)
    with pytest.raises(Conflict, match="newer version") as refusal:
        await press(await pressed(session, ada_house, old))
    assert refusal.value.way is not None
    assert (refusal.value.way.label, refusal.value.way.id) == ("See the new one", str(proposal.id))
    assert "Website, anew" in words(await press(await pressed(session, ada_house, new)))
