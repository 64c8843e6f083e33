"""The table that says who hears of which event, where, and by which card; and the job that makes one send job for each place."""

import uuid
from collections.abc import Mapping

from bot.worker.places import Show, places, subjects
from bot.worker.works import Works, handler
from core import engagements, events, jobs
from core.events import Kind
from core.jobs import Claimed

STATUS = (
    Show("engagement.status", "client", about="engagement", pin=True),
    Show("engagement.twin", "staff", about="engagement", pin=True),
)
OFFER = Show("proposal.card", "client", about="version")
PROPOSAL = (Show("proposal.card", "client", about="version", mail="signers"), Show("proposal.twin", "staff"))
TO_SIGN = (Show("proposal.card", "client", about="version", mail="turn"), Show("proposal.twin", "staff"))
INVOICE = (Show("invoice.card", "client", mail="billing"), Show("invoice.twin", "staff"))
TWIN = (Show("project.twin", "staff"),)
CONTROL = (Show("conversation.control", "staff"),)
EXPORT = (Show("export.card", "staff"),)

ANNOUNCED: Mapping[Kind, tuple[Show, ...]] = {
    Kind.CONTACT_LEFT: (Show("contact.left", "staff"), *STATUS),
    Kind.CONTACT_LINKED: (Show("person.linked", "staff"), *STATUS),
    Kind.CONTACT_RETURNED: (Show("contact.left", "staff"), *STATUS),
    Kind.CONTACT_SUCCEEDED: (Show("contact.left", "staff"), *STATUS),
    Kind.CONTACT_WENT_OUT: (Show("contact.went_out", "staff", news=True),),
    Kind.CONVERSATION_ASSIGNED: (
        *CONTROL,
        Show("conversation.taken", "staff", news=True, under="conversation.control"),
        *STATUS,
    ),
    Kind.CONVERSATION_DUE: (
        *CONTROL,
        Show("conversation.due", "staff", news=True, under="conversation.control"),
    ),
    Kind.CONVERSATION_MAILED: (
        Show("conversation.mail", "client", news=True),
        *CONTROL,
        Show("conversation.mail_alone", "staff", news=True, under="conversation.control"),
        *STATUS,
    ),
    Kind.CONVERSATION_MERGED: STATUS,  # the control cards of both follow by themselves, as after a move or a split
    Kind.CONVERSATION_MOVED: STATUS,
    Kind.CONVERSATION_NOTED: (*CONTROL, Show("conversation.note", "staff", news=True, about="note")),
    Kind.CONVERSATION_OPENED: (Show("conversation.opening", "client", mail="contact"), *STATUS),
    Kind.CONVERSATION_RENAMED: (Show("conversation.opening", "client"), *CONTROL, *STATUS),
    Kind.CONVERSATION_REOPENED: (*CONTROL, *STATUS),
    Kind.CONVERSATION_REPLIED: (
        Show("conversation.reply", "client", news=True, about="reply", mail="by mail"),
        *CONTROL,
        *STATUS,
    ),
    Kind.CONVERSATION_RESOLVED: (*CONTROL, *STATUS),
    Kind.CONVERSATION_SPLIT: STATUS,
    Kind.CONVERSATION_TAKEN: (
        *CONTROL,
        Show("conversation.taken", "staff", news=True, under="conversation.control"),
        *STATUS,
    ),
    Kind.ENGAGEMENT_ACCEPTED: (Show("engagement.twin", "staff"),),
    Kind.ENGAGEMENT_AMOUNTS_SET: STATUS,
    Kind.ENGAGEMENT_CHANNELS_MADE: (Show("engagement.twin", "staff", pin=True),),
    Kind.ENGAGEMENT_CHANNEL_BACK: STATUS,
    Kind.ENGAGEMENT_CHANNEL_LOST: (Show("engagement.twin", "staff"),),
    Kind.ENGAGEMENT_CLOSED: STATUS,
    Kind.ENGAGEMENT_CONNECTED: (
        Show("engagement.welcome", "client"),
        *STATUS,
        Show("conversation.opening", "client", about="open conversations"),
        Show("proposal.card", "client", about="open proposals"),
        Show("invoice.card", "client", about="open invoices"),
        Show("engagement.waiting", "client", news=True),
    ),
    Kind.ENGAGEMENT_DECLINED: (Show("engagement.twin", "staff"), Show("engagement.declined", "staff", news=True)),
    Kind.ENGAGEMENT_DISCONNECTED: (
        Show("engagement.twin", "staff"),
        Show("engagement.disconnected", "staff", news=True),
    ),
    Kind.ENGAGEMENT_HISTORY_IMPORTED: (Show("backfill.card", "staff"),),
    Kind.ENGAGEMENT_INVITED: (Show("engagement.twin", "staff"),),
    Kind.ENGAGEMENT_LINKED: (Show("engagement.welcome", "client"), *STATUS),
    Kind.ENGAGEMENT_MAIL_CHOSEN: (Show("engagement.twin", "staff"),),
    Kind.ENGAGEMENT_PAUSED: STATUS,
    Kind.ENGAGEMENT_PEOPLE_NAMED: STATUS,
    Kind.ENGAGEMENT_RECORD_GAP: (Show("backfill.card", "staff"),),
    Kind.ENGAGEMENT_RESUMED: STATUS,
    Kind.ENGAGEMENT_STAFF_CHANNEL_EXPOSED: (),  # the owner is told directly, by the job owner.warn
    Kind.ENGAGEMENT_STAFF_CHANNEL_PRIVATE: (Show("engagement.twin", "staff"),),
    Kind.ENGAGEMENT_STUCK: (Show("engagement.twin", "staff", pin=True), Show("engagement.stuck", "staff", news=True)),
    Kind.EXPORT_ASKED: EXPORT,
    Kind.EXPORT_FAILED: EXPORT,
    Kind.EXPORT_READY: (*EXPORT, Show("export.ready", "staff", news=True, under="export.card")),
    Kind.INVOICE_DRAFTED: (Show("invoice.twin", "staff"),),
    Kind.INVOICE_ISSUED: (*INVOICE, OFFER, *STATUS),
    Kind.INVOICE_MISMATCHED: (
        Show("invoice.mismatch", "staff", news=True, under="invoice.twin"),
        Show("invoice.twin", "staff"),
    ),
    Kind.INVOICE_PAID: (
        *INVOICE,
        Show("invoice.paid", "staff", news=True, under="invoice.twin"),
        Show("proposal.twin", "staff", about="proposal"),
        OFFER,
        *STATUS,
    ),
    Kind.INVOICE_PAYMENT_FAILED: (
        Show("invoice.failed", "staff", news=True, under="invoice.twin"),
        Show("invoice.twin", "staff"),
    ),
    Kind.INVOICE_REMINDED: (
        Show("invoice.reminder", "client", news=True, under="invoice.card", mail="billing"),
        Show("invoice.twin", "staff"),
    ),
    Kind.INVOICE_SENDING: (Show("invoice.twin", "staff"),),
    Kind.INVOICE_STUCK: (
        Show("invoice.stuck", "staff", news=True, under="invoice.twin"),
        Show("invoice.twin", "staff"),
    ),
    Kind.INVOICE_VIEWED: (Show("invoice.twin", "staff"),),
    Kind.INVOICE_VOIDED: (*INVOICE, OFFER, *STATUS),
    Kind.MAIL_BOUNCED: (
        Show("mail.bounced", "staff", news=True),
        Show("engagement.twin", "staff", about="engagement", pin=True),
    ),
    Kind.MAIL_REFUSED: (Show("mail.refused", "staff", news=True),),
    Kind.PERSON_JOINED: (Show("person.linked", "staff"),),
    Kind.PERSON_NUDGED: (
        Show("person.nudge", "client", news=True, about="version", under="proposal.card", mail="named"),
        Show("proposal.twin", "staff"),
    ),
    Kind.PROJECT_ADVANCED: (Show("project.moved", "client", news=True, about="move", mail="contact"), *TWIN, *STATUS),
    Kind.PROJECT_ADVANCE_HELD: TWIN,
    Kind.PROJECT_ADVANCE_UNDONE: TWIN,
    Kind.PROJECT_ASSIGNED: (*TWIN, *STATUS),
    Kind.PROJECT_COMPLETED: (Show("project.moved", "client", news=True, about="move", mail="contact"), *TWIN, *STATUS),
    Kind.PROJECT_DATED: (*TWIN, *STATUS),
    Kind.PROJECT_MOVED_BACK: (Show("project.moved", "client", news=True, about="move", mail="contact"), *TWIN, *STATUS),
    Kind.PROJECT_PAUSED: (*TWIN, *STATUS),
    Kind.PROJECT_RESUMED: (*TWIN, *STATUS),
    Kind.PROJECT_STARTED: TWIN,
    # Everyone gets the copy itself by mail, from the job paper.mail.
    Kind.PROPOSAL_CERTIFIED: (OFFER, Show("proposal.twin", "staff")),
    Kind.PROPOSAL_CHANGES_REQUESTED: (
        Show("proposal.changes", "staff", news=True, under="proposal.twin"),
        Show("proposal.twin", "staff"),
    ),
    Kind.PROPOSAL_DECLINED: (*PROPOSAL, Show("proposal.declined", "staff", news=True, under="proposal.twin"), *STATUS),
    Kind.PROPOSAL_DRAFTED: (Show("proposal.draft", "staff"),),
    Kind.PROPOSAL_EDITED: (Show("proposal.draft", "staff"),),
    Kind.PROPOSAL_ENDING: (
        Show("proposal.ending", "staff", news=True, under="proposal.twin"),
        Show("proposal.twin", "staff"),
    ),
    Kind.PROPOSAL_EXPIRED: (*PROPOSAL, *STATUS),
    Kind.PROPOSAL_QUOTE_ASKED: (Show("proposal.draft", "staff"), *STATUS),
    Kind.PROPOSAL_SENT: (Show("proposal.draft", "staff"), *TO_SIGN, *STATUS),
    Kind.PROPOSAL_SIGNED: (
        *TO_SIGN,
        Show("proposal.signed", "client", news=True, about="version", under="proposal.card"),
        *STATUS,
    ),
    # The card of the version that it took the place of; PROPOSAL_SENT, which comes with it, brings the new one.
    Kind.PROPOSAL_SUPERSEDED: (OFFER,),
    Kind.PROPOSAL_VIEWED: (Show("proposal.twin", "staff"),),
    Kind.PROPOSAL_WITHDRAWN: (Show("proposal.draft", "staff"), *PROPOSAL, *STATUS),
}

SILENT = frozenset(
    {
        Kind.COMPANY_CUSTOMER_MADE,
        Kind.COUPON_MADE,
        Kind.COUPON_RETIRED,
        Kind.ENGAGEMENT_OPENED,  # its channels are not there yet; ENGAGEMENT_CHANNELS_MADE speaks
        Kind.ENGAGEMENT_RECORD_FORGOTTEN,
        Kind.ENGAGEMENT_STAGE_PASSED,
        Kind.EXPORT_FETCHED,
        Kind.LINK_OPENED,
        Kind.LINK_REFUSED,  # whoever typed has read why; it is for the trail
        Kind.ORDER_MADE,
        Kind.ORGANIZATION_SET,
        Kind.ORGANIZATION_STARTED,
        Kind.PERSON_ERASED,
        Kind.PROPOSAL_SIGN_REFUSED,  # the signer has read why; it is for the trail
        Kind.ROLE_GIVEN,
        Kind.SERVICE_EDITED,
        Kind.SERVICE_MADE,
        Kind.SERVICE_PRICED,
        Kind.SERVICE_RETIRED,
        Kind.SUBSCRIPTION_ENDED,
        Kind.SUBSCRIPTION_STARTED,
    }
)
"""What is recorded and told to nobody; a test holds that every kind is either here or in ANNOUNCED."""


@handler("event.announce")
async def announce(works: Works, job: Claimed) -> None:
    """Make one send job for each place that hears of the event, in that place's lane, unique on (event, place, card)."""
    async with works.db.transaction(job.tenant) as session:
        event = await events.get(session, uuid.UUID(job.payload["event"]))
        engagement = await engagements.by_id(session, event.engagement_id) if event.engagement_id else None
        if engagement is None:
            return
        for show in ANNOUNCED.get(Kind(event.kind), ()):
            for subject in await subjects(session, event, show):
                for place in await places(session, engagement, show, subject, event):
                    by_mail = place.startswith("mail:")
                    payload = {"card": show.card, "place": place, "subject": str(subject), "event": str(event.id)}
                    flags = {"news": show.news, "under": show.under, "pin": show.pin}
                    await jobs.enqueue(
                        session,
                        "mail.show" if by_mail else "post.show",
                        lane=place if by_mail else f"slack:{place}",
                        payload={**payload, **{name: value for name, value in flags.items() if value}},
                        organization_id=job.tenant,
                        dedupe=f"{event.id}:{place}:{show.card}:{subject}",
                    )
