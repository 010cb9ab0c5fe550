// Cards with very many certificates, and certificates with hostile names.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { scenario } from "../drivers.mjs";
import { ONE, container, demo, gids, reader } from "../cards.mjs";
import { certificate, read } from "../certs.mjs";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kortti-certs-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const logon = read(demo("logon.key"));
const roomy = "max-objects = 90\nmax-files = 60\nmemory = 600000";

const card = async (names, more = {}) => {
  const all = [];
  for (const [at, name] of names.entries()) {
    const pem = await certificate(folder, name, { file: `one-${at}`, ...more });
    all.push(container(at + 1, logon, read(pem), at === 0 ? "default = true" : ""));
  }
  return reader(ONE, "many") + gids("many", { containers: all.join(""), roots: false, options: roomy });
};

const HOSTILE = [
  "<img src=x onerror=document.title='pwned'>",
  "</td></tr><script>document.title='pwned'</script>",
  "Anna \u202egnp.exe\u202c Virtanen",
  "\u0627\u0644\u0627\u0633\u0645 \u2066x\u2067",
  "W".repeat(64),
  "{ $name } & \"quoted\" 'x' `y`",
  "\u05e9\u05dc\u05d5\u05dd",
];

const THIRTY = await card([...Array(30).keys()].map((at) => `Person ${String(at).padStart(2, "0")}`));
const HOSTILE_CARD = await card(HOSTILE, { more: "/O=<b>Org<\\/b>", extensions: [`subjectAltName=DNS:${"a".repeat(60)}.${"b".repeat(60)}.example,email:x@example.org`] });

scenario("thirty certificates are listed, found and viewed", { both: true, cards: THIRTY }, async (page, home) => {
  await page.go("Certificates");
  await page.sees("30 certificates");
  await page.type("Filter", "person 17");
  await page.sees("1 of 30 certificates");
  await page.click("radio", /Person 17/);
  await page.click("button", "View");
  await page.sees("CN=Person 17", "dialog");
  await page.click("button", "Close");
  await page.type("Filter", "");
  await page.click("button", "Name");
  await page.click("button", "Name");
  const order = await page.script("return [...document.querySelectorAll('tbody tr')].map((row) => row.cells[1].innerText.replace(/\\W*Default\\W*/, '').trim());");
  assert.equal(order.length, 30);
  assert.deepEqual(order, [...order].sort());
  assert.equal(await page.script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth;"), true);
  assert.equal(await home.tries(ONE), 3);
});

scenario("hostile names stay text, and turn no sentence around", { cards: HOSTILE_CARD }, async (page) => {
  await page.go("Certificates");
  await page.sees(`${HOSTILE.length} certificates`);
  const cells = await page.script("return [...document.querySelectorAll('tbody th')].map((one) => one.textContent);");
  assert.ok(cells.some((text) => text.includes(HOSTILE[0])));
  assert.equal(await page.script("return document.querySelectorAll('table img, table script, table b').length;"), 0);
  assert.equal(await page.script("return document.title;"), "Kortti");
  const controls = /[\u202a-\u202e\u2066\u2067]/u;
  for (const text of cells) assert.doesNotMatch(text, controls);
  for (let at = 0; at < HOSTILE.length; at += 1) {
    await page.click("radio", new RegExp(`Container ${at}$`));
    await page.click("button", "View");
    await page.find("button", "Close");
    const text = await page.script("return document.querySelector('dialog').textContent;");
    assert.doesNotMatch(text, controls);
    assert.equal(await page.script("const d = document.querySelector('dialog'); return d.scrollWidth <= d.clientWidth;"), true, `the view of ${at} is not too wide`);
    const file = await page.saved(() => page.click("button", "Export .pem"));
    assert.match(file.name, /^[\p{L}\p{N}-]+\.pem$/u);
    await page.click("button", "Close");
  }
  assert.equal(await page.script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth;"), true);
  assert.equal(await page.script("return document.title;"), "Kortti");
});
