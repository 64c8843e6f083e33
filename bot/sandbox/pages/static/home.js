// The app's own place: its Home tab, as the app publishes it for this person, and the way to its direct messages.
import { h, iconButton } from "./dom.js";
import { avatar } from "./names.js";
import { blocks } from "./blocks.js";
import { app, appChannel, attempt, go, post, refresh, refusing, store } from "./state.js";
import { surface } from "./surface.js";

/** The tabs over the app's Home and its messages. */
export function appTabs(current) {
  const mine = appChannel();
  const bot = app();
  const tab = (id, words) => h("button", { type: "button", role: "tab", class: `tab${current === id ? " current" : ""}`, "aria-selected": String(current === id), "data-tab": id, onclick: () => (id === "home" ? openHome() : openMessages(bot)) }, words);
  return {
    key: "app-tabs",
    sign: JSON.stringify([current, mine?.id, mine?.unread]),
    make: () => h("div", { class: "tabs", role: "tablist" }, tab("home", "Home"), tab("messages", mine?.unread ? `Messages (${mine.unread})` : "Messages")),
  };
}

export function openHome() {
  return go("home");
}

async function openMessages(bot) {
  const id = appChannel()?.id ?? (await refusing(() => post("/direct", { as: store.as, who: bot.id })))?.channel;
  if (id === undefined) return;
  await refresh();
  await go(id);
}

let told = "";

/** Tell the app that its Home was opened, once for each visit. */
export function noticeHome() {
  if (store.place !== "home") {
    told = "";
    return;
  }
  if (told === store.as || !store.state.me.agency) return;
  told = store.as;
  attempt("opens_home").then(refresh);
}

/** The items of the main pane for the app's Home. */
export function homeItems() {
  const bot = app();
  if (!bot) return [{ key: "no-app", sign: "", make: () => h("p", { class: "empty" }, "No app can be seen from here yet.") }];
  return [
    {
      key: "home-head",
      sign: bot.real_name,
      make: () => h("header", { class: "pane-head" }, iconButton("back", "Back to the list", () => go(""), { class: "icon-button back" }), h("div", { class: "pane-title" }, h("h1", {}, avatar(bot.id, { small: true }), bot.real_name))),
    },
    appTabs("home"),
    { key: "home-view", sign: "", make: () => h("div", { class: "home", "data-home": true }, h("div", { class: "home-blocks" })) },
  ];
}

/** Fill the Home with the view that the app published. */
export function showHome(root) {
  const box = root.querySelector(".home-blocks");
  if (!box) return;
  const view = store.state.home;
  if (view) {
    box.className = "home-blocks";
    blocks(box, view.blocks, surface(`home/${store.as}`, { type: "view", view_id: view.id }));
    return;
  }
  const words = store.state.me.agency ? "The app has not drawn your Home yet." : `The app is installed at the agency. In Slack, its Home stays empty for people of other companies, like you. Its buttons in your shared channels are for you.`;
  blocks(box, [{ type: "section", text: { type: "plain_text", text: words } }], surface("home/none", {}));
}
