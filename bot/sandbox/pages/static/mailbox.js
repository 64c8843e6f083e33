// The mailbox: every mail that the product or the sandbox's Slack sent, newest first; HTML is shown in a closed frame.
import { h, patch, toast } from "./dom.js";
import { follow, get, post, refresh, refusing, store } from "./state.js";
import { markMailRead, readMails, shell } from "./shell.js";
import { ago, full } from "./time.js";
import { link } from "./mrkdwn.js";

const main = document.getElementById("main");
let mails = [];
let open = new URLSearchParams(location.search).get("mail") ?? "";
let asText = false;

async function look() {
  await refresh();
  mails = (await get("/mailbox/mails")).mails;
  draw();
}

function show(id) {
  open = id;
  markMailRead(id);
  const query = new URLSearchParams(location.search);
  if (id) query.set("mail", id);
  else query.delete("mail");
  history.replaceState(null, "", `?${query}`);
  draw();
}

function draw() {
  shell("mailbox");
  const read = readMails();
  const one = mails.find((mail) => mail.id === open);
  document.body.dataset.pane = one ? "main" : "list";
  patch(main, [
    { key: "list", sign: JSON.stringify([mails.map((mail) => [mail.id, read.has(mail.id)]), open]), make: () => list(read) },
    one ? { key: `mail/${one.id}`, sign: String(asText), make: () => letter(one) } : { key: "none", sign: String(mails.length), make: none },
  ]);
}

function none() {
  return h("div", { class: "letter empty" }, mails.length ? "Choose a mail." : "No mail yet. What Throughline and Slack send arrives here, and goes nowhere else.");
}

function list(read) {
  return h(
    "nav",
    { class: "mails", "aria-label": "Mails" },
    h("h1", {}, "Mailbox"),
    mails.map((mail) =>
      h(
        "button",
        { type: "button", class: `mail${mail.id === open ? " current" : ""}${read.has(mail.id) ? "" : " unread"}`, "data-mail": mail.id, onclick: () => show(mail.id) },
        h("span", { class: "mail-top" }, h("span", { class: "mail-to" }, mail.to.join(", ")), h("time", { class: "quiet small" }, ago(new Date(mail.at)))),
        h("span", { class: "mail-subject" }, mail.subject || "(no subject)"),
        h("span", { class: "quiet small mail-from" }, `from ${mail.sender}`),
      ),
    ),
  );
}

function letter(mail) {
  const paper = mail.html && !asText
    ? h("iframe", { class: "paper", sandbox: "allow-popups allow-popups-to-escape-sandbox", src: `/mailbox/${encodeURIComponent(mail.id)}/html`, title: "The mail", referrerpolicy: "no-referrer" })
    : h("pre", { class: "paper words" }, linked(mail.text || "(no text)"));
  const choice = (label, value) => h("button", { type: "button", class: `tab${asText === value ? " current" : ""}`, "aria-pressed": String(asText === value), onclick: () => { asText = value; draw(); } }, label);
  return h(
    "article",
    { class: "letter", "data-open-mail": mail.id },
    h("button", { type: "button", class: "linkish back", onclick: () => show("") }, "‹ All mails"),
    h("h2", {}, mail.subject || "(no subject)"),
    h("p", { class: "quiet small" }, `From ${mail.sender} to ${mail.to.join(", ")}, ${full(new Date(mail.at))}`),
    (mail.files || []).length ? h("p", { class: "files" }, "📎 ", mail.files.map((name, at) => h("a", { href: `/mailbox/${encodeURIComponent(mail.id)}/files/${at}`, download: name }, name))) : null,
    mail.html ? h("div", { class: "tabs" }, choice("As it looks", false), choice("As plain text", true)) : null,
    paper,
    mail.answer_to ? answer(mail) : null,
    h("details", { class: "quiet small" }, h("summary", {}, "Headers"), h("dl", { class: "headers" }, Object.entries(mail.headers).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))),
  );
}

function answer(mail) {
  const words = h("textarea", { class: "field", name: "text", rows: "3", required: true, "aria-label": "Your reply", placeholder: `Reply as ${mail.to[0]}` });
  const send = async (event) => {
    event.preventDefault();
    if (!words.value.trim()) return;
    const sent = await refusing(() => post(`/mailbox/${encodeURIComponent(mail.id)}/reply`, { text: words.value }).then(() => true));
    if (!sent) return;
    words.value = "";
    toast("Sent. It joins the conversation.");
    await refusing(look);
  };
  return h("form", { class: "answer", onsubmit: send }, words, h("button", { type: "submit", class: "button primary" }, "Reply"));
}

function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/).map((part, at) => (at % 2 ? link(part, part) : part));
}

const ready = await refusing(() => look().then(() => true));
if (!ready) toast("The mailbox cannot be read. Is the sandbox still running?", "problem");
document.body.removeAttribute("data-loading");
if (store.state && open) show(open);
follow(() => refusing(look));
