// The strip at the top of every page: what this place is, who one is, the clock that can be moved, the mailbox and the Stripe account.
import { h, busy, icon, patch } from "./dom.js";
import { post, refresh, refusing, store } from "./state.js";
import { identity } from "./people.js";
import { clock, now, shortDay } from "./time.js";

const READ = "throughline-sandbox-read-mails";

/** The mails that were opened in this browser. */
export function readMails() {
  return new Set(JSON.parse(localStorage.getItem(READ) ?? "[]"));
}

export function markMailRead(id) {
  const read = readMails();
  if (read.has(id)) return;
  read.add(id);
  localStorage.setItem(READ, JSON.stringify([...read].slice(-2000)));
}

addEventListener("storage", (event) => event.key === READ && document.dispatchEvent(new Event("mails-read")));

async function move(button, days) {
  await busy(button, () => refusing(() => post("/clock", { days })));
  await refresh();
  tick();
}

function mover(days, words) {
  return h("button", { type: "button", class: "button small", "data-clock": days, onclick: (event) => move(event.currentTarget, days) }, words);
}

function unreadMails() {
  const read = readMails();
  return (store.state?.mails ?? []).filter((id) => !read.has(id)).length;
}

/** Draw the strip into its element; `page` is workspace, mailbox or stripe. */
export function shell(page) {
  const { me } = store.state;
  const unread = unreadMails();
  const as = `?as=${store.as}`;
  const tab = (name, href, sign, words, count = 0) =>
    h("a", { class: `shell-link${page === name ? " current" : ""}`, href: href + as, "data-page": name, "aria-current": page === name ? "page" : null, title: words }, icon(sign), h("span", { class: "shell-words" }, words), count ? h("span", { class: "count loud", "data-mail-unread": count, "aria-label": `${count} unread` }, count) : null);
  document.body.dataset.side = me.agency ? "agency" : "client";
  patch(document.getElementById("shell"), [
    { key: "identity", sign: JSON.stringify([me, store.place]), make: identity },
    { key: "note", sign: "", make: () => h("p", { class: "sandbox-note" }, h("strong", {}, "Throughline sandbox"), h("span", { class: "sandbox-why" }, ": a stand-in for Slack on this computer.")) },
    {
      key: "clock",
      sign: "",
      make: () => h("div", { class: "clock", role: "group", "aria-label": "The sandbox's clock" }, icon("clock"), h("time", { id: "now", "data-now": true }), mover(1, "Next day"), mover(30, "Next month")),
    },
    { key: "places", sign: JSON.stringify([page, unread, store.as]), make: () => h("nav", { class: "shell-places", "aria-label": "The sandbox's places" }, tab("workspace", "/", "thread", "Workspace"), tab("mailbox", "/mailbox", "mail", "Mailbox", unread), tab("stripe", "/stripe", "card", "Stripe")) },
  ]);
  tick();
}

function tick() {
  const node = document.getElementById("now");
  if (!node) return;
  const words = `${shortDay(now())} ${now().getFullYear()}, ${clock(now())}`;
  if (node.textContent !== words) node.textContent = words;
}

setInterval(tick, 1000);
