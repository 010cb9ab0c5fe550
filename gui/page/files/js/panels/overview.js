// Overview: the card, how its PINs stand, what a person should know of it, and where to go from there.

import { authorise } from "../authority.js";
import { call } from "../bridge.js";
import { button, el, icon, renew } from "../dom.js";
import { loading, unreadable } from "../empty.js";
import { sayFailure, say } from "../status.js";
import { isBlocked, isPuk, pinName, triesLeft } from "../pins.js";
import { current, still, turns } from "../store.js";
import { date, foreign, spoken, t } from "../text.js";

/**
 * @import { CardDetails, Concern, PinStatus } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 */

/**
 * @param {(panel: string) => void} go
 * @returns {import("../main.js").Panel}
 */
export function overview(go) {
  const element = el("div", { class: "overview" });

  const looks = turns();

  const load = async (/** @type {Current} */ card) => {
    const isLast = looks();
    try {
      const details = await call("card.show", { select: card.select });
      if (!still(card) || !isLast()) return;
      const concerns = current()?.reader.check?.concerns ?? [];
      renew(element,
        ...concernsOf(concerns, details, go),
        ...findingsOf(details, concerns, card, () => void load(card)),
        el("div", { class: "cards" }, pinsOf(details, go), aboutCard(details)));
    } catch (error) {
      if (still(card) && isLast()) renew(element, unreadable(error, () => void load(card), go));
    }
  };

  return {
    element,
    show(card) {
      element.replaceChildren(...(card ? [loading()] : []));
      if (card) void load(card);
    },
    leave() {},
    happened(event) {
      const card = current();
      if (card && RELOADS.has(event.event)) void load(card);
    },
  };
}

const RELOADS = new Set([
  "card_checked", "pin_changed", "pin_failed", "pin_blocked", "pin_unblocked", "low_tries", "cert_imported", "cert_deleted",
  "cert_moved", "default_changed", "card_repaired", "key_generated",
]);

/**
 * @param {CardDetails} details
 * @param {(panel: string) => void} go
 */
function pinsOf(details, go) {
  const rows = details.pins.map((pin) => el("li", {},
    el("span", { class: "name" }, pinName(pin, details.pins)),
    pin.kind === "typed" || pin.tries_left !== null ? triesLeft(pin) : el("p", { class: "tries", text: "tries-not-told" })));
  const blocked = details.pins.some((pin) => isBlocked(pin) && !isPuk(pin));
  return el("section", { class: "box" }, el("h2", { text: "overview-pins" }), el("ul", { class: "pins" }, ...rows),
    el("div", { class: "buttons" },
      button("overview-change", () => go("pin"), { class: blocked ? "" : "primary", disabled: blocked && details.pins.filter((pin) => !isPuk(pin) && pin.kind === "typed").length < 2 }),
      blocked && button("overview-unblock", () => go("unblock"), { class: "primary" })));
}

/** @param {CardDetails} details */
function aboutCard(details) {
  const { containers_used: used, containers_max: most } = details.space;
  const certificates = details.certificates.length;
  const number = (/** @type {string} */ text) => el("code", {}, foreign(text));
  /** @type {[string, Node | string | null | undefined | false][]} */
  const rows = [
    ["about-kind", foreign(details.name)],
    ["about-csn", details.csn && number(details.csn)],
    ["about-serial", details.serial && number(details.serial)],
    ["about-windows", details.windows_id && number(details.windows_id)],
    ["about-certificates", certificates.toLocaleString(spoken())],
    ["about-containers", most ? t("about-of", { used, most }) : used.toLocaleString(spoken())],
  ];
  return el("section", { class: "box" }, el("h2", { text: "overview-card" }),
    el("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => (value ? [el("dt", { text: name }), el("dd", {}, value)] : []))));
}

/**
 * @param {Concern[]} concerns
 * @param {CardDetails} details
 * @param {(panel: string) => void} go
 */
function concernsOf(concerns, details, go) {
  const lines = concerns.map((concern) => {
    const pin = "role" in concern ? details.pins.find((one) => one.role === concern.role) : undefined;
    return concernLine(concern, pin ? pinName(pin, details.pins) : t("pin-type-primary_card_pin"), go);
  }).filter((line) => line !== null);
  return lines.length ? [el("ul", { class: "concerns", label: "overview-concerns" }, ...lines)] : [];
}

/**
 * @param {Concern} concern
 * @param {string} pin
 * @param {(panel: string) => void} go
 */
function concernLine(concern, pin, go) {
  const line = (/** @type {string} */ words, /** @type {string | null} */ panel, /** @type {string} */ action = "") =>
    el("li", { class: "note warning" }, icon("warning"), el("span", {}, words), panel && button(action, () => go(panel)));
  switch (concern.concern) {
    case "pin_blocked":
      return line(t("concern-blocked", { pin }), "unblock", "overview-unblock");
    case "low_tries":
      return line(t("concern-low", { pin, tries: concern.tries_left }), null);
    case "pin_change_required":
      return line(t(`concern-change-${concern.reason}`, { pin }), "pin", "overview-change");
    case "cert_expiring": {
      const values = { name: concern.common_name || concern.certificate, days: concern.days, date: date(concern.not_after) };
      return line(t(concern.days < 0 ? "concern-expired" : "concern-expiring", values), "certificates", "overview-certificates");
    }
    case "card_expiring":
      return line(t(concern.days < 0 ? "concern-card-expired" : "concern-card-expiring", { days: concern.days, date: date(concern.not_after) }), null);
    default:
      return null;
  }
}

/** What the agent advises of PINs that are the factory's is among what a person should know already. */
const ADVISED = new Set(["the PIN", "the PUK"]);

/**
 * @param {CardDetails} details
 * @param {Concern[]} concerns
 * @param {Current} card
 * @param {() => void} reload
 */
function findingsOf(details, concerns, card, reload) {
  const told = concerns.some((concern) => concern.concern === "pin_change_required");
  const findings = details.findings.filter((finding) => !told || !ADVISED.has(finding.place));
  if (findings.length === 0) return [];
  const list = () => el("ul", { lang: "en" }, ...findings.map((finding) =>
    el("li", {}, `${foreign(finding.place)}: ${foreign(finding.text)}`, finding.repair ? ` ${foreign(finding.repair)}` : "")));
  const repair = async () => {
    try {
      const result = await authorise({
        card,
        heading: "repair-heading",
        body: [el("p", { text: "repair-what" }), list()],
        confirm: "repair-confirm",
        run: ({ params, ask }) => call("card.repair", { select: card.select, ...params }, ask),
      });
      if (!result) return;
      say("repair-done", { mended: result.mended.length, remaining: result.remaining.length }, card);
      reload();
    } catch (error) {
      sayFailure(error, {}, card);
    }
  };
  const mends = findings.some((finding) => finding.repair);
  return [el("section", { class: mends ? "box damaged" : "box advice" },
    el("h2", {}, icon(mends ? "warning" : "info"), t(mends ? "overview-findings" : "overview-advice")), list(),
    mends && el("div", { class: "buttons" }, button("repair-open", () => void repair())))];
}
