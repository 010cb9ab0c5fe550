// Everything by the keys alone: Tab, arrows, Enter and Space, and no mouse.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { scenario } from "../drivers.mjs";
import { ADMIN_KEY, ONE, PIN, PUK, TWO, alone, both, demo, erik, reader } from "../cards.mjs";
import { newKey, told } from "../certs.mjs";
import { until } from "../rig.mjs";

/** Goes to a panel by the arrows. */
const arrows = async (page, times, tab) => {
  await page.find("tab", tab);
  await page.tabTo("Overview");
  for (let at = 0; at < times; at += 1) await page.press("ArrowRight");
  assert.equal(await page.focused(), tab);
};

scenario("the tabs are one stop, and go round by the arrows", {}, async (page) => {
  await arrows(page, 4, "Information");
  await page.press("ArrowRight");
  await page.focuses("Overview");
  await page.press("ArrowLeft");
  await page.focuses("Information");
  await page.press("Home");
  await page.focuses("Overview");
  await page.press("End");
  await page.focuses("Information");
  await page.press("Tab");
  assert.notEqual(await page.about("tab", "Overview", "it === document.activeElement"), true);
});

scenario("the first stop of the keys leads past the head of the page", {}, async (page) => {
  await page.find("tab", "Overview");
  await page.press("Tab");
  await page.focuses("Skip to the content");
  await page.press("Enter");
  assert.equal(await page.script("return document.activeElement.id;"), "main");
});

scenario("a PIN is changed by the keys alone", { both: true }, async (page, home) => {
  await arrows(page, 1, "Change PIN");
  await page.find("field", "Current PIN");
  await page.tabTo("Current PIN");
  await page.keys(PIN);
  await page.tabTo("New PIN");
  await page.keys("654321");
  await page.tabTo("Confirm new PIN");
  await page.keys("654321");
  await page.tabTo("Write to card");
  await page.press("Space");
  await page.says("The new PIN is on the card.");
  // The focus did not get lost, so that one can go on.
  await page.focuses("Current PIN");
  await page.keys("654321");
  await page.tabTo("New PIN");
  await page.keys(PIN);
  await page.tabTo("Confirm new PIN");
  await page.keys(PIN);
  await page.press("Enter");
  await page.says("The new PIN is on the card.");
  assert.equal(await home.tries(ONE), 3);
});

scenario("a PIN is unblocked by the keys alone", { both: true, cards: alone({ spent: 3 }) }, async (page, home) => {
  await arrows(page, 2, "Unblock PIN");
  await page.find("button", "Start");
  await page.tabTo("Start");
  await page.press("Enter");
  await page.says("The challenge is taken.");
  await page.find("button", "Proceed: calculate the response");
  await page.tabTo("Proceed: calculate the response");
  await page.press("Enter");
  await page.find("field", "Admin key");
  await page.focuses("Admin key");
  await page.keys(ADMIN_KEY);
  await page.press("Enter");
  await page.find("button", "Use this response");
  await page.tabTo("Use this response");
  await page.press("Enter");
  await page.focuses("New PIN");
  await page.keys("654321");
  await page.tabTo("Confirm new PIN");
  await page.keys("654321");
  await page.press("Enter");
  await page.says("The PIN is unblocked, and the new one is set.");
  assert.equal(await home.tries(ONE), 3);
  await until("the focus somewhere", () => page.script("return document.activeElement !== document.body;"));
});

scenario("a certificate is chosen, viewed and deleted by the keys alone", {}, async (page) => {
  await arrows(page, 3, "Certificates");
  await page.sees("2 certificates");
  const first = await page.script("return document.querySelector('tbody input').getAttribute('aria-label');");
  await page.tabTo(first);
  await page.press("ArrowDown");
  assert.notEqual(await page.focused(), first);
  await page.press("Enter");
  await page.find("button", "Close");
  assert.equal(await page.has("dialog", null), true);
  await page.press("Escape");
  assert.equal(await page.has("dialog", null), false);
  assert.equal(await page.script("return document.activeElement.type;"), "radio");
  await page.tabTo("Delete");
  await page.press("Enter");
  await page.find("button", "Cancel");
  // What destroys something is never under the first Enter.
  await page.focuses("Cancel");
  await page.press("Escape");
  assert.equal(await page.has("dialog", null), false);
  await page.focuses("Delete");
  await page.press("Enter");
  await page.find("field", "PIN");
  await page.tabTo("PIN");
  await page.keys(PIN);
  await page.press("Enter");
  await page.says("is deleted.");
  await until("the focus on what is left", () => page.script("return document.activeElement.type === 'radio';"));
});

scenario("a PIN is unblocked with the PUK by the keys alone", { cards: reader(TWO, "erik") + erik() }, async (page, home) => {
  for (let at = 0; at < 3; at += 1) await home.kortti(["pin", "change", "--reader", TWO, "--pin-stdin", "--last-try"], ["000000", "654321"]);
  assert.equal(await home.tries(TWO), 0);
  await arrows(page, 2, "Unblock PIN");
  await page.find("field", "PUK");
  await page.tabTo("PUK");
  await page.keys(PUK);
  await page.tabTo("New PIN");
  await page.keys("654321");
  await page.tabTo("Confirm new PIN");
  await page.keys("654321");
  await page.tabTo("Write to card");
  await page.press("Enter");
  await page.says("The PIN is unblocked, and the new one is set.");
  assert.equal(await home.tries(TWO), 3);
  await page.focuses("PUK");
});

scenario("a certificate is exported and made the default one by the keys alone", {}, async (page, home) => {
  await arrows(page, 3, "Certificates");
  await page.sees("2 certificates");
  await page.tabTo(await page.script("return document.querySelector('tbody input').getAttribute('aria-label');"));
  await page.press("Space");
  if (!/Container 1/.test(await page.focused())) await page.press("ArrowDown");
  assert.match(await page.focused(), /Container 1/);
  await page.tabTo("Format of the export");
  await page.press("ArrowDown");
  await page.press("ArrowDown");
  await page.press("Shift+Tab");
  await page.focuses("Export");
  const { name, bytes } = await page.saved(() => page.press("Enter"));
  assert.match(name, /\.pem$/);
  const file = path.join(home.path, "out.pem");
  fs.writeFileSync(file, bytes);
  assert.equal(await told(file, "PEM"), await told(demo("mail.pem"), "PEM"));
  await page.tabTo("Make default");
  await page.press("Enter");
  await page.find("field", "PIN");
  await page.focuses("PIN");
  await page.keys(PIN);
  await page.press("Enter");
  await page.says("is the default now.");
  await page.focuses("View");
});

scenario("a key with its certificate is imported by the keys alone", { only: "web" }, async (page, home) => {
  const file = await newKey(home.path, "New Key");
  await arrows(page, 3, "Certificates");
  await page.sees("2 certificates");
  await page.tabTo("Import …");
  // The browser's own window for files is the only thing that a test cannot reach by keys.
  const chooser = page.page.waitForEvent("filechooser");
  await page.press("Enter");
  await (await chooser).setFiles(file);
  await page.find("field", "Password of the file");
  await page.focuses("Password of the file");
  await page.keys("secret");
  await page.press("Enter");
  await page.sees("New Key goes to Container 2, with its private key.");
  await page.tabTo("PIN");
  await page.keys(PIN);
  await page.press("Enter");
  await page.says("New Key is on the card.");
  await page.sees("3 certificates");
  await page.focuses("Import …");
});

scenario("the agent is started from the page by the keys alone", {}, async (page, home) => {
  await page.sees("tries left", "#panel-overview");
  await home.kill();
  await page.find("button", "Start the agent");
  await page.tabTo("Start the agent");
  await page.press("Enter");
  await page.misses("The agent does not run");
  await page.focuses("Overview");
});

scenario("the language is changed by the keys alone", {}, async (page) => {
  await arrows(page, 4, "Information");
  await page.tabTo("Language of this page");
  await page.press("ArrowDown");
  await page.sees("Zertifikate", "#tabs");
  await page.focuses("Sprache dieser Seite");
  await page.press("ArrowUp");
  await page.sees("Certificates", "#tabs");
});

scenario("another reader is chosen by the keys alone", { cards: both() }, async (page) => {
  await page.sees("GIDS", "#reader");
  await page.tabTo("Reader");
  await page.press("ArrowDown");
  await page.sees("20250611", "#reader");
});

scenario("a dialog keeps the focus inside", {}, async (page) => {
  await page.go("Certificates");
  await page.click("radio", /Container 1/);
  await page.click("button", "Delete");
  await page.find("button", "Cancel");
  const within = [];
  for (let at = 0; at < 12; at += 1) {
    await page.press("Tab");
    within.push(await page.script("return document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement);"));
  }
  assert.ok(within.every(Boolean));
});
