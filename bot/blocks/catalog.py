"""The catalog in Block Kit: the list of services, and the form in which one is made or changed."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from core.catalog import Service

KINDS = (("work", "Work", "Becomes a project when it is signed"), ("fee", "Fee", "Is billed, and makes no project"))


def listing(services: Sequence[Service], locale: str) -> Card:
    """All services with their prices, in a line each."""
    if not services:
        told = "Your catalog is empty. `/tl service new` puts the first service in."
        return Card(told, [kit.section(kit.Raw(told))])
    told = f"{len(services)} services in your catalog" if len(services) > 1 else "One service in your catalog"
    lines = [_line(service, locale) for service in services]
    packed = [kit.section(kit.join(lines[start : start + 10], "\n")) for start in range(0, len(lines), 10)]
    hint = kit.context(kit.Raw("`/tl service new` · `edit` · `retire`. `/proposal new` offers them."))
    return Card(told, kit.fits([kit.section(told), *packed[:47], hint]))


def _line(service: Service, locale: str) -> str:
    fee = " · fee" if service.kind == "fee" else ""
    about = f" · {kit.clip(service.description, 120)}" if service.description else ""
    return kit.md(
        "*{name}* · {price}{fee}{about}", name=service.name, price=service.price.show(locale), fee=fee, about=about
    )


def form(*, name: str, price: str, description: str, kind: str, currency: str, service_id: str = "") -> Block:
    """The form of a service; with an id, of one that exists."""
    return kit.modal(
        "service.edit" if service_id else "service.new",
        "Edit service" if service_id else "New service",
        [
            kit.text_input("name", "Name", initial=name, placeholder="SEO audit", limit=75),
            kit.text_input(
                "price",
                "Price",
                initial=price,
                placeholder="900",
                hint=f"In {currency}; each proposal can differ.",
                limit=30,
            ),
            kit.radio("kind", "Kind", [kit.option(label, value, told) for value, label, told in KINDS], initial=kind),
            kit.text_input(
                "description",
                "Description",
                initial=description,
                hint="The client reads it in the proposal.",
                optional=True,
                multiline=True,
                limit=1000,
            ),
        ],
        submit="Save",
        close="Cancel",
        private=service_id,
    )


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
