// Who is looking: a switch with everyone in the sandbox, by company; each entry is a link, so a second window can show a second person.
import { h, icon } from "./dom.js";
import { menu } from "./popover.js";
import { avatar } from "./names.js";
import { store } from "./state.js";

/** The items of the menu, grouped by workspace. */
function entries() {
  const here = (store.place ? `&in=${store.place}` : "") + (store.invite ? `&invite=${store.invite}` : "");
  return (store.state.everyone ?? []).flatMap((team) => [
    { heading: team.agency ? `${team.name}, the agency` : `${team.name}, a client` },
    ...team.people.map((one) => ({
      label: one.real_name,
      hint: one.role,
      href: `/?as=${one.id}${here}`,
      current: one.id === store.as,
      before: avatar(one.id, { small: true, name: one.real_name }),
      data: { "data-be": one.id },
    })),
  ]);
}

/** The switch itself. */
export function identity() {
  const { me } = store.state;
  const node = h(
    "button",
    { type: "button", class: "identity", "data-identity": me.id, "aria-haspopup": "menu", "aria-expanded": "false", title: "Be somebody else", onclick: () => menu(node, entries(), "Be somebody else") },
    avatar(me.id, { small: true, name: me.real_name }),
    h("span", { class: "identity-words" }, h("span", { class: "identity-you" }, "You are "), h("strong", {}, me.real_name), h("span", { class: "identity-team" }, me.team_name)),
    icon("down"),
  );
  return node;
}
