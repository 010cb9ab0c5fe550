// Unblock PIN: by the challenge of the card and the administrator's response.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { scenario } from "../drivers.mjs";
import { ADMIN_KEY, ONE, alone } from "../cards.mjs";
import { until } from "../rig.mjs";

const BLOCKED = alone({ spent: 3 });
const TAKEN = "The challenge is taken.";
/** How the log names the command with a response. */
const SENT = /GENERAL AUTHENTICATE 87 0000 \(data not shown\)/;
const RESPOND = "Proceed: calculate the response";

/** Starts, and gives the challenge as the agent has it. */
const start = async (page, home) => {
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await page.says(TAKEN);
  return home.json("unblock", "status", "--reader", ONE);
};

/** What the administrator answers, by `kortti`. */
const answer = async (home, challenge) => {
  const file = path.join(home.path, "key");
  fs.writeFileSync(file, ADMIN_KEY, { mode: 0o600 });
  return home.json("unblock", "respond", "--challenge", challenge, "--key-file", file);
};

const setPin = async (page, pin) => {
  await page.newPin(pin);
  await page.click("button", "Write to card");
};

const grouped = (digits) => digits.replace(/(.{4})(?=.)/g, "$1 ");
const state = async (home) => (await home.json("unblock", "status", "--reader", ONE)).state;

scenario("a blocked PIN is unblocked with a response that the page calculates", { both: true, cards: BLOCKED }, async (page, home) => {
  const out = await start(page, home);
  const shown = await page.text(".challenge");
  for (const part of [out.csn, grouped(out.challenge), out.checksum]) assert.ok(shown.includes(part), `${part} in ${shown}`);
  await page.sees("The challenge is good. Other programs are kept off the card.");
  await page.sees(/for another (10:00|9:\d\d) min/);
  await page.click("button", RESPOND);
  await page.type("Admin key", ADMIN_KEY);
  await page.click("button", "Calculate");
  await page.click("button", "Use this response");
  const { response, response_checksum: sum } = await answer(home, out.challenge);
  assert.equal(await page.value("Response"), `${grouped(response)} ${sum}`);
  await page.sees(`Complete, and the checksum ${sum} fits.`);
  await page.focuses("New PIN");
  await setPin(page, "654321");
  await page.says("The PIN is unblocked, and the new one is set. It has 3 tries.");
  assert.deepEqual(await page.secrets(), []);
  assert.equal(await home.tries(ONE), 3);
  assert.notEqual(await state(home), "good");
  await home.done(["pin", "change", "--reader", ONE, "--pin-stdin"], ["654321", "123456"]);
});

scenario("a response with a wrong checksum never comes near the card", { both: true, cards: BLOCKED }, async (page, home) => {
  const out = await start(page, home);
  const { response, response_checksum: sum } = await answer(home, out.challenge);
  await page.type("Response", response.slice(0, 9));
  await page.sees("7 digits are missing.");
  await page.type("Response", "XYZ");
  await page.sees("Only the digits 0 to 9 and A to F belong there.");
  await page.type("Response", `${response}${sum}0`);
  await page.sees("These are too many digits.");
  await page.type("Response", `${response} ${sum === "0000" ? "0001" : "0000"}`);
  await page.sees("The checksum does not fit, so a digit is wrong. Nothing is sent like this.");
  assert.equal(await page.about("field", "Response", "it.getAttribute('aria-invalid')"), "true");
  assert.equal(await page.has("field", "New PIN"), false);
  assert.equal(await page.has("button", "Write to card"), false);
  await page.press("Enter");
  assert.equal(await state(home), "good");
  assert.doesNotMatch(home.log(), SENT);
  // The same challenge still takes the right one, in lower case and without its checksum.
  await page.type("Response", response.toLowerCase());
  await page.sees(`Complete. Its checksum is ${sum}`);
  await setPin(page, "654321");
  await page.says("The PIN is unblocked");
  assert.match(home.log(), SENT);
});

scenario("a response of another key uses the challenge up, and that is said", {
  cards: BLOCKED,
}, async (page, home) => {
  await start(page, home);
  await page.type("Response", "0123456789ABCDEF");
  await setPin(page, "654321");
  await page.says("The response was not accepted, and the challenge is used up.");
  await page.find("button", "Start");
  assert.deepEqual(await page.secrets(), []);
  assert.equal(await home.tries(ONE), 0);
});

scenario("a new PIN that breaks the policy leaves the challenge good", { cards: BLOCKED }, async (page, home) => {
  const out = await start(page, home);
  const { response } = await answer(home, out.challenge);
  await page.type("Response", response);
  await setPin(page, "12");
  await page.sees("It has to be 4 to 16 characters long.");
  assert.equal(await state(home), "good");
  await setPin(page, "654321");
  await page.says("The PIN is unblocked");
});

scenario("the challenge is copied, shown as a QR code and saved", { cards: BLOCKED }, async (page, home) => {
  const out = await start(page, home);
  const words = `CSN: ${out.csn}\nChallenge: ${grouped(out.challenge)}\nChecksum: ${out.checksum}`;
  await page.click("button", "Copy");
  await page.says("CSN, challenge and checksum are on the clipboard.");
  await page.click("field", "Response");
  await page.press("Control+v");
  await until("pasted", async () => (await page.value("Response")) === words);
  await page.type("Response", "");
  await page.click("button", "QR code");
  await page.sees("Scan it with a telephone.");
  const picture = path.join(home.path, "qr.png");
  await page.screenshot(picture);
  const { stdout } = await promisify(execFile)("zbarimg", ["--quiet", "--raw", picture]);
  assert.equal(stdout.trim(), words);
  await page.click("button", "Close");
  const file = await page.saved(() => page.click("button", "Save as file"));
  assert.equal(file.name, `kortti-challenge-${out.csn.slice(0, 8)}.txt`);
  assert.equal(file.bytes.toString(), `${words}\n`);
  assert.equal(await state(home), "good");
});

scenario("a challenge lives through a look at the other panels", { cards: BLOCKED }, async (page, home) => {
  const out = await start(page, home);
  for (const panel of ["Overview", "Change PIN", "Certificates", "Information"]) await page.go(panel);
  assert.equal(await state(home), "good");
  await page.go("Unblock PIN");
  await page.sees(grouped(out.challenge), ".challenge");
  const { response } = await answer(home, out.challenge);
  await page.type("Response", response);
  await setPin(page, "654321");
  await page.says("The PIN is unblocked");
});

scenario("a challenge is void once the card was out, and that is said at once", { both: true, cards: BLOCKED }, async (page, home) => {
  await start(page, home);
  await page.type("Response", "0123456789ABCDEF");
  await page.type("New PIN", "654321");
  await home.remove(ONE);
  await page.says(/was taken out|void/);
  assert.deepEqual(await page.secrets(), []);
  await home.insert(ONE);
  await page.find("button", "Start");
  assert.equal(await page.has("field", "Response"), false);
});

scenario("a challenge that another program gives up is void, and that is said", { cards: BLOCKED }, async (page, home) => {
  await start(page, home);
  await page.type("Response", "0123456789ABCDEF");
  await page.type("New PIN", "654321");
  await home.done(["unblock", "cancel", "--reader", ONE]);
  await page.says("The challenge is void, and nothing was sent.");
  assert.deepEqual(await page.secrets(), []);
  await page.find("button", "Start");
});

scenario("a challenge that another program took anew cannot get the response to the old one", { unix: true, cards: BLOCKED }, async (page, home) => {
  const out = await start(page, home);
  const { response } = await answer(home, out.challenge);
  await home.call("unblock.start", { select: { reader: ONE }, role: 1 });
  const now = await home.json("unblock", "status", "--reader", ONE);
  assert.notEqual(now.challenge, out.challenge);
  const shown = await until("the page knows", async () => {
    const text = await page.text("#panel-unblock");
    return !text.includes(grouped(out.challenge)) && text;
  });
  assert.ok(!shown.includes(grouped(response)));
  assert.equal(await state(home), "good");
});

scenario("a card that another program resets before the response keeps its PIN, and that is said", {
  cards: `${BLOCKED}\n[[card.fault]]\ninstruction = 0x87\nnth = 2\nthen = "reset"\n`,
}, async (page, home) => {
  const out = await start(page, home);
  const { response } = await answer(home, out.challenge);
  await page.type("Response", response);
  await setPin(page, "654321");
  await page.says(/reset|void/i);
  assert.deepEqual(await page.secrets(), []);
  await page.find("button", "Start");
  assert.equal(await home.tries(ONE), 0);
});

scenario("a challenge is given up, and taken anew", { both: true, cards: BLOCKED }, async (page, home) => {
  const out = await start(page, home);
  await page.click("button", "New challenge");
  await until("another challenge", async () => !(await page.text(".challenge")).includes(grouped(out.challenge)));
  await page.click("button", "Give up");
  await page.says("The challenge is given up, and the card is free.");
  assert.notEqual(await state(home), "good");
  await page.find("button", "Start");
});

scenario("a PIN that is not blocked is unblocked only when somebody is sure", {}, async (page, home) => {
  await page.go("Unblock PIN");
  await page.sees("This PIN is not blocked. It can be unblocked all the same.");
  await page.click("button", "Start");
  await page.sees("Take a challenge all the same?");
  await page.click("button", "Cancel");
  assert.equal(await state(home), "none");
  await page.click("button", "Start");
  await page.find("heading", "The PIN is not blocked");
  await page.click("button", "Start");
  await page.says(TAKEN);
  assert.equal(await state(home), "good");
});

scenario("an administrator calculates the response to a challenge that was read out, without a card", { cards: '[[reader]]\nname = "Kortti Virtual Reader 00 00"\n' }, async (page, home) => {
  await page.go("Unblock PIN");
  await page.click("button", "Calculate response");
  await page.type("Challenge", "A892 D756 0161 7C5D FDAC");
  await page.sees("The checksum does not fit");
  await page.type("Challenge", "A892 D756 0161 7C5D FDAD");
  await page.sees("Complete, and the checksum FDAD fits.");
  await page.click("button", "Calculate");
  await page.sees("Nothing is typed here.");
  await page.type("Admin key", ADMIN_KEY);
  await page.click("button", "Calculate");
  const expected = await answer(home, "A892D75601617C5D");
  await page.sees(grouped(expected.response), "dialog");
  await page.sees(expected.response_checksum, "dialog");
  assert.deepEqual(await page.secrets(), []);
  assert.equal(await page.has("button", "Use this response"), false);
  await page.click("button", "Copy");
  await page.sees("The response is on the clipboard.", "dialog");
  // A well-known key is warned of, a wrong one refused in words.
  await page.type("Admin key", "00".repeat(24));
  await page.click("button", "Calculate");
  await page.sees("This is a well-known factory key");
  await page.type("Admin key", "0123");
  await page.click("button", "Calculate");
  await page.sees(/key/i, ".failure");
  await page.click("button", "Cancel");
  assert.equal(await page.has("dialog", null), false);
});
