// The list on the left: the workspace, its channels with what is unread, people, and the app.
import { h, icon, iconButton } from "./dom.js";
import { avatar, badge, placeName } from "./names.js";
import { app, appChannel, go, store } from "./state.js";
import { browse, newMessage } from "./places.js";

/** The items of the sidebar. */
export function sidebarItems() {
  const { me, channels } = store.state;
  const bot = app();
  const mine = appChannel();
  const known = bot && (me.agency || channels.some((one) => one.members.includes(bot.id)));
  const rooms = channels.filter((one) => !one.is_im).sort((a, b) => a.name.localeCompare(b.name));
  const shared = rooms.filter((one) => one.is_ext_shared && !one.is_archived);
  const own = rooms.filter((one) => !one.is_ext_shared && !one.is_archived);
  const old = rooms.filter((one) => one.is_archived);
  const direct = channels.filter((one) => one.is_im && one.id !== mine?.id);
  return [
    { key: "team", sign: JSON.stringify([me.team_name, me.agency]), make: () => team(me) },
    title("channels", "Channels", iconButton("plus", "Find or make a channel", browse, { "data-do": "browse" })),
    ...own.map(row),
    shared.length ? title("shared", "Shared with other companies") : null,
    ...shared.map(row),
    title("direct", "Direct messages", iconButton("plus", "Write to somebody", newMessage, { "data-do": "write" })),
    ...direct.map(row),
    known ? title("apps", "App") : null,
    known ? appRow(bot, mine) : null,
    old.length ? title("archived", "Archived") : null,
    ...old.map(row),
  ];
}

function team(me) {
  return h("div", { class: "team" }, h("h2", {}, me.team_name), h("p", { class: "quiet small" }, me.agency ? "The agency, where the app is installed" : "A client company, in its own workspace"));
}

function title(key, words, button = null) {
  return { key: `title/${key}`, sign: words, make: () => h("div", { class: "side-title" }, h("h3", {}, words), button) };
}

function row(one) {
  const current = store.place === one.id;
  return {
    key: `place/${one.id}`,
    sign: JSON.stringify([one.name, one.im_with && placeName(one), one.unread, one.mentioned, current, one.is_private, one.is_archived]),
    make: () => link({ id: one.id, current, unread: one.unread, mentioned: one.mentioned || (one.is_im && one.unread > 0), sign: one.is_im ? avatar(one.im_with, { small: true }) : one.is_private ? icon("lock") : h("span", { class: "hash", "aria-hidden": "true" }, "#"), words: placeName(one), more: one.is_im ? badge(one.im_with) : null }),
  };
}

function appRow(bot, mine) {
  const current = store.place === "home" || (mine && store.place === mine.id);
  return {
    key: "place/app",
    sign: JSON.stringify([bot.real_name, mine?.unread, current]),
    make: () => link({ id: "home", current, unread: mine?.unread ?? 0, mentioned: true, sign: avatar(bot.id, { small: true }), words: bot.real_name, more: null }),
  };
}

function link({ id, current, unread, mentioned, sign, words, more }) {
  return h(
    "a",
    {
      class: `side-link${current ? " current" : ""}${unread ? " unread" : ""}`,
      href: `/?as=${store.as}&in=${id}`,
      "data-channel-link": id,
      "data-unread": unread || null,
      "aria-current": current ? "page" : null,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(id);
      },
    },
    h("span", { class: "side-sign" }, sign),
    h("span", { class: "side-name" }, words),
    more,
    unread ? h("span", { class: `count${mentioned ? " loud" : ""}`, "aria-label": `${unread} unread` }, unread) : null,
  );
}
