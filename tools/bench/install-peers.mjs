// Fetches the peers that nobody else needs, once: runtimes of hundreds of megabytes, and a newer Node. Without them, as on a machine
// that is offline, their rows say that they are missing.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("peers", import.meta.url));
if (!existsSync(`${folder}/node_modules`)) {
  console.error("bench: fetching what it compares with, once …");
  spawnSync("pnpm", ["install", "--ignore-workspace", "--ignore-scripts", "--frozen-lockfile", "--silent"], { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
}
