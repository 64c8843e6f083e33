// The workspace page: puts the panes together and draws again whenever something changed.
import { patch, toast } from "./dom.js";
import { announce, appChannel, channel, follow, go, onChange, refresh, refusing, remember, store } from "./state.js";
import { channelItems, showMessages } from "./channel.js";
import { showReplies, threadItems } from "./thread.js";
import { appTabs, homeItems, noticeHome, showHome } from "./home.js";
import { inviteItems } from "./invites.js";
import { sidebarItems } from "./sidebar.js";
import { shell } from "./shell.js";
import { showModals } from "./modal.js";
import { placeName } from "./names.js";

const side = document.getElementById("sidebar");
const main = document.getElementById("main");
const aside = document.getElementById("thread");
const offline = document.getElementById("offline");

function mainItems() {
  if (store.place === "home") return [...homeItems(), ...inviteItems()];
  if (!store.place) return inviteItems();
  const items = channelItems();
  const mine = appChannel();
  if (mine && store.place === mine.id) items.splice(1, 0, appTabs("messages"));
  return items;
}

function draw() {
  offline.hidden = store.online;
  if (!store.state) return;
  document.body.dataset.pane = store.thread ? "thread" : store.place ? "main" : "list";
  shell("workspace");
  patch(side, [...sidebarItems(), ...(document.body.dataset.pane === "list" ? inviteItems() : [])]);
  patch(main, mainItems());
  showHome(main);
  showMessages(main);
  patch(aside, threadItems());
  aside.hidden = !store.thread;
  showReplies(aside);
  showModals();
  noticeHome();
  title();
}

function title() {
  const unread = store.state.channels.reduce((sum, one) => sum + (one.unread ?? 0), 0);
  const one = channel();
  const where = store.place === "home" ? "Home" : one ? placeName(one) : store.state.me.team_name;
  document.title = `${unread ? `(${unread}) ` : ""}${where}, as ${store.state.me.real_name} · Throughline sandbox`;
}

/** The first place of somebody who just arrived; a phone begins with the list. */
function settle() {
  const known = store.place === "home" || channel();
  if (known) return remember(false);
  store.thread = "";
  store.place = matchMedia("(max-width: 760px)").matches ? "" : (store.state.channels.find((one) => one.name === "general" && !one.is_archived) ?? store.state.channels.find((one) => !one.is_archived))?.id ?? "";
  remember(false);
  return store.place ? refresh() : announce();
}

onChange(draw);
document.addEventListener("go", (event) => {
  store.jump = event.detail.ts ?? "";
  go(event.detail.channel, event.detail.thread ?? "");
});
document.addEventListener("mails-read", announce);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && store.thread && !document.querySelector("dialog[open]")) go(store.place);
});

const asked = /^#message-(\w+)-([\d.]+)$/.exec(location.hash);
if (asked) [, store.place, store.jump] = asked;

const begun = await refusing(() => refresh().then(() => true));
if (begun) {
  await settle();
  document.body.removeAttribute("data-loading");
} else toast("The sandbox does not answer. Is it still running?", "problem");

const GATHER_MS = 60; // several pushes in a burst become one look
let soon = null;
follow(() => {
  soon ??= setTimeout(() => {
    soon = null;
    refusing(refresh);
  }, GATHER_MS);
});
