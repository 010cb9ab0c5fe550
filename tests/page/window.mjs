// The page in its own window, `kortti-gui`, driven through WebKitWebDriver (W3C WebDriver).

import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { dark, display } from "./display.mjs";
import { Page } from "./page.mjs";
import { PATIENCE, endedWithAll, program, until } from "./rig.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** The keys that have no character (WebDriver, "Keyboard actions"). */
const KEYS = {
  Tab: "\uE004", Enter: "\uE007", Escape: "\uE00C", Space: " ", ArrowLeft: "\uE012", ArrowUp: "\uE013", ArrowRight: "\uE014",
  ArrowDown: "\uE015", Home: "\uE011", End: "\uE010", Control: "\uE009", Shift: "\uE008", Backspace: "\uE003",
};

/** A port that is free now. */
const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

class WindowPage extends Page {
  constructor(home, base, session) {
    super();
    this.home = home;
    this.base = base;
    this.session = session;
    this.problems = [];
  }

  async command(method, place, body) {
    const response = await fetch(`${this.base}/session/${this.session}${place}`, {
      method, signal: AbortSignal.timeout(PATIENCE), ...(method === "POST" ? { body: JSON.stringify(body ?? {}) } : {}),
    });
    const { value } = await response.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  async evaluate(script, args) {
    // What gives a promise is waited for.
    const text = `const done = arguments[arguments.length - 1];
      const given = [...arguments].slice(0, -1);
      Promise.resolve().then(() => (function () { ${script} }).apply(null, given))
        .then((value) => done({ value: value === undefined ? null : value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await this.command("POST", "/execute/async", { script: text, args });
    if (error) throw new Error(error);
    return value;
  }

  async element(script, args) {
    const found = await this.command("POST", "/execute/sync", { script, args });
    return found?.[ELEMENT] ? found : null;
  }

  /** By the mouse itself: the driver's own click never answers when what it clicks goes away. */
  async clickOn(element) {
    const place = await this.command("POST", "/execute/async", {
      script: `const [it, done] = arguments;
        it.scrollIntoView({ block: "center" });
        requestAnimationFrame(() => requestAnimationFrame(() => {
          const box = it.getBoundingClientRect();
          const [x, y] = [Math.round(box.left + box.width / 2), Math.round(box.top + box.height / 2)];
          const top = document.elementFromPoint(x, y);
          done(it.isConnected ? { x, y, free: it.contains(top) || (top?.contains(it) ?? false) } : null);
        }));`,
      args: [element],
    });
    if (!place) throw new Error("stale: it went away");
    if (!place.free) throw new Error("something lies over it");
    await this.pointer([{ type: "pointerMove", duration: 0, x: place.x, y: place.y }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }]);
  }

  pointer(actions) {
    return this.command("POST", "/actions", { actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }] });
  }

  async typeInto(element, text) {
    // The driver itself does not scroll to what lies below the edge, where the page keeps a distance from it.
    await this.command("POST", "/execute/sync", { script: "arguments[0].scrollIntoView({ block: 'center' });", args: [element] });
    await this.command("POST", `/element/${element[ELEMENT]}/clear`);
    if (text) await this.command("POST", `/element/${element[ELEMENT]}/value`, { text });
  }

  async press(key) {
    const keys = key.split("+").map((one) => KEYS[one] ?? one);
    await this.command("POST", "/actions", {
      actions: [{
        type: "key", id: "keys",
        actions: [...keys.map((value) => ({ type: "keyDown", value })), ...keys.reverse().map((value) => ({ type: "keyUp", value }))],
      }],
    });
  }

  async hold(element) {
    await this.pointer([{ type: "pointerMove", duration: 0, x: 0, y: 0, origin: element }, { type: "pointerDown", button: 0 }]);
    return () => this.pointer([{ type: "pointerUp", button: 0 }]);
  }

  async upload(file) {
    const input = await this.element("return document.querySelector('input[type=file]');", []);
    await this.command("POST", `/element/${input[ELEMENT]}/value`, { text: file });
  }

  async screenshot(file) {
    fs.writeFileSync(file, Buffer.from(await this.command("GET", "/screenshot"), "base64"));
  }

  /** The file that an action gives the person. */
  async saved(action) {
    const folder = path.join(this.home.path, "Downloads");
    const before = new Set(fs.readdirSync(folder));
    await action();
    const name = await until("a file in the downloads", () => fs.readdirSync(folder).find((one) => !before.has(one)));
    await this.sees(/written/i);
    return { name, bytes: fs.readFileSync(path.join(folder, name)) };
  }
}

/** Starts WebKitWebDriver; where it can be spoken to. */
async function driven(home, env) {
  for (const _ of [1, 2, 3]) {
    const port = await freePort();
    const child = home.start("/usr/bin/WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: ["ignore", "ignore", "ignore"], detached: true });
    // It answers before it has ended its window, and ends itself without it.
    home.before(() => endedWithAll(child));
    const base = `http://127.0.0.1:${port}`;
    const isReady = async () => (await (await fetch(`${base}/status`)).json()).value?.ready;
    // Another program may have taken the port meanwhile.
    const found = await until("WebKitWebDriver", async () => (child.exitCode === null ? (await isReady()) && base : "ended"));
    if (found !== "ended") return base;
  }
  throw new Error("WebKitWebDriver does not start");
}

export const driver = {
  name: "Window",
  window: true,
  async open(home, options = {}) {
    const env = {
      DISPLAY: await display(), GDK_BACKEND: "x11", NO_AT_BRIDGE: "1", DBUS_SESSION_BUS_ADDRESS: "disabled:", LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_COMPOSITING_MODE: "1",
      GTK_THEME: options.dark ? "Adwaita:dark" : "Adwaita",
    };
    const base = await driven(home, env);
    const binary = program("kortti-gui");
    const args = ["--automation", ...(options.args ?? [])];
    const response = await fetch(`${base}/session`, {
      method: "POST",
      body: JSON.stringify({ capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary, args } } } }),
    });
    const { value } = await response.json();
    if (!value?.sessionId) throw new Error(`no window: ${JSON.stringify(value)}`);
    const page = new WindowPage(home, base, value.sessionId);
    home.before(() => fetch(`${base}/session/${value.sessionId}`, { method: "DELETE", signal: AbortSignal.timeout(5000) }).catch(() => {}));
    await page.command("POST", "/timeouts", { script: PATIENCE, pageLoad: PATIENCE, implicit: 0 });
    return page;
  },
  quit: dark,
};
