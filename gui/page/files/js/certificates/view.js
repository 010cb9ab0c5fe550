// View: every field of a certificate, the issuers that the card holds, and the files that it can be exported to.

import { base64, call, save } from "../bridge.js";
import { tell } from "../dialog.js";
import { button, el, icon } from "../dom.js";
import { explained } from "../failure.js";
import { guardedBy } from "../pins.js";
import { say, sayFailure } from "../status.js";
import { still } from "../store.js";
import { foreign, moment, t } from "../text.js";
import { algorithm, alsoNamed, fileName, nameOf, numbered, placeOf, usages } from "./names.js";

/**
 * @import { Certificate, CertificateFields, CertificateView } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 */

/**
 * @param {Current} card
 * @param {Certificate} one
 */
export async function view(card, one) {
  try {
    const found = await call("cert.view", { select: card.select, certificate: one.id });
    if (!still(card)) return;
    const told = el("p", { class: "hint", role: "status" });
    const actions = found.fields ? [
      button("export-cer", () => void write(found, "cer", told)),
      button("export-der", () => void write(found, "der", told)),
      button("export-pem", () => void write(found, "pem", told)),
    ] : [];
    tell("view-heading", { name: nameOf(found.summary) }, body(found), card, [told, ...actions]);
  } catch (error) {
    sayFailure(error, {}, card);
  }
}

/**
 * Exports without showing first.
 *
 * @param {Current} card
 * @param {Certificate} one
 * @param {string} format
 */
export async function exportAs(card, one, format) {
  try {
    const found = await call("cert.view", { select: card.select, certificate: one.id });
    const path = await toFile(found, format);
    say(path ? "saved-at" : "saved", { path }, card);
  } catch (error) {
    sayFailure(error, {}, card);
  }
}

/**
 * @param {CertificateView} found
 * @param {string} format
 * @param {HTMLElement} told
 */
async function write(found, format, told) {
  try {
    const path = await toFile(found, format);
    told.textContent = t(path ? "saved-at" : "saved", { path });
  } catch (error) {
    told.replaceChildren(explained(error));
  }
}

/**
 * @param {CertificateView} found
 * @param {string} format
 */
async function toFile(found, format) {
  const bytes = Uint8Array.from(found.fields?.der.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  const content = format === "pem" ? new TextEncoder().encode(pem(bytes)) : bytes;
  return save(fileName(found.summary, format), content);
}

/**
 * PEM (RFC 7468).
 *
 * @param {Uint8Array} bytes
 */
function pem(bytes) {
  const lines = base64(bytes).match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/**
 * @param {CertificateView} found
 * @returns {Node[]}
 */
function body(found) {
  const one = found.summary;
  /** @type {Node[]} */
  const parts = [facts([
    ["view-damaged", one.damaged && el("span", { lang: "en" }, foreign(one.damaged))],
    ["view-place", [placeOf(one), one.container_name && foreign(one.container_name)].filter(Boolean).join(", ")],
    ["view-pin", guardedBy(one)],
    ["view-default", one.default ? t(one.default_source === "slot_9a" ? "view-default-slot" : "yes") : t("no")],
    ["view-key", one.has_key ? t("yes") : t("no")],
  ])];
  if (found.fields) parts.push(el("h3", { text: "view-certificate" }), fields(found.fields));
  if (found.fields && found.chain.length === 0) parts.push(el("p", { class: "hint", text: found.fields.subject === found.fields.issuer ? "view-self" : "view-no-chain" }));
  found.chain.forEach((issuer, at) => {
    parts.push(el("details", { class: "issuer" }, el("summary", {}, icon("certificate"), t("view-issuer", { number: String(at + 1), name: issuer.subject })), fields(issuer)));
  });
  return parts;
}

/** @param {CertificateFields} one */
function fields(one) {
  const number = (/** @type {string | null | undefined} */ digits) => (digits ? el("code", {}, pairs(digits)) : null);
  const lines = (/** @type {string[]} */ all) => all.map(foreign).join("\n");
  const ended = Date.parse(one.not_after) < Date.now();
  return facts([
    ["view-subject", foreign(one.subject)],
    ["view-also", one.alternative_names.map(alsoNamed).join("\n")],
    ["view-issued-by", foreign(one.issuer)],
    ["view-serial", number(one.serial)],
    ["view-from", moment(one.not_before)],
    ["view-until", ended ? t("view-ended", { date: moment(one.not_after) }) : moment(one.not_after)],
    ["view-usage", usages(one.key_usage)],
    ["view-extended", numbered(one.extended_key_usage)],
    ["view-authority", one.authority ? (one.path_length === null || one.path_length === undefined ? t("yes") : t("view-path", { length: one.path_length })) : null],
    ["view-policies", numbered(one.policies)],
    ["view-algorithm", algorithm(one.key)],
    ["view-public-key", number(one.public_key)],
    ["view-signed", one.signature_algorithm],
    ["view-subject-key", number(one.subject_key_id)],
    ["view-authority-key", number(one.authority_key_id)],
    ["view-revocation", lines(one.crl_urls)],
    ["view-access", lines(one.authority_urls)],
    ["view-version", String(one.version)],
    ["view-sha1", number(one.sha1)],
    ["view-sha256", number(one.sha256)],
  ]);
}

/** @param {string} digits */
const pairs = (digits) => digits.replace(/(..)(?=.)/g, "$1 ");

/**
 * @param {[string, Node | string | null | undefined | false | ""][]} rows
 */
function facts(rows) {
  return el("dl", { class: "facts" },
    ...rows.flatMap(([name, value]) => (value ? [el("dt", { text: name }), el("dd", {}, value)] : [])));
}
