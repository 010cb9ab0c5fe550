// What the host said at the start, and what the settings of this machine allow.

import { call } from "./bridge.js";

/** @import { Config } from "../../../../shared/types" */

/** @type {{host: "window" | "web", version: string, languages: {code: string, name: string}[], pinentry: boolean, respond: boolean, config: Config | null}} */
export const settings = { host: "web", version: "", languages: [], pinentry: false, respond: true, config: null };

/**
 * @param {any} start
 */
export function begin(start) {
  settings.host = start.host;
  settings.version = start.version;
  settings.languages = start.languages;
  settings.pinentry = start.pin_entry === "pinentry";
  settings.respond = start.respond;
}

/** Asks the agent for the settings in force. What it does not tell is judged by it all the same. */
export async function takeIn() {
  settings.config = await call("config.show").then((shown) => shown.config, () => settings.config);
}
