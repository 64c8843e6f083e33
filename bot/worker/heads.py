"""The heads of the trail, sealed every day and mailed to the owners, so that nobody can cut its end unseen."""

import uuid

import structlog

from bot.blocks.mails import letter
from bot.gateways.mail import Attachment
from bot.worker.works import Works, chore, handler
from core import audit, jobs, people
from core.jobs import Claimed
from core.seals import Sealer, public_halves

log = structlog.get_logger(__name__)


@chore("audit.seal")
async def seal(works: Works) -> None:
    """Seal each agency's heads, once a day, and have them mailed; nothing where nothing happened since."""
    seed = works.settings.signing_key.get_secret_value()
    if not seed:
        return
    sealer = Sealer(seed)
    async with works.db.platform() as session:
        houses = await people.houses(session)
    for house in houses:
        async with works.db.transaction(house.id) as session:
            sealed = await audit.seal_heads(session, sealer)
            if sealed is None:
                continue
            for owner in await people.owning(session):
                await jobs.enqueue(
                    session,
                    "audit.heads",
                    lane=f"audit:{house.id}",
                    payload={"sealed": str(sealed.id), "owner": str(owner.id)},
                    organization_id=house.id,
                )


@handler("audit.heads")
async def mail(works: Works, job: Claimed) -> None:
    """Mail the sealed heads of a day to an owner, as a file to keep where the database's keepers cannot reach it."""
    if works.mail is None:
        log.warning("heads not mailed: SMTP_URL is not set")
        return
    async with works.db.transaction(job.tenant) as session:
        sealed = await audit.of_id(session, uuid.UUID(job.payload["sealed"]))
        owner = (await people.get(session, [uuid.UUID(job.payload["owner"])])).get(uuid.UUID(job.payload["owner"]))
        house = await people.organization(session, job.tenant)
    async with works.db.platform() as session:
        public = (await public_halves(session))[sealed.key_id]
    if owner is None or owner.left_at is not None or not owner.email:
        return
    told = letter(
        f"Throughline's trail of {sealed.day:%-d %b %Y}, sealed",
        [
            f"Hello {owner.first_name},",
            f"the attached file holds where every chain of {house.name}'s events ended on {sealed.day:%-d %b %Y}, sealed with "
            f"the key {sealed.key_id}. There is nothing to do but keep it: as long as you have it, nobody can remove what "
            "happened before it without showing.",
            "To check: python -m bot audit verify --heads <this file>",
        ],
        footer="You get this once on each day on which something happened, because you are an owner.",
    )
    file = Attachment(f"heads-{sealed.day}.json", "application/json", audit.held_file(sealed, public))
    await works.mail.send(
        owner.email,
        told.subject,
        told.text,
        told.html,
        message_id=f"<heads-{sealed.id}-{owner.id}@throughline>",
        to_name=owner.name,
        attachments=[file],
    )
