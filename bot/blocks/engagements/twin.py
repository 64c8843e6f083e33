"""The cards of the staff channel, and what its owner is told directly when nothing may be posted there."""

from bot.blocks import kit
from bot.blocks.engagements import words
from bot.blocks.engagements.cards import projects
from bot.blocks.kit import Block, Card
from core.engagements.status import Status

WAITS = 5


def twin(thing: Status) -> Card:
    """The status card's twin: the same and the connection, amounts always, with staff's buttons."""
    blocks = [
        kit.header(f"{thing.company} × {thing.agency}"),
        kit.context(
            kit.Raw(f"🔒 Only {kit.esc(thing.agency)} sees this"),
            kit.md(
                "{words} ({stage}){status}", words=words.STAGES[thing.stage], stage=thing.stage, status=_status(thing)
            ),
        ),
    ]
    blocks += connection(thing)
    theirs = words.waits(thing.on_client, thing.now, WAITS) or kit.Raw("Nothing.")
    ours = words.waits(thing.on_us, thing.now, WAITS) or kit.Raw("Nothing.")
    blocks.append(kit.section(kit.md("*Waiting on {company}*\n{waits}", company=thing.company, waits=theirs)))
    blocks.append(kit.section(kit.md("*Waiting on us*\n{waits}", waits=ours)))
    blocks += projects(thing)
    if after := words.next_steps(thing, amount=True):
        blocks.append(kit.section(after))
    amounts = "Amounts are shown in the channel." if thing.show_amounts else "No amount stands in the channel."
    where = kit.channel(thing.channel_id) if thing.channel_id else "The client channel"
    blocks.append(kit.context(kit.md("{where}: {audience}", where=where, audience=words.audience(thing)), amounts))
    blocks.append(buttons(thing))
    return Card(_sentence(thing), blocks)


def connection(thing: Status) -> list[Block]:
    """How far the client is in, what is in the way, and what staff can do about it."""
    line = words.connection(thing)
    if thing.trouble:
        line = kit.join([line, kit.Raw(f":warning: {words.trouble(thing)}")], "\n")
    if thing.channel_gone == "archived":
        line = kit.join(
            [line, kit.Raw(":warning: The client channel is archived, so nothing can be posted there.")], "\n"
        )
    if thing.channel_gone == "left":
        line = kit.join([line, kit.Raw(f":warning: {words.ABSENT}")], "\n")
    if thing.unreached:
        back = kit.md(":warning: Mail to {who} comes back.", who=" and ".join(thing.unreached))
        line = kit.join([line, back], "\n")
    where = kit.channel(thing.channel_id) if thing.channel_id else kit.Raw("")
    blocks = [kit.section(kit.join([where, line], " · "))]
    if thing.status == "closed" or thing.connection == "connected":
        return blocks
    ref = str(thing.id)
    row: list[Block | None] = []
    if thing.trouble and not thing.trouble.startswith("invite:"):
        row.append(kit.button("Try again", "engagement.retry", ref, style="primary"))
    elif thing.connection in ("invited", "accepted", "mail") and thing.invited_at:
        row.append(kit.button("Resend", "engagement.resend", ref))
    elif thing.prepared:
        again = "Send it again" if thing.invited_at or thing.trouble else "Invite"
        row.append(kit.button(again, "engagement.resend", ref, style="primary"))
    if thing.prepared:
        row.append(kit.button("What to tell their IT", "engagement.tell_it", ref))
    if thing.connection != "mail":
        row.append(kit.button("Use e-mail meanwhile", "engagement.mail", ref))
    return [*blocks, kit.actions(*row)]


def buttons(thing: Status) -> Block:
    """What staff can do with the engagement."""
    ref = str(thing.id)
    rest = [
        ("People", f"engagement.people:{ref}"),
        ("History", f"engagement.history:{ref}"),
        ("Amounts", f"engagement.money:{ref}"),
    ]
    if thing.status == "active":
        rest += [("Pause", f"engagement.pause:{ref}"), ("Close", f"engagement.close:{ref}")]
    resume = kit.button("Take it up again", "engagement.resume", ref) if thing.status != "active" else None
    fresh = kit.button("New proposal", "proposal.new", ref, style="primary") if thing.status == "active" else None
    return kit.actions(fresh, resume, kit.more("engagement.more", rest))


def _status(thing: Status) -> str:
    if thing.status == "paused":
        return f" · paused until {kit.day(thing.paused_until)}" if thing.paused_until else " · paused"
    return " · closed" if thing.status == "closed" else ""


def _sentence(thing: Status) -> kit.Raw:
    if not thing.on_us:
        return kit.md("{company}: nothing waits on us.", company=thing.company)
    first = thing.on_us[0]
    days = words.days(first.days(thing.now))
    return kit.md(
        "{company}: {who} to {what} ({days}).", company=thing.company, who=first.who, what=first.what, days=days
    )


DECLINED = "{company} declined the Slack invitation. Nothing is lost: write by e-mail, or send it again."
CUT_OFF = "{company} is no longer connected to the client channel. What was said is kept; they read nothing new."


def declined(thing: Status) -> Card:
    """The client said no to the invitation."""
    return _with_ways(thing, kit.md(DECLINED, company=thing.company))


def disconnected(thing: Status) -> Card:
    """The client's workspace is out of the channel."""
    return _with_ways(thing, kit.md(CUT_OFF, company=thing.company))


def _with_ways(thing: Status, sentence: kit.Raw) -> Card:
    by_mail = kit.button("Use e-mail meanwhile", "engagement.mail", str(thing.id))
    again = kit.button("Send it again", "engagement.resend", str(thing.id))
    return Card(sentence, [kit.section(sentence), kit.actions(by_mail, again)])


def stuck(thing: Status) -> Card | None:
    """What stands in the way of the channels or the invitation; nothing once it is out of the way."""
    if not thing.trouble:
        return None
    text = kit.md("{company}: {trouble}", company=thing.company, trouble=words.trouble(thing))
    return Card(text, connection(thing))


EXPOSED = (
    "Somebody who is not of {agency} can read {channel}. Throughline posts nothing there until that has ended. "
    "Take them out, or close the channel to others; then press."
)


def exposed(thing: Status, *, channel: str) -> Card:
    """To the owner alone: outsiders can read the staff channel, so nothing more is posted there."""
    where = kit.channel(channel) if channel else kit.Raw("the staff channel")
    text = "{title}: somebody who is not of {agency} can read the staff channel. Throughline posts nothing there now."
    private = kit.button("It is private again", "engagement.private", str(thing.id))
    return Card(
        kit.md(text, title=thing.title, agency=thing.agency),
        [kit.section(kit.md(EXPOSED, agency=thing.agency, channel=where)), kit.actions(private)],
    )


ARCHIVED = "{title}: the {which} was archived. Nothing can be posted there until it is brought back."
LEFT = "{title}: Throughline was taken out of the {which}. Type /invite @throughline there, and it goes on."


def lost(thing: Status, *, place: str, how: str) -> Card:
    """To the owner alone: a channel is archived, or Throughline was taken out of it."""
    which = "client channel" if place == "client" else "staff channel"
    sentence = kit.md(ARCHIVED if how == "archived" else LEFT, title=thing.title, which=which)
    return Card(sentence, [kit.section(sentence)])


IT = (
    "Hello, {agency} would like to share one Slack channel with us through Slack Connect. The invitation went to "
    "{email}. Please approve it: in Slack, under Tools & settings → Manage Slack Connect → Invitations. Only that is "
    "shared. No app is installed in our workspace, and we can leave the channel at any time. Slack's own page on this: "
    "https://slack.com/help/articles/115004151203"
)
IT_FIRST = "{company}'s Slack admin has to agree. You could send {contact} this:"


def tell_it(thing: Status) -> Block:
    """What to send to the client's IT: words to copy."""
    first = kit.md(IT_FIRST, company=thing.company, contact=thing.contact)
    letter = kit.said(IT.format(agency=thing.agency, email=thing.invite_email))
    return kit.modal("notice", "What to tell their IT", [kit.section(first), letter])
