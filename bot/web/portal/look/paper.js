"use strict";

// What a proposal's page does by itself; without this, “Update the total” and “Look again” do the same.
(() => {
  const swap = (page) => {
    const fresh = new DOMParser().parseFromString(page, "text/html");
    const parts = [...document.querySelectorAll("[data-part]")];
    const pairs = parts.map((old) => [old, fresh.querySelector(`[data-part="${old.dataset.part}"]`)]);
    if (pairs.some(([, next]) => !next)) return false;
    pairs.forEach(([old, next]) => {
      if (old.innerHTML !== next.innerHTML) old.innerHTML = next.innerHTML;
      old.toggleAttribute("data-again", next.hasAttribute("data-again"));
    });
    return true;
  };

  const form = document.querySelector("form[data-choose]");
  if (form) {
    const update = form.querySelector("[data-update]");
    const sign = form.querySelector("[data-sign]");
    let asked = null;
    let sent = false;
    if (update) update.hidden = true;
    form.addEventListener("change", async (event) => {
      if (!event.target.name.startsWith("option.")) return;
      if (asked) asked.abort();
      const mine = (asked = new AbortController());
      sign.disabled = true;
      try {
        const answer = await fetch(form.dataset.choose, {
          method: "POST",
          body: new URLSearchParams(new FormData(form)),
          signal: mine.signal,
        });
        if (!answer.ok || !swap(await answer.text())) form.requestSubmit(update);
      } catch (problem) {
        if (problem.name === "AbortError") return;
        update.hidden = false;
      }
      sign.disabled = false;
    });
    form.addEventListener("submit", (event) => {
      if (event.submitter !== sign) return;
      if (sent) event.preventDefault();
      sent = true;
    });
    form.addEventListener("input", ({ target }) => {
      const trouble = document.getElementById(`${target.id}-trouble`);
      if (trouble) trouble.remove();
      target.removeAttribute("aria-invalid");
    });
    const bar = document.querySelector("[data-bar]");
    new IntersectionObserver(([seen]) => (bar.hidden = seen.isIntersecting)).observe(form.querySelector("#sign"));
    window.addEventListener("pageshow", () => (sent = false));
  }

  const errors = document.querySelector("[data-errors]");
  if (errors) errors.focus();

  let left = 40;
  const again = async () => {
    if (!document.querySelector("[data-again]") || !left--) return;
    try {
      const answer = await fetch(location.href);
      if (answer.ok) swap(await answer.text());
    } catch {
      // The next time, or “Look again”.
    }
    setTimeout(again, 1500);
  };
  if (document.querySelector("[data-again]")) setTimeout(again, 700);
})();
