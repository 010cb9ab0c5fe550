// The page in Firefox, driven through Marionette, which takes the commands of W3C WebDriver over a connection of its own. It is tried where
// it is asked for: KORTTI_DRIVERS=Firefox, with firefox-esr on the PATH, or what FIREFOX names.

import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { PATIENCE, endedWithAll, serve, until } from "./rig.mjs";
import { WebDriverPage } from "./webdriver.mjs";

const PREFERENCES = {
  "app.update.disabledForTesting": true, "browser.aboutwelcome.enabled": false, "browser.download.alwaysOpenPanel": false,
  "browser.download.folderList": 2, "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0, "datareporting.policy.dataSubmissionEnabled": false, "dom.events.testing.asyncClipboard": true, "marionette.port": 0,
  "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false, "toolkit.telemetry.enabled": false,
};

/** Where Firefox writes the port that it has taken. */
const PORT = "MarionetteActivePort";

/** What comes and goes through Marionette: a JSON text after its length in bytes and a colon. */
class Marionette {
  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.waiting = new Map();
    this.last = 0;
    socket.on("data", (part) => this.take(part));
    socket.on("close", () => {
      for (const { reject } of this.waiting.values()) reject(new Error("Firefox has ended"));
    });
    socket.on("error", () => {});
  }

  take(part) {
    this.bytes = Buffer.concat([this.bytes, part]);
    for (;;) {
      const colon = this.bytes.indexOf(":");
      const end = colon + 1 + Number(this.bytes.subarray(0, colon));
      if (colon < 0 || this.bytes.length < end) return;
      const message = JSON.parse(this.bytes.subarray(colon + 1, end));
      this.bytes = this.bytes.subarray(end);
      // The first thing that comes is a greeting.
      if (!Array.isArray(message)) continue;
      const [, id, error, result] = message;
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) reject(new Error(`${error.error}: ${error.message}`));
      else resolve(result && "value" in result ? result.value : result);
    }
  }

  send(name, parameters = {}) {
    const id = (this.last += 1);
    const text = JSON.stringify([0, id, name, parameters]);
    this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  /** Settles preferences of the browser that runs. */
  async prefer(preferences) {
    await this.send("Marionette:SetContext", { value: "chrome" });
    await this.send("WebDriver:ExecuteScript", {
      script: `for (const [name, value] of Object.entries(arguments[0])) {
        if (typeof value === "string") Services.prefs.setStringPref(name, value); else Services.prefs.setIntPref(name, value);
      }`,
      args: [preferences],
    });
    await this.send("Marionette:SetContext", { value: "content" });
  }
}

let running = null;

/** One browser for all tests of a file. */
function launch() {
  if (running) return running;
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "kortti-firefox-"));
  const settled = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  fs.writeFileSync(path.join(profile, "user.js"), settled.join(""));
  const args = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", profile];
  const child = spawn(process.env.FIREFOX ?? "firefox-esr", args, {
    stdio: "ignore", detached: true, env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
  });
  running = { child, profile, marionette: connected(profile) };
  return running;
}

/** What speaks to the Firefox that has just been started with this profile. */
async function connected(profile) {
  const port = await until("Firefox", () => Number(fs.readFileSync(path.join(profile, PORT), "utf8")));
  const socket = net.connect(port, "127.0.0.1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const marionette = new Marionette(socket);
  await marionette.send("WebDriver:NewSession", { timeouts: { script: PATIENCE, pageLoad: PATIENCE, implicit: 0 } });
  return marionette;
}

class FirefoxPage extends WebDriverPage {
  constructor(home, marionette) {
    super(home);
    this.marionette = marionette;
  }

  command(name, parameters) {
    return this.marionette.send(`WebDriver:${name}`, parameters);
  }

  async resize(width, height) {
    await this.command("SetWindowRect", { width, height });
    // What was set is the window, what was asked for is the page in it.
    const [wider, higher] = await this.script("return [outerWidth - innerWidth, outerHeight - innerHeight];");
    await this.command("SetWindowRect", { width: width + wider, height: height + higher });
  }
}

export const driver = {
  name: "Firefox",
  async open(home, options = {}) {
    const { link } = await serve(home, options.args);
    const marionette = await launch().marionette;
    await marionette.prefer({
      "browser.download.dir": path.join(home.path, "Downloads"), "layout.css.prefers-color-scheme.content-override": options.dark ? 0 : 1,
    });
    const { handle } = await marionette.send("WebDriver:NewWindow", { type: "tab" });
    await marionette.send("WebDriver:SwitchToWindow", { handle });
    const page = new FirefoxPage(home, marionette);
    home.before(async () => {
      await page.command("DeleteAllCookies", {});
      const [other] = (await page.command("CloseWindow", {})).filter((one) => one !== handle);
      await page.command("SwitchToWindow", { handle: other });
    });
    await page.resize(options.width ?? 980, options.height ?? 820);
    await page.command("Navigate", { url: link });
    return page;
  },
  async quit() {
    if (!running) return;
    const { child, profile } = running;
    running = null;
    await endedWithAll(child);
    fs.rmSync(profile, { recursive: true, force: true });
  },
};
