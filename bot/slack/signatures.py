"""Reading and signing a proposal in Slack: the modal, its pages, and the signature itself."""

from datetime import UTC, datetime

from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.slack.listener import Heard, button, form
from bot.slack.replies import Open, Reply, Update
from core import clock, proposals, signatures
from core.errors import Conflict, Way
from core.proposals import Offer, Party


@button("proposal.review")
async def review(heard: Heard) -> Reply:
    """Open the text: to sign for a signer, to read for staff and for those who signed, and who is asked for everybody
    else."""
    return Open(await _text(heard, heard.value))


@button("proposal.page")
async def page(heard: Heard) -> Reply:
    """Another page of a long text."""
    proposal_id, _, number = heard.value.partition(":")
    return Update(await _text(heard, proposal_id, int(number) if number.isdigit() else 0))


@button("proposal.page_before")
async def page_before(heard: Heard) -> Reply:
    """The page before."""
    return await page(heard)


async def _text(heard: Heard, proposal_id: str, number: int = 0) -> kit.Block:
    proposal = await proposals.view(heard.session, heard.actor, proposal_id)
    offer = await proposals.offer(heard.session, proposal)
    if heard.actor.side != "client":
        return blocks.reading(offer, _for_staff(offer), page=number)
    me = next((party for party in offer.signers if party.user_id == heard.actor.user_id), None)
    try:
        await proposals.demand_open(heard.session, proposal)
    except Conflict as ended:
        if me is None:
            raise
        return blocks.reading(offer, ended.sentence, _way(ended.way), page=number)
    if me is None:
        return blocks.not_yours(offer)
    if me.signed_at is not None:
        return blocks.reading(offer, _signed_already(offer, me), page=number)
    statements = [(each.name, each.words(offer.company)) for each in signatures.STATEMENTS]
    return blocks.signing(offer, heard.actor.name, statements, me.viewed_at or clock.now(), page=number)


def _for_staff(offer: Offer) -> str:
    if offer.open:
        return f"A preview: this is what {blocks.names(offer.waiting)} reads. Your look does not count as theirs."
    return "This is the text as it was sent." if offer.sent_at else "This is the draft as it stands."


def _signed_already(offer: Offer, me: Party) -> str:
    at = blocks.moment(me.signed_at, offer.timezone) if me.signed_at else ""
    return f"You signed this on {at}. {blocks.names(offer.waiting[:1])} signs next."


def _way(way: Way | None) -> kit.Block | None:
    return kit.button(way.label, way.action, way.id) if way else None


@form("proposal.sign")
async def sign(heard: Heard) -> Reply:
    """Sign the version that was shown."""
    version_id, sha256, shown = [*heard.value.split(" "), "", ""][:3]
    view = heard.view or {}
    signed = await signatures.sign(
        heard.session,
        heard.actor,
        version_id,
        typed_name=heard.form.text("name"),
        title=heard.form.text("title"),
        ticks=[each.name for each in signatures.STATEMENTS if heard.form.chosen(each.name)],
        shown_sha256=sha256,
        shown_at=datetime.fromtimestamp(int(shown), UTC) if shown.isdigit() else None,
        facts={
            "face": "slack modal",
            "view": str(view.get("id", "")),
            "view_hash": str(view.get("hash", "")),
            "app": str(heard.payload.get("api_app_id", "")),
            "installed_in": heard.team_id,
            "signer_team": str((heard.payload.get("user") or {}).get("team_id", "")),
        },
    )
    return Update(blocks.done(await proposals.offer(heard.session, signed.proposal)))
