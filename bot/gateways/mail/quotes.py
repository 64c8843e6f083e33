"""What somebody says in a letter, without what they quote and sign with: line by line, in time that grows with its length alone."""

import re

_WROTE = re.compile(
    r"(?:on|am|le|el|il|op|em|den|dne|dnia)\b.{0,400}\b(?:wrote|writes|schrieb|écrit|ecrit|escribió|escribio|ha scritto|schreef"
    r"|escreveu|skrev|napsal|napisał)\b.{0,80}:",
    re.IGNORECASE,
)
_SAID = re.compile(r".{0,200}<[^<>@\s]{1,100}@[^<>\s]{1,200}>.{0,40}:")
_DIVIDER = re.compile(
    r"(?:-{2,}|_{2,})\s*(?:original message|original appointment|ursprüngliche nachricht|originalnachricht|message d'origine"
    r"|message original|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original)\s*(?:-{2,}|_{2,})",
    re.IGNORECASE,
)
_RULE = re.compile(r"(?:_{10,}|-{10,})")
_HEADER = re.compile(
    r"\*?(from|sent|date|to|cc|subject|von|gesendet|datum|an|betreff|de|envoyé|date|à|objet|enviado|fecha|para|asunto|da|inviato|a"
    r"|oggetto|van|verzonden|aan|onderwerp)\s?:\*?\s",
    re.IGNORECASE,
)
_SENDERS = ("from", "von", "de", "da", "van")
_SENT_FROM = re.compile(
    r"(?:sent from (?:my|outlook|mail|yahoo|proton)|get outlook for|von meinem .{1,30} gesendet|gesendet von (?:meinem|mail|outlook)"
    r"|envoyé de(?:puis)? mon|enviado desde mi|inviato da(?:l mio)? |verzonden (?:vanaf|met) ).{0,80}",
    re.IGNORECASE,
)
LONGEST = 400
"""Characters of a line that are looked at, to tell what it is."""

MOST = 100
"""Lines that may introduce a quote; no letter has more."""


def said(text: str) -> str:
    """What the letter says by itself. Answers that stand between quoted lines keep these; where nothing would remain, all does."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    own = lines[: _history(lines)]
    if len(own) == len(lines):
        own = _answered_below(lines)
    if not any(line.strip() for line in own):
        own = _below(lines) or lines
    own = own[: _signature(own)]
    while own and (not own[-1].strip() or own[-1].lstrip().startswith(">")):
        own = own[:-1]
    if own and _introduces(own, len(own) - 1):
        own = own[: _introduced(own, len(own) - 1)]
    return "\n".join(own).strip() or text.strip()


def _history(lines: list[str]) -> int:
    """The line at which the rest is what was written before."""
    left = MOST
    for at, line in enumerate(lines):
        bare = line.strip()[:LONGEST]
        if not bare:
            continue
        if _DIVIDER.fullmatch(bare) or _headers(lines, at) or (_RULE.fullmatch(bare) and _headers(lines, at + 1)):
            return at
        if bare.endswith(":") and left:
            left -= 1
            if _introduces(lines, at) and _only_quotes(lines, at + 1):
                return _introduced(lines, at)
    return len(lines)


def _headers(lines: list[str], at: int) -> bool:
    """Whether the head of an earlier letter stands here: from whom, and two more of its lines."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    names = []
    for line in lines[at : at + 8]:
        found = _HEADER.match(line.strip()[:LONGEST])
        if found is None:
            break
        names.append(found.group(1).lower())
    return len(names) >= 3 and names[0] in _SENDERS


def _introduces(lines: list[str], at: int) -> bool:
    """Whether this line ends a sentence such as “On Friday, Ada wrote:”, which may go over three lines."""
    return lines[at].strip()[:LONGEST].endswith(":") and _begins(lines, at) is not None


def _begins(lines: list[str], at: int) -> int | None:
    for back in range(3):
        first = at - back
        if first < 0 or not lines[first].strip():
            break
        whole = " ".join(line.strip() for line in lines[first : at + 1])[: LONGEST * 2]
        if _WROTE.fullmatch(whole) or (back == 0 and _SAID.fullmatch(whole)):
            return first
    return None


def _introduced(lines: list[str], at: int) -> int:
    begins = _begins(lines, at)
    return at if begins is None else begins


def _only_quotes(lines: list[str], at: int) -> bool:
    """Whether what follows is the quoted letter alone: marked as such, or not marked at all to its end."""
    rest = [line.lstrip() for line in lines[at:] if line.strip()]
    marked = [line for line in rest if line.startswith(">")]
    if not marked or len(marked) == len(rest):
        return True
    if not rest[0].startswith(">"):
        return True
    last = max(number for number, line in enumerate(rest) if line.startswith(">"))
    after = rest[last + 1 :]
    return bool(after) and not any(line.startswith(">") for line in after) and _signed(after, rest[: last + 1])


def _signed(after: list[str], quoted: list[str]) -> bool:
    """Whether what stands below the quotes is but a signature."""
    unmarked = [line for line in quoted if not line.startswith(">")]
    return not unmarked and (after[0] in ("--", "-- ") or bool(_SENT_FROM.fullmatch(after[0][:LONGEST])))


def _answered_below(lines: list[str]) -> list[str]:
    """The lines without the one quote that they begin with, if all that is said stands below it."""
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    ends = next((at for at in range(first, min(first + 3, len(lines))) if _introduces(lines, at)), None)
    if ends is None or _begins(lines, ends) != first:
        return lines
    at = ends + 1
    while at < len(lines) and (not lines[at].strip() or lines[at].lstrip().startswith(">")):
        at += 1
    rest = lines[at:]
    return lines if not rest or any(line.lstrip().startswith(">") for line in rest) else rest


def _below(lines: list[str]) -> list[str]:
    """What stands below the quotes, where somebody answers there."""
    last = max((at for at, line in enumerate(lines) if line.lstrip().startswith(">")), default=-1)
    rest = lines[last + 1 :]
    return rest if last >= 0 and any(line.strip() for line in rest) else []


def _signature(lines: list[str]) -> int:
    """The line at which the signature begins."""
    for at, line in enumerate(lines):
        if line in ("--", "-- ") and at > 0:
            return at
    for at in range(len(lines) - 1, max(len(lines) - 8, 0), -1):
        if _SENT_FROM.fullmatch(lines[at].strip()[:LONGEST]):
            return at
    return len(lines)
