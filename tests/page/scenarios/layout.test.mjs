// Zoomed to 200 %, narrow and from right to left: nothing has to be scrolled sideways, and nothing covers what has the focus.

import assert from "node:assert/strict";
import { scenario } from "../drivers.mjs";
import { display } from "../display.mjs";
import { ONE, TWO, both, container, demo, gids, reader } from "../cards.mjs";
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

for (const [width, height, direction] of [[980, 720, "ltr"], [490, 360, "ltr"], [490, 360, "rtl"], [360, 640, "rtl"]]) {
  scenario(`nothing is too wide at ${width} by ${height}, ${direction}`, { only: "web", cards: both(), width, height }, async (page) => {
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

scenario("what failed can be made larger to read it", { only: "window" }, async (page) => {
  await page.go("Change PIN");
  await page.type("Current PIN", "111111");
  await page.newPin("654321");
  await page.click("button", "Write to card");
  await page.says("Wrong PIN. 2 tries are left.");
  await page.press("Control+=");
  await page.says("110 %");
  await page.says("Wrong PIN. 2 tries are left.");
});

scenario("that a place is not there is said in a window that is open", { only: "window" }, async (page, home) => {
  await page.sees("tries left", "#panel-overview");
  home.start("kortti-gui", ["--panel", "certificates", "--card", "AABBCCDD00112233"], { env: { DISPLAY: await display() } });
  await page.sees("2 certificates");
  await page.says("The card or reader that was asked for is not there.");
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

const LONG = reader(ONE, "long") + gids("long", {
  containers: [...Array(24).keys()].map((at) => container(at + 1, demo("logon.key"), demo("logon.pem"))).join(""),
  roots: false, options: "max-objects = 90\nmax-files = 60\nmemory = 600000",
});

/** What lies over that which has the focus, at its upper edge, its middle or its lower edge; nothing where it is seen as a whole. */
const COVERED = `const it = document.activeElement;
  if (it === document.body) return "";
  const box = it.getBoundingClientRect();
  const named = (one) => one ? one.tagName + "#" + one.id + "." + one.className : "the edge of the window";
  for (const y of [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2]) {
    const top = document.elementFromPoint((box.left + box.right) / 2, y);
    if (!top || !it.contains(top)) return named(it) + " " + it.textContent + (it.value ?? "") + " at " + Math.round(y) + " is under " + named(top);
  }
  return "";`;

for (const [width, height] of [[980, 620], [490, 360], [360, 640]]) {
  scenario(`nothing covers what has the focus at ${width} by ${height}`, { only: "web", cards: LONG, width, height }, async (page) => {
    const found = [];
    const press = async (key) => {
      await page.press(key);
      const covered = await page.script(COVERED);
      if (covered) found.push(`${key}: ${covered}`);
    };
    await page.go("Certificates");
    await page.sees("24 certificates");
    // All three lines of status at once.
    await page.script(`for (const id of ["status", "alert", "notice"]) document.getElementById(id).textContent = "One thing has happened just now, and here it is told in a sentence or two. ".repeat(2);`);
    const first = await page.script("return document.querySelector('tbody input').getAttribute('aria-label');");
    await page.tabTo(first);
    for (let at = 0; at < 23; at += 1) await press("ArrowDown");
    for (let at = 0; at < 23; at += 1) await press("ArrowUp");
    for (let at = 0; at < 23; at += 1) await press("ArrowDown");
    for (let at = 0; at < 8; at += 1) await press("Tab");
    for (let at = 0; at < 24; at += 1) await press("Shift+Tab");
    for (let at = 0; at < 16; at += 1) await press("Tab");
    assert.deepEqual(found, []);
    const [lines, free] = await page.script("const it = document.getElementById('footer').getBoundingClientRect(); return [it.height, innerHeight - it.height];");
    assert.ok(lines > 0 && free > height / 2, `the lines of status leave ${free} of ${height}`);
    assert.deepEqual(await page.axe(), []);
  });
}

scenario("what is said does not move the page under who reads it", { only: "web", cards: LONG, width: 980, height: 620 }, async (page) => {
  await page.go("Certificates");
  await page.sees("24 certificates");
  await page.script("document.getElementById('tab-certificates').focus(); window.scrollTo(0, 300); return true;");
  const at = () => page.script("return window.scrollY;");
  const before = await at();
  assert.ok(before > 200, `${before}`);
  for (const [call, words] of [["say('saved')", /written/i], ["warn('place-missing')", /asked for/], ["remark('empty-starting')", /being started/]]) {
    await page.script(`return import("./js/status.js").then((status) => { status.${call}; return new Promise(requestAnimationFrame); }).then(() => null);`);
    await page.says(words);
    assert.equal(await at(), before, call);
  }
});

scenario("each cell of a narrow table keeps its head", { only: "web", width: 490, height: 360 }, async (page) => {
  await page.go("Certificates");
  await page.sees("2 certificates");
  const [heads, cells] = await page.script(`
    const there = (row) => [...row.cells].filter((one) => one.checkVisibility({ visibilityProperty: true }));
    return [there(document.querySelector("thead tr")).map((one) => one.textContent), there(document.querySelector("tbody tr")).map((one) => one.dataset.name ?? "Choose")];`);
  assert.deepEqual(heads, cells);
});

scenario("the chosen tab is told from the others in the colours of the system", { only: "web" }, async (page) => {
  await page.page.emulateMedia({ forcedColors: "active" });
  await page.go("Change PIN");
  await page.rests();
  const [chosen, other] = await page.script(`return ["true", "false"].map((is) => {
    const style = getComputedStyle(document.querySelector('[role=tab][aria-selected="' + is + '"]'));
    return [style.backgroundColor, style.color, style.borderBottomColor];
  });`);
  for (const at of chosen.keys()) assert.notEqual(chosen[at], other[at], `${chosen} and ${other}`);
  assert.notEqual(chosen[0], chosen[1]);
});
