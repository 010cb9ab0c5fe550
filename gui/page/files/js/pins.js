// PINs in words, and how they stand.

import { el, icon } from "./dom.js";
import { t } from "./text.js";

/**
 * @import { Access, PinStatus, Container, Certificate } from "../../../../shared/types"
 */

/** @param {PinStatus} pin */
export const isBlocked = (pin) => pin.blocked || pin.tries_left === 0;

/** @param {PinStatus} pin */
export const isPuk = (pin) => pin.kind === "typed" && pin.pin_type === "unblock_only";

/**
 * What people call it, with its number where there are several.
 *
 * @param {PinStatus} pin
 * @param {PinStatus[]} pins
 */
export function pinName(pin, pins) {
  if (pin.kind === "challenge_response") return t("pin-name-key");
  if (isPuk(pin)) return t("pin-name-puk");
  if (pin.role === 4 && pins.some(isPuk)) return t("pin-name-global");
  if (pin.role === 1) return t("pin-type-primary_card_pin");
  return t("pin-name-numbered", { number: String(pin.role), type: t(`pin-type-${pin.pin_type}`) });
}

/**
 * The word of a sentence: PIN or PUK.
 *
 * @param {PinStatus} pin
 */
export const what = (pin) => (isPuk(pin) ? "PUK" : "PIN");

/**
 * How many tries are left, as dots and in words.
 *
 * @param {PinStatus} pin
 */
export function triesLeft(pin) {
  const { tries_left: left, tries_max: max } = pin;
  const kind = isBlocked(pin) ? "blocked" : left === 1 ? "last" : "";
  const line = el("p", { class: `tries ${kind}`.trim() });
  if (max !== null && max !== undefined && max <= 10 && left !== null && left !== undefined) {
    const dots = [...Array(max).keys()].map((at) => el("span", { class: at < left ? "dot full" : "dot" }));
    line.append(el("span", { class: "dots", "aria-hidden": "true" }, ...dots));
  }
  if (kind) line.append(icon(kind === "blocked" ? "lock" : "warning"));
  const shown = isBlocked(pin) ? t("tries-blocked") : left === null || left === undefined ? t("tries-not-told")
    : left >= 15 && (max === null || max === undefined) ? t("tries-many") : t("tries-left", { tries: left });
  line.append(shown);
  return line;
}

/**
 * What a wrong PIN or PUK does at its last try.
 *
 * @param {PinStatus} pin
 * @param {Access} access
 * @returns {string[]}
 */
export function lastTryWarning(pin, access) {
  const lines = [t("last-try-warning", { what: what(pin) })];
  const other = access.pins.find((one) => one.role !== pin.role && (one.role === 1 || one.role === 2));
  if (access.blocking_erases_keys && (pin.role === 1 || pin.role === 2)) {
    lines.push(other && !isBlocked(other) ? t("last-try-erases-later", { other: what(other) }) : t("last-try-erases"));
  }
  if (pin.unblocked_by.length === 0) lines.push(t("last-try-final", { what: what(pin) }));
  return lines;
}

/**
 * The PIN that guards a key, in a cell of a table.
 *
 * @param {{role?: number | null, pin_type?: string | null, slot?: string | null}} key
 */
export function guardedBy(key) {
  if (key.role === 0) return t("pin-none");
  if (key.role === null || key.role === undefined) return "–";
  if (key.slot && key.pin_type === "digital_signature") return t("pin-always");
  if (key.role === 1) return t("pin-type-primary_card_pin");
  return key.pin_type ? t("pin-name-numbered", { number: String(key.role), type: t(`pin-type-${key.pin_type}`) })
    : t("pin-name-number", { number: String(key.role) });
}

/**
 * A drop-down of PIN types. It can be used only where there is a choice.
 *
 * @param {string} label
 * @param {(role: number) => void} changed
 */
export function pinChooser(label, changed) {
  const select = el("select", { id: `choose-${label}` });
  select.addEventListener("change", () => changed(Number(select.value)));
  const element = el("div", { class: "field" }, el("label", { for: select.id, text: label }), select);
  return {
    element,
    role: () => Number(select.value),
    /**
     * @param {PinStatus[]} choice
     * @param {PinStatus[]} all
     */
    show(choice, all) {
      const before = select.value;
      select.replaceChildren(...choice.map((pin) => {
        const option = el("option", { value: pin.role });
        option.append(pinName(pin, all));
        return option;
      }));
      if (choice.some((pin) => String(pin.role) === before)) select.value = before;
      select.disabled = choice.length < 2;
    },
  };
}
