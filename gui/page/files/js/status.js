// The line of status: what became of the last thing that was done, and below it what happened since by itself. Read out by screen
// readers, politely when it went well.

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
  quiet();
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
  quiet();
  show("alert", "warning", reader, explained(error, values));
}

/**
 * Warns of something that nobody asked for. What became of the last thing that was done stays: a card that is pulled must not take
 * along what was said of it.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 */
export function warn(id, values = {}) {
  show("notice", "warning", null, document.createTextNode(t(id, values)));
}

/**
 * Says why something could not be done that nobody asked for.
 *
 * @param {unknown} error
 */
export function warnOf(error) {
  show("notice", "warning", null, explained(error));
}

/** Another card came in: what went well belongs to the one before, and what happened by itself is over. A failure stays until it is read. */
export function another() {
  for (const place of ["status", "notice"]) byId(place).replaceChildren();
}

/** Says nothing any more. */
export function quiet() {
  for (const place of ["status", "alert", "notice"]) byId(place).replaceChildren();
}

/**
 * @param {"status" | "alert" | "notice"} place
 * @param {"good" | "info" | "warning"} kind
 * @param {string | null} reader
 * @param {Node} words
 */
function show(place, kind, reader, words) {
  const line = byId(place);
  line.className = kind;
  line.replaceChildren(icon(kind), ...(reader ? [`${foreign(reader)}: `] : []), words);
}
