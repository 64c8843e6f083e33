// One message: who, when, what; its reactions, files and thread line; and what a person can do with it.
import { h, icon, iconButton, busy } from "./dom.js";
import { ask, menu } from "./popover.js";
import { attachment, blocks } from "./blocks.js";
import { mrkdwn } from "./mrkdwn.js";
import { emojiNode, pickEmoji } from "./emoji.js";
import { ago, clock, fromTs, full } from "./time.js";
import { avatar, badge, personName } from "./names.js";
import { announce, attempt, go, refresh, store } from "./state.js";
import { surface } from "./surface.js";
import { asSent, asTyped } from "./typed.js";

const QUIET = new Set([
  "channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "channel_archive", "channel_unarchive", "group_join", "group_leave",
  "pinned_item", "unpinned_item", "bot_add", "channel_convert_to_private",
]);

export const isQuiet = (message) => QUIET.has(message.subtype);

let editing = null;

/** The item for patch(): one message as it stands in a channel or in a thread. */
export function messageItem(message, { place, before = null, inThread = false, archived = false }) {
  const together = before && !QUIET.has(before.subtype) && who(before) === who(message) && message.ts - before.ts < 300 && !message.is_ephemeral && !before.is_ephemeral;
  const isEditing = editing === `${place}/${message.ts}/${inThread}`;
  const pinned = pinsOf(place).includes(message.ts);
  const options = { place, together, inThread, isEditing, pinned, archived };
  return {
    key: `m${message.ts}${message.is_ephemeral ? "e" : ""}`,
    sign: JSON.stringify([message, options, store.as, personName(message.user), message.latest_reply && ago(fromTs(message.latest_reply))]),
    make: () => (QUIET.has(message.subtype) ? quietLine(message) : draw(message, options)),
  };
}

function pinsOf(place) {
  return store.state?.channels.find((one) => one.id === place)?.pins ?? [];
}

function who(message) {
  return message.user ?? message.bot_id;
}

function quietLine(message) {
  return h("div", { class: "quiet-line", "data-ts": message.ts, "data-subtype": message.subtype }, h("span", { class: "mrkdwn" }, message.text?.startsWith("<@") ? null : [personName(message.user), " "], mrkdwn(message.text)), h("time", { title: full(fromTs(message.ts)) }, clock(fromTs(message.ts))));
}

function draw(message, options) {
  const date = fromTs(message.ts);
  if (message.subtype === "tombstone") return h("article", { class: "message gone", "data-ts": message.ts }, h("div", { class: "message-side" }), h("div", { class: "message-main" }, h("p", { class: "quiet" }, message.text), threadLine(message, options)));
  const ephemeral = message.is_ephemeral;
  const name = message.username ?? personName(who(message), message.bot_profile?.name ?? "App");
  const node = h(
    "article",
    {
      class: `message${options.together ? " together" : ""}${ephemeral ? " ephemeral" : ""}`,
      "data-ts": message.ts,
      "data-user": who(message),
      "data-ephemeral": ephemeral ? true : null,
      tabindex: "0",
      "aria-label": `${name}, ${full(date)}`,
    },
    h("div", { class: "message-side" }, options.together ? h("time", { class: "side-time", title: full(date) }, clock(date)) : avatar(who(message), { name, image: message.icons?.image_48 })),
    h(
      "div",
      { class: "message-main" },
      ephemeral ? h("p", { class: "only-you" }, icon("eye"), "Only visible to you") : null,
      options.pinned ? h("p", { class: "only-you pinned" }, icon("pin"), "Pinned") : null,
      options.together ? null : h("header", { class: "message-head" }, h("strong", { class: "message-name" }, name), badge(who(message)), h("time", { title: full(date) }, clock(date))),
      message.subtype === "thread_broadcast" && !options.inThread ? h("button", { type: "button", class: "linkish small", onclick: () => go(options.place, message.thread_ts) }, "replied to a thread") : null,
      options.isEditing ? editor(message, options) : body(message, options),
      files(message),
      reactions(message, options),
      threadLine(message, options),
    ),
    ephemeral ? null : tools(message, options),
  );
  return node;
}

function body(message, { place }) {
  const box = h("div", { class: "message-body" });
  const ctx = surface(`${place}/${message.ts}`, { type: "message", channel: place, ts: message.ts, is_ephemeral: Boolean(message.is_ephemeral), thread_ts: message.thread_ts });
  const list = message.blocks ?? [];
  if (list.length) blocks(box, list, ctx);
  else if (message.text) box.append(h("div", { class: "mrkdwn" }, mrkdwn(message.text)));
  for (const one of message.attachments ?? []) box.append(attachment(one, ctx));
  if (message.edited) ([...box.querySelectorAll(".rich-line, .lines")].at(-1) ?? box).append(h("span", { class: "quiet small", title: message.edited.ts ? full(fromTs(message.edited.ts)) : "" }, " (edited)"));
  return box;
}

function editor(message, { place, inThread }) {
  const field = h("textarea", { class: "field", rows: 3, "aria-label": "Edit the message", "data-keep": `edit/${message.ts}`, "data-editor": message.ts, value: asTyped(message.text) });
  const stop = () => {
    editing = null;
    announce();
  };
  const save = (event) =>
    busy(event?.currentTarget, async () => {
      const text = asSent(field.value);
      if (!text) return;
      if ((await attempt("edits", { ts: message.ts, text, channel: place })) === undefined) return;
      stop();
      await refresh();
    });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      save();
    }
  });
  setTimeout(() => {
    if (!inThread || document.activeElement === document.body) field.focus();
  });
  return h(
    "div",
    { class: "editor" },
    field,
    h("div", { class: "row end" }, h("button", { type: "button", class: "button small", onclick: stop }, "Cancel"), h("button", { type: "button", class: "button small primary", onclick: save }, "Save")),
  );
}

function size(bytes) {
  if (bytes === undefined) return "";
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1048576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function files(message) {
  if (!message.files?.length) return null;
  return h(
    "div",
    { class: "files" },
    message.files.map((file) => {
      const href = `/file/${encodeURIComponent(file.id)}?as=${store.as}`;
      const name = file.name ?? file.title ?? "A file";
      const picture = /^image\/(png|jpeg|gif|webp)$/.test(file.mimetype ?? "");
      return h(
        "a",
        { class: "file", href, target: "_blank", rel: "noopener", "data-file": file.id, "data-file-name": name },
        picture ? h("img", { src: href, alt: "", loading: "lazy" }) : icon("file"),
        h("span", {}, h("span", { class: "file-name" }, name), h("span", { class: "quiet small block" }, [file.pretty_type ?? file.filetype, size(file.size)].filter(Boolean).join(", "))),
      );
    }),
  );
}

function react(message, place, name) {
  const mine = message.reactions?.find((one) => one.name === name)?.users.includes(store.as);
  return attempt(mine ? "unreacts" : "reacts", { emoji: name, ts: message.ts, channel: place }).then(refresh);
}

function reactions(message, { place, archived }) {
  if (!message.reactions?.length) return null;
  return h(
    "div",
    { class: "reactions" },
    message.reactions.map((one) => {
      const mine = one.users.includes(store.as);
      const names = one.users.map((id) => (id === store.as ? "You" : personName(id))).join(", ");
      return h(
        "button",
        { type: "button", class: `reaction${mine ? " mine" : ""}`, "aria-pressed": String(mine), disabled: archived, title: `${names}: ${one.name}`, "data-reaction": one.name, onclick: () => react(message, place, one.name) },
        emojiNode(one.name),
        h("span", { class: "reaction-count" }, one.count ?? one.users.length),
      );
    }),
  );
}

function threadLine(message, { place, inThread }) {
  if (inThread || !message.reply_count) return null;
  const users = (message.reply_users ?? []).slice(0, 4);
  const count = message.reply_count;
  return h(
    "button",
    { type: "button", class: "thread-line", "data-thread": message.ts, onclick: () => go(place, message.ts) },
    users.map((id) => avatar(id, { small: true })),
    h("strong", {}, count === 1 ? "1 reply" : `${count} replies`),
    message.latest_reply ? h("span", { class: "quiet small" }, `last reply ${ago(fromTs(message.latest_reply))}`) : null,
  );
}

function tools(message, { place, inThread, archived }) {
  if (archived) return null;
  const mine = message.user === store.as;
  const shortcuts = store.state.shortcuts ?? [];
  const reactButton = iconButton("react", "Add a reaction", () => pickEmoji(reactButton, (name) => react(message, place, name)), { "data-tool": "react" });
  const more = [
    mine ? { label: "Edit message", run: () => edit(message, place, inThread), data: { "data-do": "edit" } } : null,
    ...(shortcuts.length ? [{ heading: "Shortcuts" }] : []),
    ...shortcuts.map((one) => ({
      label: one.name,
      hint: one.description,
      data: { "data-shortcut": one.callback_id },
      run: () => attempt("shortcut", { callback_id: one.callback_id, channel: place, ts: message.ts }).then(refresh),
    })),
    mine || store.state.me.admin ? { label: "Delete message", danger: true, run: () => remove(message, place), data: { "data-do": "delete" } } : null,
  ].filter(Boolean);
  const moreButton = iconButton("more", "More actions", () => menu(moreButton, more), { "data-tool": "more", "aria-haspopup": "menu" });
  return h(
    "div",
    { class: "tools", role: "group", "aria-label": "What to do with this message" },
    reactButton,
    inThread ? null : iconButton("thread", "Reply in thread", () => go(place, message.thread_ts ?? message.ts), { "data-tool": "thread" }),
    mine ? iconButton("edit", "Edit message", () => edit(message, place, inThread), { "data-tool": "edit" }) : null,
    more.length ? moreButton : null,
  );
}

export function edit(message, place, inThread) {
  editing = `${place}/${message.ts}/${inThread}`;
  announce();
}

async function remove(message, place) {
  const yes = await ask({ title: "Delete this message?", body: h("div", { class: "mrkdwn" }, mrkdwn(message.text)), yes: "Delete message", no: "Keep it", danger: true });
  if (yes) await attempt("deletes", { ts: message.ts, channel: place }).then(refresh);
}
