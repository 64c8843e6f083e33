"""Copies of the record in Slack: sound blocks, and words that say how far it is and what to do next."""

import dataclasses
from datetime import UTC, datetime

from bot.blocks import exports
from bot.sandbox.slack.blockkit import check_message, check_view

ASKED = exports.Copy(
    id="e1",
    engagement_id="g1",
    title="Northwind & Co",
    agency="Studio Ada",
    company="Northwind",
    who="Ada",
    client=False,
    state="asked",
    total=12_000,
    done=0,
    size=0,
    expires_at=None,
)
READY = dataclasses.replace(
    ASKED, state="ready", done=12_000, size=34_200_000, expires_at=datetime(2026, 11, 27, 12, tzinfo=UTC)
)


def test_the_card_goes_from_asked_to_ready_and_says_what_there_is_to_do() -> None:
    making = exports.card(dataclasses.replace(ASKED, state="making", done=6_100))
    assert "●●●●●○○○○○" in str(making.blocks) and "6,100 of 12,000 messages" in str(making.blocks)
    ready = exports.card(READY)
    assert "34.2 MB" in str(ready.blocks) and "export.get" in str(ready.blocks)
    failed = exports.card(dataclasses.replace(ASKED, state="failed"))
    assert "Try again" in str(failed.blocks)
    gone = exports.card(dataclasses.replace(READY, state="gone"))
    assert "no longer kept" in str(gone.blocks) and "export.get" not in str(gone.blocks)
    told = exports.ready(READY)
    assert told.text == "Ada, your copy of *Northwind &amp; Co* is ready: 34.2 MB."
    client = exports.card(dataclasses.replace(READY, client=True))
    assert "for Northwind" in client.blocks[0]["text"]["text"]
    for card in (exports.card(ASKED), making, ready, failed, gone, told, client):
        check_message(list(card.blocks))
        assert card.text


def test_the_forms_are_sound() -> None:
    told = {"engagement_id": "g1", "title": "Northwind", "agency": "Studio Ada", "company": "Northwind", "messages": 1}
    plain, again = exports.form(**told, standing=None), exports.form(**told, standing=READY)  # type: ignore[arg-type]
    assert "export.get" in str(again) and "export.get" not in str(plain) and "1 message" in str(plain)
    link = exports.link(READY, exports.address("https://host.example/", "token"), 60)
    assert "https://host.example/exports/token" in str(link)
    for view in (plain, again, exports.making(12_000, 0), exports.making(600_000, 10), link):
        check_view(view, "modal")


def test_weights_and_counts_read_well() -> None:
    assert [exports.weight(size) for size in (0, 999, 1_500_000, 2_340_000_000)] == ["1 kB", "1 kB", "1.5 MB", "2.3 GB"]
    assert exports.bar(0, 0) == "○" * 10 and exports.bar(5, 5) == "●" * 10
