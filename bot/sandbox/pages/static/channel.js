// A channel or direct message: its head, bookmarks, pins and messages, with days between them and what is new marked.
import { h, icon, iconButton, patch } from "./dom.js";
import { popover, walk } from "./popover.js";
import { link, mrkdwn, plain } from "./mrkdwn.js";
import { emojiNode } from "./emoji.js";
import { avatar, badge, personName, placeName } from "./names.js";
import { ago, day, dayKey, fromTs } from "./time.js";
import { announce, attempt, channel, go, refresh, store } from "./state.js";
import { edit, isQuiet, messageItem } from "./message.js";
import { composerItem } from "./composer.js";
import { details } from "./places.js";
import { inviteItems } from "./invites.js";

/** The items of the main pane for the place that is open. */
export function channelItems() {
  const one = channel();
  if (!one) return [{ key: "gone", sign: store.place, make: gone }];
  return [
    { key: `head/${one.id}`, sign: JSON.stringify([one.name, one.topic, one.members, one.teams, one.is_archived, one.pins, one.is_private, one.im_with]), make: () => head(one) },
    one.bookmarks?.length ? { key: `marks/${one.id}`, sign: JSON.stringify(one.bookmarks), make: () => marks(one) } : null,
    ...inviteItems(),
    { key: `list/${one.id}`, sign: "", make: () => scroller(one.id) },
    composerItem(one.id),
  ];
}

function gone() {
  return h("div", { class: "empty" }, h("p", {}, "There is no such place for you."), h("button", { type: "button", class: "button", onclick: () => go("") }, "See your channels"));
}

export function placeTitle(one) {
  if (one.is_im) return [avatar(one.im_with, { small: true }), h("span", {}, placeName(one)), badge(one.im_with)];
  return [one.is_private ? icon("lock") : h("span", { class: "hash", "aria-hidden": "true" }, "#"), h("span", {}, one.name)];
}

function head(one) {
  const others = (one.teams ?? []).filter((name) => name !== store.state.me.team_name);
  const pins = one.pins ?? [];
  const pinButton = pins.length
    ? h("button", { type: "button", class: "head-button", "data-pins": pins.length, "aria-label": `Pinned messages: ${pins.length}`, title: "Pinned messages", onclick: () => showPins(pinButton, one) }, icon("pin"), String(pins.length))
    : null;
  return h(
    "header",
    { class: "pane-head" },
    iconButton("back", "Back to the list", () => go(""), { class: "icon-button back" }),
    h(
      "div",
      { class: "pane-title" },
      h("h1", {}, placeTitle(one)),
      h(
        "p",
        { class: "pane-sub" },
        others.length ? h("span", { class: "badge company" }, `shared with ${others.join(", ")}`) : null,
        one.is_archived ? h("span", { class: "badge" }, "archived") : null,
        one.topic ? h("span", { class: "topic" }, plain(one.topic)) : null,
      ),
    ),
    pinButton,
    one.is_im
      ? null
      : h("button", { type: "button", class: "head-button", "data-details": one.id, "aria-label": `${one.members.length} people; details of the channel`, title: "People and settings", onclick: () => details(one.id) }, icon("people"), String(one.members.length)),
  );
}

function marks(one) {
  return h(
    "nav",
    { class: "bookmarks", "aria-label": "Bookmarks" },
    one.bookmarks.map((mark) => {
      const sign = /^:(.+):$/.exec(mark.emoji ?? "");
      return link(mark.link ?? "", [sign ? emojiNode(sign[1]) : icon("link"), h("span", {}, mark.title)], { class: "bookmark", "data-bookmark": mark.title });
    }),
  );
}

function showPins(anchor, one) {
  const found = one.pins.map((ts) => store.messages?.messages.find((message) => message.ts === ts));
  popover(
    anchor,
    h(
      "div",
      { class: "pins" },
      h("h2", {}, "Pinned here"),
      one.pins.map((ts, at) =>
        h(
          "button",
          { type: "button", class: "menu-item", "data-pin": ts, onclick: () => jump(ts) },
          h("span", { class: "menu-label" }, found[at] ? personName(found[at].user) : "An earlier message", h("span", { class: "quiet small" }, ` ${ago(fromTs(ts))}`)),
          found[at] ? h("span", { class: "menu-hint mrkdwn" }, mrkdwn((found[at].text ?? "").slice(0, 160))) : null,
        ),
      ),
    ),
    { wide: true },
  );
}

/** Bring a message into view. */
export function jump(ts) {
  const node = document.querySelector(`.list [data-ts="${CSS.escape(ts)}"]`);
  node?.scrollIntoView({ block: "center" });
  node?.focus({ preventScroll: true });
}

function scroller(id) {
  const down = h("button", { type: "button", class: "to-latest", hidden: true, onclick: () => list.scrollTo({ top: list.scrollHeight }) }, "Latest messages ↓");
  const list = h("div", { class: "list", role: "log", "aria-label": "Messages", "data-channel": id, tabindex: "-1" });
  list.addEventListener("scroll", () => {
    down.hidden = nearEnd(list);
  });
  list.addEventListener("keydown", (event) => {
    if (event.target.classList.contains("message")) walk(event, [...list.querySelectorAll(".message[tabindex]")]);
  });
  return h("div", { class: "list-box" }, list, down);
}

function nearEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 80;
}

/** Put messages into a scrolling list: it stays at its end if it was there, else where it is being read. */
export function fill(list, items) {
  const first = !list.dataset.filled;
  const follow = first || nearEnd(list);
  patch(list, items);
  if (items.length) list.dataset.filled = "yes";
  if (store.jump && list.querySelector(`[data-ts="${CSS.escape(store.jump)}"]`)) {
    const ts = store.jump;
    store.jump = "";
    requestAnimationFrame(() => jump(ts));
  } else if (follow) requestAnimationFrame(() => list.scrollTo({ top: list.scrollHeight }));
}

/** Messages as items, with a line at each new day and one where the unread begin. */
export function withDays(messages, options) {
  const items = [];
  let before = null;
  for (const message of messages) {
    const date = fromTs(message.ts);
    if (!before || dayKey(date) !== dayKey(fromTs(before.ts))) {
      const words = day(date);
      items.push({ key: `d${dayKey(date)}`, sign: words, make: () => h("div", { class: "day", role: "separator" }, h("span", {}, words)) });
      before = null;
    }
    if (store.newFrom === message.ts && !options.inThread) {
      items.push({ key: "new", sign: message.ts, make: () => h("div", { class: "day new", role: "separator" }, h("span", {}, "New")) });
      before = null;
    }
    items.push(messageItem(message, { ...options, before }));
    before = message;
  }
  return items;
}

/** Fill the open channel's list, and mark it read for the person who sees it. */
export function showMessages(root) {
  const one = channel();
  const list = root.querySelector(".list-box > .list");
  if (!one || !list || !store.messages) return;
  const messages = store.messages.messages;
  if (store.newFrom === null && document.visibilityState === "visible") {
    const fresh = (message) => message.ts > one.last_read && message.user !== store.as && !message.is_ephemeral && !isQuiet(message);
    store.newFrom = (one.unread && one.last_read && messages.find(fresh)?.ts) || "";
  }
  const items = withDays(messages, { place: one.id, archived: one.is_archived });
  const start = store.messages.more
    ? { key: "more", sign: String(store.limit), make: () => h("button", { type: "button", class: "button small earlier", onclick: earlier }, "Show earlier messages") }
    : { key: "start", sign: JSON.stringify([one.name, one.purpose]), make: () => beginning(one) };
  fill(list, [start, ...items]);
  markRead(one);
}

function beginning(one) {
  const title = one.is_im ? `Your conversation with ${placeName(one)}` : `#${one.name} begins here`;
  return h("div", { class: "beginning" }, h("h2", {}, title), one.purpose ? h("p", { class: "quiet" }, plain(one.purpose)) : null);
}

function earlier() {
  store.limit += 200;
  return refresh();
}

let marking = null;

async function markRead(one) {
  if (!one.unread || marking === one.id || document.visibilityState !== "visible") return;
  marking = one.id;
  try {
    await attempt("opens_channel", { channel: one.id });
  } finally {
    marking = null;
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") store.newFrom = null;
  else if (store.state) announce();
});

addEventListener("edit-last", (event) => {
  const { place, thread } = event.detail;
  const messages = (thread ? store.replies : store.messages)?.messages ?? [];
  const mine = messages.filter((message) => message.user === store.as && !message.is_ephemeral && !message.subtype).at(-1);
  if (mine) edit(mine, place, Boolean(thread));
});
