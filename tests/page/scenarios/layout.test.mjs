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
  // The driver does not know the size when it points at something.
  for (const tab of ["overview", "pin", "unblock", "certificates", "information"]) {
    await page.script("document.getElementById(`tab-${arguments[0]}`).click(); return true;", tab);
    await page.sees(/\w/, `#panel-${tab}`);
    assert.equal(await page.script(WIDE), "", tab);
  }
  await page.press("Control+0");
  await until("as wide as before", async () => (await width()) === before);
});
