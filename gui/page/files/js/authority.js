// What authorises a write: how the tries stand first, then what card and reader want, and nothing else. One press of the button
// is at most one try.

import { Failure, call } from "./bridge.js";
import { ask } from "./dialog.js";
import { el, freshId, icon } from "./dom.js";
import { secretField } from "./pin_field.js";
import { isBlocked, lastTryWarning, triesLeft, what } from "./pins.js";
import { settings } from "./settings.js";
import { still } from "./store.js";
import { t } from "./text.js";

/**
 * @import { Access, PinStatus } from "../../../../shared/types"
 * @import { Current } from "./store.js"
 *
 * @typedef {{params: {pin?: string, management_key?: string, last_try: boolean}, ask: string[]}} Authority
 */

/**
 * Asks for what a write takes and does it; resolves to what `run` gave, or `null` when nothing was done.
 *
 * @param {object} order
 * @param {Current} order.card
 * @param {string} order.heading
 * @param {Record<string, any>} [order.values]
 * @param {(Node | string)[]} order.body what will happen
 * @param {string} order.confirm
 * @param {boolean} [order.danger]
 * @param {boolean} [order.wantsPin] that the PIN is wanted beside a management key
 * @param {() => boolean} [order.ready] whether all that is asked beside was answered; says what is missing
 * @param {(authority: Authority) => Promise<any>} order.run
 */
export async function authorise(order) {
  let access = await call("card.access", { select: order.card.select });
  // That it went, is said already.
  if (!still(order.card)) return null;
  const key = access.management_key;
  const keyIsTyped = Boolean(key && !key.protected && key.factory !== true);
  const pin = order.wantsPin || !keyIsTyped ? access.pins.find((one) => one.role === 1) : undefined;
  if (pin && isBlocked(pin)) throw new Failure("pin_blocked", t("error-pin_blocked", { what: "PIN" }), 0);

  const part = secretPart(pin, access, "authority-pin");
  const keyField = keyIsTyped && !settings.pinentry ? secretField("authority-key", { wide: true }) : null;
  const body = [...order.body];
  if (key?.factory === true) body.push(note("warning", "authority-factory-key"));
  if (keyIsTyped) body.push(keyField?.element ?? note("info", "authority-key-elsewhere"));
  body.push(...part.elements);
  if (key?.touch) body.push(note("info", "authority-touch"));

  return ask({
    heading: order.heading,
    values: order.values,
    body,
    confirm: order.confirm,
    danger: order.danger,
    card: order.card,
    closed: () => {
      part.clear();
      keyField?.clear();
    },
    failed: async () => {
      part.clear();
      keyField?.clear();
      access = await call("card.access", { select: order.card.select }).catch(() => access);
      if (pin) part.again(access.pins.find((one) => one.role === 1), access);
    },
    run: async () => {
      if (!(order.ready?.() ?? true) || !part.whole()) return null;
      if (keyField && keyField.value().trim() === "") {
        keyField.fault("fault-empty");
        keyField.input.focus();
        return null;
      }
      const params = {
        ...(part.typed() ? { pin: part.value() } : {}),
        ...(keyField ? { management_key: keyField.value() } : {}),
        last_try: part.lastTry(),
      };
      const asked = [...(keyIsTyped && settings.pinentry ? ["management_key"] : []), ...part.asked("pin")];
      part.clear();
      keyField?.clear();
      return order.run({ params, ask: asked });
    },
  });
}

/**
 * A sentence with a picture.
 *
 * @param {"warning" | "info"} kind
 * @param {string} id
 * @param {Record<string, any>} [values]
 */
export function note(kind, id, values = {}) {
  return el("p", { class: `note ${kind}` }, icon(kind), el("span", {}, t(id, values)));
}

/**
 * The field for one PIN or PUK that is tried, with the tries it has and the yes that its last one takes. It has no field where
 * the secret is typed on the reader, or is asked for by a window of the host.
 *
 * @param {PinStatus | undefined} pin
 * @param {Access} access
 * @param {string} label
 */
export function secretPart(pin, access, label) {
  const elsewhere = access.pin_pad ? "authority-on-reader" : settings.pinentry ? "authority-elsewhere" : null;
  const field = pin && !elsewhere ? secretField(label) : null;
  const tries = el("div", {}, pin ? triesLeft(pin) : null);
  const yes = el("input", { type: "checkbox", id: freshId("last-try") });
  const warning = el("div", { class: "last-try", hidden: true });
  let status = pin;
  let present = access;

  /** Whether the settings of this machine keep the last try. */
  const isForbidden = () => settings.config?.pin.last_try === "never";
  const warn = () => {
    yes.checked = false;
    warning.hidden = !status || status.tries_left !== 1 || isBlocked(status);
    if (!status || warning.hidden) return;
    const lines = lastTryWarning(status, present).map((line) => el("p", { class: "note warning" }, icon("warning"), el("span", {}, line)));
    const answer = isForbidden() ? el("p", {}, t("last-try-never", { what: what(status) }))
      : el("p", { class: "choice" }, yes, el("label", { for: yes.id }, t("last-try-yes", { what: what(status) })));
    warning.replaceChildren(...lines, answer, fault);
  };
  const fault = el("p", { class: "fault", role: "alert" });
  yes.addEventListener("change", () => fault.replaceChildren());
  warn();

  return {
    elements: pin ? [field?.element ?? note("info", elsewhere ?? "authority-elsewhere", { what: what(pin) }), tries, warning] : [],
    field,
    typed: () => field !== null,
    value: () => field?.value() ?? "",
    clear: () => field?.clear(),
    /** What the host is to ask for. */
    asked: (/** @type {string} */ name) => (pin && !field && !access.pin_pad ? [name] : []),
    lastTry: () => !warning.hidden && yes.checked,
    /** The settings of the machine are others now. */
    settled: warn,
    /** Whether it can be sent; says what is missing. */
    whole() {
      if (status && isBlocked(status)) throw new Failure("pin_blocked", t("error-pin_blocked", { what: what(status) }), 0);
      if (field && field.value() === "") {
        field.fault("fault-empty");
        field.input.focus();
        return false;
      }
      if (!warning.hidden && isForbidden()) {
        fault.replaceChildren(t("error-forbidden"));
        return false;
      }
      if (!warning.hidden && !yes.checked) {
        fault.replaceChildren(t("fault-last-try"));
        yes.focus();
        return false;
      }
      return true;
    },
    /**
     * How it stands now.
     *
     * @param {PinStatus | undefined} now
     * @param {Access} found
     */
    again(now, found) {
      status = now;
      present = found;
      tries.replaceChildren(...(now ? [triesLeft(now)] : []));
      warn();
    },
  };
}
