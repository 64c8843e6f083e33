"""The command line's side of keeping: an erasure says first what it would do, asks, does it, and says what it kept."""

import asyncio
import os
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from bot import keeping
from bot.gateways.store import Contents, Folder, place_of
from bot.settings import Settings
from bot.worker import files as fetching
from core import conversations, erasure, export
from core.conversations import Attachment, Message, Said, files
from core.db import Database
from core.engagements import Engagement
from core.jobs import Job
from core.people import User
from tests.bot.test_export import talk
from tests.builders import House, house


async def bot(dsn: str, *words: str, answer: str = "") -> tuple[int, str]:
    """Run `python -m bot …`, type an answer, and read what it says."""
    environment = {**{k: v for k, v in os.environ.items() if k != "DATABASE_APP_URL"}, "DATABASE_URL": dsn}
    pipe, together = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    command = (sys.executable, "-m", "bot", *words)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=together, env=environment)
    said, _ = await process.communicate(answer.encode())
    return process.returncode or 0, said.decode()


async def words_of(database: Database, ada_house: House, who: str) -> list[str]:
    async with database.transaction(ada_house.id) as session:
        rows = await session.execute(Message.__table__.select().where(Message.author_ref == who))
        return [row.text for row in rows]


async def test_an_erasure_asks_first_and_says_what_it_kept(database: Database, dsn: str, ada_house: House) -> None:
    await talk(database, ada_house)
    before = await words_of(database, ada_house, "U0CLARA")
    code, said = await bot(dsn, "erase", "clara@northwind.example", "--dry-run")
    assert code == 0
    assert "Clara Chen (" in said and "2 messages' words" in said and "Kept:" in said
    assert "Still plays a part in Northwind" in said
    code, said = await bot(dsn, "erase", "U0CLARA", answer="n\n")
    assert code == 1 and "This cannot be undone" in said and "Nothing was changed." in said
    assert await words_of(database, ada_house, "U0CLARA") == before
    code, said = await bot(dsn, "erase", "U0CLARA", "--yes")
    assert code == 0, said
    assert "Erased: the words of 2 messages, name and address." in said
    assert "messages of others that mention them (1): others' words" in said
    assert set(await words_of(database, ada_house, "U0CLARA")) == {""}
    code, said = await bot(dsn, "erase", "nobody@example.com", "--yes")
    assert code == 1 and said.startswith("Nobody here is known as nobody@example.com.")


async def test_of_several_agencies_one_is_named(database: Database, dsn: str, ada_house: House, tmp_path: Path) -> None:
    other = await house(database, "Studio Bo", "T0STUDIOBO")
    settings = Settings(_env_file=None, database_url=dsn, exports_folder=str(tmp_path))  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="Name one with --agency: Studio Ada, Studio Bo"):
        await keeping.foresee(settings, "U0CLARA")
    await keeping.erase(settings, "U0CLARA", agency="studio bo")
    names = {}
    for each in (ada_house, other):
        async with database.transaction(each.id) as session:
            user = await session.get(User, each.clara.user_id)
            assert user is not None
            names[each.id] = user.name
    assert names == {ada_house.id: "Clara Chen", other.id: "Erased person"}


async def test_files_that_they_sent_are_removed_unless_somebody_else_sent_the_same(
    database: Database, dsn: str, ada_house: House, tmp_path: Path
) -> None:
    other = await house(database, "Studio Bo", "T0STUDIOBO")
    store = Folder(tmp_path)
    hers, shared, others = [await Contents(store).add(content) for content in (b"hers", b"shared", b"others")]
    ts = 1_763_974_800
    for home, who, keys in (
        (ada_house, "U0DANA", (hers, shared, others)),
        (ada_house, "U0ADA", (shared,)),
        (other, "U0ADA", (others,)),
    ):
        async with database.transaction(home.id) as session:
            engagement = await session.get(Engagement, home.engagement.id)
            assert engagement is not None
            for key in keys:
                ts += 1
                file = {"file_ref": f"F{ts}", "name": "x", "mimetype": "", "size": 1, "url": "https://files.example/x"}
                said = Said(
                    channel=engagement.channel_id or "", ts=f"{ts}.000000", author_ref=who, text="", files=[file]
                )
                await conversations.say(session, engagement, "client", said)
                await session.execute(update(Attachment).where(Attachment.file_ref == f"F{ts}").values(sha256=key))
    settings = Settings(_env_file=None, database_url=dsn, files_folder=str(tmp_path))  # type: ignore[call-arg]
    report = await keeping.erase(settings, "U0DANA", agency="Studio Ada")
    assert report.contents == [hers] and "Removed: 1 file that they had sent." in keeping.done(report)
    assert [store.path(place_of(key)).exists() for key in (hers, shared, others)] == [False, True, True]


async def test_copies_that_hold_their_words_are_removed(
    database: Database, dsn: str, ada_house: House, tmp_path: Path
) -> None:
    async with database.transaction(ada_house.id) as session:
        asked = await export.ask(session, ada_house.ada, ada_house.engagement.id)
        assert await export.making(session, asked.id)
        await export.ready(session, asked.id, messages=0, size=3, sha256=bytes(32))
    (tmp_path / asked.file).write_bytes(b"zip")
    settings = Settings(_env_file=None, database_url=dsn, exports_folder=str(tmp_path))  # type: ignore[call-arg]
    report = await keeping.erase(settings, "U0CLARA")
    assert report.copies == [asked.file] and not list(tmp_path.iterdir())
    assert "Removed: 1 copy of the record" in keeping.done(report)


async def test_files_in_a_store_that_is_away_are_removed_later(
    database: Database, dsn: str, ada_house: House, tmp_path: Path
) -> None:
    sha256 = await Contents(Folder(tmp_path)).add(b"hers")
    async with database.transaction(ada_house.id) as session:
        engagement = await session.get_one(Engagement, ada_house.engagement.id)
        file = {"file_ref": "F1", "name": "passport.pdf", "mimetype": "", "size": 1, "url": ""}
        said = Said(engagement.channel_id or "", "1763974800.000000", "U0DANA", "", files=[file])
        message = await conversations.say(session, engagement, "client", said)
        attached = Attachment.message_id == message.id
        file_id = (await session.execute(select(Attachment.id).where(attached))).scalar_one()
        await session.execute(update(Attachment).where(attached).values(sha256=sha256))
    away = {"files_folder": "s3://northwind/files", "s3_endpoint_url": "http://127.0.0.1:1", "s3_access_key_id": "x"}
    settings = Settings(_env_file=None, database_url=dsn, s3_secret_access_key="x", **away)  # type: ignore[call-arg, arg-type]
    report = await keeping.erase(settings, "U0DANA")
    assert "`work` goes on trying" in keeping.done(report)
    async with database.transaction(ada_house.id) as session:
        assert not await files.fetched(session, file_id, sha256), "what was on its way is not kept either"
        await files.described(session, file_id, {"name": "passport.pdf", "mimetype": "", "size": 1, "url": "https://x"})
        name = (await session.execute(select(Attachment.name).where(Attachment.id == file_id))).scalar_one()
        payload = (await session.execute(select(Job.payload).where(Job.kind == "file.remove"))).scalar_one()
    assert name == "" and payload == {"keys": [sha256]}
    back = Settings(_env_file=None, files_folder=str(tmp_path))  # type: ignore[call-arg]
    bare: Any = SimpleNamespace(db=database, settings=back)
    job: Any = SimpleNamespace(payload=payload, tenant=ada_house.id)
    for _ in range(2):
        await fetching.remove(bare, job)
        assert not Folder(tmp_path).path(place_of(sha256)).exists()


def test_a_plan_reads_as_a_letter_would() -> None:
    person = erasure.Person(uuid.uuid4(), None, "client", ("U1",), ("c@x.example",), ("Clara",))
    kept = (erasure.Kept("signatures", 2, "evidence"),)
    plan = erasure.Plan(person, 1, 2, 0, 0, 3, kept, ("Northwind",))
    assert keeping.foreseen(plan).splitlines()[:6] == [
        "Clara (c@x.example, U1)",
        "",
        "Would be removed:",
        "  1 name and address",
        "  1 message's words",
        "  2 earlier texts of edited messages",
    ]
    assert "  signatures (2): evidence" in keeping.foreseen(plan)
