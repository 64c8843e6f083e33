// Standard Markdown of the `markdown` block: headings, lists, quotes, code, tables, rules, and the usual inline styles.
import { h } from "./dom.js";
import { link, plain } from "./mrkdwn.js";

const INLINE = [
  [/^`([^`\n]+)`/, (found) => h("code", {}, found[1])],
  [/^!\[([^\]]*)\]\(([^)\s]+)\)/, (found) => link(found[2], found[1] || found[2])],
  [/^\[([^\]]+)\]\(([^)\s]+)\)/, (found) => link(found[2], inline(found[1]))],
  [/^<(https?:[^>\s]+)>/, (found) => link(found[1], found[1])],
  [/^(\*\*|__)(?=\S)([\s\S]*?\S)\1/, (found) => h("strong", {}, inline(found[2]))],
  [/^(\*|_)(?=\S)([^\n]*?\S)\1(?![\p{L}\p{N}])/u, (found) => h("em", {}, inline(found[2]))],
  [/^~~(?=\S)([^\n]*?\S)~~/, (found) => h("s", {}, inline(found[1]))],
  [/^https?:\/\/[^\s<>)]+[^\s<>).,;:!?]/, (found) => link(found[0], found[0])],
  [/^\\([\\`*_{}[\]()#+\-.!~|>])/, (found) => found[1]],
];

function inline(text) {
  const out = [];
  let held = "";
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const inWord = at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1]);
    const hit = inWord && /^[_h]/.test(rest) ? null : INLINE.map(([rule, make]) => [rule.exec(rest), make]).find(([found]) => found);
    if (hit) {
      if (held) out.push(...plain(held));
      held = "";
      out.push(hit[1](hit[0]));
      at += hit[0][0].length;
    } else {
      held += text[at];
      at += 1;
    }
  }
  if (held) out.push(...plain(held));
  return out;
}

const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;

function list(rows) {
  const depth = ITEM.exec(rows[0])[1].length;
  const ordered = /^\s*\d/.test(rows[0]);
  const node = h(ordered ? "ol" : "ul", ordered ? { start: parseInt(rows[0].trim(), 10) } : {});
  for (let at = 0; at < rows.length; ) {
    const [, , , words] = ITEM.exec(rows[at]) ?? [null, "", "", rows[at].trim()];
    const inner = [];
    at += 1;
    while (at < rows.length && (!ITEM.test(rows[at]) || ITEM.exec(rows[at])[1].length > depth)) inner.push(rows[at++]);
    const box = /^\[([ xX])\]\s+(.*)$/.exec(words);
    const nested = inner.findIndex((row) => ITEM.test(row));
    const more = nested < 0 ? inner : inner.slice(0, nested);
    const said = [box ? box[2] : words, ...more.map((row) => row.trim())].join(" ");
    node.append(h("li", {}, box ? (box[1] === " " ? "☐ " : "☑ ") : null, inline(said), nested < 0 ? null : list(inner.slice(nested))));
  }
  return node;
}

function table(rows) {
  const cells = (row) => row.replace(/^\s*\||\|\s*$/g, "").split("|").map((cell) => cell.trim());
  const [head, , ...body] = rows.map(cells);
  return h(
    "div",
    { class: "table-scroll" },
    h("table", {}, h("thead", {}, h("tr", {}, head.map((cell) => h("th", {}, inline(cell))))), h("tbody", {}, body.map((row) => h("tr", {}, row.map((cell) => h("td", {}, inline(cell))))))),
  );
}

/** Markdown as DOM nodes. */
export function markdown(source) {
  const rows = String(source ?? "").replace(/\r/g, "").split("\n");
  const out = [];
  const take = (test) => {
    const taken = [];
    while (rows.length && test(rows[0])) taken.push(rows.shift());
    return taken;
  };
  while (rows.length) {
    const row = rows[0];
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(row);
    if (!row.trim()) rows.shift();
    else if (/^\s*```/.test(row)) {
      rows.shift();
      const inside = take((line) => !/^\s*```/.test(line));
      rows.shift();
      out.push(h("pre", {}, inside.join("\n")));
    } else if (heading) {
      rows.shift();
      out.push(h(`h${Math.min(6, heading[1].length + 2)}`, { class: "md-heading" }, inline(heading[2])));
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(row)) {
      rows.shift();
      out.push(h("hr"));
    } else if (/^\s*>/.test(row)) out.push(h("blockquote", {}, markdown(take((line) => /^\s*>/.test(line)).map((line) => line.replace(/^\s*> ?/, "")).join("\n"))));
    else if (ITEM.test(row)) out.push(list(take((line) => ITEM.test(line) || /^\s{2,}\S/.test(line))));
    else if (row.includes("|") && /^[\s|:-]+$/.test(rows[1] ?? "x") && (rows[1] ?? "").includes("-")) out.push(table(take((line) => line.includes("|"))));
    else {
      const first = rows.shift();
      const more = take((line) => line.trim() && !/^(#{1,6}\s|\s*```|\s*>)/.test(line) && !ITEM.test(line));
      out.push(h("p", {}, [first, ...more].flatMap((line, index) => (index ? [h("br"), ...inline(line)] : inline(line)))));
    }
  }
  return out;
}
