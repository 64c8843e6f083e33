"""HTML of a letter as plain words: read once from left to right, whatever stands in it; nothing of it is carried out or fetched."""

import html
import re

LONGEST = 2_000_000
"""Characters of HTML that are read; what stands behind that is history."""

_HIDDEN = ("head", "script", "style", "title", "template", "noscript")
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "blockquote"})
_LINES = frozenset({"br", "div", "tr", "li", "hr", "dt", "dd", "section", "article", "header", "footer"})
_NAME = re.compile(r"/?[A-Za-z][A-Za-z0-9]*")
_HREF = re.compile(r"""\bhref\s{0,5}=\s{0,5}["']?(https?://[^"'\s>]{1,2000})""", re.IGNORECASE)


def plain(markup: str) -> str:
    """The words of the HTML: paragraphs and lines as in a plain letter, quotes with “>” before each line, links with their address."""
    return _Reader(markup[:LONGEST]).read()


class _Reader:
    """Goes through the markup once. A tag that does not end ends the letter, as in a browser."""

    def __init__(self, markup: str) -> None:
        self._markup, self._lower = markup, markup.lower()
        self._lines: list[tuple[int, str]] = []
        self._line: list[str] = []
        self._quoted = self._kept = 0
        self._address, self._linked = "", 0

    def read(self) -> str:
        at, markup = 0, self._markup
        while at < len(markup):
            tag = markup.find("<", at)
            if tag < 0:
                self._words(markup[at:])
                break
            self._words(markup[at:tag])
            if markup.startswith("<!--", tag):
                end = markup.find("-->", tag + 4)
                at = end + 3 if end >= 0 else len(markup)
            elif markup[tag + 1 : tag + 2].isalpha() or markup[tag + 1 : tag + 2] in ("/", "!", "?"):
                end = markup.find(">", tag)
                if end < 0:
                    break
                at = self._tag(markup[tag + 1 : min(end, tag + 4000)], end + 1)
            else:
                self._words("<")
                at = tag + 1
        self._break()
        while self._lines and not self._lines[-1][1]:
            self._lines.pop()
        text = "\n".join("> " * quoted + line if quoted else line for quoted, line in self._lines)
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def _words(self, text: str) -> None:
        if not text:
            return
        text = html.unescape(text).replace("\r", "")
        if self._kept:
            first, *rest = text.split("\n")
            self._line.append(first)
            for line in rest:
                self._break()
                self._line.append(line)
            return
        self._line.append(" ".join(f"·{text}·".split())[1:-1])

    def _break(self, *, paragraph: bool = False) -> None:
        line = "".join(self._line)
        if not self._kept:
            line = " ".join(line.split())
        if line or (self._lines and self._lines[-1][1]):
            self._lines.append((self._quoted, line))
        if paragraph and line:
            self._lines.append((self._quoted, ""))
        self._line = []

    def _tag(self, tag: str, after: int) -> int:
        """Take a tag; returns where to read on."""
        found = _NAME.match(tag)
        name = found.group().lower() if found else ""
        closes = name.startswith("/")
        name = name.lstrip("/")
        if name in _HIDDEN and not closes:
            end = self._lower.find(f"</{name}", after)
            return end if end >= 0 else len(self._markup)
        if name == "a":
            self._link("" if closes else (match.group(1) if (match := _HREF.search(tag)) else ""))
        if name in _PARAGRAPHS:
            self._break(paragraph=True)
        elif name in _LINES:
            self._flush(name)
        elif name in ("td", "th"):
            self._line.append(" ")
        if name == "li" and not closes:
            self._line.append("• ")
        if name == "blockquote":
            self._quoted = min(max(self._quoted + (-1 if closes else 1), 0), 20)
        if name == "pre":
            self._kept = 0 if closes else 1
        return after

    def _flush(self, name: str) -> None:
        if name == "br":
            self._lines.append((self._quoted, " ".join("".join(self._line).split())))
            self._line = []
        elif self._line:
            self._break()

    def _link(self, address: str) -> None:
        """At a link's end its address follows its words, unless these are the address."""
        if not address:
            words = "".join(self._line[self._linked :]).strip()
            if self._address and self._address.rstrip("/") not in words and words:
                self._line.append(f" ({html.unescape(self._address)})")
        self._address, self._linked = address, len(self._line)
