// No violation that axe-core knows, in every panel and dialog, light and dark.

import assert from "node:assert/strict";
import { scenario } from "../drivers.mjs";
import { ADMIN_KEY, PIN, TWO, alone, anna, both, erik, gids, reader, ONE, damaged } from "../cards.mjs";

/** Looks at what is shown now, and goes on all the same: one list of all findings is of more use than the first. */
const looker = (page) => {
  const found = [];
  return {
    async at(place) {
      await page.rests();
      for (const line of await page.axe()) found.push(`${place}: ${line}`);
    },
    done: () => assert.deepEqual(found, []),
  };
};

for (const dark of [false, true]) {
  const light = dark ? "dark" : "light";

  scenario(`axe finds nothing in the panels (${light})`, { both: !dark, cards: both(), dark }, async (page) => {
    const look = looker(page);
    await page.sees("tries left", "#panel-overview");
    await look.at("overview");
    await page.choose("Reader", TWO);
    await page.sees("20250611", "#panel-overview");
    await look.at("overview of a YubiKey");
    await page.go("Change PIN");
    await page.type("New PIN", "12");
    await page.type("Confirm new PIN", "13");
    await page.click("button", "Write to card");
    await look.at("change PIN with mistakes");
    await page.type("Current PIN", "000000");
    await page.newPin("654321");
    await page.click("button", "Write to card");
    await page.says("Wrong PIN.");
    await look.at("a wrong PIN");
    await page.go("Unblock PIN");
    await page.find("field", "PUK");
    await look.at("unblock by PUK");
    await page.go("Information");
    await page.click("button", "Examine");
    await page.sees(/Good:|Note:|Bad:/, ".checks");
    await look.at("information");
    look.done();
  });

  scenario(`axe finds nothing while a PIN is unblocked (${light})`, { cards: alone({ spent: 3 }), dark }, async (page) => {
    const look = looker(page);
    await page.sees("Blocked", "#panel-overview");
    await look.at("overview of a blocked card");
    await page.go("Change PIN");
    await page.sees("has to be unblocked first");
    await look.at("change PIN of a blocked card");
    await page.go("Unblock PIN");
    await page.find("button", "Start");
    await look.at("before the start");
    await page.click("button", "Start");
    await page.says("The challenge is taken.");
    await page.type("Response", "0123 4567 89AB CDEF 0000");
    await look.at("a wrong checksum");
    await page.click("button", "QR code");
    await page.find("button", "Close");
    await look.at("QR code");
    await page.click("button", "Close");
    await page.click("button", "Proceed: calculate the response");
    await page.type("Admin key", ADMIN_KEY);
    await page.click("button", "Calculate");
    await page.find("button", "Use this response");
    await look.at("calculate response");
    await page.click("button", "Use this response");
    await look.at("new PIN");
    look.done();
  });

  scenario(`axe finds nothing in the certificates (${light})`, { cards: reader(ONE, "damaged") + damaged() + anna(), dark }, async (page, home) => {
    const look = looker(page);
    await page.go("Certificates");
    await page.click("radio", /Damaged/);
    await look.at("a damaged certificate");
    await page.click("button", "View");
    await page.find("button", "Close");
    await look.at("view of a damaged certificate");
    await page.click("button", "Close");
    await home.remove(ONE);
    await page.sees("There is no card");
    await look.at("no card");
    await home.insert(ONE, "anna");
    await page.click("radio", /Container 1/);
    await look.at("certificates");
    await page.click("button", "View");
    await page.find("button", "Close");
    await look.at("view");
    await page.click("button", "Close");
    await page.click("button", "Make default");
    await page.type("PIN", "000000");
    await page.click("button", "Make default");
    await page.sees("Wrong PIN.", "dialog");
    await look.at("make default, with a wrong PIN");
    await page.click("button", "Cancel");
    await page.click("button", "Delete");
    await page.find("button", "Cancel");
    await look.at("delete");
    await page.type("PIN", PIN);
    await page.click("button", "Delete");
    await page.says("is deleted.");
    await look.at("one certificate left");
    look.done();
  });
}

scenario("axe finds nothing where there is nothing", { cards: "# none\n" }, async (page, home) => {
  const look = looker(page);
  await page.sees("There is no reader.");
  await look.at("no reader");
  await home.kill();
  await page.sees("The agent does not run");
  await look.at("no agent");
  look.done();
});

scenario("axe finds nothing on the last try", { cards: reader(ONE, "anna") + anna({ spent: 2 }) + gids("x") + erik() }, async (page) => {
  const look = looker(page);
  await page.go("Change PIN");
  await page.sees("This is the last try.");
  await page.type("Current PIN", PIN);
  await page.newPin("654321");
  await page.click("button", "Write to card");
  await page.sees("Say yes to the use of the last try");
  await look.at("last try");
  look.done();
});
