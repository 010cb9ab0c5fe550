// The page: its frame, and which panel is shown.

import { local, open, painted, places } from "./bridge.js";
import { byId, el, icon } from "./dom.js";
import { whatIsMissing } from "./empty.js";
import { help } from "./help.js";
import { certificates } from "./panels/certificates.js";
import { information } from "./panels/information.js";
import { overview } from "./panels/overview.js";
import { pin } from "./panels/pin.js";
import { unblock } from "./panels/unblock.js";
import { makeReaders, showReaders } from "./readers.js";
import { begin, settings, takeIn } from "./settings.js";
import { makeLines, movedFrom, otherCard, over, quiet, remark, warn, warnOfCard } from "./status.js";
import { connect, current, goTo, isMissed, known, listen, reader, stayWhile } from "./store.js";
import { speak, t } from "./text.js";
import { zoomByKeys } from "./zoom.js";

/**
 * @import { Event } from "../../../../shared/types"
 * @import { Current } from "./store.js"
 *
 * @typedef {object} Panel
 * @property {HTMLElement} element
 * @property {boolean} [withoutCard] that it has something to say without a card
 * @property {(card: Current | null) => void} show the panel came up, or another card did
 * @property {() => void} [settled] the settings of the machine are others now
 * @property {() => void} leave it is no longer seen: what was typed is gone
 * @property {() => boolean} [engaged] somebody is in the middle of something in it
 * @property {(event: Event) => void} [happened] something happened to the card that is shown
 */

/** @type {[string, () => Panel, any][]} */
const PANELS = [
  ["overview", () => overview(go), "overview"],
  ["pin", () => pin(go), "key"],
  ["unblock", unblock, "lock"],
  ["certificates", () => certificates(go), "certificate"],
  ["information", information, "info"],
];

/** @typedef {{name: string, panel: Panel, tab: HTMLElement, section: HTMLElement, missing: HTMLElement, content: HTMLElement, said: Node | null}} Place */
/** @type {Place[]} */
let all = [];
let shown = "overview";
/** @type {string | null} */
let key = null;

function build() {
  document.title = t("title");
  byId("skip").textContent = t("skip");
  byId("skip").addEventListener("click", (event) => {
    // Its fragment would be taken for the link's token.
    event.preventDefault();
    byId("main").focus();
  });
  byId("tabs").setAttribute("aria-label", t("tabs"));
  makeLines();
  makeReaders();
  all = PANELS.map(([name, make, picture]) => {
    const panel = make();
    const tab = el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, on: { click: () => go(name) } },
      icon(picture), el("span", { text: `tab-${name}` }));
    const missing = el("div");
    const content = el("div", { class: "content" }, panel.element);
    const section = el("section", { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": tab.id, class: `panel ${name}`, hidden: true },
      el("h1", { text: `tab-${name}`, tabindex: "-1" }), missing, content, help(name));
    byId("tabs").append(tab);
    byId("main").append(section);
    return { name, panel, tab, section, missing, content, said: null };
  });
  byId("tabs").addEventListener("keydown", (event) => move(/** @type {KeyboardEvent} */ (event)));
  for (const part of ["skip", "header", "nav", "footer"]) byId(part).hidden = false;
  listen(happened);
  stayWhile(isEngaged);
  places((place) => {
    if (place.panel) go(place.panel);
    told = false;
    if (place.reader || place.card) goTo(place.reader, place.card);
  });
}

/**
 * The arrows of the tab list (WAI-ARIA Authoring Practices, "Tabs").
 *
 * @param {KeyboardEvent} event
 */
function move(event) {
  const at = all.findIndex((one) => one.name === shown);
  const onwards = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = document.documentElement.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
  const to = { [onwards]: at + 1, [back]: at - 1, Home: 0, End: all.length - 1 }[event.key];
  const place = to === undefined ? undefined : all.at(to % all.length);
  if (!place) return;
  event.preventDefault();
  go(place.name);
  place.tab.focus();
}

/**
 * Shows a panel.
 *
 * @param {string} name
 */
function go(name) {
  const next = all.find((one) => one.name === name);
  if (!next) return;
  if (!next.section.hidden) {
    // What was typed there stays.
    update();
    return;
  }
  const held = all.some((one) => !one.section.hidden && one.section.contains(document.activeElement));
  for (const one of all) {
    const is = one.name === name;
    one.tab.setAttribute("aria-selected", String(is));
    one.tab.tabIndex = is ? 0 : -1;
    if (!is && !one.section.hidden) one.panel.leave();
    one.section.hidden = !is;
  }
  if (shown !== name) {
    quiet();
    window.scrollTo(0, 0);
  }
  shown = name;
  key = null;
  update();
  if (held) next.section.querySelector("h1")?.focus();
}

/** Whether it was said that what was asked for is not there. */
let told = false;

/** Whether a person is in the middle of something with the card that is shown. */
function isEngaged() {
  const panel = all.find((one) => one.name === shown)?.panel;
  return document.querySelector("dialog[open]") !== null || (panel?.engaged?.() ?? false);
}

/** Whom the line of status is about. @type {{reader: string | null, csn: string | null}} */
let about = { reader: null, csn: null };

/** Keeps what was said of one card from being taken for another one's. */
function keepApart() {
  const now = { reader: reader()?.name ?? null, csn: current()?.csn ?? null };
  if (now.reader === null) return;
  if (about.reader !== null && now.reader !== about.reader) {
    over("status-card-elsewhere");
    movedFrom(about.reader);
    about = now;
    return;
  }
  if (about.csn !== null && now.csn !== null && now.csn !== about.csn) otherCard();
  // The card that was taken out is remembered until the next one comes.
  about = { reader: now.reader, csn: now.csn ?? about.csn };
}

/** Brings the shown panel up to what is known. */
function update() {
  showReaders();
  keepApart();
  if (isMissed()) {
    if (!told) warn("place-missing");
    told = true;
  } else over("place-missing");
  const place = all.find((one) => one.name === shown);
  if (!place) return;
  const missing = whatIsMissing();
  const said = missing && shown !== "information" ? missing : null;
  // What stands there already stays: it may have a button with the focus, or be busy.
  if (!(said?.isEqualNode(place.said) ?? place.said === null)) {
    const held = place.missing.contains(document.activeElement);
    place.said = said ? said.cloneNode(true) : null;
    place.missing.replaceChildren(...(said ? [said] : []));
    if (held) (said?.querySelector("button") ?? place.section.querySelector("h1"))?.focus();
  }
  place.content.hidden = missing !== null && !place.panel.withoutCard;
  const card = current();
  const now = `${known.state}|${card?.key ?? ""}`;
  if (now === key) return;
  key = now;
  place.panel.show(card);
}

/** @param {Event | null} event */
function happened(event) {
  if (event?.event === "policy_changed" || event?.event === "snapshot") void settle();
  if (known.state !== state) {
    if (known.state === "gone") warn("status-agent-gone");
    if (known.state === "closed") warn("status-closed");
    if (known.state === "up" && state === "gone") remark("status-agent-up");
    state = known.state;
  }
  if (event?.event === "service_up") over("status-card-service");
  if (event?.event === "card_removed") {
    if (event.reader === last) warnOfCard(REMOVED[event.cause]);
    else over("status-card-elsewhere");
  }
  if (event?.event === "card_inserted") {
    if (event.reader === reader()?.name) over(...Object.values(REMOVED), "status-busy", "status-touch");
    else if (isEngaged()) remark("status-card-elsewhere", { reader: event.reader });
  }
  // A look at the readers may be answered before the event comes that says what became of the card.
  last = current()?.reader.name ?? (event === null && last === reader()?.name ? last : null);
  update();
  const card = current();
  if (event && "reader" in event && card && event.reader === card.reader.name) {
    if (event.event === "touch_needed") warnOfCard("status-touch");
    if (event.event === "touch_over") over("status-touch");
    if (event.event === "card_busy") warnOfCard("status-busy", { holders: event.holders.join(", ") });
    else if (event.event === "card_identified") over("status-busy");
    all.find((one) => one.name === shown)?.panel.happened?.(event);
  }
}

/** What is said of a card that is gone, by what took it away. In a reader whose service has stopped it may still be. */
const REMOVED = {
  hardware: "status-card-removed",
  service: "status-card-service",
  other_program: "status-card-other",
  user: "status-card-released",
};

/** How the agent stood when something happened last. @type {typeof known.state} */
let state = known.state;

/** Takes in the settings, and has what is shown keep to them. */
async function settle() {
  const before = [settings.pinentry, settings.respond].join();
  await takeIn();
  await local("page.start").then(begin, () => {});
  for (const one of all) one.panel.settled?.();
  if ([settings.pinentry, settings.respond].join() !== before) {
    key = null;
    update();
  }
}

/** The reader whose card was shown when something happened last. */
let last = /** @type {string | null} */ (null);

async function main() {
  if (!(await open().catch(() => false))) {
    byId("closed").hidden = false;
    return;
  }
  const start = await local("page.start").catch(() => null);
  if (!start) {
    byId("closed").hidden = false;
    return;
  }
  speak(start);
  begin(start);
  build();
  if (settings.host === "window") zoomByKeys(history.state?.size);
  go(history.state?.panel ?? start.panel ?? "overview");
  // What was chosen before the page was loaded anew still has the focus.
  if (history.state?.focus) document.getElementById(history.state.focus)?.focus();
  history.replaceState(null, "");
  requestAnimationFrame(() => requestAnimationFrame(painted));
  if (start.reader || start.card) goTo(start.reader, start.card);
  await connect(true);
}

void main();
