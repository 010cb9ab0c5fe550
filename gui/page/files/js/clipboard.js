// The clipboard.

import { el } from "./dom.js";

/**
 * @param {string} text
 */
export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Where the page may not, what is marked may be copied all the same.
    const area = el("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    // Beside an open dialog nothing can be marked.
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("not copied");
  }
}
