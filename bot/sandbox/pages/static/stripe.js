// The Stripe account as its owner would see it: customers, invoices with the page where they are paid, and the events that were sent.
import { h, patch, toast } from "./dom.js";
import { follow, get, refresh, refusing } from "./state.js";
import { shell } from "./shell.js";
import { full } from "./time.js";
import { link } from "./mrkdwn.js";

const main = document.getElementById("main");
let account = { customers: [], invoices: [], events: [] };

async function look() {
  await refresh();
  account = await get("/stripe/account");
  draw();
}

const when = (seconds) => (seconds ? full(new Date(seconds * 1000)) : "");

function draw() {
  shell("stripe");
  const { customers, invoices, events } = account;
  patch(main, [
    { key: "head", sign: "", make: () => h("header", { class: "account-head" }, h("h1", {}, "Stripe account"), h("p", { class: "quiet" }, "A stand-in for Stripe. No money moves; the test card 4242 pays, another is declined.")) },
    part("invoices", "Invoices", invoices, invoiceTable),
    part("customers", "Customers", customers, customerTable),
    part("events", "Events sent to the product", events, eventTable),
  ]);
}

function part(key, title, rows, table) {
  return { key, sign: JSON.stringify(rows), make: () => h("section", { class: "account-part", "data-part": key }, h("h2", {}, title, h("span", { class: "quiet small" }, ` ${rows.length}`)), rows.length ? h("div", { class: "table-scroll" }, table(rows)) : h("p", { class: "quiet" }, "None yet.")) };
}

function table(heads, rows) {
  return h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows));
}

function status(words) {
  return h("span", { class: `badge status-${words}` }, words);
}

function invoiceTable(rows) {
  const names = new Map(account.customers.map((one) => [one.id, one.name ?? one.email ?? one.id]));
  return table(
    ["Number", "Customer", "Amount", "Status", "Due", ""],
    rows.map((one) =>
      h(
        "tr",
        { "data-invoice": one.id },
        h("td", {}, one.number ?? h("span", { class: "quiet" }, "draft")),
        h("td", {}, names.get(one.customer) ?? one.customer),
        h("td", { class: "money" }, one.shown),
        h("td", {}, status(one.status)),
        h("td", { class: "quiet" }, when(one.due_date)),
        h("td", {}, one.hosted_invoice_url ? link(one.hosted_invoice_url, one.status === "open" ? "Pay page" : "Page", { "data-pay": one.id }) : null),
      ),
    ),
  );
}

function customerTable(rows) {
  return table(
    ["Name", "E-mail", "Id", "Since"],
    rows.map((one) => h("tr", { "data-customer": one.id }, h("td", {}, one.name ?? ""), h("td", {}, one.email ?? ""), h("td", {}, h("code", {}, one.id)), h("td", { class: "quiet" }, when(one.created)))),
  );
}

/** What came of sending an event: arrived, still being tried, or given up. */
function delivery(event) {
  const last = event.deliveries.at(-1);
  const tries = event.deliveries.length > 1 ? h("span", { class: "quiet small" }, ` ${event.deliveries.length} tries`) : null;
  if (last && last.status >= 200 && last.status < 300) return [status("delivered"), tries];
  if (event.pending) return [status("waiting"), tries];
  return last ? [status("failed"), h("span", { class: "quiet small" }, ` ${last.error ?? last.status ?? ""}`)] : h("span", { class: "quiet small" }, "not sent");
}

function eventTable(rows) {
  return table(
    ["What", "Id", "When", "Delivery"],
    rows.map((one) =>
      h("tr", { "data-event": one.id }, h("td", {}, one.type), h("td", {}, h("code", {}, one.id)), h("td", { class: "quiet" }, when(one.created)), h("td", {}, delivery(one))),
    ),
  );
}

const ready = await refusing(() => look().then(() => true));
if (!ready) toast("The Stripe account cannot be read. Is the sandbox still running?", "problem");
document.body.removeAttribute("data-loading");
follow(() => refusing(look));
