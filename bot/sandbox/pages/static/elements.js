// Block Kit's interactive elements: buttons, menus, fields, dates and ticks; each keeps its state where Slack would.
import { h, busy, icon } from "./dom.js";
import { ask, menu } from "./popover.js";
import { text, words } from "./mrkdwn.js";
import { asRichText, fromRichText } from "./richtext.js";
import { select } from "./pickers.js";

/** Draw one element. `field` says how it stands: {label, input: in an input block, dispatch, describedby}. */
export function element(item, block, ctx, field = {}) {
  const draw = KINDS[item.type] ?? (/_select$/.test(item.type) ? select : null);
  return draw ? draw(item, block, ctx, field) : h("span", { class: "quiet" }, `(an element of type ${item.type})`);
}

/** The hooks by which tests and the focus find an element again. */
export function hooks(item, block, ctx, field = {}) {
  return {
    "data-action-id": item.action_id,
    "data-block-id": block.block_id,
    "data-keep": `${ctx.key}/${block.block_id}/${item.action_id}`,
    "aria-label": field.label ? null : (item.accessibility_label ?? (item.text ? null : words(item.placeholder) || item.type.replaceAll("_", " "))),
    id: field.id ?? null,
    "aria-describedby": field.describedby ?? null,
    "data-first": item.focus_on_load === true ? true : null,
  };
}

/** Keep what was chosen and, where Slack would tell the app, tell it. */
export async function changed(item, block, ctx, field, state, node) {
  const whole = { type: item.type, ...state };
  ctx.set(block.block_id, item.action_id, whole);
  if (field.input && !field.dispatch) return;
  if (item.confirm && !(await confirmed(item.confirm))) return;
  await busy(node, () => ctx.act(block, item, whole));
}

export function held(item, block, ctx, initial) {
  const kept = ctx.get(block.block_id, item.action_id);
  if (kept) return kept;
  const state = { type: item.type, ...initial };
  ctx.set(block.block_id, item.action_id, state, true);
  return state;
}

export function confirmed(confirm) {
  return ask({ title: words(confirm.title), body: h("div", { class: "mrkdwn" }, text(confirm.text)), yes: words(confirm.confirm) || "Yes", no: words(confirm.deny) || "No", danger: confirm.style === "danger" });
}

function button(item, block, ctx) {
  const style = { primary: " primary", danger: " danger" }[item.style] ?? "";
  const press = async () => {
    if (item.confirm && !(await confirmed(item.confirm))) return;
    await busy(node, () => ctx.act(block, item, { type: "button", choice: item.choice }));
  };
  const shared = { class: `button${style}`, ...hooks(item, block, ctx), "data-button": words(item.text), onclick: press };
  const node = item.url
    ? h("a", { ...shared, href: /^https?:/i.test(item.url) ? item.url : null, target: "_blank", rel: "noopener noreferrer" }, text(item.text), h("span", { class: "outward", "aria-hidden": "true" }, "↗"))
    : h("button", { ...shared, type: "button" }, text(item.text));
  return node;
}

function overflow(item, block, ctx) {
  const node = h(
    "button",
    {
      type: "button",
      class: "button overflow",
      ...hooks(item, block, ctx),
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      onclick: () =>
        menu(
          node,
          item.options.map((option) => ({
            label: words(option.text),
            hint: option.description ? words(option.description) : null,
            href: option.url && /^https?:/i.test(option.url) ? option.url : null,
            blank: true,
            data: { "data-option": option.value },
            run: async () => {
              if (item.confirm && !(await confirmed(item.confirm))) return;
              await ctx.act(block, item, { type: "overflow", selected_option: option });
            },
          })),
        ),
    },
    icon("more"),
  );
  return node;
}

const INPUTS = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "text", rich_text_input: "rich" };

function typed(item, block, ctx, field) {
  const rich = item.type === "rich_text_input";
  const start = rich ? { rich_text_value: item.initial_value ?? null } : { value: item.initial_value ?? null };
  const state = held(item, block, ctx, start);
  const long = rich || item.multiline;
  const count = item.max_length && long ? h("span", { class: "count quiet", "aria-live": "off" }) : null;
  const keep = () => {
    const value = node.value === "" ? null : node.value;
    ctx.set(block.block_id, item.action_id, rich ? { type: item.type, rich_text_value: asRichText(value) } : { type: item.type, value });
    if (count) count.textContent = item.max_length - node.value.length < 200 ? String(item.max_length - node.value.length) : "";
  };
  const tell = (trigger) => {
    const triggers = item.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    if (field.dispatch && triggers.includes(trigger)) ctx.act(block, item, ctx.get(block.block_id, item.action_id));
  };
  const node = h(long ? "textarea" : "input", {
    class: "field",
    ...(long ? { rows: rich ? 5 : 4 } : { type: INPUTS[item.type], inputmode: item.type === "number_input" ? (item.is_decimal_allowed ? "decimal" : "numeric") : null }),
    ...hooks(item, block, ctx, field),
    placeholder: item.placeholder ? words(item.placeholder) : null,
    maxlength: item.max_length ?? null,
    autocomplete: "off",
    value: (rich ? fromRichText(state.rich_text_value) : state.value) ?? "",
    oninput: () => {
      keep();
      tell("on_character_entered");
    },
    onkeydown: (event) => {
      if (event.key !== "Enter" || (long && !event.metaKey && !event.ctrlKey)) return;
      if (field.dispatch) {
        event.preventDefault();
        tell("on_enter_pressed");
      }
    },
  });
  return count ? h("div", { class: "counted" }, node, count) : node;
}

const MOMENTS = {
  datepicker: ["date", "selected_date", "initial_date", (value) => value, (value) => value],
  timepicker: ["time", "selected_time", "initial_time", (value) => value, (value) => value],
  datetimepicker: ["datetime-local", "selected_date_time", "initial_date_time", localMoment, (value) => Math.round(new Date(value).getTime() / 1000)],
};

function localMoment(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function moment(item, block, ctx, field) {
  const [type, name, initial, show, read] = MOMENTS[item.type];
  const state = held(item, block, ctx, { [name]: item[initial] ?? null });
  const node = h("input", {
    class: "field moment",
    type,
    ...hooks(item, block, ctx, field),
    value: state[name] === null || state[name] === undefined ? "" : show(state[name]),
    onchange: () => {
      if (/^0/.test(node.value) && type !== "time") return; // a year that is still being typed
      changed(item, block, ctx, field, { [name]: node.value ? read(node.value) : null }, node);
    },
  });
  return node;
}

function choices(item, block, ctx, field) {
  const many = item.type === "checkboxes";
  const state = held(item, block, ctx, many ? { selected_options: item.initial_options ?? [] } : { selected_option: item.initial_option ?? null });
  const chosen = new Set(many ? state.selected_options.map((option) => option.value) : [state.selected_option?.value]);
  const group = `${ctx.key}-${block.block_id}-${item.action_id}`;
  const { "data-keep": keep, id, ...rest } = hooks(item, block, ctx, field);
  const node = h(
    "div",
    { class: "choices", role: many ? "group" : "radiogroup", ...rest, "aria-labelledby": field.labelledby ?? null },
    item.options.map((option, index) =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type: many ? "checkbox" : "radio",
          name: group,
          id: index === 0 ? id : null,
          value: option.value,
          "data-keep": `${keep}/${option.value}`,
          checked: chosen.has(option.value),
          onchange: () => {
            const ticked = [...node.querySelectorAll("input")].map((box) => box.checked);
            const options = item.options.filter((_, at) => ticked[at]);
            changed(item, block, ctx, field, many ? { selected_options: options } : { selected_option: options[0] ?? null }, node);
          },
        }),
        h("span", { class: "choice-words mrkdwn" }, h("span", {}, text(option.text)), option.description ? h("span", { class: "quiet block" }, text(option.description)) : null),
      ),
    ),
  );
  return node;
}

function file(item, block, ctx, field) {
  const state = held(item, block, ctx, { files: [] });
  const names = h("span", { class: "quiet" }, state.files.map((one) => one.name).join(", "));
  const node = h("input", {
    class: "field",
    type: "file",
    ...hooks(item, block, ctx, field),
    multiple: (item.max_files ?? 10) > 1,
    accept: (item.filetypes ?? []).map((kind) => `.${kind}`).join(","),
    onchange: async () => {
      const files = await ctx.keepFiles([...node.files]);
      if (!files) return;
      await changed(item, block, ctx, field, { files }, node);
      names.textContent = files.map((one) => one.name).join(", ");
    },
  });
  return h("div", {}, node, names);
}

const KINDS = {
  button,
  overflow,
  plain_text_input: typed,
  email_text_input: typed,
  url_text_input: typed,
  number_input: typed,
  rich_text_input: typed,
  datepicker: moment,
  timepicker: moment,
  datetimepicker: moment,
  checkboxes: choices,
  radio_buttons: choices,
  file_input: file,
  workflow_button: button,
};
