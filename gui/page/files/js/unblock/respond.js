// Calculate response: for whoever has the admin key. It needs neither card nor agent, and the key goes no further than the host.

import { note } from "../authority.js";
import { local } from "../bridge.js";
import { examine } from "../checksum.js";
import { toClipboard } from "../clipboard.js";
import { ask } from "../dialog.js";
import { button, el } from "../dom.js";
import { secretField } from "../pin_field.js";
import { settings } from "../settings.js";
import { current } from "../store.js";
import { grouped, has, t } from "../text.js";

/**
 * @param {string} challenge as it is known so far
 * @param {string | null} csn the card at hand whose challenge it is; `null` for somebody else's
 * @param {(close: () => void) => void} [opened] is given what closes it
 * @returns {Promise<{response: string, checksum: string} | null>} what is to be used here
 */
export function respond(challenge, csn, opened) {
  const typed = el("textarea", {
    id: "respond-challenge", rows: "2", class: "digits", autocomplete: "off", spellcheck: "false", autocapitalize: "characters",
    "aria-describedby": "respond-challenge-state", readonly: csn !== null,
  });
  typed.value = challenge;
  const state = el("p", { id: "respond-challenge-state", class: "hint", role: "status" });
  const key = settings.pinentry ? null : secretField("respond-key", { wide: true });
  const cipher = el("select", { id: "respond-cipher" },
    ...["", "3des", "aes"].map((value) => el("option", { value, text: `cipher-${value || "fitting"}` })));
  const result = el("div", { class: "result", role: "status", "aria-live": "polite" });
  /** @type {{response: string, checksum: string} | null} */
  let calculated = null;
  const told = el("p", { class: "hint", role: "status" });
  const copied = (/** @type {string} */ text) =>
    toClipboard(text).then(() => told.replaceChildren(t("respond-copied")), () => told.replaceChildren(t("unblock-not-copied")));

  const judge = () => {
    const plain = typed.value.replace(/[\s-]/g, "");
    const length = Math.max(16, Math.floor(plain.length / 16) * 16);
    const { state: found, missing, sum } = examine(typed.value, length);
    state.textContent = found === "empty" ? "" : t(found === "wrong" ? "challenge-wrong" : `response-${found}`, { missing, sum });
    calculated = null;
    result.replaceChildren();
  };
  typed.addEventListener("input", judge);
  cipher.addEventListener("change", judge);
  judge();

  return ask({
    heading: "respond-heading",
    card: csn === null ? null : current(),
    confirm: "respond-calculate",
    focus: csn === null ? typed : (key?.input ?? null),
    opened,
    closed: () => key?.clear(),
    failed: () => {
      calculated = null;
      result.replaceChildren();
    },
    body: [
      el("p", { text: csn === null ? "respond-what-other" : "respond-what" }),
      csn !== null && el("p", {}, t("csn"), " ", el("code", {}, csn)),
      el("div", { class: "field" }, el("label", { for: typed.id, text: "challenge" }), typed, state),
      key?.element ?? note("info", "respond-key-elsewhere"),
      el("div", { class: "field" }, el("label", { for: cipher.id, text: "respond-cipher" }), cipher),
      result,
      told,
    ].filter((part) => part !== false),
    run: async (end) => {
      if (key && key.value().trim() === "") {
        key.fault("fault-empty");
        key.input.focus();
        return null;
      }
      const params = { challenge: typed.value, cipher: cipher.value || null, ...(key ? { admin_key: key.value() } : {}) };
      key?.clear();
      const answer = await local("page.respond", params, key ? [] : ["admin_key"]);
      calculated = { response: answer.response, checksum: answer.checksum };
      result.replaceChildren(
        el("dl", { class: "challenge" },
          el("div", {}, el("dt", { text: "response" }), el("dd", {}, el("output", { class: "digits" }, grouped(answer.response)))),
          el("div", {}, el("dt", { text: "checksum" }), el("dd", {}, el("output", { class: "digits sum" }, answer.checksum)))),
        ...(answer.factory_key ? [note("warning", "respond-factory", { name: factoryKey(answer.factory_key) })] : []),
        el("div", { class: "buttons start" },
          button("respond-copy", () => void copied(`${grouped(answer.response)} ${answer.checksum}`)),
          csn !== null && button("respond-use", () => end(calculated), { class: "primary" })));
      return null;
    },
  });
}

/**
 * A factory's key in words (shared::unblock::default_key_name).
 *
 * @param {string} name
 */
function factoryKey(name) {
  const id = `factory-${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
  return has(id) ? t(id) : name;
}
