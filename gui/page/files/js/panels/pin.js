// Change PIN.

import { secretPart } from "../authority.js";
import { call } from "../bridge.js";
import { working } from "../dialog.js";
import { button, el, icon, renew } from "../dom.js";
import { loading, unreadable } from "../empty.js";
import { newPin } from "../new_pin.js";
import { isBlocked, isPuk, pinChooser, what } from "../pins.js";
import { quiet, say, sayFailure } from "../status.js";
import { still, turns } from "../store.js";
import { t } from "../text.js";

/**
 * @import { Access, PinStatus } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 */

/**
 * @param {(panel: string) => void} go
 * @returns {import("../main.js").Panel}
 */
export function pin(go) {
  /** The card that everything below is about. @type {Current | null} */
  let mine = null;
  /** @type {Access | null} */
  let access = null;
  /** @type {ReturnType<typeof secretPart> | null} */
  let present = null;

  const chooser = pinChooser("pin-type", () => choose());
  const fresh = newPin({ old: () => present?.value() ?? "" });
  const old = el("div", { class: "fields" });
  const blocked = el("div", { class: "note warning", hidden: true });
  const write = el("button", { type: "submit", class: "primary", text: "write" });
  const form = el("form", { novalidate: true, autocomplete: "off" },
    el("div", { class: "columns" },
      el("div", {}, chooser.element, blocked, old, fresh.fields),
      fresh.policy),
    el("div", { class: "buttons" }, write));
  const main = el("div", { class: "sheet", hidden: true }, form);
  const trouble = el("div");
  const element = el("div", {}, trouble, main);

  /** The PINs that are typed and may be changed. */
  const changeable = (/** @type {Access} */ all) => all.pins.filter((one) => one.kind === "typed" && one.changed_by.length > 0);
  const status = () => access?.pins.find((one) => one.role === chooser.role());

  const clear = () => {
    present?.clear();
    fresh.clear();
  };

  const choose = () => {
    const now = status();
    clear();
    if (!now || !access) return;
    const is = isBlocked(now);
    present = secretPart(now, access, isPuk(now) ? "pin-current-puk" : "pin-current");
    present.field?.input.addEventListener("input", fresh.update);
    old.replaceChildren(...present.elements);
    fresh.show(now.policy, access.pin_pad);
    blocked.hidden = !is;
    blocked.replaceChildren(icon("lock"), el("span", {}, t(now.unblocked_by.length ? "pin-is-blocked" : "pin-is-lost", { what: what(now) })),
      ...(now.unblocked_by.length ? [button("overview-unblock", () => go("unblock"))] : []));
    for (const part of [old, fresh.fields, fresh.policy]) part.hidden = is;
    write.hidden = is;
  };

  const looks = turns();

  /** How the PINs stand, as the card says now. */
  const load = async (/** @type {Current} */ card, unlessSame = false) => {
    const isLast = looks();
    try {
      const found = await call("card.access", { select: card.select });
      if (!still(card) || !isLast()) return;
      // What somebody types is not taken away for nothing.
      if (unlessSame && JSON.stringify(found) === JSON.stringify(access)) return;
      mine = card;
      access = found;
      chooser.show(changeable(found), found.pins);
      main.hidden = false;
      trouble.replaceChildren();
      choose();
    } catch (error) {
      if (!still(card) || !isLast()) return;
      clear();
      main.hidden = true;
      renew(trouble, unreadable(error, () => void load(card), go));
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const card = mine;
    const now = status();
    // What was typed for one card never goes to another.
    if (!still(card) || !now || !access || !present || element.hasAttribute("aria-busy") || write.hidden) return;
    if (!present.whole() || !fresh.whole()) return;
    quiet();
    const params = {
      select: card.select,
      role: now.role,
      ...(present.typed() ? { current: present.value() } : {}),
      ...(fresh.typed() ? { new: fresh.value() } : {}),
      last_try: present.lastTry(),
    };
    const asked = [...present.asked("current"), ...fresh.asked(access.pin_pad)];
    clear();
    working(element, true);
    try {
      const changed = await call("pin.change", params, asked);
      say("pin-changed", { what: what(changed), tries: changed.tries_left ?? -1 }, card);
    } catch (error) {
      sayFailure(error, { what: what(now) }, card);
    }
    // What is typed before the fields are there anew would be lost, and a PIN too short be sent.
    if (still(card)) await load(card);
    if (!still(card)) return;
    working(element, false);
    present?.field?.input.focus();
  });

  return {
    element,
    show(card) {
      working(element, false);
      clear();
      main.hidden = true;
      trouble.replaceChildren(...(card ? [loading()] : []));
      access = null;
      mine = null;
      if (card) void load(card);
    },
    leave: clear,
    settled: () => present?.settled(),
    engaged: () => element.hasAttribute("aria-busy") || fresh.isTyped() || (present?.value() ?? "") !== "",
    happened(event) {
      if (mine && "role" in event && !element.hasAttribute("aria-busy")) void load(mine, true);
    },
  };
}
