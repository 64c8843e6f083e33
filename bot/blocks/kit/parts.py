"""What messages and modals are built of, each within Slack's limits."""

from collections.abc import Sequence

from bot.blocks.kit.texts import Block, clip, marked


def _mrkdwn(text: str, limit: int) -> Block:
    return {"type": "mrkdwn", "text": clip(marked(text), limit), "verbatim": True}


def plain(text: str, limit: int = 3000) -> Block:
    """A plain text object."""
    return {"type": "plain_text", "text": clip(text, limit) or " ", "emoji": True}


def header(text: str) -> Block:
    """A header of one line."""
    return {"type": "header", "text": plain(text, 150)}


def section(text: str, accessory: Block | None = None) -> Block:
    """A paragraph; a str is escaped, Raw is markup."""
    block: Block = {"type": "section", "text": _mrkdwn(text, 3000)}
    if accessory:
        block["accessory"] = accessory
    return block


def said(text: str) -> Block:
    """A person's words, set as plain text, so that no markup of theirs can act."""
    return {"type": "section", "text": plain(text, 3000)}


def quote(pieces: Sequence[tuple[str, str]]) -> Block:
    """A quotation in pieces (kind, text): "words" as they are, "found" in bold, "person" and "channel" by their Slack ids.

    It is rich text, in which no sign of a person's words can act as markup.
    """
    forms = {"person": ("user", "user_id"), "channel": ("channel", "channel_id")}
    elements: list[Block] = []
    for kind, text in pieces:
        if kind in forms:
            elements.append({"type": forms[kind][0], forms[kind][1]: text})
        elif text:
            elements.append({"type": "text", "text": text, **({"style": {"bold": True}} if kind == "found" else {})})
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": elements}]}


def pages(text: str, size: int = 2900) -> list[Block]:
    """A long text of a person's as plain sections, cut at line ends where possible, so that nothing is lost to a limit."""
    blocks, rest = [], text.strip()
    while rest:
        cut = (
            len(rest)
            if len(rest) <= size
            else max(rest.rfind("\n", 1, size), rest.rfind(" ", 1, size) if "\n" not in rest[:size] else -1)
        )
        cut = cut if cut > 0 else size
        blocks.append(said(rest[:cut].rstrip() or " "))
        rest = rest[cut:].lstrip("\n")
    return blocks


def context(*texts: str) -> Block:
    """Small print, at most ten pieces."""
    return {"type": "context", "elements": [_mrkdwn(text, 2000) for text in texts[:10]]}


def divider() -> Block:
    """A line across."""
    return {"type": "divider"}


def button(label: str, action_id: str, value: str = "", *, style: str | None = None, url: str | None = None) -> Block:
    """A button: a verb with its object, one opaque id as its value, at most 75 characters (20 in client cards)."""
    element: Block = {"type": "button", "text": plain(label, 75), "action_id": action_id}
    if value:
        element["value"] = value
    if style:
        element["style"] = style
    if url:
        element["url"] = url
    return element


def more(action_id: str, entries: Sequence[tuple[str, str]]) -> Block:
    """The ⋯ menu: (label, value) entries; one to five of them. The value is "verb:id", and `verb` names the button it stands for."""
    return {
        "type": "overflow",
        "action_id": action_id,
        "options": [option(label, value) for label, value in entries[:5]],
    }


def option(label: str, value: str, description: str = "") -> Block:
    """An entry of a menu."""
    entry: Block = {"text": plain(label, 75), "value": value[:150]}
    if description:
        entry["description"] = plain(description, 75)
    return entry


def actions(*elements: Block | None) -> Block:
    """A row of buttons; None is left out."""
    return {"type": "actions", "elements": [element for element in elements if element][:25]}


def modal(
    callback_id: str, title: str, blocks: Sequence[Block], *, submit: str = "", close: str = "Close", private: str = ""
) -> Block:
    """A modal: at most 100 blocks; `private` is one opaque id that comes back on submitting."""
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, 24),
        "close": plain(close, 24),
        "blocks": list(blocks)[:100],
        "private_metadata": private[:3000],
    }
    if submit:
        view["submit"] = plain(submit, 24)
    return view


def home(blocks: Sequence[Block]) -> Block:
    """An App Home tab."""
    return {"type": "home", "callback_id": "home", "blocks": list(blocks)[:100]}


def notice(title: str, sentence: str, *elements: Block | None) -> Block:
    """A small modal that says one thing, with a way on if there is one; a str is escaped, Raw is markup."""
    row = [element for element in elements if element]
    return modal("notice", title, [section(sentence), *([actions(*row)] if row else [])])


def fits(blocks: Sequence[Block], limit: int = 50) -> list[Block]:
    """The blocks, at most `limit` of them; what is past it is counted in small print, never dropped silently."""
    if len(blocks) <= limit:
        return list(blocks)
    return [*blocks[: limit - 1], context(f"and {len(blocks) - limit + 1} more")]
