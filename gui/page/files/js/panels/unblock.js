// Unblock PIN: by the card's challenge and the administrator's response, or by the PUK that a card has instead.

import { call } from "../bridge.js";
import { button, el } from "../dom.js";
import { loading, unreadable } from "../empty.js";
import { settings } from "../settings.js";
import { current } from "../store.js";
import { byChallenge } from "../unblock/challenge.js";
import { byPuk } from "../unblock/puk.js";
import { respond } from "../unblock/respond.js";

/**
 * @import { Current } from "../store.js"
 * @import { Access } from "../../../../../shared/types"
 */

/** @returns {import("../main.js").Panel} */
export function unblock() {
  const challenge = byChallenge();
  const puk = byPuk();
  const place = el("div");
  const administrator = el("section", { class: "box administrator", hidden: !settings.respond },
    el("h2", { text: "respond-for-others" }), el("p", { text: "respond-for-others-what" }),
    button("respond-open", () => void respond("", null)));
  const element = el("div", {}, place, administrator);
  /** @type {typeof challenge | typeof puk | null} */
  let way = null;

  const load = async (/** @type {Current} */ card, unlessSame = false) => {
    try {
      // While a challenge is out nothing may speak to the card: what the agent remembers is enough.
      const status = await call("unblock.status", { select: card.select });
      const access = status.state === "good" ? null : await call("card.access", { select: card.select });
      if (current()?.key !== card.key || (unlessSame && way?.busy())) return;
      // What somebody types is not taken away for nothing.
      if (unlessSame && access && JSON.stringify(access) === JSON.stringify(way?.known())) return;
      const next = access && hasPuk(access) ? puk : challenge;
      if (way !== next) way?.leave();
      way = next;
      place.replaceChildren(next.element);
      if (access) next.show(access);
      else if (status.state === "good") challenge.resume(status);
    } catch (error) {
      if (current()?.key === card.key) place.replaceChildren(unreadable(error, () => void load(card)));
    }
  };

  return {
    element,
    withoutCard: true,
    show(card) {
      way?.leave();
      way = null;
      place.replaceChildren(...(card ? [loading()] : []));
      if (card) void load(card);
    },
    leave: () => way?.leave(),
    settled: () => {
      administrator.hidden = !settings.respond;
    },
    happened(event) {
      const card = current();
      if (!card) return;
      if (event.event === "challenge_void") way?.voided?.(event.reason);
      else if (["pin_blocked", "pin_unblocked", "pin_failed", "pin_changed", "low_tries"].includes(event.event) && !way?.busy()) void load(card, true);
    },
  };
}

/** @param {Access} access */
function hasPuk(access) {
  return access.pins.some((one) => one.kind === "typed" && one.role === 2);
}
