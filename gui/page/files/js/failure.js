// What a person is told when something was not done.

import { Failure } from "./bridge.js";
import { el } from "./dom.js";
import { foreign, has, spoken, t } from "./text.js";

// Errors whose sentence from the agent says more than their name does: which program, which part, whether the card is as it was.
const DETAILED = new Set([
  "bad_request", "no_service", "permission", "busy", "card_reset", "card_changed", "forbidden", "pin_policy", "not_typed",
  "bad_response", "challenge_void", "bad_file", "no_matching_key", "not_found", "card_full", "not_supported", "damaged",
  "write_failed", "card_error", "system", "no_agent", "protocol_version",
]);

/**
 * The sentences for a failure.
 *
 * @param {unknown} error
 * @param {Record<string, string | number>} [values] for messages that name what was tried
 * @returns {Node}
 */
export function explained(error, values = {}) {
  const fragment = document.createDocumentFragment();
  const failure = error instanceof Failure ? error : new Failure("page_fault", String(error));
  const id = `error-${failure.code}`;
  const tries = failure.triesLeft ?? -1;
  const detail = DETAILED.has(failure.code) || !has(id) ? failure.message : "";
  if (detail && spoken() === "en") {
    fragment.append(plain(detail));
    return fragment;
  }
  fragment.append(has(id) ? t(id, { what: "PIN", ...values, tries }) : t("error-other"));
  if (detail) fragment.append(" ", el("span", { lang: "en", class: "detail" }, plain(detail)));
  return fragment;
}

/**
 * The agent's sentences are for its command too, and quote it so.
 *
 * @param {string} sentence
 */
function plain(sentence) {
  return foreign(sentence.replaceAll("`", ""));
}
