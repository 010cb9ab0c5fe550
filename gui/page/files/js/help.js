// The help of a panel: closed until somebody wants it.

import { el } from "./dom.js";
import { has, t } from "./text.js";

/**
 * @param {string} panel
 */
export function help(panel) {
  const paragraphs = [];
  for (let at = 1; has(`help-${panel}-${at}`); at += 1) paragraphs.push(el("p", {}, t(`help-${panel}-${at}`)));
  return el("details", { class: "help" }, el("summary", { text: "help" }), ...paragraphs);
}
