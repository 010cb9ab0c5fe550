// Where the settings forbid PINs in a browser, pinentry asks for them, and the page has no field for one.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { scenario } from "../drivers.mjs";
import { ONE, PIN, PUK, TWO, erik, reader } from "../cards.mjs";
import { newKey } from "../certs.mjs";

/** A pinentry that answers from a file, a line for each question, and keeps what it was told. */
const PINENTRY = `#!/bin/sh
cd "$(dirname "$0")/.." || exit 1
exec 9> answering; flock 9
echo 'OK Pleased to meet you'
while IFS= read -r line; do
    printf '%s\\n' "$line" >> told
    case $line in
        GETPIN)
            answer=$(head -n1 answers 2>/dev/null); sed -i 1d answers
            case $answer in
                cancel|'') echo 'ERR 83886179 Operation cancelled <Pinentry>' ;;
                *) printf 'D %s\\nOK\\n' "$answer" ;;
            esac ;;
        *) echo OK ;;
    esac
done
`;

const config = '[web]\npin_entry = "pinentry"\n';

/** Puts a pinentry where the programs find it first. */
const prepare = (home) => {
  const folder = path.join(home.path, "path");
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "pinentry"), PINENTRY, { mode: 0o755 });
  home.env.PATH = `${folder}:${home.env.PATH}`;
};
const answers = (home, ...lines) => fs.writeFileSync(path.join(home.path, "answers"), lines.map((line) => `${line}\n`).join(""));
const told = (home) => decodeURIComponent(fs.readFileSync(path.join(home.path, "told"), "utf8"));

const place = (more = {}) => ({ unix: true, only: "web", config, prepare, ...more });

scenario("a PIN is changed by pinentry, which says what for", place(), async (page, home) => {
  await page.go("Change PIN");
  await page.find("button", "Write to card");
  assert.equal(await page.has("field", "Current PIN"), false);
  assert.equal(await page.has("field", "New PIN"), false);
  await page.sees("asked for by a window of its own");
  answers(home, "111111", "654321", "654321");
  await page.click("button", "Write to card");
  await page.says("Wrong PIN. 2 tries are left.");
  answers(home, PIN, "654321", "654321");
  await page.click("button", "Write to card");
  await page.says("The new PIN is on the card.");
  const words = told(home);
  assert.match(words, /7D1F93C2|Kortti Virtual Reader 00 00/);
  assert.match(words, /page|browser/i);
  await home.done(["pin", "change", "--reader", ONE, "--pin-stdin"], ["654321", PIN]);
});

scenario("a pinentry that somebody closes uses no try", place(), async (page, home) => {
  await page.go("Change PIN");
  await page.find("button", "Write to card");
  answers(home, "cancel");
  await page.click("button", "Write to card");
  await page.says(/Nothing was (typed|sent)/);
  assert.equal(await home.tries(ONE), 3);
});

scenario("new PINs that differ are not sent", place(), async (page, home) => {
  await page.go("Change PIN");
  await page.find("button", "Write to card");
  answers(home, PIN, "654321", "654322", "cancel", "cancel");
  await page.click("button", "Write to card");
  await page.says(/\w/);
  assert.doesNotMatch(await page.text("#footer"), /is on the card/);
  assert.equal(await home.tries(ONE), 3);
});

scenario("a PUK and a new PIN come from pinentry", place({ cards: reader(TWO, "erik") + erik() }), async (page, home) => {
  await page.go("Unblock PIN");
  await page.find("button", "Write to card");
  assert.equal(await page.has("field", "PUK"), false);
  answers(home, PUK, "654321", "654321");
  await page.click("button", "Write to card");
  await page.says("The PIN is unblocked, and the new one is set.");
});

scenario("a file's password and the PIN come from pinentry", place(), async (page, home) => {
  const file = await newKey(home.path, "New Key");
  await page.go("Certificates");
  await page.find("button", "Import …");
  await page.upload(file);
  await page.find("button", "Open");
  assert.equal(await page.has("field", "Password of the file"), false);
  answers(home, "secret");
  await page.click("button", "Open");
  await page.sees("New Key goes to Container 2, with its private key.");
  answers(home, "secret", PIN);
  await page.click("button", "Import");
  await page.says("New Key is on the card.");
});

scenario("a page that sends a PIN all the same is refused", place(), async (page, home) => {
  await page.sees("tries left", "#panel-overview");
  const answer = await page.script(`return fetch("/call", {
    method: "POST", headers: { "content-type": "application/json", "x-kortti": sessionStorage.getItem("kortti-secret") }, body: arguments[0],
  }).then((response) => response.json());`, JSON.stringify({
    jsonrpc: "2.0", id: 7, method: "pin.change", params: { select: { reader: ONE }, role: 1, current: "000000", new: "654321" },
  }));
  assert.equal(answer.error.data.code, "forbidden");
  assert.equal(await home.tries(ONE), 3);
});

scenario("a page that asks for pinentry where the settings do not say so is refused", { only: "web" }, async (page, home) => {
  await page.sees("tries left", "#panel-overview");
  const answer = await page.script(`return fetch("/call", {
    method: "POST", headers: { "content-type": "application/json", "x-kortti": sessionStorage.getItem("kortti-secret") }, body: arguments[0],
  }).then((response) => response.json());`, JSON.stringify({
    jsonrpc: "2.0", id: 7, method: "pin.change", params: { select: { reader: ONE }, role: 1 }, ask: ["current", "new"],
  }));
  assert.ok(answer.error, JSON.stringify(answer));
  assert.equal(await home.tries(ONE), 3);
});
