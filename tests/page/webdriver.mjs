// A page that is driven by the commands of W3C WebDriver, whatever carries them.

import fs from "node:fs";
import path from "node:path";
import { Page } from "./page.mjs";
import { until } from "./rig.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** The keys that have no character (WebDriver, "Keyboard actions"). */
const KEYS = {
  Tab: "\uE004", Enter: "\uE007", Escape: "\uE00C", Space: " ", ArrowLeft: "\uE012", ArrowUp: "\uE013", ArrowRight: "\uE014",
  ArrowDown: "\uE015", Home: "\uE011", End: "\uE010", Control: "\uE009", Shift: "\uE008", Backspace: "\uE003",
};

/** A driver gives: command, which takes the name of a command as the standard has it, and its parameters. */
export class WebDriverPage extends Page {
  constructor(home) {
    super();
    this.home = home;
  }

  async evaluate(script, args) {
    // What gives a promise is waited for.
    const text = `const done = arguments[arguments.length - 1];
      const given = [...arguments].slice(0, -1);
      Promise.resolve().then(() => (function () { ${script} }).apply(null, given))
        .then((value) => done({ value: value === undefined ? null : value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await this.command("ExecuteAsyncScript", { script: text, args });
    if (error) throw new Error(error);
    return value;
  }

  async element(script, args) {
    const found = await this.command("ExecuteScript", { script, args });
    return found?.[ELEMENT] ? found : null;
  }

  /** By the mouse itself: WebKitWebDriver's own click never answers when what it clicks goes away. */
  async clickOn(element) {
    const place = await this.command("ExecuteAsyncScript", {
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
    return this.command("PerformActions", { actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }] });
  }

  async typeInto(element, text) {
    // WebKitWebDriver does not scroll to what lies below the edge, where the page keeps a distance from it.
    await this.command("ExecuteScript", { script: "arguments[0].scrollIntoView({ block: 'center' });", args: [element] });
    await this.command("ElementClear", { id: element[ELEMENT] });
    if (text) await this.command("ElementSendKeys", { id: element[ELEMENT], text });
  }

  async press(key) {
    const keys = key.split("+").map((one) => KEYS[one] ?? one);
    await this.command("PerformActions", {
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
    await this.command("ElementSendKeys", { id: input[ELEMENT], text: file });
  }

  async screenshot(file) {
    fs.writeFileSync(file, Buffer.from(await this.command("TakeScreenshot", {}), "base64"));
  }

  /** The file that an action gives the person. */
  async saved(action) {
    const folder = path.join(this.home.path, "Downloads");
    const before = new Set(fs.readdirSync(folder));
    await action();
    const isWhole = (name) => !before.has(name) && !name.endsWith(".part") && fs.statSync(path.join(folder, name)).size > 0;
    const name = await until("a file in the downloads", () => fs.readdirSync(folder).find(isWhole));
    await this.sees(/written/i);
    return { name, bytes: fs.readFileSync(path.join(folder, name)) };
  }
}
