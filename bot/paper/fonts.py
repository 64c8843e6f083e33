"""The fonts that papers are set in, and which characters they have: what none of them has is refused before it is sent."""

import importlib.util
import struct
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import typst
from fontTools.ttLib import TTCollection, TTFont, TTLibError

PACKAGES = ("fontpkg_inter", "fontpkg_noto_sans", "fontpkg_noto_sans_arabic", "noto_cjk_sans_otc")
"""The packages that bring fonts and nothing else; typst's own and the machine's are left out, so that a paper is the same everywhere."""

FAMILIES = ("Inter", "Noto Sans", "Noto Sans Arabic")
EAST_ASIAN = "Noto Sans CJK"

KINDS = frozenset({".ttf", ".otf", ".ttc", ".otc"})

SCRIPTS: Mapping[str, str] = {
    "Latin": "ñőšž",
    "Greek": "αΩ",
    "Cyrillic": "Жя",
    "Arabic": "مرحبا",
    "Hebrew": "שלום",
    "Devanagari": "नमस्ते",
    "Chinese": "漢汉字",
    "Japanese": "ひカ字",
    "Korean": "한국",
    "Thai": "สวัสดี",
    "emoji": "😀🚀🎉",
}
"""For each script a few letters by which it is told whether it is covered."""

_own: list[Path] = []


def furnish(folder: str) -> None:
    """Add the fonts of a folder of the house's own, FONTS_FOLDER; called once, before anything is set."""
    wanted = [Path(folder)] if folder else []
    if wanted != _own:
        _own[:] = wanted
        shelf.cache_clear()
        covered.cache_clear()
        own_families.cache_clear()


def folders() -> list[Path]:
    """Where the fonts lie. A package that is not installed brings none; `doctor` tells which scripts are missing then."""
    found = []
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            found.append(Path(spec.origin).parent)
    return [*found, *_own]


@cache
def shelf() -> typst.Fonts:
    """The fonts as typst takes them."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in folders()]
    )


@cache
def own_families() -> tuple[str, ...]:
    """The families of the house's own folder, in the order of the alphabet."""
    families = {font.family for font in shelf().fonts() if font.path and any(_in(font.path, own) for own in _own)}
    return tuple(sorted(families))


def families(texts: Iterable[str], locale: str) -> list[str]:
    """The families in the order in which they are asked for a letter: Chinese, Japanese and Korean write the same sign
    differently, so the text itself says which of them comes first."""
    joined = "".join(texts)
    if any("\u3040" <= letter <= "\u30ff" for letter in joined):
        first = "JP"
    elif any("\uac00" <= letter <= "\ud7a3" for letter in joined):
        first = "KR"
    else:
        first = "TC" if locale.replace("-", "_") in ("zh_TW", "zh_HK") else "SC"
    others = [each for each in ("SC", "TC", "JP", "KR") if each != first]
    return [*FAMILIES, *(f"{EAST_ASIAN} {each}" for each in (first, *others)), *own_families()]


@cache
def covered() -> frozenset[int]:
    """The code points that some font has."""
    points: set[int] = set()
    for file in _files():
        with file.open("rb") as raw:
            try:
                many = file.suffix.lower() in (".ttc", ".otc")  # its faces have the same letters, differently drawn
                font = TTCollection(raw, lazy=True).fonts[0] if many else TTFont(raw, lazy=True)
                points.update(font.getBestCmap() or ())
            except (TTLibError, struct.error, LookupError, AssertionError):
                continue  # what is no font adds no letter, here and for typst
    return frozenset(points)


def missing(texts: Iterable[str]) -> list[str]:
    """The characters of these texts that no font can set, each once, in the order in which they occur."""
    odd = dict.fromkeys(letter for text in texts for letter in text if letter > "~" or letter < " ")
    if not odd:
        return []
    known = covered()
    return [letter for letter in odd if ord(letter) not in known and not _ignorable(letter)]


def spelled(text: str) -> str:
    """The text with each character that no font has as its number: what was typed is certified even if it cannot be drawn."""
    for letter in missing([text]):
        text = text.replace(letter, f"[U+{ord(letter):04X}]")
    return text


def scripts() -> dict[str, bool]:
    """Which scripts can be set."""
    return {name: not missing([letters]) for name, letters in SCRIPTS.items()}


def _ignorable(letter: str) -> bool:
    """Line breaks, spaces of all widths, and what only tells how its neighbours are drawn."""
    if letter in "\n\t":
        return True
    kind = unicodedata.category(letter)
    return kind in ("Cf", "Zs", "Zl", "Zp") or "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _files() -> Sequence[Path]:
    return [file for folder in folders() for file in sorted(folder.rglob("*")) if file.suffix.lower() in KINDS]


def _in(path: str, folder: Path) -> bool:
    return Path(path).resolve().is_relative_to(folder.resolve())
