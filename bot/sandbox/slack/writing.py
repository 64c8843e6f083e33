"""What people type, as it leaves Slack's composer: escaped, mentions and links as ids, and a rich text block."""

import re

from bot.sandbox.slack.state import Channel, Json, World, new_id

_TOKEN = re.compile(
    r"(?P<link>https?://[^\s<>|]+)|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)|@(?P<at>[A-Za-z][\w.-]*\w|[A-Za-z])"
    r"|#(?P<channel>[a-z0-9][\w-]*)|(?P<id><[@#][A-Z0-9]+(?:\|[^>]*)?>)|:(?P<emoji>[a-z0-9_+-]+):"
)


def escape(words: str) -> str:
    """The three characters that Slack turns into entities."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def find_person(world: World, channel: Channel, name: str) -> str | None:
    """The id of the person whom @name means here: first among those in the channel, then in its workspaces."""
    if name.lower() in ("throughline", world.bot.name):
        return world.bot.id
    inside = [world.people[one] for one in channel.members]
    around = [one for one in world.people.values() if one.team_id in channel.teams]
    return next((one.id for one in [*inside, *around] if name.lower() in (one.name, one.real_name.lower())), None)


def find_channel(world: World, channel: Channel, name: str) -> str | None:
    """The id of the channel that #name means here."""
    shared = [one for one in world.channels.values() if one.name == name and set(one.teams) & set(channel.teams)]
    return shared[0].id if shared else None


def compose(
    world: World, channel: Channel, typed: str, *, labels: bool = False, mentions: bool = True
) -> tuple[str, list[Json]]:
    """Typed words as message text and rich text blocks. With `labels`, ids carry names, as in slash commands."""
    text, parts, at = "", [], 0

    def plain(words: str) -> None:
        nonlocal text
        if words:
            text += escape(words)
            parts.append({"type": "text", "text": words})

    for found in _TOKEN.finditer(typed):
        plain(typed[at : found.start()])
        at = found.end()
        token, kind = found.group(), found.lastgroup
        if kind == "link":
            text += f"<{escape(token)}>"
            parts.append({"type": "link", "url": token})
        elif kind == "mail":
            text += f"<mailto:{token}|{token}>"
            parts.append({"type": "link", "url": f"mailto:{token}", "text": token})
        elif kind == "emoji":
            text += token
            parts.append({"type": "emoji", "name": found["emoji"]})
        elif mentions and (piece := _mention(world, channel, token, labels=labels)):
            text += piece[0]
            parts.append(piece[1])
        else:
            plain(token)
    plain(typed[at:])
    section = {"type": "rich_text_section", "elements": parts}
    return text, [{"type": "rich_text", "block_id": new_id("r")[-6:], "elements": [section]}]


def _mention(world: World, channel: Channel, token: str, *, labels: bool) -> tuple[str, Json] | None:
    name = token[1:]
    if token in ("@here", "@channel", "@everyone"):
        return f"<!{name}>", {"type": "broadcast", "range": name}
    if token.startswith("<"):
        target = token[2:-1].split("|")[0]
        token = token[1]
    elif token.startswith("@"):
        target = find_person(world, channel, name) or ""
    else:
        target = find_channel(world, channel, name) or ""
    if token.startswith("@") and target in world.people:
        label = f"|{world.people[target].name}" if labels else ""
        return f"<@{target}{label}>", {"type": "user", "user_id": target}
    if token.startswith("#") and target in world.channels:
        return f"<#{target}|{world.channels[target].name if labels else ''}>", {"type": "channel", "channel_id": target}
    return None
