// Dates and times as people read them, counted from the sandbox's clock and shown in the reader's zone.

let ahead = 0;

/** Tell the page what time it is in the sandbox. */
export function setNow(iso) {
  ahead = new Date(iso).getTime() - Date.now();
}

export function now() {
  return new Date(Date.now() + ahead);
}

export function fromTs(ts) {
  return new Date(parseFloat(ts) * 1000);
}

const shown = (options) => new Intl.DateTimeFormat("en-GB", options);
const CLOCK = shown({ hour: "2-digit", minute: "2-digit" });
const SECONDS = shown({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = shown({ weekday: "long", day: "numeric", month: "long" });
const DAY_YEAR = shown({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const SHORT = shown({ day: "numeric", month: "short", year: "numeric" });
const SHORT_DAY = shown({ weekday: "short", day: "numeric", month: "short" });
const PLAIN = shown({ day: "numeric", month: "long", year: "numeric" });
const FULL = shown({ weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

export const clock = (date) => CLOCK.format(date);
export const full = (date) => FULL.format(date);
export const shortDay = (date) => SHORT_DAY.format(date);

export function dayKey(date) {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

function near(date) {
  const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
  const days = Math.round((midnight(date) - midnight(now())) / 86400000);
  return { 0: "Today", 1: "Tomorrow", "-1": "Yesterday" }[days];
}

export function day(date) {
  return near(date) ?? (date.getFullYear() === now().getFullYear() ? DAY.format(date) : DAY_YEAR.format(date));
}

/** "3 min ago", "14:05", "yesterday", "12 Nov 2026": for the last reply of a thread or the mails in a list. */
export function ago(date) {
  const minutes = Math.round((now() - date) / 60000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (near(date) === "Today") return CLOCK.format(date);
  return near(date)?.toLowerCase() ?? SHORT.format(date);
}

/** Slack's <!date^…> formats; an unknown token stays as it is written. */
export function slackDate(seconds, format) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return null;
  const pretty = (formatter) => near(date)?.toLowerCase() ?? formatter.format(date);
  const tokens = {
    date_num: () => date.toISOString().slice(0, 10),
    date: () => PLAIN.format(date),
    date_short: () => SHORT.format(date),
    date_long: () => DAY_YEAR.format(date),
    date_pretty: () => pretty(PLAIN),
    date_short_pretty: () => pretty(SHORT),
    date_long_pretty: () => pretty(DAY_YEAR),
    day_divider_pretty: () => pretty(DAY),
    time: () => CLOCK.format(date),
    time_secs: () => SECONDS.format(date),
    ago: () => ago(date),
  };
  return format.replace(/\{(\w+)\}/g, (whole, token) => (tokens[token] ? tokens[token]() : whole));
}
