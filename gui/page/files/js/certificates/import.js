// Import: a file, its password if it has one, what would happen, and then the PIN.

import { authorise, note } from "../authority.js";
import { Failure, base64, call } from "../bridge.js";
import { ask } from "../dialog.js";
import { el, freshId } from "../dom.js";
import { loading } from "../empty.js";
import { explained } from "../failure.js";
import { secretField } from "../pin_field.js";
import { settings } from "../settings.js";
import { say, sayFailure } from "../status.js";
import { still } from "../store.js";
import { foreign, t } from "../text.js";

/**
 * @import { Certificate, CardDetails, ImportPlan } from "../../../../../shared/types"
 * @import { Current } from "../store.js"
 */

/** The largest file that can be imported, in bytes (shared::rpc::MAX_FILE). */
const MOST = 512 * 1024;

/**
 * Imports a file that somebody chose or dropped; resolves to the certificate's id, or `null`.
 *
 * @param {Current} card
 * @param {File} file
 * @returns {Promise<string | null>}
 */
export async function importFile(card, file) {
  try {
    if (file.size > MOST) throw new Failure("file_too_large", "");
    const content = base64(new Uint8Array(await file.arrayBuffer()));
    const opened = await inspect(card, content, file.name);
    if (!opened) return null;
    return await carryOut(card, content, file.name, opened);
  } catch (error) {
    sayFailure(error, {}, card);
    return null;
  }
}

/**
 * Opens the file; asks for its password where it has one.
 *
 * @param {Current} card
 * @param {string} file
 * @param {string} name
 * @returns {Promise<{plan: ImportPlan, password: string | null, asks: boolean} | null>}
 */
async function inspect(card, file, name) {
  try {
    return { plan: await call("cert.inspect", { select: card.select, file, password: null }), password: null, asks: false };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "file_password") throw error;
  }
  const field = settings.pinentry ? null : secretField("import-password");
  return ask({
    heading: "import-password-heading",
    values: { file: name },
    card,
    confirm: "import-open",
    body: [field?.element ?? note("info", "import-password-elsewhere")],
    closed: () => field?.clear(),
    failed: () => field?.input.focus(),
    run: async () => {
      const password = field?.value() ?? "";
      const params = { select: card.select, file, ...(field ? { password } : {}) };
      field?.clear();
      const plan = await call("cert.inspect", params, field ? [] : ["password"]);
      return { plan, password: field ? password : null, asks: !field };
    },
  });
}

/**
 * @param {Current} card
 * @param {string} file
 * @param {string} name
 * @param {{plan: ImportPlan, password: string | null, asks: boolean}} opened
 */
async function carryOut(card, file, name, opened) {
  const details = await call("card.show", { select: card.select });
  if (!still(card)) return null;
  const password = () => (opened.password !== null ? { password: opened.password } : {});
  const asksPassword = opened.asks ? ["password"] : [];
  /** What would happen; nothing while that is being found out. @type {ImportPlan | null} */
  let plan = opened.plan;
  let turn = 0;
  const what = el("div", { role: "status" });
  const over = el("input", { type: "checkbox", id: freshId("overwrite") });
  const overLine = el("p", { class: "choice" }, over, el("label", { for: over.id, text: "import-overwrite" }));
  const fault = el("p", { class: "fault", role: "alert" });
  const first = el("input", { type: "checkbox", id: freshId("default") });
  const slot = slots(details, opened.plan);

  const draw = () => {
    what.replaceChildren(...(plan ? planned(plan, details) : [loading()]));
    overLine.hidden = !plan?.overwrites_key;
    over.checked = false;
    fault.replaceChildren();
  };
  over.addEventListener("change", () => fault.replaceChildren());
  slot?.select.addEventListener("change", async () => {
    // A yes holds for the slot for which it was said.
    const mine = ++turn;
    plan = null;
    draw();
    try {
      const found = await call("cert.inspect", {
        select: card.select, file, ...password(), ...(slot.select.value ? { slot: slot.select.value } : {}),
      }, asksPassword);
      if (mine !== turn) return;
      plan = found;
      draw();
    } catch (error) {
      if (mine !== turn) return;
      slot.select.value = "";
      plan = opened.plan;
      draw();
      fault.replaceChildren(explained(error));
    }
  });
  draw();

  const canBeDefault = !details.certificates.some((one) => one.default_source === "slot_9a") && details.default_source !== "slot_9a";
  const body = [
    what,
    slot?.element,
    overLine,
    fault,
    canBeDefault && opened.plan.with_key && el("p", { class: "choice" }, first, el("label", { for: first.id, text: "import-default" })),
    settings.config?.cert.warn_replace_default && el("p", { class: "hint", text: "import-default-warn" }),
  ].filter((part) => part instanceof Node);

  /** @type {{certificate: Certificate, chain: string[]} | null} */
  const reply = await authorise({
    card,
    heading: "import-heading",
    values: { file: name },
    body,
    confirm: "import-confirm",
    wantsPin: opened.plan.wants_pin ?? false,
    ready: () => {
      if (plan?.overwrites_key && !over.checked) {
        fault.replaceChildren(t("import-overwrite-needed"));
        over.focus();
      }
      return plan !== null && (!plan.overwrites_key || over.checked);
    },
    run: ({ params, ask: asked }) => call("cert.import", {
        select: card.select,
        file,
        ...password(),
        ...(slot?.select.value ? { slot: slot.select.value } : {}),
        overwrite: over.checked,
        default: first.checked,
        ...params,
      }, [...asksPassword, ...asked]),
  }).finally(() => {
    opened.password = null;
  });
  if (!reply) return null;
  say("import-done", { name: reply.certificate.common_name, chain: reply.chain.length }, card);
  return reply.certificate.id;
}

/**
 * What importing would do.
 *
 * @param {ImportPlan} plan
 * @param {CardDetails} details
 */
function planned(plan, details) {
  const place = plan.slot ? t("cert-slot", { slot: plan.slot }) : t("cert-container", { number: String(plan.container) });
  const lines = [el("p", {}, t(plan.with_key ? "import-plan-key" : "import-plan", { name: plan.common_name, place }))];
  if (plan.replaces) lines.push(el("p", {}, t("import-replaces", { name: plan.replaces })));
  if (plan.overwrites_key) lines.push(note("warning", "import-overwrites"));
  if (plan.chain.length) lines.push(el("p", {}, t("import-chain", { names: plan.chain.map(foreign).join(", ") })));
  const { containers_used: used, containers_max: most } = details.space;
  if (most && used >= most && !plan.replaces) lines.push(note("warning", "import-full"));
  return lines;
}

/**
 * The slots of a PIV card, of which one can be chosen.
 *
 * @param {CardDetails} details
 * @param {ImportPlan} plan
 */
function slots(details, plan) {
  if (!plan.slot) return null;
  const retired = [...Array(20).keys()].map((at) => (0x82 + at).toString(16).toUpperCase());
  const select = el("select", { id: freshId("slot") });
  const taken = (/** @type {string} */ name) => details.certificates.find((one) => one.slot === name);
  const option = (/** @type {string} */ value, /** @type {string} */ text) => {
    const one = el("option", { value });
    one.append(text);
    return one;
  };
  select.append(option("", t("import-slot-fitting", { slot: plan.slot })));
  for (const name of ["9A", "9C", "9D", "9E", ...retired]) {
    const holder = taken(name);
    select.append(option(name, holder ? t("import-slot-taken", { slot: name, name: holder.common_name }) : t("cert-slot", { slot: name })));
  }
  return { select, element: el("div", { class: "field" }, el("label", { for: select.id, text: "import-slot" }), select) };
}
