"""The press: a template and its data in, a PDF out that is the same byte for byte wherever and whenever it is set."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typst

from bot.paper import fonts
from core.errors import Invalid
from core.events import canonical
from core.papers import Rendered

LOOK = Path(__file__).parent / "look"

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""The date of a paper that says none: never the moment at which it happened to be set."""


@cache
def template(name: str) -> bytes:
    """A template with what all of them share."""
    return (LOOK / "base.typ").read_bytes() + b"\n" + (LOOK / f"{name}.typ").read_bytes()


@cache
def renderer() -> str:
    """What sets the papers, by name and version."""
    return f"typst {version('typst')}"


def press(name: str, data: Mapping[str, Any], *, at: datetime | None, locale: str, **more: Any) -> Rendered:
    """Set `data` by a template. The source that comes with the PDF holds all that it was set from, and which template it was.

    Invalid if no font has a letter of it; RuntimeError with typst's words if it cannot be set.
    """
    words = list(texts(data))
    refuse(words)
    look = template(name)
    source = canonical(
        {
            "format": 1,
            "template": name,
            "template_sha256": hashlib.sha256(look).hexdigest(),
            "fonts": fonts.families(words, locale),
            "data": dict(data),
            **more,
        }
    )
    made = (at or EARLIEST).astimezone(UTC).replace(microsecond=0)
    compiler = typst.Compiler(look, font_paths=fonts.shelf(), sys_inputs={"source": source})
    pdf = compiler.compile(format="pdf", timestamp=made, pdf_standards=["a-2u"])
    if not isinstance(pdf, bytes):
        raise RuntimeError("typst gave no PDF back.")
    return Rendered(source, pdf, renderer())


def refuse(words: Iterable[str], field: str | None = None) -> None:
    """Invalid, naming the character, if no font has it."""
    lacking = fonts.missing(words)
    if lacking:
        one = lacking[0]
        shown = f"“{one}”" if one.isprintable() else f"the control character U+{ord(one):04X}"
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Invalid(
            f"I cannot set {shown}{more} in the PDF: no font here has it. Please leave it out, "
            "or have a font with it put into FONTS_FOLDER.",
            field=field,
        )


def texts(value: Any) -> Iterator[str]:
    """Every text in a value of lists and mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, Iterable):
        for each in value:
            yield from texts(each)
