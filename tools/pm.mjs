// Runs pnpm for `npm test` and `npm run demo` on a machine that has only Node and npm.
//
//     node tools/pm.mjs run demo:here --epochs 1
//
// It takes the pnpm on the PATH if that has the pinned major version, else fetches the pinned one through npx (corepack is gone
// from newer Nodes). It installs the dependencies first when they are missing or not those of the lockfile, and always in CI.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (/** @type {string} */ file) => readFileSync(root + file, "utf8");

// Windows starts pnpm and npx through command files, which need a shell.
const options = { cwd: root, env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" }, shell: process.platform === "win32" };

/** The command line that is pnpm. */
function findPnpm() {
  const { packageManager } = /** @type {{ packageManager: string }} */ (JSON.parse(read("package.json")));
  const major = (/** @type {string} */ version) => version.trim().replace("pnpm@", "").split(".")[0];
  const installed = spawnSync("pnpm", ["--version"], { ...options, encoding: "utf8" });
  const fits = installed.status === 0 && major(installed.stdout) === major(packageManager);
  return fits ? ["pnpm"] : ["npx", "--yes", "--loglevel=error", packageManager];
}

/** pnpm keeps a copy of the lockfile that it installed from. */
function isInstalled() {
  const installed = "node_modules/.pnpm/lock.yaml";
  return existsSync(root + installed) && read(installed) === read("pnpm-lock.yaml");
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit status
 */
function run([command = "", ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (status) => resolve(status ?? 1));
  });
}

// Ctrl-C reaches the whole group of processes; this one waits, so that the program can save its work and say so.
process.on("SIGINT", () => undefined);

const pnpm = findPnpm();
let status = 0;
if (process.env.CI || !isInstalled()) status = await run([...pnpm, "install", "--frozen-lockfile"]);
if (status === 0) status = await run([...pnpm, ...process.argv.slice(2)]);
process.exitCode = status;
