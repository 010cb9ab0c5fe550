// Unblocking with a challenge: start, hand it to the administrator, take the response, set the new PIN. Challenge and response
// belong together, so nothing here speaks to the card between start and finish.

import { call, local, save } from "../bridge.js";
import { examine } from "../checksum.js";
import { toClipboard } from "../clipboard.js";
import { ask, tell, working } from "../dialog.js";
import { button, el, icon, matrix } from "../dom.js";
import { newPin } from "../new_pin.js";
import { isBlocked, pinChooser, triesLeft } from "../pins.js";
import { settings } from "../settings.js";
import { quiet, say, sayFailure, warn, warnOf } from "../status.js";
import { current, elsewhere } from "../store.js";
import { foreign, grouped, spoken, t } from "../text.js";
import { respond } from "./respond.js";

/**
 * @import { Access, Challenge } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 */

export function byChallenge() {
  /** @type {Access | null} */
  let access = null;
  /** @type {Challenge | null} */
  let out = null;
  let clock = 0;
  let closeQr = () => {};

  const chooser = pinChooser("unblock-type", () => stand());
  const state = el("div");
  const nobody = el("p", { class: "hint", text: "unblock-nobody", hidden: true });
  const begin = button("unblock-start", () => void start(), { class: "primary" });
  const again = button("unblock-again", () => void start(true));
  const cancel = button("unblock-cancel", () => void giveUp());

  const csn = el("output", { class: "digits" });
  const challenge = el("output", { class: "digits" });
  const sum = el("output", { class: "digits sum" });
  const live = el("p", { class: "live", role: "status" });
  const left = el("span", { class: "left", role: "timer" });

  const response = el("textarea", {
    id: "response", rows: "2", class: "digits", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    "aria-describedby": "response-state",
  });
  const verdict = el("p", { id: "response-state", class: "verdict", role: "status" });
  const fresh = newPin();
  const write = el("button", { type: "submit", class: "primary", text: "write" });

  const given = el("div", {},
    el("p", { text: "unblock-give" }),
    el("dl", { class: "challenge" },
      el("div", {}, el("dt", {}, el("abbr", { title: t("csn-long") }, t("csn"))), el("dd", {}, csn)),
      el("div", {}, el("dt", { text: "challenge" }), el("dd", {}, challenge)),
      el("div", {}, el("dt", { text: "checksum" }), el("dd", {}, sum))),
    el("div", { class: "buttons start" },
      button("unblock-copy", () => void copy()), button("unblock-qr", () => void qr()), button("unblock-file", () => void file())),
    el("div", { class: "life" }, live, left, again, cancel));
  const answered = el("div", {},
    el("div", { class: "field" }, el("label", { for: response.id, text: "response" }), response, verdict),
    el("div", { class: "buttons start" },
      button("unblock-proceed", () => void calculate(), { hidden: !settings.respond })),
    el("p", { class: "hint", text: "unblock-proceed-what", hidden: !settings.respond }));
  const form = el("form", { novalidate: true, autocomplete: "off" },
    el("div", { class: "columns" }, fresh.fields, fresh.policy),
    el("div", { class: "buttons" }, write));
  const steps = [
    step("unblock-step-start", el("div", {}, el("p", { text: "unblock-start-what" }), chooser.element, nobody, state, el("div", { class: "buttons start" }, begin))),
    step("unblock-step-give", given),
    step("unblock-step-response", answered),
    step("unblock-step-pin", form),
  ];
  const element = el("div", {}, el("ol", { class: "steps" }, ...steps.map((one) => one.item)));

  const onReader = () => current()?.reader.pin_pad ?? false;
  const status = () => access?.pins.find((one) => one.role === (out?.role ?? chooser.role()));

  /** Shows the steps as they stand: nothing can be typed that would have to be typed again. */
  function stand() {
    const has = out !== null;
    const typed = examined();
    const goes = has && (typed.state === "checked" || typed.state === "whole");
    steps[0]?.set(has ? "done" : "now");
    steps[1]?.set(has ? "now" : "later");
    steps[2]?.set(has ? (goes ? "done" : "now") : "later");
    steps[3]?.set(goes ? "now" : "later");
    begin.hidden = has;
    const now = status();
    state.replaceChildren(...(now ? [triesLeft(now)] : []));
    if (now && !isBlocked(now) && !has) state.append(el("p", { class: "hint", text: "unblock-not-blocked" }));
    if (has) {
      const select = chooser.element.querySelector("select");
      if (select) select.disabled = true;
    }
  }

  const examined = () => examine(response.value, out ? out.challenge.length : 16);

  response.addEventListener("input", () => {
    judge();
    stand();
  });

  /** Says how the response stands while it is typed; nothing of it is sent. */
  function judge() {
    const { state: found, missing, sum: own } = examined();
    const kinds = { checked: "good", wrong: "bad", letters: "bad", long: "bad" };
    const kind = /** @type {Record<string, string>} */ (kinds)[found] ?? "open";
    verdict.className = `verdict ${kind}`;
    response.setAttribute("aria-invalid", String(kind === "bad"));
    const words = found === "empty" ? "" : t(`response-${found}`, { missing, sum: own });
    if (verdict.textContent !== words) verdict.replaceChildren(...(words ? [icon(kind === "good" ? "good" : kind === "bad" ? "bad" : "info"), words] : []));
  }

  const take = (/** @type {Challenge} */ taken) => {
    out = taken;
    csn.value = foreign(taken.csn);
    challenge.value = grouped(taken.challenge);
    sum.value = taken.checksum;
    fresh.show(taken.policy, onReader());
    alive(Date.parse(taken.locked_until) > Date.now());
    tick();
    clearInterval(clock);
    clock = window.setInterval(tick, 1000);
    judge();
    stand();
  };

  /** For how long other programs are still kept off the card. */
  function tick() {
    if (!out) return;
    const seconds = Math.max(0, Math.ceil((Date.parse(out.locked_until) - Date.now()) / 1000));
    left.textContent = seconds > 0 ? t("challenge-left", { minutes: Math.floor(seconds / 60), seconds: String(seconds % 60).padStart(2, "0") }) : "";
    if (seconds === 0 && live.dataset.locked !== "false") alive(false);
  }

  const alive = (/** @type {boolean} */ locked) => {
    live.dataset.locked = String(locked);
    live.className = "live good";
    live.replaceChildren(icon("good"), t(locked ? "challenge-good" : "challenge-good-open"));
  };

  const forget = () => {
    clearInterval(clock);
    closeQr();
    out = null;
    response.value = "";
    fresh.clear();
    left.textContent = "";
    judge();
  };

  async function start(anew = false) {
    const card = current();
    if (!card || element.hasAttribute("aria-busy")) return;
    const now = status();
    if (!anew && now && !isBlocked(now)) {
      const yes = await ask({
        heading: "unblock-sure", card: card.key, confirm: "unblock-start",
        body: [el("p", { text: "unblock-sure-what" })], run: async () => true,
      });
      if (!yes) return;
    }
    quiet();
    const role = out?.role ?? chooser.role();
    forget();
    working(element, true);
    try {
      const taken = await call("unblock.start", { select: card.select, role });
      working(element, false);
      take(taken);
      say("challenge-taken");
      steps[1]?.focus();
    } catch (error) {
      working(element, false);
      stand();
      sayFailure(error);
    }
  }

  async function giveUp() {
    const card = current();
    if (!card) return;
    try {
      await call("unblock.cancel", { select: card.select });
      say("challenge-given-up", {}, "info");
    } catch (error) {
      sayFailure(error);
    }
    forget();
    await load(card);
    steps[0]?.focus();
  }

  /** What is handed to the administrator, as one text. */
  const words = () => (out ? [
    `${t("csn")}: ${out.csn}`, `${t("challenge")}: ${grouped(out.challenge)}`, `${t("checksum")}: ${out.checksum}`,
  ].join("\n") : "");

  async function copy() {
    try {
      await toClipboard(words());
      say("unblock-copied");
    } catch {
      warn("unblock-not-copied");
    }
  }

  async function qr() {
    const card = current();
    if (!out || !card) return;
    try {
      const code = await local("page.qr", { text: words() });
      const shown = tell("qr-heading", {}, [el("p", { text: "qr-what" }), matrix(code.rows, t("qr-name")),
        el("pre", { class: "digits" }, words())], card.key);
      closeQr = shown.close;
    } catch (error) {
      sayFailure(error);
    }
  }

  async function file() {
    if (!out) return;
    try {
      const path = await save(`kortti-challenge-${out.csn.slice(0, 8)}.txt`, new TextEncoder().encode(`${words()}\n`));
      say(path ? "saved-at" : "saved", { path });
    } catch (error) {
      sayFailure(error);
    }
  }

  async function calculate() {
    if (!out) return;
    const result = await respond(`${grouped(out.challenge)} ${out.checksum}`, out.csn);
    if (!result || !out) return;
    response.value = `${grouped(result.response)} ${result.checksum}`;
    judge();
    stand();
    fresh.fields.querySelector("input")?.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const card = current();
    if (!card || !out || element.hasAttribute("aria-busy")) return;
    const found = examined();
    if (found.state !== "whole" && found.state !== "checked") {
      judge();
      response.focus();
      return;
    }
    if (!fresh.whole()) return;
    quiet();
    const asked = fresh.asked(onReader());
    const params = {
      select: card.select, challenge: out.challenge, response: response.value,
      ...(fresh.typed() ? { new: fresh.value() } : {}),
    };
    fresh.clear();
    working(element, true);
    try {
      const now = await call("unblock.finish", params, asked);
      forget();
      say("unblock-done", { tries: now.tries_left ?? -1 }, "good", elsewhere(card));
    } catch (error) {
      // Whether the challenge is used up, the agent knows; the error alone does not say it.
      const left = await call("unblock.status", { select: card.select }).catch(() => null);
      if (left?.state !== "good") forget();
      sayFailure(error, {}, elsewhere(card));
    }
    if (current()?.key !== card.key) return;
    if (!out) await load(card);
    working(element, false);
    stand();
    if (!out) steps[0]?.focus();
  });

  /** How the PINs stand once no challenge is out any more. */
  const load = async (/** @type {Current} */ card) => {
    try {
      const found = await call("card.access", { select: card.select });
      if (current()?.key === card.key) show(found);
    } catch (error) {
      if (current()?.key === card.key) warnOf(error);
    }
  };

  const show = (/** @type {Access} */ now) => {
    working(element, false);
    access = now;
    forget();
    const choice = now.pins.filter((one) => one.kind === "typed" && one.unblocked_by.length > 0);
    chooser.element.hidden = false;
    chooser.show(choice, now.pins);
    nobody.hidden = choice.length > 0;
    begin.disabled = choice.length === 0;
    stand();
  };

  return {
    element,
    busy: () => element.hasAttribute("aria-busy") || out !== null,
    known: () => access,
    show,
    /**
     * Goes on with the challenge that is out.
     *
     * @param {Challenge} status
     */
    resume(status) {
      working(element, false);
      if (out?.challenge === status.challenge) {
        stand();
        return;
      }
      access = null;
      chooser.element.hidden = true;
      take(status);
    },
    leave: forget,
    /**
     * Something made a challenge void; which one, only the agent can say: the one before a new one is void too.
     *
     * @param {string} reason
     */
    async voided(reason) {
      const card = current();
      // The end of a procedure that was carried through is told by its answer.
      if (!card || !out || element.hasAttribute("aria-busy")) return;
      const before = out.challenge;
      const found = await call("unblock.status", { select: card.select }).catch(() => null);
      if (current()?.key !== card.key || out?.challenge !== before || element.hasAttribute("aria-busy")) return;
      if (found?.state === "good") {
        if (found.challenge !== before) take(found);
        return;
      }
      forget();
      stand();
      warn("challenge-void", { reason: spoken() === "en" ? reason : "" });
      await load(card);
      begin.focus();
    },
  };
}

/**
 * @param {string} heading
 * @param {HTMLElement} content
 */
function step(heading, content) {
  const title = el("h2", { text: heading, tabindex: "-1" });
  const state = el("span", { class: "unseen" });
  const item = el("li", { class: "step" }, title, state, content);
  return {
    item,
    focus: () => title.focus(),
    /** @param {"done" | "now" | "later"} now */
    set(now) {
      item.className = `step ${now}`;
      item.toggleAttribute("aria-current", false);
      if (now === "now") item.setAttribute("aria-current", "step");
      content.hidden = now === "later";
      state.textContent = t(`step-${now}`);
    },
  };
}
