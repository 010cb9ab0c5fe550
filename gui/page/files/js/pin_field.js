// A field for a secret: never remembered, shown only while somebody holds the eye, empty again once it was used.

import { el, freshId, icon } from "./dom.js";
import { t } from "./text.js";

/** Hides what is shown now. */
let hide = () => {};
window.addEventListener("blur", () => hide());

/**
 * @typedef {object} SecretField
 * @property {HTMLElement} element
 * @property {HTMLInputElement} input
 * @property {() => string} value
 * @property {() => void} clear
 * @property {(id: string | null, values?: Record<string, any>) => void} fault says what is wrong with it, or nothing
 */

/**
 * @param {string} label id of its label
 * @param {{digits?: boolean, changed?: () => void, describedBy?: string, wide?: boolean}} [options]
 * @returns {SecretField}
 */
export function secretField(label, options = {}) {
  const id = freshId("secret");
  const hint = el("p", { id: `${id}-caps`, class: "hint caps", role: "status" });
  const wrong = el("p", { id: `${id}-fault`, class: "fault" });
  const described = [options.describedBy, hint.id, wrong.id].filter(Boolean).join(" ");
  const input = el("input", {
    id,
    type: "password",
    autocomplete: "off",
    autocapitalize: "off",
    autocorrect: "off",
    spellcheck: "false",
    inputmode: options.digits ? "numeric" : "text",
    "aria-describedby": described,
    "data-1p-ignore": true,
    "data-lpignore": "true",
    class: options.wide ? "wide" : "",
    // A page that comes back from the browser's memory must not bring a PIN along.
    name: freshId("unnamed"),
  });
  const reveal = el("button", { type: "button", class: "reveal", label: "field-reveal", title: t("field-reveal") }, icon("eye"));
  const show = (/** @type {boolean} */ shown) => {
    hide = shown ? () => show(false) : () => {};
    input.type = shown ? "text" : "password";
    reveal.setAttribute("aria-pressed", String(shown));
  };
  show(false);
  reveal.addEventListener("pointerdown", (event) => {
    reveal.setPointerCapture(event.pointerId);
    show(true);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur", "keyup"]) {
    reveal.addEventListener(end, () => show(false));
  }
  reveal.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "Enter") show(true);
  });
  reveal.addEventListener("contextmenu", (event) => event.preventDefault());

  const caps = (/** @type {KeyboardEvent} */ event) => {
    const on = event.getModifierState?.("CapsLock") ?? false;
    if (on !== (hint.textContent !== "")) hint.textContent = on ? t("field-caps") : "";
  };
  input.addEventListener("keydown", caps);
  input.addEventListener("keyup", caps);
  input.addEventListener("blur", () => {
    hint.textContent = "";
  });
  for (const never of ["copy", "cut", "dragstart"]) input.addEventListener(never, (event) => event.preventDefault());
  input.addEventListener("input", () => {
    fault(null);
    options.changed?.();
  });

  const fault = (/** @type {string | null} */ message, values = {}) => {
    wrong.textContent = message ? t(message, values) : "";
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  const element = el("div", { class: "field" },
    el("label", { for: id, text: label }),
    el("div", { class: "secret" }, input, reveal),
    hint,
    wrong);
  const clear = () => {
    input.value = "";
    show(false);
    fault(null);
    options.changed?.();
  };
  return { element, input, value: () => input.value, clear, fault };
}
