"""People as they become known: the card that asks who somebody is, and the form that says so."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from core.engagements import Newcomer

HOW = {"invitation": "they accepted our invitation", "email": "they have the same e-mail address"}


def linked(thing: Newcomer) -> Card:
    """Asks staff who somebody is; once that is known, says so and asks no more."""
    name = thing.name or "Somebody"
    unknown = "{name}, from a company that we do not know,"
    who = kit.md("{name} ({company})" if thing.company else unknown, name=name, company=thing.company)
    if thing.foreign:
        text = kit.md("{who} is in the client channel now. They read along there, and see nothing else.", who=who)
        return Card(text, [kit.section(text)])
    if thing.left_id is not None:
        text = kit.md("{who}, who had left, is in the client channel again, without any right.", who=who)
        back = kit.button("They are back", "contact.back", f"{thing.engagement_id} {thing.left_id}")
        return Card(text, [kit.section(text), kit.actions(back)])
    if thing.known_as:
        how = HOW.get(thing.how, f"{thing.by or 'staff'} said so")
        mention = kit.user(thing.slack_user_id)
        told = "{who} is known as {known}: {how}."
        text = kit.md(told, who=name, known=thing.known_as, how=how)
        return Card(text, [kit.section(kit.md(told, who=mention, known=thing.known_as, how=how))])
    ref = f"{thing.identity_id} {thing.engagement_id}"
    if thing.guess:
        text = kit.md("{who} joined. Is this {guess}?", who=who, guess=thing.guess)
        same = kit.button("Yes", "person.same", f"{ref} {thing.guess_id}", style="primary")
        other = kit.button("Someone else", "person.other", ref)
        return Card(text, [kit.section(text), kit.actions(same, other)])
    text = kit.md("{who} joined. Who is it?", who=who)
    more = kit.context("Until you say so, they can write here, but not sign, approve or pay.")
    return Card(text, [kit.section(text), more, kit.actions(kit.button("Say who it is", "person.other", ref))])


def identify(thing: Newcomer, contacts: Sequence[tuple[str, str]]) -> Block:
    """The form that says who an account is: one of the contacts (id, name), or a new one."""
    blocks = [kit.section(kit.md("Who is {who}?", who=thing.name or "this account"))]
    if contacts:
        entries = [kit.option(name, key) for key, name in contacts]
        blocks.append(kit.select("user", "Somebody we know", entries, optional=True))
    blocks += [
        kit.text_input("name", "Somebody new: name", initial=thing.name, optional=True, limit=120),
        kit.text_input("email", "Their e-mail", optional=True, limit=254),
        kit.context("They will see what their company sees here: proposals, projects, invoices."),
    ]
    private = f"{thing.identity_id} {thing.engagement_id}"
    return kit.modal("person.identify", "Who is it?", blocks, submit="Save", close="Cancel", private=private)
