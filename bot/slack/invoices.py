"""What staff do with invoices, and how the client pays and asks: by command, button and form."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from bot.blocks import invoices as blocks
from bot.blocks import kit
from bot.blocks.projects import ask_form
from bot.slack.listener import Candidates, Heard, button, command, form
from bot.slack.replies import Done, Open, Reply, Say
from core import access, conversations, engagements, invoices, people
from core.access import Can
from core.errors import Invalid, NotFound
from core.invoices import Bill, Invoice


def among(*statuses: str) -> Candidates:
    """The invoices that a command may mean: the channel's engagement's, else all that the person may see."""

    async def candidates(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
        here = heard.engagement.id if heard.engagement else None
        return await invoices.candidates(heard.session, heard.actor, here, statuses)

    return candidates


@command("invoice", "", "All invoices, overdue first")
async def listed(heard: Heard) -> Reply:
    """List the invoices of this engagement, or of all."""
    here = heard.engagement
    found = await invoices.overview(heard.session, heard.actor, here.id if here else None)
    card = blocks.listing(found, f"Invoices of {here.title}" if here else "All invoices", everywhere=here is None)
    return Say(card.text, card.blocks)


@command("invoice", "show", "One invoice with its lines", hint="[which]", which=among(*invoices.STATUS.statuses))
@button("invoice.show")
async def show(heard: Heard) -> Reply:
    """Show one invoice."""
    card = blocks.page(await invoices.look(heard.session, heard.actor, heard.value))
    return Say(card.text, card.blocks, title="Invoice")


# writing and sending


@command("invoice", "new", "Draft an invoice by hand", hint="[title]")
async def new(heard: Heard) -> Reply:
    """Ask what it is for, and to whom it goes."""
    access.demand(heard.actor, Can.INVOICE_SEND)
    if heard.engagement is None:
        raise NotFound("Type this in an engagement's channel, so that I know for whom it is.")
    here = await engagements.people_of(heard.session, heard.engagement.id)
    clients = {str(user.id): user.name for user in (here.billing or here.contact, here.contact, *here.clients)}
    return Open(
        blocks.new_form(
            f"{heard.engagement.id} {uuid.uuid4()}",
            list(clients.items()),
            title=heard.words,
            initial=next(iter(clients)),
            currency=heard.house.currency,
        )
    )


@form("invoice.new")
async def drafted(heard: Heard) -> Reply:
    """Draft the invoice; its card with Send comes in the staff channel."""
    engagement_id, invoice_id = heard.value.split()
    lines = invoices.lines_from(heard.form.text("lines"), heard.house.currency)
    await invoices.new(
        heard.session,
        heard.actor,
        engagement_id=engagement_id,
        title=heard.form.text("title"),
        client_id=uuid.UUID(heard.form.text("client")),
        lines=lines,
        invoice_id=uuid.UUID(invoice_id),
    )
    return Done()


@command("invoice", "send", "Send a draft", hint="[which]", which=among("draft"))
@button("invoice.send")
async def send(heard: Heard) -> Reply:
    """Show the second look."""
    found = await invoices.look(heard.session, heard.actor, heard.value, Can.INVOICE_SEND)
    if found.status != "draft":
        card = blocks.twin(found)
        return Say(card.text, card.blocks, title="Already sent")
    due_on = invoices.today(heard.house) + timedelta(days=int(heard.house.setting("due_days")))
    engagement = await engagements.by_id(heard.session, uuid.UUID(found.engagement_id))
    crowd = await engagements.audience(heard.session, engagement)
    where = await _readers(heard, found)
    return Open(blocks.send_form(found, due_on=due_on, where=where, readers=crowd.readers, outsiders=crowd.outsiders))


@form("invoice.send")
async def sent(heard: Heard) -> Reply:
    """Number it, and send it on its way."""
    due_on = heard.form.day("due_on")
    if due_on is None:
        raise Invalid("By which day is it due?", field="due_on")
    await invoices.send(heard.session, heard.actor, heard.value, due_on)
    return Done()


@button("invoice.retry")
async def retry(heard: Heard) -> Reply:
    """Send what the processor refused on its way again."""
    invoice = await invoices.retry(heard.session, heard.actor, heard.value)
    return Say(f"{invoice.name} is on its way again. Its card tells how it went.", title="Trying again")


# reminding, and the end


@command("invoice", "remind", "Remind whoever is to pay", hint="[which]", which=among("open", "uncollectible"))
@button("invoice.remind")
async def remind(heard: Heard) -> Reply:
    """Show the very words before they are sent."""
    found = await invoices.look(heard.session, heard.actor, heard.value, Can.INVOICE_SEND)
    if found.status not in ("open", "uncollectible"):
        card = blocks.twin(found)
        return Say(card.text, card.blocks, title="Not to be paid")
    return Open(blocks.remind_form(found, await _readers(heard, found)))


@form("invoice.remind")
async def reminded(heard: Heard) -> Reply:
    """Remind them."""
    await invoices.remind(heard.session, heard.actor, heard.value)
    return Done()


@command(
    "invoice", "paid", "Note a payment that came another way", hint="[which]", which=among("open", "uncollectible")
)
@button("invoice.mark_paid")
async def mark_paid(heard: Heard) -> Reply:
    """Ask how the money came, restating how much."""
    found = await invoices.look(heard.session, heard.actor, heard.value, Can.INVOICE_SEND)
    return Open(blocks.mark_paid_form(found, today=invoices.today(heard.house)))


@form("invoice.mark_paid")
async def marked_paid(heard: Heard) -> Reply:
    """Note the payment."""
    paid_on = heard.form.day("paid_on")
    if paid_on is None:
        raise Invalid("On which day did it come?", field="paid_on")
    await invoices.mark_paid(
        heard.session, heard.actor, heard.value, reference=heard.form.text("reference"), paid_on=paid_on
    )
    return Done()


@command(
    "invoice", "void", "Withdraw an invoice", hint="[which]", which=among("draft", "stuck", "open", "uncollectible")
)
@button("invoice.void")
async def void(heard: Heard) -> Reply:
    """Ask why, restating what is withdrawn."""
    return Open(blocks.void_form(await invoices.look(heard.session, heard.actor, heard.value, Can.INVOICE_SEND)))


@form("invoice.void")
async def voided(heard: Heard) -> Reply:
    """Withdraw it."""
    await invoices.void(heard.session, heard.actor, heard.value, heard.form.text("reason"))
    return Done()


# the client's buttons


@button("invoice.pay")
async def pay(heard: Heard) -> Reply:
    """Show the amount and the way to pay to those who may; others are told who it is for."""
    invoice = await invoices.look_to_pay(heard.session, heard.actor, heard.value)
    return Open(blocks.pay_modal(await invoices.bill(heard.session, invoice)))


@button("invoice.paper")
async def paper(heard: Heard) -> Reply:
    """Show the way to the PDF, or to the receipt, to those who may see the amount."""
    invoice = await invoices.paper(heard.session, heard.actor, heard.value)
    return Open(blocks.paper_modal(await invoices.bill(heard.session, invoice)))


@button("invoice.link")
@button("invoice.link_too")
async def followed(heard: Heard) -> Reply:
    """Slack also tells us of a press on a link; the browser has it."""
    return Done(all=False)


@button("invoice.tell")
async def tell(heard: Heard) -> Reply:
    """Have whoever may pay told."""
    await invoices.tell(heard.session, heard.actor, heard.value)
    return Say("Told. Thank you for looking after it.", title="Told")


@button("invoice.ask")
async def ask(heard: Heard) -> Reply:
    """Ask for the question; staff are told whose button it is."""
    found: Bill = await invoices.look(heard.session, heard.actor, heard.value)
    if heard.actor.side == "staff":
        return Say("This opens the client's question to you. To write to them, use `/conversation start`.")
    return Open(ask_form("invoice.ask", found.id, f"{found.name}: {found.title}", heard.house.name))


@form("invoice.ask")
async def asked(heard: Heard) -> Reply:
    """Open a conversation about the invoice, with the words of the question first."""
    invoice = await access.fetch(heard.session, heard.actor, Can.INVOICE_SEE, Invoice, heard.value)
    await conversations.start(
        heard.session,
        heard.actor,
        engagement_id=invoice.engagement_id,
        topic=f"About {invoice.called}",
        words=heard.form.text("words"),
        subject="invoice",
        subject_id=invoice.id,
        key=heard.key,
    )
    return Say(f"Passed to {heard.house.name}. The answer comes in this channel.", title="Thank you")


async def _readers(heard: Heard, bill: Bill) -> str:
    """Where the client reads of it: their channel, else their mail."""
    engagement = await engagements.by_id(heard.session, uuid.UUID(bill.engagement_id))
    if engagement.connection == "connected" and engagement.channel_id:
        return kit.channel(engagement.channel_id)
    contact = (await people.get(heard.session, [engagement.contact_id]))[engagement.contact_id]
    return kit.md("{name} by mail", name=contact.first_name)
