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

test("no script or style stands in the page itself, and nothing makes markup of text", () => {
  const page = fs.readFileSync(path.join(JS, "../index.html"), "utf8");
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  for (const file of fs.readdirSync(JS, { recursive: true }).filter((name) => name.endsWith(".js"))) {
    const source = fs.readFileSync(path.join(JS, file), "utf8");
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|console\./, file);
  }
});
