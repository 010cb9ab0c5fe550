// Overview, the drop-down of readers, and what stands in a panel when there is no card.

import assert from "node:assert/strict";
import { scenario } from "../drivers.mjs";
import { ONE, PIN, TWO, alone, anna, both, damaged, erik, gids, reader } from "../cards.mjs";
import { until } from "../rig.mjs";

const readerNow = (page) => page.script("const s = document.querySelector('#reader-select'); return s.options[s.selectedIndex]?.text ?? '';");

scenario("the overview shows the card, its PINs, and what a person should know", { both: true }, async (page, home) => {
  await page.sees("7D1F93C2A4E05B68B19C3D2E6F804A57", "#panel-overview");
  await page.sees("3 tries left", "#panel-overview");
  await page.sees("Primary card PIN", "#panel-overview");
  await page.click("button", "Change PIN");
  await page.find("field", "Current PIN");
  assert.equal(await home.tries(ONE), 3);
});

scenario("a blocked card leads to Unblock PIN", { both: true, cards: alone({ spent: 3 }) }, async (page) => {
  await page.sees("Blocked: no try left", "#panel-overview");
  await page.click("button", "Unblock PIN");
  await page.find("button", "Start");
  await page.focuses("Unblock PIN");
});

scenario("a card that is pulled leaves the overview, and another one comes in", {
  cards: reader(ONE, "anna") + anna() + gids("other", { cardid: "AABBCCDD00112233445566778899AABB" }),
}, async (page, home) => {
  await page.sees("7D1F93C2", "#panel-overview");
  await home.remove(ONE);
  await page.says("The card was taken out.");
  await page.sees("There is no card in the reader. Insert one.");
  await page.misses("7D1F93C2", "main");
  await home.insert(ONE, "other");
  await page.sees("AABBCCDD", "#panel-overview");
});

scenario("the drop-down follows insertions, and keeps a choice that the person made", { both: true, cards: both() }, async (page, home) => {
  await page.sees("tries left", "#panel-overview");
  await home.remove(TWO);
  await home.insert(TWO);
  await page.sees("0134FFF3", "#panel-overview");
  assert.match(await readerNow(page), /01 00/);
  await page.sees("20250611", "#reader");
  await home.remove(ONE);
  await home.insert(ONE);
  await page.sees("7D1F93C2", "#panel-overview");
  assert.match(await readerNow(page), /00 00/);
  // The person's own choice stays, whatever comes in.
  await page.choose("Reader", TWO);
  await page.sees("0134FFF3", "#panel-overview");
  await home.remove(ONE);
  await home.insert(ONE);
  await until("the insertion is known", async () => (await page.script("return document.querySelector('#reader-select').options[0].text;")).includes("GIDS"));
  assert.match(await readerNow(page), /01 00/);
  await page.sees("0134FFF3", "#panel-overview");
  // Also while its reader is empty.
  await home.remove(TWO);
  await page.sees("There is no card in the reader.");
  assert.match(await readerNow(page), /01 00/);
});

scenario("cards that cannot be used are named in words, in every panel", {
  cards: reader(ONE, "new") + '[[card]]\nname = "new"\ninitialised = false\n[[card]]\nname = "unknown"\nkind = "unknown"\n[[card]]\nname = "mute"\nkind = "mute"\n',
}, async (page, home) => {
  for (const [card, words] of [[null, "This card is empty."], ["unknown", "This card is of no kind that Kortti knows."], ["mute", "The card does not answer."]]) {
    if (card) {
      await home.remove(ONE);
      await page.sees("There is no card in the reader.");
      await home.insert(ONE, card);
    }
    for (const panel of ["Overview", "Change PIN", "Unblock PIN", "Certificates"]) {
      await page.go(panel);
      await page.sees(words, "main");
    }
    await page.go("Overview");
  }
});

scenario("a machine without a reader says so", { cards: "# none\n" }, async (page) => {
  await page.sees("There is no reader. Connect a smart card reader.");
});

scenario("what an interrupted write left is shown, and repaired", {
  both: true,
  cards: `${alone()}\n[[card.fault]]\ninstruction = 0xDB\nnth = 4\nthen = "removed-after"\n`,
}, async (page, home) => {
  await page.go("Certificates");
  await page.click("radio", /Container 1/);
  await page.click("button", "Delete");
  await page.type("PIN", PIN);
  await page.click("button", "Delete");
  await page.sees(/could not be put back/);
  assert.deepEqual(await page.secrets(), []);
  await until("the dialog is gone", async () => !(await page.has("dialog")));
  await home.insert(ONE);
  await page.go("Overview");
  await page.sees("Something on this card is damaged", "#panel-overview");
  await page.click("button", "Repair …");
  await page.type("PIN", PIN);
  await page.click("button", "Repair");
  await page.says("Repaired");
  await page.misses("Something on this card is damaged");
});

scenario("a card whose certificate is damaged can be looked at all the same", { cards: reader(ONE, "damaged") + damaged() }, async (page) => {
  await page.sees("C45A0E91", "#panel-overview");
  await page.sees(/damaged/i, "#panel-overview");
});

scenario("the agent is killed while the page is open, and started again from the page", { args: [] }, async (page, home) => {
  await page.go("Change PIN");
  await page.type("Current PIN", PIN);
  await home.kill();
  await page.sees("The agent does not run, so no card can be looked after.");
  assert.deepEqual(await page.secrets(), []);
  await page.click("button", "Start the agent");
  await page.misses("The agent does not run, so no card can be looked after.");
});

scenario("an agent that somebody starts again is found by itself", {}, async (page, home) => {
  await page.sees("7D1F93C2", "#panel-overview");
  await home.kill();
  await page.sees("The agent does not run");
  await home.agent();
  await page.sees("7D1F93C2", "#panel-overview");
});

scenario("a YubiKey in the second reader is shown with its number", { cards: reader(ONE) + reader(TWO, "erik") + erik() }, async (page) => {
  await page.sees("20250611", "#reader");
  await page.sees("PUK", "#panel-overview");
});
