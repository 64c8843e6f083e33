// What a surface of the app (a message, a modal, the Home) needs to be alive: where its values are kept and how its presses reach the app.
import { attempt, gesture, post, refresh, refusing, store } from "./state.js";
import { toast } from "./dom.js";

const values = new Map();

/** The values of one surface, by block and action, kept while the page is open. */
function valuesOf(key) {
  if (!values.has(key)) values.set(key, {});
  return values.get(key);
}

export function forget(key) {
  values.delete(key);
}

/** The context that blocks.js and elements.js draw with. */
export function surface(key, container, more = {}) {
  const own = valuesOf(key);
  return {
    key,
    container,
    values: own,
    get: (block, action) => own[block]?.[action],
    set: (block, action, state, quiet = false) => {
      own[block] = { ...own[block], [action]: state };
      if (!quiet) more.touched?.(block);
    },
    act: async (block, item, chosen) => {
      const outcome = await attempt("act", { container, block_id: block.block_id, action_id: item.action_id, chosen: choiceOf(chosen), values: own });
      tellOutcome(outcome);
      await refresh();
      return outcome;
    },
    options: (block, action, typed) => gesture("options", { container, block_id: block, action_id: action, typed }),
    keepFiles: (files) => refusing(() => keepFiles(files)),
    ...more,
  };
}

async function keepFiles(files) {
  const form = new FormData();
  form.set("as", store.as);
  for (const file of files) form.append("file", file, file.name);
  return (await post("/upload", form)).files;
}

/** What was chosen, without the names that Slack's state gives it. */
function choiceOf(state) {
  return Object.entries(state ?? {}).find(([name]) => name !== "type")?.[1] ?? null;
}

const FAILURES = {
  operation_timeout: "The app did not answer within three seconds.",
  dispatch_failed: "The app could not be reached, or it refused this.",
  invalid_response: "The app's answer made no sense to Slack.",
};

/** Say aloud that the app failed, as Slack's small warning does. */
export function tellOutcome(outcome) {
  const sentence = outcomeProblem(outcome);
  if (sentence) toast(sentence, "problem");
}

export function outcomeProblem(outcome) {
  if (!outcome?.error) return null;
  const detail = outcome.errors?.[""];
  return [FAILURES[outcome.error] ?? outcome.error, detail].filter(Boolean).join(" ");
}
