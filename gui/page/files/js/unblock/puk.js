// Unblocking with a PUK.

import { secretPart } from "../authority.js";
import { call } from "../bridge.js";
import { working } from "../dialog.js";
import { el, icon } from "../dom.js";
import { newPin } from "../new_pin.js";
import { isBlocked, isPuk, pinChooser, triesLeft } from "../pins.js";
import { quiet, say, sayFailure } from "../status.js";
import { still } from "../store.js";

/**
 * @import { Access } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 */

export function byPuk() {
  /** The card that everything below is about. @type {Current | null} */
  let mine = null;
  /** @type {Access | null} */
  let access = null;
  /** @type {ReturnType<typeof secretPart> | null} */
  let puk = null;
  const chooser = pinChooser("unblock-type", () => choose());
  const fresh = newPin();
  const old = el("div", { class: "fields" });
  const state = el("div");
  const lost = el("p", { class: "note warning", hidden: true }, icon("lock"), el("span", { text: "puk-is-blocked" }));
  const write = el("button", { type: "submit", class: "primary", text: "write" });
  const form = el("form", { novalidate: true, autocomplete: "off" },
    el("p", { text: "puk-what" }),
    el("div", { class: "columns" }, el("div", {}, chooser.element, state, lost, old, fresh.fields), fresh.policy),
    el("div", { class: "buttons" }, write));
  const element = el("div", {}, form);

  const clear = () => {
    puk?.clear();
    fresh.clear();
  };

  const choose = () => {
    clear();
    const status = access?.pins.find((one) => one.role === chooser.role());
    const key = access?.pins.find(isPuk) ?? access?.pins.find((one) => one.role === 2);
    if (!access || !status || !key) return;
    puk = secretPart(key, access, "puk-field");
    old.replaceChildren(...puk.elements);
    state.replaceChildren(triesLeft(status));
    if (!isBlocked(status)) state.append(el("p", { class: "hint", text: "unblock-not-blocked" }));
    fresh.show(status.policy, access.pin_pad);
    const is = isBlocked(key);
    lost.hidden = !is;
    for (const part of [old, fresh.fields, fresh.policy, write]) part.hidden = is;
  };

  const show = (/** @type {Current} */ card, /** @type {Access} */ now) => {
    working(element, false);
    mine = card;
    access = now;
    chooser.show(now.pins.filter((one) => one.kind === "typed" && one.role !== 2 && (one.unblocked_by.length > 0 || one.role === 1)), now.pins);
    choose();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const card = mine;
    // What was typed for one card never goes to another.
    if (!still(card) || !access || !puk || element.hasAttribute("aria-busy") || write.hidden) return;
    if (!puk.whole() || !fresh.whole()) return;
    quiet();
    const params = {
      select: card.select,
      role: chooser.role(),
      ...(puk.typed() ? { puk: puk.value() } : {}),
      ...(fresh.typed() ? { new: fresh.value() } : {}),
      last_try: puk.lastTry(),
    };
    const asked = [...puk.asked("puk"), ...fresh.asked(access.pin_pad)];
    clear();
    working(element, true);
    try {
      const status = await call("unblock.puk", params, asked);
      say("unblock-done", { tries: status.tries_left ?? -1 }, card);
    } catch (error) {
      sayFailure(error, { what: "PUK" }, card);
    }
    // What is typed before the fields are there anew would be lost, and a PUK too short be sent.
    const now = still(card) ? await call("card.access", { select: card.select }).catch(() => null) : null;
    if (!still(card)) return;
    if (now) show(card, now);
    working(element, false);
    puk?.field?.input.focus();
  });

  const busy = () => element.hasAttribute("aria-busy");
  return {
    element,
    show,
    leave: clear,
    settled: () => puk?.settled(),
    known: () => access,
    busy,
    engaged: () => busy() || fresh.isTyped() || (puk?.value() ?? "") !== "",
  };
}
