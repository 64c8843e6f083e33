"""The forms around invoices: each restates amount and recipient, the second look before money moves."""

from collections.abc import Sequence
from datetime import date

from bot.blocks import kit
from bot.blocks.invoices.cards import lines_of, reminder, title_of
from bot.blocks.kit import Block
from core.invoices import Bill

RECIPIENTS = 100


def pay_modal(bill: Bill) -> Block:
    """The amount and the way to pay it, for those who may; never in the channel itself."""
    blocks = [kit.section(kit.md("*{title}*", title=title_of(bill))), *lines_of(bill)]
    due = f", due {kit.day(bill.due_on)}" if bill.due_on else ""
    blocks.append(kit.section(kit.md("*{amount}* to {agency}{due}", amount=bill.amount, agency=bill.agency, due=due)))
    if bill.hosted_url:
        link = kit.button(f"Pay {bill.amount}", "invoice.link", bill.id, style="primary", url=bill.hosted_url)
        blocks += [kit.actions(link), kit.context(f"Opens Stripe's page. {bill.agency} never sees your card.")]
    else:
        blocks += [
            kit.said(bill.bank_details),
            kit.context(f"Please give {bill.serial} as the reference of the transfer."),
        ]
    return kit.modal("invoice.pay", "Pay the invoice", blocks)


def paper_modal(bill: Bill) -> Block:
    """The invoice on paper: its lines, and where its PDF and its receipt are."""
    due = f", due {kit.day(bill.due_on)}" if bill.due_on and bill.status != "paid" else ""
    state = f", paid {bill.paid_on:%-d %b}" if bill.status == "paid" and bill.paid_on else due
    blocks = [kit.section(kit.md("*{title}*", title=title_of(bill))), *lines_of(bill)]
    blocks.append(
        kit.section(kit.md("*{amount}* to {agency}{state}", amount=bill.amount, agency=bill.agency, state=state))
    )
    links = [
        kit.button(label, "invoice.link", bill.id, url=url)
        for label, url in (
            ("Open the receipt", bill.hosted_url if bill.status == "paid" else ""),
            ("Open the PDF", bill.pdf_url),
        )
        if url
    ]
    # Slack wants each button of a row to have an id of its own.
    for number, button in enumerate(links):
        button["action_id"] = "invoice.link" if number == 0 else "invoice.link_too"
    blocks.append(
        kit.actions(*links)
        if links
        else kit.context(f"It was settled by bank transfer: {bill.agency} has no receipt of Stripe's for it.")
    )
    return kit.modal("invoice.paper", "Receipt" if bill.status == "paid" else "Invoice", blocks)


def send_form(bill: Bill, *, due_on: date, where: str, readers: int, outsiders: int) -> Block:
    """The second look before an invoice leaves: to whom, how much, by when, and who will read of it."""
    shown = "The amount is shown there." if bill.show_amounts else "The amount is not shown there."
    crowd = (
        f"{readers} people read this channel, {outsiders} from other companies."
        if readers
        else "everybody there can read it."
    )
    told = kit.md("It stands in {where}: {crowd} {shown}", where=kit.Raw(where), crowd=crowd, shown=shown)
    audience = told if where.startswith("<#") else kit.md("It goes to {where}.", where=kit.Raw(where))
    return kit.modal(
        "invoice.send",
        "Send the invoice",
        [
            kit.section(
                kit.md(
                    "*{title}*\n{amount} to {who}, {client}",
                    title=bill.title,
                    amount=bill.amount,
                    who=bill.recipient,
                    client=bill.client,
                )
            ),
            *lines_of(bill),
            kit.date_input("due_on", "Due on", initial=due_on),
            kit.context(audience, "On sending it gets its number, and can no longer be changed."),
        ],
        submit="Send",
        close="Not now",
        private=bill.id,
    )


def new_form(private: str, clients: Sequence[tuple[str, str]], *, title: str, initial: str, currency: str) -> Block:
    """The form that drafts an invoice by hand: (id, name) of the client's people."""
    return kit.modal(
        "invoice.new",
        "New invoice",
        [
            kit.text_input("title", "What it is for", initial=title, placeholder="Extra work in November", limit=150),
            kit.text_input(
                "lines",
                "Lines",
                placeholder="Extra work, 2 × 150",
                multiline=True,
                hint=f"One a line, with its price in {currency}.",
            ),
            kit.select(
                "client",
                "To whom",
                [kit.option(name, user_id) for user_id, name in clients[:RECIPIENTS]],
                initial=initial,
            ),
        ],
        submit="Draft it",
        close="Cancel",
        private=private,
    )


def mark_paid_form(bill: Bill, *, today: date) -> Block:
    """The second look before a payment is noted by hand."""
    return kit.modal(
        "invoice.mark_paid",
        "Mark as paid",
        [
            kit.section(
                kit.md(
                    "*{amount}* from {client} came in for {name}?",
                    amount=bill.amount,
                    client=bill.client,
                    name=title_of(bill),
                )
            ),
            kit.text_input("reference", "How did it come", placeholder="Bank transfer, ref 4711", limit=200),
            kit.date_input("paid_on", "On which day", initial=today),
            kit.context("The client's card says that it is paid, and no more can be paid online."),
        ],
        submit="Mark paid",
        close="Not yet",
        private=bill.id,
    )


def void_form(bill: Bill) -> Block:
    """The second look before an invoice is withdrawn."""
    reads = (
        "The client's card says that nothing is to be paid." if bill.reached_client else "The client has not seen it."
    )
    return kit.modal(
        "invoice.void",
        "Void the invoice",
        [
            kit.section(
                kit.md(
                    "Withdraw {title}, *{amount}* to {client}?",
                    title=title_of(bill),
                    amount=bill.amount,
                    client=bill.client,
                )
            ),
            kit.text_input("reason", "Why, for your own record", limit=300),
            kit.context(f"{reads} It keeps its number." if bill.serial else reads),
        ],
        submit="Void it",
        close="Keep it",
        private=bill.id,
    )


def remind_form(bill: Bill, where: str) -> Block:
    """The second look before somebody is reminded: the very words."""
    told = reminder(bill, "")
    words = [block for block in told.blocks if block["type"] == "section"] if told else []
    place = "Stands under the invoice in {where}." if where.startswith("<#") else "Goes to {where}."
    return kit.modal(
        "invoice.remind",
        "Remind them",
        [*words, kit.context(kit.md(place, where=kit.Raw(where)))],
        submit="Remind",
        close="Not now",
        private=bill.id,
    )
