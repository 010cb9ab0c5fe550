// Zoomed to 200 %, narrow and from right to left: nothing has to be scrolled sideways.

import assert from "node:assert/strict";
import { scenario } from "../drivers.mjs";
import { ONE, TWO, both, gids, reader } from "../cards.mjs";
import { until } from "../rig.mjs";

const WIDE = `const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return "";
  const over = [...document.querySelectorAll("main *, header *, nav *, footer *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return one.checkVisibility() && (box.right > root.clientWidth + 1 || box.left < -1);
  });
  return root.scrollWidth + " > " + root.clientWidth + ": " + over.slice(0, 4).map((one) => one.tagName + "." + one.className + "#" + one.id).join(", ");`;

/** Looks at every panel, and at a dialog. */
const walk = async (page, found, place) => {
  const look = async (where) => {
    const over = await page.script(WIDE);
    if (over) found.push(`${place}, ${where}: ${over}`);
  };
  for (const tab of ["Overview", "Change PIN", "Unblock PIN", "Certificates", "Information"]) {
    await page.go(tab);
    await page.misses("Reading the card");
    await page.script("for (const one of document.querySelectorAll('details')) one.open = true;");
    await look(tab);
  }
  await page.go("Certificates");
  await page.click("radio", null);
  await look("a chosen certificate");
  await page.click("button", "View");
  await page.find("button", "Close");
  await look("view");
  const inside = await page.script("const it = document.querySelector('dialog'); return it.getBoundingClientRect().right <= innerWidth + 1 && it.querySelector('.buttons').getBoundingClientRect().bottom <= innerHeight + 1;");
  if (!inside) found.push(`${place}: the view does not fit, or its buttons are not seen`);
  await page.click("button", "Close");
};

for (const direction of ["ltr", "rtl"]) {
  for (const [width, height] of [[980, 720], [490, 360], [360, 640]]) {
    scenario(`nothing is too wide at ${width} by ${height}, ${direction}`, { only: "web", full: width !== 490, cards: both(), width, height }, async (page) => {
      const found = [];
      await page.sees("tries left", "#panel-overview");
      await page.script(`document.documentElement.dir = "${direction}";`);
      await walk(page, found, "GIDS");
      await page.choose("Reader", TWO);
      await page.sees("20250611", "#reader");
      await walk(page, found, "YubiKey");
      assert.deepEqual(found, []);
    });
  }
}

scenario("a challenge, its QR code and the new PIN fit at 200 %", { only: "web", cards: reader(ONE, "b") + gids("b", { spent: 3 }), width: 490, height: 360 }, async (page) => {
  await page.go("Unblock PIN");
  await page.click("button", "Start");
  await page.says("The challenge is taken.");
  assert.equal(await page.script(WIDE), "");
  await page.click("button", "QR code");
  await page.find("button", "Close");
  assert.equal(await page.script("const it = document.querySelector('dialog'); return it.scrollWidth <= it.clientWidth;"), true);
  await page.click("button", "Close");
  await page.type("Response", "0123456789ABCDEF");
  await page.find("field", "New PIN");
  assert.equal(await page.script(WIDE), "");
});

scenario("a long German page fits at 200 %", { only: "web", cards: both(), config: 'language = "de"', width: 490, height: 360 }, async (page) => {
  const found = [];
  for (const tab of ["Übersicht", "PIN ändern", "PIN entsperren", "Zertifikate", "Information"]) {
    await page.go(tab);
    const over = await page.script(WIDE);
    if (over) found.push(`${tab}: ${over}`);
  }
  assert.deepEqual(found, []);
});

scenario("the window has the keys for size that browsers have", { only: "window" }, async (page) => {
  await page.sees("Primary card PIN");
  const width = () => page.script("return innerWidth;");
  const before = await width();
  for (const _ of [1, 2, 3, 4, 5]) await page.press("Control+=");
  await page.says("200 %");
  await until("half as wide", async () => (await width()) <= before / 2 + 2);
  // The driver does not know the size when it points at something.
  for (const tab of ["overview", "pin", "unblock", "certificates", "information"]) {
    await page.script("document.getElementById(`tab-${arguments[0]}`).click(); return true;", tab);
    await page.sees(/\w/, `#panel-${tab}`);
    assert.equal(await page.script(WIDE), "", tab);
  }
  await page.press("Control+0");
  await until("as wide as before", async () => (await width()) === before);
});
