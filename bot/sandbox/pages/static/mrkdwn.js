// Slack's mrkdwn, read into a small tree and drawn with text nodes: *bold* _italic_ ~strike~ `code` ```pre``` > quote <links> :emoji:.
import { h } from "./dom.js";
import { emoji, emojiNode } from "./emoji.js";
import { slackDate } from "./time.js";
import { channelName, personName } from "./names.js";

const STYLES = { "*": "b", _: "i", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;

export function unescape(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}

/** The whole text as block nodes: {kind: "pre" | "quote" | "lines", …}. */
export function parse(text) {
  const out = [];
  const pieces = text.split(/```/);
  pieces.forEach((piece, index) => {
    const closed = index < pieces.length - 1;
    if (index % 2 === 1 && closed) out.push({ kind: "pre", text: piece.replace(/^\n/, "").replace(/\n$/, "") });
    else lines(index % 2 === 1 ? "```" + piece : piece, out, index > 0, closed);
  });
  return out;
}

function lines(text, out, afterPre, beforePre) {
  let body = text;
  if (afterPre) body = body.replace(/^\n/, "");
  if (beforePre) body = body.replace(/\n$/, "");
  if (!body) return;
  let plain = [];
  let quote = [];
  const flush = () => {
    if (plain.length) out.push({ kind: "lines", nodes: inline(plain.join("\n")) });
    if (quote.length) out.push({ kind: "quote", nodes: inline(quote.join("\n")) });
    plain = [];
    quote = [];
  };
  const rows = body.split("\n");
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at].replace(/^(?:&gt;)+/, (signs) => ">".repeat(signs.length / 4));
    if (row.startsWith(">>>")) {
      flush();
      quote = [row.slice(3).replace(/^ /, ""), ...rows.slice(at + 1)];
      break;
    }
    if (row.startsWith(">")) {
      if (plain.length) flush();
      quote.push(row.slice(1).replace(/^ /, ""));
    } else {
      if (quote.length) flush();
      plain.push(rows[at]);
    }
  }
  flush();
}

/** One run of text as inline nodes: strings and {kind, …}. */
export function inline(text) {
  const out = [];
  let held = "";
  const flush = () => {
    if (held) out.push(held);
    held = "";
  };
  let at = 0;
  while (at < text.length) {
    const sign = text[at];
    const node = sign === "<" ? angle(text, at) : sign === "`" ? code(text, at) : sign === ":" ? colon(text, at) : STYLES[sign] ? styled(text, at) : bare(text, at);
    if (node) {
      flush();
      out.push(node.node);
      at = node.end;
    } else {
      held += sign;
      at += 1;
    }
  }
  flush();
  return out;
}

function angle(text, at) {
  const end = text.indexOf(">", at);
  if (end < 0 || text.slice(at, end).includes("\n")) return null;
  const [target, ...rest] = text.slice(at + 1, end).split("|");
  const label = rest.join("|");
  const done = (node) => ({ node, end: end + 1 });
  if (target.startsWith("@")) return done({ kind: "user", id: target.slice(1), label });
  if (target.startsWith("#")) return done({ kind: "channel", id: target.slice(1), label });
  if (target.startsWith("!date^")) {
    const [, seconds, format, link] = target.split("^");
    return done({ kind: "date", seconds, format, link, label });
  }
  if (target.startsWith("!subteam^")) return done({ kind: "broadcast", name: label || "@group" });
  if (target.startsWith("!")) return done({ kind: "broadcast", name: `@${target.slice(1)}` });
  if (/^(https?:|mailto:|tel:)/i.test(target)) return done({ kind: "link", url: unescape(target), nodes: label ? inline(label) : null });
  return null;
}

function code(text, at) {
  const end = text.indexOf("`", at + 1);
  if (end <= at + 1 || text.slice(at, end).includes("\n")) return null;
  return { node: { kind: "code", text: text.slice(at + 1, end) }, end: end + 1 };
}

function colon(text, at) {
  const found = /^:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/.exec(text.slice(at, at + 64));
  return found && emoji(found[1]) ? { node: { kind: "emoji", name: found[1] }, end: at + found[0].length } : null;
}

function styled(text, at) {
  const sign = text[at];
  if ((at > 0 && WORD.test(text[at - 1])) || !text[at + 1] || /\s/.test(text[at + 1]) || text[at + 1] === sign) return null;
  for (let end = text.indexOf(sign, at + 1); end > 0; end = text.indexOf(sign, end + 1)) {
    const content = text.slice(at + 1, end);
    if (content.includes("\n")) return null;
    if (/\s$/.test(content) || (text[end + 1] && WORD.test(text[end + 1])) || (content.match(/`/g) ?? []).length % 2) continue;
    if (content.lastIndexOf("<") > content.lastIndexOf(">")) continue; // the sign stands inside a link
    return { node: { kind: STYLES[sign], nodes: inline(content) }, end: end + 1 };
  }
  return null;
}

function bare(text, at) {
  if (text[at] !== "h" || (at > 0 && WORD.test(text[at - 1]))) return null;
  const found = /^https?:\/\/[^\s<>|]+/.exec(text.slice(at, at + 3000));
  if (!found) return null;
  const url = found[0].replace(/[.,;:!?)'"]+$/, "");
  return { node: { kind: "link", url: unescape(url), nodes: null }, end: at + url.length };
}

/** A link that can only lead somewhere harmless. */
export function link(url, children, attrs = {}) {
  if (!/^(https?:|mailto:|tel:)/i.test(url)) return h("span", attrs, children);
  const own = place(url);
  if (own) return h("a", { href: url, ...attrs, onclick: (event) => go(event, ...own) }, children);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...attrs }, children);
}

/** Where a link to a message leads: its channel, ts and thread; null for every other link. */
function place(url) {
  if (url.startsWith(`${location.origin}/#message-`)) {
    const found = /#message-(\w+)-([\d.]+)$/.exec(url);
    return found && [found[1], found[2], ""];
  }
  const found = /^https:\/\/(?:[\w-]+\.)?slack\.com\/archives\/(\w+)(?:\/p(\d{10,})(\d{6}))?\/?(?:\?(.*))?$/.exec(url);
  if (!found) return null;
  const ts = found[2] ? `${found[2]}.${found[3]}` : "";
  const thread = new URLSearchParams(found[4] ?? "").get("thread_ts") ?? "";
  return [found[1], ts, thread === ts ? "" : thread];
}

export function mention(id, label) {
  return h("span", { class: "mention", "data-person": id }, `@${personName(id, label)}`);
}

export function channelLink(id, label) {
  return h("a", { class: "mention", href: "#", "data-go": id, onclick: (event) => go(event, id) }, `#${channelName(id, label)}`);
}

function go(event, id, ts = "", thread = "") {
  event.preventDefault();
  document.dispatchEvent(new CustomEvent("go", { detail: { channel: id, ts, thread } }));
}

function draw(nodes) {
  return nodes.map((node) => {
    if (typeof node === "string") {
      return unescape(node)
        .split("\n")
        .flatMap((row, index) => (index ? [h("br"), row] : [row]));
    }
    switch (node.kind) {
      case "user":
        return mention(node.id, node.label);
      case "channel":
        return channelLink(node.id, node.label);
      case "broadcast":
        return h("span", { class: "mention" }, node.name);
      case "date": {
        const shown = slackDate(node.seconds, node.format ?? "") ?? unescape(node.label);
        return node.link ? link(node.link, shown) : h("time", { title: unescape(node.label) }, shown);
      }
      case "link":
        return link(node.url, node.nodes ? draw(node.nodes) : node.url.replace(/^mailto:/, ""));
      case "code":
        return h("code", {}, unescape(node.text));
      case "emoji":
        return emojiNode(node.name);
      default:
        return h({ b: "strong", i: "em", s: "s" }[node.kind], {}, draw(node.nodes));
    }
  });
}

/** mrkdwn as DOM nodes. */
export function mrkdwn(text) {
  return parse(String(text ?? "")).map((block) => {
    if (block.kind === "pre") return h("pre", {}, unescape(block.text));
    if (block.kind === "quote") return h("blockquote", {}, draw(block.nodes));
    return h("span", { class: "lines" }, draw(block.nodes));
  });
}

/** A Block Kit text object as DOM nodes. */
export function text(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  return plain(object.text, object.emoji !== false);
}

/** plain_text: line breaks and emoji, nothing else. */
export function plain(value, withEmoji = true) {
  return String(value ?? "")
    .split("\n")
    .flatMap((row, index) => {
      const nodes = withEmoji
        ? row.split(/(:[a-z0-9_+'-]+:)/).map((part) => (/^:.+:$/.test(part) && emoji(part.slice(1, -1)) ? emojiNode(part.slice(1, -1)) : part))
        : [row];
      return index ? [h("br"), ...nodes] : nodes;
    });
}

/** The words alone, for a notification, a label or a search. */
export function words(object) {
  const value = typeof object === "string" ? object : (object?.text ?? "");
  return value.replace(/:([a-z0-9_+'-]+):/g, (whole, name) => emoji(name) ?? whole);
}
