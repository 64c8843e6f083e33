"""Links: used once, for a while, by one person; codes that cannot be guessed or used to find out who is known."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from core import clock, links, people
from core.db import Database, Session
from core.errors import Conflict, NotAllowed, NotFound
from core.events import Event, Kind
from core.jobs import Job
from core.links import Link, Wrong
from tests.builders import House, house


async def minted(session: Session, ada_house: House) -> str:
    clara = ada_house.clara
    assert clara.user_id
    return await links.mint(session, clara, user_id=clara.user_id, engagement_id=ada_house.engagement.id)


async def asked(
    session: Session, ada_house: House, email: str = "clara@northwind.example", place: str = "1.2.3.4"
) -> str:
    return await links.ask(session, organization_id=ada_house.id, email=email, place=place)


async def drawn(session: Session, token: str) -> str:
    link = await links.find(session, token, "code")
    assert link
    found = await links.draw(session, link.id)
    assert found
    return found[0]


async def opened(session: Session) -> int:
    return (
        await session.execute(select(func.count()).select_from(Event).where(Event.kind == Kind.LINK_OPENED.value))
    ).scalar_one()


async def test_a_link_opens_one_session_once_and_is_on_record(session: Session, ada_house: House) -> None:
    token = await minted(session, ada_house)
    link, secret = await links.exchange(session, token)
    actor = await links.bearer(session, link)
    assert actor and actor.user_id == ada_house.clara.user_id
    found = await links.find(session, secret, "session")
    assert found and found.id == link.id and found.state == "live"
    assert await opened(session) == 1
    with pytest.raises(Conflict, match="has been used"):
        await links.exchange(session, token)
    assert await opened(session) == 1


async def test_no_secret_is_stored(session: Session, ada_house: House) -> None:
    token = await minted(session, ada_house)
    _, secret = await links.exchange(session, token)
    waiting = await asked(session, ada_house)
    code = await drawn(session, waiting)
    stored = (await session.execute(text("SELECT string_agg(links::text, ' ') FROM links"))).scalar_one()
    jobs = (await session.execute(select(Job.payload).where(Job.kind == "link.code"))).scalars().all()
    for each in (token, secret, waiting, code):
        assert each not in stored and each not in str(jobs)
        assert each.encode().hex() not in stored
    assert links.digest(secret).hex() in stored


async def test_one_secret_does_not_serve_for_another(session: Session, ada_house: House) -> None:
    token = await minted(session, ada_house)
    assert await links.find(session, token, "session") is None
    _, secret = await links.exchange(session, token)
    with pytest.raises(NotFound):
        await links.exchange(session, secret)
    with pytest.raises(NotFound):
        await links.exchange(session, "never was")


async def test_links_expire_and_so_do_sessions(session: Session, ada_house: House, moved_clock: Path) -> None:
    token, other = await minted(session, ada_house), await minted(session, ada_house)
    link, _ = await links.exchange(session, other)
    clock.move(15 * 60 + 1)
    with pytest.raises(Conflict, match="expired"):
        await links.exchange(session, token)
    assert await links.bearer(session, link)
    clock.move(links.SESSION.total_seconds())
    assert await links.bearer(session, link) is None


async def test_links_are_made_for_oneself_alone(session: Session, ada_house: House) -> None:
    engagement, clara = ada_house.engagement.id, ada_house.clara.user_id
    assert clara and ada_house.gus.user_id
    with pytest.raises(NotAllowed):
        await links.mint(session, ada_house.ada, user_id=clara, engagement_id=engagement)
    with pytest.raises(NotAllowed):
        await links.mint(session, ada_house.dana, user_id=clara, engagement_id=engagement)
    for nobody in (ada_house.gus, ada_house.stranger):
        with pytest.raises(NotFound):
            await links.mint(session, nobody, user_id=nobody.user_id or clara, engagement_id=engagement)
    assert ada_house.ada.user_id
    with pytest.raises(NotFound):
        await links.mint(session, people.system(ada_house.id), user_id=ada_house.ada.user_id, engagement_id=engagement)
    assert await links.mint(session, people.system(ada_house.id), user_id=clara, engagement_id=engagement)


async def test_of_two_at_once_one_gets_in(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        token = await minted(session, ada_house)

    async def enter() -> bool:
        try:
            async with database.transaction(ada_house.id) as session:
                await links.exchange(session, token)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(*(enter() for _ in range(5)))) == [False] * 4 + [True]


async def test_another_agency_cannot_use_a_link(database: Database, ada_house: House) -> None:
    rival = await house(database, "Rival", "T0RIVAL")
    async with database.transaction(ada_house.id) as session:
        token, code = await minted(session, ada_house), await asked(session, ada_house)
    async with database.transaction(rival.id) as session:
        with pytest.raises(NotFound):
            await links.exchange(session, token)
        with pytest.raises(Conflict):
            await links.answer(session, code, "123456")
        assert ada_house.clara.user_id
        await links.revoke(session, ada_house.clara.user_id)
    async with database.transaction(ada_house.id) as session:
        await links.exchange(session, token)


async def test_a_code_opens_once(session: Session, ada_house: House) -> None:
    token = await asked(session, ada_house, "Clara@Northwind.example ")
    code = await drawn(session, token)
    entered = await links.answer(session, token, f" {code[:3]} {code[3:]}")
    assert not isinstance(entered, Wrong)
    actor = await links.bearer(session, entered[0])
    assert actor and actor.user_id == ada_house.clara.user_id
    assert await opened(session) == 1
    with pytest.raises(Conflict):
        await links.answer(session, token, code)


async def test_five_wrong_codes_and_the_right_one_is_dead(session: Session, ada_house: House) -> None:
    token = await asked(session, ada_house)
    code = await drawn(session, token)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for left in (4, 3, 2, 1, 0):
        assert await links.answer(session, token, wrong) == Wrong(left)
    with pytest.raises(Conflict):
        await links.answer(session, token, code)
    assert await opened(session) == 0


async def test_tries_at_once_are_all_counted(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        token = await asked(session, ada_house)

    async def attempt() -> bool:
        try:
            async with database.transaction(ada_house.id) as session:
                return isinstance(await links.answer(session, token, "000000"), Wrong)
        except Conflict:
            return False

    assert sum(await asyncio.gather(*(attempt() for _ in range(12)))) == 5


async def test_a_code_needs_the_browser_that_asked(session: Session, ada_house: House) -> None:
    mine, other = await asked(session, ada_house), await asked(session, ada_house)
    code, theirs = await drawn(session, mine), await drawn(session, other)
    if code != theirs:
        assert isinstance(await links.answer(session, other, code), Wrong)
    assert not isinstance(await links.answer(session, mine, code), Wrong)


async def test_codes_expire(session: Session, ada_house: House, moved_clock: Path) -> None:
    token = await asked(session, ada_house)
    code = await drawn(session, token)
    clock.move(10 * 60 + 1)
    with pytest.raises(Conflict):
        await links.answer(session, token, code)
    link = await links.find(session, token, "code")
    assert link and await links.draw(session, link.id) is None


async def test_a_code_drawn_again_replaces_the_first(session: Session, ada_house: House) -> None:
    token = await asked(session, ada_house)
    first, second = await drawn(session, token), await drawn(session, token)
    if first != second:
        assert isinstance(await links.answer(session, token, first), Wrong)
    assert not isinstance(await links.answer(session, token, second), Wrong)


@pytest.mark.parametrize("email", ["nobody@northwind.example", "ada@studioada.example"])
async def test_asking_tells_nothing_of_who_is_known(session: Session, ada_house: House, email: str) -> None:
    known, unknown = await asked(session, ada_house), await asked(session, ada_house, email)
    assert len(known) == len(unknown)
    assert (await session.execute(select(func.count()).where(Job.kind == "link.code"))).scalar_one() == 2
    link = await links.find(session, unknown, "code")
    assert link and link.user_id is None
    assert await links.draw(session, link.id) is None
    assert await links.answer(session, known, "1") == await links.answer(session, unknown, "1") == Wrong(4)


@pytest.mark.parametrize("email", ["clara@northwind.example", "nobody@northwind.example"])
async def test_codes_are_limited_by_e_mail_known_or_not(
    session: Session, ada_house: House, email: str, moved_clock: Path
) -> None:
    for number in range(links.PER_EMAIL):
        await asked(session, ada_house, email, f"10.0.0.{number}")
    with pytest.raises(Conflict, match="Several codes"):
        await asked(session, ada_house, email.upper(), "10.0.1.1")
    await asked(session, ada_house, "dana@northwind.example", "10.0.1.1")
    clock.move(3601)
    await asked(session, ada_house, email, "10.0.1.1")


async def test_codes_are_limited_by_place(session: Session, ada_house: House) -> None:
    for number in range(links.PER_PLACE):
        await asked(session, ada_house, f"p{number}@northwind.example", "10.0.0.1")
    with pytest.raises(Conflict):
        await asked(session, ada_house, "clara@northwind.example", "10.0.0.1")
    await asked(session, ada_house, "clara@northwind.example", "10.0.0.2")


async def test_a_burst_does_not_pass_the_limit(database: Database, ada_house: House) -> None:
    async def ask(number: int) -> bool:
        try:
            async with database.transaction(ada_house.id) as session:
                await asked(session, ada_house, place=f"10.0.0.{number}")
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(ask(number) for number in range(9)))) == links.PER_EMAIL


async def test_whoever_leaves_is_out(session: Session, ada_house: House) -> None:
    clara = ada_house.clara.user_id
    assert clara
    unused, token, code = (
        await minted(session, ada_house),
        await minted(session, ada_house),
        await asked(session, ada_house),
    )
    _, secret = await links.exchange(session, token)
    await links.revoke(session, clara)
    session.expire_all()
    found = await links.find(session, secret, "session")
    assert found and await links.bearer(session, found) is None
    with pytest.raises(Conflict):
        await links.exchange(session, unused)
    with pytest.raises(Conflict):
        await links.answer(session, code, "123456")


async def test_a_session_ends_with_its_person(session: Session, ada_house: House) -> None:
    unused = await minted(session, ada_house)
    link, _ = await links.exchange(session, await minted(session, ada_house))
    user = (await people.get(session, [ada_house.clara.user_id]))[ada_house.clara.user_id]  # type: ignore[list-item,index]
    user.left_at = clock.now()
    await session.flush()
    assert await links.bearer(session, link) is None
    with pytest.raises(Conflict, match="no longer open"):
        await links.exchange(session, unused)


async def test_signing_out_ends_one_session_alone(session: Session, ada_house: House) -> None:
    _, first = await links.exchange(session, await minted(session, ada_house))
    _, second = await links.exchange(session, await minted(session, ada_house))
    await links.leave(session, first)
    await links.leave(session, first)
    session.expire_all()
    one, two = await links.find(session, first, "session"), await links.find(session, second, "session")
    assert one and two and one.state == "revoked" and two.state == "live"


async def test_spent_links_are_forgotten_in_time(session: Session, ada_house: House, moved_clock: Path) -> None:
    await minted(session, ada_house)
    clock.move(timedelta(days=40).total_seconds())
    await minted(session, ada_house)
    assert (await session.execute(select(func.count()).select_from(Link))).scalar_one() == 1


async def test_a_permanent_address_names_its_agency_or_there_is_only_one(database: Database, ada_house: House) -> None:
    async with database.platform() as session:
        only, named = await links.house(session, None), await links.house(session, ada_house.id)
        assert only and named and only.id == named.id == ada_house.id
        assert await links.house(session, uuid.uuid4()) is None
    await house(database, "Rival", "T0RIVAL")
    async with database.platform() as session:
        assert await links.house(session, None) is None
