// Where one writes: a field that grows, a menu of commands, names and emoji while typing, files, and the thread's "also send".
import { h, icon, iconButton, busy, toast } from "./dom.js";
import { avatar, personName } from "./names.js";
import { emoji, matching, pickEmoji } from "./emoji.js";
import { attempt, channel, post, refresh, refusing, store } from "./state.js";
import { asSent } from "./typed.js";
import { popover, popoverFor } from "./popover.js";

const drafts = new Map();

/** The item for patch(): one composer for each channel and thread, kept with what is typed in it. */
export function composerItem(place, thread = "") {
  const key = `composer/${place}/${thread}`;
  const one = channel(place);
  if (!drafts.has(key)) drafts.set(key, { node: null, sign: "" });
  const kept = drafts.get(key);
  const sign = JSON.stringify([one?.is_archived, one?.name, one?.im_with]);
  return {
    key,
    sign,
    make: () => {
      if (!kept.node || kept.sign !== sign) Object.assign(kept, { node: composer(place, thread, kept.node?.querySelector("textarea")?.value ?? ""), sign });
      return kept.node;
    },
  };
}

function composer(place, thread, draft) {
  const one = channel(place);
  if (one?.is_archived) return h("div", { class: "composer closed" }, "This channel is archived. What was said stays readable.");
  const target = one?.is_im ? personName(one.im_with) : `#${one?.name ?? ""}`;
  const label = thread ? "Reply in thread" : `Write to ${target}`;
  let files = [];
  const field = h("textarea", { rows: 1, placeholder: label, "aria-label": label, autocomplete: "off", value: draft, "data-composer": thread ? "thread" : "channel", role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list" });
  const chips = h("div", { class: "chips" });
  const chooser = h("input", { type: "file", multiple: true, hidden: true, "data-upload": thread ? "thread" : "channel", onchange: () => attach([...chooser.files]) });
  const broadcast = thread ? h("input", { type: "checkbox" }) : null;
  const send = h("button", { type: "button", class: "button primary send", "aria-label": "Send", title: "Send", "data-send": thread ? "thread" : "channel", onclick: () => submit() }, icon("send"));
  const smile = iconButton("react", "Emoji", () => pickEmoji(smile, (name) => insert(emoji(name))));
  const node = h(
    "div",
    { class: "composer" },
    chips,
    field,
    h(
      "div",
      { class: "composer-row" },
      iconButton("attach", "Attach a file", () => chooser.click()),
      smile,
      broadcast ? h("label", { class: "choice small" }, broadcast, h("span", {}, "Also send to ", target)) : null,
      h("span", { class: "spring" }),
      send,
    ),
    chooser,
  );
  const list = h("div", { class: "listbox", role: "listbox", "aria-label": "Suggestions" });
  let at = 0;

  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, 220)}px`;
    node.classList.toggle("ready", Boolean(field.value.trim() || files.length));
  };
  const attach = (more) => {
    files = [...files, ...more];
    chooser.value = "";
    chips.replaceChildren(
      ...files.map((file) => h("span", { class: "chip" }, icon("file"), file.name, h("button", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => { files = files.filter((other) => other !== file); attach([]); } }, "×"))),
    );
    grow();
    field.focus();
  };
  const insert = (words, from = field.selectionStart) => {
    field.setRangeText(words, from, field.selectionEnd, "end");
    field.focus();
    grow();
  };
  const clear = () => {
    field.value = "";
    files = [];
    attach([]);
  };

  const submit = () =>
    busy(send, async () => {
      const typed = field.value.trim();
      if (!typed && !files.length) return;
      popoverFor(field)?.close();
      if (typed.startsWith("/") && !files.length) {
        if (thread) return void toast("Slack has no slash commands inside threads. Write it in the channel.", "problem");
        if ((await attempt("command", { text: typed, channel: place })) === undefined) return;
      } else if (files.length) {
        const form = new FormData();
        form.set("as", store.as);
        form.set("channel", place);
        form.set("thread", thread);
        form.set("text", asSent(typed));
        for (const file of files) form.append("file", file, file.name);
        if ((await refusing(() => post("/upload", form))) === undefined) return;
      } else if ((await attempt("says", { text: asSent(typed), channel: place, thread: thread || null, broadcast: Boolean(broadcast?.checked) })) === undefined) return;
      if (field.value.trim() === typed) clear();
      if (broadcast) broadcast.checked = false;
      node.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
      await refresh();
    });

  const suggestions = () => {
    const before = field.value.slice(0, field.selectionStart);
    if (before.startsWith("/") && !before.includes("\n") && !thread) {
      const [word] = before.split(/\s/);
      const spaced = /\s/.test(before);
      return (store.state.commands ?? [])
        .filter((one) => (spaced ? one.command === word : one.command.startsWith(word.toLowerCase())))
        .map((one) => ({ label: one.command, hint: [one.description, one.usage_hint].filter(Boolean).join(" · "), from: 0, words: `${one.command} `, show: spaced, data: { "data-command": one.command } }));
    }
    const name = /(^|[\s(])@([\p{L}\p{N}._-]*)$/u.exec(before);
    if (name) {
      const looked = name[2].toLowerCase();
      const here = new Set(channel(place)?.members ?? []);
      return Object.values(store.state.people)
        .filter((one) => one.id !== store.as && (one.bot || here.has(one.id) || channel(place)?.is_im) && [one.real_name, one.name].some((value) => value?.toLowerCase().split(" ").some((part) => part.startsWith(looked))))
        .slice(0, 8)
        .map((one) => ({ label: one.real_name, hint: one.external ? one.team_name : null, before: avatar(one.id, { small: true }), from: before.length - name[2].length - 1, words: `@${one.real_name} `, data: { "data-mention": one.id } }));
    }
    const sign = /(^|\s):([a-z0-9_+-]{2,})$/.exec(before);
    if (sign) return matching(sign[2]).map((found) => ({ label: `${emoji(found)}  :${found}:`, from: before.length - sign[2].length - 1, words: `${emoji(found)} `, data: { "data-emoji": found } }));
    return [];
  };
  let offered = [];
  const suggest = () => {
    offered = suggestions();
    if (!offered.length) return popoverFor(field)?.close();
    at = 0;
    list.replaceChildren(
      ...offered.map((one, index) =>
        h(
          "div",
          { class: "option", role: "option", "data-at": String(index === at && !one.show), "aria-selected": String(index === at), ...one.data, onpointerdown: (event) => event.preventDefault(), onclick: () => take(one) },
          one.before,
          h("span", { class: "menu-label" }, one.label),
          one.hint ? h("span", { class: "menu-hint" }, one.hint) : null,
        ),
      ),
    );
    popoverFor(field)?.close();
    popover(field, list, { focus: false, wide: true });
    return undefined;
  };
  const take = (one) => {
    popoverFor(field)?.close();
    if (!one.show) insert(one.words, one.from);
    suggest();
  };
  const mark = (to) => {
    at = (to + offered.length) % offered.length;
    [...list.children].forEach((row, index) => {
      row.setAttribute("data-at", String(index === at));
      row.setAttribute("aria-selected", String(index === at));
      if (index === at) row.scrollIntoView({ block: "nearest" });
    });
  };

  field.addEventListener("input", () => {
    grow();
    suggest();
  });
  field.addEventListener("keydown", (event) => {
    const choosing = popoverFor(field) && offered.some((one) => !one.show);
    if (choosing && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      mark(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (choosing && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey && !event.isComposing) {
      const exact = offered.length === 1 && field.value.trim() === offered[0].label;
      if (event.key === "Enter" && exact) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      take(offered[at]);
    }
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && !field.value) node.dispatchEvent(new CustomEvent("edit-last", { bubbles: true, detail: { place, thread } }));
  });
  field.addEventListener("blur", () => setTimeout(() => document.activeElement !== field && popoverFor(field)?.close(), 150));
  field.addEventListener("paste", (event) => event.clipboardData.files.length && attach([...event.clipboardData.files]));
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    attach([...event.dataTransfer.files]);
  });
  node.attach = attach;
  requestAnimationFrame(grow);
  return node;
}
