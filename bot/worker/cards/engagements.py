"""The cards of engagements and of their people: each loads its thing by the worker's own queries and renders it."""

from bot.blocks import people as people_blocks
from bot.blocks.engagements import cards, twin, words
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import engagements, people
from core.db import Session
from core.engagements import making
from core.engagements.status import Status, status
from core.posts import Post


def period(house: people.Organization) -> str:
    """For how long the agency keeps the record, as it has chosen."""
    return words.period(int(house.setting("record_period")))


async def _for_staff(sight: Sight) -> Status | None:
    """The status for a card of the staff channel; None while outsiders can read there."""
    found = await status(sight.session, sight.subject_id)
    return None if found.exposed else found


@card("engagement.status")
async def status_card(sight: Sight) -> Card | None:
    """The pinned card of the client channel."""
    return cards.status(await status(sight.session, sight.subject_id))


@card("engagement.twin")
async def twin_card(sight: Sight) -> Card | None:
    """The pinned card of the staff channel."""
    found = await _for_staff(sight)
    return twin.twin(found) if found else None


async def _welcomed(session: Session, post: Post) -> None:
    await making.welcomed(session, post.subject_id)


@card("engagement.welcome", posted=_welcomed)
async def welcome_card(sight: Sight) -> Card | None:
    """The first words to the client; once they stand, an adopted channel is kept, too."""
    engagement = await engagements.by_id(sight.session, sight.subject_id)
    if engagement.connection != "connected":
        return None
    house = await people.organization(sight.session, engagement.organization_id)
    contact = (await people.get(sight.session, [engagement.contact_id]))[engagement.contact_id]
    return cards.welcome(
        engagement_id=engagement.id,
        contact=contact.first_name,
        agency=house.name,
        period=period(house),
        earlier=engagement.adopted,
    )


@card("engagement.waiting")
async def waiting_card(sight: Sight) -> Card | None:
    """What waits on the client as they come in."""
    return cards.waiting(await status(sight.session, sight.subject_id))


@card("engagement.declined")
async def declined_card(sight: Sight) -> Card | None:
    """To staff: the client said no."""
    found = await _for_staff(sight)
    return twin.declined(found) if found else None


@card("engagement.disconnected")
async def disconnected_card(sight: Sight) -> Card | None:
    """To staff: the client's workspace is out."""
    found = await _for_staff(sight)
    return twin.disconnected(found) if found else None


@card("engagement.stuck")
async def stuck_card(sight: Sight) -> Card | None:
    """To staff, or to the owner alone while there is no staff channel: what stands in the way."""
    return twin.stuck(await status(sight.session, sight.subject_id))


@card("engagement.exposed")
async def exposed_card(sight: Sight) -> Card | None:
    """To the owner alone: outsiders can read the staff channel."""
    found = await status(sight.session, sight.subject_id)
    return twin.exposed(found, channel=found.staff_channel_id or "")


@card("engagement.lost")
async def lost_card(sight: Sight) -> Card | None:
    """To the owner alone: a channel is archived, or we were taken out of it."""
    found = await status(sight.session, sight.subject_id)
    return twin.lost(found, place=str(sight.facts["place"]), how=str(sight.facts["how"]))


@card("person.linked")
async def linked_card(sight: Sight) -> Card | None:
    """To staff: who came in, asked until it is known."""
    if sight.event is None or sight.event.engagement_id is None:
        return None
    thing = await engagements.newcomer(sight.session, sight.subject_id, sight.event.engagement_id)
    return people_blocks.linked(thing) if thing else None
