"""The drafting form: its first page, which is enough for most proposals, and the second with what is seldom needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.blocks import kit
from bot.blocks.kit import Block

FIELD = 3000
"""Characters that a field of Slack's holds."""


@dataclass(frozen=True)
class Sheet:
    """What the first page is opened with. `signers` are (id, name), `services` (id, name, price)."""

    private: str
    engagement: str
    currency: str
    title: str
    lines: str
    valid_until: date
    chosen: Sequence[str]
    """The ids of those who are to sign, in their order."""
    signers: Sequence[tuple[str, str]]
    services: Sequence[tuple[str, str, str]]
    heading: str = "New proposal"
    further: str = ""
    """What stands on the second page already, in a line."""
    note: str = ""
    """What is said before all else: what the client asked for, or that a version is out."""


@dataclass(frozen=True)
class Further:
    """What the second page is opened with. `countersigners` are (id, name)."""

    private: str
    title: str
    currency: str
    purpose: str
    milestones: str
    schedule: str
    terms: str
    kept: str
    """Which of the agency's kept terms these are, in words; empty for a text of its own."""
    coupon: str
    in_order: bool
    order: Sequence[str]
    """The first names of the signers, in their order."""
    countersigner: str
    countersigners: Sequence[tuple[str, str]]
    heading: str = "New proposal"


def where(engagements: Sequence[tuple[str, str]], words: str) -> Block:
    """The question that comes first where a command was typed outside of an engagement's channels."""
    entries = [kit.option(title, each) for each, title in engagements]
    return kit.modal(
        "proposal.where",
        "New proposal",
        [kit.select("engagement", "For which engagement?", entries)],
        submit="Continue",
        close="Cancel",
        private=kit.clip(words, 2000),
    )


def form(sheet: Sheet) -> Block:
    """The first page: what is offered, until when, and who signs."""
    hint = (
        f"Quantity × price in {sheet.currency}. In brackets: fee (starts no project), optional, monthly, setup 300,"
        " trial 14 days, 10% off, 20% tax."
    )
    further = (
        f"Also in it: {sheet.further}." if sheet.further else "Payments, milestones, terms and more: all optional."
    )
    return kit.modal(
        "proposal.draft",
        sheet.heading,
        [
            *([kit.context(sheet.note)] if sheet.note else []),
            kit.context(f"For {sheet.engagement}. Nothing is sent before you have seen the preview."),
            kit.text_input("title", "Title", initial=sheet.title, placeholder="Website relaunch", limit=120),
            *([_services(sheet.services)] if sheet.services else []),
            kit.text_input(
                "lines",
                "Items",
                initial=sheet.lines,
                placeholder="SEO audit, 2 × 900\nHosting, 40 (fee, monthly)",
                hint=hint,
                optional=True,
                multiline=True,
            ),
            kit.date_input("until", "Valid until", initial=sheet.valid_until),
            _signers(sheet.signers, sheet.chosen),
            kit.section(further, kit.button("More", "proposal.further")),
        ],
        submit="Preview",
        close="Cancel",
        private=sheet.private,
    )


def further_form(page: Further) -> Block:
    """The second page: how it is paid and delivered, the terms, and how it is signed. All of it may stay as it is."""
    several = len(page.order) > 1
    return kit.modal(
        "proposal.further",
        page.heading,
        [
            kit.section(
                kit.md("*{title}*: all of this is optional.", title=page.title),
                kit.button("Back", "proposal.first"),
            ),
            kit.text_input(
                "purpose",
                "Purpose",
                initial=page.purpose,
                placeholder="In one line, what it is for",
                optional=True,
                limit=200,
            ),
            kit.text_input(
                "milestones",
                "Milestones",
                initial=page.milestones,
                placeholder="Designs ready, 12 Dec\nLaunch · Website",
                hint="One a line, with a day if there is one. Behind a · stands the item it belongs to.",
                optional=True,
                multiline=True,
            ),
            kit.text_input(
                "schedule",
                "Payments",
                initial=page.schedule,
                placeholder="30% on signing\n20% at Designs ready\nthe rest on completion",
                hint="Empty, all of it is due on signing. Amounts include tax; “2000 on 1 Feb” works too.",
                optional=True,
                multiline=True,
            ),
            *_terms(page),
            kit.text_input("coupon", "Coupon", initial=page.coupon, placeholder="WELCOME10", optional=True, limit=60),
            *([_order(page)] if several else []),
            *([_countersigner(page)] if page.countersigners else []),
        ],
        submit="Preview",
        close="Close",
        private=page.private,
    )


def _terms(page: Further) -> list[Block]:
    if len(page.terms) > FIELD:
        told = "The terms are longer than Slack's forms can hold, so they stay as they are. They are in the preview."
        return [kit.section(told)]
    hint = f"They are {page.kept}." if page.kept else "Each change is kept as a new version of them."
    keep = [kit.option("Keep these terms as ours", "keep")]
    return [
        kit.text_input("terms", "Terms", initial=page.terms, optional=True, multiline=True),
        kit.ticks("keep_terms", "For the next proposals", keep, hint=hint, optional=True),
    ]


def _order(page: Further) -> Block:
    return kit.ticks(
        "in_order",
        "Signing",
        [kit.option("One after the other", "yes")],
        initial=["yes"] if page.in_order else [],
        hint=f"Ticked: {', then '.join(page.order)}. Otherwise each when they like.",
        optional=True,
    )


def _countersigner(page: Further) -> Block:
    return kit.select(
        "countersigner",
        "Countersigner",
        [kit.option(name, user_id) for user_id, name in page.countersigners],
        initial=page.countersigner,
        placeholder="Nobody",
        hint="One of you, who signs at the end, when all of the client's have.",
        optional=True,
    )


def _signers(signers: Sequence[tuple[str, str]], chosen: Sequence[str]) -> Block:
    known = {user_id: kit.option(name, user_id) for user_id, name in signers[:100]}
    element = {
        "type": "multi_static_select",
        "action_id": "signers",
        "options": list(known.values()),
        "placeholder": kit.plain("Who signs for the client", 150),
    }
    if initial := [known[each] for each in chosen if each in known]:
        element["initial_options"] = initial
    return {
        "type": "input",
        "block_id": "signers",
        "label": kit.plain("Signers"),
        "element": element,
        "optional": False,
    }


def _services(services: Sequence[tuple[str, str, str]]) -> Block:
    element = {
        "type": "multi_static_select",
        "action_id": "services",
        "options": [kit.option(name, service_id, price) for service_id, name, price in services[:100]],
        "placeholder": kit.plain("Add from your catalog", 150),
    }
    return {
        "type": "input",
        "block_id": "services",
        "label": kit.plain("From your services"),
        "element": element,
        "optional": True,
    }
