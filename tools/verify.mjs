// `npm test`: every check of the workspace, each run to its end even when an earlier one failed, then one plain line that counts
// them together with the tests. With GRADUS_REQUIRE_ALL=1, as in CI, what the machine lacks is a failure instead of a skip.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { chromiumPath, hasWebGpu, pythonWithTorch } from "./capabilities.mjs";

const testResults = "node_modules/.cache/vitest.json";

/** Name → command line. pnpm has put itself and the binaries of the workspace on the PATH. */
const checks = {
  builds: "pnpm --silent build --output-logs=errors-only",
  types: "pnpm --silent typecheck",
  lint: "pnpm --silent lint",
  "packed packages": "node tools/check-packages.mjs",
  sizes: "size-limit",
  "unused code": "knip --no-config-hints",
  tests: `vitest run --reporter=default --reporter=json --outputFile.json=${testResults}`,
};

/** What some tests need beside Node, and where it comes from. */
const capabilities = [
  { name: "tests in a browser", found: chromiumPath !== undefined, remedy: "install Chromium or set CHROMIUM_PATH" },
  { name: "tests on WebGPU in Node", found: hasWebGpu, remedy: "install Chromium, which brings SwiftShader, or set VK_DRIVER_FILES" },
  { name: "comparisons with a running PyTorch", found: pythonWithTorch !== undefined, remedy: "install python3-torch" },
];

const count = { passed: 0, failed: 0, skipped: 0 };

/** Adds the single tests; a file that could not even be loaded has none, so the check's own status counts as well. */
function countTests() {
  if (!existsSync(testResults)) return;
  const results = /** @type {Record<"numPassedTests" | "numFailedTests" | "numPendingTests" | "numTodoTests", number>} */ (
    JSON.parse(readFileSync(testResults, "utf8"))
  );
  count.passed += results.numPassedTests;
  count.failed += results.numFailedTests;
  count.skipped += results.numPendingTests + results.numTodoTests;
}

rmSync(testResults, { force: true });
for (const [name, command] of Object.entries(checks)) {
  const start = performance.now();
  console.log(`\n── ${name}: ${command}`);
  const { status } = spawnSync(command, { shell: true, stdio: "inherit" });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`── ${name}: ${status === 0 ? "passed" : "FAILED"} in ${seconds} s`);
  count[status === 0 ? "passed" : "failed"] += 1;
}
countTests();

for (const { name, found, remedy } of capabilities) {
  if (found) continue;
  const missing = process.env.GRADUS_REQUIRE_ALL ? "failed" : "skipped";
  count[missing] += 1;
  console.log(`── ${missing}: ${name}; ${remedy}`);
}

if (count.failed > 0) process.exitCode = 1;
console.log(`\n${String(count.passed)} passed, ${String(count.failed)} failed, ${String(count.skipped)} skipped`);
