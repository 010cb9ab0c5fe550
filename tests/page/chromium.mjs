// The page in the distribution's Chromium, served by `kortti-web`.

import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { Page } from "./page.mjs";
import { PATIENCE, serve } from "./rig.mjs";

const ARGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

let browser = null;

/** One browser for all tests of a file; each test has a profile of its own. */
function launch() {
  browser ??= chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS, timeout: PATIENCE });
  return browser;
}

/** A profile of its own. */
export async function newContext(options) {
  const context = await (await launch()).newContext(options);
  context.setDefaultTimeout(PATIENCE);
  return context;
}

export async function quit() {
  await (await browser)?.close();
  browser = null;
}

/** A script with its arguments, as one expression: the page's policy forbids to make functions of texts. */
const whole = (text, args) => `(function () { ${text} }).apply(null, ${JSON.stringify(args)})`;

class ChromiumPage extends Page {
  constructor(home, page) {
    super();
    this.home = home;
    this.page = page;
    this.problems = [];
    // From the beginning: a listener that comes with the press of the button may come too late, and the browser opens a window of its own.
    page.on("filechooser", () => {});
    page.on("pageerror", (error) => this.problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.problems.push(message.text());
    });
  }

  evaluate(text, args) {
    return this.page.evaluate(whole(text, args));
  }

  async element(text, args) {
    return (await this.page.evaluateHandle(whole(text, args))).asElement();
  }

  async clickOn(element) {
    await element.click();
  }

  async typeInto(element, text) {
    await element.fill("");
    await element.type(text);
  }

  press(key) {
    return this.page.keyboard.press(key);
  }

  /** Holds the mouse down on an element; gives what lets go of it. */
  async hold(element) {
    await element.hover();
    await this.page.mouse.down();
    return () => this.page.mouse.up();
  }

  async upload(file) {
    await this.page.setInputFiles("input[type=file]", file);
  }

  async screenshot(file) {
    await this.page.screenshot({ path: file });
  }

  async resize(width, height) {
    await this.page.setViewportSize({ width, height });
  }

  /** The file that an action gives the person. */
  async saved(action) {
    const coming = this.page.waitForEvent("download");
    await action();
    const download = await coming;
    const file = path.join(this.home.path, "Downloads", download.suggestedFilename());
    await download.saveAs(file);
    return { name: download.suggestedFilename(), bytes: fs.readFileSync(file) };
  }
}

/** Makes a page as slow as on a busy machine: its processor, its requests, the answers and the events. */
async function slow(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.addInitScript(() => {
    const late = () => new Promise((resolve) => setTimeout(resolve, Math.random() ** 3 * 600));
    const soon = window.fetch;
    window.fetch = async (...request) => {
      await late();
      const response = await soon(...request);
      await late();
      const held = new TransformStream({
        async transform(chunk, controller) {
          await late();
          controller.enqueue(chunk);
        },
      });
      return new Response(response.body?.pipeThrough(held) ?? null, { status: response.status, headers: response.headers });
    };
  });
}

export const driver = {
  name: "Chromium",
  only: "web",
  /**
   * @param {import("./rig.mjs").Home} home
   * @param {{args?: string[], dark?: boolean, width?: number, height?: number}} [options]
   */
  async open(home, options = {}) {
    const { link } = await serve(home, options.args);
    const context = await newContext({
      viewport: { width: options.width ?? 980, height: options.height ?? 820 }, colorScheme: options.dark ? "dark" : "light",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = new ChromiumPage(home, await context.newPage());
    home.before(async () => {
      await context.close();
      const grave = page.problems.filter((problem) => !/Failed to load resource|ERR_/.test(problem));
      if (grave.length) throw new Error(`the page complained: ${grave.join("\n")}`);
    });
    if (process.env.KORTTI_SLOW) await slow(page.page);
    await page.page.goto(link);
    return page;
  },
  quit,
};
