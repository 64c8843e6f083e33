// What the page knows: who is looking, at which place, and the sandbox's state as that person sees it; kept fresh over one websocket.
import { setNames } from "./names.js";
import { now, setNow } from "./time.js";
import { toast } from "./dom.js";

const address = new URLSearchParams(location.search);

export const store = {
  as: address.get("as") ?? "",
  place: address.get("in") ?? "",
  thread: address.get("thread") ?? "",
  invite: address.get("invite") ?? /^#invite-(\w+)$/.exec(location.hash)?.[1] ?? "",
  jump: "",
  state: null,
  messages: null,
  replies: null,
  newFrom: null,
  limit: 150,
  online: true,
};

const listeners = [];

export function onChange(listener) {
  listeners.push(listener);
}

export function announce() {
  for (const listener of listeners) listener();
}

async function answer(response) {
  const body = await response.json();
  if (!response.ok || body.error) throw new Refusal(body.error ?? `The sandbox answered ${response.status}.`, body);
  return body;
}

/** A refusal by the sandbox: its sentence is fit to be shown. */
export class Refusal extends Error {
  constructor(sentence, body = {}) {
    super(sentence);
    this.body = body;
  }
}

export async function get(path, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  return answer(await fetch(`${path}?${asked}`, { headers: { accept: "application/json" } }));
}

export async function post(path, body) {
  const form = body instanceof FormData;
  return answer(await fetch(path, { method: "POST", headers: form ? {} : { "content-type": "application/json" }, body: form ? body : JSON.stringify(body) }));
}

/** Make a gesture as the person who is looking; gives its result, throws a Refusal. */
export async function gesture(name, args = {}) {
  return (await post("/do", { gesture: name, as: store.as, ...args })).result;
}

/** Make a gesture and say the refusal aloud; gives undefined then. */
export async function attempt(name, args = {}) {
  return refusing(() => gesture(name, args));
}

/** Run what may be refused; the refusal becomes a line on the page. */
export async function refusing(work) {
  try {
    return await work();
  } catch (problem) {
    if (!(problem instanceof Refusal || problem instanceof TypeError)) throw problem;
    toast(problem instanceof Refusal ? problem.message : "The sandbox does not answer. Is it still running?", "problem");
    return undefined;
  }
}

/** Write the place into the address, so that Back works and two windows can show two people. */
export function remember(push = true) {
  const query = new URLSearchParams({ as: store.as });
  if (store.place) query.set("in", store.place);
  if (store.thread) query.set("thread", store.thread);
  if (store.invite) query.set("invite", store.invite);
  if (`?${query}` !== location.search) history[push ? "pushState" : "replaceState"](null, "", `/?${query}`);
}

export function go(place, thread = "") {
  const moved = store.place !== place;
  store.place = place;
  store.thread = thread;
  if (moved) {
    store.messages = null;
    store.newFrom = null;
    store.limit = 150;
  }
  store.replies = null;
  remember();
  announce();
  return refresh();
}

addEventListener("popstate", () => {
  const query = new URLSearchParams(location.search);
  if (query.get("as") !== store.as) return location.reload();
  store.place = query.get("in") ?? "";
  store.thread = query.get("thread") ?? "";
  store.messages = store.replies = store.newFrom = null;
  announce();
  return refresh();
});

export function channel(id = store.place) {
  return store.state?.channels.find((one) => one.id === id) ?? null;
}

/** The app's own person, and the direct message channel with it. */
export function app() {
  return Object.values(store.state?.people ?? {}).find((one) => one.bot) ?? null;
}

export function appChannel() {
  const bot = app();
  return store.state?.channels.find((one) => one.is_im && one.im_with === bot?.id) ?? null;
}

let running = null;
let again = false;
let last = "";

/** Fetch what is shown; calls made meanwhile become one more fetch. */
export function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = (async () => {
    try {
      do {
        again = false;
        await load();
      } while (again);
    } finally {
      running = null;
    }
  })();
  return running;
}

async function load() {
  const { place, thread, as } = store;
  const inside = place && place !== "home";
  const shown = (query) => get("/messages", { as, channel: place, ...query }).catch((problem) => {
    if (problem instanceof Refusal) return { messages: [], gone: problem.message };
    throw problem;
  });
  const [state, messages, replies] = await Promise.all([
    get("/state", { as, invite: store.invite }),
    inside ? shown({ limit: store.limit }) : null,
    inside && thread ? shown({ thread }) : null,
  ]);
  if (place !== store.place || thread !== store.thread) {
    again = true;
    return;
  }
  setNow(state.now);
  const fresh = JSON.stringify([{ ...state, now: Math.floor(now() / 60000) }, messages, replies, place, thread]);
  store.as = state.me.id;
  store.state = state;
  store.messages = messages;
  store.replies = replies;
  if (fresh === last) return;
  last = fresh;
  setNames(state);
  announce();
}

let delay = 500;

/** Follow the sandbox: every push makes the page look again; after a lost connection it looks again too. */
export function follow(heard = () => refresh()) {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  socket.onopen = () => {
    delay = 500;
    store.online = true;
    heard({ kind: "open" });
    announce();
  };
  socket.onmessage = (event) => heard(JSON.parse(event.data));
  socket.onclose = () => {
    store.online = false;
    announce();
    setTimeout(() => follow(heard), delay);
    delay = Math.min(delay * 2, 8000);
  };
}
