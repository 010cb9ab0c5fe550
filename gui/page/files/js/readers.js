// The drop-down of readers, and beside it what is in the one that was chosen.

import { byId, el, icon } from "./dom.js";
import { choose, known, reader, readers } from "./store.js";
import { foreign, t } from "./text.js";

/** @import { Reader } from "../../../../shared/types" */

const select = el("select", { id: "reader-select" });
const card = el("p", { id: "reader-card" });

/** Puts it into the page's head. */
export function makeReaders() {
  select.addEventListener("change", () => choose(select.value));
  byId("reader").append(
    el("div", { class: "field" }, el("label", { for: select.id, text: "reader-label" }), select),
    card);
}

/**
 * What a reader holds, in a few words.
 *
 * @param {Reader} one
 */
export function holds(one) {
  if (one.state === "ready" && one.card) return t("reader-ready", { card: one.card.name });
  return t(`reader-${one.state}`);
}

/** Shows how readers stand now. */
export function showReaders() {
  const all = readers();
  const present = reader();
  const options = all.map((one) => {
    const option = el("option", { value: one.name });
    option.append(`${foreign(one.name)} · ${holds(one)}`);
    option.selected = one.name === present?.name;
    return option;
  });
  if (all.length === 0) options.push(el("option", { value: "", text: known.state === "up" ? "reader-none" : "reader-unknown" }));
  // An open list that is filled anew closes under the person's hand.
  const same = options.length === select.options.length
    && options.every((option, at) => option.text === select.options[at]?.text && option.selected === select.options[at]?.selected);
  if (!same) select.replaceChildren(...options);
  select.disabled = all.length === 0;

  card.replaceChildren();
  card.className = `holds-${present?.state ?? "nothing"}`;
  if (!present) return;
  const found = present.card;
  if (present.state === "ready" && found) {
    card.append(icon("card"), el("span", { class: "kind" }, foreign(found.name)),
      el("span", { class: "number" }, el("abbr", { title: t("csn-long") }, t("csn")), " ", el("code", {}, foreign(found.csn ?? ""))));
    if (found.serial) card.append(el("span", { class: "number" }, t("card-serial", { serial: found.serial })));
    return;
  }
  card.append(icon(present.state === "empty" || present.state === "identifying" ? "card" : "warning"), t(`reader-${present.state}`));
}
