// The one way from the page to its host, and so to the agent: requests, and events that come by themselves. In the window the
// host is a window, in a browser it is a small server on this machine.

/**
 * @import { Methods, ErrorCode, Event } from "../../../../shared/types"
 * @typedef {{code: number, message: string, data: {code: ErrorCode, message: string, tries_left?: number | null}}} Fault
 */

/** Why something was not done. */
export class Failure extends Error {
  /**
   * @param {string} code the stable name of the error
   * @param {string} message the agent's sentence, in English
   * @param {number | null} triesLeft
   */
  constructor(code, message, triesLeft = null) {
    super(message);
    this.code = code;
    this.triesLeft = triesLeft;
  }
}

/** @type {{ipc?: {postMessage(text: string): void}}} */
const host = /** @type {any} */ (window);
const inWindow = Boolean(host.ipc);

/** @type {Map<number, (answer: any) => void>} */
const waiting = new Map();
// A page that is loaded anew must not take an answer to the page before for its own.
let lastId = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** What changes a card, and has an outcome that a person has to hear. @type {Set<string>} */
const WRITES = new Set(/** @satisfies {(keyof Methods)[]} */ ([
  "pin.change", "unblock.start", "unblock.finish", "unblock.cancel", "unblock.puk", "cert.import", "cert.delete", "cert.default", "card.repair",
]));
let writing = 0;

/** Whether a card is being changed, and the outcome has not come yet. */
export const isWriting = () => writing > 0;

/** @type {(event: Event | null) => void} */
let onEvent = () => {};
/** @type {(place: Place) => void} */
let onPlace = () => {};

/** @typedef {{panel: string | null, reader: string | null, card: string | null}} Place */

if (inWindow) {
  Object.defineProperty(window, "kortti", {
    value: Object.freeze({
      /** @param {any} answer */
      answer(answer) {
        waiting.get(answer.id)?.(answer);
        waiting.delete(answer.id);
      },
      /** @param {Event | null} event */
      event: (event) => onEvent(event),
      /** @param {Place} place */
      show: (place) => onPlace(place),
    }),
  });
}

/**
 * Calls a method.
 *
 * @template {keyof Methods} M
 * @param {M} method
 * @param {Methods[M]["params"]} [params]
 * @param {string[]} [ask] secrets that the host asks for and puts into the parameters
 * @returns {Promise<Methods[M]["reply"]>}
 */
export function call(method, params = /** @type {any} */ ({}), ask = []) {
  return local(method, params, ask);
}

/**
 * Calls a method of the host itself, or of the agent.
 *
 * @param {string} method
 * @param {object} [params]
 * @param {string[]} [ask]
 * @returns {Promise<any>}
 */
export async function local(method, params = {}, ask = []) {
  lastId += 1;
  const request = { jsonrpc: "2.0", id: lastId, method, params, ...(ask.length ? { ask } : {}) };
  const text = JSON.stringify(request);
  const write = WRITES.has(method) ? 1 : 0;
  writing += write;
  const answer = await (inWindow ? posted(lastId, text) : fetched("/call", text)).finally(() => {
    writing -= write;
  });
  if (answer.error) {
    const { code, message, tries_left: triesLeft } = answer.error.data ?? answer.error;
    throw new Failure(String(code), message, triesLeft ?? null);
  }
  return answer.result;
}

/**
 * @param {number} id
 * @param {string} text
 * @returns {Promise<any>}
 */
function posted(id, text) {
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    host.ipc?.postMessage(text);
  });
}

// The session's cookie alone is not enough: cookies go to every port of this machine, and another user may have one.
const SECRET = "kortti-secret";

/**
 * @param {string} path
 * @param {string} body
 * @param {AbortSignal} [signal]
 */
async function request(path, body, signal) {
  const headers = { "content-type": "application/json", "x-kortti": sessionStorage.getItem(SECRET) ?? "" };
  try {
    return await fetch(path, { method: "POST", headers, body, signal, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Failure("page_closed", "");
  }
}

/**
 * @param {string} path
 * @param {string} body
 */
async function fetched(path, body) {
  const response = await request(path, body);
  if (response.status === 413) throw new Failure("bad_file", "");
  if (!response.ok) throw new Failure("page_closed", "");
  return response.json();
}

/**
 * Opens the page's session: in a browser the link has a token that is good once.
 *
 * @returns {Promise<boolean>} whether there is a session
 */
export async function open() {
  if (inWindow) return true;
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return sessionStorage.getItem(SECRET) !== null;
  history.replaceState(null, "", location.pathname);
  const response = await fetch("/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
    cache: "no-store",
    credentials: "same-origin",
  }).catch(() => null);
  if (!response?.ok) return false;
  sessionStorage.setItem(SECRET, (await response.json()).secret);
  return true;
}

let stream = new AbortController();

/**
 * Has events come from now on; `null` says that there will be no more.
 *
 * @param {boolean} start whether an agent is started where none runs
 * @param {(event: Event | null) => void} take
 */
export async function subscribe(start, take) {
  onEvent = take;
  if (inWindow) {
    await local("page.subscribe", { start });
    return;
  }
  // A browser keeps few connections to one place: the stream before this one is given up.
  stream.abort();
  stream = new AbortController();
  const response = await request("/events", JSON.stringify({ start }), stream.signal);
  if (response.headers.get("content-type") !== "application/x-ndjson") {
    const answer = response.ok ? await response.json() : {};
    throw new Failure(String(answer.error?.data?.code ?? "page_closed"), answer.error?.data?.message ?? "");
  }
  void read(response, take);
}

/**
 * @param {Response} response
 * @param {(event: Event | null) => void} take
 */
async function read(response, take) {
  const lines = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = (await lines?.read()) ?? { value: "", done: true };
      if (done) break;
      text += value;
      const parts = text.split("\n");
      text = parts.pop() ?? "";
      for (const part of parts) if (part) take(JSON.parse(part));
    }
  } catch {
    // The server has gone; what follows says so.
  }
  take(null);
}

/**
 * Has places come that somebody asks for while the window is open.
 *
 * @param {(place: Place) => void} take
 */
export function places(take) {
  onPlace = take;
}

/**
 * Gives the person a file.
 *
 * @param {string} name
 * @param {Uint8Array} bytes
 * @returns {Promise<string | null>} where it is, if the host knows
 */
export async function save(name, bytes) {
  if (inWindow) return (await local("page.save", { name, content: base64(bytes) })).path;
  const url = URL.createObjectURL(new Blob([/** @type {any} */ (bytes)], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return null;
}

/**
 * @param {Uint8Array} bytes
 */
export function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** Tells the window that something can be seen. */
export function painted() {
  if (inWindow) void local("page.painted").catch(() => {});
}
