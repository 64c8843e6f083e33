"""What the operators and owners are told of what did not work, and the chores that come round by the schedule."""

import asyncio
import uuid
from datetime import timedelta

import structlog

from bot.blocks import kit
from bot.gateways.failures import Permanent
from bot.gateways.slack.profiles import profile_of
from bot.worker.works import CHORES, Works, chore, handler
from core import clock, inbox, people, posts
from core.jobs import Claimed

log = structlog.get_logger(__name__)

RAW_DAYS = 90
"""How long the raw bodies of applied deliveries are kept."""


@handler("operator.notice")
async def notice(works: Works, job: Claimed) -> None:
    """Tell the owners of the organization, each in a direct message and once, that something could not be done."""
    log.error("operators told", dead_job=job.payload["job"], kind=job.payload["kind"])
    if job.organization_id is None:
        return
    tenant = await works.tenants.of(job.tenant)
    async with works.db.transaction(job.tenant) as session:
        owners = await people.owners(session)
    text = kit.md(  # an error may quote what others wrote, a mail server for one
        "I could not do something ({kind}): {error} `python -m bot doctor` says what to do about it.",
        kind=job.payload["kind"],
        error=job.payload["error"],
    )
    about = uuid.uuid5(job.tenant, f"job/{job.payload['job']}")
    for owner in owners:
        async with works.db.transaction(job.tenant) as session:
            post = await posts.at(
                session, subject="job", subject_id=about, place=owner, purpose=f"operator.notice:{job.id}"
            )
        if post.state == "sent":  # by an attempt that then met an obstacle with one of the others
            continue
        try:
            ts = await works.slack.post(tenant.token, owner, text)
        except Permanent as failure:
            log.warning("owner not reached", reason=failure.code)
            continue
        async with works.db.transaction(job.tenant) as session:
            told = await posts.get(session, post.id)
            posts.attempt(told)
            posts.sent(told, ts, "")


@handler("people.meet_all")
async def meet_all(works: Works, job: Claimed) -> None:
    """Meet everybody of the agency's workspace, so that forms can name them."""
    tenant = await works.tenants.of(job.tenant)
    for info in await works.slack.users(tenant.token):
        if info.get("is_bot") or info.get("id") == "USLACKBOT":
            continue
        async with works.db.transaction(job.tenant) as session:
            await people.meet(session, profile_of(info), home_team_id=tenant.team_id)


@chore("inbox.forget")
async def forget_raw(works: Works) -> None:
    """Forget the raw bodies of what was applied long ago."""
    async with works.db.platform() as session:
        await inbox.forget(session, clock.now() - timedelta(days=RAW_DAYS))


class Schedule:
    """The chores that come round: every hour of the clock, what is older than its keep is forgotten."""

    def __init__(self, works: Works, *, every: timedelta = timedelta(hours=1), look: float = 5.0) -> None:
        self._works, self._every, self._look = works, every, look
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End the loop."""
        self._stopping.set()

    async def run(self) -> None:
        """Do the chores until `stop`; one that fails is logged and comes round again."""
        due = clock.now()
        while not self._stopping.is_set():
            if clock.now() >= due:
                due = clock.now() + self._every
                for name, do in CHORES.items():
                    try:
                        await do(self._works)
                    except Exception as error:
                        log.error("a chore failed", chore=name, error=inbox.describe(error))
            try:
                await asyncio.wait_for(self._stopping.wait(), self._look)
            except TimeoutError:
                continue
