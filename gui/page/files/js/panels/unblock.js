// Unblock PIN: by the card's challenge and the administrator's response, or by the PUK that a card has instead.

import { call } from "../bridge.js";
import { button, el, renew } from "../dom.js";
import { loading, unreadable } from "../empty.js";
import { settings } from "../settings.js";
import { warnOfCard } from "../status.js";
import { still, turns } from "../store.js";
import { spoken } from "../text.js";
import { byChallenge } from "../unblock/challenge.js";
import { byPuk } from "../unblock/puk.js";
import { respond } from "../unblock/respond.js";

/**
 * @import { Current } from "../store.js"
 * @import { Access } from "../../../../../shared/types"
 */

/** @returns {import("../main.js").Panel} */
export function unblock() {
  const challenge = byChallenge((answered) => {
    if (left?.challenge === answered) left = null;
  });
  const puk = byPuk();
  const place = el("div");
  const administrator = el("section", { class: "box administrator", hidden: !settings.respond },
    el("h2", { text: "respond-for-others" }), el("p", { text: "respond-for-others-what" }),
    button("respond-open", () => void respond("", null)));
  const element = el("div", {}, place, administrator);
  /** @type {typeof challenge | typeof puk | null} */
  let way = null;
  /** The card that is shown. @type {Current | null} */
  let mine = null;
  /** The challenge that was shown last, and of which nobody has said yet what became of it. @type {{csn: string, challenge: string} | null} */
  let left = null;

  const looks = turns();

  const load = async (/** @type {Current} */ card, unlessSame = false) => {
    const isLast = looks();
    try {
      // While a challenge is out nothing may speak to the card: what the agent remembers is enough.
      const status = await call("unblock.status", { select: card.select });
      const access = status.state === "good" ? null : await call("card.access", { select: card.select });
      if (!still(card) || !isLast() || (unlessSame && way?.busy())) return;
      // What somebody types is not taken away for nothing.
      if (unlessSame && access && JSON.stringify(access) === JSON.stringify(way?.known())) return;
      const next = access && hasPuk(access) ? puk : challenge;
      if (way !== next) way?.leave();
      way = next;
      place.replaceChildren(next.element);
      if (access) next.show(card, access);
      else if (status.state === "good") challenge.resume(card, status);
      if (left?.csn !== card.csn) return;
      if (status.state === "good" && status.challenge !== left.challenge) warnOfCard("challenge-another");
      else if (status.state !== "good") warnOfCard("challenge-over", { reason: status.state === "void" && spoken() === "en" ? status.reason : "" });
      left = null;
    } catch (error) {
      if (!still(card) || !isLast()) return;
      leave();
      way = null;
      renew(place, unreadable(error, () => void load(card)));
    }
  };

  /** Nothing typed stays; that a challenge was shown is remembered. */
  const leave = () => {
    const out = way === challenge ? challenge.out() : null;
    if (out) left = { csn: out.csn, challenge: out.challenge };
    way?.leave();
  };

  return {
    element,
    withoutCard: true,
    show(card) {
      leave();
      way = null;
      mine = card;
      place.replaceChildren(...(card ? [loading()] : []));
      if (card) void load(card);
    },
    leave,
    engaged: () => way?.engaged() ?? false,
    settled() {
      administrator.hidden = !settings.respond;
      challenge.settled();
      puk.settled();
    },
    happened(event) {
      if (!mine) return;
      if (event.event === "challenge_void" && way === challenge) void challenge.voided("challenge-void", event.reason);
      // Another program has answered the challenge that is shown here.
      else if (event.event === "pin_unblocked" && way === challenge && challenge.out()) void challenge.voided("challenge-over", "");
      else if (RELOADS.has(event.event) && !way?.busy()) void load(mine, true);
    },
  };
}

/** After these the card's PINs stand otherwise, or another program has taken a challenge. */
const RELOADS = new Set(["pin_blocked", "pin_unblocked", "pin_failed", "pin_changed", "low_tries", "challenge_issued"]);

/** @param {Access} access */
function hasPuk(access) {
  return access.pins.some((one) => one.kind === "typed" && one.role === 2);
}
