// What a new PIN must look like, ticked off while it is typed. The agent judges again; what is refused here costs nothing.

import { el, freshId, icon } from "./dom.js";
import { t } from "./text.js";

/**
 * @import { PinPolicy } from "../../../../shared/types"
 * @typedef {{id: string, values?: Record<string, number>, fits: (pin: string, again: string, old: string) => boolean, open?: (pin: string, again: string) => boolean}} Rule
 */

/** Bytes of a PIN as it goes to the card. */
const length = (/** @type {string} */ pin) => new TextEncoder().encode(pin).length;

/**
 * @param {PinPolicy | null | undefined} policy
 * @param {boolean} hasOld
 * @returns {Rule[]}
 */
function rules(policy, hasOld) {
  /** @type {Rule[]} */
  const all = [];
  if (policy) {
    const { min_length: min, max_length: max, characters } = policy;
    all.push({ id: "policy-length", values: { min, max }, fits: (pin) => length(pin) >= min && length(pin) <= max });
    const allowed = characters === "digits" ? /^[0-9]+$/ : /^[ -~]+$/;
    all.push({ id: `policy-${characters}`, fits: (pin) => allowed.test(pin) });
    if (policy.complexity) all.push({ id: "policy-complexity", fits: (pin) => !trivial(pin) });
  }
  if (hasOld) all.push({ id: "policy-other", fits: (pin, _, old) => pin !== old, open: (pin) => pin === "" });
  all.push({ id: "policy-same", fits: (pin, again) => pin === again, open: (_, again) => again === "" });
  return all;
}

/**
 * What everybody guesses first: one character again and again, or a run of neighbours.
 *
 * @param {string} pin
 */
function trivial(pin) {
  const steps = new Set([...pin].slice(1).map((_, at) => pin.charCodeAt(at + 1) - pin.charCodeAt(at)));
  return steps.size === 1 && [-1, 0, 1].includes([...steps][0] ?? 9);
}

/**
 * A panel with the rules.
 *
 * @param {boolean} hasOld whether the present PIN is typed beside the new one
 */
export function policyPanel(hasOld) {
  const id = freshId("rules");
  const list = el("ul", { class: "rules", id });
  const source = el("p", { class: "hint" });
  const element = el("section", { class: "policy", label: "policy-title" },
    el("h2", { text: "policy-title" }), list, source);
  /** @type {Rule[]} */
  let present = [];

  const update = (/** @type {string} */ pin, /** @type {string} */ again, old = "") => {
    present.forEach((rule, at) => {
      const item = /** @type {HTMLElement} */ (list.children[at]);
      const open = pin === "" || (rule.open?.(pin, again) ?? false);
      const state = open ? "open" : rule.fits(pin, again, old) ? "good" : "bad";
      if (item.dataset.state === state) return;
      item.dataset.state = state;
      item.replaceChildren(icon(state), t(rule.id, rule.values), el("span", { class: "unseen", text: `policy-state-${state}` }));
    });
  };

  return {
    element,
    /** The id of the list, by which a field says what is demanded of it. */
    id,
    update,
    /** @param {PinPolicy | null | undefined} policy */
    show(policy) {
      present = rules(policy, hasOld);
      list.replaceChildren(...present.map(() => el("li")));
      source.textContent = policy?.source === "assumed" ? t("policy-assumed") : "";
      update("", "");
    },
    /**
     * The first rule that a new PIN does not keep.
     *
     * @param {string} pin
     * @param {string} again
     * @returns {{rule: Rule, isAgain: boolean} | null}
     */
    broken(pin, again, old = "") {
      const rule = present.find((one) => !one.fits(pin, again, old));
      return rule ? { rule, isAgain: rule.id === "policy-same" } : null;
    },
  };
}
