// A home of a person with an agent on virtual cards: private folders, sockets and ports, and everything ended after the test.

import { execFile, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIN = process.env.KORTTI_BIN ?? path.join(ROOT, "target/debug");
const READY = "ready";

/** How long anything may take that a person waits for before a test fails, in milliseconds: the machine may be busy. */
export const PATIENCE = Number(process.env.KORTTI_PATIENCE ?? 60_000);

/** How long a whole scenario may take, in milliseconds. */
export const LIMIT = 5 * PATIENCE;

/** The path of a program of this build. */
export const program = (name) => path.join(BIN, name);

/** A person's home; gone after the test. */
export class Home {
  /**
   * @param {import("node:test").TestContext} t
   * @param {{cards?: string, config?: string}} [options] cards: a description of virtual cards (TOML)
   */
  constructor(t, options = {}) {
    this.path = fs.mkdtempSync(path.join(os.tmpdir(), "kortti-page-"));
    fs.chmodSync(this.path, 0o700);
    fs.mkdirSync(path.join(this.path, "config/kortti"), { recursive: true });
    fs.mkdirSync(path.join(this.path, "Downloads"));
    fs.writeFileSync(path.join(this.path, "config/user-dirs.dirs"), 'XDG_DOWNLOAD_DIR="$HOME/Downloads"\n');
    const { PATH } = process.env;
    this.env = { PATH, LC_ALL: "C.UTF-8", LANG: "C.UTF-8", XDG_CONFIG_HOME: path.join(this.path, "config") };
    for (const name of ["HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"]) this.env[name] = this.path;
    this.configure(options.config ?? "");
    if (options.cards) this.describe(options.cards);
    this.children = [];
    this.ends = [];
    t.after(() => this.end(t));
  }

  /** Has something done before the programs are ended. */
  before(end) {
    this.ends.push(end);
  }

  async end() {
    const faults = [];
    const attempt = async (end) => {
      try {
        await end();
      } catch (error) {
        faults.push(error);
      }
    };
    for (const end of this.ends.reverse()) await attempt(end);
    for (const child of this.children.reverse()) await attempt(() => ended(child));
    const panic = this.log().split("\n").find((line) => line.includes("panicked"));
    if (panic) faults.push(new Error(`a thread of the agent panicked: ${panic}`));
    // What has just been told to end may still make a file.
    await attempt(() => until("the home is gone", () => {
      fs.rmSync(this.path, { recursive: true, force: true });
      return true;
    }));
    if (faults.length) throw faults.length === 1 ? faults[0] : new AggregateError(faults, faults.map((one) => one.message).join("\n"));
  }

  /** Settles these keys, and that nothing is done at an insertion which no test asked for. */
  configure(toml) {
    const file = path.join(this.path, "config/kortti/config.toml");
    fs.writeFileSync(`${file}.new`, `insert = [{ do = ["notice"] }]\n${toml}`);
    fs.renameSync(`${file}.new`, file);
  }

  /** Describes the virtual cards. */
  describe(toml) {
    fs.writeFileSync(path.join(this.path, "cards.toml"), toml);
  }

  /** Starts a program in this home. */
  start(name, args = [], options = {}) {
    const child = spawn(name.includes("/") ? name : program(name), args, {
      cwd: this.path, env: { ...this.env, ...options.env }, stdio: options.stdio ?? ["ignore", "pipe", "pipe"],
      detached: options.detached ?? false,
    });
    this.children.push(child);
    return child;
  }

  /** Starts an agent that logs all it can, and waits until its socket can be used. */
  async agent() {
    const log = fs.openSync(path.join(this.path, "agent.log"), "a");
    const cards = path.join(this.path, "cards.toml");
    const args = ["--log", "trace", ...(fs.existsSync(cards) ? ["--virtual", cards] : ["--virtual"])];
    const child = this.start("kortti-agent", args, { stdio: ["ignore", "pipe", log] });
    fs.closeSync(log);
    const first = await firstLine(child);
    if (!first) throw new Error(`the agent did not start: ${this.log()}`);
    this.running = child;
    return child;
  }

  /** Ends the agent as a power cut would. */
  async kill() {
    // A page may start another one, which is nobody's child.
    this.before(async () => {
      await this.kortti(["agent", "stop"]);
      await until("no agent listens", async () => !(await this.listens()));
    });
    await ended(this.running, "SIGKILL");
  }

  /** Whether an agent takes connections. */
  listens() {
    return new Promise((resolve) => {
      const socket = net.connect(path.join(this.path, "kortti/agent.sock"));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => resolve(socket.destroy()));
    });
  }

  /** What the agent has logged. */
  log() {
    const file = path.join(this.path, "agent.log");
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  }

  /** Runs `kortti`; what it printed and its exit code. */
  kortti(args, lines = []) {
    return new Promise((resolve) => {
      const child = execFile(program("kortti"), args, { cwd: this.path, env: this.env }, (error, stdout, stderr) => {
        resolve({ code: error ? error.code : 0, stdout, stderr });
      });
      child.stdin.on("error", () => {});
      child.stdin.end(lines.map((line) => `${line}\n`).join(""));
    });
  }

  /** Runs `kortti … --json` and takes what it printed. */
  async json(...args) {
    const { stdout, stderr } = await this.kortti([...args, "--json"]);
    if (!stdout) throw new Error(`kortti ${args.join(" ")}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Asks the agent as any program can: one request on its socket. */
  call(method, params) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(path.join(this.path, "kortti/agent.sock"));
      let text = "";
      socket.on("error", reject);
      socket.on("data", (part) => {
        text += part;
        if (!text.includes("\n")) return;
        socket.destroy();
        const answer = JSON.parse(text);
        if (answer.error) reject(new Error(answer.error.message));
        else resolve(answer.result);
      });
      socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })}\n`);
    });
  }

  async insert(reader, card) {
    await this.done(["virtual", "insert", reader, ...(card ? [card] : [])]);
  }

  async remove(reader) {
    await this.done(["virtual", "remove", reader]);
  }

  /** Runs `kortti`, which has to succeed. */
  async done(args, lines) {
    const run = await this.kortti(args, lines);
    if (run.code !== 0) throw new Error(`kortti ${args.join(" ")}: ${run.stdout}${run.stderr}`);
    return run.stdout;
  }

  /** The tries that are left of a PIN, as the card itself says. */
  async tries(reader, role = 1) {
    const listed = await this.json("pin", "list", "--reader", reader);
    const pins = listed.pins ?? listed;
    return pins.find((pin) => pin.role === role).tries_left;
  }
}

/** Starts `kortti-web` and gives its link. */
export async function serve(home, args = []) {
  const child = home.start("kortti-web", ["--no-open", ...args]);
  const problems = [];
  child.stderr.on("data", (text) => problems.push(String(text)));
  const line = await firstLine(child);
  const link = line?.match(/http:\/\/127\.0\.0\.1:\d+\/\S*/)?.[0];
  if (!link) throw new Error(`kortti-web gave no link: ${line} ${problems.join("")}`);
  return { child, link };
}

/** The first line that a program prints, or `null` when it ends without one. */
export function firstLine(child) {
  return new Promise((resolve) => {
    const lines = readline.createInterface({ input: child.stdout });
    lines.once("line", resolve);
    lines.once("close", () => resolve(null));
  });
}

/** Ends a program and waits until it is gone. */
export async function ended(child, signal = "SIGTERM") {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(force);
}

/** Kills a program that was started detached, and all that it has started. */
export async function endedWithAll(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    return;
  }
  await until("all its processes are gone", () => !runs(child.pid));
}

/** Whether a process of this group runs. One that nobody has waited for yet does nothing any more. */
function runs(group) {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).some((pid) => {
    try {
      // After the name, which may hold anything: state, parent, group (proc_pid_stat(5)).
      const [state, , its] = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(")").at(-1).trim().split(" ");
      return Number(its) === group && state !== "Z";
    } catch {
      return false;
    }
  });
}

/** Waits until something is so: asks again and again until it gives something that is not falsy. */
export async function until(what, ask, patience = PATIENCE) {
  const end = Date.now() + patience;
  let last;
  for (;;) {
    try {
      const found = await ask();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`never so: ${what}${last ? ` (${last.message})` : ""}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
