// The page in its own window, `kortti-gui`, driven through WebKitWebDriver (W3C WebDriver).

import net from "node:net";
import { dark, display } from "./display.mjs";
import { PATIENCE, endedWithAll, program, until } from "./rig.mjs";
import { WebDriverPage } from "./webdriver.mjs";

/** A port that is free now. */
const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

/** Where the commands are (WebDriver, "Endpoints"). */
const PLACES = {
  ExecuteScript: () => "/execute/sync", ExecuteAsyncScript: () => "/execute/async", PerformActions: () => "/actions", SetTimeouts: () => "/timeouts",
  ElementClear: ({ id }) => `/element/${id}/clear`, ElementSendKeys: ({ id }) => `/element/${id}/value`,
  TakeScreenshot: () => "/screenshot",
};
const ASKED = ["TakeScreenshot"];

class WindowPage extends WebDriverPage {
  constructor(home, base, session) {
    super(home);
    this.place = `${base}/session/${session}`;
  }

  async command(name, parameters) {
    const request = ASKED.includes(name) ? { method: "GET" } : { method: "POST", body: JSON.stringify(parameters) };
    const response = await fetch(`${this.place}${PLACES[name](parameters)}`, { ...request, signal: AbortSignal.timeout(PATIENCE) });
    const { value } = await response.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
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
  only: "window",
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
    await page.command("SetTimeouts", { script: PATIENCE, pageLoad: PATIENCE, implicit: 0 });
    return page;
  },
  quit: dark,
};
