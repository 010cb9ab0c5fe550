// What stands in a panel when there is no card that it could be about: each such state is a normal one, said in plain words.

import { Failure, call } from "./bridge.js";
import { working } from "./dialog.js";
import { button, el, icon } from "./dom.js";
import { explained } from "./failure.js";
import { over, remark } from "./status.js";
import { connect, current, known, reader, readers } from "./store.js";
import { foreign, t } from "./text.js";

/** @typedef {(panel: string) => void} Go */

/**
 * What is missing, or `null` when a card is there.
 *
 * @returns {HTMLElement | null}
 */
export function whatIsMissing() {
  if (known.state === "connecting") return box("info", "empty-connecting");
  if (known.state === "closed") return box("warning", "empty-closed");
  if (known.state === "gone") {
    const detail = known.reason?.message ? el("p", {}, explained(known.reason)) : null;
    const start = button("empty-start-agent", () => void begin(), { class: "primary" });
    const shown = box("warning", "empty-no-agent", detail, start);
    const begin = async () => {
      remark("empty-starting");
      working(shown, true);
      await connect(true);
      working(shown, false);
      if (known.state === "gone") over("empty-starting");
      // The button may be gone, and the focus with it.
      const place = document.querySelector(".panel:not([hidden])");
      const next = /** @type {HTMLElement | null | undefined} */ (place?.querySelector(".empty button") ?? place?.querySelector("h1"));
      if (document.activeElement === document.body) next?.focus();
    };
    return shown;
  }
  const service = known.status?.service;
  if (service?.state === "down") {
    return box("warning", "empty-no-service", el("p", { lang: "en" }, foreign(service.reason)));
  }
  if (current()) return null;
  const present = reader();
  if (!present || readers().length === 0) return box("card", "empty-no-reader");
  if (present.state === "empty") return box("card", "empty-no-card");
  if (present.state === "identifying" || present.state === "ready") return box("card", "empty-identifying");
  const detail = present.detail ? el("p", { lang: "en" }, foreign(present.detail)) : null;
  const atr = present.state === "unknown_card" && present.atr
    ? el("p", {}, t("empty-atr"), " ", el("code", {}, present.atr)) : null;
  return box("warning", `empty-${present.state}`, detail, atr);
}

/**
 * @param {"info" | "warning" | "card"} picture
 * @param {string} id
 * @param {...(Node | null)} more
 */
function box(picture, id, ...more) {
  return el("div", { class: "empty" }, icon(picture), el("p", { class: "lead", text: id }), ...more);
}

/** What stands in a panel while its card is read. */
export const loading = () => el("p", { class: "loading", text: "loading" });

/**
 * What stands in a panel whose card cannot be read now, and what can be done about it.
 *
 * @param {unknown} error
 * @param {() => void} again
 * @param {Go | null} [go] leads to the unblock that may keep the card
 */
export function unreadable(error, again, go = null) {
  const busy = error instanceof Failure && error.code === "busy";
  const lead = el("p", { class: "lead", role: "alert" }, explained(error));
  const card = current();
  if (busy && go && card) {
    void call("unblock.status", { select: card.select }).then((found) => {
      if (found.state === "good") lead.replaceChildren(t("empty-challenge"));
    }, () => {});
  }
  return el("div", { class: "empty" }, icon("warning"), lead,
    el("div", { class: "buttons" }, button("empty-again", again), busy && go && button("overview-unblock", () => go("unblock"), { class: "primary" })));
}
