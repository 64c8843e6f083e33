"""Invoices as people see them: the client's card, the staff's twin, the news of money, and the lists."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from core.invoices import Bill


def title_of(bill: Bill) -> str:
    """What it is called, and for what."""
    return f"{bill.name}: {bill.title}"


def _late(bill: Bill) -> str:
    return f"{bill.days_late} day{'' if bill.days_late == 1 else 's'} late"


def _due(bill: Bill) -> str:
    if bill.due_on is None:
        return ""
    if bill.days_late:
        return f"{_late(bill)} (it was due {kit.day(bill.due_on)})"
    return f"Due {kit.day(bill.due_on)}"


def _paid(bill: Bill) -> str:
    day = f"{bill.paid_on:%-d %b}" if bill.paid_on else ""
    return f"Paid by {bill.payer}, {day}." if bill.payer else f"Paid, {day}." if bill.total else "Nothing to pay."


def lines_of(bill: Bill) -> list[Block]:
    """What it is for, line by line, with the amounts."""
    rows = [
        kit.md("{title} · {amount}", title=line.title, amount=line.amount.show(bill.locale))
        if line.quantity == 1
        else kit.md(
            "{title}, {count} × {unit} · {amount}",
            title=line.title,
            count=line.quantity,
            unit=line.unit.show(bill.locale),
            amount=line.amount.show(bill.locale),
        )
        for line in bill.lines
    ]
    shown = rows[:12] + ([kit.md("and {count} more", count=len(rows) - 12)] if len(rows) > 12 else [])
    return [kit.section(kit.join(shown, "\n"))] if shown else []


# what the client channel reads


def card(bill: Bill) -> Card | None:
    """The card in the client channel, once the invoice has reached the client; its amount only where it is shown."""
    if not bill.reached_client:
        return None
    amount = bill.amount if bill.show_amounts else ""
    blocks = [kit.section(kit.md("*{title}*", title=title_of(bill)))]
    ask = kit.button("Ask about this", "invoice.ask", bill.id)
    more = kit.more(
        "invoice.client_more",
        [
            *(
                [("Tell " + bill.recipient, f"invoice.tell:{bill.id}")]
                if bill.status in ("open", "uncollectible")
                else []
            ),
            *([("PDF", f"invoice.paper:{bill.id}")] if bill.pdf_url and bill.status != "paid" else []),
            ("Open my page", f"page.open:{bill.engagement_id}"),
            (f"For {bill.agency}", f"engagement.staff:{bill.engagement_id}"),
        ],
    )
    if bill.status == "paid":
        thanks = f"{_paid(bill)} Thank you."
        paper = bill.total and (bill.hosted_url or bill.pdf_url)
        receipt = kit.button("Receipt", "invoice.paper", bill.id) if paper else None
        blocks += [kit.section(kit.join([amount, thanks])), kit.actions(receipt, ask, more)]
        return Card(kit.md("{title}. {thanks}", title=title_of(bill), thanks=thanks), blocks)
    if bill.status == "void":
        gone = "It was withdrawn. Nothing is to be paid."
        blocks += [kit.section(gone), kit.actions(ask, more)]
        return Card(kit.md("{title}. {gone}", title=title_of(bill), gone=gone), blocks)
    blocks.append(kit.section(kit.join([amount, _due(bill)])))
    blocks.append(kit.actions(kit.button("Pay", "invoice.pay", bill.id, style="primary"), ask, more))
    return Card(
        kit.md(
            "{agency} sent {name}: {title}. {due}.",
            agency=bill.agency,
            name=bill.called,
            title=bill.title,
            due=_due(bill),
        ),
        blocks,
    )


def reminder(bill: Bill, asked_by: str) -> Card | None:
    """A word to whoever is to pay, under the card; `asked_by` is a colleague of theirs who had them told."""
    if bill.status not in ("open", "uncollectible") or bill.due_on is None:
        return None
    who = kit.md("{mention} ", mention=kit.user(bill.recipient_slack_id)) if bill.recipient_slack_id else kit.Raw("")
    if asked_by:
        words = f"{asked_by} asked us to tell you: {bill.called} is for you to pay, by {kit.day(bill.due_on)}."
    elif bill.days_late:
        words = f"{bill.name} was due {kit.day(bill.due_on)}. Anything in the way?"
    else:
        words = f"{bill.name} is due {kit.day(bill.due_on)}. Is anything missing that you need for it?"
    row = kit.actions(kit.button("Pay", "invoice.pay", bill.id), kit.button("Ask about this", "invoice.ask", bill.id))
    name = bill.recipient
    return Card(
        kit.md("{name}: {words}", name=name, words=words),
        [kit.section(kit.md("{who}{words}", who=who, words=words)), row],
    )


# what staff read


def _standing(bill: Bill) -> str:
    match bill.status:
        case "draft":
            return f"Draft for {bill.recipient}. {bill.client} does not see it yet.{_planned(bill)}"
        case "sending":
            return f"On its way to {bill.recipient}."
        case "stuck":
            return f"It could not be issued, so {bill.recipient} has not seen it."
        case "paid":
            return f"{_paid(bill).removesuffix('.')} ({bill.method})." if bill.method else _paid(bill)
        case "void":
            return f"Withdrawn. {bill.void_reason}".strip()
    seen = f"{bill.viewer} opened it" if bill.viewer else f"{bill.recipient} has not opened it yet"
    return f"{_due(bill)} · {seen}"


def _planned(bill: Bill) -> str:
    """When a draft of a signed schedule goes out."""
    match bill.waits_for:
        case "date" if bill.planned_on:
            return f" It goes out by itself on {kit.day(bill.planned_on)}."
        case "milestone":
            return " It is due when its milestone is reached: send it then. At the latest it goes out with the handoff."
        case "completion":
            return " It goes out by itself when the work is handed off."
    return ""


def twin(bill: Bill) -> Card:
    """The card in the staff channel, with the amount and staff's buttons."""
    blocks = [
        kit.section(
            kit.md(
                "*{title}* · {amount}\n{standing}", title=title_of(bill), amount=bill.amount, standing=_standing(bill)
            )
        )
    ]
    if bill.status in ("draft", "stuck"):
        blocks += lines_of(bill)
    if bill.trouble:
        blocks.append(kit.section(kit.md("*Please look:* {trouble}", trouble=bill.trouble)))
    void = kit.more("invoice.more", [("Show lines", f"invoice.show:{bill.id}"), ("Void", f"invoice.void:{bill.id}")])
    match bill.status:
        case "draft":
            blocks.append(kit.actions(kit.button("Send", "invoice.send", bill.id, style="primary"), void))
        case "stuck":
            blocks.append(kit.actions(kit.button("Try again", "invoice.retry", bill.id, style="primary"), void))
        case "open" | "uncollectible":
            blocks.append(
                kit.actions(
                    kit.button("Mark paid", "invoice.mark_paid", bill.id),
                    kit.button("Remind", "invoice.remind", bill.id),
                    void,
                )
            )
    return Card(
        kit.md("{title}, {amount}. {standing}", title=title_of(bill), amount=bill.amount, standing=_standing(bill)),
        blocks,
    )


def _news(words: str) -> Card:
    return Card(kit.Raw(kit.esc(words)), [kit.section(words)])


def paid_news(bill: Bill) -> Card:
    """Staff hear of the money, exactly."""
    who = bill.payer or bill.client
    how = f" ({bill.method})" if bill.method else ""
    return _news(f"{who} paid {bill.called}: {bill.amount}{how}.")


def failed_news(bill: Bill, code: str = "") -> Card:
    """Staff hear exactly that and why a payment was declined; the client's channel hears nothing."""
    who = bill.viewer or bill.recipient
    why = "" if code in ("", "card_declined", "generic_decline") else f" ({code.replace('_', ' ')})"
    return _news(
        f"{who} tried to pay {bill.called} ({bill.amount}), and the card was declined{why}. "
        "They can try again with another one; only they and you know of it."
    )


def trouble_news(bill: Bill) -> Card | None:
    """Staff hear what stands in the way; nothing, once it is out of the way."""
    return _news(f"{bill.name}: {bill.trouble}") if bill.trouble else None


def listing(bills: Sequence[Bill], title: str, *, everywhere: bool) -> Card:
    """All invoices in a line each, the overdue first."""
    blocks = [kit.header(title)]
    for bill in bills:
        standing = {
            "draft": "draft",
            "sending": "on its way",
            "stuck": "could not be issued",
            "void": "withdrawn",
            "paid": _paid(bill),
        }
        client = bill.client if everywhere else ""
        head = kit.md("*{title}*", title=title_of(bill))
        blocks.append(kit.section(kit.join([head, client, bill.amount, standing.get(bill.status) or _due(bill)])))
    if not bills:
        blocks.append(
            kit.section(
                kit.Raw("No invoices yet. The first comes with a signed proposal; `/invoice new` writes one by hand.")
            )
        )
    return Card(title, kit.fits(blocks))


def page(bill: Bill) -> Card:
    """One invoice with its lines, for staff."""
    whole = twin(bill)
    head, rest = list(whole.blocks[:1]), list(whole.blocks[1:])
    return Card(whole.text, [*head, *([] if bill.status in ("draft", "stuck") else lines_of(bill)), *rest])
