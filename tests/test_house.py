"""The rules of the house that no other tool holds."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.slack import faces, grammar, listener
from bot.worker import announce
from bot.worker.cards import CARDS
from bot.worker.tables import APPLIERS, HANDLERS
from core import access, events

assert faces  # importing it registers every listener

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "bot")
NAMED_FOR_NOTHING = {"base", "common", "handlers", "helper", "helpers", "lib", "manager", "managers", "misc", "models"}
NAMED_FOR_NOTHING |= {"repositories", "service", "services", "shared", "stuff", "util", "utils"}
LONGEST = 320  # about 300, with room to finish a thought
WRITTEN = {".py", ".js", ".css", ".html", ".j2", ".jinja"}
NOT_OURS = {".git", ".venv", "var", "__pycache__"}
# In pieces, or this file would hold what it forbids.
HOSTS = re.compile(
    r"(?i)py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)|--(?:extra-)?index" + r"-url[ =]"
)
LOCAL_PATHS = re.compile(r"(?<![\w.~*<>$}])/(?:home|root|Users|work)/[\w.]")


def ours(*folders: str) -> Iterator[Path]:
    """The files that are committed or will be: what git names, or, in a copy without git, all but what is made."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not any(_made(part) for part in path.relative_to(ROOT).parts)]
    for path in paths:
        if path.is_file() and (not folders or path.relative_to(ROOT).parts[0] in folders):
            yield path


def _made(part: str) -> bool:
    return part in NOT_OURS or part.endswith((".egg-info", "_cache")) or part in (".hypothesis", ".env")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_named_for_nothing() -> None:
    named = {
        shown(path)
        for path in ours(*ROOMS, "migrations", "tests")
        if {part.removesuffix(".py") for part in path.relative_to(ROOT).parts} & NAMED_FOR_NOTHING
    }
    assert not named


def test_every_module_opens_with_one_sentence() -> None:
    wordless = []
    for path in ours(*ROOMS):
        if path.suffix == ".py":
            opening = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]
            if not opening.endswith(".") or re.search(r"[.!?] +[A-Z]", opening):
                wordless.append(f"{shown(path)}: {opening or 'nothing'}")
    assert not wordless


def test_no_file_is_too_long_to_read() -> None:
    lengths = {shown(path): len(path.read_text().splitlines()) for path in ours(*ROOMS) if path.suffix in WRITTEN}
    assert lengths
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST}


def test_no_committed_file_names_a_package_host_or_a_path_of_somebodys_machine() -> None:
    found = []
    for path in ours():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue  # a picture
        for number, line in enumerate(lines, 1):
            if told := HOSTS.search(line) or LOCAL_PATHS.search(line):
                found.append(f"{shown(path)}:{number}: {told[0]}")
    assert not found


def test_what_they_forbid_would_be_found() -> None:
    assert HOSTS.search("https://py" + "pi.org/simple")
    assert LOCAL_PATHS.search('open("/ho' + 'me/ada/notes")')
    assert not LOCAL_PATHS.search("https://example.com/home/of/ada and bot/work/it")


def test_every_dependency_is_pinned_and_every_pin_is_hashed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.txt").read_text().strip())
    pins = {}
    for entry in entries:
        head = re.match(r"([\w.-]+)(?:\[[^]]*\])?==([\w.!+]+)", entry)
        assert head, f"not a pin: {entry.splitlines()[0]}"
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), f"not hashed: {head[0]}"
        pins.setdefault(_normal(head[1]), set()).add(head[2])
    for wish in asked:
        name, _, version = re.sub(r"\[[^]]*\]", "", wish).partition("==")
        assert _normal(name) in pins, f"{name} is asked for in pyproject.toml and not in requirements.txt: make lock"
        assert not version or version in pins[_normal(name)], f"{wish}: requirements.txt has another version: make lock"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


# The walls that need the product itself: what the manifest declares is answered; every kind of event is announced or
# listed as silent; every Can is granted to somebody and used by some verb.


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())
    return found


def test_every_command_shortcut_and_event_of_the_manifest_is_answered_and_no_other() -> None:
    features, settings = manifest()["features"], manifest()["settings"]
    assert {command["command"] for command in features["slash_commands"]} == set(grammar.DOORS)
    assert {shortcut["callback_id"] for shortcut in features["shortcuts"]} == set(listener.SHORTCUTS)
    subscribed = {event.partition(".")[0] for event in settings["event_subscriptions"]["bot_events"]}
    assert subscribed == {kind for source, kind in APPLIERS if source == "slack"}


def test_every_noun_of_a_door_has_verbs_and_each_is_explained() -> None:
    nouns = {noun for noun, _ in listener.COMMANDS}
    assert set(grammar.DOORS.values()) <= nouns
    assert all(command.sentence and not command.sentence.endswith(".") for command in listener.COMMANDS.values())


def test_every_kind_of_event_is_announced_or_listed_as_silent() -> None:
    assert set(announce.ANNOUNCED) | announce.SILENT == set(events.Kind)
    assert not set(announce.ANNOUNCED) & announce.SILENT
    cards = {show.card for shows in announce.ANNOUNCED.values() for show in shows}
    assert cards <= set(CARDS)


def test_every_kind_of_event_is_recorded_by_some_verb() -> None:
    written = "\n".join(
        path.read_text() for path in ours(*ROOMS) if path.suffix == ".py" and path.name != "announce.py"
    )
    assert not [kind.name for kind in events.Kind if not re.search(rf"\bKind\.{kind.name}\b", written)]


def test_every_permission_is_granted_to_someone_and_used_by_some_verb() -> None:
    assert set(access.GRANTS) == set(access.Can)
    used = "\n".join(path.read_text() for path in ours(*ROOMS) if path.suffix == ".py" and path.name != "access.py")
    assert not [can.name for can in access.Can if f"Can.{can.name}" not in used]


def test_every_kind_of_job_that_is_enqueued_has_a_handler() -> None:
    enqueued: set[str] = set()
    for path in ours(*ROOMS):
        if path.suffix == ".py":
            enqueued |= set(re.findall(r"enqueue\(\s*session,\s*\"([\w.]+)\"", path.read_text()))
    assert enqueued
    assert enqueued <= set(HANDLERS) | {"mention.hear", "home.publish", "event.announce"}
