"""App Home, the first steps and the agency's forms: as strict as Slack, escaped, and in kind words."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.blocks import home, house
from bot.sandbox.slack.blockkit import check_message, check_view

NASTY = "<!channel> & *bold*"
AT = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def step(key: str, done: bool = False) -> home.Step:
    return home.Step(key, f"Step {key}", "What it is", done, [("Do it", f"{key}.do"), ("Or so", f"{key}.so")])


def line(number: int, why: str = "waiting") -> home.Line:
    return home.Line(
        "conversation", str(number), NASTY, "Northwind", why, AT, date(2026, 11, 20), "C1", "conversation.show"
    )


def place(number: int) -> home.Place:
    return home.Place(f"Engagement {number} {NASTY}", "Northwind", "confirmed", "invited", True, "C1", "G1")


def words(view: dict[str, Any]) -> str:
    return json.dumps(view, ensure_ascii=False)


STEPS = [step(key) for key in ("agency", "people", "paid", "first")]


def test_the_first_home_shows_four_steps() -> None:
    view = home.first_home("Studio Ada", "Ada", [step("agency", done=True), *STEPS[1:]])
    check_view(view, "home")
    shown = words(view)
    assert "The first three can wait" in shown and "✓ Step agency" in shown and "2. Step people" in shown


def test_the_setup_modal_is_sound_and_says_when_all_is_done() -> None:
    check_view(home.setup_modal(STEPS), "modal")
    done = home.setup_modal([step(key, done=True) for key in ("agency", "people", "paid", "first")])
    assert "All four steps are done" in words(done)


def test_home_is_sound_full_and_empty() -> None:
    full = home.home(
        NASTY,
        [line(1), line(2, "late"), line(3, "expiring")],
        17,
        [place(number) for number in range(10)],
        40,
        [home.Wait(str(number), NASTY, AT, "") for number in range(5)],
        STEPS[:3],
        True,
    )
    check_view(full, "home")
    shown = words(full)
    assert "<!channel>" not in shown and "and 17 more" in shown and "and 30 more" in shown and "settings.open" in shown
    empty = home.home("Studio Ada", [], 0, [], 0, [], [], False)
    check_view(empty, "home")
    assert "Nothing waits on you" in words(empty) and "settings.open" not in words(empty)


@pytest.mark.parametrize("why", ["waiting", "awaiting", "expiring", "overdue", "stuck", "late"])
def test_each_urgent_thing_says_why(why: str) -> None:
    card = home.urgent([line(1, why)], 2)
    check_message(card.blocks)
    assert "3 things wait on you" in card.text and home.WHY[why] in card.text
    assert "<!channel>" not in card.text and "<!channel>" not in words({"blocks": card.blocks})


def test_one_thing_is_singular_and_nothing_is_calm() -> None:
    assert home.urgent([line(1)], 0).text.startswith("1 thing waits on you")
    assert "Nothing waits on you" in home.urgent([], 0).text


def test_others_get_a_kind_sentence() -> None:
    view = home.for_others("Studio Ada")
    check_view(view, "home")
    assert "for the team of Studio Ada" in words(view)


def test_how_it_stands_names_no_stage_and_no_amount() -> None:
    awaited = [
        home.Awaited("proposal", NASTY, "Clara Chen", date(2026, 11, 28)),
        home.Awaited("invoice", "Invoice 2026-014"),
    ]
    work = [home.Work(f"Site {number}", "Build", 3, 6, date(2026, 12, 12), False) for number in range(7)]
    card = home.standing("Northwind", "Studio Ada", awaited, [], work)
    check_message(card.blocks)
    shown = words({"blocks": card.blocks})
    assert "Clara, to sign · by Sat 28 Nov" in shown and "Nothing waits on Studio Ada." in shown
    assert "Build, step 3 of 6 ●●●○○○ · Sat 12 Dec" in shown and "and 2 more" in shown and "$" not in shown
    waiting = home.waiting("Northwind", awaited)
    check_message(waiting.blocks)
    assert "Waiting on Northwind" in waiting.text
    assert home.waiting("Northwind", []).text == "Nothing waits on you."


CHOSEN = house.Chosen(
    name="Studio Ada", currency="USD", timezone="Europe/London", opens="09:00", closes="18:00", workdays=[0, 4],
    hold_seconds=60, grouping_seconds=120, first_response_minutes=240,
    waiting_minutes=480, due_days=14, bank_details="IBAN", post_only_clients=True, record_period=0,
)  # fmt: skip


def test_the_forms_are_sound_and_filled_in() -> None:
    for view in (
        house.settings_form(CHOSEN),
        house.agency_form(CHOSEN, "setup"),
        house.paid_form(CHOSEN, "home"),
        home.link_help(),
    ):
        check_view(view, "modal")
    fields = {block["block_id"]: block["element"] for block in house.settings_form(CHOSEN)["blocks"]}
    assert fields["name"]["initial_value"] == "Studio Ada" and fields["due_days"]["initial_value"] == "14"
    assert [option["value"] for option in fields["workdays"]["initial_options"]] == ["0", "4"]
    assert [option["value"] for option in fields["post_only_clients"]["initial_options"]] == ["post_only_clients"]


def test_the_team_at_any_size() -> None:
    people = [
        house.Person(str(number), f"Person {number} {NASTY}", "U1", "Member", True, False) for number in range(90)
    ]
    guests = [house.Guest(f"U{number}", NASTY) for number in range(30)]
    view = house.team(people, guests, owner=True, to_settle=True, back="setup")
    check_view(view, "modal")
    assert "<!channel>" not in words(view) and "and 30 more" in words(view) and "and 10 more" in words(view)
    assert "team.settle" in words(view)
    plain = house.team(people[:2], [], owner=False, to_settle=True, back="")
    check_view(plain, "modal")
    assert "team.role" not in words(plain) and "given by owners" in words(plain)


def test_a_role_is_given_by_a_sound_form() -> None:
    roles = [house.Offered("Owner", "Everything"), house.Offered("Member", "Sends; moves no money")]
    for view in (
        house.role_form("team.role", roles, name=NASTY, role="Member", private="1"),
        house.role_form("team.new", roles, account="U1"),
        house.role_form("team.role", roles),
    ):
        check_view(view, "modal")
    assert "Add to the team" in words(house.role_form("team.new", roles))
