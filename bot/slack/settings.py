"""The agency's settings: `/tl settings`, and the first and third of the first steps."""

from typing import Any

from bot.blocks import house as blocks
from bot.slack import home
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Done, Open, Reply, Say, Update
from core import access, house
from core.access import Can

NUMBERS = ("hold_seconds", "grouping_seconds", "first_response_minutes", "waiting_minutes", "due_days", "record_period")
TEXTS = ("name", "currency", "timezone", "opens", "closes", "bank_details")


def _chosen(heard: Heard) -> blocks.Chosen:
    agency = heard.house
    return blocks.Chosen(
        name=agency.name,
        currency=agency.currency,
        timezone=agency.timezone,
        opens=agency.setting("opens"),
        closes=agency.setting("closes"),
        workdays=agency.setting("workdays"),
        hold_seconds=agency.setting("hold_seconds"),
        grouping_seconds=agency.setting("grouping_seconds"),
        first_response_minutes=agency.setting("first_response_minutes"),
        waiting_minutes=agency.setting("waiting_minutes"),
        due_days=agency.setting("due_days"),
        bank_details=agency.setting("bank_details"),
        post_only_clients=agency.setting("post_only_clients"),
        record_period=agency.setting("record_period"),
    )


def _back(heard: Heard) -> str:
    """Where a form was opened from, so that it leads back there: the modal of the four steps, or App Home."""
    return "setup" if heard.view is not None and heard.view.get("callback_id") == "setup" else "home"


@command("", "settings", "Name, currency, hours, zone and the rest")
@button("settings.open")
async def settings(heard: Heard) -> Reply:
    """Open all settings."""
    access.demand(heard.actor, Can.SETTINGS_CHANGE)
    return Open(blocks.settings_form(_chosen(heard)))


@button("settings.agency")
async def agency(heard: Heard) -> Reply:
    """Open the first step."""
    access.demand(heard.actor, Can.SETTINGS_CHANGE)
    return home.shown(heard, blocks.agency_form(_chosen(heard), _back(heard)))


@button("settings.paid")
async def paid(heard: Heard) -> Reply:
    """Open the third step."""
    access.demand(heard.actor, Can.SETTINGS_CHANGE)
    return home.shown(heard, blocks.paid_form(_chosen(heard), _back(heard)))


def _filled(heard: Heard, *names: str) -> dict[str, Any]:
    """The fields of a form as the verb takes them."""
    filled: dict[str, Any] = {}
    for name in names:
        if name in NUMBERS:
            filled[name] = heard.form.number(name)
        elif name in TEXTS:
            filled[name] = heard.form.text(name)
        elif name == "workdays":
            filled[name] = [int(day) for day in heard.form.chosen(name)]
        else:
            filled[name] = name in heard.form.chosen(name)
    return filled


@form("settings.set")
async def set_all(heard: Heard) -> Reply:
    """Keep all settings."""
    names = (*TEXTS, *NUMBERS, "workdays", "post_only_clients")
    await house.set(heard.session, heard.actor, **_filled(heard, *names), step="agency")
    await home.refresh(heard)
    return Say("Saved. It counts from now on; what was sent before stays as it was.", title="Settings")


@form("settings.agency")
async def set_agency(heard: Heard) -> Reply:
    """Keep the first step."""
    filled = _filled(heard, "name", "currency", "timezone", "opens", "closes", "workdays")
    await house.set(heard.session, heard.actor, **filled, step="agency")
    return await _after(heard)


@form("settings.paid")
async def set_paid(heard: Heard) -> Reply:
    """Keep the third step."""
    await house.set(heard.session, heard.actor, **_filled(heard, "due_days", "bank_details"), step="paid")
    return await _after(heard)


async def _after(heard: Heard) -> Reply:
    await home.refresh(heard)
    return Update(await home.setup_view(heard)) if heard.value == "setup" else Done()
