// Making, finding, joining and leaving channels, and what a channel is: its people, companies and settings.
import { h, busy, icon, toast } from "./dom.js";
import { ask, dialog } from "./popover.js";
import { plain } from "./mrkdwn.js";
import { avatar, badge, personName } from "./names.js";
import { attempt, channel, go, post, refresh, refusing, store } from "./state.js";

function doing(label, work, style = "") {
  return h("button", { type: "button", class: `button ${style}`, onclick: (event) => busy(event.currentTarget, work) }, label);
}

/** Find a channel to join, or make a new one. */
export function browse() {
  const list = h("div", { class: "rows" });
  const name = h("input", { class: "field", name: "name", placeholder: "plan-the-launch", maxlength: 80, autocomplete: "off", "data-new-channel": true });
  const hidden = h("input", { type: "checkbox", name: "private" });
  const make = async () => {
    const wanted = name.value.trim().toLowerCase().replace(/^#/, "").replace(/\s+/g, "-");
    if (!wanted) return name.focus();
    const id = await attempt("creates", { name: wanted, private: hidden.checked });
    if (id === undefined) return undefined;
    close();
    await refresh();
    return go(id);
  };
  const form = h(
    "form",
    { class: "stack", onsubmit: (event) => { event.preventDefault(); busy(form.querySelector("button"), make); } },
    h("h3", {}, "Make a new channel"),
    h("label", { class: "label" }, "Name", name),
    h("label", { class: "choice" }, hidden, h("span", { class: "choice-words" }, "Private: only people who are invited see it")),
    h("div", { class: "row end" }, h("button", { type: "submit", class: "button primary" }, "Create channel")),
  );
  const joinable = store.state.joinable ?? [];
  list.append(
    ...joinable.map((one) =>
      h("div", { class: "place-row" }, h("span", { class: "grow" }, "#", one.name), doing("Join", async () => {
        if ((await attempt("joins", { channel: one.id })) === undefined) return;
        close();
        await refresh();
        await go(one.id);
      })),
    ),
  );
  const close = dialog({
    title: "Channels",
    body: [h("h3", {}, "Open to everyone here"), joinable.length ? list : h("p", { class: "quiet" }, `You are in every open channel of ${store.state.me.team_name}.`), h("hr"), form],
    hooks: { "data-dialog": "browse" },
  });
}

/** Begin a direct message with somebody. */
export function newMessage() {
  const met = new Set(store.state.channels.flatMap((one) => one.members));
  const others = Object.values(store.state.people).filter((one) => one.id !== store.as && !one.deleted && (met.has(one.id) || !one.external));
  const close = dialog({
    title: "Write to somebody",
    body: h(
      "div",
      { class: "rows" },
      others.map((one) =>
        h(
          "button",
          { type: "button", class: "menu-item", "data-write-to": one.id, onclick: (event) => busy(event.currentTarget, async () => {
            const made = await refusing(() => post("/direct", { as: store.as, who: one.id }));
            if (made === undefined) return;
            close();
            await refresh();
            await go(made.channel);
          }) },
          avatar(one.id, { small: true }),
          h("span", { class: "menu-label" }, one.real_name),
          badge(one.id),
        ),
      ),
    ),
    hooks: { "data-dialog": "write" },
  });
}

/** What a channel is, who is in it, and what this person may do with it. */
export function details(id) {
  const one = channel(id);
  const { me, people } = store.state;
  const inside = new Set(one.members);
  const outside = Object.values(people).filter((person) => !inside.has(person.id) && !person.deleted && !person.external);
  const leave = async (yes, name, args, after) => {
    if (!(await ask(yes))) return;
    if ((await attempt(name, { channel: id, ...args })) === undefined) return;
    close();
    await refresh();
    if (after) await go(after);
  };
  const adding = h("select", { class: "field", "aria-label": "Add somebody", "data-add-person": true }, h("option", { value: "" }, "Add somebody…"), outside.map((person) => h("option", { value: person.id }, person.real_name)));
  adding.addEventListener("change", async () => {
    if ((await attempt("invites", { who: adding.value, channel: id })) === undefined) return;
    close();
    await refresh();
    details(id);
  });
  const address = h("input", { class: "field", type: "email", placeholder: "somebody@their-company.example", "aria-label": "Their e-mail address", "data-share-with": true });
  const sharing = h(
    "form",
    { class: "row", onsubmit: (event) => { event.preventDefault(); busy(sharing.querySelector("button"), share); } },
    h("span", { class: "grow" }, address),
    h("button", { type: "submit", class: "button" }, "Invite another company"),
  );
  const share = async () => {
    if (!address.value.trim() || (await attempt("shares", { channel: id, email: address.value.trim() })) === undefined) return;
    close();
    toast(`The invitation is in the mailbox of ${address.value.trim()}.`);
    await refresh();
  };
  const others = (one.teams ?? []).filter((name) => name !== me.team_name);
  const home = store.state.channels.find((other) => other.name === "general" && other.id !== id)?.id ?? "";
  const close = dialog({
    title: one.is_private ? one.name : `#${one.name}`,
    hooks: { "data-dialog": "details" },
    body: [
      others.length ? h("p", { class: "note" }, icon("link"), h("span", {}, "Shared with ", h("strong", {}, others.join(", ")), ". Everyone in it reads everything.")) : null,
      one.topic ? h("p", {}, h("strong", {}, "Topic "), plain(one.topic)) : null,
      one.purpose ? h("p", {}, h("strong", {}, "About "), plain(one.purpose)) : null,
      h("h3", {}, `${one.members.length} people`),
      h("div", { class: "rows people" }, one.members.map((member) => h("div", { class: "place-row" }, avatar(member, { small: true }), h("span", { class: "grow" }, personName(member), member === me.id ? h("span", { class: "quiet" }, " (you)") : null), badge(member)))),
      !one.is_archived && outside.length ? adding : null,
      me.agency && !one.is_archived && !me.guest ? sharing : null,
      one.is_archived
        ? h("div", { class: "row" }, doing("Open it again", () => attempt("unarchives", { channel: id }).then(close).then(refresh)))
        : h(
            "div",
            { class: "row wrap" },
            doing("Leave", () => leave({ title: `Leave #${one.name}?`, body: "You can come back if the channel is open, or when somebody adds you.", yes: "Leave channel" }, "leaves", {}, home)),
            me.guest ? null : doing("Archive", () => leave({ title: `Archive #${one.name}?`, body: "Nobody can write in it any more. What was said stays readable.", yes: "Archive channel", danger: true }, "archives", {}, "")),
            others.map((team) =>
              doing(`Disconnect ${me.agency ? team : me.team_name}`, () =>
                leave(
                  { title: `Disconnect ${me.agency ? team : me.team_name}?`, body: `${me.agency ? team : me.team_name} and #${one.name} part; its people no longer see what is written here.`, yes: "Disconnect", danger: true },
                  "disconnects",
                  { team: me.agency ? team : me.team_name },
                  "",
                ),
              ),
            ).slice(0, me.agency ? undefined : 1),
          ),
    ],
  });
}
