// Modals: the top view of the stack, its inputs, its errors beside them, Submit and Cancel; what is typed survives an update.
import { h, busy } from "./dom.js";
import { blocks } from "./blocks.js";
import { words } from "./mrkdwn.js";
import { attempt, refresh, store } from "./state.js";
import { forget, outcomeProblem, surface } from "./surface.js";
import { closePopover } from "./popover.js";

let shown = null;

/** Show the top modal of the stack, or none. */
export function showModals() {
  const stack = store.state?.modals ?? [];
  const view = stack.at(-1) ?? null;
  if (!view) return drop();
  if (shown && shown.view.id !== view.id) drop();
  if (!shown) open(view);
  if (shown.sign !== JSON.stringify([view, stack.length])) fill(view, stack.length);
  return undefined;
}

function drop() {
  if (!shown) return;
  closePopover();
  const { node, view, back } = shown;
  shown = null;
  node.close();
  node.remove();
  if (!(store.state?.modals ?? []).some((one) => one.id === view.id)) forget(`view/${view.id}`);
  if (back?.isConnected) back.focus({ preventScroll: true });
}

function open(view) {
  const back = document.activeElement;
  const form = h("form", { class: "modal-form", novalidate: true, onsubmit: (event) => submit(event) });
  const node = h("dialog", { class: "sheet modal", "data-view": view.id, "aria-labelledby": "modal-title" }, form, h("div", { class: "toasts" }));
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  document.body.append(node);
  shown = { node, form, view, sign: "", errors: {}, revision: 0, back };
  const body = h("div", { class: "sheet-body modal-body", tabindex: "-1" });
  form.append(h("header", { class: "sheet-head" }), body, h("footer", { class: "sheet-foot" }));
  node.showModal();
}

function fill(view, depth) {
  const fresh = shown.sign === "";
  const [head, body, foot] = shown.form.children;
  shown.view = view;
  shown.sign = JSON.stringify([view, depth]);
  shown.node.dataset.callbackId = view.callback_id ?? "";
  if (shown.hash !== view.hash) shown.errors = {};
  shown.hash = view.hash;
  head.replaceChildren(
    ...(depth > 1 ? [h("button", { type: "button", class: "icon-button", "aria-label": "Back to the form before", title: "Back", onclick: close }, "‹")] : []),
    h("h2", { id: "modal-title" }, words(view.title)),
    h("button", { type: "button", class: "icon-button", "aria-label": "Close", "data-modal": "dismiss", onclick: close }, "✕"),
  );
  const needsSubmit = Boolean(view.submit);
  foot.replaceChildren(
    ...(depth > 1 ? [h("span", { class: "quiet small spring" }, `Step ${depth}`)] : []),
    h("button", { type: "button", class: "button", "data-modal": "close", onclick: close }, words(view.close) || (needsSubmit ? "Cancel" : "Close")),
    ...(needsSubmit ? [h("button", { type: "submit", class: "button primary", "data-modal": "submit" }, words(view.submit) || "Submit")] : []),
  );
  draw();
  if (fresh) begin(body, foot);
}

/** Where one begins: at the field that asks for it, else at the first one, unless there is something to read before it. */
function begin(body, foot) {
  const wanted = body.querySelector("[data-first]");
  const first = body.querySelector("input:not([type=hidden]), textarea, select");
  const below = first && first.getBoundingClientRect().bottom > body.getBoundingClientRect().bottom;
  (wanted ?? (below ? body : first) ?? foot.lastElementChild).focus({ preventScroll: !wanted });
}

function draw() {
  const { view, form } = shown;
  const ctx = surface(`view/${view.id}`, { type: "view", view_id: view.id }, {
    errors: shown.errors,
    revision: 0,
    touched: (block) => {
      if (!shown?.errors[block]) return;
      shown.errors = Object.fromEntries(Object.entries(shown.errors).filter(([name]) => name !== block));
      const box = form.querySelector(`.block.input[data-block-id="${CSS.escape(block)}"]`);
      box?.classList.remove("wrong");
      box?.querySelector(".problem")?.remove();
    },
  });
  shown.ctx = ctx;
  for (const [block, actions] of Object.entries(view.state?.values ?? {})) ctx.values[block] = { ...actions, ...ctx.values[block] };
  blocks(form.children[1], view.blocks, ctx);
}

/** What Slack would send as the view's state: the values of the blocks that are there now. */
function stateOf(view, values) {
  const state = {};
  for (const block of view.blocks ?? []) if (values[block.block_id]) state[block.block_id] = values[block.block_id];
  return state;
}

function isEmpty(state) {
  const value = Object.entries(state ?? {}).find(([name]) => name !== "type")?.[1];
  return value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
}

function missing(view, values) {
  const found = {};
  for (const block of view.blocks ?? []) {
    if (block.type !== "input") continue;
    const state = values[block.block_id]?.[block.element.action_id];
    if (isEmpty(state)) {
      if (!block.optional) found[block.block_id] = "Please fill this in.";
      continue;
    }
    const problem = wrong(block.element, state.value);
    if (problem) found[block.block_id] = problem;
  }
  return found;
}

function wrong(item, value) {
  if (item.type === "email_text_input" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return "This is not an e-mail address yet.";
  if (item.type === "url_text_input" && !/^https?:\/\/\S+$/i.test(value)) return "A web address starts with https:// or http://.";
  if (item.type === "number_input") {
    if (!(item.is_decimal_allowed ? /^-?\d+(\.\d+)?$/ : /^-?\d+$/).test(value)) return item.is_decimal_allowed ? "Please write a number." : "Please write a whole number.";
    if (item.min_value !== undefined && Number(value) < Number(item.min_value)) return `At least ${item.min_value}, please.`;
    if (item.max_value !== undefined && Number(value) > Number(item.max_value)) return `At most ${item.max_value}, please.`;
  }
  if (item.min_length && String(value ?? "").length < item.min_length) return `At least ${item.min_length} characters, please.`;
  return null;
}

function showErrors(errors) {
  shown.errors = errors;
  draw();
  const first = shown.form.querySelector(".block.wrong");
  first?.scrollIntoView({ block: "center", behavior: "smooth" });
  first?.querySelector("input, textarea, select")?.focus({ preventScroll: true });
}

async function submit(event) {
  event.preventDefault();
  const mine = shown;
  const { view, form, ctx } = mine;
  if (form.getAttribute("aria-busy") === "true") return;
  const gaps = missing(view, ctx.values);
  if (Object.keys(gaps).length) return void showErrors(gaps);
  const body = form.children[1];
  const button = form.querySelector("[data-modal=submit]");
  form.setAttribute("aria-busy", "true");
  body.inert = true;
  try {
    await busy(button, async () => {
      const outcome = await attempt("submit_view", { view_id: view.id, state: stateOf(view, ctx.values) });
      body.inert = false;
      const errors = errorsOf(outcome);
      if (errors && shown === mine) showErrors(errors);
      else footnote(outcomeProblem(outcome));
      await refresh();
    });
  } finally {
    body.inert = false;
    form.removeAttribute("aria-busy");
  }
}

function errorsOf(outcome) {
  const errors = outcome?.errors;
  return errors && !outcome.error && Object.keys(errors).length ? errors : null;
}

function footnote(sentence) {
  if (!shown) return;
  shown.form.querySelector(".form-problem")?.remove();
  if (sentence) shown.form.children[1].append(h("p", { class: "problem form-problem", role: "alert" }, sentence));
}

async function close() {
  if (!shown) return;
  const button = shown.form.querySelector("[data-modal=close]");
  await busy(button, () => attempt("close", {}).then(refresh));
}
