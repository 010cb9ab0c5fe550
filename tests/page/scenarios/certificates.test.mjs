// Certificates: what is there, and what can be done with it.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { scenario } from "../drivers.mjs";
import { ONE, PIN, anna, demo, reader, alone, damaged } from "../cards.mjs";
import { until } from "../rig.mjs";
import { certificate, key, newKey, openssl, told } from "../certs.mjs";

const names = (page) => page.script("return [...document.querySelectorAll('tbody tr')].map((row) => row.cells[1].innerText.replace(/\\s+/g, ' ').trim());");
const ids = async (home) => (await home.json("cert", "list", "--reader", ONE));
const list = async (home) => { const listed = await ids(home); return listed.certificates ?? listed; };
const choose = (page, name) => page.click("radio", name);

scenario("certificates are listed, sorted and filtered", { both: true }, async (page) => {
  await page.go("Certificates");
  await page.sees("2 certificates");
  const before = await names(page);
  assert.equal(before.length, 2);
  assert.match(before.join(), /\* ?Default/);
  await page.sees("Expired", "tbody");
  await page.click("button", "Name");
  const turned = await names(page);
  assert.deepEqual(turned, [...before].reverse());
  assert.deepEqual(await page.script("return [...document.querySelectorAll('th[aria-sort]')].map((one) => one.getAttribute('aria-sort')).slice(0, 2);"), ["descending", "none"]);
  await page.click("button", "Valid until");
  assert.equal((await names(page)).length, 2);
  await page.type("Filter", "container 1");
  await page.sees("1 of 2 certificates");
  await page.type("Filter", "nothing like that");
  await page.sees("0 of 2 certificates");
  await page.type("Filter", "");
  await page.sees("2 certificates");
});

scenario("every field of a certificate is shown, with its issuer", {}, async (page) => {
  await page.go("Certificates");
  await choose(page, /Container 0/);
  await page.click("button", "View");
  await page.click("summary", /^Issuer 1/);
  const text = await page.text("dialog");
  const said = (await openssl("x509", "-in", demo("logon.pem"), "-noout", "-serial", "-fingerprint", "-sha256")).toString();
  const pairs = (digits) => digits.replace(/(..)(?=.)/g, "$1 ");
  assert.ok(text.includes(pairs(said.match(/serial=(\w+)/)[1])), "the serial number");
  assert.ok(text.includes(said.match(/Fingerprint=(\S+)/)[1].replaceAll(":", " ")), "the thumbprint");
  for (const field of ["Subject", "Issuer", "Valid from", "Valid until", "Key usage", "Extended key usage", "Public key", "Signed with",
    "Subject key identifier", "SHA-1 thumbprint", "X.509 version", "Place", "PIN type", "Key on the card"]) assert.ok(text.includes(field), field);
  await page.click("button", "Close");
});

scenario("certificates are exported as .cer, .der and .pem, as they are", { both: true }, async (page, home) => {
  await page.go("Certificates");
  await choose(page, /Container 0/);
  const original = await told(demo("logon.pem"), "PEM");
  for (const [format, form] of [["cer", "DER"], ["der", "DER"], ["pem", "PEM"]]) {
    await page.choose("Format of the export", `.${format}`);
    const { name, bytes } = await page.saved(() => page.click("button", "Export"));
    assert.match(name, new RegExp(`\\.${format}$`));
    const file = path.join(home.path, `out.${format}`);
    fs.writeFileSync(file, bytes);
    assert.equal(await told(file, form), original, format);
  }
  await page.click("button", "View");
  const { bytes } = await page.saved(() => page.click("button", "Export .pem"));
  assert.match(bytes.toString(), /^-----BEGIN CERTIFICATE-----\n/);
  await page.sees(/written/i, "dialog");
});

scenario("a key with its certificate is imported; its password is asked for until it fits", { both: true }, async (page, home) => {
  const file = await newKey(home.path, "New Key");
  await page.go("Certificates");
  await page.find("button", "Import …");
  await page.upload(file);
  await page.type("Password of the file", "wrong");
  await page.click("button", "Open");
  await page.sees("Wrong password of the file. The card was not asked.");
  assert.deepEqual(await page.secrets(), []);
  await page.type("Password of the file", "secret");
  await page.click("button", "Open");
  await page.sees("New Key goes to Container 2, with its private key.");
  await page.type("PIN", "111111");
  await page.click("button", "Import");
  await page.sees("Wrong PIN. 2 tries are left.", "dialog");
  assert.deepEqual(await page.secrets(), []);
  await page.type("PIN", PIN);
  await page.click("button", "Import");
  await page.says("New Key is on the card.");
  await page.sees("3 certificates");
  assert.deepEqual(await page.secrets(), []);
  assert.equal((await list(home)).length, 3);
  assert.equal(await home.tries(ONE), 3);
});

scenario("a certificate whose key is not on the card is refused in words, one whose key is there replaces the old one", {}, async (page, home) => {
  await page.go("Certificates");
  await page.find("button", "Import …");
  await key(home.path);
  await page.upload(await certificate(home.path, "Stranger", { key: path.join(home.path, "new.key"), file: "stranger" }));
  await page.says(/no.*key/i);
  assert.equal(await page.has("dialog", null), false);
  const fresh = await certificate(home.path, "Anna Renewed", { key: demo("logon.key"), file: "renewed" });
  await page.drop(".drop", "renewed.cer", await openssl("x509", "-in", fresh, "-outform", "DER"));
  await page.sees("Anna Renewed goes to Container 0, whose key it belongs to.");
  await page.sees("It replaces");
  await page.type("PIN", PIN);
  await page.click("button", "Import");
  await page.says("Anna Renewed is on the card.");
  await page.sees("Anna Renewed", "tbody");
  assert.equal((await list(home)).length, 2);
});

scenario("a file that is no certificate is refused in words", {}, async (page, home) => {
  await page.go("Certificates");
  await page.find("button", "Import …");
  const file = path.join(home.path, "picture.cer");
  fs.writeFileSync(file, Buffer.alloc(300, 7));
  await page.upload(file);
  await page.says(/file/);
  fs.writeFileSync(file, Buffer.alloc(600 * 1024));
  await page.upload(file);
  await page.says(/large|file/);
  fs.writeFileSync(file, "");
  await page.upload(file);
  await page.says(/file/);
});

scenario("another certificate becomes the default one", { both: true }, async (page, home) => {
  await page.go("Certificates");
  await choose(page, /Container 0/);
  await page.sees("It is the default one already.");
  await choose(page, /Container 1/);
  await page.click("button", "Make default");
  await page.sees("Until now it is");
  await page.click("button", "Make default");
  await page.sees("Nothing is typed here.", "dialog");
  await page.type("PIN", PIN);
  await page.click("button", "Make default");
  await page.says("is the default now.");
  const found = (await list(home)).find((one) => one.default);
  assert.equal(found.container, 1);
  assert.deepEqual(await page.secrets(), []);
});

scenario("a certificate is deleted with its key, another one without", { both: true }, async (page, home) => {
  await page.go("Certificates");
  await choose(page, /Container 1/);
  await page.click("button", "Delete");
  await page.sees("Its private key is lost for ever");
  await page.click("checkbox", "Keep the private key");
  await page.sees("The private key stays on the card without a certificate");
  await page.type("PIN", PIN);
  await page.click("button", "Delete");
  await page.says("is deleted.");
  await until("one row", async () => (await names(page)).length === 1);
  let left = await list(home);
  assert.ok(left.every((one) => one.container !== 1));
  const details = await home.json("card", "show", "--reader", ONE);
  assert.equal(details.space.containers_used, 2);
  await choose(page, /Container 0/);
  await page.click("button", "Delete");
  await page.sees("It is the default one.");
  await page.type("PIN", PIN);
  await page.click("button", "Delete");
  await page.says("is deleted.");
  await page.sees("The card holds no certificate.");
  left = await list(home);
  assert.equal(left.length, 0);
  assert.equal((await home.json("card", "show", "--reader", ONE)).space.containers_used, 1);
});

scenario("a card that is pulled while a dialog is open closes it, and nothing stays typed", { both: true }, async (page, home) => {
  await page.go("Certificates");
  await choose(page, /Container 1/);
  await page.click("button", "Delete");
  await page.type("PIN", PIN);
  await home.remove(ONE);
  await page.says("The card was taken out.");
  assert.equal(await page.has("dialog", null), false);
  assert.deepEqual(await page.secrets(), []);
  await page.sees("There is no card in the reader.");
  await home.insert(ONE);
  await page.sees("2 certificates");
  assert.equal((await list(home)).length, 2);
});

scenario("what a dialog said of a wrong PIN stays when its card is pulled", {}, async (page, home) => {
  await page.go("Certificates");
  await choose(page, /Container 1/);
  await page.click("button", "Delete");
  await page.type("PIN", "111111");
  await page.click("button", "Delete");
  await page.sees("Wrong PIN.", "dialog");
  await home.remove(ONE);
  await page.says("Wrong PIN.");
  assert.equal(await page.has("dialog", null), false);
  await home.insert(ONE);
  assert.equal(await home.tries(ONE), 2);
});

scenario("a card that is pulled in the middle of an import leaves nothing typed, and has nothing new on it", { both: true }, async (page, home) => {
  const file = await newKey(home.path, "New Key");
  await page.go("Certificates");
  await page.find("button", "Import …");
  await page.upload(file);
  await page.type("Password of the file", "secret");
  await page.click("button", "Open");
  await page.sees("New Key goes to Container 2, with its private key.");
  await page.type("PIN", PIN);
  await home.remove(ONE);
  await page.says("The card was taken out.");
  assert.equal(await page.has("dialog", null), false);
  assert.deepEqual(await page.secrets(), []);
  await home.insert(ONE);
  await page.sees("2 certificates");
  assert.equal((await list(home)).length, 2);
});

scenario("a card that is pulled in the middle of a view closes it", {}, async (page, home) => {
  await page.go("Certificates");
  await choose(page, /Container 0/);
  await page.click("button", "View");
  await page.find("button", "Close");
  await home.remove(ONE);
  await page.says("The card was taken out.");
  assert.equal(await page.has("dialog", null), false);
});

scenario("the last try is not used for a certificate unless somebody says so", { cards: alone({ spent: 2 }) }, async (page, home) => {
  await page.go("Certificates");
  await choose(page, /Container 1/);
  await page.click("button", "Delete");
  await page.sees("This is the last try.", "dialog");
  await page.type("PIN", PIN);
  await page.click("button", "Delete");
  await page.sees("Say yes to the use of the last try", "dialog");
  assert.equal(await home.tries(ONE), 1);
  await page.click("checkbox", "I am sure of my PIN: use the last try.");
  await page.click("button", "Delete");
  await page.says("is deleted.");
});

scenario("a blocked PIN is said before anything is typed", { cards: alone({ spent: 3 }) }, async (page) => {
  await page.go("Certificates");
  await choose(page, /Container 1/);
  await page.click("button", "Delete");
  await page.says("The PIN is blocked. Nothing was sent.");
});

scenario("a damaged certificate is named as such, can be viewed and deleted", { both: true, cards: reader(ONE, "damaged") + damaged() }, async (page, home) => {
  await page.go("Certificates");
  await page.sees("Damaged certificate");
  await choose(page, /Damaged/);
  assert.equal(await page.about("button", "Export", "it.disabled"), true);
  await page.click("button", "View");
  await page.sees("Damaged", "dialog");
  await page.click("button", "Close");
  await page.click("button", "Delete");
  await page.type("PIN", PIN);
  await page.click("button", "Delete");
  await page.says("is deleted.");
  assert.equal((await list(home)).length, 1);
});
