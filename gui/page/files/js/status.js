// The line of status: what became of the last thing that was done, and below it what happened since by itself. Read out by screen
// readers, politely when it went well.

import { byId, el, icon } from "./dom.js";
import { explained } from "./failure.js";
import { current, reader } from "./store.js";
import { foreign, t } from "./text.js";

/** @import { Current } from "./store.js" */

const PLACES = /** @type {const} */ (["status", "alert", "notice"]);

/**
 * Says how something went.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 * @param {Current | null} [card] the card that it is about: said where the page is about another one by now
 * @param {"good" | "info"} [kind]
 */
export function say(id, values = {}, card = null, kind = "good") {
  quiet();
  show("status", kind, card, t(id, values));
}

/**
 * Says why something was not done.
 *
 * @param {unknown} error
 * @param {Record<string, string | number>} [values]
 * @param {Current | null} [card] as for `say`
 */
export function sayFailure(error, values = {}, card = null) {
  quiet();
  show("alert", "warning", card, explained(error, values));
}

/**
 * Warns of something that nobody asked for. What became of the last thing that was done stays: a card that is pulled must not take
 * along what was said of it.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 */
export function warn(id, values = {}) {
  show("notice", "warning", null, t(id, values), id);
}

/**
 * The same, of the card that is shown.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 */
export function warnOfCard(id, values = {}) {
  warn(id, values);
  byId("notice").dataset.card = "";
}

/**
 * Says why something could not be done that nobody asked for.
 *
 * @param {unknown} error
 */
export function warnOf(error) {
  show("notice", "warning", null, explained(error));
}

/**
 * Remarks something beside what was said.
 *
 * @param {string} id
 * @param {Record<string, any>} [values]
 */
export function remark(id, values = {}) {
  show("notice", "info", null, t(id, values), id);
}

/**
 * Takes back what happened by itself, since it is over.
 *
 * @param {...string} ids what it may have been
 */
export function over(...ids) {
  const line = byId("notice");
  if (ids.includes(line.dataset.message ?? "")) line.replaceChildren();
}

/** Says nothing any more. */
export function quiet() {
  for (const place of PLACES) byId(place).replaceChildren();
}

/**
 * The page goes over to another reader: what stands there of a card is about the one in this reader.
 *
 * @param {string} name
 */
export function movedFrom(name) {
  for (const place of PLACES) if ("card" in byId(place).dataset) label(byId(place), foreign(name));
}

/** Another card came into the same reader: what went well is forgotten, and a failure is said to be of the card before. */
export function otherCard() {
  for (const place of ["status", "notice"]) byId(place).replaceChildren();
  label(byId("alert"), t("status-card-before"));
}

/**
 * @param {"status" | "alert" | "notice"} place
 * @param {"good" | "info" | "warning"} kind
 * @param {Current | null} card
 * @param {Node | string} words
 * @param {string} id
 */
function show(place, kind, card, words, id = "") {
  const line = byId(place);
  line.className = kind;
  line.replaceChildren(icon(kind), el("span", { class: "words" }, words));
  line.dataset.message = id;
  line.toggleAttribute("data-card", card !== null);
  if (card && reader()?.name !== card.reader.name) label(line, foreign(card.reader.name));
  else if (card && (current()?.csn ?? card.csn) !== card.csn) label(line, t("status-card-before"));
  // Not `scrollIntoView`, which would scroll the page too.
  byId("footer").scrollTop = line.offsetTop;
}

/** The lines take place from the page: where they need more than they may have, they can be scrolled, by keys too. */
export function makeLines() {
  const footer = byId("footer");
  footer.setAttribute("aria-label", t("messages"));
  let before = footer.offsetHeight;
  const fit = new ResizeObserver(() => {
    if (footer.scrollHeight > footer.clientHeight) footer.tabIndex = 0;
    else footer.removeAttribute("tabindex");
    uncover(before, footer.offsetHeight);
    before = footer.offsetHeight;
  });
  for (const part of [footer, ...PLACES.map(byId)]) fit.observe(part);
}

/**
 * What has the focus, and could be seen until the lines grew over it, is brought out from below them.
 *
 * @param {number} before how high they were
 * @param {number} now
 */
function uncover(before, now) {
  const held = document.activeElement;
  if (!held?.closest("main")) return;
  const { bottom } = held.getBoundingClientRect();
  if (bottom <= innerHeight - before && bottom > innerHeight - now) window.scrollBy(0, bottom - (innerHeight - now) + 8);
}

/**
 * Says in front whom a line is about, unless it says so already.
 *
 * @param {HTMLElement} line
 * @param {string} whom
 */
function label(line, whom) {
  const words = line.querySelector(".words");
  if (words && !words.querySelector(".about")) words.prepend(el("span", { class: "about" }, `${whom}: `));
}
