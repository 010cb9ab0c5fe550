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
 * Keeps a choice that the person made.
 *
 * @param {string} name
 */
export function choose(name) {
  chosen = name;
  tell(null);
}

/**
 * Goes to a reader, or to the reader that holds a card, as somebody asked outside the page.
 *
 * @param {string | null} name
 * @param {string | null} card
 */
export function goTo(name, card) {
  const holding = readers().find((one) => card !== null && one.card?.csn === card);
  const target = holding?.name ?? name;
  if (target === null) return;
  chosen = target;
  tell(null);
}

let fetching = false;
let stale = false;

/** Asks how readers and cards stand; what happens while it asks makes it ask once more. */
async function refresh(/** @type {Event | null} */ event) {
  stale = true;
  if (fetching) return;
  fetching = true;
  try {
    while (stale) {
      stale = false;
      known.status = await call("status");
    }
  } catch (error) {
    if (error instanceof Failure) lost(error);
  } finally {
    fetching = false;
  }
  tell(event);
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
  try {
    await subscribe(start, take);
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure("page_fault", String(error));
    lost(failure);
    tell(null);
    if (known.state === "gone") again();
  }
}

/** Looks for an agent that somebody starts. */
function again() {
  setTimeout(() => {
    if (known.state === "gone") void connect(false);
  }, 2000);
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
    tell(event);
    return;
  }
  if (event.event === "card_inserted") {
    insertions.set(event.reader, (insertions.get(event.reader) ?? 0) + 1);
    followed = event.reader;
  }
  if (event.event === "card_removed") emptied(event.reader);
  if (event.event === "card_checked") {
    const found = known.status?.readers.find((one) => one.name === event.reader);
    if (found) found.check = event.check;
  }
  if (event.event === "reader_removed" && chosen === event.reader) chosen = null;
  tell(event);
  if (MOVES.has(event.event)) void refresh(null);
}

/**
 * A card that was pulled is gone at once, and not only when the agent has been asked.
 *
 * @param {string} name
 */
function emptied(name) {
  const found = known.status?.readers.find((one) => one.name === name);
  if (found) Object.assign(found, { state: "empty", card: undefined, check: undefined, detail: undefined });
}

/** Events after which readers or cards stand otherwise. */
const MOVES = new Set([
  "service_up", "service_down", "reader_added", "reader_removed", "card_inserted", "card_identified", "card_unusable",
  "card_removed", "card_checked", "card_reset",
]);
