// The table of certificates: one row can be chosen, columns sort, a field filters.

import { el, icon } from "../dom.js";
import { guardedBy } from "../pins.js";
import { foreign, spoken, t } from "../text.js";
import { algorithm, nameOf, placeOf, usages, validUntil } from "./names.js";

/**
 * @import { Certificate } from "../../../../../shared/types"
 * @typedef {{id: string, sort: (one: Certificate) => string | number, cell: (one: Certificate) => Node | string}} Column
 */

/** @type {Column[]} */
const COLUMNS = [
  { id: "cert-column-name", sort: (one) => nameOf(one), cell: (one) => foreign(nameOf(one)) },
  { id: "cert-column-issuer", sort: (one) => one.issuer_name, cell: (one) => foreign(one.issuer_name) },
  { id: "cert-column-until", sort: (one) => one.not_after ?? "", cell: validUntil },
  { id: "cert-column-usage", sort: (one) => usages(one.usage), cell: (one) => usages(one.usage) },
  { id: "cert-column-place", sort: (one) => one.container ?? 999, cell: (one) => placeOf(one) },
  { id: "cert-column-pin", sort: (one) => guardedBy(one), cell: (one) => guardedBy(one) },
  { id: "cert-column-key", sort: (one) => (one.has_key ? 0 : 1), cell: (one) => (one.has_key ? algorithm(one.key) : t("cert-no-key")) },
];

/**
 * @param {{chosen: (one: Certificate | null) => void, open: (one: Certificate) => void}} events
 */
export function certificateTable(events) {
  /** @type {Certificate[]} */
  let all = [];
  /** @type {string | null} */
  let chosen = null;
  /** Whether what is shown is what was drawn. */
  let drawn = false;
  let sorted = 0;
  let upwards = true;

  const filter = el("input", { type: "search", id: "cert-filter", autocomplete: "off", spellcheck: "false" });
  const count = el("p", { class: "hint", role: "status" });
  const heads = COLUMNS.map((column, at) => {
    const mark = el("span", { class: "sort", "aria-hidden": "true" });
    const press = el("button", { type: "button", text: column.id, on: { click: () => sortBy(at) } }, mark);
    return el("th", { scope: "col", role: "columnheader" }, press);
  });
  const body = el("tbody", { role: "rowgroup" });
  const table = el("table", { role: "table", label: "cert-table" },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
      el("th", { scope: "col", role: "columnheader" }, el("span", { class: "unseen", text: "cert-column-choose" })), ...heads)),
    body);
  const element = el("div", { class: "certificates-table" },
    el("div", { class: "field filter" }, el("label", { for: filter.id, text: "cert-filter" }), filter, count), table);

  filter.addEventListener("input", () => draw());

  const sortBy = (/** @type {number} */ at) => {
    upwards = at === sorted ? !upwards : true;
    sorted = at;
    draw();
  };

  const compare = (/** @type {Certificate} */ one, /** @type {Certificate} */ other) => {
    const key = COLUMNS[sorted]?.sort ?? (() => 0);
    const [a, b] = [key(one), key(other)];
    const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), spoken(), { numeric: true });
    return upwards ? order : -order;
  };

  const matches = (/** @type {Certificate} */ one) => {
    const words = filter.value.trim().toLocaleLowerCase(spoken());
    const text = [nameOf(one), one.issuer_name, usages(one.usage), placeOf(one), one.id, one.container_name ?? ""].join(" ");
    return text.toLocaleLowerCase(spoken()).includes(words);
  };

  const choose = (/** @type {Certificate} */ one) => {
    chosen = one.id;
    for (const row of body.rows) row.classList.toggle("chosen", row.dataset.id === chosen);
    events.chosen(one);
  };

  const row = (/** @type {Certificate} */ one) => {
    const radio = el("input", { type: "radio", name: "certificate", value: one.id, "aria-label": t("cert-choose", { name: nameOf(one), place: placeOf(one) }) });
    radio.checked = one.id === chosen;
    radio.addEventListener("change", () => choose(one));
    const cells = COLUMNS.map((column, at) => {
      const cell = el(at === 0 ? "th" : "td", { role: at === 0 ? "rowheader" : "cell", scope: at === 0 ? "row" : null, "data-name": t(column.id) });
      if (at === 0 && one.default) cell.append(el("span", { class: "star", title: t("cert-default") }, "*"), el("span", { class: "unseen", text: "cert-default" }), " ");
      if (at === 0 && one.damaged) cell.append(icon("warning"), " ");
      cell.append(column.cell(one));
      if (at === 0 && one.damaged) cell.append(el("span", { class: "hint", lang: "en" }, foreign(one.damaged)));
      return cell;
    });
    const line = el("tr", { role: "row", class: one.id === chosen ? "chosen" : "", "data-id": one.id },
      el("td", { role: "cell" }, radio), ...cells);
    line.addEventListener("click", () => {
      if (!radio.checked) {
        radio.checked = true;
        choose(one);
      }
    });
    line.addEventListener("dblclick", () => events.open(one));
    radio.addEventListener("keydown", (event) => {
      if (event.key === "Enter") events.open(one);
    });
    return line;
  };

  const draw = () => {
    const focused = document.activeElement instanceof HTMLInputElement && document.activeElement.type === "radio";
    const rows = all.filter(matches).sort(compare);
    if (!rows.some((one) => one.id === chosen)) {
      chosen = null;
      events.chosen(null);
    }
    body.replaceChildren(...rows.map(row));
    drawn = true;
    heads.forEach((head, at) => {
      head.setAttribute("aria-sort", at !== sorted ? "none" : upwards ? "ascending" : "descending");
    });
    count.textContent = all.length === rows.length ? t("cert-count", { count: all.length }) : t("cert-count-filtered", { count: rows.length, all: all.length });
    if (focused) /** @type {HTMLElement | null} */ (body.querySelector("input:checked") ?? body.querySelector("input"))?.focus();
  };

  return {
    element,
    /** @param {Certificate[]} certificates */
    show(certificates) {
      // A row that is drawn anew under the pointer takes no press.
      const isSame = drawn && JSON.stringify(certificates) === JSON.stringify(all);
      all = certificates;
      if (isSame) return;
      filter.closest(".filter")?.toggleAttribute("hidden", all.length < 2);
      table.hidden = all.length === 0;
      draw();
      events.chosen(all.find((one) => one.id === chosen) ?? null);
    },
    /** @param {string} id */
    choose(id) {
      const one = all.find((found) => found.id === id);
      chosen = one ? id : null;
      draw();
      events.chosen(one ?? null);
    },
    clear() {
      chosen = null;
      drawn = false;
      filter.value = "";
    },
  };
}
