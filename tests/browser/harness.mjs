// A service to test, a browser to test it with, and checks that are counted.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

/** Starts the service on a free port; `stop()` ends it. */
export async function serve(binary, ...flags) {
  const child = spawn(binary, ["serve", "--bind", "127.0.0.1:0", "--log-format", "json", ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH },
  });
  const lines = createInterface({ input: child.stderr });
  const address = await new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the service ended with ${code}`)));
    lines.on("line", (line) => {
      const found = /127\.0\.0\.1:\d+/.exec(line);
      if (found) resolve(found[0]);
    });
  });
  return { origin: `http://${address}`, stop: () => child.kill("SIGTERM") };
}

/** Debian's Chromium. Its own sandbox wants rights that a container seldom has; what is opened here is our own. */
export function browser() {
  const folders = process.env.PATH.split(path.delimiter);
  const executablePath = folders.map((folder) => path.join(folder, "chromium")).find((file) => existsSync(file));
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

let failures = 0;

/** Runs one check and says how it went. */
export async function check(name, run) {
  try {
    await run();
    console.log(`pass ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL ${name}: ${String(error.message ?? error).split("\n").slice(0, 12).join(" | ")}`);
  }
}

export const failed = () => failures;
