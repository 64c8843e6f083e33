"""The catalog in Block Kit: the list of services, and the form in which one is made or changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from core.catalog import Details, Service, Special, written_checklist, written_deliverables, written_phases
from core.money import Money

KINDS = (("work", "Work", "Becomes a project when it is signed"), ("fee", "Fee", "Is billed, and makes no project"))


PERIODS = (
    ("once", "Once"),
    ("week", "Every week"),
    ("month", "Every month"),
    ("quarter", "Every quarter"),
    ("year", "Every year"),
)
EACH = {"week": " a week", "month": " a month", "quarter": " a quarter", "year": " a year"}
USUAL = "Leave it empty to go back to the usual price."


@dataclass(frozen=True)
class Sheet:
    """What the form of a service is opened with; `service_id` is empty for a new one."""

    name: str
    price: str
    currency: str
    kind: str = "work"
    description: str = ""
    period: str = ""
    folder: str = ""
    tags: str = ""
    service_id: str = ""


def listing(services: Sequence[Service], folders: Mapping[UUID, str], locale: str) -> Card:
    """All services with their prices, in a line each, folder by folder."""
    if not services:
        told = "Your catalog is empty. `/tl service new` puts the first service in."
        return Card(told, [kit.section(kit.Raw(told))])
    told = f"{len(services)} services in your catalog" if len(services) > 1 else "One service in your catalog"
    packed: list[Block] = []
    for folder_id in (*folders, None):
        inside = [service for service in services if service.folder_id == folder_id]
        lines = [_line(service, locale) for service in inside]
        if lines and folder_id and folder_id in folders:
            lines[0] = kit.join([kit.md("🗂 {folder}", folder=folders[folder_id]), lines[0]], "\n")
        packed += [kit.section(kit.join(lines[start : start + 10], "\n")) for start in range(0, len(lines), 10)]
    hint = kit.context(kit.Raw("`/tl service new` · `edit` · `price` · `retire`. `/proposal new` offers them."))
    return Card(told, kit.fits([kit.section(told), *packed[:47], hint]))


def _line(service: Service, locale: str) -> str:
    fee = " · fee" if service.kind == "fee" else ""
    about = f" · {kit.clip(service.description, 120)}" if service.description else ""
    setup = f" · set-up {service.setup.show(locale)}" if service.setup_minor else ""
    trial = f" · {service.trial_days} days free" if service.trial_days else ""
    return kit.md(
        "*{name}* · {price}{each}{setup}{trial}{fee}{about}",
        name=service.name,
        price=service.price.show(locale),
        each=EACH.get(service.period, ""),
        setup=setup,
        trial=trial,
        fee=fee,
        about=about,
    )


def form(sheet: Sheet) -> Block:
    """The form of a service: what every one of them needs. The rest stands under More."""
    return kit.modal(
        "service.edit" if sheet.service_id else "service.new",
        "Edit service" if sheet.service_id else "New service",
        [
            kit.text_input("name", "Name", initial=sheet.name, placeholder="SEO audit", limit=75),
            kit.text_input(
                "price",
                "Price",
                initial=sheet.price,
                placeholder="900",
                hint=f"In {sheet.currency}; each proposal can differ.",
                limit=30,
            ),
            kit.select(
                "period",
                "Paid",
                [kit.option(label, value) for value, label in PERIODS],
                initial=sheet.period or "once",
            ),
            kit.radio(
                "kind", "Kind", [kit.option(label, value, told) for value, label, told in KINDS], initial=sheet.kind
            ),
            kit.text_input(
                "description",
                "Description",
                initial=sheet.description,
                hint="The client reads it in the proposal.",
                optional=True,
                multiline=True,
                limit=1000,
            ),
            kit.text_input("folder", "Folder", initial=sheet.folder, placeholder="Websites", optional=True, limit=60),
            kit.text_input(
                "tags", "Tags", initial=sheet.tags, placeholder="design, retainer", optional=True, limit=300
            ),
        ],
        submit="Save",
        close="Cancel",
        private=sheet.service_id,
    )


def kept(service: Service, locale: str) -> Block:
    """The service is saved; from here its template can be filled in."""
    told = kit.md(
        "*{name}* is in the catalog at {price}{each}.",
        name=service.name,
        price=service.price.show(locale),
        each=EACH.get(service.period, ""),
    )
    more = kit.button("More", "service.more", str(service.id))
    about = kit.context("More: who does it, set-up fee and trial, tax, phase names, checklist, deliverables.")
    return kit.modal("notice", "Saved", [kit.section(told), about, kit.actions(more)])


def more(service: Service, details: Details, owner: str, currency: str, setup: str) -> Block:
    """Seldom-used fields: what a project of this service begins with. `owner` is a Slack account."""
    recurs = [
        kit.number_input("trial", "Free trial, in days", initial=details.trial_days, least=0, most=366),
        kit.text_input(
            "setup", "Set-up fee", initial=setup, hint=f"In {currency}, paid once.", optional=True, limit=30
        ),
    ]
    return kit.modal(
        "service.more",
        "More",
        [
            kit.context(kit.md("For *{name}*", name=service.name)),
            *(recurs if details.period else []),
            kit.text_input(
                "tax",
                "Tax, in %",
                initial=f"{details.tax_percent.normalize():f}" if details.tax_percent else "",
                placeholder="20",
                optional=True,
                limit=8,
            ),
            kit.person_select("owner", "Who does it", initial=owner, optional=True),
            kit.text_input(
                "phases",
                "Phase names that clients read",
                initial=written_phases(details.phases),
                placeholder="Deployment: Launch",
                hint="One a line; what is not named keeps its usual name.",
                optional=True,
                multiline=True,
                limit=600,
            ),
            kit.text_input(
                "checklist",
                "Checklist",
                initial=written_checklist(details.checklist),
                placeholder="Kickoff: Invite the client\nBuild: Draw the pages",
                hint="One task a line. Only your team sees it.",
                optional=True,
                multiline=True,
            ),
            kit.text_input(
                "deliverables",
                "Deliverables",
                initial=written_deliverables(details.deliverables),
                placeholder="Style guide, 10 days\nFinished pages, 6 weeks",
                hint="One a line, with the days from the start if you know them. The client sees them.",
                optional=True,
                multiline=True,
            ),
        ],
        submit="Save",
        close="Cancel",
        private=str(service.id),
    )


def price_form(service: Service, whose: Sequence[tuple[str, str]], locale: str) -> Block:
    """The form of a price special to somebody: (value, name) of companies and of single people."""
    usual = kit.md("*{name}* usually costs {price}.", name=service.name, price=service.price.show(locale))
    return kit.modal(
        "service.price",
        "Special price",
        [
            kit.section(usual),
            kit.select("whose", "For whom", [kit.option(name, value) for value, name in whose]),
            kit.text_input("price", "Price", hint=f"In {service.currency}. {USUAL}", optional=True, limit=30),
        ],
        submit="Save",
        close="Cancel",
        private=str(service.id),
    )


def specials(prices: Sequence[Special], locale: str) -> list[Block]:
    """The special prices there are, in a line each."""
    lines = [
        kit.md(
            "{service} for {whose}: *{price}*", service=each.service, whose=each.whose, price=each.price.show(locale)
        )
        for each in prices[:60]
    ]
    return [kit.section(kit.join(lines[start : start + 20], "\n")) for start in range(0, len(lines), 20)]


def typed(price: Money) -> str:
    """A price as a person would type it into the field."""
    return f"{price.decimal().normalize():f}" if price else "0"


def retire(service: Service) -> Block:
    """A second look before a service is taken out of the catalog."""
    asked = kit.md("Take *{name}* out of the catalog? What was sold of it stays as it is.", name=service.name)
    return kit.modal(
        "service.retire",
        "Retire service",
        [kit.section(asked)],
        submit="Retire",
        close="Keep it",
        private=str(service.id),
    )
