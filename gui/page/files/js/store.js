// What is known: the agent, its readers, and which of them the page is about.

import { Failure, call, subscribe } from "./bridge.js";

/**
 * @import { Event, Reader, StatusReply, Select } from "../../../../shared/types"
 *
 * @typedef {object} Current The card that the page is about.
 * @property {Reader} reader
 * @property {string} csn
 * @property {Select} select names the card to the agent: this one in this reader, and no other
 * @property {string} key differs for each insertion
 */

/** @type {{state: "connecting" | "up" | "gone" | "closed", reason: Failure | null, status: StatusReply | null}} */
export const known = { state: "connecting", reason: null, status: null };

/** @type {string | null} */
let chosen = null;
/** @type {string | null} */
let followed = null;
/** @type {Map<string, number>} */
const insertions = new Map();

/** @typedef {(event: Event | null) => void} Listener */
/** @type {Set<Listener>} */
const listeners = new Set();

/**
 * Is called after each change of what is known, with the event that brought it, until the function that this returns is called.
 *
 * @param {Listener} listener
 */
export function listen(listener) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** @param {Event | null} event */
function tell(event) {
  for (const listener of listeners) listener(event);
}

/** The readers there are. */
export function readers() {
  return known.state === "up" ? (known.status?.readers ?? []) : [];
}

/**
 * The reader that the page is about: the person's choice as long as it is there, else the one in which a card came last, else one
 * with a card.
 *
 * @returns {Reader | null}
 */
export function reader() {
  const all = readers();
  const named = (/** @type {string | null} */ name) => all.find((one) => one.name === name);
  const holds = (/** @type {Reader | undefined} */ one) => (one && one.state !== "empty" ? one : undefined);
  return named(chosen) ?? holds(named(followed)) ?? holds(named(known.status?.preferred ?? null))
    ?? all.find((one) => one.state === "ready") ?? all.find(holds) ?? named(followed) ?? all[0] ?? null;
}

/**
 * The card that the page is about, if it can be used.
 *
 * @returns {Current | null}
 */
export function current() {
  const found = reader();
  const csn = found?.card?.csn;
  if (!found || found.state !== "ready" || !csn) return null;
  const key = `${found.name}|${csn}|${insertions.get(found.name) ?? 0}`;
  return { reader: found, csn, select: { reader: found.name, card: csn }, key };
}

/**
 * Whether the page is still about this card, in this insertion. To be asked after each wait.
 *
 * @param {Current | null} card
 * @returns {card is Current}
 */
export function still(card) {
  return card !== null && current()?.key === card.key;
}

/**
 * Gives turns to what asks the agent for the same thing again: of two answers on their way, what was asked later counts. Each turn tells
 * whether it is still the last one.
 */
export function turns() {
  let last = 0;
  return () => {
    last += 1;
    const mine = last;
    return () => mine === last;
  };
}

/** Whether a person is in the middle of something with the card that is shown. */
let isEngaged = () => false;

/**
 * Has the page follow no insertion in another reader while this says so.
 *
 * @param {() => boolean} engaged
 */
export function stayWhile(engaged) {
  isEngaged = engaged;
}

/**
 * Keeps a choice that the person made.
 *
 * @param {string} name
 */
export function choose(name) {
  chosen = name;
  wish = null;
  tell(null);
}

/**
 * Goes to a reader, or to the reader that holds a card, as somebody asked outside the page.
 *
 * @param {string | null} name
 * @param {string | null} card
 */
export function goTo(name, card) {
  wish = { name, card };
  fulfil();
  tell(null);
}

/** What somebody asked for outside the page, as long as it is not there. @type {{name: string | null, card: string | null} | null} */
let wish = null;

/** Goes to what was asked for, once it is there. */
function fulfil() {
  if (!wish) return;
  const { name, card } = wish;
  const found = readers().find((one) => (card !== null ? isMeant(one, card) && (name === null || one.name === name) : one.name === name));
  if (!found) return;
  chosen = found.name;
  wish = null;
}

/**
 * Whether a card is the one that a text means (shared::model::Card::matches): its CSN or the first eight digits of it or more, or the number
 * that is printed on it.
 *
 * @param {Reader} one
 * @param {string} text
 */
function isMeant(one, text) {
  const typed = text.replace(/[\s{}]/g, "").toUpperCase();
  const csn = one.card?.csn ?? "";
  return csn === typed || (typed.length >= 8 && csn.startsWith(typed)) || one.card?.serial === text.trim();
}

/** Whether what was asked for is not there, though every card has been looked at. */
export function isMissed() {
  return wish !== null && known.state === "up" && !readers().some((one) => one.state === "identifying");
}

let fetching = false;
let stale = false;

/** Asks how readers and cards stand; what happens while it asks makes it ask once more. */
async function refresh() {
  stale = true;
  if (fetching) return;
  fetching = true;
  let failures = 0;
  while (stale) {
    stale = false;
    try {
      const found = await call("status");
      // What happened since it was asked has changed what is known, and this does not.
      if (stale) continue;
      known.status = found;
      if (!isEngaged()) fulfil();
      // Each time, so that no panel is still about a card that is not the current one.
      tell(null);
    } catch (error) {
      failures += 1;
      // The stream of events lives, so the next look may well succeed.
      if (failures < 3 && known.state === "up") {
        stale = true;
        await new Promise((resolve) => setTimeout(resolve, 300));
      } else if (known.state === "up" && error instanceof Failure) {
        lost(error);
        tell(null);
        again();
      }
    }
  }
  fetching = false;
}

/** @param {Failure} failure */
function lost(failure) {
  known.state = failure.code === "page_closed" ? "closed" : "gone";
  known.reason = failure;
  known.status = null;
}

/**
 * Connects to the agent, and stays connected.
 *
 * @param {boolean} start whether one is started where none runs
 */
export async function connect(start) {
  attempt += 1;
  const mine = attempt;
  clearTimeout(timer);
  try {
    await subscribe(start, (event) => {
      if (mine === attempt) take(event);
    });
  } catch (error) {
    if (mine !== attempt) return;
    const failure = error instanceof Failure ? error : new Failure("page_fault", String(error));
    // Why one could not be started stays, though a later look finds none again.
    if (start || known.state !== "gone" || failure.code !== "no_agent") lost(failure);
    tell(null);
    again();
  }
}

/** Which attempt counts: of two, the later one. */
let attempt = 0;
let timer = 0;

/** Looks for an agent that somebody starts. */
function again() {
  clearTimeout(timer);
  if (known.state === "gone") timer = window.setTimeout(() => void connect(false), 2000);
}

/** @param {Event | null} event */
function take(event) {
  if (event === null) {
    lost(new Failure("no_agent", ""));
    tell(null);
    again();
    return;
  }
  if (event.event === "snapshot") {
    known.state = "up";
    known.reason = null;
    known.status = event;
    if (!isEngaged()) fulfil();
    tell(event);
    return;
  }
  if (event.event === "card_inserted") {
    insertions.set(event.reader, (insertions.get(event.reader) ?? 0) + 1);
    followed = isEngaged() ? (reader()?.name ?? event.reader) : event.reader;
    becomes(event.reader, "identifying");
  }
  if (event.event === "card_removed") becomes(event.reader, "empty");
  if (event.event === "card_checked") {
    const found = known.status?.readers.find((one) => one.name === event.reader);
    if (found) found.check = event.check;
  }
  if (event.event === "reader_removed" && chosen === event.reader) chosen = null;
  tell(event);
  if (MOVES.has(event.event)) void refresh();
}

/**
 * A card that came or was pulled changes its reader at once, and not only when the agent has been asked: what is known of the card
 * before is not taken for the next one's.
 *
 * @param {string} name
 * @param {"empty" | "identifying"} state
 */
function becomes(name, state) {
  const found = known.status?.readers.find((one) => one.name === name);
  if (found) Object.assign(found, { state, card: undefined, check: undefined, detail: undefined });
}

/** Events after which readers or cards stand otherwise. */
const MOVES = new Set([
  "service_up", "service_down", "reader_added", "reader_removed", "card_inserted", "card_identified", "card_unusable",
  "card_removed", "card_checked", "card_reset",
]);
