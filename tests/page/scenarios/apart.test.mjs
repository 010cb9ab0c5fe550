// What belongs to one card, or to one challenge, is never taken for another one's.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { certificate, key } from "../certs.mjs";
import { scenario } from "../drivers.mjs";
import { until } from "../rig.mjs";
import { ADMIN_KEY, ONE, PIN, TWO, alone, anna, both, gids, reader } from "../cards.mjs";

const BLOCKED = alone({ spent: 3 });
/** A reader whose card was blocked, and takes its time, beside one whose card is in order. */
const TWO_OF_THEM = reader(ONE, "slow") + gids("slow", { spent: 3, cardid: "51" + "00".repeat(15) }).replace("[[card]]", "[[card]]\ndelay = 80")
  + reader(TWO, "quick") + gids("quick", { cardid: "9C" + "00".repeat(15) });

const adminTries = async (home) => (await home.json("pin", "list", "--reader", ONE)).pins.find((one) => one.kind === "challenge_response")?.tries_left;
const chooseReader = (page, name) => page.choose("Reader", name);

/** What kind of command the card has got, as the agent's trace tells. */
const sentResponses = (home) => home.log().split("\n").filter((line) => /GENERAL AUTHENTICATE 87 0000 \(data not shown\)/.test(line)).length;

scenario("a response that was typed is gone with its challenge when another program takes a new one", { unix: true, both: true, cards: BLOCKED }, async (page, home) => {
  const tries = await adminTries(home);
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await page.says("The challenge is taken.");
  const before = await home.json("unblock", "status", "--reader", ONE);
  await page.type("Response", "0123 4567 89AB CDEF");
  await page.type("New PIN", "654321");
  const sent = sentResponses(home);
  await home.call("unblock.start", { select: { reader: ONE }, role: 1 });
  await page.says("Another program took a new challenge");
  assert.deepEqual(await page.secrets(), []);
  const now = await home.json("unblock", "status", "--reader", ONE);
  assert.notEqual(now.challenge, before.challenge);
  await page.sees(now.checksum, ".challenge");
  assert.equal(await page.has("button", "Write to card"), false);
  assert.equal(sentResponses(home), sent);
  await home.done(["unblock", "cancel", "--reader", ONE]);
  assert.equal(await adminTries(home), tries);
});

scenario("a response that is being calculated is for the challenge that it was asked for", { unix: true, cards: BLOCKED }, async (page, home) => {
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await page.says("The challenge is taken.");
  await page.click("button", "Proceed: calculate the response");
  await page.type("Admin key", ADMIN_KEY);
  await page.click("button", "Calculate");
  await page.find("button", "Use this response");
  await home.call("unblock.start", { select: { reader: ONE }, role: 1 });
  await page.says("Another program took a new challenge");
  assert.equal(await page.has("dialog", null), false);
  assert.deepEqual(await page.secrets(), []);
});

scenario("a challenge that another program takes while the page shows Start is shown", { unix: true, cards: BLOCKED }, async (page, home) => {
  await page.go("Unblock PIN");
  await page.find("button", "Start");
  await home.call("unblock.start", { select: { reader: ONE }, role: 1 });
  const { checksum } = await home.json("unblock", "status", "--reader", ONE);
  await page.sees(checksum, ".challenge");
});

scenario("a challenge that becomes void while another panel is shown is told on the way back", { cards: BLOCKED }, async (page, home) => {
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await page.says("The challenge is taken.");
  await page.go("Information");
  await home.remove(ONE);
  await page.says("The card was taken out.");
  await home.insert(ONE);
  await page.sees("7D1F93C2", "#reader");
  await page.go("Unblock PIN");
  await page.says("The challenge that was shown here is not out any more. The card was removed after the challenge was taken.");
});

scenario("a challenge of a slow card is not shown in the panel of another one", { cards: TWO_OF_THEM }, async (page, home) => {
  await chooseReader(page, ONE);
  await page.sees("5100", "#reader");
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await until("it is being taken", () => /GET CHALLENGE|GENERAL AUTHENTICATE/.test(home.log()));
  await chooseReader(page, TWO);
  await page.sees("9C00", "#reader");
  const said = await page.says("The challenge is taken.");
  assert.ok(said.includes(`${ONE}: The challenge`), said);
  await page.sees("This PIN is not blocked.");
  assert.equal(await page.has("button", "Give up"), false);
  await chooseReader(page, ONE);
  await page.find("button", "Give up");
  await page.click("button", "Give up");
  await page.says("The challenge is given up");
});

scenario("what was said of a card is said to be of its reader once another one is chosen", { cards: both() }, async (page) => {
  await chooseReader(page, ONE);
  await page.go("Change PIN");
  await page.type("Current PIN", "111111");
  await page.newPin("654321");
  await page.click("button", "Write to card");
  assert.doesNotMatch(await page.says("Wrong PIN. 2 tries are left."), /Reader/);
  await chooseReader(page, TWO);
  const said = await page.says("Wrong PIN. 2 tries are left.");
  assert.ok(said.includes(`${ONE}: Wrong PIN`), said);
});

scenario("a failure is not taken for one of the card that comes next", {
  cards: reader(ONE, "anna") + anna() + gids("other", { cardid: "AABBCCDD00112233445566778899AABB" }),
}, async (page, home) => {
  await page.go("Change PIN");
  await page.type("Current PIN", "111111");
  await page.newPin("654321");
  await page.click("button", "Write to card");
  await page.says("Wrong PIN. 2 tries are left.");
  await home.remove(ONE);
  await page.says("The card was taken out.");
  await home.insert(ONE, "other");
  await page.sees("AABBCCDD", "#reader");
  await page.says("The card before: Wrong PIN. 2 tries are left.");
  await page.misses("taken out", "#footer");
});

scenario("who types is not thrown out by a card in another reader", { cards: both() }, async (page, home) => {
  await home.remove(TWO);
  await page.sees("7D1F93C2", "#reader");
  await page.go("Change PIN");
  await page.type("Current PIN", PIN);
  await page.type("New PIN", "654321");
  await home.insert(TWO);
  await page.says(`A card came into ${TWO}.`);
  await page.sees("7D1F93C2", "#reader");
  assert.equal(await page.value("New PIN"), "654321");
  await page.type("Confirm new PIN", "654321");
  await page.click("button", "Write to card");
  await page.says("The new PIN is on the card.");
  // And then it follows again.
  await page.find("button", "Write to card");
  await home.remove(TWO);
  await home.insert(TWO);
  await page.sees("0134FFF3", "#reader");
  await page.says(`${ONE}: The new PIN is on the card.`);
});

scenario("a dialog and a challenge that is out keep the page with their card", { cards: both() }, async (page, home) => {
  await home.remove(TWO);
  await page.sees("7D1F93C2", "#reader");
  await page.go("Certificates");
  await page.click("radio", /Container 1/);
  await page.click("button", "Delete");
  await page.type("PIN", PIN);
  await home.insert(TWO);
  await page.says(`A card came into ${TWO}.`);
  assert.equal(await page.value("PIN"), PIN);
  await page.click("button", "Cancel");
  await home.remove(TWO);
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await page.click("button", "Start");
  await page.says("The challenge is taken.");
  await home.insert(TWO);
  await page.says(`A card came into ${TWO}.`);
  await page.find("button", "Give up");
  await page.sees("7D1F93C2", "#reader");
});

scenario("two presses ask once", { cards: alone().replace("[[card]]", "[[card]]\ndelay = 40") }, async (page) => {
  await page.go("Certificates");
  await page.click("radio", /Container 1/);
  await page.script("const button = [...document.querySelectorAll('.toolbar button')].find((one) => one.textContent === 'Delete'); button.click(); button.click(); return true;");
  await page.find("button", "Cancel");
  await page.click("button", "Cancel");
  assert.equal(await page.has("dialog", null), false);
  await page.click("button", "View");
  await page.find("button", "Close");
});

scenario("the last try is not offered where the settings keep it", { config: '[pin]\nlast_try = "never"\n', cards: alone({ spent: 2 }) }, async (page, home) => {
  await page.go("Change PIN");
  await page.sees("The settings of this machine do not let the last try of a PIN be used.");
  assert.equal(await page.has("checkbox", "I am sure of my PIN: use the last try."), false);
  await page.type("Current PIN", PIN);
  await page.newPin("654321");
  await page.click("button", "Write to card");
  await page.sees("The settings of this machine do not allow that. Nothing was sent.");
  assert.equal(await home.tries(ONE), 1);
});

scenario("the last try is no longer offered once the settings keep it", { cards: alone({ spent: 2 }) }, async (page, home) => {
  await page.go("Change PIN");
  await page.find("checkbox", "I am sure of my PIN: use the last try.");
  home.configure('[pin]\nlast_try = "never"\n');
  await page.sees("The settings of this machine do not let the last try of a PIN be used.");
  assert.equal(await page.has("checkbox", "I am sure of my PIN: use the last try."), false);
});

// How often it has looked can be counted in a browser only.
scenario("the button that starts the agent keeps the focus while the page looks for one", { only: "web" }, async (page, home) => {
  await page.sees("7D1F93C2", "#panel-overview");
  await home.kill();
  assert.doesNotMatch(await page.says("The agent has gone."), /Reader/);
  await page.find("button", "Start the agent");
  await page.script("[...document.querySelectorAll('button')].find((one) => one.textContent === 'Start the agent').focus(); return true;");
  const looked = () => page.script("return performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/events')).length;");
  const before = await looked();
  await until("it has looked twice", async () => (await looked()) >= before + 2);
  await page.focuses("Start the agent");
  await page.press("Enter");
  await page.says("The agent is there again.");
});

scenario("a challenge that was answered is not called void afterwards", { cards: BLOCKED }, async (page, home) => {
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await page.says("The challenge is taken.");
  await page.go("Information");
  await page.go("Unblock PIN");
  await page.click("button", "Proceed: calculate the response");
  await page.type("Admin key", ADMIN_KEY);
  await page.click("button", "Calculate");
  await page.click("button", "Use this response");
  await page.newPin("654321");
  await page.click("button", "Write to card");
  await page.says("The PIN is unblocked");
  await page.go("Overview");
  await page.sees("3 tries left", "#panel-overview");
  await page.go("Unblock PIN");
  await page.sees("This PIN is not blocked.");
  assert.equal(await page.text("#footer"), "");
});

scenario("a challenge that another program answers is not called good any more", { unix: true, cards: BLOCKED }, async (page, home) => {
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await page.says("The challenge is taken.");
  const { challenge } = await home.json("unblock", "status", "--reader", ONE);
  const file = path.join(home.path, "key");
  fs.writeFileSync(file, ADMIN_KEY, { mode: 0o600 });
  const { response } = await home.json("unblock", "respond", "--challenge", challenge, "--key-file", file);
  await page.type("Response", response);
  await home.call("unblock.finish", { select: { reader: ONE }, challenge, response, new: "654321" });
  await page.says("The challenge that was shown here is not out any more.");
  assert.deepEqual(await page.secrets(), []);
  await page.sees("This PIN is not blocked.");
  await page.find("button", "Start");
});

scenario("a file that was chosen for one card is not imported into another", { only: "web", cards: both() }, async (page, home) => {
  const file = await certificate(home.path, "New Key", { key: await key(home.path) });
  await chooseReader(page, ONE);
  await page.go("Certificates");
  await page.sees("2 certificates");
  const asked = page.page.waitForEvent("filechooser");
  await page.click("button", "Import …");
  const chooser = await asked;
  await chooseReader(page, TWO);
  await page.sees("0134FFF3", "#reader");
  await chooser.setFiles(file);
  await page.says("Another card is shown now. Nothing was sent");
  assert.equal(await page.has("dialog", null), false);
});

scenario("a card that was asked for and comes later does not throw out who types", {
  args: ["--card", "AABBCCDD"],
  cards: reader(ONE, "anna") + anna() + reader(TWO) + gids("other", { cardid: "AABBCCDD00112233445566778899AABB" }),
}, async (page, home) => {
  await page.says("The card or reader that was asked for is not there.");
  await page.go("Change PIN");
  await page.type("Current PIN", PIN);
  await home.insert(TWO, "other");
  await page.says(`A card came into ${TWO}.`);
  assert.equal(await page.value("Current PIN"), PIN);
  await chooseReader(page, TWO);
  await page.sees("AABBCCDD", "#reader");
  await page.misses("A card came into", "#footer");
});
