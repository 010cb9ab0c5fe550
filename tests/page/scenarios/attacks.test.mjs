// A page of somebody else in the same browser: it cannot frame the page, call it, read it or talk to it.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { newContext, driver } from "../chromium.mjs";
import { drivers } from "../drivers.mjs";
import { ONE, alone } from "../cards.mjs";
import { Home, LIMIT, serve, until } from "../rig.mjs";

/** A request that costs a try where it comes through. */
const PAYLOAD = { jsonrpc: "2.0", id: 1, method: "pin.change", params: { select: { reader: ONE }, role: 1, current: "000000", new: "654321", last_try: true } };

/** A server of somebody else on this machine. */
async function stranger(t) {
  const heard = [];
  const server = http.createServer((request, response) => {
    heard.push({ url: request.url, headers: request.headers });
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>stranger</title><body>stranger</body>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { origin: `http://127.0.0.1:${server.address().port}`, heard };
}

/** The page that is open for somebody, and a tab of a stranger beside it in the same browser. */
async function beside(t) {
  const home = new Home(t, { cards: alone() });
  await home.agent();
  const context = await newContext();
  const { link } = await serve(home);
  home.before(() => context.close());
  const page = await context.newPage();
  await page.goto(link);
  await page.waitForSelector("#header:not([hidden])");
  const { origin, heard } = await stranger(t);
  const evil = await context.newPage();
  await evil.goto(origin);
  return { home, context, page, evil, heard, victim: new URL(link).origin };
}

const attack = (name, body) => test(`Chromium: ${name}`, { timeout: LIMIT, skip: !drivers.includes(driver) }, async (t) => {
  const place = await beside(t);
  await body(place);
  assert.equal(await place.home.tries(ONE), 3, "no try was used");
  assert.doesNotMatch(place.home.log(), /command=VERIFY 20 \w+ \(data/);
});

test("Chromium: the request that the attacks send would cost a try if the page sent it", { timeout: LIMIT, skip: !drivers.includes(driver) }, async (t) => {
  const { home, page } = await beside(t);
  const answer = await page.evaluate(async (body) => {
    const headers = { "content-type": "application/json", "x-kortti": sessionStorage.getItem("kortti-secret") };
    return (await fetch("/call", { method: "POST", headers, body })).json();
  }, JSON.stringify(PAYLOAD));
  assert.equal(answer.error.data.code, "wrong_pin");
  assert.equal(await home.tries(ONE), 2);
});

attack("requests of a foreign page are not carried out", async ({ evil, victim }) => {
  const outcomes = await evil.evaluate(async ([target, body]) => {
    const all = [];
    const attempt = async (options) => {
      try {
        const response = await fetch(`${target}/call`, { method: "POST", body, ...options });
        all.push(response.type === "opaque" ? "opaque" : `read ${response.status}`);
      } catch {
        all.push("refused");
      }
    };
    for (const credentials of ["include", "omit"]) {
      await attempt({ mode: "no-cors", credentials, headers: { "content-type": "text/plain" } });
      await attempt({ mode: "no-cors", credentials });
      await attempt({ mode: "cors", credentials, headers: { "content-type": "application/json" } });
      await attempt({ mode: "cors", credentials, headers: { "content-type": "application/json", "x-kortti": "0" } });
      await attempt({ mode: "cors", credentials, headers: { "content-type": "text/plain" } });
    }
    navigator.sendBeacon(`${target}/call`, body);
    navigator.sendBeacon(`${target}/call`, new Blob([body], { type: "text/plain" }));
    return all;
  }, [victim, JSON.stringify(PAYLOAD)]);
  assert.ok(outcomes.every((outcome) => outcome === "refused" || outcome === "opaque"), outcomes.join());
});

attack("a form of a foreign page is not carried out", async ({ evil, victim }) => {
  const text = JSON.stringify({ ...PAYLOAD, x: "" }).slice(0, -2);
  const [response] = await Promise.all([
    evil.waitForResponse((one) => one.url() === `${victim}/call`),
    evil.evaluate(([target, name]) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", enctype: "text/plain", action: `${target}/call` });
      const input = document.createElement("input");
      Object.assign(input, { name, value: '"}' });
      form.append(input);
      document.body.append(form);
      form.submit();
    }, [victim, text]),
  ]);
  assert.ok(response.status() >= 400, String(response.status()));
  assert.equal(response.headers()["access-control-allow-origin"], undefined);
});

attack("a foreign page cannot frame the page", async ({ evil, victim }) => {
  await evil.evaluate((target) => {
    for (const tag of ["iframe", "object", "embed"]) {
      const frame = document.createElement(tag);
      frame.setAttribute(tag === "object" ? "data" : "src", `${target}/`);
      document.body.append(frame);
    }
  }, victim);
  await until("the frames have failed", async () => evil.frames().length > 1);
  await evil.waitForLoadState("networkidle");
  for (const frame of evil.frames().slice(1)) assert.ok(!(await frame.content().catch(() => "")).includes("Kortti"), frame.url());
});

attack("a foreign page that opens the page has no hold of it", async ({ evil, victim, context }) => {
  const opened = context.waitForEvent("page");
  await evil.evaluate((target) => {
    window.opened = window.open(`${target}/`);
  }, victim);
  const tab = await opened;
  await tab.waitForLoadState();
  await until("the handle is cut", () => evil.evaluate(() => window.opened.closed));
  await evil.evaluate((body) => {
    for (const target of ["*"]) window.opened.postMessage(body, target);
  }, JSON.stringify(PAYLOAD));
  assert.equal(await tab.evaluate(() => window.opener), null);
});

attack("a foreign page reads neither scripts nor pictures of the page", async ({ evil, victim }) => {
  const loaded = await evil.evaluate((target) => Promise.all([["img", "/icon.svg"], ["script", "/js/checksum.js"], ["link", "/style/base.css"]].map(([tag, path]) => new Promise((resolve) => {
    const one = document.createElement(tag);
    one.onload = () => resolve(`${path} was loaded`);
    one.onerror = () => resolve(null);
    if (tag === "link") Object.assign(one, { rel: "stylesheet", href: target + path });
    else one.src = target + path;
    document.body.append(one);
  }))), victim);
  assert.deepEqual(loaded.filter(Boolean), []);
});

attack("a foreign page hears no events", async ({ evil, victim }) => {
  const heard = await evil.evaluate((target) => new Promise((resolve) => {
    const source = new EventSource(`${target}/events`, { withCredentials: true });
    source.onopen = () => resolve("opened");
    source.onerror = () => {
      source.close();
      const socket = new WebSocket(`${target.replace("http", "ws")}/events`);
      socket.onopen = () => resolve("opened");
      socket.onerror = () => resolve("refused");
    };
  }), victim);
  assert.equal(heard, "refused");
});

attack("a foreign origin on the same port number gets neither cookie nor answer", async ({ evil, victim, heard }) => {
  const other = victim.replace("127.0.0.1", "localhost");
  const response = await evil.goto(`${other}/`).catch(() => null);
  assert.ok(response === null || response.status() === 421, String(response?.status()));
  // The cookie goes to every port of this machine, so it alone must not be enough.
  for (const { headers } of heard) assert.ok(!headers["x-kortti"]);
});

test("Chromium: the link is good once, and a copied tab has no session", { timeout: LIMIT, skip: !drivers.includes(driver) }, async (t) => {
  const home = new Home(t, { cards: alone() });
  await home.agent();
  const context = await newContext();
  const { link, child } = await serve(home);
  home.before(() => context.close());
  const page = await context.newPage();
  await page.goto(link);
  await page.waitForSelector("#header:not([hidden])");
  assert.equal(new URL(page.url()).hash, "", "the token does not stay in the address");
  // Without the link there is no session.
  const plain = await context.newPage();
  await plain.goto(`${new URL(link).origin}/`);
  await plain.waitForSelector("#closed:not([hidden])");
  assert.equal(await plain.locator("#header").isVisible(), false);
  // Somebody who has read the link ends it for both.
  const thief = await newContext();
  home.before(() => thief.close());
  const stolen = await thief.newPage();
  await stolen.goto(link);
  await stolen.waitForSelector("#closed:not([hidden])");
  await until("the server has ended", () => child.exitCode !== null || child.signalCode !== null);
  await page.waitForSelector("text=no longer open");
  assert.equal(await page.evaluate(() => [...document.querySelectorAll(".secret input")].filter((one) => one.value).length), 0);
});

test("Chromium: a reload keeps the session", { timeout: LIMIT, skip: !drivers.includes(driver) }, async (t) => {
  const home = new Home(t, { cards: alone() });
  await home.agent();
  const context = await newContext();
  const { link } = await serve(home);
  home.before(() => context.close());
  const page = await context.newPage();
  await page.goto(link);
  await page.waitForSelector("#header:not([hidden])");
  await page.reload();
  await page.waitForSelector("#panel-overview:not([hidden]) .cards");
});
