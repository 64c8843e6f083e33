"""Finding what was said: words, phrases and filters; who finds what; what Postgres guards; nothing that is typed is an error."""

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from core import clock, conversations, people, search
from core.conversations import Message, Said
from core.db import APP_ROLE, Database, Session, listen_for_queries, save
from core.engagements import Engagement
from core.errors import NotAllowed
from core.people import Actor
from core.search import Asked, asking, read
from core.search.marking import Piece, snippet
from tests.builders import House, house

TODAY = date(2026, 11, 20)  # a Friday


class Talk:
    """Says things in Northwind's channel, a minute apart, the latest a minute ago."""

    def __init__(self, session: Session, house: House) -> None:
        self.session, self.house, self.count = session, house, 0

    async def __call__(self, words: str, by: str = "U0CLARA", place: str = "client", **more: Any) -> Message:
        self.count += 1
        at = more.pop("at", clock.now() - timedelta(minutes=60 - self.count))
        said = Said(
            channel="C0STUDIOADACLIENT" if place == "client" else "C0STUDIOADASTAFF",
            ts=f"{int(at.timestamp())}.{self.count:06}",
            author_ref=by,
            text=words,
            **more,
        )
        return await conversations.say(self.session, self.house.engagement, place, said)  # type: ignore[arg-type]

    async def found(self, typed: str, actor: Actor | None = None, **more: Any) -> list[str]:
        hits = (await search.find(self.session, actor or self.house.ada, typed, **more)).hits
        return ["".join(piece.text for piece in hit.pieces) for hit in hits]

    async def notes(self, typed: str, actor: Actor | None = None) -> list[str]:
        return (await search.find(self.session, actor or self.house.ada, typed)).notes


@pytest.fixture
async def talk(session: Session, ada_house: House) -> AsyncIterator[Talk]:
    yield Talk(session, ada_house)


# What is typed


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("launch date", Asked("launch date")),
        ("“launch date” -draft from:clara", Asked('"launch date" -draft', ["clara"])),
        ('from:"Clara Chen" in:#northwind logo', Asked("logo", ["Clara Chen"], ["#northwind"])),
        ("FROM:me has:File", Asked("", ["me"], files=True)),
        ("from: clara logo", Asked("logo", ["clara"])),
        ('"from:clara said"', Asked('"from:clara said"')),
        ('logo "final version from:clara', Asked("logo final version", ["clara"])),
        ("after:2026-11-02 before:fri", Asked(since=date(2026, 11, 3), until=date(2026, 11, 13))),
        ("on:yesterday", Asked(since=date(2026, 11, 19), until=date(2026, 11, 20))),
        ("before:12 dec logo", Asked("logo", until=date(2025, 12, 12))),
        ("during:oct", Asked(since=date(2026, 10, 1), until=date(2026, 11, 1))),
        ("after:2025", Asked(since=date(2026, 1, 1))),
        ("since:2w", Asked(since=date(2026, 11, 6))),
        ("<@U0ADA|ada> from:<@U0CLARA|clara>", Asked("<@U0ADA|ada>", ["<@U0CLARA|clara>"])),
        ("a &amp; b", Asked("a & b")),
        ("", Asked()),
    ],
)
def test_a_line_is_understood(typed: str, asked: Asked) -> None:
    assert read(typed, TODAY) == asked


@pytest.mark.parametrize("typed", ["before:banana", "after:31 feb", "has:love", "from:", "on:99.99.2026", "after:0000"])
def test_what_is_odd_is_left_out_and_said(typed: str) -> None:
    asked = read(f"logo {typed}", TODAY)
    assert (asked.words, len(asked.odd), asked.since, asked.until) == ("logo", 1, None, None)


def test_negated_words_are_not_marked() -> None:
    assert read('logo -draft -"old one" x-ray', TODAY).positive.split() == ["logo", "x-ray"]


@pytest.mark.parametrize("words", ["feb 29", "29feb", "9999999d", "١٢", "²", "12/13/2026", "-", ":"])
def test_no_day_is_an_error(words: str) -> None:
    asking.period(words, TODAY)


# What is found


async def test_stems_accents_and_links(talk: Talk) -> None:
    await talk("We launched the café’s page, see <https://example.com/list|the prices>")
    for typed in ("launching", "cafe", "CAFÉ", "price", "example.com", "launch page"):
        assert len(await talk.found(typed)) == 1, typed
    for typed in ("lunch", "launch -page", "carpet"):
        assert await talk.found(typed) == [], typed


async def test_words_of_any_script_between_signs_of_any_kind(talk: Talk) -> None:
    await talk("„Größe“—ПРИВЕТ…«élan»🎉fête！ロゴ、大 naïve’s")
    for typed in ("große", "GRÖSSE -x", "привет", "elan", "fete", "ロゴ", "naive", '"élan fête"'):
        expected = typed != "GRÖSSE -x"  # ß is a letter of its own
        assert bool(await talk.found(typed)) is expected, typed


async def test_phrases_stand_together(talk: Talk) -> None:
    await talk("The launch date is Friday")
    await talk("Which date for the launch?")
    assert len(await talk.found("launch date")) == 2
    assert await talk.found('"launch date"') == ["The launch date is Friday"]
    assert len(await talk.found("“launch date")) == 2, "a quote left open is no phrase"
    assert len(await talk.found("friday or launch")) == 2


async def test_the_best_come_first(talk: Talk) -> None:
    old = clock.now() - timedelta(days=900)
    await talk("logo, long ago", at=old)
    await talk("The logo on the " + "very " * 60 + "far wall, and much later a page of the blog")
    await talk("A blog logo")
    await talk("A blog, and then, after a pause for thought and coffee, a logo")
    assert [found[:11] for found in await talk.found("blog logo")] == [
        "A blog logo",
        "A blog, and",
        "The logo on",
    ]
    assert (await talk.found("logo"))[-1] == "logo, long ago", "the older of equals comes last"


async def test_what_people_say_comes_before_what_bots_say(talk: Talk) -> None:
    await talk("Invoice for the logo")
    await talk("Invoice for the logo, posted", by="B0BOT", bot=True, kind="bot_message")
    assert await talk.found("logo invoice") == ["Invoice for the logo", "Invoice for the logo, posted"]
    await talk("Northwind: Ada to answer “Invoice for the logo”", by="U0BOT", bot=True, own=True)
    await talk("Clara has joined the logo channel", kind="channel_join")
    assert len(await talk.found("logo")) == 2, (
        "neither our own card nor a notice of the channel is something that was said"
    )


async def test_from_in_before_after_and_files(talk: Talk, ada_house: House) -> None:
    await talk("The logo, by Clara")
    await talk("The logo, by Ada", by="U0ADA")
    await talk("The logo, by somebody", by="U0NEW", author_name="Nadia New")
    file = {"file_ref": "F1", "name": "final_logo-v2.pdf", "mimetype": "application/pdf", "size": 1, "url": ""}
    await talk("Here it is", files=[file], kind="file_share")
    await talk("The logo, last month", at=clock.now() - timedelta(days=40))
    assert await talk.found("logo from:ada") == ["The logo, by Ada"]
    assert await talk.found("logo from:me") == ["The logo, by Ada"]
    assert await talk.found('logo from:"Ada Love"') == ["The logo, by Ada"]
    assert await talk.found("logo from:<@U0ADA|ada>") == ["The logo, by Ada"]
    assert len(await talk.found("logo from:clara in:northwind")) == 3
    assert await talk.found("has:file") == ["Here it is"]
    assert await talk.found("final v2") == ["Here it is"], "by the file's name"
    assert await talk.found("logo has:file") == ["Here it is"]
    assert await talk.found("logo before:20d") == ["The logo, last month"]
    assert len(await talk.found("logo after:20d")) == 4
    assert len(await talk.found("logo in:here", here=ada_house.engagement.id)) == 5
    assert len(await talk.found("logo in:<#C0STUDIOADACLIENT|northwind>")) == 5
    assert await talk.found("logo in:<#C0STUDIOADASTAFF>") == []
    assert await talk.found("logo in:globex") == []
    assert len(await talk.found("after:1y")) == 5, "conditions alone show the newest first"
    assert (await talk.notes("logo from:zoe"))[0].startswith("I know nobody called “zoe”")
    assert (await talk.notes("logo in:acme"))[0].startswith("I know no engagement of yours called “acme”")


async def test_a_person_whom_nobody_knows_yet_is_found_by_name(talk: Talk, session: Session, ada_house: House) -> None:
    session.add(people.Identity(organization_id=ada_house.id, slack_user_id="U0NEW", kind="external", name="Nadia New"))
    await session.flush()
    message = await talk("The logo, by somebody", by="U0NEW")
    assert await talk.found("logo from:nadia") == ["The logo, by somebody"]
    dana = (await people.get(session, [ada_house.dana.user_id or uuid.uuid4()]))[ada_house.dana.user_id or uuid.uuid4()]
    await conversations.attribute(session, "U0NEW", dana)
    assert (await search.find(session, ada_house.ada, "logo from:dana")).hits[0].id == message.id


async def test_edits_are_found_by_the_text_that_stands(talk: Talk, session: Session, ada_house: House) -> None:
    message = await talk("The zebra logo")
    edited = Said(message.channel_id, message.ts, "U0CLARA", "The giraffe logo", edited_ts="1900000000.0")
    await conversations.edit(session, ada_house.engagement, "client", edited, None)
    assert await talk.found("zebra") == []
    [hit] = (await search.find(session, ada_house.ada, "giraffe")).hits
    assert hit.edited and not hit.deleted


async def test_deleted_words_are_found_by_those_who_may_read_them(
    talk: Talk, session: Session, ada_house: House
) -> None:
    message = await talk("The zebra logo")
    gone = Said(message.channel_id, message.ts, "U0CLARA", "")
    await conversations.delete(session, ada_house.engagement, "client", gone, clock.now())
    [hit] = (await search.find(session, ada_house.ada, "zebra")).hits
    assert hit.deleted
    own = replace(ada_house.ada, levels={**ada_house.ada.levels, "messaging": people.OWN, "clients": people.OWN})
    for actor in (own, ada_house.clara):
        assert await talk.found("zebra", actor) == []
    await talk("The lion logo")
    assert await talk.found("lion", own), "they would find it, were it not deleted"


async def test_clients_find_what_is_for_them(talk: Talk, session: Session, ada_house: House) -> None:
    said = await talk("The logo is too big")
    await talk("They find the logo too big, charge more", by="U0ADA", place="staff")
    await conversations.note(session, ada_house.ada, said.conversation_id or "", "The logo again, they pay late")
    assert len(await talk.found("logo")) == 3
    for actor in (ada_house.clara, ada_house.dana):
        assert await talk.found("logo", actor) == ["The logo is too big"]
    assert await talk.found("logo from:ada", ada_house.clara) == []
    assert await talk.found("logo", ada_house.gus) == []
    assert await talk.notes("logo from:clara", ada_house.gus) == ["I know nobody called “clara”."]
    assert await talk.notes("logo in:northwind", ada_house.gus) != []
    with pytest.raises(NotAllowed):
        await talk.found("logo", ada_house.stranger)


async def test_staff_find_as_far_as_their_role_reaches(talk: Talk, session: Session, ada_house: House) -> None:
    await talk("The logo is too big")
    own = {**ada_house.ben.levels, "clients": people.OWN, "messaging": people.OWN}
    assert await talk.found("logo", replace(ada_house.ben, levels=own)), "he is in it"
    elsewhere = replace(ada_house.ben, levels=own, user_id=ada_house.gus.user_id)
    assert await talk.found("logo", elsewhere) == []
    with pytest.raises(NotAllowed):
        await talk.found("logo", replace(ada_house.ben, levels={**own, "messaging": people.NONE}))


async def test_many_newer_hits_that_one_may_not_see_hide_none_that_one_may(
    talk: Talk, session: Session, ada_house: House
) -> None:
    await talk("The logo, for Clara", at=clock.now() - timedelta(days=30))
    for _ in range(70):
        await talk("The logo logo logo, among us", by="U0ADA", place="staff")
    assert await talk.found("logo", ada_house.clara) == ["The logo, for Clara"]
    found = await search.find(session, ada_house.ada, "logo", limit=8)
    assert (len(found.hits), found.total, found.whole) == (8, 71, True)
    rest = await search.find(session, ada_house.ada, "logo", skip=8, limit=8)
    assert not {hit.id for hit in rest.hits} & {hit.id for hit in found.hits}


# Odd input

ODD = [
    '"',
    '"""',
    "'",
    "\\",
    "logo\x00",
    "\ud800 logo",
    "-",
    "- -",
    "-logo",
    "!",
    "&|!()<->:*",
    "logo & | ! <-> :* (",
    "((((",
    "a:b:c",
    "in: in: in:",
    "from:\x00",
    "from:%",
    "from:\\",
    "the",
    "the of and",
    '"the"',
    "or or or",
    "OR",
    "🙂",
    "漢字",
    "x" * 5_000,
    "logo " * 2_000,
    "in:<#>",
    "from:<@>",
    "in:#",
    "from:@",
    "=o12345678",
    "'=o12345678'",
    "before:9999-12-31 after:0001-01-01",
    "before:0001 logo",
    "before:2200-12-31 after:1970 logo",
    "after:9999 logo",
    "has:",
    "%",
    "<script>alert(1)</script>",
    "'; DROP TABLE users; --",
    "\u202e logo",
]


@pytest.mark.parametrize("typed", ODD)
async def test_whatever_is_typed_is_answered(talk: Talk, session: Session, typed: str) -> None:
    await talk("The logo")
    for actor in (talk.house.ada, talk.house.clara):
        await search.find(session, actor, typed)
    assert await talk.found("logo") == ["The logo"], "the transaction is still sound"


async def test_marks_of_ours_cannot_be_typed(talk: Talk, ada_house: House) -> None:
    await talk("The logo")
    for typed in (
        f"=o{str(ada_house.id)[:8]}",
        f'"=o{str(ada_house.id)[:8]}"',
        f"'=e{str(ada_house.engagement.id)[:8]}'",
    ):
        assert await talk.found(typed) == []


async def test_common_words_alone_are_answered_kindly(talk: Talk) -> None:
    await talk("The logo")
    assert (await talk.notes("the"))[0] == "“the” is in nearly every message. A rarer word finds more."
    assert await talk.found("the from:clara") == ["The logo"]


async def test_a_text_as_long_as_it_may_be_is_kept_and_found(talk: Talk) -> None:
    texts = {
        "words": "word " * 7_990 + "needle",
        "one": "x" * 39_990 + " needle",
        "korean": "각" * 39_990 + " needle",
        "marks": "\u0344" * 39_990 + " needle",
        "links": "".join(f"http://각{n}.example/각각각각-각각각각/{n} " for n in range(1_300))[:39_990] + " needle",
        "hyphens": ("각각-" * 13_330)[:39_990] + " needle",
        "distinct": " ".join(f"각{n:05}" for n in range(5_700))[:39_990] + " needle",
    }
    for words in texts.values():
        await talk(words)
    assert len(await talk.found("needle")) == len(texts)
    await talk("x " * 200_000 + "beyond")
    assert await talk.found("beyond") == []


# What is shown


async def test_found_words_are_marked_and_markup_is_plain(talk: Talk, session: Session, ada_house: House) -> None:
    await talk("<@U0ADA> the *pages* &lt;b&gt; of the Café in <#C1|general>: <https://x.example|our Page> <!here>")
    [hit] = (await search.find(session, ada_house.ada, "page cafe")).hits
    assert [piece.text for piece in hit.pieces if piece.kind == "found"] == ["pages", "Café", "Page"]
    assert [(piece.text, piece.kind) for piece in hit.pieces if piece.kind in ("person", "channel")] == [
        ("U0ADA", "person"),
        ("C1", "channel"),
    ]
    shown = "".join(piece.text for piece in hit.pieces)
    assert "<b> of the" in shown and "our Page @here" in shown and "https" not in shown
    assert (hit.author, hit.engagement, hit.topic[:5]) == ("Clara Chen", "Northwind", "the *")


def test_the_snippet_is_the_part_around_what_was_found() -> None:
    long = "start " + "before " * 100 + "NEEDLE " + "after " * 100
    pieces = snippet(long, {"NEEDLE"})
    shown = "".join(piece.text for piece in pieces)
    assert shown.startswith("…") and shown.endswith("…") and "before NEEDLE after" in shown and len(shown) < 300
    assert snippet("short", set()) == [Piece("short")]
    assert snippet("", set()) == []
    assert "".join(piece.text for piece in snippet("y" * 1_000, set())) == "y" * 240 + "…"


async def test_a_search_costs_the_same_number_of_queries_whatever_is_found(
    talk: Talk, session: Session, database: Database, ada_house: House
) -> None:
    async def cost() -> int:
        seen: list[str] = []
        stop = listen_for_queries(database.engine, seen)
        await search.find(session, ada_house.clara, "logo from:clara in:northwind has:file", limit=60)
        stop()
        return len(seen)

    file = {"file_ref": "F1", "name": "a.pdf", "mimetype": "", "size": 1, "url": ""}
    await talk("The logo", files=[file])
    few = await cost()
    for _ in range(30):
        await talk("The logo", files=[file])
    assert await cost() == few <= 8


# What Postgres guards

ASK = (
    "SELECT count(*) FROM search_messages(websearch_to_tsquery('english', 'logo'), now() + '1 day', 60, NULL, NULL, NULL, NULL, NULL,"
    " false, true, true)"
)


class Bare(NamedTuple):
    connection: asyncpg.Connection
    ours: uuid.UUID
    theirs: uuid.UUID

    async def act_for(self, tenant: object) -> None:
        await self.connection.execute("SELECT set_config('app.organization', $1, false)", str(tenant))


@pytest.fixture
async def bare(dsn: str, database: Database, ada_house: House) -> AsyncIterator[Bare]:
    """A connection as the application's role, with no tenant; Studio Ada and a rival have each said something of a logo."""
    rival = await house(database, "Rival", "T0RIVAL")
    for each, times in ((ada_house, 1), (rival, 2)):
        async with database.transaction(each.id) as session:
            for number in range(times):
                said = Said(each.engagement.channel_id or "", f"18000000{number}0.0", "U0CLARA", "The logo")
                await conversations.say(session, each.engagement, "client", said)
    connection = await asyncpg.connect(make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False))
    await connection.execute("SET ROLE throughline_app")
    yield Bare(connection, ada_house.id, rival.id)
    await connection.close()


async def test_the_function_sees_the_tenant_of_the_setting_and_no_other(bare: Bare) -> None:
    assert await bare.connection.fetchval(ASK) == 0, "no tenant"
    for tenant, count in ((bare.ours, 1), (bare.theirs, 2), ("", 0), (uuid.uuid4(), 0)):
        await bare.act_for(tenant)
        assert await bare.connection.fetchval(ASK) == count
    await bare.act_for("nonsense")
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await bare.connection.fetchval(ASK)


async def test_marks_of_another_tenant_in_the_words_open_nothing(bare: Bare) -> None:
    await bare.act_for(bare.ours)
    asked = f"''=o{str(bare.theirs)[:8]}'' | logo | !logo"
    sneaky = ASK.replace("websearch_to_tsquery('english', 'logo')", f"'{asked}'::tsquery")
    assert await bare.connection.fetchval(sneaky) == 1
    elsewhere = ASK.replace("60, NULL", "60, ARRAY(SELECT gen_random_uuid())")
    assert await bare.connection.fetchval(elsewhere) == 0


async def test_no_search_path_fools_the_function(bare: Bare) -> None:
    await bare.act_for(bare.ours)
    await bare.connection.execute(
        "CREATE TEMP TABLE conversation_messages AS SELECT * FROM public.conversation_messages WHERE false;"
        "CREATE TEMP TABLE message_files AS SELECT * FROM public.message_files WHERE false;"
        f"CREATE FUNCTION pg_temp.current_setting(text, bool) RETURNS text LANGUAGE sql AS $$ SELECT '{bare.theirs}' $$;"
        "CREATE FUNCTION pg_temp.search_week(uuid, timestamptz, int) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;"
        "CREATE FUNCTION pg_temp.always(tsvector, tsquery) RETURNS bool LANGUAGE sql AS $$ SELECT true $$;"
        "CREATE OPERATOR pg_temp.@@ (LEFTARG = tsvector, RIGHTARG = tsquery, FUNCTION = pg_temp.always);"
        "SET search_path = pg_temp, public, pg_catalog"
    )
    assert await bare.connection.fetchval(ASK) == 1
    row = await bare.connection.fetchrow(
        "SELECT prosecdef, proconfig, pg_get_userbyid(proowner) AS owner, proacl::text AS rights"
        " FROM pg_catalog.pg_proc WHERE proname = 'search_messages'"
    )
    assert row["prosecdef"] and row["proconfig"] == ["search_path=pg_catalog, pg_temp", "jit=off"]
    assert row["owner"] != APP_ROLE
    assert set(re.findall(r"[{,](\w*)=", row["rights"])) == {row["owner"], APP_ROLE}, "nobody else may call it"


async def test_what_the_function_finds_is_read_again_by_the_rules(
    database: Database, session: Session, ada_house: House, talk: Talk
) -> None:
    await talk("The logo", by="U0ADA", place="staff")
    row = (
        await session.execute(
            text(
                "SELECT count(*) FROM search_messages('logo', now() + '1 day', 9, NULL, NULL, NULL, NULL, NULL, false, true, true)"
            )
        )
    ).scalar_one()
    assert row == 1, "asked by hand, the function gives the id of an internal message"
    from core.search.finding import _hits

    ids = [each.id for each in (await search.find(session, ada_house.ada, "logo")).hits]
    assert await _hits(session, ada_house.clara, ids, "logo", 0, 8) == []


async def test_weeks_and_years_of_talk_are_found_from_the_newest_on(
    talk: Talk, session: Session, ada_house: House
) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    engagement: Engagement = ada_house.engagement
    rows = [
        Message(
            organization_id=ada_house.id,
            engagement_id=engagement.id,
            source="import",
            source_ref=str(number),
            side="client",
            author_ref="U0CLARA",
            text=f"The logo, number {number}",
            sent_at=now - timedelta(hours=12 * number),
        )
        for number in range(1_200)
    ]
    await save(session, *rows)
    row = (
        await session.execute(
            text(
                "SELECT min(found), bool_or(whole), count(*) FROM search_messages('logo', :now, 60, NULL, NULL, NULL, NULL, NULL,"
                " false, true, true)"
            ),
            {"now": now},
        )
    ).one()
    assert (row[1], row[2]) == (False, 60) and 300 <= row[0] <= 1_000
    oldest = await search.find(session, ada_house.ada, "logo before:2026")
    assert oldest.total > 0 and all(hit.at < datetime(2026, 1, 1, tzinfo=UTC) for hit in oldest.hits)
    assert await talk.found("1199") == ["The logo, number 1199"]
