"""Orders and contracts: what was agreed, made once for a proposal, and found again."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from core import clock, contracts, orders
from core.db import Session
from core.money import Money
from core.orders import Bought
from tests.builders import House
from tests.core.test_proposals import a_sent


async def test_an_order_adds_up_and_is_made_once_for_a_proposal(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    bought = [Bought("SEO audit", 2, Money(90_000, "USD")), Bought("Hosting", 12, Money(4_000, "USD"))]

    async def make() -> tuple[orders.Order, list[orders.OrderLine]]:
        return await orders.make(
            session,
            ada_house.clara,
            engagement_id=ada_house.engagement.id,
            company_id=ada_house.company.id,
            client_id=ada_house.engagement.contact_id,
            proposal_id=proposal.id,
            title="Website",
            currency="USD",
            lines=bought,
        )

    order, lines = await make()
    assert order.total == Money(228_000, "USD") == sum((line.amount for line in lines), Money.zero("USD"))
    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await make()
    assert [found.id for found in await orders.of_engagement(session, ada_house.engagement.id)] == [order.id]
    assert await orders.of_proposal(session, proposal.id) is order
    assert [(line.title, line.unit.minor) for line in await orders.lines_of(session, [order.id])] == [
        ("SEO audit", 90_000),
        ("Hosting", 4_000),
    ]


async def test_a_contract_is_made_once_for_a_proposal(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    for round_ in range(2):
        making = contracts.make(
            session,
            company_id=ada_house.company.id,
            engagement_id=ada_house.engagement.id,
            proposal_id=proposal.id,
            title="Website",
            signed_at=clock.now(),
            starts_on=date(2026, 1, 5),
        )
        if round_:
            with pytest.raises(IntegrityError):
                async with session.begin_nested():
                    await making
        else:
            await making
    (contract,) = await contracts.of_engagement(session, ada_house.engagement.id)
    assert (contract.status, contract.title) == ("active", "Website")
