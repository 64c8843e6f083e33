// Slack Connect invitations as a client company sees them: accept, then its admin approves.
import { h, busy, icon } from "./dom.js";
import { attempt, go, refresh, store } from "./state.js";

/** A banner for each invitation that this person can do something about, or waits for. */
export function inviteItems() {
  return (store.state?.invites ?? [])
    .filter((one) => one.state === "sent" || one.state === "accepted")
    .map((one) => ({ key: `invite/${one.id}`, sign: JSON.stringify(one), make: () => banner(one) }));
}

function banner(invite) {
  const { me } = store.state;
  const from = invite.from_team ?? "Another company";
  const outgoing = from === me.team_name;
  const answer = (label, name, primary) =>
    h(
      "button",
      {
        type: "button",
        class: `button${primary ? " primary" : ""}`,
        "data-invite-do": name,
        onclick: (event) =>
          busy(event.currentTarget, async () => {
            const done = await attempt(name, { invite: invite.id });
            await refresh();
            const joined = store.state.channels.find((one) => one.name === invite.channel_name);
            if (done !== undefined && name !== "declines" && joined) await go(joined.id);
          }),
      },
      label,
    );
  const place = h("strong", {}, `#${invite.channel_name}`);
  let words;
  let actions = [];
  if (outgoing) {
    words = invite.state === "sent" ? ["You invited ", invite.to_email || "somebody", " to ", place, ". Nobody has accepted yet."] : [invite.to_email || "They", " accepted ", place, ". Their Slack admin has to approve."];
  } else if (invite.state === "sent") {
    const forMe = invite.to_email.toLowerCase() === store.state.people[store.as]?.email?.toLowerCase();
    words = !forMe && invite.mine ? [h("strong", {}, from), " invites ", invite.to_email, " to ", place, ". You have the link, so you may accept it."] : [h("strong", {}, from), " invites you to ", place, " through Slack Connect."];
    if (invite.mine) actions = [answer("Accept", "accepts", true), answer("Decline", "declines", false)];
  } else if (invite.may_approve) {
    words = ["A colleague accepted ", place, " with ", h("strong", {}, from), ". As the admin of ", me.team_name, " you approve it."];
    actions = [answer("Approve", "approves", true), answer("Decline", "declines", false)];
  } else words = [place, " with ", h("strong", {}, from), " is accepted. It opens when your Slack admin approves."];
  return h(
    "section",
    { class: `invite${actions.length ? "" : " waiting"}`, "data-invite": invite.id, "data-invite-state": invite.state, "aria-label": "Slack Connect invitation" },
    icon("link"),
    h("p", {}, words, invite.by_name && !outgoing ? h("span", { class: "quiet small block" }, `From ${invite.by_name}${invite.to_email ? `, to ${invite.to_email}` : ""}`) : null),
    h("div", { class: "row" }, actions),
  );
}
