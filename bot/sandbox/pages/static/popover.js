// Small panels beside a button: menus, pickers, questions; Escape or a press elsewhere closes them and gives the focus back.
import { h, add, busy } from "./dom.js";

let open = null;

/** Show content by the anchor; returns the closing function. */
export function popover(anchor, content, { onclose, wide = false, focus = true } = {}) {
  closePopover();
  const panel = h("div", { class: `popover${wide ? " wide" : ""}` }, content);
  const host = anchor.closest("dialog") ?? document.body;
  host.append(panel);
  place(panel, anchor);
  const told = anchor.querySelector("[role=combobox]") ?? anchor;
  told.setAttribute("aria-expanded", "true");
  const outside = (event) => {
    if (!panel.contains(event.target) && !anchor.contains(event.target)) close();
  };
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
    anchor.focus();
  };
  const close = () => {
    if (open?.panel !== panel) return;
    open = null;
    panel.remove();
    told.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", keys, true);
    onclose?.();
  };
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", keys, true);
  open = { panel, close, anchor };
  if (focus) (panel.querySelector("[data-first]") ?? panel.querySelector("input, button, a, [tabindex]"))?.focus({ preventScroll: true });
  return close;
}

export function closePopover() {
  open?.close();
}

export function popoverFor(anchor) {
  return open?.anchor === anchor ? open : null;
}

function place(panel, anchor) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const left = Math.max(8, Math.min(box.left, innerWidth - width - 8));
  const below = innerHeight - box.bottom - 12;
  const above = box.top - 12;
  panel.style.left = `${left}px`;
  if (height <= below || below >= above) {
    panel.style.top = `${box.bottom + 4}px`;
    panel.style.maxHeight = `${Math.max(below, 120)}px`;
  } else {
    panel.style.bottom = `${innerHeight - box.top + 4}px`;
    panel.style.maxHeight = `${Math.max(above, 120)}px`;
  }
}

/** A menu of {label, hint, href, danger, run, heading, data}: arrow keys, Home, End, Enter. */
export function menu(anchor, entries, label = "Menu") {
  const list = h("div", { class: "menu", role: "menu", "aria-label": label });
  let close = null;
  for (const entry of entries.filter(Boolean)) {
    if (entry.heading) {
      list.append(h("div", { class: "menu-heading", role: "presentation" }, entry.heading));
      continue;
    }
    const item = h(
      entry.href ? "a" : "button",
      {
        ...(entry.href ? { href: entry.href, ...(entry.blank ? { target: "_blank", rel: "noopener noreferrer" } : {}) } : { type: "button" }),
        class: `menu-item${entry.danger ? " danger" : ""}${entry.current ? " current" : ""}`,
        role: "menuitem",
        "aria-current": entry.current ? "true" : null,
        ...(entry.data ?? {}),
        onclick: async () => {
          if (entry.run) await busy(item, () => entry.run());
          close?.();
        },
      },
      entry.before,
      h("span", { class: "menu-label" }, entry.label),
      entry.hint ? h("span", { class: "menu-hint" }, entry.hint) : null,
    );
    list.append(item);
  }
  list.addEventListener("keydown", (event) => walk(event, [...list.querySelectorAll(".menu-item")]));
  close = popover(anchor, list);
  return close;
}

/** Move the focus through a list of elements with the arrow keys. */
export function walk(event, items) {
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined || !items.length) return;
  event.preventDefault();
  items[(to + items.length) % items.length].focus();
}

/** A dialog of the page itself; content is given the closing function. */
export function dialog({ title, body, actions = [], wide = false, hooks = {}, onclose }) {
  closePopover();
  const node = h("dialog", { class: `sheet${wide ? " wide" : ""}`, "aria-label": title, ...hooks });
  const close = () => {
    closePopover();
    if (node.open) node.close();
    node.remove();
    onclose?.();
  };
  const cross = h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: close }, "✕");
  add(node, [
    h("header", { class: "sheet-head" }, h("h2", {}, title), cross),
    h("div", { class: "sheet-body" }, body),
    actions.length ? h("footer", { class: "sheet-foot" }, actions) : null,
    h("div", { class: "toasts" }),
  ]);
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  document.body.append(node);
  node.showModal();
  node.querySelector("[data-first]")?.focus();
  return close;
}

/** Ask before doing, in the words of a Block Kit confirm object; resolves to true or false. */
export function ask({ title, body, yes = "Yes", no = "Cancel", danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    const close = dialog({
      title,
      body,
      hooks: { "data-confirm": true },
      onclose: () => resolve(answer),
      actions: [
        h("button", { type: "button", class: "button", onclick: () => close() }, no),
        h(
          "button",
          {
            type: "button",
            class: `button ${danger ? "danger" : "primary"}`,
            "data-first": true,
            onclick: () => {
              answer = true;
              close();
            },
          },
          yes,
        ),
      ],
    });
  });
}
