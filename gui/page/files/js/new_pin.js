// A new PIN, typed twice, beside the rules that it must keep.

import { el } from "./dom.js";
import { note } from "./authority.js";
import { secretField } from "./pin_field.js";
import { policyPanel } from "./policy.js";
import { settings } from "./settings.js";

/**
 * @import { PinPolicy } from "../../../../shared/types"
 */

/**
 * @param {{old?: () => string}} [options] what the present PIN is, where it is typed beside the new one
 */
export function newPin(options = {}) {
  const old = options.old ?? (() => "");
  const policy = policyPanel(Boolean(options.old));
  const update = () => policy.update(first.value(), second.value(), old());
  const first = secretField("pin-new", { changed: () => update(), describedBy: policy.id });
  const second = secretField("pin-confirm", { changed: () => update() });
  const fields = el("div", { class: "fields" });
  let typedHere = true;

  return {
    fields,
    policy: policy.element,
    update,
    typed: () => typedHere,
    /** Whether anything is in its fields now. */
    isTyped: () => first.value() !== "" || second.value() !== "",
    value: () => first.value(),
    clear() {
      first.clear();
      second.clear();
    },
    /**
     * @param {PinPolicy | null | undefined} rules
     * @param {boolean} onReader whether it is typed on the reader
     */
    show(rules, onReader) {
      typedHere = !onReader && !settings.pinentry;
      policy.show(rules);
      policy.element.classList.toggle("static", !typedHere);
      const numeric = rules?.characters === "digits" ? "numeric" : "text";
      for (const field of [first, second]) field.input.inputMode = numeric;
      fields.replaceChildren(...(typedHere ? [first.element, second.element] : [note("info", onReader ? "new-on-reader" : "new-elsewhere")]));
      update();
    },
    /** Whether it keeps the rules; says which one it does not keep. */
    whole() {
      if (!typedHere) return true;
      if (first.value() === "") {
        first.fault("fault-empty");
        first.input.focus();
        return false;
      }
      const broken = policy.broken(first.value(), second.value(), old());
      if (!broken) return true;
      const field = broken.isAgain ? second : first;
      if (broken.isAgain && second.value() === "") field.fault("fault-again");
      else field.fault(`fault-${broken.rule.id}`, broken.rule.values);
      field.input.focus();
      return false;
    },
    /** What the host is to ask for. */
    asked: (/** @type {boolean} */ onReader) => (typedHere || onReader ? [] : ["new"]),
  };
}
