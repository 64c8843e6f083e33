// What a person types and what Slack keeps: names become references on the way out, and names again when a message is edited.
import { store } from "./state.js";
import { unescape } from "./mrkdwn.js";
import { channelName, personName } from "./names.js";

/** Everyone who can be mentioned, longest name first. */
function mentionable() {
  return Object.values(store.state?.people ?? {})
    .flatMap((one) => [...new Set([one.real_name, one.name])].filter(Boolean).map((name) => ({ name, id: one.id })))
    .sort((a, b) => b.name.length - a.name.length);
}

function literal(name) {
  return name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Typed words with each @name as <@id>; the rest as it was typed, for Slack's composer escapes it. */
export function asSent(value) {
  let text = value.trim();
  for (const { name, id } of mentionable()) {
    text = text.replace(new RegExp(`(^|[\\s(])@${literal(name)}(?![\\p{L}\\p{N}_])`, "giu"), `$1<@${id}>`);
  }
  return text;
}

/** A kept message as words that can be typed again. */
export function asTyped(text) {
  const words = (text ?? "").replace(/<([^<>\n]+)>/g, (_, inside) => {
    const [target, label] = inside.split("|");
    if (target.startsWith("@")) return `@${personName(target.slice(1), label)}`;
    if (target.startsWith("#")) return `#${channelName(target.slice(1), label)}`;
    if (target.startsWith("!")) return `@${target.slice(1)}`;
    return target.replace(/^mailto:/, "");
  });
  return unescape(words);
}
