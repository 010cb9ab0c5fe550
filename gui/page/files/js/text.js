// Messages in the person's language. The host parses the Fluent files; here the parsed messages are put together.

/**
 * @typedef {(string | Part)[]} Pattern
 * @typedef {{var?: string, message?: string, number?: number, string?: string, select?: Part, variants?: Variant[]}} Part
 * @typedef {{key: string | number, default?: boolean, value: Pattern}} Variant
 */

/** @type {Record<string, Pattern>} */
let catalogue = {};
let language = "en";
let plural = new Intl.PluralRules("en");

/**
 * Takes in the messages of a language.
 *
 * @param {{language: string, direction: string, catalogue: Record<string, Pattern>}} start
 */
export function speak(start) {
  catalogue = start.catalogue;
  language = start.language;
  plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;
  document.documentElement.dir = start.direction;
}

/** The language that is spoken. */
export function spoken() {
  return language;
}

// Scripts that are written from right to left, and the controls that turn the direction of what follows.
const TURNS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066\u2067]/gu;
const ISOLATES = /[\u2068\u2069]/gu;

/**
 * A text that comes from a card, a reader or a file, as it may stand in a sentence: without controls, and kept apart where it
 * could turn the direction of the sentence. What is kept apart in it already stays so: a sentence may stand in another one.
 *
 * @param {unknown} value
 */
export function foreign(value) {
  let text = String(value).replace(CONTROLS, "\ufffd");
  if (!isClosed(text)) text = text.replace(ISOLATES, "\ufffd");
  return TURNS.test(text) || document.documentElement.dir === "rtl" ? `\u2068${text}\u2069` : text;
}

/**
 * Whether what is kept apart in a text ends in it, so that nothing outside is drawn in.
 *
 * @param {string} text
 */
function isClosed(text) {
  let depth = 0;
  for (const [mark] of text.matchAll(ISOLATES)) {
    depth += mark === "\u2068" ? 1 : -1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/**
 * A message.
 *
 * @param {string} id
 * @param {Record<string, string | number | null | undefined>} [values]
 * @returns {string}
 */
export function t(id, values = {}) {
  const pattern = catalogue[id];
  return pattern ? resolve(pattern, values, 0) : id;
}

/**
 * Whether there is such a message.
 *
 * @param {string} id
 */
export function has(id) {
  return Object.hasOwn(catalogue, id);
}

/**
 * @param {Pattern} pattern
 * @param {Record<string, any>} values
 * @param {number} depth
 * @returns {string}
 */
function resolve(pattern, values, depth) {
  if (depth > 5) return "";
  return pattern.map((part) => (typeof part === "string" ? part : piece(part, values, depth))).join("");
}

/**
 * @param {Part} part
 * @param {Record<string, any>} values
 * @param {number} depth
 * @returns {string}
 */
function piece(part, values, depth) {
  if (part.select) return resolve(chosen(part, values), values, depth + 1);
  if (part.message !== undefined) return resolve(catalogue[part.message] ?? [], values, depth + 1);
  if (part.number !== undefined) return part.number.toLocaleString(language);
  if (part.string !== undefined) return part.string;
  const value = values[part.var ?? ""];
  if (value === null || value === undefined) return "";
  return typeof value === "number" ? value.toLocaleString(language) : foreign(value);
}

/**
 * @param {Part} part
 * @param {Record<string, any>} values
 * @returns {Pattern}
 */
function chosen(part, values) {
  const variants = part.variants ?? [];
  const value = values[part.select?.var ?? ""];
  const exact = variants.find((variant) => variant.key === value);
  const category = typeof value === "number" ? plural.select(value) : undefined;
  const found = exact ?? variants.find((variant) => variant.key === category) ?? variants.find((variant) => variant.default);
  return found?.value ?? [];
}

/**
 * A date in the person's own way of writing it.
 *
 * @param {string} time RFC 3339
 */
export function date(time) {
  return written(time, { dateStyle: "medium" });
}

/**
 * A date with its time of day.
 *
 * @param {string} time RFC 3339
 */
export function moment(time) {
  return written(time, { dateStyle: "long", timeStyle: "medium" });
}

/**
 * @param {string} time
 * @param {Intl.DateTimeFormatOptions} style
 */
function written(time, style) {
  const parsed = new Date(time);
  // Some languages put marks of direction between the digits, which do not pass for a foreign text.
  return Number.isNaN(parsed.getTime()) ? time : new Intl.DateTimeFormat(language, style).format(parsed).replace(CONTROLS, "");
}

/**
 * Digits in groups of four, as they are read out.
 *
 * @param {string} digits
 */
export function grouped(digits) {
  return digits.replace(/(.{4})(?=.)/g, "$1 ");
}
