// What a test does with the page, the same for every driver: it finds things by role and name, as people and screen readers do, and
// waits for what it expects. A driver gives: evaluate, element, clickOn, typeInto, press, hold, upload, screenshot.

import fs from "node:fs";
import { createRequire } from "node:module";
import { PATIENCE, until } from "./rig.mjs";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Whether a text holds words. Where lines break is not the same in every browser. */
const holds = (text, words) => (words instanceof RegExp ? words.test(text) : text.replace(/\s+/g, "").includes(words.replace(/\s+/g, "")));

/** Runs in the page: the elements with a role and a name that can be seen, those of the open dialog where there is one. */
function seek(role, name) {
  const ROLES = {
    button: "button:not([role])", tab: "[role=tab]", checkbox: "input[type=checkbox]", radio: "input[type=radio]",
    field: "input:not([type=radio]):not([type=checkbox]):not([type=file]), textarea, select", summary: "summary",
    heading: "h1, h2, h3", dialog: "dialog",
  };
  const dialogs = document.querySelectorAll("dialog[open]");
  const within = dialogs[dialogs.length - 1] ?? document;
  const words = (element) => {
    const copy = element.cloneNode(true);
    for (const hidden of copy.querySelectorAll("[aria-hidden=true]")) hidden.remove();
    return copy.textContent.replace(/\s+/g, " ").trim();
  };
  const named = (element) => {
    const by = element.getAttribute("aria-labelledby");
    if (by) return by.split(" ").map((id) => words(document.getElementById(id))).join(" ");
    return element.getAttribute("aria-label") ?? (element.labels?.length ? [...element.labels].map(words).join(" ") : words(element));
  };
  const fits = (text) => (name === null ? true : name.source === undefined ? text === name : new RegExp(name.source, name.flags).test(text));
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const all = within.matches?.(ROLES[role]) ? [within] : [];
  return [...all, ...within.querySelectorAll(ROLES[role])].filter((element) => seen(element) && fits(named(element)));
}

const sent = (name) => (name instanceof RegExp ? { source: name.source, flags: name.flags } : (name ?? null));
const SEEK = `const seek = ${seek};`;

export class Page {
  /** Waits for the one element with this role and name that can be used now. */
  async find(role, name, at = 0) {
    return until(`${role} ${name}`, () => this.element(`${SEEK}
      const found = seek(...arguments[0])[arguments[1]];
      return found && !found.disabled && !found.closest("[aria-busy=true]") ? found : null;`, [[role, sent(name)], at]));
  }

  /** Whether there is such an element now. */
  async has(role, name) {
    return this.script(`${SEEK} return seek(...arguments[0]).length > 0;`, [role, sent(name)]);
  }

  /** Something about such an element: the expression's `it` is the element. */
  async about(role, name, expression) {
    return this.script(`${SEEK} const it = seek(...arguments[0])[0]; return it ? (${expression}) : null;`, [role, sent(name)]);
  }

  /** Waits until something about such an element is so. */
  async holds(role, name, expression) {
    return until(`${role} ${name}: ${expression}`, () => this.about(role, name, expression));
  }

  async click(role, name, at) {
    await this.persist(async () => this.clickOn(await this.find(role, name, at)));
  }

  async type(label, text) {
    await this.persist(async () => this.typeInto(await this.find("field", label), text));
  }

  /** Does something again where what it is done with was drawn anew, or covered, between the look and the hand. */
  async persist(act) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (Date.now() > end || !/stale|not attached|not interactable|invalid element state|lies over/i.test(error.message)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Types a new PIN, and what is to confirm it. */
  async newPin(pin, again = pin) {
    await this.type("New PIN", pin);
    await this.type("Confirm new PIN", again);
  }

  /** Chooses from a drop-down by the beginning of what the option says. */
  async choose(label, option) {
    await this.find("field", label);
    const found = await this.script(`${SEEK}
      const select = seek(...arguments[0])[0];
      const option = [...select.options].find((one) => one.text.replace(/[\u2068\u2069]/g, "").startsWith(arguments[1]));
      if (!option) return [...select.options].map((one) => one.text).join("|");
      select.focus(); select.value = option.value; select.dispatchEvent(new Event("change", { bubbles: true })); return true;`,
    [["field", sent(label)], option], true);
    if (found !== true) throw new Error(`no option ${option} in ${found}`);
  }

  /** Goes to a panel by its tab. */
  async go(tab) {
    await this.click("tab", tab);
    await this.holds("tab", tab, 'it.getAttribute("aria-selected") === "true"');
  }

  /** The visible text of an element. */
  async text(selector = "body") {
    return this.script(`
      const all = [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility());
      return all.map((one) => one.innerText).join(" ").replace(/\\s+/g, " ").trim();`, selector);
  }

  /** Waits until these words can be seen. */
  async sees(words, selector = "body") {
    let text = "";
    const fits = async () => {
      text = await this.text(selector);
      return holds(text, words);
    };
    try {
      await until("seen", fits);
    } catch (error) {
      throw new Error(`${words} was never seen in ${selector}, which says: ${text.slice(0, 1500)}`, { cause: error });
    }
    return text;
  }

  /** Waits until these words cannot be seen any more. */
  async misses(words, selector = "body") {
    await until(`${words} gone from ${selector}`, async () => !holds(await this.text(selector), words));
  }

  /** Waits until nothing is being read where something can be done, in the open dialog if there is one, and nothing moves. */
  async rests() {
    await until("nothing is being read", () => this.script(`
      const place = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.documentElement;
      return !place.matches("[aria-busy=true]") && !place.querySelector(".loading, [aria-busy=true]");`));
    await this.script("return Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {})));");
  }

  /** Waits until the line of status says this. */
  async says(words) {
    return this.sees(words, "#footer");
  }

  /** What is in a field now. */
  async value(label) {
    return this.about("field", label, "it.value");
  }

  /** What any field for a secret holds, seen or not: has to be nothing but what a test has just typed. */
  async secrets() {
    return this.script(`return [...document.querySelectorAll(
      'input[type=password], .secret input, #response')].map((one) => one.value).filter(Boolean);`);
  }

  /** The name of what has the focus. */
  async focused() {
    return this.script(`const it = document.activeElement;
      const label = it.labels?.[0]?.textContent ?? it.getAttribute("aria-label") ?? it.textContent;
      return label.replace(/\\s+/g, " ").trim();`);
  }

  /** Waits until what has this name has the focus. */
  async focuses(name) {
    let now = "";
    await until(`the focus on ${name}`, async () => (now = await this.focused()) === name).catch((error) => {
      throw new Error(`the focus is on ${now}, not on ${name}`, { cause: error });
    });
  }

  /** Presses Tab until what has this name has the focus. */
  async tabTo(name, most = 60) {
    const was = [];
    for (let at = 0; at < most; at += 1) {
      const now = await this.focused();
      if (now === name) return;
      was.push(now);
      await this.press("Tab");
    }
    throw new Error(`Tab never came to ${name}, but to ${[...new Set(was)].join(" | ")}`);
  }

  /** Types with the keys alone, into what has the focus. */
  async keys(text) {
    for (const key of text) await this.press(key);
  }

  /** Drops a file on an element. */
  async drop(selector, name, content) {
    await this.script(`
      const bytes = Uint8Array.from(atob(arguments[0][2]), (c) => c.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], arguments[0][1]));
      const target = document.querySelector(arguments[0][0]);
      for (const event of ["dragenter", "dragover", "drop"]) target.dispatchEvent(new DragEvent(event, { bubbles: true, cancelable: true, dataTransfer: transfer }));
      return true;`, [selector, name, content.toString("base64")]);
  }

  /** Runs a script in the page; it sees `arguments`. */
  async script(text, argument, spread = false) {
    return this.evaluate(text, spread ? argument : [argument]);
  }

  /** What axe-core finds on the page as it is now, in one line for each finding. */
  async axe() {
    return this.evaluate(`${AXE};
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      for (const one of document.querySelectorAll("details")) one.open = true;
      return axe.run(document, { runOnly: tags }).then((result) => result.violations.flatMap((found) => found.nodes.map((node) =>
        found.id + " " + node.target.join(" ") + ": " + [...node.any, ...node.all, ...node.none].map((one) => one.message).join("; "))));`, []);
  }
}
