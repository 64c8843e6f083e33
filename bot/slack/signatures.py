"""Reading and signing a proposal in Slack: the modal, its pages and options, the signature, and what is paid then."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot import VERSION
from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.slack import invoices as bills
from bot.slack.listener import Heard, button, form
from bot.slack.replies import Open, Reply, Say, Update
from core import access, clock, invoices, orders, proposals, signatures
from core.access import Can
from core.errors import Conflict, Way
from core.proposals import Named, Offer, Party, Proposal

RETRY = {"client": "proposal.review", "staff": "proposal.countersign"}
NEWER = "There is a newer version of this proposal. This is it, from the first page."
TOO_OLD = "This window is from an earlier day. Please close it, and press Review and sign once more."


@dataclass(frozen=True)
class Carried:
    """What a signing modal carries from page to page: which text it showed, and what was chosen and typed so far."""

    version: uuid.UUID
    sha256: str
    pdf: str
    shown: int
    total: int
    options: tuple[int, ...] = ()
    name: str = ""
    title: str = ""
    reckoned: tuple[int, ...] = ()
    """The options with which the total was shown; `options` are those that are ticked now."""


def carried(heard: Heard) -> Carried | None:
    """What the open signing modal carries, with what its fields hold now; None where there is none."""
    view = heard.view or {}
    if view.get("callback_id") != "proposal.sign":
        return None
    try:
        said = json.loads(view.get("private_metadata") or "")
        found = Carried(
            uuid.UUID(said["version"]),
            said["sha256"],
            said["pdf"],
            int(said["shown"]),
            int(said["total"]),
            tuple(said["options"]),
            said["name"],
            said["title"],
            tuple(said["options"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
    fields: Mapping[str, Any] = (view.get("state") or {}).get("values") or {}
    if "name" not in fields:
        return found  # a page of the text, on which nothing is typed
    ticked = [each for field in fields if field.startswith(blocks.OPTIONS) for each in heard.form.chosen(field)]
    chosen = tuple(sorted(int(each) for each in ticked if each.isdigit()))
    free = any(field.startswith(blocks.OPTIONS) for field in fields)
    return replace(
        found,
        options=chosen if free else found.options,
        name=heard.form.text("name"),
        title=heard.form.text("title"),
    )


@button("proposal.review")
async def review(heard: Heard) -> Reply:
    """Open the text: to sign for a signer, to read for staff and for those who signed, and who is asked for everybody
    else. From the card of an older version it is the newest, and says so."""
    proposal_id, _, version = heard.value.partition(" ")
    note = NEWER if version and not await proposals.is_latest(heard.session, version) else ""
    return Open(await _text(heard, proposal_id, note=note))


@button("proposal.countersign")
async def countersign(heard: Heard) -> Reply:
    """Open the text for our own signature, which comes last."""
    return Open(await _text(heard, heard.value, ours=True))


@button("proposal.page")
async def page(heard: Heard) -> Reply:
    """Another page of a long text; what was chosen and typed comes along."""
    proposal_id, _, number = heard.value.partition(":")
    kept = carried(heard)
    return Update(
        await _text(heard, proposal_id, int(number) if number.isdigit() else 0, kept=kept, ours=kept is not None)
    )


@button("proposal.page_before")
async def page_before(heard: Heard) -> Reply:
    """The page before."""
    return await page(heard)


async def chosen(heard: Heard) -> Reply:
    """An option was ticked, or unticked: the total follows."""
    kept = carried(heard)
    if kept is None:
        return Say(TOO_OLD)
    return Update(await _again(heard, kept))


for group in range(blocks.MOST_GROUPS):
    button(f"{blocks.OPTIONS}_{group}")(chosen)


async def _again(heard: Heard, kept: Carried, note: str = "") -> kit.Block:
    """The last page anew, with what was chosen and typed."""
    version = await proposals.version(heard.session, kept.version)
    proposal_id = str(version.proposal_id) if version else ""
    return await _text(heard, proposal_id, blocks.LAST, kept=kept, note=note, ours=True)


async def _text(
    heard: Heard, proposal_id: str, number: int = 0, *, kept: Carried | None = None, note: str = "", ours: bool = False
) -> kit.Block:
    proposal = await proposals.view(heard.session, heard.actor, proposal_id)
    offer = await proposals.offer(heard.session, proposal)
    signer = next((each for each in offer.document.signers if each.user_id == heard.actor.user_id), None)
    if heard.actor.side != "client" and (signer is None or signer.side != "staff" or not ours):
        return blocks.reading(offer, _for_staff(offer), page=number)
    me = next((party for party in offer.signers if party.user_id == heard.actor.user_id), None)
    try:
        await proposals.demand_open(heard.session, proposal)
    except Conflict as ended:
        if me is None:
            raise
        return blocks.reading(offer, ended.sentence, _way(ended.way), page=number)
    if signer is None or offer.version_id is None:
        return blocks.not_yours(offer)
    if me is not None and me.signed_at is not None:
        return blocks.reading(offer, _signed_already(offer, me), page=number)
    return await _to_sign(heard, offer, offer.version_id, signer, number, kept, note)


async def _to_sign(
    heard: Heard,
    offer: Offer,
    version_id: uuid.UUID,
    signer: Named,
    number: int,
    kept: Carried | None,
    note: str,
) -> kit.Block:
    """The modal to sign in, if it is their turn and the paper is there; else the text, and what it waits for."""
    signed = {party.user_id: party for party in offer.signers if party.signed_at is not None}
    now = signatures.turn(offer.document, signed)
    if signer not in now:
        names = " and ".join(each.first_name for each in now)
        told = f"{names} {'signs' if len(now) == 1 else 'sign'} first. You will hear when it is your turn."
        tell = kit.button(f"Tell {now[0].first_name}", "proposal.tell", str(offer.id))
        return blocks.reading(offer, told, tell if heard.actor.side == "client" else None, page=number)
    pdf = await signatures.paper_shown(heard.session, version_id)
    if not pdf:
        again = kit.button("Try again", RETRY[signer.side], str(offer.id))
        return blocks.reading(offer, "The document is being prepared; try again in a moment.", again, page=number)
    if kept is not None and kept.version != version_id:
        kept, number, note = None, 0, NEWER
    first = min(signed.values(), key=lambda party: str(party.signed_at), default=None)
    company = offer.document.company if signer.side == "client" else offer.document.agency
    pen = blocks.Pen(
        name=heard.actor.name,
        company=company,
        disclosure=signatures.DISCLOSURE.words(company, offer.document.agency),
        statements=[(each.name, each.words(company)) for each in signatures.STATEMENTS],
        shown_at=kept.shown if kept else int(clock.now().timestamp()),
        pdf_sha256=kept.pdf if kept else pdf,
        chosen=offer.bound if offer.bound is not None else kept.options if kept else (),
        bound_by=first.first_name if first and offer.bound is not None else "",
        typed_name=kept.name if kept else "",
        typed_title=kept.title if kept else "",
        note=note,
    )
    return blocks.signing(offer, pen, page=number)


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
    """Sign the version that was shown, with the options and the total that were shown."""
    kept = carried(heard)
    if kept is None:
        return Say(TOO_OLD, title="Not yet")
    view = heard.view or {}
    try:
        signed = await signatures.sign(
            heard.session,
            heard.actor,
            kept.version,
            typed_name=kept.name,
            title=kept.title,
            ticks=[each.name for each in signatures.STATEMENTS if heard.form.chosen(each.name)],
            options=kept.options,
            shown_total_minor=kept.total,
            shown_options=kept.reckoned,
            shown_sha256=kept.sha256,
            shown_pdf_sha256=kept.pdf,
            shown_at=datetime.fromtimestamp(kept.shown, UTC),
            sealer=heard.sealer,
            request=heard.request,
            facts={
                "face": "slack modal",
                "view": str(view.get("id", "")),
                "view_hash": str(view.get("hash", "")),
                "slack_app": str(heard.payload.get("api_app_id", "")),
                "installed_in": heard.team_id,
                "signer_team": str((heard.payload.get("user") or {}).get("team_id", "")),
                "app_version": VERSION,
            },
        )
    except Conflict as refusal:
        if refusal.code != "total_changed" or refusal.trace is None:
            raise
        await refusal.trace(heard.session)  # a tick that Slack did not tell us of in time: they look once more
        return Update(await _again(heard, kept, refusal.sentence))
    offer = await proposals.offer(heard.session, signed.proposal)
    if heard.actor.side != "client":
        return Update(blocks.countersigned(offer))
    return Update(
        blocks.done(offer, pay=signed.begun is not None and bool(offer.document.due_on_signing(kept.options)))
    )


@button("proposal.pay")
async def pay(heard: Heard) -> Reply:
    """Pay what is due on signing: the invoice's own modal, once the invoice is there."""
    proposal = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_SEE, Proposal, heard.value)
    order = await orders.of_proposal(heard.session, proposal.id)
    every = await invoices.of_engagement(heard.session, proposal.engagement_id)
    due = sorted(
        (each for each in every if order and each.order_id == order.id and not each.waits_for),
        key=lambda each: each.part or 0,
    )
    payable = next((each for each in due if each.status == "open"), None)
    if payable is None and (not due or any(each.issued_at is None for each in due)):
        return Update(blocks.being_made(str(proposal.id))) if _waiting(heard) else Open(blocks.being_made(heard.value))
    heard.value = str((payable or due[0]).id)
    return await bills.pay(heard)


def _waiting(heard: Heard) -> bool:
    """Whether the window that is open is the one in which they wait for it already."""
    return str((heard.view or {}).get("title", {}).get("text", "")) == "One moment"
