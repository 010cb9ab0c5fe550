// The page's own code, without a browser: its types, and the checksum.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ROOT } from "./rig.mjs";

const JS = path.join(ROOT, "gui/page/files/js");

test("the page's types fit, and fit those of the protocol", () => {
  const compiler = fileURLToPath(import.meta.resolve("typescript/lib/tsc.js"));
  const { status, stdout } = spawnSync(process.execPath, [compiler, "--project", fileURLToPath(new URL("tsconfig.json", import.meta.url))], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

test("the checksum is the agent's", async () => {
  const source = fs.readFileSync(path.join(JS, "checksum.js"), "utf8");
  const { checksum, examine } = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  for (const [digits, sum] of [["A892D75601617C5D", "FDAD"], ["B0A1674747F4EB87", "3BEC"]]) {
    assert.equal(checksum(digits), sum);
    assert.equal(checksum(digits.toLowerCase()), sum);
    assert.equal(examine(`${digits} ${sum}`, 16).state, "checked");
    assert.equal(examine(`${digits}-${sum.toLowerCase()}`, 16).state, "checked");
    assert.equal(examine(digits, 16).state, "whole");
    assert.equal(examine(`${digits}${sum}0`, 16).state, "long");
    assert.equal(examine(digits.slice(1), 16).state, "short");
    for (let at = 0; at < 16; at += 1) {
      const wrong = (Number.parseInt(digits[at], 16) ^ 1).toString(16);
      assert.equal(examine(`${digits.slice(0, at)}${wrong}${digits.slice(at + 1)}${sum}`, 16).state, "wrong");
    }
  }
  assert.equal(examine("", 16).state, "empty");
  assert.equal(examine("G", 16).state, "letters");
});

test("what is kept apart in a sentence stays so when the sentence stands in another one, and hostile marks do not", async () => {
  const document = { documentElement: { dir: "rtl", lang: "" } };
  globalThis.document = document;
  const { date, foreign, speak, t } = await import("../../gui/page/files/js/text.js");
  speak({ language: "ar", direction: "rtl", catalogue: { inner: ["Container ", { var: "number" }], outer: ["In ", { var: "place" }, "."] } });
  assert.equal(t("outer", { place: t("inner", { number: "2" }) }), "In \u2068Container \u20682\u2069\u2069.");
  assert.equal(foreign("a\u2069b\u202Ec"), "\u2068a\ufffdb\ufffdc\u2069");
  assert.equal(foreign("a\u2068b"), "\u2068a\ufffdb\u2069");
  assert.doesNotMatch(t("outer", { place: date("2026-11-27T00:00:00Z") }), /\ufffd|\u200f/);
  document.documentElement.dir = "ltr";
  assert.equal(foreign(foreign("שלום")), "\u2068\u2068שלום\u2069\u2069");
  delete globalThis.document;
});

test("no script or style stands in the page itself, and nothing makes markup of text", () => {
  const page = fs.readFileSync(path.join(JS, "../index.html"), "utf8");
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  for (const file of fs.readdirSync(JS, { recursive: true }).filter((name) => name.endsWith(".js"))) {
    const source = fs.readFileSync(path.join(JS, file), "utf8");
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|console\./, file);
  }
});

test("every usage and every kind of name that the agent knows has words in every language", async () => {
  const names = fs.readFileSync(path.join(JS, "certificates/names.js"), "utf8").match(/export function usageId[^]*?\n}/)[0];
  const { usageId } = await import(`data:text/javascript,${encodeURIComponent(names)}`);
  const oids = fs.readFileSync(path.join(ROOT, "agent/card/src/x509/oids.rs"), "utf8");
  const purposes = [...oids.matchAll(/purpose\("[\d.]+", "([^"]+)", "([^"]+)"\)/g)].flatMap(([, name, short]) => [name, short]);
  const bits = [...oids.match(/KEY_USAGES[^]*?];/)[0].matchAll(/\("([^"]+)", "([^"]+)"\)/g)].flatMap(([, name, short]) => [name, short]);
  assert.equal(purposes.length, 2 * Number(oids.match(/PURPOSES: \[Purpose; (\d+)\]/)[1]));
  assert.equal(bits.length, 2 * Number(oids.match(/KEY_USAGES: \[\(&str, &str\); (\d+)\]/)[1]));
  const x509 = fs.readFileSync(path.join(ROOT, "agent/card/src/x509.rs"), "utf8");
  const kinds = [...x509.match(/fn alternative_name[^]*?\n}/)[0].matchAll(/\("([a-z_0-9]+)", /g)].map(([, kind]) => `also-${kind.replaceAll("_", "-")}`);
  assert.ok(kinds.length >= 8, kinds.join());
  const wanted = new Set([...purposes, ...bits].map(usageId).concat(kinds));
  for (const language of ["en", "de"]) {
    const text = fs.readFileSync(path.join(JS, `../text/${language}.ftl`), "utf8");
    const there = new Set([...text.matchAll(/^((?:usage|also)-[a-z-]+) = ./gm)].map(([, id]) => id));
    assert.deepEqual([...wanted].filter((id) => !there.has(id)), [], `without words in ${language}`);
    assert.deepEqual([...there].filter((id) => !wanted.has(id)), [], `never said in ${language}`);
  }
});
