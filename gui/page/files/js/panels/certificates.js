// Certificates: the table, and what can be done with the one that is chosen.

import { authorise, note } from "../authority.js";
import { call } from "../bridge.js";
import { button, el, freshId, icon, renew } from "../dom.js";
import { loading, unreadable } from "../empty.js";
import { exportAs, view } from "../certificates/view.js";
import { importFile } from "../certificates/import.js";
import { nameOf, placeOf } from "../certificates/names.js";
import { certificateTable } from "../certificates/table.js";
import { settings } from "../settings.js";
import { quiet, say, sayFailure, warn } from "../status.js";
import { current, still, turns } from "../store.js";
import { t } from "../text.js";

/**
 * @import { Certificate } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 */

/**
 * @param {(panel: string) => void} go
 * @returns {import("../main.js").Panel}
 */
export function certificates(go) {
  /** @type {Certificate | null} */
  let chosen = null;
  /** @type {Certificate[]} */
  let all = [];

  const table = certificateTable({
    chosen: (one) => {
      chosen = one;
      stand();
    },
    open: (one) => {
      table.choose(one.id);
      void withChosen(view);
    },
  });
  const nothing = el("p", { class: "lead", text: "cert-none", hidden: true });
  const format = el("select", { id: "export-format", label: "export-format" },
    ...["cer", "der", "pem"].map((name) => el("option", { value: name }, `.${name}`)));
  const actions = {
    view: button("cert-view", () => void withChosen(view)),
    export: button("cert-export", () => void withChosen((card, one) => exportAs(card, one, format.value))),
    default: button("cert-make-default", () => void withChosen(makeDefault), { "aria-describedby": "default-why" }),
    delete: button("cert-delete", () => void withChosen(remove), { class: "danger" }),
  };
  const why = el("p", { id: "default-why", class: "hint" });
  const bar = el("div", { class: "toolbar", role: "group", label: "cert-actions" },
    actions.view, el("span", { class: "joined" }, actions.export, format), actions.default, actions.delete);

  /** The card for which a file is being chosen, in a window of the system that does not follow the page. @type {Current | null} */
  let wanted = null;
  const input = el("input", { type: "file", accept: ".cer,.der,.crt,.pem,.pfx,.p12", class: "unseen", tabindex: "-1", "aria-hidden": "true" });
  const choose = button("import-choose", () => {
    wanted = current();
    input.click();
  });
  const drop = el("div", { class: "drop" }, icon("file"), el("p", { text: "import-drop" }), choose, input);
  const main = el("div", { class: "certificates-panel", hidden: true }, drop, table.element, nothing, bar, why);
  const trouble = el("div");
  const element = el("div", {}, trouble, main);

  input.addEventListener("change", () => {
    const file = input.files?.[0];
    const card = wanted ?? current();
    wanted = null;
    input.value = "";
    if (file) void take(file, card);
  });
  input.addEventListener("cancel", () => {
    wanted = null;
  });
  // A file that is dropped beside the area must not be opened in place of the page.
  for (const event of ["dragover", "drop"]) window.addEventListener(event, (moved) => moved.preventDefault());
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file && !choose.disabled) void take(file, current());
  });

  async function take(/** @type {File} */ file, /** @type {Current | null} */ card) {
    if (!card || ours) return;
    quiet();
    if (!still(card)) {
      warn("import-other-card");
      return;
    }
    await own(async () => {
      const id = await importFile(card, file);
      if (!id || !still(card)) return;
      await load(card);
      if (still(card)) table.choose(id);
    });
    if (still(card)) choose.focus();
  }

  /** What can be done with the chosen one. */
  function stand() {
    const one = chosen;
    actions.view.disabled = !one;
    actions.export.disabled = format.disabled = !one || Boolean(one.damaged);
    const forbids = settings.config?.cert;
    actions.delete.disabled = !one || (forbids?.forbid_delete ?? false);
    choose.disabled = forbids?.forbid_import ?? false;
    drop.classList.toggle("off", choose.disabled);
    const reason = !one ? null : one.default ? "default-is" : !one.has_key ? "default-no-key"
      : slotsDecide ? "default-by-slot" : null;
    actions.default.disabled = !one || reason !== null;
    why.textContent = [reason ? t(reason) : "", forbids?.forbid_import ? t("import-forbidden") : "", forbids?.forbid_delete ? t("delete-forbidden") : ""].filter(Boolean).join(" ");
  }

  /** Whether the card's slots decide which certificate is the default one. */
  let slotsDecide = false;

  const looks = turns();

  const load = async (/** @type {Current} */ card) => {
    const isLast = looks();
    try {
      const details = await call("card.show", { select: card.select });
      if (!still(card) || !isLast()) return;
      all = details.certificates;
      slotsDecide = details.default_source === "slot_9a" || (details.edge === "piv" && details.default_source !== "container_map");
      nothing.hidden = all.length > 0;
      bar.hidden = all.length === 0;
      main.hidden = false;
      trouble.replaceChildren();
      table.show(all);
      stand();
    } catch (error) {
      if (!still(card) || !isLast()) return;
      main.hidden = true;
      renew(trouble, unreadable(error, () => void load(card), go));
    }
  };

  async function withChosen(/** @type {(card: Current, one: Certificate) => Promise<void>} */ action) {
    const card = current();
    const one = chosen;
    // A second press must not ask a second time.
    if (!card || !one || ours) return;
    quiet();
    await own(() => action(card, one));
  }

  /** Whether something is done from here, which itself looks at the card anew. */
  let ours = false;
  let missed = false;

  async function own(/** @type {() => Promise<void>} */ action) {
    ours = true;
    missed = false;
    bar.setAttribute("aria-busy", "true");
    try {
      await action();
    } finally {
      ours = false;
      bar.removeAttribute("aria-busy");
      const card = current();
      if (missed && card) await load(card);
    }
  }

  async function makeDefault(/** @type {Current} */ card, /** @type {Certificate} */ one) {
    const before = all.find((other) => other.default);
    try {
      const done = await authorise({
        card,
        heading: "default-heading",
        body: [el("p", {}, t("default-what", { name: nameOf(one), place: placeOf(one) })),
          before && el("p", {}, t("default-before", { name: nameOf(before) }))].filter((part) => part instanceof Node),
        confirm: "default-confirm",
        run: ({ params, ask }) => call("cert.default", { select: card.select, certificate: one.id, ...params }, ask),
      });
      if (!done) return;
      say("default-done", { name: nameOf(one) }, card);
      await load(card);
      if (still(card)) actions.view.focus();
    } catch (error) {
      sayFailure(error, {}, card);
    }
  }

  async function remove(/** @type {Current} */ card, /** @type {Certificate} */ one) {
    const keep = el("input", { type: "checkbox", id: freshId("keep") });
    const lost = note("warning", one.slot ? "delete-loses-slot" : "delete-loses", { place: placeOf(one) });
    const stays = el("p", { hidden: true }, t("delete-keeps", { place: placeOf(one) }));
    keep.addEventListener("change", () => {
      lost.hidden = keep.checked;
      stays.hidden = !keep.checked;
    });
    const body = [el("p", {}, t("delete-what", { name: nameOf(one), issuer: one.issuer_name || "–", place: placeOf(one) }))];
    if (one.default) body.push(note("warning", "delete-default"));
    if (one.has_key) {
      body.push(lost, stays, el("p", { class: "choice" }, keep, el("label", { for: keep.id, text: "delete-keep-key" })));
    } else if (!one.slot && one.container !== null && one.container !== undefined) {
      body.push(el("p", {}, t("delete-container", { place: placeOf(one) })));
    }
    try {
      const reply = await authorise({
        card,
        heading: "delete-heading",
        body,
        confirm: "delete-confirm",
        danger: true,
        run: ({ params, ask }) => call("cert.delete", { select: card.select, certificate: one.id, keep_key: keep.checked, ...params }, ask),
      });
      if (!reply) return;
      say("delete-done", { name: nameOf(one) }, card);
      if (!still(card)) return;
      table.clear();
      await load(card);
      if (!still(card)) return;
      (/** @type {HTMLElement | null} */ (element.querySelector("input[type=radio]")) ?? choose).focus();
    } catch (error) {
      sayFailure(error, {}, card);
    }
  }

  return {
    element,
    show(card) {
      main.hidden = true;
      trouble.replaceChildren(...(card ? [loading()] : []));
      table.clear();
      chosen = null;
      all = [];
      if (card) void load(card);
    },
    leave() {},
    engaged: () => ours,
    settled: stand,
    happened(event) {
      const card = current();
      if (!card || !CHANGES.has(event.event)) return;
      if (ours) missed = true;
      else void load(card);
    },
  };
}

const CHANGES = new Set(["cert_imported", "cert_deleted", "cert_moved", "default_changed", "key_generated", "card_repaired"]);
