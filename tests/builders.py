"""The people of the story, and shortcuts to the rows that tests begin with."""

import base64
import hashlib
import uuid
from dataclasses import dataclass

from core import clock, db, people
from core.db import Database, Session
from core.engagements import Engagement, EngagementPerson
from core.papers import Paper
from core.people import Actor, Company, Identity, Organization, User
from core.proposals import Version
from core.seals import Sealer

TEAM = "T0STUDIOADA"
NORTHWIND_TEAM = "T0NORTHWIND"
SIGNING_KEY = base64.b64encode(b"the key that seals in tests only").decode()
SEALER = Sealer(SIGNING_KEY)


@dataclass
class House:
    """An agency with its people and one engagement with Northwind; `ada` owner, `ben` member; `clara` contact, `dana` colleague, `gus` of
    another client."""

    id: uuid.UUID
    ada: Actor
    ben: Actor
    clara: Actor
    dana: Actor
    gus: Actor
    stranger: Actor
    engagement: Engagement
    company: Company


async def house(database: Database, name: str = "Studio Ada", team: str = TEAM) -> House:
    """Make and commit an agency of this name, installed in this workspace."""
    organization = Organization(name=name, currency="USD", timezone="Europe/London")
    async with database.platform() as session:
        session.add(organization)
        await session.flush()
        session.add(people.Installation(organization_id=organization.id, team_id=team, token=b"", bot_user_id="U0BOT"))
    async with database.transaction(organization.id) as session:
        await people.start(session, organization)
        owner, member, client = [
            (await people.role(session, organization.id, each)).id for each in ("Owner", "Member", "Client")
        ]

        def person(side: str, role: uuid.UUID, full: str, email: str, company: Company | None = None) -> User:
            return User(
                organization_id=organization.id,
                side=side,
                role_id=role,
                name=full,
                email=email,
                company_id=company.id if company else None,
            )

        northwind = Company(organization_id=organization.id, name="Northwind")
        globex = Company(organization_id=organization.id, name="Globex")
        await db.save(session, northwind, globex)
        ada = person("staff", owner, "Ada Lovelace", "ada@studioada.example")
        ben = person("staff", member, "Ben Okafor", "ben@studioada.example")
        clara = person("client", client, "Clara Chen", "clara@northwind.example", northwind)
        dana = person("client", client, "Dana Flores", "dana@northwind.example", northwind)
        gus = person("client", client, "Gus Gray", "gus@globex.example", globex)
        await db.save(session, ada, ben, clara, dana, gus)
        engagement = Engagement(
            organization_id=organization.id,
            company_id=northwind.id,
            title="Northwind",
            owner_id=ada.id,
            contact_id=clara.id,
            channel_id=f"C{team[1:]}CLIENT",
            staff_channel_id=f"C{team[1:]}STAFF",
            connection="connected",
        )
        other = Engagement(
            organization_id=organization.id, company_id=globex.id, title="Globex", owner_id=ada.id, contact_id=gus.id
        )
        await db.save(session, engagement, other)
        known = {"ada": ada, "ben": ben, "clara": clara, "dana": dana, "gus": gus}
        for handle, user in known.items():
            home = other if handle == "gus" else engagement
            session.add(EngagementPerson(organization_id=organization.id, engagement_id=home.id, user_id=user.id))
            session.add(
                Identity(
                    organization_id=organization.id,
                    slack_user_id=f"U0{handle.upper()}",
                    slack_team_id=team if user.side == "staff" else NORTHWIND_TEAM,
                    kind="member" if user.side == "staff" else "external",
                    user_id=user.id,
                    name=user.name,
                )
            )
        await session.flush()
        actors = {
            handle: await people.actor_of(session, user, slack_user_id=f"U0{handle.upper()}")
            for handle, user in known.items()
        }
    return House(
        id=organization.id,
        **actors,
        stranger=Actor(organization.id, "stranger", name="Somebody"),
        engagement=engagement,
        company=northwind,
    )


async def papered(session: Session, version: Version, pdf: bytes = b"%PDF-1.7 as it was sent") -> Paper:
    """The PDF of a version, as the worker would have made it."""
    paper = Paper(
        organization_id=version.organization_id,
        version_id=version.id,
        kind="offer",
        source=version.body,
        source_sha256=version.sha256,
        pdf=pdf,
        pdf_sha256=hashlib.sha256(pdf).digest(),
        renderer="by hand",
        made_at=clock.now(),
    )
    session.add(paper)
    await session.flush()
    return paper
