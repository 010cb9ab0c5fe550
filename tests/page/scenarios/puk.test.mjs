// Unblock PIN with a PUK, as on a YubiKey; and what else is different there.

import assert from "node:assert/strict";
import { scenario } from "../drivers.mjs";
import { PIN, PUK, TWO, erik, reader } from "../cards.mjs";
import { newKey } from "../certs.mjs";

const cards = reader(TWO, "erik") + erik();
const blocked = async (home) => {
  for (let at = 0; at < 3; at += 1) await home.kortti(["pin", "change", "--reader", TWO, "--pin-stdin", "--last-try"], ["000000", "654321"]);
  assert.equal(await home.tries(TWO), 0);
};
const fill = async (page, puk, pin = "654321") => {
  await page.type("PUK", puk);
  await page.newPin(pin);
  await page.click("button", "Write to card");
};

scenario("a blocked PIN is unblocked with the PUK, whose wrong ones are counted", { both: true, cards }, async (page, home) => {
  await blocked(home);
  await page.go("Unblock PIN");
  await page.sees("This card is unblocked with its PUK. It has no challenge.");
  await fill(page, "87654321");
  await page.says("Wrong PUK. 2 tries are left.");
  await page.sees("2 tries left", ".tries");
  assert.deepEqual(await page.secrets(), []);
  await fill(page, PUK);
  await page.says("The PIN is unblocked, and the new one is set.");
  assert.deepEqual(await page.secrets(), []);
  assert.equal(await home.tries(TWO), 3);
});

scenario("the last try of the PUK needs a yes, and then nobody can unblock", { cards }, async (page, home) => {
  await page.go("Unblock PIN");
  await fill(page, "87654321");
  await page.says("2 tries are left.");
  await page.sees("2 tries left", ".tries");
  await fill(page, "87654321");
  await page.says("One try is left");
  await page.sees("This is the last try.");
  await fill(page, "87654321");
  await page.sees("Say yes to the use of the last try");
  assert.equal(await home.tries(TWO, 2), 1);
  await page.click("checkbox", "I am sure of my PUK: use the last try.");
  await page.click("button", "Write to card");
  await page.says("the PUK is blocked");
  await page.sees("The PUK is blocked, so nobody can unblock this card any more.");
  assert.equal(await page.has("field", "PUK"), false);
});

scenario("the PUK is changed like a PIN", { cards }, async (page) => {
  await page.go("Change PIN");
  await page.choose("Change PIN for key container", "PUK");
  await page.type("Current PUK", PUK);
  await page.newPin("87654321");
  await page.click("button", "Write to card");
  await page.says("The new PUK is on the card.");
  assert.deepEqual(await page.secrets(), []);
});

scenario("a YubiKey that is pulled while a PUK is typed leaves nothing typed", { cards }, async (page, home) => {
  await page.go("Unblock PIN");
  await page.type("PUK", PUK);
  await page.type("New PIN", "654321");
  await home.remove(TWO);
  await page.says("The card was taken out.");
  assert.deepEqual(await page.secrets(), []);
});

scenario("a key is imported into a slot of a YubiKey that somebody chose", { cards }, async (page, home) => {
  const file = await newKey(home.path, "Old Mail");
  await page.go("Certificates");
  await page.sees("Slot 9A");
  await page.find("button", "Import …");
  await page.upload(file);
  await page.type("Password of the file", "secret");
  await page.click("button", "Open");
  await page.choose("Slot", "Slot 82");
  await page.sees("Old Mail goes to Slot 82, with its private key.");
  await page.choose("Slot", "Slot 9A");
  await page.sees("would be lost for ever");
  await page.type("PIN", PIN);
  await page.click("button", "Import");
  await page.sees("Say yes to the loss of that key, or choose another slot.");
  // A yes to the loss of one key is none to the loss of another.
  await page.click("checkbox", "Yes, overwrite that key");
  await page.choose("Slot", "Slot 9C");
  await page.sees("Old Mail goes to Slot 9C");
  assert.equal(await page.about("checkbox", "Yes, overwrite that key", "it.checked"), false);
  await page.choose("Slot", "Slot 82");
  await page.sees("Old Mail goes to Slot 82");
  await page.type("PIN", PIN);
  await page.click("button", "Import");
  await page.says("Old Mail is on the card.");
  await page.sees("Slot 82", "tbody");
});
