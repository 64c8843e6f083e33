// The emoji that the sandbox knows by their short names, and a small picker to choose one.
import { h } from "./dom.js";
import { popover, walk } from "./popover.js";

const NAMES = `+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|eyes 👀|white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|tada 🎉|pray 🙏|heart ❤️|
raised_hands 🙌|clap 👏|wave 👋|ok_hand 👌|muscle 💪|point_right 👉|point_left 👈|point_up ☝️|point_down 👇|handshake 🤝|writing_hand ✍️|smile 😄|smiley 😃|grinning 😀|grin 😁|joy 😂|
slightly_smiling_face 🙂|wink 😉|blush 😊|thinking_face 🤔|sweat_smile 😅|neutral_face 😐|confused 😕|cry 😢|disappointed 😞|open_mouth 😮|sunglasses 😎|
heart_eyes 😍|star-struck 🤩|partying_face 🥳|hugging_face 🤗|zipper_mouth_face 🤐|sleeping 😴|rocket 🚀|fire 🔥|sparkles ✨|star ⭐|star2 🌟|
zap ⚡|boom 💥|100 💯|bulb 💡|bell 🔔|no_bell 🔕|lock 🔒|unlock 🔓|key 🔑|closed_lock_with_key 🔐|memo 📝|pencil ✏️|pencil2 ✏️|page_facing_up 📄|
page_with_curl 📃|bookmark_tabs 📑|clipboard 📋|calendar 📅|date 📅|spiral_calendar_pad 🗓️|pushpin 📌|round_pushpin 📍|paperclip 📎|link 🔗|file_folder 📁|
open_file_folder 📂|card_file_box 🗃️|inbox_tray 📥|outbox_tray 📤|package 📦|email 📧|envelope ✉️|incoming_envelope 📨|mailbox 📫|speech_balloon 💬|
thought_balloon 💭|left_speech_bubble 🗨️|mega 📣|loudspeaker 📢|telephone_receiver 📞|iphone 📱|computer 💻|mag 🔍|mag_right 🔎|hourglass ⌛|
hourglass_flowing_sand ⏳|alarm_clock ⏰|stopwatch ⏱️|clock1 🕐|clock9 🕘|watch ⌚|warning ⚠️|rotating_light 🚨|exclamation ❗|question ❓|grey_question ❔|bangbang ‼️|
no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|construction 🚧|information_source ℹ️|recycle ♻️|repeat 🔁|arrows_counterclockwise 🔄|leftwards_arrow_with_hook ↩️|
arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|arrow_forward ▶️|pause_button ⏸️|fast_forward ⏩|rewind ⏪|heavy_plus_sign ➕|heavy_minus_sign ➖|
money_with_wings 💸|moneybag 💰|credit_card 💳|receipt 🧾|chart_with_upwards_trend 📈|bar_chart 📊|dollar 💵|euro 💶|pound 💷|gift 🎁|trophy 🏆|
checkered_flag 🏁|triangular_flag_on_post 🚩|dart 🎯|seedling 🌱|deciduous_tree 🌳|sunny ☀️|cloud ☁️|rainbow 🌈|coffee ☕|tea 🍵|cake 🍰|beers 🍻|
house 🏠|office 🏢|briefcase 💼|hammer 🔨|wrench 🔧|hammer_and_wrench 🛠️|gear ⚙️|thread 🧵|yarn 🧶|needle 🪡|scissors ✂️|art 🎨|camera 📷|
movie_camera 🎥|microphone 🎤|headphones 🎧|musical_note 🎵|globe_with_meridians 🌐|earth_africa 🌍|busts_in_silhouette 👥|bust_in_silhouette 👤|robot_face 🤖|
wave_hand 👋|red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|white_circle ⚪|black_circle ⚫|large_orange_diamond 🔶|
large_blue_diamond 🔷|small_blue_diamond 🔹|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|crossed_fingers 🤞|man-shrugging 🤷|woman-shrugging 🤷|shrug 🤷|
see_no_evil 🙈|broken_heart 💔|green_heart 💚|blue_heart 💙|yellow_heart 💛|snowflake ❄️|umbrella ☔|wastebasket 🗑️|label 🏷️|scroll 📜|scales ⚖️|ticket 🎫|new 🆕|ok 🆗`;

const TABLE = new Map(
  NAMES.split("|").map((entry) => {
    const [name, sign] = entry.trim().split(" ");
    return [name, sign];
  }),
);

const FIRST = ["+1", "white_check_mark", "eyes", "tada", "heart", "pray", "raised_hands", "rocket", "memo", "thinking_face", "smile", "wave"];

/** The sign of a short name, or null; a skin tone is left aside. */
export function emoji(name) {
  return TABLE.get(name.split("::")[0]) ?? null;
}

const seen = new Map();

/** Whether this computer has a picture for the sign: one that it lacks looks like a sign that does not exist. */
function drawable(sign) {
  if (!seen.has(sign)) seen.set(sign, pixels(sign) !== pixels("\u{10FFFE}"));
  return seen.get(sign);
}

const canvas = document.createElement("canvas");
canvas.width = canvas.height = 24;
const pen = canvas.getContext("2d", { willReadFrequently: true });

function pixels(sign) {
  if (!pen) return sign;
  pen.clearRect(0, 0, 24, 24);
  pen.font = "18px system-ui, sans-serif";
  pen.textBaseline = "top";
  pen.fillText([...sign][0], 1, 1);
  return pen.getImageData(0, 0, 24, 24).data.join("");
}

/** The sign with its name for a screen reader, or the name between colons when it is not known. */
export function emojiNode(name, unicode) {
  const sign = emoji(name) ?? (unicode ? String.fromCodePoint(...unicode.split("-").map((code) => parseInt(code, 16))) : null);
  if (!sign || !drawable(sign)) return h("span", { class: "emoji unknown" }, `:${name}:`);
  return h("span", { class: "emoji", role: "img", "aria-label": `${name.replaceAll("_", " ")} emoji`, title: `:${name}:` }, sign);
}

export function matching(typed, most = 8) {
  const all = [...TABLE.keys()];
  return [...all.filter((name) => name.startsWith(typed)), ...all.filter((name) => !name.startsWith(typed) && name.includes(typed))].slice(0, most);
}

/** Let the person pick one; choose(name) is called with its short name. */
export function pickEmoji(anchor, choose) {
  const grid = h("div", { class: "emoji-grid" });
  const search = h("input", { type: "search", placeholder: "Find an emoji", "aria-label": "Find an emoji", "data-first": true, oninput: () => fill() });
  let close = null;
  const fill = () => {
    const taken = new Set();
    const names = search.value ? matching(search.value.toLowerCase(), 48) : [...FIRST, ...TABLE.keys()];
    const buttons = [];
    for (const name of names) {
      const sign = emoji(name);
      if (taken.has(sign) || buttons.length >= 96 || (!search.value && !drawable(sign) && !FIRST.includes(name))) continue;
      taken.add(sign);
      buttons.push(
        h("button", { type: "button", class: "emoji-choice", title: `:${name}:`, "aria-label": name.replaceAll("_", " "), "data-emoji": name, onclick: () => { close?.(); choose(name); } }, emojiNode(name)),
      );
    }
    grid.replaceChildren(...(buttons.length ? buttons : [h("p", { class: "quiet" }, "None by that name.")]));
  };
  fill();
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") grid.querySelector("button")?.click();
    if (event.key === "ArrowDown") grid.querySelector("button")?.focus();
  });
  grid.addEventListener("keydown", (event) => {
    const side = { ArrowLeft: "ArrowUp", ArrowRight: "ArrowDown" }[event.key];
    walk(side ? { key: side, preventDefault: () => event.preventDefault() } : event, [...grid.querySelectorAll("button")]);
  });
  close = popover(anchor, h("div", { class: "emoji-picker", "data-picker": "emoji" }, search, grid));
}
