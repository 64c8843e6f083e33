"""Engagements: every verb with its strangers and wrong states; what Slack tells of them, in any order."""

import itertools
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from core import clock, db, engagements, jobs, people
from core.conversations import Conversation
from core.db import Database, Session, listen_for_queries
from core.engagements import CONNECTION, ChannelMember, Engagement, EngagementPerson, lists, making
from core.engagements.status import status
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from core.events import Event
from core.people import Identity, Profile
from core.projects import Project
from tests.builders import NORTHWIND_TEAM, TEAM, House

NEW: dict[str, Any] = {"company": "Initech", "contact": "Peter Gibbons", "email": "peter@initech.example"}


async def kinds(session: Session, engagement_id: uuid.UUID) -> list[str]:
    query = select(Event.kind).where(Event.chain == engagement_id).order_by(Event.seq)
    return list((await session.execute(query)).scalars())


async def waiting(session: Session, kind: str) -> int:
    return int(
        (await session.execute(select(func.count()).select_from(jobs.Job).where(jobs.Job.kind == kind))).scalar_one()
    )


async def again(session: Session, engagement: Engagement) -> Engagement:
    return await engagements.locked(session, engagement.id)


# Opening and linking


async def test_opening_makes_all_but_the_channels_at_once(session: Session, ada_house: House) -> None:
    assert ada_house.ben.user_id
    key = uuid.uuid4()
    made = await engagements.open(
        session, ada_house.ada, **NEW, team=[ada_house.ben.user_id], newcomers=["U9"], key=key
    )
    who = await engagements.people_of(session, made.id)
    assert (made.title, made.channel_name, made.connection, made.stage, made.show_amounts) == (
        "Initech",
        "initech",
        "none",
        "draft",
        False,
    )
    assert (who.contact.name, who.approver.name, who.billing.name, who.owner.name) == ("Peter Gibbons",) * 3 + (
        "Ada Lovelace",
    )
    assert [user.name for user in who.team] == ["Ada Lovelace", "Ben Okafor"]
    assert [user.name for user in who.clients] == ["Peter Gibbons"]
    assert await kinds(session, made.id) == ["engagement.opened"]
    assert await waiting(session, "engagement.prepare") == 1
    twice = await engagements.open(session, ada_house.ada, **NEW, key=key)
    assert twice.id == made.id
    assert await kinds(session, made.id) == ["engagement.opened"]


async def test_only_staff_open_and_link(session: Session, ada_house: House) -> None:
    for who in (ada_house.clara, ada_house.gus, ada_house.stranger):
        with pytest.raises(NotAllowed):
            await engagements.open(session, who, **NEW)
        with pytest.raises(NotAllowed):
            await engagements.link(session, who, channel_id="C9", **NEW)


WRONG = (
    ("company", "  "),
    ("contact", ""),
    ("email", "peter"),
    ("email", "ada@studioada.example"),
    ("email", "gus@globex.example"),
)


async def test_what_cannot_be_taken_is_said_at_its_field(session: Session, ada_house: House) -> None:
    for field, wrong in WRONG:
        with pytest.raises(Invalid) as refused:
            await engagements.open(session, ada_house.ada, **{**NEW, field: wrong})
        assert refused.value.field == field


async def test_a_client_cannot_be_put_on_the_team(session: Session, ada_house: House) -> None:
    assert ada_house.clara.user_id
    with pytest.raises(Invalid, match="your own agency"):
        await engagements.open(session, ada_house.ada, **NEW, team=[ada_house.clara.user_id])


async def test_guests_and_outsiders_are_no_colleagues(session: Session, ada_house: House) -> None:
    session.add(Identity(organization_id=ada_house.id, slack_user_id="U0VERA", kind="guest", name="Vera"))
    await session.flush()
    found, unmet = await engagements.colleagues(session, ["U0BEN", "U0NOBODY"])
    assert ([user.name for user in found], unmet) == (["Ben Okafor"], ["U0NOBODY"])
    for outsider in ("U0VERA", "U0CLARA"):
        with pytest.raises(Invalid):
            await engagements.colleagues(session, [outsider])


async def test_linking_adopts_a_channel_that_has_no_engagement(session: Session, ada_house: House) -> None:
    key = uuid.uuid4()
    made = await engagements.link(session, ada_house.ada, channel_id="C9", **NEW, key=key)
    assert (made.adopted, made.channel_id, made.kept) == (True, "C9", False)
    assert (await engagements.link(session, ada_house.ada, channel_id="C9", **NEW, key=key)).id == made.id
    for channel in ("C9", ada_house.engagement.channel_id, ada_house.engagement.staff_channel_id):
        assert channel
        with pytest.raises(Conflict, match="belongs to the engagement"):
            await engagements.link(session, ada_house.ada, channel_id=channel, **NEW)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Northwind Traders, Inc.", "northwind-traders-inc"),
        ("Müller & Söhne", "müller-söhne"),
        ("  ", "client"),
        ("—", "client"),
        ("A" * 200, "a" * 68),
    ],
)
def test_channel_names_are_such_as_slack_takes(wanted: str, name: str) -> None:
    assert engagements.channel_name(wanted) == name


async def test_names_are_claimed_so_that_no_two_engagements_want_the_same(session: Session, ada_house: House) -> None:
    first = await engagements.open(session, ada_house.ada, **NEW)
    second = await engagements.open(session, ada_house.ada, **NEW, title="Second")
    assert await making.claim_name(session, first.id, "staff") == "initech-internal"
    assert await making.claim_name(session, first.id, "client") == "initech-2"  # the second wishes for “initech”, too
    assert await making.claim_name(session, second.id, "client") == "initech"
    assert await making.claim_name(session, second.id, "client", after="initech") == "initech-3"
    assert await making.claim_name(session, second.id, "client") == "initech-3"


# Staff lead it


VERBS: dict[str, Any] = {
    "retry": lambda session, actor, one: engagements.retry(session, actor, one),
    "invite": lambda session, actor, one: engagements.invite(session, actor, one),
    "choose_mail": lambda session, actor, one: engagements.choose_mail(session, actor, one),
    "set_amounts": lambda session, actor, one: engagements.set_amounts(session, actor, one, shown=True),
    "pause": lambda session, actor, one: engagements.pause(session, actor, one),
    "resume": lambda session, actor, one: engagements.resume(session, actor, one),
    "close": lambda session, actor, one: engagements.close(session, actor, one),
    "make_private": lambda session, actor, one: engagements.make_private(session, actor, one),
    "name_people": lambda session, actor, one: engagements.name_people(
        session, actor, one, owner_id=uuid.uuid4(), contact_id=uuid.uuid4(), approver_id=None, billing_id=None
    ),
    "identify": lambda session, actor, one: engagements.identify(
        session, actor, one, uuid.uuid4(), email="x@y.example"
    ),
}


async def test_strangers_find_nothing_and_clients_may_not(session: Session, ada_house: House) -> None:
    one = ada_house.engagement.id
    for verb in VERBS.values():
        for actor, refusal in (
            (ada_house.stranger, NotFound),
            (ada_house.gus, NotFound),
            (ada_house.clara, NotAllowed),
        ):
            with pytest.raises(refusal):
                await verb(session, actor, one)
        with pytest.raises(NotFound):
            await verb(session, ada_house.ada, uuid.uuid4())
    assert await kinds(session, one) == []


async def test_a_life_of_pause_resume_close(session: Session, ada_house: House, moved_clock: Path) -> None:
    one = ada_house.engagement.id
    until = clock.now() + timedelta(days=7)
    for _ in range(2):
        assert (await engagements.pause(session, ada_house.ada, one, until=until)).status == "paused"
    with pytest.raises(Invalid):
        await engagements.pause(session, ada_house.ada, one, until=clock.now() - timedelta(days=1))
    found = await engagements.locked(session, one)
    assert not engagements.resume_due(found)
    clock.move(8 * 86_400)
    assert engagements.resume_due(found)
    for _ in range(2):
        assert (await engagements.resume(session, people.system(ada_house.id), one)).status == "active"
    for _ in range(2):
        closed = await engagements.close(session, ada_house.ben, one)
    assert (closed.status, closed.stage) == ("closed", "cancelled")
    with pytest.raises(Conflict):
        await engagements.pause(session, ada_house.ada, one)
    with pytest.raises(Conflict) as refused:
        await engagements.invite(session, ada_house.ada, one)
    assert refused.value.way is not None
    assert (await engagements.resume(session, ada_house.ada, one)).stage == "draft"
    assert await kinds(session, one) == [
        "engagement.paused",
        "engagement.resumed",
        "engagement.closed",
        "engagement.stage_passed",
        "engagement.resumed",
        "engagement.stage_passed",
    ]


async def test_amounts_are_shown_once_and_the_cards_drawn_anew(session: Session, ada_house: House) -> None:
    one = ada_house.engagement.id
    for _ in range(2):
        assert (await engagements.set_amounts(session, ada_house.ada, one, shown=True)).show_amounts
    assert await kinds(session, one) == ["engagement.amounts_set"]
    assert await waiting(session, "engagement.redraw") == 1


async def test_an_invitation_goes_to_the_contact_or_to_another_of_the_company(
    session: Session, ada_house: House
) -> None:
    made = await engagements.open(session, ada_house.ada, **NEW)
    assert (await engagements.invite(session, ada_house.ada, made.id)).invite_email == "peter@initech.example"
    await engagements.invite(session, ada_house.ada, made.id, email="milton@initech.example", name="Milton Waddams")
    assert [user.name for user in (await engagements.people_of(session, made.id)).clients] == [
        "Milton Waddams",
        "Peter Gibbons",
    ]
    with pytest.raises(Invalid):
        await engagements.invite(session, ada_house.ada, made.id, email="gus@globex.example")
    with pytest.raises(Conflict, match="is in the channel already"):
        await engagements.invite(session, ada_house.ada, ada_house.engagement.id)
    with pytest.raises(Conflict):
        await engagements.choose_mail(session, ada_house.ada, ada_house.engagement.id)


async def test_an_invitation_whose_answer_was_lost_is_not_sent_again_by_itself(
    session: Session, ada_house: House
) -> None:
    made = await engagements.open(session, ada_house.ada, **NEW)
    assert await making.inviting(session, made.id)
    assert not await making.inviting(session, made.id)
    await making.not_invited(session, made.id)
    assert await making.inviting(session, made.id)
    await making.invited(session, made.id, invite_id="I1", url="u")
    assert await making.inviting(session, made.id)
    assert (await again(session, made)).connection == "invited"


async def test_parts_are_given_to_the_right_side(session: Session, ada_house: House) -> None:
    ids = {name: getattr(ada_house, name).user_id for name in ("ada", "ben", "clara", "dana", "gus")}
    one = ada_house.engagement.id

    async def give(**parts: Any) -> Engagement:
        given = {
            "owner_id": ids["ben"],
            "contact_id": ids["clara"],
            "approver_id": ids["dana"],
            "billing_id": ids["clara"],
        }
        return await engagements.name_people(session, ada_house.ada, one, **{**given, **parts})

    for _ in range(2):
        found = await give()
    assert (found.owner_id, found.approver_id, found.billing_id) == (ids["ben"], ids["dana"], None)
    assert await kinds(session, one) == ["engagement.people_named"]
    who = await engagements.people_of(session, one)
    assert (who.approver.name, who.billing.name) == ("Dana Flores", "Clara Chen")
    for wrong, field in (
        ({"owner_id": ids["clara"]}, "owner"),
        ({"contact_id": ids["gus"]}, "contact"),
        ({"billing_id": ids["ada"]}, "billing"),
    ):
        with pytest.raises(Invalid) as refused:
            await give(**wrong)
        assert refused.value.field == field


# People come and go


async def test_staff_say_who_an_account_is_once(session: Session, ada_house: House) -> None:
    eve = Identity(
        organization_id=ada_house.id,
        slack_user_id="U0EVE",
        slack_team_id=NORTHWIND_TEAM,
        kind="external",
        name="Eve Moss",
    )
    await db.save(session, eve)
    one = ada_house.engagement.id
    for _ in range(2):
        await engagements.came_in(session, ada_house.engagement, eve)
    assert await kinds(session, one) == ["person.joined"]
    asked = await engagements.newcomer(session, eve.id, one)
    assert asked is not None
    assert (asked.guess, asked.company, asked.known_as) == ("", "Northwind", "")
    for _ in range(2):
        await engagements.identify(session, ada_house.ada, one, eve.id, email="eve@northwind.example")
    assert await kinds(session, one) == ["person.joined", "contact.linked"]
    known = await engagements.newcomer(session, eve.id, one)
    assert known is not None
    assert (known.known_as, known.how, known.by) == ("eve@northwind.example", "staff", "Ada")
    with pytest.raises(Conflict, match="known already"):
        await engagements.identify(session, ada_house.ada, one, eve.id, user_id=ada_house.clara.user_id)


async def test_the_likely_contact_is_named_and_other_companies_are_not_let_in(
    session: Session, ada_house: House
) -> None:
    made = await engagements.open(session, ada_house.ada, **NEW)
    peter = Identity(
        organization_id=ada_house.id, slack_user_id="U0P", slack_team_id="T0INITECH", kind="external", name="Pete"
    )
    await db.save(session, peter)
    asked = await engagements.newcomer(session, peter.id, made.id)
    assert asked is not None
    assert asked.guess == "peter@initech.example"
    with pytest.raises(NotFound):
        await engagements.identify(session, ada_house.ada, made.id, peter.id, user_id=ada_house.clara.user_id)
    gus = await people.identity(session, "U0GUS")
    assert gus is not None
    await engagements.came_in(session, made, gus)
    assert ada_house.gus.user_id not in {user.id for user in (await engagements.people_of(session, made.id)).clients}
    foreign = await engagements.newcomer(session, gus.id, made.id)
    assert foreign is not None
    assert (foreign.foreign, foreign.company) == (True, "Globex")


async def test_an_exact_address_links_and_is_recorded_once(session: Session, ada_house: House) -> None:
    made = await engagements.open(session, ada_house.ada, **NEW)
    profile = Profile("U0P", "T0INITECH", "Peter Gibbons", email="PETER@initech.example")
    for _ in range(2):
        known = await engagements.meet(session, made, profile, home_team_id=TEAM)
        await engagements.came_in(session, made, known)
    assert await kinds(session, made.id) == ["engagement.opened", "contact.linked"]


async def test_who_leaves_is_out_unless_a_part_keeps_them_in(session: Session, ada_house: House) -> None:
    one = ada_house.engagement
    for account in ("U0ADA", "U0BEN", "U0CLARA", "U0DANA", "U0NOBODY"):
        await engagements.went_out(session, one, account)
    who = await engagements.people_of(session, one.id)
    assert [user.name for user in who.team + who.clients] == ["Ada Lovelace", "Clara Chen"]


async def test_joins_and_leaves_count_by_their_time_in_any_order(session: Session, ada_house: House) -> None:
    told = [("U1", True, "1.0"), ("U1", False, "2.0"), ("U1", True, "3.0"), ("U1", False, "2.5")]
    for number, order in enumerate(itertools.permutations(told)):
        for user, present, ts in (*order, *order):
            await engagements.note_member(session, f"C{number}", user, "T1", present=present, event_ts=ts)
        assert await engagements.is_in(session, f"C{number}", "U1")


async def test_the_audience_counts_people_and_those_from_elsewhere(session: Session, ada_house: House) -> None:
    one = ada_house.engagement
    session.add(Identity(organization_id=ada_house.id, slack_user_id="U0BOT", kind="bot", name="Throughline"))
    assert one.channel_id
    for user in ("U0ADA", "U0BEN", "U0CLARA", "U0BOT", "U0UNKNOWN"):
        await engagements.note_member(session, one.channel_id, user, "", present=True, event_ts="1")
    await engagements.note_member(session, one.channel_id, "U0BEN", "", present=False, event_ts="2")
    found = await engagements.audience(session, one)
    assert (found.readers, found.outsiders) == (3, 1)


# What Slack tells


async def invited(session: Session, ada_house: House) -> Engagement:
    made = await engagements.open(session, ada_house.ada, **NEW)
    made.channel_id = "C9"
    await engagements.invite(session, ada_house.ada, made.id)
    await making.invited(session, made.id, invite_id="I1", url="u")
    return made


async def test_the_way_in_is_right_in_any_order_and_any_number_of_times(session: Session, ada_house: House) -> None:
    async def tell(made: Engagement, what: str) -> None:
        if what == "accepted":
            await engagements.accepted(
                session,
                made.id,
                invite_id="I1",
                email="peter@initech.example",
                user="U0P",
                team="T9",
                name="Peter",
                event_ts="10.1",
            )
        elif what == "approved":
            await engagements.approved(session, made.id, event_ts="10.2")
        else:
            await engagements.connected(session, made.id, event_ts="10.3")

    for order in itertools.permutations(("accepted", "approved", "shared")):
        nested = await session.begin_nested()
        made = await invited(session, ada_house)
        for what in (*order, *order):
            await tell(made, what)
        assert (await again(session, made)).connection == "connected"
        told = await kinds(session, made.id)
        assert told.count("engagement.connected") == 1
        assert told.count("engagement.accepted") <= 1
        assert told.count("contact.linked") == 1
        known = await people.identity(session, "U0P")
        assert known is not None
        assert known.user_id == made.contact_id
        await nested.rollback()


async def test_another_invitation_links_nobody(session: Session, ada_house: House) -> None:
    made = await invited(session, ada_house)
    await engagements.accepted(
        session, made.id, invite_id="I9", email="x@y.z", user="U0X", team="T9", name="X", event_ts="1"
    )
    await engagements.declined(session, made.id, invite_id="I9", email="x@y.z", event_ts="2")
    assert await people.identity(session, "U0X") is None
    assert (await again(session, made)).connection == "accepted"


async def test_a_contact_who_is_known_is_not_taken_over_by_who_accepts(session: Session, ada_house: House) -> None:
    made = await invited(session, ada_house)
    facts: dict[str, str] = {"invite_id": "I1", "email": "", "team": "T9"}
    await engagements.accepted(session, made.id, **facts, user="U0P", name="Peter", event_ts="1")
    await engagements.accepted(session, made.id, **facts, user="U0Q", name="Milton", event_ts="2")
    assert await people.identity(session, "U0P") is not None
    assert await people.identity(session, "U0Q") is None


async def test_a_declined_invitation_and_a_lost_company_are_told_once(session: Session, ada_house: House) -> None:
    made = await invited(session, ada_house)
    for _ in range(2):
        await engagements.declined(session, made.id, invite_id="I1", email="", event_ts="5")
    assert (await again(session, made)).connection == "declined"
    await engagements.connected(session, made.id, event_ts="7")
    for _ in range(2):
        await engagements.disconnected(session, made.id, team="T9", still_shared=False, event_ts="9")
    await engagements.connected(session, made.id, event_ts="8")  # told late
    assert (await again(session, made)).connection == "disconnected"
    told = await kinds(session, made.id)
    assert [told.count(f"engagement.{what}") for what in ("declined", "connected", "disconnected")] == [1, 1, 1]


async def test_a_channel_still_shared_with_others_stays_connected(session: Session, ada_house: House) -> None:
    await engagements.disconnected(session, ada_house.engagement.id, team="T9", still_shared=True, event_ts="9")
    assert (await again(session, ada_house.engagement)).connection == "connected"


async def test_an_exposed_staff_channel_warns_its_owner_once(session: Session, ada_house: House) -> None:
    one = ada_house.engagement
    vera = Identity(organization_id=ada_house.id, slack_user_id="U0VERA", kind="guest", name="Vera Guest")
    await db.save(session, vera)
    assert one.staff_channel_id
    await engagements.exposed_by(session, one.id)
    assert (await again(session, one)).exposed_at is None
    await engagements.note_member(session, one.staff_channel_id, "U0VERA", TEAM, present=True, event_ts="1")
    for _ in range(2):
        await engagements.exposed_by(session, one.id)
    assert await waiting(session, "owner.warn") == 1
    with pytest.raises(Conflict, match="Vera Guest"):
        await engagements.make_private(session, ada_house.ada, one.id)
    await engagements.note_member(session, one.staff_channel_id, "U0VERA", TEAM, present=False, event_ts="2")
    await engagements.staff_channel_shared(session, one.id, shared=True, event_ts="3")
    with pytest.raises(Conflict, match="shared with another company"):
        await engagements.make_private(session, ada_house.ada, one.id)
    await engagements.staff_channel_shared(session, one.id, shared=False, event_ts="4")
    for _ in range(2):
        assert (await engagements.make_private(session, ada_house.ada, one.id)).exposed_at is None
    await engagements.staff_channel_public(session, one.id, public=True, event_ts="5")
    assert (await again(session, one)).exposed_at is not None
    assert await kinds(session, one.id) == [
        "engagement.staff_channel_exposed",
        "engagement.staff_channel_private",
        "engagement.staff_channel_exposed",
    ]


async def test_names_archives_and_ids_follow_slack(session: Session, ada_house: House) -> None:
    one = ada_house.engagement
    assert one.channel_id
    assert one.staff_channel_id
    await engagements.renamed(session, one.id, one.channel_id, "new", event_ts="2")
    await engagements.renamed(session, one.id, one.channel_id, "old", event_ts="1")
    await engagements.reachable(session, one.id, one.channel_id, "archived", event_ts="2")
    await engagements.reachable(session, one.id, one.channel_id, "", event_ts="1")
    found = await again(session, one)
    assert (found.channel_name, found.channel_gone, found.staff_channel_gone) == ("new", "archived", "")
    await engagements.reachable(session, one.id, one.channel_id, "", event_ts="3")
    await engagements.reachable(session, one.id, one.staff_channel_id, "left", event_ts="3")
    found = await again(session, one)
    assert (found.channel_gone, found.staff_channel_gone) == ("", "left")
    assert await kinds(session, one.id) == [
        "engagement.channel_lost",
        "engagement.channel_back",
        "engagement.channel_lost",
    ]
    await engagements.note_member(session, one.channel_id, "U1", "T1", present=True, event_ts="1")
    for _ in range(2):
        await engagements.channel_id_changed(session, one.channel_id, "C0NEW")
    found, place = await engagements.in_channel(session, "C0NEW")
    assert (found and found.id, place) == (one.id, "client")
    assert await engagements.is_in(session, "C0NEW", "U1")


# Reading


async def test_the_status_and_the_lists_take_as_many_queries_for_one_as_for_many(
    database: Database, ada_house: House
) -> None:
    one = ada_house.engagement

    async def counted() -> tuple[int, int]:
        seen: list[str] = []
        async with database.transaction(ada_house.id) as session:
            stop = listen_for_queries(database.engine, seen)
            found = await status(session, one.id)
            first = len(seen)
            await lists.listing(session, ada_house.ada)
            stop()
        assert found.company == "Northwind"
        return first, len(seen)

    before = await counted()
    async with database.transaction(ada_house.id) as session:
        for number in range(12):
            work = Project(
                organization_id=ada_house.id, engagement_id=one.id, title=f"Site {number}", phase_since=clock.now()
            )
            talk = Conversation(
                organization_id=ada_house.id,
                engagement_id=one.id,
                topic=f"Topic {number}",
                status="waiting_us",
                opened_at=clock.now(),
                waiting_since=clock.now(),
            )
            other = Engagement(
                organization_id=ada_house.id,
                company_id=one.company_id,
                title=f"N{number}",
                owner_id=one.owner_id,
                contact_id=one.contact_id,
            )
            await db.save(session, work, talk, other)
    assert await counted() == before
    async with database.transaction(ada_house.id) as session:
        found = await status(session, one.id)
        assert len(found.projects) == 12
        assert sum(wait.subject == "conversation" for wait in found.on_us) == 12
        assert sum(wait.mine_only for wait in found.on_us) == 12
        mine = await lists.listing(session, ada_house.clara)
        assert [brief.title for brief in mine] == ["Northwind"]
        assert len(await lists.listing(session, ada_house.ada, "mine")) == 14
        assert await lists.listing(session, ada_house.ada, "owing") == []
        assert await lists.listing(session, ada_house.stranger) == []


async def test_an_engagement_is_quiet_after_ten_working_days(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    assert await lists.listing(session, ada_house.ada, "quiet") == []
    clock.move(15 * 86_400)
    assert {brief.title for brief in await lists.listing(session, ada_house.ada, "quiet")} == {"Northwind", "Globex"}


async def test_another_agency_sees_none_of_it(database: Database, ada_house: House) -> None:
    async with database.transaction(uuid.uuid4()) as session:
        for table in (Engagement, EngagementPerson, ChannelMember):
            assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 0
        with pytest.raises(Refusal):
            await engagements.close(session, ada_house.ada, ada_house.engagement.id)


def test_every_connection_can_be_reached_again() -> None:
    assert all(CONNECTION.may(before, "connected") for before in CONNECTION.statuses if before != "connected")
    assert CONNECTION.moves["connected"] == ("disconnected",)
