"""Contacts as they go: the card that says what rested on who has left, and the forms that say so, or name somebody else."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from core.contacts import Resting

HOW = {"slack": "their Slack account was closed"}
PARTS = {
    "contact": "Main contact",
    "approver": "Approves work",
    "billing": "Gets the invoices",
    "signer": "Signs the drafts",
}
CLOSED = "Their links, codes and page are closed, and no mail goes to them. What they said stays."


def left(thing: Resting) -> Card:
    """What rested on somebody who has left, as long as it does; and that they are back, once staff say so."""
    who = kit.md("{name} ({company})", name=thing.name, company=thing.company)
    if not thing.left:
        by = kit.md(": {by} said so", by=thing.by) if thing.by else ""
        text = kit.md("{who} is back{by}. What was given to others meanwhile stays with them.", who=who, by=by)
        return Card(text, [kit.section(text)])
    how = HOW.get(thing.how) or (f"{thing.by} said so" if thing.by else "")
    text = kit.md("{who} has left{how}.", who=who, how=f": {how}" if how else "")
    rests = _rests(thing)
    blocks = [kit.section(text)]
    if rests:
        lines = kit.join([kit.md("• {line}", line=line) for line in rests], "\n")
        blocks.append(kit.section(kit.md("*What rested on {name}*\n{lines}", name=thing.first_name, lines=lines)))
    else:
        blocks.append(kit.section(kit.md("Nothing rests on {name} here any more.", name=thing.first_name)))
        if not thing.roles and thing.contact != thing.name:
            blocks.append(kit.context(kit.md("{name} is the main contact.", name=thing.contact)))
    blocks.append(kit.context(CLOSED))
    ref = f"{thing.engagement_id} {thing.user_id}"
    other = kit.button("Name someone else", "contact.successor", ref, style="primary") if thing.roles else None
    fresh = kit.button("New version", "proposal.change", str(thing.proposals[0][0])) if thing.proposals else None
    rest = [("They are back", f"contact.back:{ref}"), ("People", f"engagement.people:{thing.engagement_id}")]
    return Card(text, [*blocks, kit.actions(other, fresh, kit.more("contact.more", rest))])


def _rests(thing: Resting) -> list[kit.Raw]:
    found = []
    if "contact" in thing.roles:
        found.append(kit.Raw("Main contact: approves work and gets the invoices, unless somebody else is named for it"))
    found += [kit.Raw(PARTS[role]) for role in ("approver", "billing") if role in thing.roles]
    for _, title in thing.drafts:
        found.append(kit.md("Was to sign the draft “{title}”", title=title))
    for _, title in thing.proposals:
        line = "Is to sign “{title}”, which is sent and frozen: a new version names somebody else"
        found.append(kit.md(line, title=title))
    for name in thing.unpaid:
        found.append(kit.md("{name} is not paid yet", name=name))
    return found


def went_out(thing: Resting, channel: str) -> Card | None:
    """Somebody left the client channel; nothing once staff have said that it was more than that."""
    if thing.left:
        return None
    where = kit.channel(channel) if channel else kit.Raw("the client channel")
    text = kit.md("{name} ({company}) left {where}.", name=thing.name, company=thing.company, where=where)
    after = "What concerns them goes by mail from now on." if thing.inside else "They see nothing of this any more."
    if thing.last:
        after += " We share no other channel with them."
    gone = kit.button("They left the company", "contact.leaving", f"{thing.engagement_id} {thing.user_id}")
    told = kit.md("{name} left the client channel. {after}", name=thing.name, after=after)
    return Card(told, [kit.section(text), kit.context(after), kit.actions(gone)])


def leaving(private: str, there: Sequence[tuple[str, str]], *, chosen: str = "") -> Block:
    """The second look before somebody is said to have left; `there` are the contacts (id, name)."""
    entries = [kit.option(name, key) for key, name in there]
    blocks = [
        kit.select("who", "Who has left?", entries, initial=chosen),
        kit.section(CLOSED),
        kit.context("The staff channel then says what rested on them, with a way to name somebody else."),
    ]
    return kit.modal(
        "contact.left", "Somebody has left", blocks, submit="They have left", close="Cancel", private=private
    )


def returning(private: str, gone: Sequence[tuple[str, str]], *, chosen: str = "") -> Block:
    """The second look before somebody who had left has their rights again."""
    entries = [kit.option(name, key) for key, name in gone]
    blocks = [
        kit.select("who", "Who is back?", entries, initial=chosen),
        kit.section("They can read, sign, approve and pay here again. What was given to others stays with them."),
        kit.context("Old links do not open again: their page gives them a new one."),
    ]
    return kit.modal(
        "contact.back", "Somebody is back", blocks, submit="They are back", close="Cancel", private=private
    )


def successor(thing: Resting, there: Sequence[tuple[str, str]]) -> Block:
    """The form that names who takes over, role by role; somebody new, where nobody else is there."""
    entries = [kit.option(name, key) for key, name in there]
    blocks = [kit.section(kit.md("*{name} has left.* Who takes over?", name=thing.name))]
    if entries:
        only = there[0][0] if len(there) == 1 else ""
        blocks += [kit.select(role, PARTS[role], entries, initial=only) for role in thing.roles]
    else:
        company = thing.company
        blocks += [
            kit.context(
                kit.md("We know nobody else of {company} yet. Somebody new takes over all of it.", company=company)
            ),
            kit.text_input("name", "Name", limit=120),
            kit.text_input("email", "E-mail", limit=254),
        ]
    if thing.drafts and entries:
        titles = kit.join([kit.md("“{title}”", title=title) for _, title in thing.drafts], ", ")
        blocks.append(kit.context(kit.md("Drafts: {titles}", titles=titles)))
    if thing.proposals:
        blocks.append(kit.context("What is sent stays as it was sent. “New version” on the card makes a draft of it."))
    private = f"{thing.engagement_id} {thing.user_id}"
    return kit.modal("contact.successor", "Name someone else", blocks, submit="Save", close="Cancel", private=private)
