// Takes the pictures of the page for the README: each panel light, some dark, some at 200 %, one in German, and the window itself.
// `packaging/screenshots` runs it with the folder for them.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { driver as chromium } from "./chromium.mjs";
import { dark, display } from "./display.mjs";
import { Home, firstLine } from "./rig.mjs";

const folder = process.argv[2];
const READER = "Kortti Virtual Reader 00 00";
const OTHER = "Kortti Virtual Reader 01 00";

/** A home with the demonstration's cards, and what `open` opens in it; ended afterwards. */
async function session(options, open, body) {
  const ends = [];
  const home = new Home({ after: (end) => ends.push(end) });
  try {
    fs.writeFileSync(`${home.path}/config/kortti/config.toml`, options.config ?? "");
    await home.agent();
    if (options.alone) await home.remove(OTHER);
    await body(await open(home, options), home);
  } finally {
    for (const end of ends) await end();
  }
}

/** A picture once nothing is read any more and no caret blinks. */
async function take(page, name) {
  await page.rests();
  await page.script("document.activeElement.blur(); getSelection().removeAllRanges(); return true;", null);
  await page.screenshot(`${folder}/${name}.png`);
}

async function inBrowser(home, options) {
  const page = await chromium.open(home, options);
  await page.sees(/GIDS|YubiKey/);
  return page;
}

for (const [name, isDark] of [["light", false], ["dark", true]]) {
  await session({ dark: isDark, alone: true, width: 980, height: 700 }, inBrowser, async (page, home) => {
    await take(page, `page-overview-${name}`);
    await page.go("Change PIN");
    await page.type("Current PIN", "123456");
    await page.type("New PIN", "246802");
    await page.type("Confirm new PIN", "24680");
    await take(page, `page-pin-${name}`);
    await page.go("Certificates");
    await page.click("radio", /Anna Demo,/);
    await take(page, `page-certificates-${name}`);
    for (let at = 0; at < 3; at += 1) await home.kortti(["pin", "change", "--pin-stdin", "--last-try", "--reader", READER], ["999999", "111111"]);
    await page.go("Unblock PIN");
    await page.click("button", "Start");
    await page.sees("The challenge is good");
    await page.type("Response", "A38BF1D2CBD66E4B 0000");
    await page.script("document.querySelector('.steps').children[1].scrollIntoView(); return true;", null);
    await take(page, `page-unblock-${name}`);
    await page.go("Information");
    await take(page, `page-information-${name}`);
  });
}
await session({ alone: true, width: 490, height: 900 }, inBrowser, async (page) => {
  for (const [name, tab] of [["overview", "Overview"], ["pin", "Change PIN"], ["unblock", "Unblock PIN"], ["certificates", "Certificates"], ["information", "Information"]]) {
    await page.go(tab);
    await take(page, `page-${name}-200`);
  }
});
await session({ width: 980, height: 700, config: 'language = "de"\n' }, inBrowser, async (page) => {
  await page.choose("Leser", OTHER);
  await page.sees("YubiKey 5.7.1", "#reader-card");
  await page.go("Zertifikate");
  await take(page, "page-certificates-german");
});
await session({ alone: true }, async (home) => {
  const env = { ...home.env, DISPLAY: await display(), GDK_BACKEND: "x11", NO_AT_BRIDGE: "1", LIBGL_ALWAYS_SOFTWARE: "1", DBUS_SESSION_BUS_ADDRESS: "disabled:" };
  home.start("/usr/bin/openbox", [], { env, stdio: "ignore" });
  await firstLine(home.start("kortti-gui", ["--say-painted"], { env, stdio: ["ignore", "pipe", "ignore"] }));
  return env;
}, async (env) => {
  // The card is read a moment after the page can be seen, and nothing in here can look into the window.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  execFileSync("import", ["-window", "root", "-trim", "+repage", `${folder}/window.png`], { env: { ...process.env, ...env } });
});
await chromium.quit();
await dark();
