// Information, and the languages.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { scenario } from "../drivers.mjs";
import { until } from "../rig.mjs";
import { ONE, PIN, alone, both } from "../cards.mjs";

const germanTabs = async (page) => {
  await page.find("tab", "Übersicht");
  return page.script("return [...document.querySelectorAll('[role=tab]')].map((one) => one.textContent);");
};

scenario("the information says what Kortti is, and the doctor examines", { both: true, cards: both() }, async (page, home) => {
  await page.go("Information");
  const { version } = await home.json("info").catch(() => ({ version: "" }));
  await page.sees(version, "#panel-information");
  await page.sees("GIDS", "#panel-information");
  await page.sees("without any warranty", "#panel-information");
  await page.sees(`${ONE}: GIDS card`, "#panel-information");
  await page.click("button", "Examine");
  await page.says(/needs? you/);
  await page.sees(/Good:|Note:|Bad:/, ".checks");
  await home.remove(ONE);
  await page.sees(`${ONE}: No card`, "#panel-information");
});

scenario("the language is switched to German and back, and stays", {}, async (page, home) => {
  await page.go("Information");
  await page.choose("Language of this page", "Deutsch");
  await page.sees("Zertifikate", "#tabs");
  assert.equal(await page.script("return document.documentElement.lang;"), "de");
  const settings = fs.readFileSync(path.join(home.path, "config/kortti/config.toml"), "utf8");
  assert.match(settings, /language = "de"/);
  // The panel is the one in which the language was chosen.
  await page.holds("tab", "Information", 'it.getAttribute("aria-selected") === "true"');
  await page.choose(/Sprache/, "English");
  await page.sees("Certificates", "#tabs");
});

scenario("the whole page speaks German where the person does", { both: true, config: 'language = "de"' }, async (page, home) => {
  const english = /\b(the|card|tries|left|write|reader|challenge is)\b/i;
  const tabs = await germanTabs(page);
  assert.equal(tabs.length, 5);
  for (const tab of tabs) {
    await page.go(tab);
    await page.sees(/\w/, "main");
    const text = await page.script(`
      const all = document.body.cloneNode(true);
      for (const foreign of all.querySelectorAll("[lang=en], [hidden], code, option, noscript, #closed, .kind")) foreign.remove();
      return all.textContent.replace("Kortti Virtual Reader", "");`);
    assert.doesNotMatch(text, english, tab);
  }
  // A PIN, with a mistake first.
  await page.go(tabs[1]);
  const labels = () => page.script("return [...document.querySelectorAll('#panel-pin .secret input')].map((one) => one.labels[0].textContent);");
  const fields = await until("three fields", async () => {
    const found = await labels();
    return found.length === 3 && found;
  });
  const fill = async (...texts) => {
    for (const [at, text] of texts.entries()) await page.type(fields[at], text);
    await page.click("button", "Auf die Karte schreiben");
  };
  await fill("111111", "654321", "654321");
  await page.says(/falsch/i);
  assert.equal(await home.tries(ONE), 2);
  await fill(PIN, "654321", "654321");
  await page.says(/neue PIN/);
  assert.equal(await home.tries(ONE), 3);
});

scenario("a German challenge is void in German", { config: 'language = "de"', cards: alone({ spent: 3 }) }, async (page, home) => {
  const tabs = await germanTabs(page);
  await page.go(tabs[2]);
  await page.click("button", "Start");
  await page.find("field", "Response");
  await home.done(["unblock", "cancel", "--reader", ONE]);
  await page.says("Die Challenge gilt nicht mehr, und nichts wurde gesendet.");
  assert.doesNotMatch(await page.text("#footer"), /\b(the|was|given)\b/);
});
