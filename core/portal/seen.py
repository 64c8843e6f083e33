"""What a client sees of their engagements, as plain values, and what follows from them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.money import Money
from core.proposals import Difference, Sum


@dataclass(frozen=True)
class PersonSeen:
    """Somebody of the agency, whom a client can ask."""

    name: str
    email: str

    @property
    def first_name(self) -> str:
        """How a colleague would call them."""
        return (self.name.split() or [self.email])[0]


@dataclass(frozen=True)
class ProjectSeen:
    """A piece of work: its phase, `step` of `steps`, when it is due, who does it, what comes next and what it needs."""

    id: uuid.UUID
    title: str
    status: str
    phase: str
    step: int
    steps: int
    due_on: date | None
    late: int
    completed_on: date | None
    owner: PersonSeen | None
    next_what: str
    next_on: date | None
    needed: str


@dataclass(frozen=True)
class LineSeen:
    """One line of an offer, as its text has it."""

    title: str
    description: str
    quantity: int
    unit: Money
    amount: Money
    """All of them, less the line's own discount."""
    period: str = ""
    """How often it is paid for; empty for what is paid once."""
    choice: Literal["", "optional", "chosen", "not chosen"] = ""
    """What became of an item that the client chooses; empty for all others."""


@dataclass(frozen=True)
class SignerSeen:
    """One of those who are asked to sign, and when they did."""

    name: str
    signed_on: date | None


@dataclass(frozen=True)
class ProposalSeen:
    """An offer; `waits` while it is open, `mine` while it is the reader whose signature is missing."""

    id: uuid.UUID
    title: str
    purpose: str
    status: str
    total: Money
    expires_on: date
    sent_on: date | None
    signed_on: date | None
    signers: tuple[SignerSeen, ...]
    waits: bool
    mine: bool
    lines: tuple[LineSeen, ...] = ()
    terms: str = ""
    """The lines and the terms of the text that was sent, word for word."""
    paper: uuid.UUID | None = None
    """The PDF of the newest version, and its signed copy, each once it is there."""
    signed_paper: uuid.UUID | None = None
    version: int = 1
    least: Sum | None = None
    most: Sum | None = None
    """What it comes to: with the options that were chosen, else without any, and with all of them."""
    change: Difference | None = None
    """For a change of scope: what it makes of what was agreed before."""


@dataclass(frozen=True)
class QuoteSeen:
    """Something that the client asked a quote for, which the agency has not sent yet: their own words, and when."""

    words: str
    asked_on: date


@dataclass(frozen=True)
class ContractSeen:
    """A signed agreement, with its dates."""

    number: str
    title: str
    status: str
    signed_on: date
    starts_on: date
    ends_on: date | None
    text: ProposalSeen | None = None
    """What was signed."""


@dataclass(frozen=True)
class InvoiceSeen:
    """A bill: `open`, `paid` or `void`; `late` is by how many days it is overdue."""

    id: uuid.UUID
    serial: str
    title: str
    status: Literal["open", "paid", "void"]
    total: Money
    due: Money
    due_on: date | None
    late: int
    paid_on: date | None
    hosted_url: str
    pdf_url: str


@dataclass(frozen=True)
class OrderSeen:
    """What was ordered, and how much of it is paid."""

    number: str
    title: str
    total: Money
    paid: Money
    ordered_on: date

    @property
    def settled(self) -> bool:
        """Whether all of it is paid."""
        return self.paid.minor >= self.total.minor


@dataclass(frozen=True)
class Wait:
    """Something that waits on the reader: a signature, a payment, or what a piece of work needs from them."""

    kind: Literal["sign", "pay", "needed"]
    proposal: ProposalSeen | None = None
    invoice: InvoiceSeen | None = None
    project: ProjectSeen | None = None


@dataclass(frozen=True)
class EngagementSeen:
    """One relationship, as the client sees it; `standing` is how far it has come, in a few words."""

    id: uuid.UUID
    title: str
    company: str
    status: str
    standing: str
    paused_until: date | None
    channel_name: str
    connected: bool
    owner: PersonSeen
    projects: tuple[ProjectSeen, ...]
    proposals: tuple[ProposalSeen, ...]
    contracts: tuple[ContractSeen, ...]
    orders: tuple[OrderSeen, ...]
    invoices: tuple[InvoiceSeen, ...]
    quotes: tuple[QuoteSeen, ...] = ()

    @property
    def waits(self) -> tuple[Wait, ...]:
        """What waits on the reader: to sign, to pay, then what the work needs."""
        return (
            *(Wait("sign", proposal=each) for each in self.proposals if each.mine),
            *(Wait("pay", invoice=each) for each in self.invoices if each.status == "open"),
            *(Wait("needed", project=each) for each in self.projects if each.needed and each.status == "active"),
        )

    @property
    def sentence(self) -> str:
        """Where it all stands, in a sentence."""
        active = [each for each in self.projects if each.status == "active"]
        done = sum(each.status == "completed" for each in self.projects)
        if self.status == "closed":
            return "This work is finished. Everything stays here for you."
        if self.status == "paused":
            return "The work is paused for now."
        if len(active) == 1:
            only = active[0]
            delivered = f" {done} of {len(self.projects)} pieces are delivered." if done else ""
            return f"{only.title} is in {only.phase}, step {only.step} of {only.steps}.{delivered}"
        if active:
            return f"{len(active)} projects are under way{f', {done} delivered' if done else ''}."
        if done:
            owing = any(each.status == "open" for each in self.invoices)
            return "Everything is delivered." if owing else "Everything is delivered and settled."
        if any(each.waits for each in self.proposals):
            return "A proposal is with you."
        if any(each.status == "signed" for each in self.proposals):
            return "Signed. We are getting ready."
        return "We are getting started."


@dataclass(frozen=True)
class Portal:
    """Everything that one client may see, at one moment, with days in their own zone."""

    agency: str
    name: str
    first_name: str
    company: str
    today: date
    engagements: tuple[EngagementSeen, ...]

    @property
    def waiting(self) -> int:
        """How many things wait on the reader."""
        return sum(len(each.waits) for each in self.engagements)

    @property
    def next_date(self) -> tuple[date, str] | None:
        """The next day on which something is to come, and what."""
        coming = []
        for project in self._projects():
            if project.status == "active":
                what = f"{project.title}: {project.next_what}" if project.next_what else project.title
                coming += [
                    (day, text) for day, text in ((project.next_on, what), (project.due_on, project.title)) if day
                ]
        return min((each for each in coming if each[0] >= self.today), default=None)

    @property
    def next_payment(self) -> InvoiceSeen | None:
        """The open invoice that is due first."""
        bills = [each for engagement in self.engagements for each in engagement.invoices if each.status == "open"]
        return min(bills, key=lambda each: each.due_on or date.max, default=None)

    @property
    def counts(self) -> tuple[int, int]:
        """How many projects are delivered, of how many."""
        every = list(self._projects())
        return sum(each.status == "completed" for each in every), len(every)

    def _projects(self) -> Iterable[ProjectSeen]:
        return (project for engagement in self.engagements for project in engagement.projects)
