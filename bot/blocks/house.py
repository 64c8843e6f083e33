"""The forms of the agency itself: its settings, getting paid, its team and their roles."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks import kit
from bot.blocks.kit import Block

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Chosen:
    """The settings as they are."""

    name: str
    currency: str
    timezone: str
    opens: str
    closes: str
    workdays: Sequence[int]
    hold_seconds: int
    grouping_seconds: int
    first_response_minutes: int
    waiting_minutes: int
    due_days: int
    bank_details: str
    post_only_clients: bool
    record_period: int


@dataclass(frozen=True)
class Person:
    """Somebody of the team."""

    id: str
    name: str
    slack_user_id: str
    role: str
    sends: bool
    bills: bool


@dataclass(frozen=True)
class Guest:
    """A guest of the workspace who is not on the team."""

    slack_user_id: str
    name: str


def _agency_fields(chosen: Chosen) -> list[Block]:
    return [
        kit.text_input("name", "Agency's name", initial=chosen.name, hint="Clients read it.", limit=80),
        kit.text_input(
            "currency",
            "Currency",
            initial=chosen.currency,
            placeholder="USD",
            hint="For what is written from now on.",
            limit=3,
        ),
        kit.text_input(
            "timezone",
            "Time zone",
            initial=chosen.timezone,
            placeholder="Europe/London",
            hint="A city will do.",
            limit=60,
        ),
        kit.text_input("opens", "Opens at", initial=chosen.opens, placeholder="09:00", limit=8),
        kit.text_input("closes", "Closes at", initial=chosen.closes, placeholder="18:00", limit=8),
        kit.ticks(
            "workdays",
            "Working days",
            [kit.option(day, str(number)) for number, day in enumerate(DAYS)],
            initial=[str(day) for day in chosen.workdays],
        ),
    ]


def _paid_fields(chosen: Chosen) -> list[Block]:
    return [
        kit.number_input("due_days", "Days to pay an invoice", initial=chosen.due_days, least=0, most=365),
        kit.text_input(
            "bank_details",
            "Bank details",
            initial=chosen.bank_details,
            hint="Shown on invoices that are paid by transfer.",
            optional=True,
            multiline=True,
            limit=1000,
        ),
    ]


def agency_form(chosen: Chosen, back: str) -> Block:
    """The first step: the agency. `back` says where the form was opened from."""
    return kit.modal(
        "settings.agency", "Your agency", _agency_fields(chosen), submit="Save", close="Cancel", private=back
    )


def paid_form(chosen: Chosen, back: str) -> Block:
    """The third step: getting paid."""
    lead = kit.Raw(
        "*Stripe*: clients pay by card on Stripe's page. Whoever runs Throughline gives it Stripe's key; "
        "`python -m bot doctor` says whether it works.\n"
        "*Bank transfer*: write your details below; you note each payment with *Mark paid*."
    )
    return kit.modal(
        "settings.paid",
        "Getting paid",
        [kit.section(lead), *_paid_fields(chosen)],
        submit="Save",
        close="Cancel",
        private=back,
    )


def settings_form(chosen: Chosen) -> Block:
    """All settings, for `/tl settings`."""
    ticked = ["post_only_clients"] if chosen.post_only_clients else []
    blocks = [
        *_agency_fields(chosen),
        *_paid_fields(chosen),
        kit.number_input(
            "hold_seconds",
            "Seconds to hold a phase change",
            initial=chosen.hold_seconds,
            least=0,
            most=3600,
            hint="Until then it can be undone, and the client sees nothing of it.",
        ),
        kit.number_input(
            "grouping_seconds",
            "Seconds in which messages are one topic",
            initial=chosen.grouping_seconds,
            least=0,
            most=3600,
            hint="What one person writes in a row, outside of threads.",
        ),
        kit.number_input(
            "first_response_minutes",
            "Minutes to a first answer",
            initial=chosen.first_response_minutes,
            least=0,
            most=10_000,
            hint="Of your working hours. The staff channel is told before they are over. 0 for no target.",
        ),
        kit.number_input(
            "waiting_minutes",
            "Minutes to any later answer",
            initial=chosen.waiting_minutes,
            least=0,
            most=10_000,
            hint="Of your working hours too.",
        ),
        kit.number_input(
            "record_period",
            "Days to keep what was said",
            initial=chosen.record_period,
            least=0,
            most=36_500,
            hint="After an engagement is closed; then its messages and files are deleted for good. 0 keeps them for ever.",
        ),
        kit.ticks(
            "post_only_clients",
            "Invitations",
            [
                kit.option(
                    "Invite clients to post only",
                    "post_only_clients",
                    "They can write, but not add people or files from elsewhere.",
                )
            ],
            initial=ticked,
            optional=True,
            hint="Slack may not let such people press buttons. Try it with one client first.",
        ),
    ]
    return kit.modal("settings.set", "Settings", blocks, submit="Save", close="Cancel")


def team(people: Sequence[Person], guests: Sequence[Guest], owner: bool, to_settle: bool, back: str) -> Block:
    """The team with their roles; owners get the buttons. `to_settle` offers to call the second step done."""
    blocks: list[Block] = [kit.context("Roles say who may send proposals and who may move money.")]
    for person in people[:60]:
        may = [name for has, name in ((person.sends, "sends"), (person.bills, "moves money")) if has]
        line = kit.md(
            "*{name}*\n{rest}", name=person.name, rest=kit.join([person.role, " and ".join(may) or "sends nothing"])
        )
        blocks.append(kit.section(line, kit.button("Change role", "team.role", person.id) if owner else None))
    if len(people) > 60:
        blocks.append(
            kit.context(kit.md("and {n} more: `/tl team role @who Member` works for everyone", n=len(people) - 60))
        )
    if guests:
        blocks += [kit.divider(), kit.context("Guests of your workspace. They are not on the team until you say so.")]
        for guest in guests[:20]:
            blocks.append(
                kit.section(
                    kit.md("*{name}*", name=guest.name), kit.button("Add to the team", "team.new", guest.slack_user_id)
                )
            )
        if len(guests) > 20:
            blocks.append(kit.context(f"and {len(guests) - 20} more"))
    if not owner:
        blocks.append(kit.context("Roles are given by owners."))
    elif to_settle or back:
        label = "That is everyone" if to_settle else "Back to the steps"
        blocks.append(kit.actions(kit.button(label, "team.settle", back or "home", style="primary")))
    return kit.modal("team", "Your people", blocks, private=back)


@dataclass(frozen=True)
class Offered:
    """A role that can be given."""

    name: str
    may: str


def role_form(
    callback: str, roles: Sequence[Offered], *, name: str = "", role: str = "", private: str = "", account: str = ""
) -> Block:
    """A role for somebody: `name` where it is known for whom, else a choice of accounts, `account` being chosen."""
    who = (
        [kit.section(kit.md("What may *{name}* do?", name=name))]
        if name
        else [kit.person_select("who", "Who", initial=account)]
    )
    choice = kit.radio("role", "Role", [kit.option(each.name, each.name, each.may) for each in roles], initial=role)
    title = "Add to the team" if callback == "team.new" else "Change role"
    return kit.modal(
        callback,
        title,
        [*who, choice],
        submit="Add to the team" if callback == "team.new" else "Give role",
        close="Cancel",
        private=private,
    )
