"""The grammar: nouns and verbs, forgiving; which thing is meant; and days as people type them."""

from datetime import date

import pytest

from bot.slack import grammar
from bot.slack.grammar import Line, Puzzled

VERBS = {
    "": ["", "help", "setup", "settings"],
    "engagement": ["", "new", "list"],
    "proposal": ["", "new", "send", "withdraw"],
    "project": ["", "advance"],
    "team": ["", "role"],
}


@pytest.mark.parametrize(
    ("door", "text", "line"),
    [
        ("/proposal", "new Website", Line("proposal", "new", "Website")),
        ("/proposal", "", Line("proposal", "", "")),
        ("/proposal", "create", Line("proposal", "new", "")),
        ("/tl", "proposals send web", Line("proposal", "send", "web")),
        ("/tl", "", Line("", "", "")),
        ("/tl", "settings", Line("", "settings", "")),
        ("/tl", "team role @ben Owner", Line("team", "role", "@ben Owner")),
        ("/project", "help", Line("", "help", "project")),
        ("/tl", "help proposals", Line("", "help", "proposals")),
        ("/proposal", "new R&amp;D &lt;phase 2&gt;", Line("proposal", "new", "R&D <phase 2>")),
        ("/engagement", "new <mailto:clara@n.example|clara@n.example>", Line("engagement", "new", "clara@n.example")),
        (
            "/proposal",
            "new <https://n.example|n.example> for <@U1|ben>",
            Line("proposal", "new", "n.example for <@U1|ben>"),
        ),
        ("/tl", "project ADVANCE seo", Line("project", "advance", "seo")),
        ("/proposal", "sned", Puzzled("sned", "send", "proposal")),
        ("/proposal", "xyzzy", Puzzled("xyzzy", "", "proposal")),
    ],
)
def test_lines_are_understood(door: str, text: str, line: Line | Puzzled) -> None:
    assert grammar.read(door, text, VERBS) == line


def test_which_thing_is_meant() -> None:
    things = [(1, "SEO audit"), (2, "Website"), (3, "Website shop")]
    assert grammar.which("seo because it is done", things) == ([(1, "SEO audit")], "because it is done")
    assert grammar.which("website", things) == ([(2, "Website")], "")
    assert grammar.which("site", things) == ([(2, "Website"), (3, "Website shop")], "")
    assert grammar.which("", things) == (things, "")
    assert grammar.which("not ready yet", things[:1]) == ([(1, "SEO audit")], "not ready yet")


FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("today", FRIDAY),
        ("tomorrow", date(2026, 11, 21)),
        ("fri", date(2026, 11, 27)),
        ("Monday", date(2026, 11, 23)),
        ("12 dec", date(2026, 12, 12)),
        ("dec 12", date(2026, 12, 12)),
        ("3 jan", date(2027, 1, 3)),
        ("+3d", date(2026, 11, 23)),
        ("2w", date(2026, 12, 4)),
        ("2026-12-24", date(2026, 12, 24)),
        ("30 feb", None),
        ("someday", None),
    ],
)
def test_days_as_people_type_them(typed: str, found: date | None) -> None:
    assert grammar.day(typed, FRIDAY) == found
