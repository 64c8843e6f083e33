"""A signer who is not in Slack: a letter, a code, the page, an option, the signature; and what everybody else sees of it."""

import json
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from bot.demo.story.visiting import visitor
from core import clock, people, proposals
from core.db import Session
from core.engagements import Engagement, EngagementPerson
from core.money import Money
from core.people import Actor, User
from core.proposals import NewItem, Part, Point
from core.signatures import Signature
from tests.stories.scene import CLIENT, STAFF, Scene


def usd(minor: int) -> Money:
    return Money(minor, "USD")


ITEMS = (
    NewItem("Discovery and content audit", 1, usd(1_250_000), "work", "Interviews, analytics, and what to keep."),
    NewItem(
        "Website",
        1,
        usd(6_400_000),
        "work",
        "Design and build of 24 pages,\nin two languages.",
        tax_percent=Decimal(20),
    ),
    NewItem(
        "Photography",
        2,
        usd(320_000),
        "fee",
        "A day each at your two sites.",
        optional=True,
        discount_percent=Decimal(10),
    ),
    NewItem(
        "Care plan", 1, usd(95_000), "fee", "Updates, backups, an answer within a day.", optional=True, period="month"
    ),
)
SCHEDULE = (
    Part("Deposit", "percent", "signing", Decimal(40)),
    Part("Designs", "percent", "milestone", Decimal(30), milestone=0),
    Part("Final payment", "rest", "completion"),
)


async def dana_of(session: Session, actor: Actor, engagement: Engagement) -> User:
    """Dana, who has an e-mail and no account in this workspace."""
    dana = User(
        organization_id=actor.organization_id,
        side="client",
        role_id=(await people.role(session, actor.organization_id, "Client")).id,
        company_id=engagement.company_id,
        name="Dana Flores",
        email="dana@northwind.example",
    )
    session.add(dana)
    await session.flush()
    here = {"organization_id": actor.organization_id, "engagement_id": engagement.id}
    session.add(EngagementPerson(**here, user_id=dana.id))
    await session.flush()
    return dana


async def offered(scene: Scene, **more: object) -> proposals.Proposal:
    """A proposal that goes out to Dana by mail."""
    async with scene.database() as (session, actor):
        engagement = await scene.engagement(session, actor)
        dana = (await session.execute(select(User).where(User.name == "Dana Flores"))).scalar_one_or_none()
        dana = dana or await dana_of(session, actor, engagement)
        ada = (await session.execute(select(User).where(User.id == engagement.owner_id))).scalar_one()
        by = await people.actor_of(session, ada)
        wish = {
            "title": "Website relaunch",
            "items": ITEMS,
            "purpose": "More people find Northwind, and read on.",
            "signer_ids": [dana.id],
            "schedule": SCHEDULE,
            "milestones": [
                Point("Designs agreed", (clock.now() + timedelta(days=40)).date(), 1),
                Point("Launch", None, 1),
            ],
            "terms": "Invoices are paid within 14 days.\nWhat we make for you is yours once it is paid.",
            **more,
        }
        draft = await proposals.draft(session, by, engagement_id=engagement.id, **wish)  # type: ignore[arg-type]
        sent = await proposals.send(session, by, draft.id)
    await scene.settled()
    return sent


async def test_a_client_who_is_not_in_slack_signs_by_mail(scene: Scene) -> None:
    proposal = await offered(scene)
    invitation = scene.mail.latest(to="dana")
    assert invitation.subject == "Studio Ada has sent you a proposal: Website relaunch"
    assert "Review and sign it here, until" in invitation.text and "$" not in invitation.text
    ticked = {"electronic": "yes", "agree": "yes", "name": "Dana Flores", "title": "Head of Marketing"}
    async with visitor() as dana:
        await dana.open(invitation.link("/portal/sign/"))
        assert "d•••@northwind.example" in dana.page
        await dana.submit({})
        await scene.settled()
        page = await dana.submit({"code": scene.mail.latest(to="dana", subject="your code").code()})
        assert dana.address.endswith(f"/portal/proposals/{proposal.id}")
        assert "Signing as Dana Flores for Northwind" in page and "$89,300" in page
        page = await dana.submit({**ticked, "option.2": "yes"})
        assert "The total no longer agrees" in page and "$95,060" in page
        page = await dana.submit({**ticked, "option.2": "yes"})
        assert "Signed. Thank you." in page and dana.address.endswith("/signed")
        await scene.settled()
        page = await dana.open(dana.address)
        assert "Pay deposit" in page and "/stripe/pay/" in page and "$38,024" in page
        assert "Open the signed PDF" in page
    copy = scene.mail.latest(to="dana", subject="Signed by everyone")
    assert "attached" in copy.text
    assert "Dana" in scene.seen(CLIENT, "clara") and "Dana Flores signed on" in scene.seen(STAFF, "ada")
    async with scene.database() as (session, _):
        kept = (await session.execute(select(Signature))).scalar_one()
        facts = json.loads(kept.evidence)["facts"]
        assert (kept.method, kept.options, facts["ip"]) == ("code", [2], "127.0.0.1")
        assert facts["code_address"] == "d•••@northwind.example" and facts["link_mailed_at"] < facts["code_verified_at"]


async def test_a_reminder_by_mail_leads_to_the_signature_too(scene: Scene) -> None:
    proposal = await offered(scene)
    clock.move(2 * 86_400)
    async with scene.database() as (session, actor):
        await proposals.remind(session, actor, proposal.id)
    await scene.settled()
    letter = scene.mail.latest(to="dana", subject="waits for your signature")
    async with visitor() as dana:
        assert "d•••@northwind.example" in await dana.open(letter.link("/portal/sign/"))
