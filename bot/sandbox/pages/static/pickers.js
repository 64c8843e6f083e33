// Menus of options: a native list where the options are few and fixed, else a field with a list that narrows while one types.
import { h, icon } from "./dom.js";
import { popover, popoverFor } from "./popover.js";
import { words } from "./mrkdwn.js";
import { avatar, person, personName, placeName } from "./names.js";
import { changed, held, hooks } from "./elements.js";
import { refusing, store } from "./state.js";

/** Any of Slack's select elements, single or multi. */
export function select(item, block, ctx, field) {
  const kind = item.type.replace(/^multi_/, "").replace(/_select$/, "");
  const many = item.type.startsWith("multi_");
  if (kind === "static" && !many) return native(item, block, ctx, field);
  return narrowing(item, block, ctx, field, kind, many);
}

function native(item, block, ctx, field) {
  const state = held(item, block, ctx, { selected_option: item.initial_option ?? null });
  const all = item.options ?? item.option_groups.flatMap((group) => group.options);
  const choice = (option) => h("option", { value: option.value, selected: option.value === state.selected_option?.value }, words(option.text) + (option.description ? ` (${words(option.description)})` : ""));
  const node = h(
    "select",
    {
      class: "field",
      ...hooks(item, block, ctx, field),
      onchange: () => changed(item, block, ctx, field, { selected_option: all.find((option) => option.value === node.value) ?? null }, node),
    },
    h("option", { value: "", selected: !state.selected_option, disabled: !field.optional && !field.input }, words(item.placeholder) || "Choose…"),
    item.options ? item.options.map(choice) : item.option_groups.map((group) => h("optgroup", { label: words(group.label) }, group.options.map(choice))),
  );
  return node;
}

/** How each kind names its choice in Slack's state, and where its options come from. */
const SOURCES = {
  static: ["option", (item) => fixed(item)],
  external: ["option", (item, block, ctx) => (typed) => asked(item, block, ctx, typed)],
  users: ["user", () => () => [{ options: Object.values(store.state.people).map((one) => userChoice(one.id)) }]],
  channels: ["channel", () => () => [{ options: places((one) => !one.is_im && !one.is_private).map(placeChoice) }]],
  conversations: ["conversation", (item) => () => [{ options: places((one) => wanted(item.filter, one)).map(placeChoice) }]],
};

function places(test) {
  return store.state.channels.filter((one) => !one.is_archived && test(one));
}

function wanted(filter, one) {
  if (!filter) return true;
  const kind = one.is_im ? "im" : one.is_private ? "private" : "public";
  if (filter.include && !filter.include.includes(kind)) return false;
  if (filter.exclude_external_shared_channels && one.is_ext_shared) return false;
  return !(filter.exclude_bot_users && one.is_im && person(one.im_with)?.bot);
}

const optionChoice = (option) => ({ value: option.value, label: words(option.text), hint: option.description ? words(option.description) : null, raw: option });
const userChoice = (id) => ({ value: id, label: personName(id), hint: person(id)?.external ? person(id).team_name : null, before: avatar(id, { small: true }), raw: id });
const placeChoice = (one) => ({ value: one.id, label: one.is_im ? placeName(one) : `#${one.name}`, raw: one.id });

function fixed(item) {
  const groups = item.options ? [{ options: item.options.map(optionChoice) }] : item.option_groups.map((group) => ({ label: words(group.label), options: group.options.map(optionChoice) }));
  return () => groups;
}

async function asked(item, block, ctx, typed) {
  if (typed.length < (item.min_query_length ?? 3)) return [];
  const found = (await ctx.options(block.block_id, item.action_id, typed)) ?? [];
  return found.some((one) => one.options) ? found.map((group) => ({ label: words(group.label), options: group.options.map(optionChoice) })) : [{ options: found.map(optionChoice) }];
}

function stateNames(noun, many) {
  return { now: many ? `selected_${noun}s` : `selected_${noun}`, first: many ? `initial_${noun}s` : `initial_${noun}` };
}

function narrowing(item, block, ctx, field, kind, many) {
  const [noun, source] = SOURCES[kind];
  const names = stateNames(noun, many);
  const state = held(item, block, ctx, { [names.now]: item[names.first] ?? (many ? [] : null) });
  const load = source(item, block, ctx);
  const asChoice = (raw) => (noun === "option" ? optionChoice(raw) : noun === "user" ? userChoice(raw) : placeChoice(store.state.channels.find((one) => one.id === raw) ?? { id: raw, name: raw }));
  let chosen = [state[names.now]].flat().filter(Boolean).map(asChoice);
  const chips = h("span", { class: "chips" });
  const box = hooks(item, block, ctx, field);
  const input = h("input", {
    type: "text",
    ...box,
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-haspopup": "listbox",
    "aria-expanded": "false",
    autocomplete: "off",
    spellcheck: "false",
  });
  const node = h("div", { class: `picker field${many ? " many" : ""}`, "data-picker": kind }, chips, input, h("span", { class: "picker-mark" }, icon("down")));
  const list = h("div", { class: "listbox", role: "listbox", "aria-label": words(item.placeholder) || "Options" });
  let at = -1;
  let asking = 0;

  const keep = (next) => {
    chosen = next;
    draw();
    const values = chosen.map((one) => one.raw);
    return changed(item, block, ctx, field, { [names.now]: many ? values : (values[0] ?? null) }, input);
  };
  const draw = () => {
    chips.replaceChildren(
      ...(many
        ? chosen.map((one) => h("span", { class: "chip" }, one.label, h("button", { type: "button", "aria-label": `Remove ${one.label}`, onclick: () => keep(chosen.filter((other) => other !== one)) }, "×")))
        : []),
    );
    if (!many) input.value = chosen[0]?.label ?? "";
    input.placeholder = many && chosen.length ? "" : words(item.placeholder) || "Choose…";
  };
  const choose = (one) => {
    if (!many) {
      popoverFor(node)?.close();
      keep([one]);
    } else {
      const has = chosen.some((other) => other.value === one.value);
      const full = item.max_selected_items && chosen.length >= item.max_selected_items;
      input.value = "";
      if (has) keep(chosen.filter((other) => other.value !== one.value));
      else if (!full) keep([...chosen, one]);
      show();
    }
    input.focus();
  };
  const mark = (to) => {
    const all = [...list.querySelectorAll("[role=option]")];
    at = all.length ? (to + all.length) % all.length : -1;
    all.forEach((one, index) => one.setAttribute("data-at", index === at));
    all[at]?.scrollIntoView({ block: "nearest" });
  };
  const show = async () => {
    if (!popoverFor(node)) {
      popover(node, list, { focus: false, onclose: () => { if (!many) input.value = chosen[0]?.label ?? ""; } });
      list.parentElement.style.minWidth = `${node.offsetWidth}px`;
    }
    const typed = input.value === chosen[0]?.label && !many ? "" : input.value.trim();
    const turn = ++asking;
    const waiting = setTimeout(() => turn === asking && list.replaceChildren(h("p", { class: "quiet" }, "Looking…")), 200);
    const groups = (await refusing(async () => load(typed))) ?? [];
    clearTimeout(waiting);
    if (turn !== asking) return;
    const fits = (one) => kind === "external" || one.label.toLowerCase().includes(typed.toLowerCase());
    const rows = groups.flatMap((group) => {
      const options = group.options.filter(fits);
      return options.length ? [group.label ? h("div", { class: "menu-heading" }, group.label) : null, ...options.map(row)].filter(Boolean) : [];
    });
    const least = item.min_query_length ?? 3;
    const none = kind === "external" && typed.length < least ? `Type ${least === 1 ? "a letter" : `${least} letters`} to look.` : "Nothing fits.";
    list.replaceChildren(...(rows.length ? rows : [h("p", { class: "quiet" }, none)]));
    mark(0);
  };
  const row = (one) => {
    const has = chosen.some((other) => other.value === one.value);
    return h(
      "div",
      { class: "option", role: "option", "aria-selected": String(has), "data-option": one.value, onpointerdown: (event) => event.preventDefault(), onclick: () => choose(one) },
      one.before?.cloneNode(true),
      h("span", { class: "menu-label" }, one.label),
      one.hint ? h("span", { class: "menu-hint" }, one.hint) : null,
      has ? h("span", { class: "tick", "aria-hidden": "true" }, "✓") : null,
    );
  };
  input.addEventListener("focus", () => !many && input.select());
  input.addEventListener("click", show);
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    const shown = popoverFor(node);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (shown) mark(at + (event.key === "ArrowDown" ? 1 : -1));
      else show();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown) list.querySelectorAll("[role=option]")[at]?.click();
    } else if (event.key === "Tab") shown?.close();
    else if (event.key === "Backspace" && many && !input.value && chosen.length) keep(chosen.slice(0, -1));
    else if (event.key === "Backspace" && !many && chosen.length && input.selectionEnd - input.selectionStart === input.value.length) {
      event.preventDefault();
      keep([]);
      show();
    }
  });
  draw();
  return node;
}
