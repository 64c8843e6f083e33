"""Services: made, changed, retired, chosen; what was sold of them stays as it was sold."""

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, func, select

from core import access, clock, events
from core.access import Can
from core.catalog.details import Details
from core.catalog.tables import Folder, Service, ServiceTag, Tag
from core.db import Session
from core.errors import Conflict, Invalid
from core.events import Kind
from core.money import Money
from core.people import Actor, User


async def new(
    session: Session,
    actor: Actor,
    *,
    name: str,
    price: Money,
    description: str = "",
    kind: str = "work",
    details: Details | None = None,
) -> Service:
    """Put a service into the catalog. Its name is unique among those that are offered."""
    access.demand(actor, Can.SERVICE_MANAGE)
    wanted = await _name(session, name, besides=None)
    service = Service(
        organization_id=actor.organization_id,
        name=wanted,
        description=description.strip(),
        kind=kind,
        price_minor=price.minor,
        currency=price.currency,
        checklist=[],
        deliverables=[],
    )
    session.add(service)
    await session.flush()
    if details is not None:
        await _detail(session, service, details)
    await events.record(
        session, actor, Kind.SERVICE_MADE, "service", service.id, price_minor=price.minor, currency=price.currency
    )
    return service


async def edit(
    session: Session,
    actor: Actor,
    service_id: uuid.UUID | str,
    *,
    name: str,
    price: Money,
    description: str = "",
    kind: str = "work",
    details: Details | None = None,
) -> Service:
    """Change a service; its details stay as they are unless some are given. What was sold already keeps the name and
    price that it was sold with."""
    service = await access.fetch(session, actor, Can.SERVICE_MANAGE, Service, service_id, lock=True)
    if service.retired_at is not None:
        raise Conflict(f"“{service.name}” is retired. Make a new service with /tl service new.")
    wanted = await _name(session, name, besides=service.id)
    known = await details_of(session, service)
    before = (service.name, service.description, service.kind, service.price, known)
    if before == (wanted, description.strip(), kind, price, details or known):
        return service
    service.name, service.description, service.kind = wanted, description.strip(), kind
    service.price_minor, service.currency = price.minor, price.currency
    await _detail(session, service, details or known)
    await session.flush()
    await events.record(
        session, actor, Kind.SERVICE_EDITED, "service", service.id, price_minor=price.minor, currency=price.currency
    )
    return service


async def retire(session: Session, actor: Actor, service_id: uuid.UUID | str) -> Service:
    """Take a service out of the catalog; what was sold of it stays as it is. Twice is once."""
    service = await access.fetch(session, actor, Can.SERVICE_MANAGE, Service, service_id, lock=True)
    if service.retired_at is None:
        service.retired_at = clock.now()
        await session.flush()
        await events.record(session, actor, Kind.SERVICE_RETIRED, "service", service.id)
    return service


async def services(session: Session, actor: Actor) -> list[Service]:
    """The services that are offered, by name."""
    query = (
        access.visible(actor, Can.SERVICE_SEE, Service)
        .where(Service.retired_at.is_(None))
        .order_by(func.lower(Service.name))
    )
    return list((await session.execute(query)).scalars())


async def folders(session: Session, services: Sequence[Service]) -> dict[uuid.UUID, str]:
    """The name of each folder in which one of these lies, by its id, in the order of their names."""
    wanted = {service.folder_id for service in services if service.folder_id}
    rows = await session.execute(select(Folder).where(Folder.id.in_(wanted)).order_by(func.lower(Folder.name)))
    return {folder.id: folder.name for folder in rows.scalars()}


async def chosen(session: Session, actor: Actor, ids: Sequence[str]) -> list[Service]:
    """These services, in the order given; Invalid if one of them is not offered any more."""
    known = {str(service.id): service for service in await services(session, actor)}
    if any(each not in known for each in ids):
        raise Invalid("One of these services has been retired meanwhile. Please choose again.", field="services")
    return [known[each] for each in ids]


async def details_of(session: Session, service: Service) -> Details:
    """All of a service but its name, description, kind and price."""
    folder = await session.execute(select(Folder.name).where(Folder.id == service.folder_id))
    tags = await session.execute(
        select(Tag.name)
        .join(ServiceTag, ServiceTag.tag_id == Tag.id)
        .where(ServiceTag.service_id == service.id)
        .order_by(func.lower(Tag.name))
    )
    return Details(
        folder=folder.scalar() or "",
        tags=tuple(tags.scalars()),
        period=service.period,
        trial_days=service.trial_days,
        setup_minor=service.setup_minor,
        tax_percent=service.tax_percent,
        phases=dict(service.phases),
        checklist=tuple((task["phase"], task["title"]) for task in service.checklist),
        deliverables=tuple((each["title"], each["days"]) for each in service.deliverables),
        owner_id=service.owner_id,
    )


async def _detail(session: Session, service: Service, details: Details) -> None:
    details.check()
    if details.owner_id is not None:
        owner = (await session.execute(select(User).where(User.id == details.owner_id))).scalar_one_or_none()
        if owner is None or owner.side != "staff" or owner.left_at:
            raise Invalid("Whoever does it is somebody of your own team. Choose one of them.", field="owner")
    service.folder_id = await _folder(session, service.organization_id, details.folder)
    service.owner_id = details.owner_id
    service.period, service.trial_days, service.setup_minor = details.period, details.trial_days, details.setup_minor
    service.tax_percent, service.phases = details.tax_percent, dict(details.phases)
    service.checklist = [{"phase": phase, "title": title} for phase, title in details.checklist]
    service.deliverables = [{"title": title, "days": days} for title, days in details.deliverables]
    await session.flush()
    await session.execute(delete(ServiceTag).where(ServiceTag.service_id == service.id))
    for name in details.tags:
        tag = await _tag(session, service.organization_id, name)
        session.add(ServiceTag(organization_id=service.organization_id, service_id=service.id, tag_id=tag.id))
    await session.flush()


async def _folder(session: Session, organization_id: uuid.UUID, typed: str) -> uuid.UUID | None:
    name = " ".join(typed.split())
    if not name:
        return None
    if len(name) > 60:
        raise Invalid("Please keep the folder's name to 60 characters.", field="folder")
    known = (await session.execute(select(Folder).where(func.lower(Folder.name) == name.lower()))).scalar_one_or_none()
    if known is None:
        known = Folder(organization_id=organization_id, name=name)
        session.add(known)
        await session.flush()
    return known.id


async def _tag(session: Session, organization_id: uuid.UUID, name: str) -> Tag:
    known = (await session.execute(select(Tag).where(func.lower(Tag.name) == name.lower()))).scalar_one_or_none()
    if known is None:
        known = Tag(organization_id=organization_id, name=name)
        session.add(known)
        await session.flush()
    return known


async def _name(session: Session, typed: str, *, besides: uuid.UUID | None) -> str:
    name = " ".join(typed.split())
    if not name:
        raise Invalid("What is the service called?", field="name")
    if len(name) > 75:
        raise Invalid("Please keep the name to 75 characters, so that it fits into Slack's menus.", field="name")
    taken = select(Service.id).where(
        func.lower(Service.name) == name.lower(), Service.retired_at.is_(None), Service.id != besides
    )
    if (await session.execute(taken)).first():
        raise Invalid(f"There is a service called “{name}” already. Change it with /tl service edit.", field="name")
    return name
