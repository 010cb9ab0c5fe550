// Dialogs: one question, the answer to which is done while the dialog is still there, so that a mistake can be mended in it.

import { button, el, freshId, icon } from "./dom.js";
import { explained } from "./failure.js";
import { sayFailure } from "./status.js";
import { listen, still } from "./store.js";
import { t } from "./text.js";

/**
 * @import { Current } from "./store.js"
 *
 * @typedef {object} Question
 * @property {string} heading id of its heading
 * @property {Record<string, any>} [values]
 * @property {(Node | string)[]} body
 * @property {string} confirm id of what the button says that does it
 * @property {boolean} [danger]
 * @property {Current | null} [card] the card that it is about: the dialog ends when that card goes
 * @property {(end: (result: any) => void) => Promise<any>} run does it; what it throws is shown, and `null` keeps the dialog open
 * @property {(error: unknown) => void | Promise<void>} [failed]
 * @property {Record<string, string | number>} [failureValues]
 * @property {HTMLElement | null} [focus]
 * @property {(close: () => void) => void} [opened] is given what closes it
 * @property {() => void} [closed] wipes what was typed
 */

/**
 * Asks, and resolves to what `run` gave, or to `null` when the person cancelled or the card went.
 *
 * @param {Question} question
 * @returns {Promise<any>}
 */
export function ask(question) {
  /** @type {unknown} */
  let failed = null;
  const { dialog, end, done, look } = frame(question.heading, question.values ?? {}, question.card ?? null, question.closed, () => {
    // Without the card no mistake can be mended in the dialog; what it said last is not lost with it.
    if (failed) sayFailure(failed, question.failureValues, question.card);
  });
  const failure = el("div", { class: "failure", role: "alert" });
  const confirm = el("button", { type: "submit", class: question.danger ? "danger" : "primary", text: question.confirm });
  const cancel = button("dialog-cancel", () => end(null));
  const form = el("form", { novalidate: true, autocomplete: "off" },
    ...question.body,
    failure,
    el("div", { class: "buttons" }, confirm, cancel));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (dialog.hasAttribute("aria-busy")) return;
    failure.replaceChildren();
    failed = null;
    working(dialog, true);
    try {
      const result = await question.run(end);
      if (result !== null) end(result);
    } catch (error) {
      failed = error;
      await question.failed?.(error);
      failure.append(icon("warning"), el("span", {}, explained(error, question.failureValues)));
    } finally {
      working(dialog, false);
      look();
    }
  });
  dialog.append(form);
  question.opened?.(() => end(null));
  open(dialog, question.focus ?? (question.danger ? cancel : null));
  return done;
}

/**
 * Shows something until it is closed.
 *
 * @param {string} heading
 * @param {Record<string, any>} values
 * @param {(Node | string)[]} body
 * @param {Current | null} card
 * @param {Node[]} [actions]
 */
export function tell(heading, values, body, card = null, actions = []) {
  const { dialog, end, done } = frame(heading, values, card);
  dialog.classList.add("large");
  dialog.append(el("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": dialog.getAttribute("aria-labelledby") }, ...body),
    el("div", { class: "buttons" }, ...actions, button("dialog-close", () => end(null))));
  open(dialog, null);
  return { done, close: () => end(null) };
}

/**
 * @param {string} heading
 * @param {Record<string, any>} values
 * @param {Current | null} card
 * @param {() => void} [closed]
 * @param {() => void} [bereft] the card went, and the dialog with it
 */
function frame(heading, values, card, closed, bereft) {
  const title = el("h2", { id: freshId("heading"), tabindex: "-1" }, t(heading, values));
  const dialog = el("dialog", { "aria-labelledby": title.id }, title);
  /** @type {(result: any) => void} */
  let resolve = () => {};
  const done = new Promise((settle) => {
    resolve = settle;
  });
  let ended = false;
  let deaf = () => {};
  const end = (/** @type {any} */ result) => {
    if (ended) return;
    ended = true;
    closed?.();
    deaf();
    document.removeEventListener("keydown", escape, true);
    dialog.close();
    dialog.remove();
    resolve(result);
  };
  const busy = () => dialog.hasAttribute("aria-busy");
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (!busy()) end(null);
  });
  // On the document, as the focus falls out of the dialog when what had it is disabled.
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && busy()) event.preventDefault();
  };
  document.addEventListener("keydown", escape, true);
  // A browser lets itself be kept from closing a dialog only so often, where something else than that key asks for it.
  dialog.addEventListener("close", () => {
    if (ended) return;
    if (busy()) dialog.showModal();
    else end(null);
  });
  /** Ends it when its card went; what is being done says itself what became of it. */
  const look = () => {
    if (ended || busy() || !card || still(card)) return;
    end(null);
    bereft?.();
  };
  if (card) deaf = listen(look);
  return { dialog, end, done, look };
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {HTMLElement | null} focus
 */
function open(dialog, focus) {
  document.body.append(dialog);
  dialog.showModal();
  const first = /** @type {HTMLElement | null} */ (dialog.querySelector("input, select, textarea"));
  (focus ?? first ?? dialog.querySelector("h2"))?.focus();
}

/** @type {WeakMap<HTMLElement, Element | null>} */
const focused = new WeakMap();

/**
 * Marks a part of the page as busy: nothing in it can be pressed or typed meanwhile. The focus comes back afterwards.
 *
 * @param {HTMLElement} part
 * @param {boolean} on
 */
export function working(part, on) {
  if (on) {
    part.setAttribute("aria-busy", "true");
    focused.set(part, part.contains(document.activeElement) ? document.activeElement : null);
  } else part.removeAttribute("aria-busy");
  const controls = /** @type {NodeListOf<HTMLButtonElement>} */ (part.querySelectorAll("button, input, select, textarea"));
  for (const control of controls) {
    if (on && !control.disabled) {
      control.disabled = true;
      control.dataset.paused = "";
    } else if (!on && "paused" in control.dataset) {
      control.disabled = false;
      delete control.dataset.paused;
    }
  }
  const before = focused.get(part);
  if (on) return;
  focused.delete(part);
  if (before instanceof HTMLElement && document.activeElement === document.body) before.focus();
}
