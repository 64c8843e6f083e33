"""The heads are sealed by the worker's chore and mailed to the owners, once a day, as a file that proves itself."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.gateways.mail import Mail
from bot.sandbox.mailbox import Mailbox
from bot.worker import heads
from bot.worker.works import Works
from core import audit
from core.db import Database
from core.jobs import Job
from core.seals import public_halves
from tests.builders import House
from tests.core.test_audit import trail

KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    one = Mailbox()
    await one.start()
    yield one
    await one.stop()


async def test_an_owner_gets_each_days_heads_once(database: Database, ada_house: House, box: Mailbox) -> None:
    await trail(database, ada_house)
    mail = Mail(smtp_url=box.url, sender="Throughline <post@throughline.example>")
    settings: Any = SimpleNamespace(signing_key=SecretStr(KEY))
    nothing: Any = None
    works = Works(database, nothing, None, mail, nothing, settings)
    await heads.seal(works)
    await heads.seal(works)
    async with database.platform() as session:
        waiting = list((await session.execute(select(Job).where(Job.kind == "audit.heads"))).scalars())
        keys = await public_halves(session)
    assert len(waiting) == 1
    claimed: Any = SimpleNamespace(tenant=ada_house.id, payload=waiting[0].payload)
    await heads.mail(works, claimed)
    letter = box.latest(to="ada@studioada.example")
    assert "sealed" in letter.subject
    async with database.transaction(ada_house.id) as session:
        kept = await audit.latest(session)
        assert kept is not None
        held = audit.read_held(audit.held_file(kept, keys[kept.key_id]), keys)
        assert held.trouble == ""
        assert (await audit.prove(session, keys, [held])).findings == []
