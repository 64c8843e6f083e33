// The side pane: one thread, its first message, the replies, and where to write the next.
import { h, iconButton } from "./dom.js";
import { channel, go, store } from "./state.js";
import { placeName } from "./names.js";
import { messageItem } from "./message.js";
import { composerItem } from "./composer.js";
import { fill } from "./channel.js";

/** The items of the side pane; none when no thread is open. */
export function threadItems() {
  const one = channel();
  if (!one || !store.thread) return [];
  return [
    { key: `head/${one.id}/${store.thread}`, sign: one.name, make: () => head(one) },
    { key: `list/${one.id}/${store.thread}`, sign: "", make: () => h("div", { class: "list-box" }, h("div", { class: "list", role: "log", "aria-label": "Thread", "data-thread-list": store.thread, tabindex: "-1" })) },
    composerItem(one.id, store.thread),
  ];
}

function head(one) {
  return h(
    "header",
    { class: "pane-head" },
    iconButton("back", "Back to the channel", () => go(store.place), { class: "icon-button back" }),
    h("div", { class: "pane-title" }, h("h1", {}, "Thread"), h("p", { class: "pane-sub" }, one.is_im ? placeName(one) : `#${one.name}`)),
    iconButton("close", "Close the thread", () => go(store.place), { class: "icon-button shut" }),
  );
}

/** Fill the open thread. */
export function showReplies(root) {
  const one = channel();
  const list = root.querySelector(".list-box > .list");
  if (!one || !list || !store.replies) return;
  const options = { place: one.id, inThread: true, archived: one.is_archived };
  const [first, ...rest] = store.replies.messages;
  if (!first) return fill(list, [{ key: "none", sign: "", make: () => h("p", { class: "empty" }, "This thread is gone.") }]);
  const count = rest.length === 1 ? "1 reply" : `${rest.length} replies`;
  return fill(list, [
    messageItem(first, options),
    rest.length ? { key: "count", sign: count, make: () => h("div", { class: "day", role: "separator" }, h("span", {}, count)) } : null,
    ...rest.map((message, at) => messageItem(message, { ...options, before: at ? rest[at - 1] : null })),
  ].filter(Boolean));
}
