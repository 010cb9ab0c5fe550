// Unblocking with a challenge: start, hand it to the administrator, take the response, set the new PIN. Challenge and response
// belong together, so nothing here speaks to the card between start and finish, and what was typed for one challenge is gone with it.

import { call } from "../bridge.js";
import { examine } from "../checksum.js";
import { ask, working } from "../dialog.js";
import { button, el, icon } from "../dom.js";
import { newPin } from "../new_pin.js";
import { isBlocked, pinChooser, triesLeft } from "../pins.js";
import { settings } from "../settings.js";
import { quiet, say, sayFailure, warnOf, warnOfCard } from "../status.js";
import { still } from "../store.js";
import { foreign, grouped, spoken, t } from "../text.js";
import { handOver } from "./hand_over.js";
import { respond } from "./respond.js";
import { step } from "./step.js";

/**
 * @import { Access, Challenge } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 */

/**
 * @param {(challenge: string) => void} ended is told when it was said what became of a challenge that was answered or given up
 */
export function byChallenge(ended) {
  /** The card that everything below is about. @type {Current | null} */
  let mine = null;
  /** @type {Access | null} */
  let access = null;
  /** @type {Challenge | null} */
  let out = null;
  let clock = 0;
  let closeRespond = () => {};

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
  const hand = handOver(() => (mine && out ? { card: mine, challenge: out } : null));

  const response = el("textarea", {
    id: "response", rows: "2", class: "digits", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    "aria-describedby": "response-state",
  });
  const verdict = el("p", { id: "response-state", class: "verdict", role: "status" });
  const proceed = button("unblock-proceed", () => void calculate());
  const proceedWhat = el("p", { class: "hint", text: "unblock-proceed-what" });
  const fresh = newPin();
  const write = el("button", { type: "submit", class: "primary", text: "write" });

  const given = el("div", {},
    el("p", { text: "unblock-give" }),
    el("dl", { class: "challenge" },
      el("div", {}, el("dt", {}, el("abbr", { title: t("csn-long") }, t("csn"))), el("dd", {}, csn)),
      el("div", {}, el("dt", { text: "challenge" }), el("dd", {}, challenge)),
      el("div", {}, el("dt", { text: "checksum" }), el("dd", {}, sum))),
    hand.element,
    el("div", { class: "life" }, live, left, again, cancel));
  const answered = el("div", {},
    el("div", { class: "field" }, el("label", { for: response.id, text: "response" }), response, verdict),
    el("div", { class: "buttons start" }, proceed),
    proceedWhat);
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

  const busy = () => element.hasAttribute("aria-busy");
  const onReader = () => mine?.reader.pin_pad ?? false;
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

  /**
   * Shows a challenge. Whatever was typed was meant for another one.
   *
   * @param {Current} card
   * @param {Challenge} taken
   */
  function take(card, taken) {
    forget();
    mine = card;
    out = taken;
    csn.value = foreign(taken.csn);
    challenge.value = grouped(taken.challenge);
    sum.value = taken.checksum;
    fresh.show(taken.policy, onReader());
    alive(Date.parse(taken.locked_until) > Date.now());
    tick();
    clock = window.setInterval(tick, 1000);
    judge();
    stand();
  }

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

  /** There is no challenge any more, and nothing of what belongs to it. */
  function forget() {
    clearInterval(clock);
    hand.close();
    closeRespond();
    out = null;
    response.value = "";
    fresh.clear();
    left.textContent = "";
    judge();
  }

  async function start(anew = false) {
    const card = mine;
    if (!still(card) || busy()) return;
    const now = status();
    if (!anew && now && !isBlocked(now)) {
      const minutes = Math.ceil(kept() / 60);
      const yes = await ask({
        heading: "unblock-sure", card, confirm: "unblock-start",
        body: [el("p", {}, t(minutes > 0 ? "unblock-sure-what" : "unblock-sure-open", { minutes }))], run: async () => true,
      });
      if (!yes || !still(card)) return;
    }
    quiet();
    const role = out?.role ?? chooser.role();
    forget();
    working(element, true);
    try {
      const taken = await call("unblock.start", { select: card.select, role });
      say("challenge-taken", {}, card);
      if (!still(card)) return;
      working(element, false);
      take(card, taken);
      steps[1]?.focus();
    } catch (error) {
      sayFailure(error, {}, card);
      // The challenge before may be out still.
      const found = still(card) ? await call("unblock.status", { select: card.select }).catch(() => null) : null;
      if (!still(card)) return;
      working(element, false);
      if (found?.state === "good") take(card, found);
      else await load(card);
    }
  }

  async function giveUp() {
    const card = mine;
    if (!still(card) || busy()) return;
    working(element, true);
    try {
      const given = out?.challenge ?? "";
      await call("unblock.cancel", { select: card.select });
      ended(given);
      say("challenge-given-up", {}, card, "info");
    } catch (error) {
      sayFailure(error, {}, card);
    }
    if (!still(card)) return;
    forget();
    await load(card);
    if (still(card)) steps[0]?.focus();
  }

  async function calculate() {
    const asked = out;
    if (!asked) return;
    const result = await respond(`${grouped(asked.challenge)} ${asked.checksum}`, asked.csn, (close) => {
      closeRespond = close;
    });
    // A response is good for the challenge that it answers, and for no other.
    if (!result || out?.challenge !== asked.challenge) return;
    response.value = `${grouped(result.response)} ${result.checksum}`;
    judge();
    stand();
    fresh.fields.querySelector("input")?.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const card = mine;
    if (!still(card) || !out || busy()) return;
    const found = examined();
    if (found.state !== "whole" && found.state !== "checked") {
      judge();
      response.focus();
      return;
    }
    if (!fresh.whole()) return;
    quiet();
    const sent = out.challenge;
    const asked = fresh.asked(onReader());
    const params = {
      select: card.select, challenge: sent, response: response.value,
      ...(fresh.typed() ? { new: fresh.value() } : {}),
    };
    fresh.clear();
    working(element, true);
    try {
      const now = await call("unblock.finish", params, asked);
      if (still(card)) forget();
      ended(sent);
      say("unblock-done", { tries: now.tries_left ?? -1 }, card);
    } catch (error) {
      // Whether the challenge is used up, the agent knows; the error alone does not say it.
      const found = await call("unblock.status", { select: card.select }).catch(() => null);
      if (still(card) && (found?.state !== "good" || found.challenge !== sent)) {
        forget();
        if (found?.state === "good") take(card, found);
      }
      if (found?.state !== "good") ended(sent);
      sayFailure(error, {}, card);
    }
    if (!still(card)) return;
    if (!out) await load(card);
    if (!still(card)) return;
    working(element, false);
    stand();
    if (!out) steps[0]?.focus();
  });

  /** How the PINs stand once no challenge is out any more. */
  async function load(/** @type {Current} */ card) {
    try {
      const found = await call("card.access", { select: card.select });
      if (still(card)) show(card, found);
    } catch (error) {
      if (!still(card)) return;
      working(element, false);
      stand();
      warnOf(error);
    }
  }

  function show(/** @type {Current} */ card, /** @type {Access} */ now) {
    working(element, false);
    forget();
    mine = card;
    access = now;
    const choice = now.pins.filter((one) => one.kind === "typed" && one.unblocked_by.length > 0);
    chooser.element.hidden = false;
    chooser.show(choice, now.pins);
    nobody.hidden = choice.length > 0;
    begin.disabled = choice.length === 0;
    stand();
  }

  function settled() {
    proceed.hidden = proceedWhat.hidden = !settings.respond;
  }
  settled();

  const engaged = () => busy() || out !== null;
  return {
    element,
    busy: engaged,
    engaged,
    known: () => access,
    out: () => out,
    settled,
    show,
    /**
     * Goes on with the challenge that is out.
     *
     * @param {Current} card
     * @param {Challenge} found
     */
    resume(card, found) {
      working(element, false);
      mine = card;
      if (out?.challenge === found.challenge) {
        stand();
        return;
      }
      access = null;
      chooser.element.hidden = true;
      take(card, found);
    },
    leave: forget,
    /**
     * Something may have made the challenge void; which one, only the agent can say: the one before a new one is void too.
     *
     * @param {string} id what is said of it then
     * @param {string} reason
     */
    async voided(id, reason) {
      const card = mine;
      // The end of a procedure that was carried through is told by its answer.
      if (!card || !out || busy()) return;
      const before = out.challenge;
      const found = await call("unblock.status", { select: card.select }).catch(() => null);
      if (!still(card) || out?.challenge !== before || busy()) return;
      if (found?.state === "good" && found.challenge === before) return;
      forget();
      if (found?.state === "good") {
        take(card, found);
        warnOfCard("challenge-another");
        steps[1]?.focus();
        return;
      }
      stand();
      warnOfCard(id, { reason: spoken() === "en" ? reason : "" });
      await load(card);
      if (still(card)) begin.focus();
    },
  };
}

/** For how many seconds other programs are kept off a card whose challenge is out, by the settings. */
function kept() {
  const { lock_card_s: lock = 600, challenge_timeout_s: timeout = 0 } = settings.config?.unblock ?? {};
  return timeout > 0 ? Math.min(lock, timeout) : lock;
}
