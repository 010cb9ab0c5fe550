// What a screen reader finds in the window, through AT-SPI.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { alone } from "../cards.mjs";
import { display } from "../display.mjs";
import { drivers } from "../drivers.mjs";
import { Home, LIMIT, endedWithAll, program } from "../rig.mjs";

const READ = fileURLToPath(new URL("../atspi.py", import.meta.url));

test("Window: a screen reader finds tabs, fields with their labels, and the line of status", {
  timeout: LIMIT, skip: !drivers.some((one) => one.only === "window"),
}, async (t) => {
  const home = new Home(t, { cards: alone() });
  await home.agent();
  const env = { DISPLAY: await display(), GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_COMPOSITING_MODE: "1" };
  // The bus of the session ends with the script, and the window with it.
  const script = '"$1" --panel pin & window=$!; /usr/bin/python3 "$2" 120 tree.json; kill "$window"; wait "$window"';
  const child = home.start("/usr/bin/dbus-run-session", ["--", "sh", "-c", script, "sh", program("kortti-gui"), READ], { env, stdio: ["ignore", "ignore", "pipe"], detached: true });
  home.before(() => endedWithAll(child));
  let words = "";
  child.stderr.on("data", (part) => { words += part; });
  await new Promise((resolve) => child.once("exit", resolve));
  const file = path.join(home.path, "tree.json");
  const nodes = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : [];
  const of = (role) => nodes.filter((node) => node.role === role).map((node) => node.name);
  const seen = () => `${words}\n${nodes.map((node) => `${node.role}: ${node.name}`).join("\n")}`;
  assert.deepEqual(of("page tab"), ["Overview", "Change PIN", "Unblock PIN", "Certificates", "Information"], seen());
  assert.ok(of("page tab list").includes("What you can do"), seen());
  assert.deepEqual(of("password text"), ["Current PIN", "New PIN", "Confirm new PIN"], seen());
  assert.ok(of("push button").concat(of("button")).includes("Write to card"), seen());
  assert.ok(of("combo box").includes("Reader"), seen());
  await t.test("the line of status is there before it speaks", () => {
    assert.ok(nodes.some((node) => /status/.test(node.role)), seen());
  });
  const chosen = nodes.find((node) => node.role === "page tab" && node.states.includes("selected"));
  assert.equal(chosen?.name, "Change PIN");
});
