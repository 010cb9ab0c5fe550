// Information: the version, the cards that are supported, the legal notice, how agent and readers stand, and the doctor.

import { isWriting, local } from "../bridge.js";
import { working } from "../dialog.js";
import { button, el, icon } from "../dom.js";
import { holds } from "../readers.js";
import { settings } from "../settings.js";
import { say, sayFailure, warn } from "../status.js";
import { known, listen, readers } from "../store.js";
import { foreign, spoken, t } from "../text.js";
import { size } from "../zoom.js";

/**
 * @typedef {{name: string, verdict: "good" | "note" | "bad", found: string, advice?: string}} Check
 */

/** @returns {import("../main.js").Panel} */
export function information() {
  const about = el("div");
  const state = el("dl", { class: "facts" });
  const checks = el("ul", { class: "checks" });
  const run = button("doctor-run", () => void examine());
  const doctor = el("section", { class: "box" }, el("h2", { text: "doctor" }), el("p", { text: "doctor-what" }),
    el("div", { class: "buttons start" }, run), checks);
  const language = el("select", { id: "language" }, ...settings.languages.map((one) => {
    const option = el("option", { value: one.code, lang: one.code }, one.name);
    option.selected = one.code === spoken();
    return option;
  }));
  language.addEventListener("change", () => void speakOther());
  const element = el("div", { class: "information" },
    el("div", { class: "cards" },
      about,
      el("div", {},
        el("section", { class: "box" }, el("h2", { text: "state" }), state),
        el("section", { class: "box" }, el("h2", { text: "language-heading" }),
          el("div", { class: "field" }, el("label", { for: language.id, text: "language" }), language)))),
    doctor);

  async function speakOther() {
    // What is being done would have nobody any more to whom it can say how it went.
    if (isWriting()) {
      language.value = spoken();
      warn("language-busy");
      return;
    }
    try {
      await local("page.language", { language: language.value });
      // What is loaded anew begins here again.
      history.replaceState({ panel: "information", focus: language.id, size: size() }, "");
      location.reload();
    } catch (error) {
      sayFailure(error);
    }
  }

  async function examine() {
    working(doctor, true);
    try {
      const report = await local("page.doctor");
      checks.replaceChildren(...report.checks.map(line));
      const bad = report.checks.filter((/** @type {Check} */ check) => check.verdict === "bad").length;
      say("doctor-done", { bad }, null, bad ? "info" : "good");
    } catch (error) {
      sayFailure(error);
    } finally {
      working(doctor, false);
    }
  }

  const line = (/** @type {Check} */ check) => el("li", { class: check.verdict },
    icon(check.verdict === "good" ? "good" : check.verdict === "bad" ? "warning" : "info"),
    el("span", { class: "unseen", text: `doctor-${check.verdict}` }),
    el("span", { lang: "en" }, el("strong", {}, check.name), ` ${foreign(check.found)}`, check.advice ? el("span", { class: "advice" }, foreign(check.advice)) : ""));

  const load = async () => {
    if (about.childElementCount > 0) return;
    try {
      const info = await local("page.information");
      about.replaceChildren(el("section", { class: "box" }, el("h2", { text: "about" }),
        el("dl", { class: "facts" },
          el("dt", { text: "about-version" }), el("dd", {}, info.version),
          el("dt", { text: "about-protocol" }), el("dd", {}, String(info.protocol)),
          el("dt", { text: "about-licence" }), el("dd", {}, info.licence)),
        el("h3", { text: "about-cards" }),
        el("ul", { lang: "en" }, ...info.supported_cards.map((/** @type {string} */ card) => el("li", {}, card))),
        el("h3", { text: "about-notice" }),
        el("p", { text: "legal-notice" })));
    } catch (error) {
      sayFailure(error);
    }
  };

  const stand = () => {
    const status = known.status;
    /** @type {[string, Node | string][]} */
    const rows = [["state-agent", status ? t("state-agent-up", { version: status.version, pid: String(status.pid) }) : t("state-agent-down")]];
    if (status) {
      rows.push(["state-service", status.virtual ? t("state-virtual") : status.service.state === "up" ? t("state-service-up") : el("span", { lang: "en" }, foreign(status.service.reason))]);
      for (const one of readers()) rows.push(["state-reader", `${foreign(one.name)}: ${holds(one)}`]);
      rows.push(["state-desktop", t(status.desktop ? "state-desktop-up" : "state-desktop-down")]);
    }
    state.replaceChildren(...rows.flatMap(([name, value]) => [el("dt", { text: name }), el("dd", {}, value)]));
  };
  listen(stand);

  return {
    element,
    withoutCard: true,
    show() {
      void load();
      stand();
    },
    leave() {},
  };
}
