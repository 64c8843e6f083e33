// Block Kit's blocks, drawn one by one; a block that did not change keeps its node, and with it focus and typed text.
import { h, patch } from "./dom.js";
import { element } from "./elements.js";
import { markdown } from "./markdown.js";
import { link, mrkdwn, plain, text, words } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/** Draw the blocks into parent, in place. */
export function blocks(parent, list, ctx) {
  patch(
    parent,
    (list ?? []).map((block, index) => ({
      key: `${index}:${block.block_id ?? ""}`,
      sign: JSON.stringify([block, ctx.errors?.[block.block_id] ?? null, ctx.revision ?? 0]),
      make: () => draw(block, ctx),
    })),
  );
  return parent;
}

function draw(block, ctx) {
  const node = (KINDS[block.type] ?? unknown)(block, ctx);
  node.dataset.block = block.type;
  if (block.block_id) node.dataset.blockId = block.block_id;
  return node;
}

function unknown(block) {
  return h("div", { class: "block quiet" }, block.fallback ?? `(a block of type ${block.type}, which this page does not draw)`);
}

function section(block, ctx) {
  const own = [
    block.text ? h("div", { class: "mrkdwn" }, text(block.text)) : null,
    block.fields?.length ? h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "mrkdwn" }, text(field)))) : null,
  ];
  if (!block.accessory) return h("div", { class: "block section" }, own);
  const kind = block.accessory.type === "image" ? "with-image" : "with-element";
  const side = block.accessory.type === "image" ? picture(block.accessory, "accessory") : element(block.accessory, block, ctx);
  return h("div", { class: `block section ${kind}` }, h("div", { class: "section-words" }, own), h("div", { class: "section-side" }, side));
}

function header(block) {
  return h(`h${Math.min(6, (block.level ?? 1) + 2)}`, { class: "block header" }, text(block.text));
}

function picture(item, extra = "") {
  const url = item.image_url ?? item.slack_file?.url ?? item.url_private ?? "";
  return h("img", { class: `picture ${extra}`, src: /^(https?:|data:image\/|\/)/i.test(url) ? url : null, alt: item.alt_text ?? "", loading: "lazy", referrerpolicy: "no-referrer" });
}

function image(block) {
  return h("figure", { class: "block image" }, block.title ? h("figcaption", {}, text(block.title)) : null, picture(block));
}

function context(block) {
  return h(
    "div",
    { class: "block context" },
    block.elements.map((item) => (item.type === "image" ? picture(item, "tiny") : h("span", { class: "mrkdwn" }, text(item)))),
  );
}

function actions(block, ctx) {
  return h("div", { class: "block actions" }, block.elements.map((item) => element(item, block, ctx)));
}

function contextActions(block, ctx) {
  const flat = block.elements.flatMap((item) =>
    item.type === "feedback_buttons" ? [item.positive_button, item.negative_button].map((one) => ({ ...one, type: "button", action_id: item.action_id, choice: one })) : [{ ...item, type: "button" }],
  );
  return h("div", { class: "block actions" }, flat.map((item) => element(item, block, ctx)));
}

function input(block, ctx) {
  const item = block.element;
  const id = `in-${ctx.key}-${block.block_id}`.replace(/[^\w-]/g, "_");
  const problem = ctx.errors?.[block.block_id];
  const grouped = item.type === "checkboxes" || item.type === "radio_buttons";
  const described = [block.hint ? `${id}-hint` : null, problem ? `${id}-problem` : null].filter(Boolean).join(" ") || null;
  const label = [text(block.label), block.optional ? h("span", { class: "quiet" }, " (optional)") : null];
  return h(
    "div",
    { class: `block input${problem ? " wrong" : ""}`, "data-label": words(block.label) },
    grouped ? h("span", { class: "label", id: `${id}-label` }, label) : h("label", { class: "label", for: id }, label),
    element(item, block, ctx, { input: true, label: true, optional: block.optional, dispatch: block.dispatch_action === true, id, labelledby: `${id}-label`, describedby: described }),
    problem ? h("p", { class: "problem", id: `${id}-problem`, role: "alert" }, plain(problem)) : null,
    block.hint ? h("p", { class: "hint", id: `${id}-hint` }, text(block.hint)) : null,
  );
}

function table(block) {
  const settings = block.column_settings ?? [];
  const cell = (one, at, tag) => {
    const align = settings[at]?.align;
    const content = one.type === "rich_text" ? richText(one) : plain(String(one.text ?? one.value ?? ""));
    return h(tag, { class: `${align ? `align-${align}` : ""}${settings[at]?.is_wrapped ? " wrapped" : ""}` }, content);
  };
  const [first, ...rest] = block.rows;
  return h(
    "div",
    { class: "block table-scroll" },
    h("table", {}, h("thead", {}, h("tr", {}, first.map((one, at) => cell(one, at, "th")))), h("tbody", {}, rest.map((row) => h("tr", {}, row.map((one, at) => cell(one, at, "td")))))),
  );
}

function alert(block) {
  const level = ["info", "warning", "error", "success"].includes(block.level ?? block.style) ? (block.level ?? block.style) : "info";
  return h("div", { class: `block alert ${level} mrkdwn`, role: "note" }, block.text ? text(block.text) : null);
}

function video(block) {
  return h("div", { class: "block video" }, block.thumbnail_url ? picture({ image_url: block.thumbnail_url, alt_text: block.alt_text }) : null, h("p", {}, link(block.title_url ?? block.video_url ?? "", text(block.title))), block.description ? h("p", { class: "quiet" }, text(block.description)) : null);
}

const KINDS = {
  section,
  header,
  image,
  context,
  actions,
  input,
  table,
  alert,
  video,
  context_actions: contextActions,
  divider: () => h("hr", { class: "block divider" }),
  markdown: (block) => h("div", { class: "block mrkdwn markdown" }, markdown(block.text)),
  rich_text: (block) => h("div", { class: "block mrkdwn rich" }, richText(block)),
  file: (block) => h("div", { class: "block quiet" }, `A file kept elsewhere: ${block.external_id}`),
};

/** Old-style attachments: a coloured edge, words or blocks. */
export function attachment(item, ctx) {
  const inside = h("div", { class: "attachment-body" });
  const edge = h("div", { class: "attachment" }, inside);
  if (/^#?[0-9a-f]{6}$/i.test(item.color ?? "")) edge.style.borderInlineStartColor = `#${item.color.replace("#", "")}`;
  if (item.blocks?.length) blocks(inside, item.blocks, ctx);
  else {
    const parts = [
      item.pretext ? h("div", { class: "mrkdwn" }, mrkdwn(item.pretext)) : null,
      item.title ? h("strong", {}, item.title_link ? link(item.title_link, item.title) : plain(item.title)) : null,
      item.text || item.fallback ? h("div", { class: "mrkdwn" }, mrkdwn(item.text ?? item.fallback)) : null,
    ];
    inside.append(...parts.filter(Boolean));
  }
  return edge;
}
