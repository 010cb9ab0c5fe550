// The line of status: what became of the last thing that was done. Read out by screen readers, politely when it went well.

import { byId, icon } from "./dom.js";
import { explained } from "./failure.js";
import { foreign, t } from "./text.js";

/**
 * Says how something went.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 * @param {"good" | "info"} [kind]
 * @param {string | null} [reader] the reader that it is about, where the page is about another one by now
 */
export function say(id, values = {}, kind = "good", reader = null) {
  show("status", kind, reader, document.createTextNode(t(id, values)));
}

/**
 * Says why something was not done.
 *
 * @param {unknown} error
 * @param {Record<string, string | number>} [values]
 * @param {string | null} [reader] as for `say`
 */
export function sayFailure(error, values = {}, reader = null) {
  show("alert", "warning", reader, explained(error, values));
}

/**
 * Warns of something that nobody asked for.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 */
export function warn(id, values = {}) {
  show("alert", "warning", null, document.createTextNode(t(id, values)));
}

/** Says nothing any more. */
export function quiet() {
  for (const place of ["status", "alert"]) byId(place).replaceChildren();
}

/**
 * @param {"status" | "alert"} place
 * @param {"good" | "info" | "warning"} kind
 * @param {string | null} reader
 * @param {Node} words
 */
function show(place, kind, reader, words) {
  quiet();
  const line = byId(place);
  line.className = kind;
  line.append(icon(kind), ...(reader ? [`${foreign(reader)}: `] : []), words);
}
