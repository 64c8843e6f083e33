"""What stands in the client channel: the proposal's card through its life, the news of its signature, a reminder."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from bot.blocks.proposals.text import called, names, next_steps, short_items, until, who_signed, whose_turn
from core.proposals import Offer, Party


def card(offer: Offer) -> Card:
    """The card as the client sees it now. Amounts stand in it only if the engagement shows them."""
    title = offer.document.title
    if offer.status == "signed":
        return _card(offer, f"{names(offer.signers)} signed {title}.", _signed(offer), _page(offer))
    if offer.status == "declined":
        told = f"{offer.ended_by or names(offer.signers)} declined {title}."
        return _card(
            offer,
            told,
            [kit.section(told), kit.context("Has something changed? Ask, and we look for another way.")],
            _ask(offer),
        )
    if offer.status == "withdrawn":
        told = f"{offer.agency} withdrew {title}."
        return _card(offer, told, [kit.section(told), *kit.pages(offer.ended_reason)], _ask(offer))
    if offer.expired:
        told = f"{title} was valid until {kit.day(offer.document.valid_until)}."
        renew = kit.button("Ask for a new date", "proposal.renew", str(offer.id))
        return _card(offer, told, [kit.section(told), kit.context("Still of interest? Ask for a new date.")], renew)
    day = kit.day(offer.document.valid_until)
    told = f"{offer.agency} sent a proposal: {title}. {names(offer.waiting)}, please review and sign it by {day}."
    blocks = kit.pages(offer.document.purpose) if offer.document.purpose else []
    blocks.append(kit.section(short_items(offer, amounts=offer.show_amounts)))
    blocks.append(kit.context(kit.join([whose_turn(offer, mention=offer.connected), until(offer)])))
    review = kit.button("Review and sign", "proposal.review", str(offer.id), style="primary")
    return _card(offer, told, blocks, review, _ask(offer), answers=True)


def _card(offer: Offer, told: str, blocks: Sequence[Block], *buttons: Block, answers: bool = False) -> Card:
    itself = str(offer.id)
    entries = (
        [("Request changes", f"proposal.changes:{itself}"), ("Decline", f"proposal.decline:{itself}")]
        if answers
        else [("Read it again", f"proposal.review:{itself}")]
    )
    entries.append((f"For {offer.agency}", f"engagement.staff:{offer.engagement_id}"))
    return Card(
        told, [kit.header(offer.document.title), *blocks, kit.actions(*buttons, kit.more("proposal.more", entries))]
    )


def _ask(offer: Offer) -> Block:
    return kit.button("Ask a question", "proposal.ask", str(offer.id))


def _page(offer: Offer) -> Block:
    return kit.button("Open my page", "page.open", str(offer.engagement_id))


def _signed(offer: Offer) -> list[Block]:
    steps = kit.join([f"{number}. {step}" for number, step in enumerate(next_steps(offer), 1)], "\n")
    return [
        kit.section(kit.md("✓ {who}", who=who_signed(offer))),
        kit.section(kit.md("*What happens next*\n{steps}", steps=steps)),
    ]


def signed(offer: Offer, signer: str) -> Card:
    """The news under the card: who signed, and whose turn it is or what happens next."""
    by = next((party for party in offer.signers if str(party.user_id) == signer and party.signed_at), None)
    name = by.first_name if by else names([party for party in offer.signers if party.signed_at])
    told = f"{name} signed {offer.document.title}."
    follows = f" {names(offer.waiting[:1])} signs next." if offer.waiting else f" Thank you. {next_steps(offer)[0]}"
    return Card(told + follows, [kit.section(told + follows)])


def nudge(offer: Offer, people: Sequence[str], by: str, *, by_staff: bool) -> Card | None:
    """A reminder to those who are still to sign, by name; None if there is nobody to remind any more."""
    due: list[Party] = [party for party in offer.waiting if str(party.user_id) in people]
    if not offer.open or not due:
        return None
    whom = kit.join([called(party, mention=offer.connected) for party in due], " and ")
    title, day = offer.document.title, kit.day(offer.document.valid_until)
    asks = f"{by} would be glad to begin." if by_staff else f"{by} asks."
    words = kit.md(
        "{whom}: “{title}” waits for your signature, until {day}. {asks}", whom=whom, title=title, day=day, asks=asks
    )
    told = f"{names(due)}: {title} waits for your signature, until {day}. {asks}"
    return Card(
        told,
        [
            kit.section(words),
            kit.actions(kit.button("Review and sign", "proposal.review", str(offer.id), style="primary")),
        ],
    )
