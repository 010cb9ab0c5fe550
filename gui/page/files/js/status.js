// The line of status: what became of the last thing that was done. Read out by screen readers, politely when it went well.

import { byId, icon } from "./dom.js";
import { explained } from "./failure.js";
import { t } from "./text.js";

/**
 * Says how something went.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 * @param {"good" | "info"} [kind]
 */
export function say(id, values = {}, kind = "good") {
  show("status", kind, document.createTextNode(t(id, values)));
}

/**
 * Says why something was not done.
 *
 * @param {unknown} error
 * @param {Record<string, string | number>} [values]
 */
export function sayFailure(error, values = {}) {
  show("alert", "warning", explained(error, values));
}

/**
 * Warns of something that nobody asked for.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 */
export function warn(id, values = {}) {
  show("alert", "warning", document.createTextNode(t(id, values)));
}

/** Says nothing any more. */
export function quiet() {
  for (const place of ["status", "alert"]) byId(place).replaceChildren();
}

/**
 * @param {"status" | "alert"} place
 * @param {"good" | "info" | "warning"} kind
 * @param {Node} words
 */
function show(place, kind, words) {
  quiet();
  const line = byId(place);
  line.className = kind;
  line.append(icon(kind), words);
}
