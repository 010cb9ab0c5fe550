// Change PIN.

import assert from "node:assert/strict";
import { scenario } from "../drivers.mjs";
import { until } from "../rig.mjs";
import { ONE, PIN, alone, anna, gids, reader } from "../cards.mjs";

const fill = async (page, current, fresh, again = fresh) => {
  await page.type("Current PIN", current);
  await page.newPin(fresh, again);
};

scenario("a PIN is changed, and the policy ticks off its rules", { both: true }, async (page, home) => {
  await page.go("Change PIN");
  await page.type("New PIN", "12");
  await page.sees("4 to 16 characters (not kept)", ".policy");
  await page.type("New PIN", "654321");
  await page.sees("4 to 16 characters (kept)", ".policy");
  await page.sees("Typed twice the same (open)", ".policy");
  await page.type("Confirm new PIN", "65432");
  await page.sees("Typed twice the same (not kept)", ".policy");
  await page.click("button", "Write to card");
  // What is missing first is said first, and nothing is sent.
  await page.sees("Nothing is typed here.");
  await page.type("Current PIN", PIN);
  await page.click("button", "Write to card");
  await page.sees("This is not the same as above.");
  await page.focuses("Confirm new PIN");
  assert.equal(await home.tries(ONE), 3);
  await page.type("Confirm new PIN", "654321");
  await page.sees("Typed twice the same (kept)", ".policy");
  await page.click("button", "Write to card");
  await page.says("The new PIN is on the card. It has 3 tries.");
  assert.deepEqual(await page.secrets(), []);
  // The card has it.
  await fill(page, "654321", PIN);
  await page.click("button", "Write to card");
  await page.says("The new PIN is on the card.");
});

scenario("a wrong PIN costs one try, the last one needs a yes, and then the PIN is blocked", { both: true }, async (page, home) => {
  await page.go("Change PIN");
  await fill(page, "111111", "654321");
  await page.click("button", "Write to card");
  await page.says("Wrong PIN. 2 tries are left.");
  assert.deepEqual(await page.secrets(), []);
  await page.sees("2 tries left", "#panel-pin");
  assert.equal(await home.tries(ONE), 2);
  await fill(page, "111111", "654321");
  await page.click("button", "Write to card");
  await page.says("One try is left");
  await page.sees("This is the last try. A wrong PIN blocks it.");
  // Without the yes nothing is sent.
  await fill(page, "111111", "654321");
  await page.click("button", "Write to card");
  await page.sees("Say yes to the use of the last try");
  assert.equal(await home.tries(ONE), 1);
  await page.click("checkbox", "I am sure of my PIN: use the last try.");
  await page.click("button", "Write to card");
  await page.says("No try is left: the PIN is blocked.");
  assert.deepEqual(await page.secrets(), []);
  assert.equal(await home.tries(ONE), 0);
  await page.sees("This PIN is blocked, and has to be unblocked first.");
  assert.equal(await page.has("field", "Current PIN"), false);
  await page.click("button", "Unblock PIN");
  await page.sees("Reads the card serial number and gets a challenge from the card.");
});

scenario("the last try with the right PIN gives all tries back", { cards: alone({ spent: 2 }) }, async (page, home) => {
  await page.go("Change PIN");
  await fill(page, PIN, "654321");
  await page.click("checkbox", "I am sure of my PIN: use the last try.");
  await page.click("button", "Write to card");
  await page.says("The new PIN is on the card. It has 3 tries.");
  assert.equal(await home.tries(ONE), 3);
  await page.misses("This is the last try.");
});

scenario("a card that is pulled while a PIN is typed leaves nothing typed", { both: true }, async (page, home) => {
  await page.go("Change PIN");
  await fill(page, PIN, "654321");
  await home.remove(ONE);
  await page.says("The card was taken out.");
  await page.sees("There is no card in the reader. Insert one.");
  assert.deepEqual(await page.secrets(), []);
  await home.insert(ONE);
  await page.find("field", "Current PIN");
  assert.deepEqual(await page.secrets(), []);
});

scenario("what became of a PIN is not covered by the card's removal, nor said of the next card", {
  cards: reader(ONE, "anna") + anna() + gids("other", { cardid: "AABBCCDD00112233445566778899AABB" }),
}, async (page, home) => {
  await page.go("Change PIN");
  await fill(page, "111111", "654321");
  await page.click("button", "Write to card");
  await page.says("Wrong PIN. 2 tries are left.");
  await home.remove(ONE);
  const said = await page.says("The card was taken out.");
  assert.match(said, /Wrong PIN/);
  await home.insert(ONE);
  await page.find("field", "Current PIN");
  await fill(page, PIN, "654321");
  await page.click("button", "Write to card");
  assert.doesNotMatch(await page.says("The new PIN is on the card."), /Wrong|taken out/);
  await home.remove(ONE);
  await page.says("The card was taken out.");
  await page.says("The new PIN is on the card.");
  await home.insert(ONE, "other");
  await page.sees("AABBCCDD", "#reader");
  await page.misses("The new PIN", "#footer");
});

scenario("what was typed is gone when another panel is shown", {}, async (page) => {
  await page.go("Change PIN");
  await fill(page, PIN, "654321");
  await page.go("Overview");
  assert.deepEqual(await page.secrets(), []);
  await page.go("Change PIN");
  await page.find("field", "Current PIN");
  assert.deepEqual(await page.secrets(), []);
});

scenario("a secret is shown only while the eye is held, and no browser keeps it", {}, async (page) => {
  await page.go("Change PIN");
  await page.type("New PIN", "654321");
  const shown = 'it.type === "text"';
  const eye = await page.find("button", "Show while held down", 1);
  const release = await page.hold(eye);
  await page.holds("field", "New PIN", shown);
  await release();
  await page.holds("field", "New PIN", 'it.type === "password"');
  for (const label of ["Current PIN", "New PIN", "Confirm new PIN"]) {
    assert.equal(await page.about("field", label, "it.autocomplete"), "off");
    assert.equal(await page.about("field", label, "it.spellcheck"), false);
  }
});

scenario("what is typed right after a mistake is not lost, on a slow card", {
  cards: alone().replace('name = "anna"\npin', 'name = "anna"\ndelay = 40\npin'),
}, async (page) => {
  await page.go("Change PIN");
  await fill(page, "111111", "654321");
  await page.click("button", "Write to card");
  await page.says("Wrong PIN. 2 tries are left.");
  const field = await page.find("field", "Current PIN");
  await page.typeInto(field, PIN);
  await page.sees("2 tries left", "#panel-pin");
  assert.equal(await page.value("Current PIN"), PIN);
});

scenario("what was typed stays when its own tab is pressed again", {}, async (page) => {
  await page.go("Change PIN");
  await page.type("Current PIN", PIN);
  await page.click("tab", "Change PIN");
  assert.equal(await page.value("Current PIN"), PIN);
});

scenario("a dialog that is busy cannot be closed by Escape, and says what became of it", { only: "web" }, async (page, home) => {
  await page.go("Certificates");
  await page.click("radio", /Container 1/);
  await page.click("button", "Make default");
  await page.type("PIN", "999999");
  await page.script("const dialog = document.querySelector('dialog'); dialog.addEventListener('close', () => { dialog.dataset.closed = ''; });");
  // It does not answer before it goes on.
  home.running.kill("SIGSTOP");
  try {
    await page.press("Enter");
    for (const _ of [1, 2, 3]) await page.press("Escape");
    assert.equal(await page.script("return document.querySelector('dialog[open][aria-busy=true]:not([data-closed])') !== null;"), true);
  } finally {
    home.running.kill("SIGCONT");
  }
  await page.sees("Wrong PIN. 2 tries are left.", "dialog");
  await page.click("button", "Cancel");
  await until("the dialog is gone", async () => !(await page.has("dialog")));
});
