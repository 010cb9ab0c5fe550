// The drivers that every scenario runs on. KORTTI_DRIVERS names some of them (Chromium, Window, Firefox), KORTTI_SHOTS a folder for what was
// seen when a scenario failed; KORTTI_SLOW makes Chromium as slow as on a busy machine; KORTTI_WINE leaves out what a test does by means
// of Unix alone.

import { after, test } from "node:test";
import { driver as chromium } from "./chromium.mjs";
import { driver as firefox } from "./firefox.mjs";
import { driver as window } from "./window.mjs";
import { alone } from "./cards.mjs";
import { Home, LIMIT } from "./rig.mjs";

const wanted = process.env.KORTTI_DRIVERS?.split(",");
export const drivers = [chromium, window, firefox].filter((one) => (wanted ? wanted.includes(one.name) : one !== firefox));

/** Whether everything is tried: in the window too what the browser shows already. */
const everything = process.env.KORTTI_PAGE === "all";

/**
 * A scenario, once for each driver: an agent on the cards that are described, and the page open in front of it. One that is for the window
 * or for the browser only runs on the driver that stands for it.
 *
 * @param {string} name
 * @param {{cards?: string, config?: string, dark?: boolean, args?: string[], only?: "window" | "web", both?: boolean, unix?: boolean,
 *   width?: number, height?: number, prepare?: (home: Home) => void}} place
 * @param {(page: any, home: Home, t: any) => Promise<void>} body
 */
export function scenario(name, place, body) {
  for (const driver of drivers) {
    if (place.unix && process.env.KORTTI_WINE) continue;
    if (place.only && place.only !== driver.only) continue;
    if (!everything && driver.only === "window" && !place.only && !place.both) continue;
    test(`${driver.name}: ${name}`, { timeout: LIMIT }, async (t) => {
      const home = new Home(t, { cards: place.cards ?? alone(), config: place.config });
      place.prepare?.(home);
      await home.agent();
      const page = await driver.open(home, place);
      try {
        await body(page, home, t);
      } catch (error) {
        if (process.env.KORTTI_SHOTS) await page.screenshot(`${process.env.KORTTI_SHOTS}/${name.replace(/\W+/g, "-")}-${driver.name}.png`);
        throw error;
      }
    });
  }
}

after(async () => {
  for (const driver of drivers) await driver.quit();
});
