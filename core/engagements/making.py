"""What the worker notes while it makes an engagement's channels and invites, each effect as soon as it is known."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, or_, select, text

from core import clock, events, jobs, people
from core.db import Session
from core.engagements.beginning import channel_name
from core.engagements.engagement import CONNECTION, Engagement, EngagementPerson, Place, locked
from core.engagements.joining import warn_owner
from core.engagements.life import redraw_daily, send_invitation
from core.engagements.roster import add_person
from core.events import Event, Kind
from core.people import Identity, Organization, User
from core.posts import Post


async def claim_name(session: Session, engagement_id: uuid.UUID, place: Place, *, after: str = "") -> str:
    """A channel name that no other engagement has or wants, noted before Slack is asked for it; `after` one that Slack
    has given away.

    Two engagements of one company never wish for the same name, so what stands under ours in Slack, made by us and held
    by nobody, is ours.
    """
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant, 7263003))"),
        {"tenant": str(session.info["tenant"])},
    )
    engagement = await locked(session, engagement_id)
    base = (
        f"{engagement.channel_name or channel_name(engagement.title)}-internal"
        if place == "staff"
        else engagement.channel_name
    )
    if place == "staff" and engagement.adopted:
        base = f"{channel_name(engagement.title)}-internal"
    if engagement.staff_channel_name and place == "staff":
        base = engagement.staff_channel_name
    others = await session.execute(
        select(Engagement.channel_name, Engagement.staff_channel_name).where(
            Engagement.id != engagement_id, or_(Engagement.channel_name != "", Engagement.staff_channel_name != "")
        )
    )
    taken = {name for row in others for name in row} | ({after} if after else set())
    name = after or base
    while name in taken or (place == "staff" and name == engagement.channel_name):
        name = _next(name)
    if place == "staff":
        engagement.staff_channel_name = name
    else:
        engagement.channel_name = name
    return name


def _next(name: str) -> str:
    stem, _, tail = name.rpartition("-")
    return f"{stem}-{int(tail) + 1}" if stem and tail.isdigit() else f"{name}-2"


async def is_held(session: Session, channel_id: str) -> bool:
    """Whether some engagement has this channel."""
    query = select(Engagement.id).where(
        or_(Engagement.channel_id == channel_id, Engagement.staff_channel_id == channel_id)
    )
    return (await session.execute(query)).first() is not None


async def channel_made(session: Session, engagement_id: uuid.UUID, place: Place, channel_id: str) -> None:
    """Note the channel that Slack made for us."""
    engagement = await locked(session, engagement_id)
    if place == "staff":
        engagement.staff_channel_id = engagement.staff_channel_id or channel_id
    else:
        engagement.channel_id = engagement.channel_id or channel_id


async def bookmarked(session: Session, engagement_id: uuid.UUID, bookmark_id: str) -> None:
    """Note that the client's page stands in the channel's bar."""
    (await locked(session, engagement_id)).bookmark_id = bookmark_id


async def channels_made(session: Session, engagement_id: uuid.UUID, *, told: bool) -> Engagement:
    """Note, once, that both channels are ready. `told` says that in an adopted one nobody from outside
    has to be told.
    """
    engagement = await locked(session, engagement_id)
    if told:
        engagement.told_at = engagement.told_at or clock.now()
        await _bring_in(session, engagement)
    if engagement.trouble.startswith(("staff:", "client:", "link:", "bookmark:")):
        engagement.trouble = ""
    if engagement.prepared_at is None:
        engagement.prepared_at = clock.now()
        await events.record(
            session,
            people.system(engagement.organization_id),
            Kind.ENGAGEMENT_CHANNELS_MADE,
            "engagement",
            engagement.id,
            engagement_id=engagement.id,
        )
        await redraw_daily(session, engagement)
    if not engagement.adopted and not engagement.invite_email and engagement.connection in ("none", "mail"):
        contact = (await people.get(session, [engagement.contact_id]))[engagement.contact_id]
        await send_invitation(session, engagement, contact.email)
    return engagement


async def welcomed(session: Session, engagement_id: uuid.UUID) -> None:
    """Note that the welcome stands, so that from now on an adopted channel is kept, too."""
    engagement = await locked(session, engagement_id)
    engagement.told_at = engagement.told_at or clock.now()
    await _bring_in(session, engagement)


async def _bring_in(session: Session, engagement: Engagement) -> None:
    """Have what was said before brought in, if the channel was there already, now that its people are told."""
    if engagement.adopted:
        await jobs.enqueue(
            session,
            "backfill.import",
            lane=f"import:{engagement.id}",
            payload={"engagement": str(engagement.id)},
            organization_id=engagement.organization_id,
            dedupe=str(engagement.id),
        )


async def inviting(session: Session, engagement_id: uuid.UUID) -> bool:
    """Note that Slack is about to be asked to invite; False if it was before and nobody knows with what outcome."""
    engagement = await locked(session, engagement_id)
    if engagement.invite_tried_at is not None:
        return False
    engagement.invite_tried_at = clock.now()
    return True


async def not_invited(session: Session, engagement_id: uuid.UUID) -> None:
    """Note that Slack certainly did not invite, so that it may simply be asked again."""
    (await locked(session, engagement_id)).invite_tried_at = None


async def invited(session: Session, engagement_id: uuid.UUID, *, invite_id: str, url: str) -> None:
    """Note the invitation that Slack sent; that the client took it up meanwhile is not taken back."""
    engagement = await locked(session, engagement_id)
    engagement.invite_id, engagement.invite_url = invite_id, url
    engagement.invited_at, engagement.invite_tried_at = clock.now(), None
    if engagement.trouble.startswith("invite:"):
        engagement.trouble = ""
    if engagement.connection not in ("accepted", "connected", "mail"):
        engagement.connection = CONNECTION.move(engagement.connection, "invited")
    await events.record(
        session,
        people.system(engagement.organization_id),
        Kind.ENGAGEMENT_INVITED,
        "engagement",
        engagement.id,
        engagement_id=engagement.id,
        invite=invite_id,
    )


async def stuck(session: Session, engagement_id: uuid.UUID, trouble: str) -> None:
    """Note what stands in the way, so that staff see it: in the staff channel if there is one, else the owner
    directly.
    """
    engagement = await locked(session, engagement_id)
    engagement.trouble = trouble
    event = await events.record(
        session,
        people.system(engagement.organization_id),
        Kind.ENGAGEMENT_STUCK,
        "engagement",
        engagement.id,
        engagement_id=engagement.id,
        trouble=trouble,
    )
    if engagement.staff_channel_id is None:
        await warn_owner(session, engagement, "engagement.stuck", event.id)


async def team_accounts(session: Session, engagement_id: uuid.UUID) -> list[str]:
    """The Slack accounts of the agency's people in the engagement."""
    query = (
        select(Identity.slack_user_id)
        .join(User, User.id == Identity.user_id)
        .join(EngagementPerson, EngagementPerson.user_id == User.id)
        .where(
            EngagementPerson.engagement_id == engagement_id,
            User.side == "staff",
            User.left_at.is_(None),
            Identity.kind == "member",
        )
        .order_by(func.lower(User.name))
    )
    return list((await session.execute(query)).scalars())


async def met(session: Session, engagement_id: uuid.UUID, found: Sequence[Identity]) -> None:
    """Put colleagues whom we have just met into the engagement."""
    engagement = await locked(session, engagement_id)
    for known in found:
        if known.kind == "member" and known.user_id is not None:
            await add_person(session, engagement, known.user_id)


async def post_only(session: Session, organization_id: uuid.UUID) -> bool:
    """Whether clients are invited with the permission only to post."""
    house = (await session.execute(select(Organization).where(Organization.id == organization_id))).scalar_one()
    return bool(house.setting("post_only_clients"))


async def last_event(session: Session, engagement_id: uuid.UUID, kind: Kind) -> Event | None:
    """The latest event of a kind in an engagement."""
    query = (
        select(Event).where(Event.chain == engagement_id, Event.kind == kind.value).order_by(Event.seq.desc()).limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def standing(session: Session, place: str) -> list[Post]:
    """The cards that stand in a place and are kept up to date there; single messages are not among them."""
    query = select(Post).where(Post.place == place, Post.state == "sent", Post.purpose.not_like("%:%"))
    return list((await session.execute(query.order_by(Post.created_at))).scalars())
