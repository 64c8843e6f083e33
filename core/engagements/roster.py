"""Who is in an engagement: its people by part, who reads its channels, and how they come and go."""

import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from core import access, clock, events, people
from core.db import Session
from core.engagements.engagement import ChannelMember, Engagement, EngagementPerson, moment
from core.errors import Invalid
from core.events import Kind
from core.people import Actor, Identity, User


@dataclass(frozen=True)
class EngagementPeople:
    """The people by the part that they play; approver and billing are the main contact unless somebody
    else is named.
    """

    contact: User
    approver: User
    billing: User
    owner: User
    team: list[User]
    clients: list[User]


async def people_of(session: Session, engagement_id: uuid.UUID) -> EngagementPeople:
    """Everyone in the engagement by their part, in three queries; those who have left are not among
    team and clients.
    """
    engagement = (await session.execute(select(Engagement).where(Engagement.id == engagement_id))).scalar_one()
    ids = select(EngagementPerson.user_id).where(EngagementPerson.engagement_id == engagement_id)
    inside = list((await session.execute(select(User).where(User.id.in_(ids)).order_by(User.name))).scalars())
    named = [engagement.contact_id, engagement.approver_id, engagement.billing_id, engagement.owner_id]
    known = {user.id: user for user in inside}
    known |= await people.get(session, [one for one in named if one and one not in known])
    here = [user for user in inside if user.deleted_at is None and user.left_at is None]
    contact = known[engagement.contact_id]
    return EngagementPeople(
        contact=contact,
        approver=known[engagement.approver_id] if engagement.approver_id else contact,
        billing=known[engagement.billing_id] if engagement.billing_id else contact,
        owner=known[engagement.owner_id],
        team=[user for user in here if user.side == "staff"],
        clients=[user for user in here if user.side == "client"],
    )


async def add_person(session: Session, engagement: Engagement, user_id: uuid.UUID) -> None:
    """Put a person into the engagement; one who is in already stays in."""
    await session.execute(
        insert(EngagementPerson)
        .values(
            id=uuid.uuid4(),
            organization_id=engagement.organization_id,
            engagement_id=engagement.id,
            user_id=user_id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "engagement_id", "user_id"])
    )


async def went_out(session: Session, engagement: Engagement, slack_user_id: str) -> None:
    """Somebody left the client channel: they are out of the engagement, unless the staff channel or a part of theirs
    keeps them in.
    """
    known = await people.identity(session, slack_user_id)
    if known is None or known.user_id is None:
        return
    if engagement.staff_channel_id and await is_in(session, engagement.staff_channel_id, slack_user_id):
        return
    await take_out(session, engagement, known.user_id)


async def take_out(session: Session, engagement: Engagement, user_id: uuid.UUID) -> bool:
    """Take a person out of the engagement, unless a part of theirs keeps them in: owner, contact, approver, billing,
    signer.
    """
    from core.proposals import Proposal, Signer  # core.proposals needs this package first

    if user_id in (engagement.owner_id, engagement.contact_id, engagement.approver_id, engagement.billing_id):
        return False
    signing = (
        select(Signer.id)
        .join(Proposal, Proposal.id == Signer.proposal_id)
        .where(
            Proposal.engagement_id == engagement.id, Proposal.status.in_(("sent", "viewed")), Signer.user_id == user_id
        )
    )
    if (await session.execute(signing.limit(1))).first():
        return False
    gone = delete(EngagementPerson).where(
        EngagementPerson.engagement_id == engagement.id, EngagementPerson.user_id == user_id
    )
    await session.execute(gone)
    return True


@dataclass(frozen=True)
class Audience:
    """Who reads a channel: how many people in all, and how many of them from other companies."""

    readers: int
    outsiders: int


async def audience(session: Session, engagement: Engagement) -> Audience:
    """Who reads the client channel now, as Slack has told us; bots do not read."""
    query = (
        select(ChannelMember.slack_user_id, Identity.kind)
        .join(
            Identity,
            (Identity.slack_user_id == ChannelMember.slack_user_id)
            & (Identity.organization_id == ChannelMember.organization_id),
            isouter=True,
        )
        .where(ChannelMember.channel_id == engagement.channel_id, ChannelMember.present.is_(True))
    )
    kinds = [kind for _, kind in await session.execute(query) if kind != "bot"]
    return Audience(len(kinds), sum(kind == "external" for kind in kinds))


async def note_member(
    session: Session, channel_id: str, slack_user_id: str, team_id: str, *, present: bool, event_ts: str
) -> bool:
    """Note that somebody came into a channel or left it; False if we know of something later about them."""
    tenant: uuid.UUID = session.info["tenant"]
    at = (ChannelMember.channel_id == channel_id) & (ChannelMember.slack_user_id == slack_user_id)
    await session.execute(
        insert(ChannelMember)
        .values(
            id=uuid.uuid4(),
            organization_id=tenant,
            channel_id=channel_id,
            slack_user_id=slack_user_id,
            slack_team_id=team_id,
            present=present,
            changed_ts="-1",
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "channel_id", "slack_user_id"])
    )
    row = (await session.execute(select(ChannelMember).where(at).with_for_update(key_share=True))).scalar_one()
    if moment(event_ts) <= moment(row.changed_ts):
        return False
    row.present, row.changed_ts, row.slack_team_id = present, event_ts, team_id or row.slack_team_id
    await session.flush()
    return True


async def account_closed(session: Session, slack_user_id: str) -> None:
    """Whose account is closed reads no channel any more, though Slack tells of no leaving; a later coming in counts again."""
    here = update(ChannelMember).where(ChannelMember.slack_user_id == slack_user_id, ChannelMember.present.is_(True))
    await session.execute(here.values(present=False))


async def is_in(session: Session, channel_id: str, slack_user_id: str) -> bool:
    """Whether this account is in the channel, as far as Slack has told us."""
    query = select(ChannelMember.present).where(
        ChannelMember.channel_id == channel_id, ChannelMember.slack_user_id == slack_user_id
    )
    return bool((await session.execute(query)).scalar_one_or_none())


async def not_ours(session: Session, channel_id: str) -> list[str]:
    """The names of those in a channel who are not full members of the agency's workspace; "somebody" where we know no
    name.
    """
    query = (
        select(Identity.name)
        .join(ChannelMember, ChannelMember.slack_user_id == Identity.slack_user_id)
        .where(
            ChannelMember.channel_id == channel_id,
            ChannelMember.present.is_(True),
            Identity.kind.in_(("guest", "external")),
        )
    )
    return [name or "somebody" for (name,) in await session.execute(query)]


async def contacts(session: Session, company_id: uuid.UUID, *, unlinked: bool = False) -> list[User]:
    """The living contacts of a company by name; with `unlinked`, those whom no Slack account stands for yet."""
    query = select(User).where(
        User.company_id == company_id, User.side == "client", User.deleted_at.is_(None), User.left_at.is_(None)
    )
    if unlinked:
        query = query.where(User.id.not_in(select(Identity.user_id).where(Identity.user_id.is_not(None))))
    return list((await session.execute(query.order_by(User.name))).scalars())


async def name_people(
    session: Session,
    actor: Actor,
    engagement_id: uuid.UUID | str,
    *,
    owner_id: uuid.UUID,
    contact_id: uuid.UUID,
    approver_id: uuid.UUID | None,
    billing_id: uuid.UUID | None,
) -> Engagement:
    """Say who plays which part; approver and billing may stay with the main contact (None)."""
    engagement = await access.fetch(session, actor, access.Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    clients = {user.id for user in await contacts(session, engagement.company_id)}
    if owner_id not in {user.id for user in await people.staff(session)}:
        raise Invalid("The owner must be somebody of your own team.", field="owner")
    for field, value in (("contact", contact_id), ("approver", approver_id), ("billing", billing_id)):
        if value is not None and value not in clients:
            raise Invalid("Please choose one of the client's people.", field=field)
    after = (
        owner_id,
        contact_id,
        approver_id if approver_id != contact_id else None,
        billing_id if billing_id != contact_id else None,
    )
    if after == (engagement.owner_id, engagement.contact_id, engagement.approver_id, engagement.billing_id):
        return engagement
    engagement.owner_id, engagement.contact_id, engagement.approver_id, engagement.billing_id = after
    for user_id in {one for one in after if one}:
        await add_person(session, engagement, user_id)
    await events.record(
        session,
        actor,
        Kind.ENGAGEMENT_PEOPLE_NAMED,
        "engagement",
        engagement.id,
        engagement_id=engagement.id,
        owner=str(after[0]),
        contact=str(after[1]),
        approver=str(after[2] or ""),
        billing=str(after[3] or ""),
    )
    return engagement
