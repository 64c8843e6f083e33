"""A good example set for a fresh organization: services in folders, with their templates, and a coupon."""

from decimal import Decimal

from sqlalchemy import func, select

from core.catalog.coupons import Offered, new_coupon
from core.catalog.details import Details, checklist_from, deliverables_from, phases_from
from core.catalog.offering import new
from core.catalog.tables import Coupon, Service
from core.db import Session
from core.money import Money, exponent
from core.people import Actor, Organization

LAUNCH = "Build: Design and build\nDeployment: Launch"
START = "Kickoff: Collect logins and brand files\nKickoff: Agree on goals and how we measure them"

EXAMPLES = (
    (
        "Discovery workshop",
        1_800,
        "work",
        "Two half days with your team: goals, audience, scope, risks. You get a written brief that everyone has agreed to.",
        Details(
            folder="Strategy",
            tags=("workshop",),
            checklist=checklist_from(
                f"{START}\nSetup: Send the questionnaire\nBuild: Run the workshop\nHandoff: Present the brief"
            ),
            deliverables=deliverables_from("Workshop notes, 5 days\nProject brief, 10 days"),
        ),
    ),
    (
        "Website design and build",
        12_000,
        "work",
        "Up to twelve page types, designed and built, tested on phones and in current browsers, with two rounds of changes.",
        Details(
            folder="Websites",
            tags=("design", "web"),
            phases=phases_from(LAUNCH),
            checklist=checklist_from(
                f"{START}\nSetup: Set up staging\nBuild: Draw the page types\nBuild: Build the pages\n"
                "Testing: Check on phones and with a screen reader\nDeployment: Move the domain\nHandoff: Train the editors"
            ),
            deliverables=deliverables_from(
                "Wireframes, 2 weeks\nDesigns, 4 weeks\nStaging site, 8 weeks\nLive site, 10 weeks"
            ),
        ),
    ),
    (
        "Landing page",
        2_400,
        "work",
        "One page for one offer, written, designed and built, with the form wired to your mailing tool.",
        Details(
            folder="Websites",
            tags=("web",),
            phases=phases_from(LAUNCH),
            checklist=checklist_from(f"{START}\nBuild: Write the page\nTesting: Try the form\nDeployment: Launch"),
            deliverables=deliverables_from("Draft, 1 week\nLive page, 3 weeks"),
        ),
    ),
    (
        "SEO audit",
        900,
        "work",
        "What search engines see of your site, what holds it back, and what to do first, in a report with priorities.",
        Details(
            folder="Marketing",
            tags=("seo",),
            checklist=checklist_from(f"{START}\nBuild: Crawl the site\nHandoff: Walk through the report"),
            deliverables=deliverables_from("Audit report, 2 weeks"),
        ),
    ),
    (
        "Brand identity",
        6_500,
        "work",
        "Logo, colours, type and voice, with a guide that others can work by.",
        Details(
            folder="Design",
            tags=("design", "brand"),
            phases=phases_from("Build: Design\nDeployment: Roll-out"),
            checklist=checklist_from(
                f"{START}\nBuild: Three directions\nBuild: Refine the chosen one\nHandoff: Hand over the files"
            ),
            deliverables=deliverables_from("Directions, 2 weeks\nChosen identity, 4 weeks\nBrand guide, 6 weeks"),
        ),
    ),
    (
        "Care plan",
        400,
        "fee",
        "Updates, backups and a watchful eye each month, with two hours of small changes.",
        Details(folder="Retainers", tags=("retainer",), period="month", trial_days=30),
    ),
    (
        "Hosting",
        40,
        "fee",
        "Managed hosting with daily backups.",
        Details(folder="Retainers", tags=("retainer",), period="month", setup_minor=15_000),
    ),
    (
        "Rush delivery",
        750,
        "fee",
        "We rearrange our plan and start within three working days.",
        Details(folder="Extras"),
    ),
)
"""Name, price in whole units, kind, description, the rest."""


async def plant(session: Session, actor: Actor, house: Organization) -> list[str]:
    """Put the examples into a catalog that lacks them, priced in the house's currency; what is there stays as it is.

    Returns the names of what was added; nothing the second time.
    """
    places = exponent(house.currency)
    scale = 10**places if places else 100
    known = set((await session.execute(select(func.lower(Service.name)).where(Service.retired_at.is_(None)))).scalars())
    added = []
    for name, price, kind, about, details in EXAMPLES:
        if name.lower() in known:
            continue
        fitting = details
        if details.setup_minor and places != 2:
            fitting = Details(
                folder=details.folder,
                tags=details.tags,
                period=details.period,
                setup_minor=details.setup_minor // 100 * scale,
            )
        await new(
            session,
            actor,
            name=name,
            price=Money(price * scale, house.currency),
            description=about,
            kind=kind,
            details=fitting,
        )
        added.append(name)
    there = await session.execute(select(Coupon.id).where(func.lower(Coupon.code) == "welcome-10"))
    if there.first() is None:
        welcome = Offered("WELCOME-10", percent=Decimal(10), words="For new clients", new_only=True, client_limit=1)
        added.append((await new_coupon(session, actor, welcome, house.currency)).code)
    return added
