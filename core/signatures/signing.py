"""Signing: under a lock and once; the last signature begins the order, the contract, the work and the bills."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access, events, invoices, jobs, people, proposals, stage
from core.access import Can
from core.chaining import together
from core.db import Session
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Way
from core.events import Kind
from core.people import Actor
from core.proposals import Document, Named, Proposal, Signer, Version
from core.seals import Sealer
from core.signatures.beginning import Begun, begin
from core.signatures.demands import demand_as_shown, demand_latest, demand_open, demand_paper
from core.signatures.evidence import Request, Shown, Signature, gather
from core.signatures.refusing import because, traced
from core.signatures.statements import STATEMENTS
from core.signatures.turns import of_version, turn

UNSEALED = "Nothing can be signed here just now: the key that seals signatures is missing. Tell us, and we mend it."
LONGEST = 150
"""Characters of a name or a title; nobody's is longer."""


@dataclass(frozen=True)
class Signed:
    """What a signature brought about: `last` says that nobody else is to sign, so that all of `begun` was made."""

    signature: Signature
    proposal: Proposal
    last: bool
    begun: Begun | None = None


async def sign(
    session: Session,
    actor: Actor,
    version_id: uuid.UUID | str,
    *,
    typed_name: str,
    title: str = "",
    ticks: Collection[str],
    options: Collection[int] = (),
    shown_total_minor: int,
    shown_options: Collection[int] | None = None,
    shown_sha256: str,
    shown_pdf_sha256: str = "",
    shown_at: datetime | None = None,
    method: str = "slack",
    sealer: Sealer | None,
    request: Request | None = None,
    facts: Mapping[str, str] | None = None,
) -> Signed:
    """Sign a version; with the last signature, in this transaction and once, everything that it promises begins.

    Under a lock: it is the signer's right and turn, the version is the latest and open, the hashes of what was shown
    are those of what is stored (recomputed here), the options are offered and, after the first signature, its own,
    and the total shown is theirs, reckoned with `shown_options` where the face tells them. `ticks` are names of
    STATEMENTS; `facts` is what the face knows of the person.
    Raises Invalid at a blank name or a missing tick, NotAllowed for others than the signers, Conflict with a way on
    for all else. A refusal carries its `trace`, which `Database.attempt` records.
    """
    with traced(actor, version_id, method):
        version = await _version(session, version_id)
        proposal = await _proposal(session, actor, version.proposal_id)
        await demand_latest(session, version)
        document = proposals.parse(version.body)
        given = await of_version(session, version.id)
        _demand_first_time(actor, proposal, document, given)
        await demand_open(session, proposal, document)
        signer = _part(actor, proposal, document, given)
        paper = await demand_paper(session, version, shown_sha256, shown_pdf_sha256)
        shown_with = options if shown_options is None else shown_options
        chosen = demand_as_shown(
            document,
            proposal,
            options,
            (shown_total_minor, shown_with),
            given[0].options if given else None,
            _first(document, given),
        )
        name, role = _name(typed_name), _line(title)[:LONGEST]
        with because("no_consent"):
            for statement in STATEMENTS:
                if statement.name not in ticks:
                    raise Invalid(statement.asked, field=statement.name)
        if sealer is None:
            with because("no_key"):
                raise Conflict(UNSEALED, way=Way("Ask a question", "proposal.ask", str(proposal.id)))
        mark = await _mark(session, proposal, signer)
        viewed_at = mark.viewed_at if mark else None
        shown = Shown(viewed_at, shown_at or viewed_at, method, request or Request(), facts or {})
        signature = gather(actor, signer, version, document, paper, chosen, name, role, shown, sealer)
        return await _kept(session, actor, proposal, document, signature, mark, [*given, signature])


async def _kept(
    session: Session,
    actor: Actor,
    proposal: Proposal,
    document: Document,
    signature: Signature,
    mark: Signer | None,
    given: list[Signature],
) -> Signed:
    """The signature is written, and with the last one all that it begins."""
    session.add(signature)
    if mark is not None:
        mark.signed_at, mark.viewed_at = signature.signed_at, mark.viewed_at or signature.signed_at
    last = not turn(document, {each.user_id for each in given})
    if last:
        proposal.status, proposal.signed_at = proposals.STATUS.move(proposal.status, "signed"), signature.signed_at
        proposals.drop_aside(proposal)
    await session.flush()
    async with together(session):
        await _told(session, actor, proposal, signature, last=last)
        if not last:
            return Signed(signature, proposal, last)
        begun = await begin(session, actor, proposal, document, signature.options, signature.signed_at)
        anew = "processing" if document.kind == "scope" else ""
        await stage.restage(session, actor, proposal.engagement_id, through=anew)
        await jobs.enqueue(
            session,
            "proposal.certify",
            lane=f"proposal:{proposal.id}",
            payload={"version": str(signature.version_id)},
            organization_id=proposal.organization_id,
        )
        await invoices.send_due(session, people.system(proposal.organization_id), begun.invoices)
    return Signed(signature, proposal, last, begun)


async def _told(session: Session, actor: Actor, proposal: Proposal, signature: Signature, *, last: bool) -> None:
    await events.record(
        session,
        actor,
        Kind.PROPOSAL_SIGNED,
        "proposal",
        proposal.id,
        engagement_id=proposal.engagement_id,
        signature=str(signature.id),
        version=str(signature.version_id),
        sha256=signature.document_sha256.hex(),
        paper=signature.pdf_sha256.hex(),
        evidence=signature.evidence_sha256.hex(),
        key=signature.key_id,
        last=last,
    )


async def _version(session: Session, version_id: uuid.UUID | str) -> Version:
    try:
        found = await proposals.version(
            session, version_id if isinstance(version_id, uuid.UUID) else uuid.UUID(version_id)
        )
    except ValueError:
        found = None
    if found is None:
        with because("unknown"):
            raise NotFound(
                "This proposal is not to be found here. It may have been removed, or it belongs to somebody else."
            )
    return found


async def _proposal(session: Session, actor: Actor, proposal_id: uuid.UUID) -> Proposal:
    """The proposal, locked. Clients have the right to sign; ours may, where the document names them: see `_part`."""
    can = Can.PROPOSAL_SEE if actor.side == "staff" else Can.PROPOSAL_SIGN
    with because("someone_elses"):
        return await access.fetch(session, actor, can, Proposal, proposal_id, lock=True)


def _demand_first_time(actor: Actor, proposal: Proposal, document: Document, given: list[Signature]) -> None:
    mine = next((each for each in given if each.user_id == actor.user_id), None)
    if mine is None:
        return
    at = mine.signed_at.astimezone(ZoneInfo(actor.timezone))
    others = _names(turn(document, {each.user_id for each in given}))
    rest = f"It waits for {others} now." if others else "Nothing more is needed."
    with because("signed_already"):
        raise Conflict(
            f"You signed this on {at:%-d %b %Y at %H:%M %Z}. {rest}",
            way=Way("Open my page", "page.open", str(proposal.engagement_id)) if actor.side == "client" else None,
        )


def _part(actor: Actor, proposal: Proposal, document: Document, given: list[Signature]) -> Named:
    """The actor as the document names them, whose turn it is."""
    now = turn(document, {each.user_id for each in given})
    signer = next((each for each in document.signers if each.user_id == actor.user_id), None)
    if signer is None or signer.side != actor.side:
        with because("not_asked"):
            if actor.side == "staff":
                raise NotAllowed(access.GRANTS[Can.PROPOSAL_SIGN].refusal)
            raise NotAllowed(f"This one is for {_names(now[:1])} to sign.", way=_tell(actor, proposal, now))
    if signer not in now:
        with because("not_your_turn"):
            raise Conflict(
                f"{_names(now)} {'signs' if len(now) == 1 else 'sign'} first. You will hear when it is your turn.",
                way=_tell(actor, proposal, now),
            )
    return signer


def _tell(actor: Actor, proposal: Proposal, now: Sequence[Named]) -> Way:
    """The way to have those told whose turn it is."""
    if actor.side == "staff":
        return Way("Remind", "proposal.remind", str(proposal.id))
    return Way(f"Tell {now[0].first_name}"[:75], "proposal.tell", str(proposal.id))


def _names(signers: Sequence[Named]) -> str:
    return " and ".join(each.first_name for each in signers)


def _first(document: Document, given: list[Signature]) -> str:
    """Who signed first, and so chose for all."""
    named = {each.user_id: each.first_name for each in document.signers}
    return named.get(given[0].user_id, given[0].typed_name) if given else ""


async def _mark(session: Session, proposal: Proposal, signer: Named) -> Signer | None:
    """The row on which the signer's marks stand; none where a version that is being written does not ask them."""
    query = select(Signer).where(Signer.proposal_id == proposal.id, Signer.user_id == signer.user_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


def _name(typed: str) -> str:
    name = _line(typed)
    with because("blank_name"):
        if not any(each.isalpha() for each in name):
            raise Invalid("Please type your full name; it is your signature.", field="name")
    with because("long_name"):
        if len(name) > LONGEST:
            raise Invalid(f"That is longer than {LONGEST} characters. Please type your name alone.", field="name")
    return name


def _line(typed: str) -> str:
    """What was typed, on one line and without what cannot be seen."""
    return " ".join("".join(each if each.isprintable() else " " for each in typed).split())
