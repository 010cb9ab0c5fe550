// Elements, made without markup: a name that comes from a card can never become an element.

import { t } from "./text.js";

/**
 * Makes an element. `text` and `label` are ids of messages: its content and its accessible name. `on` are listeners; every
 * other property is an attribute, left out when it is false, null or undefined.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") element.append(t(value));
    else if (name === "label") element.setAttribute("aria-label", t(value));
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/**
 * Puts something in the place of what an element holds. A button that had the focus and is there anew has it again.
 *
 * @param {HTMLElement} element
 * @param {...Node} children
 */
export function renew(element, ...children) {
  const held = element.contains(document.activeElement) ? document.activeElement?.textContent : null;
  element.replaceChildren(...children);
  if (held) [...element.querySelectorAll("button")].find((one) => one.textContent === held)?.focus();
}

/**
 * The element with this id in the page's frame.
 *
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element ${id}`);
  return element;
}

let last = 0;

/**
 * An id that no other element has.
 *
 * @param {string} word
 */
export function freshId(word) {
  last += 1;
  return `${word}-${last}`;
}

/**
 * A button.
 *
 * @param {string} text id of its message
 * @param {(event: Event) => void} click
 * @param {Record<string, any>} [properties]
 */
export function button(text, click, properties = {}) {
  return el("button", { type: "button", text, on: { click }, ...properties });
}

const SVG = "http://www.w3.org/2000/svg";

/** Outlines on a field of 24 by 24. */
const ICONS = {
  good: "M5 12.5l4.5 4.5L19 7.5",
  bad: "M7 7l10 10M17 7L7 17",
  warning: "M12 3.5L2.5 20h19zM12 10v4.5M12 17.2v.3",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5.5M12 7.5v.3",
  open: "M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
  card: "M3 6.5h18v11H3zM6.5 10h4v3.5h-4zM14 14.5h4",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  key: "M8 11.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10.5 12.5L19 4M16 7l3 3M14 9l2 2",
  certificate: "M5 3.5h14v12H5zM8 7h8M8 10h5M10 15.5v5l2-1.5 2 1.5v-5",
  overview: "M3 6.5h18v11H3zM3 10.5h18",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M12 17v-6M9.5 13.5L12 11l2.5 2.5",
};

/**
 * A picture that says nothing which words beside it do not say.
 *
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * A square of light and dark fields.
 *
 * @param {string[]} rows one digit for each field
 * @param {string} name what it is, for those who do not see it
 */
export function matrix(rows, name) {
  const quiet = 4;
  const side = rows.length + 2 * quiet;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", name);
  svg.setAttribute("class", "matrix");
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(SVG, "path");
  const fields = rows.flatMap((row, y) =>
    [...row].map((field, x) => (field === "1" ? `M${x + quiet} ${y + quiet}h1v1h-1z` : "")));
  path.setAttribute("d", fields.join(""));
  svg.append(path);
  return svg;
}
