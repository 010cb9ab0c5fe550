// Certificates in words.

import { el, icon } from "../dom.js";
import { date, foreign, has, t } from "../text.js";

/**
 * @import { AlternativeName, Certificate, KeyAlgorithm, NamedOid } from "../../../../../shared/types"
 */

/** Days before its end from which on a certificate's end is counted in days. */
const SOON = 60;
const DAY = 86_400_000;

/**
 * What a certificate is called: its name, or what is left of it.
 *
 * @param {Certificate} one
 */
export function nameOf(one) {
  return one.damaged ? t("cert-damaged-name", { id: one.slot ?? one.id }) : one.common_name || one.id;
}

/**
 * Where it is on the card.
 *
 * @param {Certificate} one
 */
export function placeOf(one) {
  if (one.slot) return t("cert-slot", { slot: one.slot });
  return one.container === null || one.container === undefined ? t("cert-no-container") : t("cert-container", { number: String(one.container) });
}

/**
 * How its validity stands.
 *
 * @param {Certificate} one
 * @returns {{kind: "good" | "soon" | "expired" | "later" | "unknown", days: number}}
 */
export function validity(one) {
  const end = Date.parse(one.not_after ?? "");
  if (Number.isNaN(end)) return { kind: "unknown", days: 0 };
  const days = Math.floor((end - Date.now()) / DAY);
  if (end < Date.now()) return { kind: "expired", days };
  if (Date.parse(one.not_before ?? "") > Date.now()) return { kind: "later", days };
  return { kind: days <= SOON ? "soon" : "good", days };
}

/**
 * Until when it is valid, with a badge that says in a word how that stands.
 *
 * @param {Certificate} one
 */
export function validUntil(one) {
  const { kind, days } = validity(one);
  if (kind === "unknown") return el("span", {}, "–");
  const badge = kind === "good" ? null
    : el("span", { class: `badge ${kind}` }, icon(kind === "later" ? "info" : "warning"), t(`cert-${kind}`, { days }));
  return el("span", { class: "validity" }, date(one.not_after ?? ""), badge);
}

/** @param {KeyAlgorithm | null | undefined} key */
export function algorithm(key) {
  if (!key) return "–";
  const { family, bits } = key;
  return { rsa: `RSA ${bits}`, ec: `EC P-${bits}`, ed25519: "Ed25519", x25519: "X25519", other: t("cert-key-other") }[family];
}

/**
 * The id of the message for a usage, which the agent names in English.
 *
 * @param {string} name
 */
export function usageId(name) {
  return `usage-${name.toLowerCase().replace(/[^a-z]+/g, "-").replace(/^-|-$/g, "")}`;
}

/**
 * What it is for, in the person's words; a usage that has none keeps the agent's.
 *
 * @param {string[]} usage
 */
export function usages(usage) {
  return usage.map((name) => (has(usageId(name)) ? t(usageId(name)) : foreign(name))).join(", ");
}

/**
 * Extended usages or policies, a line for each with its number. A name that is not translated is marked as English.
 *
 * @param {NamedOid[]} all
 */
export function numbered(all) {
  if (all.length === 0) return null;
  return el("span", {}, ...all.flatMap(({ name, oid }, at) => {
    const known = name && has(usageId(name)) ? t(usageId(name)) : name && el("span", { lang: "en" }, foreign(name));
    return [at > 0 && "\n", known || foreign(oid), known && ` (${foreign(oid)})`];
  }));
}

/**
 * Another name of who holds a certificate, with the kind of name in words.
 *
 * @param {AlternativeName} name
 */
export function alsoNamed({ kind, value }) {
  const id = `also-${kind.replaceAll("_", "-")}`;
  return has(id) ? t(id, { value }) : foreign(`${kind}: ${value}`);
}

/**
 * A file's name made of a certificate's.
 *
 * @param {Certificate} one
 * @param {string} extension
 */
export function fileName(one, extension) {
  const plain = one.common_name.normalize("NFKD").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  return `${plain || one.id}.${extension}`;
}
