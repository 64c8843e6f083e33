// The rich_text block, which is what people's own messages are made of: sections, lists, quotes and preformatted text.
import { h } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { slackDate } from "./time.js";
import { channelLink, link, mention } from "./mrkdwn.js";

function styled(node, style = {}) {
  let out = node;
  if (style.code) out = h("code", {}, out);
  if (style.bold) out = h("strong", {}, out);
  if (style.italic) out = h("em", {}, out);
  if (style.strike) out = h("s", {}, out);
  if (style.underline) out = h("u", {}, out);
  if (style.highlight || style.client_highlight) out = h("mark", {}, out);
  return out;
}

function breaks(value) {
  const span = h("span", {});
  value.split("\n").forEach((row, index) => span.append(...(index ? [h("br")] : []), row));
  return span;
}

function inline(part) {
  switch (part.type) {
    case "text":
      return styled(breaks(part.text), part.style);
    case "link":
      return styled(link(part.url, part.text || part.url), part.style);
    case "user":
      return styled(mention(part.user_id), part.style);
    case "usergroup":
      return h("span", { class: "mention" }, `@${part.usergroup_id}`);
    case "team":
      return h("span", { class: "mention" }, part.team_id);
    case "channel":
      return styled(channelLink(part.channel_id), part.style);
    case "emoji":
      return emojiNode(part.name, part.unicode);
    case "broadcast":
      return h("span", { class: "mention" }, `@${part.range}`);
    case "date":
      return h("time", {}, slackDate(part.timestamp, part.format ?? "{date_pretty}") ?? part.fallback ?? "");
    case "color":
      return h("span", { class: "colour" }, swatch(part.value), part.value);
    default:
      return h("span", { class: "quiet" }, part.fallback ?? part.text ?? `(${part.type})`);
  }
}

function swatch(value) {
  const node = h("span", { class: "swatch", "aria-hidden": "true" });
  if (/^#[0-9a-f]{3,8}$/i.test(value)) node.style.backgroundColor = value;
  return node;
}

/** A rich_text block as DOM nodes. */
export function richText(block) {
  const counts = [];
  return (block.elements ?? []).map((element) => {
    const parts = (element.elements ?? []).map((part) => (element.type === "rich_text_list" ? part : inline(part)));
    if (element.type !== "rich_text_list") counts.length = 0;
    switch (element.type) {
      case "rich_text_preformatted":
        return h("pre", {}, (element.elements ?? []).map((part) => part.text ?? part.url ?? ""));
      case "rich_text_quote":
        return h("blockquote", {}, parts);
      case "rich_text_list": {
        const indent = element.indent ?? 0;
        const ordered = element.style === "ordered";
        const start = element.offset ? element.offset + 1 : ordered ? (counts[indent] ?? 0) + 1 : 1;
        counts.length = indent + 1;
        if (ordered) counts[indent] = start - 1 + parts.length;
        const node = h(ordered ? "ol" : "ul", { class: `indent-${Math.min(indent, 6)}`, ...(ordered ? { start } : {}) });
        for (const item of parts) node.append(h("li", {}, (item.elements ?? []).map(inline)));
        return node;
      }
      default:
        return h("p", { class: "rich-line" }, parts);
    }
  });
}

/** What is typed in a rich_text_input, as the block that Slack would send. */
export function asRichText(value) {
  if (!value) return null;
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: value }] }] };
}

/** The words of a rich_text block, to be edited in a plain field. */
export function fromRichText(block) {
  const flat = (parts) => (parts ?? []).map((part) => part.text ?? part.url ?? (part.name ? `:${part.name}:` : flat(part.elements))).join("");
  return (block?.elements ?? []).map((element) => (element.type === "rich_text_list" ? element.elements.map((item) => `• ${flat(item.elements)}`).join("\n") : flat(element.elements))).join("\n");
}
