"""Subscriptions end: by a colleague's word, and while an engagement is closed nothing is billed, then or afterwards."""

from datetime import timedelta

import pytest

from bot.blocks import subscriptions as blocks
from core import clock, contacts, engagements, events, subscriptions
from core.db import Session
from core.errors import NotAllowed, NotFound
from core.people import system
from core.subscriptions import Subscription
from tests.builders import House
from tests.core.test_beginning import begun


async def care(session: Session, house: House) -> Subscription:
    (made,) = (await begun(session, house, ())).subscriptions
    return made


async def passed(session: Session, house: House, subscription: Subscription, days: int) -> list[str]:
    """What is billed once so many more days have passed: the days on which the periods begin."""
    clock.move(timedelta(days=days).total_seconds())
    made = await subscriptions.bill(session, system(house.id), subscription.id)
    return [str(bill.period_start) for bill in made]


async def test_a_closed_engagement_is_not_billed_and_neither_is_that_time_afterwards(
    session: Session, ada_house: House, moved_clock: None
) -> None:
    subscription = await care(session, ada_house)
    first = str(subscription.anchor_on)
    assert await passed(session, ada_house, subscription, 15) == [first]
    await engagements.close(session, ada_house.ada, ada_house.engagement.id)
    assert await passed(session, ada_house, subscription, 70) == []
    assert subscription.status == "active"
    await engagements.resume(session, ada_house.ada, ada_house.engagement.id)
    later = subscription.next_on
    assert later > clock.now().date()
    assert await passed(session, ada_house, subscription, 31) == [str(later)]


async def test_what_has_ended_is_not_billed(session: Session, ada_house: House, moved_clock: None) -> None:
    subscription = await care(session, ada_house)
    card = blocks.listing(await subscriptions.running(session, ada_house.ada), "en_US", everywhere=True)
    assert "Care" in str(card.blocks)
    assert "$300 a month" in str(card.blocks)
    for somebody, refusal in ((ada_house.gus, NotFound), (ada_house.clara, NotFound), (ada_house.ben, NotAllowed)):
        with pytest.raises(refusal):
            await subscriptions.end(session, somebody, subscription.id)
    for _ in range(2):
        await subscriptions.end(session, ada_house.ada, subscription.id)
    assert await passed(session, ada_house, subscription, 40) == []
    assert await subscriptions.running(session, ada_house.ada) == []
    happened = [event.kind for event in await events.history(session, ada_house.engagement.id, 100)]
    assert happened.count("subscription.ended") == 1


async def test_who_has_left_gets_no_bill(session: Session, ada_house: House, moved_clock: None) -> None:
    subscription = await care(session, ada_house)
    await contacts.leave(session, ada_house.ada, ada_house.clara.user_id)
    ada_house.engagement = await session.merge(ada_house.engagement)
    ada_house.engagement.contact_id = ada_house.dana.user_id
    await session.flush()
    clock.move(timedelta(days=15).total_seconds())
    (bill,) = await subscriptions.bill(session, system(ada_house.id), subscription.id)
    assert bill.client_id == ada_house.dana.user_id
