"""The page on which an invoice is paid: for whom, its lines, a choice of cards; and the invoice as a small PDF."""

from datetime import UTC, datetime
from html import escape

from bot.sandbox.stripe.objects import show
from bot.sandbox.stripe.wire import Json

_STYLE = """
:root { color-scheme: light; --ink: #1f2430; --soft: #667085; --line: #e4e7ec; --go: #2f5d50;
  --back: #f5f3ee }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif }
main { max-width: 30rem; margin: 0 auto; padding: 1.25rem 1rem 3rem }
.note { font-size: .8125rem; color: var(--soft); text-align: center; margin: 0 0 1.25rem }
.paper { background: #fff; border: 1px solid var(--line); border-radius: 14px; padding: 1.5rem;
  box-shadow: 0 1px 2px #0000000d }
.paper + .paper { margin-top: 1rem }
h1 { font-size: 1rem; font-weight: 600; margin: 0; color: var(--soft) }
.amount { font-size: 2.25rem; font-weight: 650; letter-spacing: -.02em; margin: .25rem 0 0;
  font-variant-numeric: tabular-nums }
.due { color: var(--soft); margin: 0 }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 1.25rem 0 0;
  font-size: .9375rem }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse; margin-top: 1.25rem; font-size: .9375rem }
td { padding: .6rem 0; border-top: 1px solid var(--line); vertical-align: top }
td:last-child { text-align: right; white-space: nowrap; padding-left: 1rem;
  font-variant-numeric: tabular-nums }
tr.total td { font-weight: 650 }
fieldset { border: 0; margin: 0; padding: 0 } legend { font-weight: 600; padding: 0; margin-bottom: .75rem }
label { display: flex; gap: .75rem; align-items: center; padding: .8rem .9rem; border: 1px solid var(--line);
  border-radius: 10px; margin-bottom: .5rem; cursor: pointer }
label:has(:checked) { border-color: var(--go); background: #f2f7f5 }
label small { display: block; color: var(--soft) } input { accent-color: var(--go); width: 1.1rem;
  height: 1.1rem; margin: 0 }
button { width: 100%; margin-top: .75rem; padding: .9rem; border: 0; border-radius: 10px;
  background: var(--go); color: #fff;
  font: inherit; font-weight: 600; cursor: pointer }
button:hover { background: #264b41 } :focus-visible { outline: 3px solid #8fb8aa; outline-offset: 2px }
.sorry { background: #fdf1ef; border: 1px solid #efc9c2; border-radius: 10px; padding: .75rem .9rem;
  margin: 0 0 1rem }
.done { display: flex; gap: .75rem; align-items: center; font-weight: 600; margin: 0 }
.done span { flex: none; display: grid; place-items: center; width: 2rem; height: 2rem; border-radius: 50%;
  background: var(--go); color: #fff }
a { color: var(--go) } .links { text-align: center; font-size: .875rem; margin: 1.25rem 0 0 }
"""

_CHOICES = (
    ("4242", "Visa ending 4242", "goes through"),
    ("0002", "Visa ending 0002", "is declined"),
)


def day(seconds: int | None) -> str:
    """A date as people write it: 28 November 2026."""
    if seconds is None:
        return ""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%B %Y}"


def render(bill: Json, *, paid_with: str | None, sorry: str | None) -> str:
    """The page for this invoice as it stands now."""
    state = {
        "open": f"Due {day(bill['due_date'])}" if bill["due_date"] else "Due now",
        "paid": f"Paid on {day(bill['status_transitions']['paid_at'])}",
        "void": "This invoice was voided. There is nothing to pay.",
        "uncollectible": "No longer expected, but it can still be paid.",
    }[bill["status"]]
    lines = "".join(
        f"<tr><td>{escape(one['description'] or '')}</td><td>{escape(show(one['amount'], bill['currency']))}</td></tr>"
        for one in bill["lines"]["data"]
    )
    total = escape(show(bill["total"], bill["currency"]))
    details = "".join(
        f"<dt>{name}</dt><dd>{escape(value)}</dd>"
        for name, value in (
            ("Invoice", bill["number"] or ""),
            ("For", bill["customer_name"] or bill["customer_email"] or ""),
            ("About", bill["description"] or ""),
        )
        if value
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Invoice {escape(bill["number"] or "")}</title><link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body><main>
<p class="note">A sandbox: no card is charged and no money moves.</p>
<section class="paper"><h1>{escape(bill["account_name"] or "")}</h1>
<p class="amount">{total}</p><p class="due">{escape(state)}</p><dl>{details}</dl>
<table><tbody>{lines}<tr class="total"><td>Total</td><td>{total}</td></tr></tbody></table></section>
{_below(bill, paid_with, sorry, total)}
<p class="links"><a href="{escape(_pdf_path(bill))}">Download as PDF</a></p>
</main></body></html>
"""


def _pdf_path(bill: Json) -> str:
    return "/stripe" + str(bill["invoice_pdf"]).partition("/stripe")[2]


def _below(bill: Json, paid_with: str | None, sorry: str | None, total: str) -> str:
    if bill["status"] == "paid":
        by = f" with {paid_with}" if paid_with else ""
        tick = '<span aria-hidden="true">✓</span>'
        return f'<section class="paper"><p class="done">{tick}Paid{escape(by)}. Thank you.</p></section>'
    if bill["status"] == "void":
        return ""
    choices = "".join(
        f'<label><input type="radio" name="card" value="{last4}"{" checked" if place == 0 else ""}>'
        f"<span>{escape(name)}<small>{escape(what)}</small></span></label>"
        for place, (last4, name, what) in enumerate(_CHOICES)
    )
    told = f'<p class="sorry" role="alert">{escape(sorry)} Nothing was charged. Try another card.</p>' if sorry else ""
    return (
        f'<section class="paper">{told}<form method="post"><fieldset><legend>Pay with</legend>{choices}</fieldset>'
        f'<button type="submit">Pay {total}</button></form></section>'
    )


def nothing_here() -> str:
    """The page for an address that belongs to no invoice."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>No invoice here</title><link rel='icon' href='data:,'><style>{_STYLE}</style><main><section class='paper'>"
        "<p class='done'>There is no invoice at this address.</p></section></main></html>"
    )


def pdf(bill: Json) -> bytes:
    """The invoice as one page of plain PDF."""
    rows = [
        (20, str(bill["account_name"])),
        (12, f"Invoice {bill['number']}"),
        (12, f"For {bill['customer_name'] or bill['customer_email'] or ''}"),
        (12, f"Due {day(bill['due_date'])}" if bill["due_date"] else ""),
        (12, ""),
        *(
            (12, f"{one['description'] or ''}: {show(one['amount'], bill['currency'])}")
            for one in bill["lines"]["data"]
        ),
        (12, ""),
        (14, f"Total {show(bill['total'], bill['currency'])}"),
        (12, {"paid": "Paid. Thank you.", "void": "Void."}.get(bill["status"], "")),
    ]
    down = 780
    text = []
    for size, words in rows[:45]:
        safe = words.encode("cp1252", "replace").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
        text.append(b"BT /F1 %d Tf 56 %d Td (%s) Tj ET" % (size, down, safe))
        down -= size + 8
    stream = b"\n".join(text)
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, table)
    return bytes(out)
