// One step of the procedure: its heading, how it stands, and what is in it.

import { el } from "../dom.js";
import { t } from "../text.js";

/**
 * @param {string} heading
 * @param {HTMLElement} content
 */
export function step(heading, content) {
  const title = el("h2", { text: heading, tabindex: "-1" });
  const state = el("span", { class: "unseen" });
  const item = el("li", { class: "step" }, title, state, content);
  return {
    item,
    focus: () => title.focus(),
    /** @param {"done" | "now" | "later"} now */
    set(now) {
      item.className = `step ${now}`;
      item.toggleAttribute("aria-current", false);
      if (now === "now") item.setAttribute("aria-current", "step");
      content.hidden = now === "later";
      state.textContent = t(`step-${now}`);
    },
  };
}
