// A private display without a screen, for the windows of one test file.

import { spawn } from "node:child_process";
import { ended, firstLine } from "./rig.mjs";

let server = null;

/** Starts Xvfb on a display that nobody has; its name. */
export function display() {
  server ??= (async () => {
    const child = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"], { stdio: ["ignore", "pipe", "ignore"] });
    const number = await firstLine(child);
    if (!number) throw new Error("Xvfb gave no display");
    return { child, name: `:${number.trim()}` };
  })();
  return server.then(({ name }) => name);
}

export async function dark() {
  await ended((await server)?.child);
  server = null;
}
