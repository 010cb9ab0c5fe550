// Certificates in words.

import { el, icon } from "../dom.js";
import { date, foreign, t } from "../text.js";

/**
 * @import { Certificate, KeyAlgorithm } from "../../../../../shared/types"
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
 * What it is for. The agent names usages in English; those that are known are translated.
 *
 * @param {string[]} usage
 */
export function usages(usage) {
  return usage.map((name) => {
    const id = `usage-${name.toLowerCase().replace(/[^a-z]+/g, "-")}`;
    const known = t(id);
    return known === id ? foreign(name) : known;
  }).join(", ");
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
