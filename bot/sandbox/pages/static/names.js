// What people, channels and companies are called, and the round sign that stands for each person.
import { h, svg } from "./dom.js";

let people = {};
let channels = [];

export function setNames(snapshot) {
  people = snapshot.people ?? {};
  channels = snapshot.channels ?? [];
}

export function person(id) {
  return people[id] ?? null;
}

export function personName(id, label) {
  const found = people[id];
  if (id === "USLACKBOT") return "Slackbot";
  return found ? found.real_name || found.name : label || id || "Somebody";
}

export function channelName(id, label) {
  return channels.find((channel) => channel.id === id)?.name ?? (label || "private channel");
}

/** How a place is called in lists: the person for a direct message, else the channel's name. */
export function placeName(channel) {
  return channel.is_im ? personName(channel.im_with) : channel.name;
}

export function initials(name) {
  const parts = name.trim().split(/\s+/);
  return ((parts[0]?.[0] ?? "") + (parts.length > 1 ? parts.at(-1)[0] : "")).toUpperCase() || "?";
}

const TONES = 8;

function tone(name) {
  let sum = 0;
  for (const sign of String(name)) sum = (sum * 31 + sign.codePointAt(0)) % 9973;
  return sum % TONES;
}

/** The person's sign: initials in a circle; the app has a spool of thread. */
export function avatar(id, { small = false, name = null, image = null } = {}) {
  const who = people[id];
  const size = small ? " small" : "";
  if (image) return h("img", { class: `avatar${size}`, src: image, alt: "", "aria-hidden": "true" });
  if (who?.bot || (!who && !name)) {
    return h(
      "span",
      { class: `avatar app${size}`, "aria-hidden": "true" },
      svg("svg", { viewBox: "0 0 24 24" }, svg("path", { d: "M5 5h14M5 19h14M8 5v14M16 5v14M8 9l8-1.5M8 12.5l8-1.5M8 16l8-1.5" })),
    );
  }
  return h("span", { class: `avatar tone-${tone(who ? personName(id) : name)}${size}`, "aria-hidden": "true" }, initials(who ? personName(id) : name));
}

/** The company's name beside somebody who comes from elsewhere; "app" beside the bot. */
export function badge(id) {
  const who = people[id];
  if (who?.bot) return h("span", { class: "badge" }, "app");
  if (who?.external) return h("span", { class: "badge company" }, who.team_name);
  if (who?.guest) return h("span", { class: "badge" }, "guest");
  return null;
}
