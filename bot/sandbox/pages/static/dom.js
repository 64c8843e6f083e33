// Makes and keeps DOM: elements from data (text nodes only, never markup), and lists that change in place without flicker.

/** An element: h("button", {class: "x", "data-ts": ts, onclick: fn}, "text", node, null, [more]). */
export function h(tag, attrs = {}, ...children) {
  const node = document.createElement(tag);
  set(node, attrs);
  add(node, children);
  return node;
}

/** The same in the SVG namespace, for the few drawn signs. */
export function svg(tag, attrs = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, value);
  for (const child of children) node.append(child);
  return node;
}

export function set(node, attrs) {
  for (const [name, value] of Object.entries(attrs)) {
    if (value === null || value === undefined || value === false) {
      if (value === false && name in node && !name.startsWith("aria")) node[name] = false;
      else node.removeAttribute(name);
    } else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (["value", "checked", "disabled", "selected", "hidden", "open", "multiple"].includes(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  return node;
}

export function add(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

const kept = new WeakMap();

/** Show exactly these items in parent: {key, sign, make}. A node whose sign is unchanged is left alone, with its scroll, focus and typed text. */
export function patch(parent, items) {
  const before = kept.get(parent) ?? new Map();
  const after = new Map();
  const wanted = items.filter(Boolean);
  keepFocus(parent, () => {
    for (const item of wanted) {
      const old = before.get(item.key);
      const node = old && old.sign === item.sign ? old.node : item.make(old?.node);
      if (old && old.node !== node && old.node.parentNode === parent) old.node.replaceWith(node);
      after.set(item.key, { sign: item.sign, node });
    }
    const keep = new Set([...after.values()].map((entry) => entry.node));
    for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
    let at = parent.firstChild;
    for (const { node } of after.values()) {
      if (node === at) at = at.nextSibling;
      else parent.insertBefore(node, at);
    }
  });
  kept.set(parent, after);
}

/** Run a change and, if it took the focused field away, put focus and caret in its successor (the same data-keep). */
export function keepFocus(root, change) {
  const active = document.activeElement;
  const key = active && root.contains(active) ? active.closest("[data-keep]")?.dataset.keep : null;
  const caret = key && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
  change();
  if (!key || (active.isConnected && document.activeElement === active)) return;
  const successor = root.querySelector(`[data-keep="${CSS.escape(key)}"]`);
  if (!successor) return;
  successor.focus({ preventScroll: true });
  if (caret && caret[0] !== null && "setSelectionRange" in successor) {
    try {
      successor.setSelectionRange(...caret);
    } catch (problem) {
      if (!(problem instanceof DOMException)) throw problem; // date and number fields have no caret
    }
  }
}

/** A line that a screen reader says aloud and the eye sees for a moment. */
export function toast(sentence, kind = "note") {
  const shelf = document.getElementById("toasts");
  const node = h("div", { class: `toast ${kind}`, role: kind === "problem" ? "alert" : "status" }, sentence);
  (document.querySelector("dialog[open]:last-of-type .toasts") ?? shelf).append(node);
  setTimeout(() => node.remove(), kind === "problem" ? 8000 : 3500);
}

/** A spinner in the button, and no second press, while the work is under way. */
export async function busy(button, work) {
  if (button?.getAttribute("aria-busy") === "true") return undefined;
  button?.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

const PATHS = {
  thread: "M4 5h16v11H9l-5 4z",
  react: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9 10h.01M15 10h.01M8.5 14.5c2 2 5 2 7 0",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  attach: "M8 12l6-6a3.5 3.5 0 0 1 5 5l-8 8a5 5 0 0 1-7-7l7-7",
  send: "M4 12l16-8-5 17-4-7z",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  plus: "M12 5v14M5 12h14",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z",
  pin: "M9 4h6l-1 7 3 3H7l3-3zM12 14v6",
  link: "M9 15l6-6M8 11l-2 2a3.5 3.5 0 0 0 5 5l2-2M16 13l2-2a3.5 3.5 0 0 0-5-5l-2 2",
  mail: "M3 6h18v12H3zM3 7l9 7 9-7",
  card: "M3 6h18v12H3zM3 10h18",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3 2",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6M18 14a6.5 6.5 0 0 1 3.5 6",
  down: "M6 9l6 6 6-6",
  eye: "M2 12c4-7 16-7 20 0-4 7-16 7-20 0M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  home: "M4 11l8-7 8 7v9h-6v-6h-4v6H4z",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
};

/** One of the page's own line signs. */
export function icon(name) {
  return svg("svg", { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));
}

/** A button that shows only a sign; its name is what it does. */
export function iconButton(name, label, onclick, attrs = {}) {
  return h("button", { type: "button", class: "icon-button", title: label, "aria-label": label, onclick, ...attrs }, icon(name));
}
