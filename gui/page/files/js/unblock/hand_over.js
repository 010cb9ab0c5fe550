// How a challenge gets to the administrator: copied, as a QR code, or as a file.

import { local, save } from "../bridge.js";
import { toClipboard } from "../clipboard.js";
import { tell } from "../dialog.js";
import { button, el, matrix } from "../dom.js";
import { say, sayFailure, warn } from "../status.js";
import { grouped, t } from "../text.js";

/**
 * @import { Challenge } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 * @typedef {() => {card: Current, challenge: Challenge} | null} Out the challenge that is out
 */

/**
 * The buttons for it; `close` closes what they have opened.
 *
 * @param {Out} out
 */
export function handOver(out) {
  let close = () => {};
  const element = el("div", { class: "buttons start" },
    button("unblock-copy", () => void copy()), button("unblock-qr", () => void qr()), button("unblock-file", () => void file()));

  async function copy() {
    const now = out();
    if (!now) return;
    try {
      await toClipboard(words(now.challenge));
      say("unblock-copied", {}, now.card);
    } catch {
      warn("unblock-not-copied");
    }
  }

  async function qr() {
    const now = out();
    if (!now) return;
    const text = words(now.challenge);
    try {
      const code = await local("page.qr", { text });
      // It was given up meanwhile, or another one was taken.
      if (out()?.challenge !== now.challenge) return;
      ({ close } = tell("qr-heading", {}, [el("p", { text: "qr-what" }), matrix(code.rows, t("qr-name")),
        el("pre", { class: "digits" }, text)], now.card));
    } catch (error) {
      sayFailure(error, {}, now.card);
    }
  }

  async function file() {
    const now = out();
    if (!now) return;
    const { card, challenge } = now;
    try {
      const path = await save(`kortti-challenge-${challenge.csn.slice(0, 8)}.txt`, new TextEncoder().encode(`${words(challenge)}\n`));
      say(path ? "saved-at" : "saved", { path }, card);
    } catch (error) {
      sayFailure(error, {}, card);
    }
  }

  return { element, close: () => close() };
}

/**
 * What is handed over, as one text.
 *
 * @param {Challenge} out
 */
const words = (out) => [
  `${t("csn")}: ${out.csn}`, `${t("challenge")}: ${grouped(out.challenge)}`, `${t("checksum")}: ${out.checksum}`,
].join("\n");
