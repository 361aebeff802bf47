import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it } from "vitest";

const deno = inject("deno");
const workspace = fileURLToPath(new URL("../../..", import.meta.url));

interface TestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[] }[];
}

// Where it is skipped: install Deno 2 and Mesa's Vulkan drivers, or set DENO_PATH and LLVMPIPE_DRIVER.
describe.skipIf(deno === null)("Deno's own WebGPU, on Mesa's llvmpipe, which has half floats", () => {
  it("passes the conformance suite and the tests of float16", () => {
    const folder = mkdtempSync(join(tmpdir(), "gradus-deno-"));
    try {
      const output = join(folder, "results.json");
      const files = ["conformance", "float16"].map((name) => `packages/backend-webgpu/test/${name}.test.ts`);
      const args = ["run", "-A", "--unstable-webgpu", resolve(workspace, "node_modules/vitest/vitest.mjs"), "run", "--project", "backend-webgpu", "--pool", "threads", "--reporter", "json", "--outputFile", output];
      const { stderr } = spawnSync(deno?.command ?? "", [...args, ...files], { cwd: workspace, encoding: "utf8", env: { ...process.env, VK_DRIVER_FILES: deno?.driver } });
      const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(output, "utf8")) as TestResults;
      const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
      expect(tests.filter(({ status }) => status === "failed").map(({ fullName }) => fullName), stderr.slice(-2000)).toEqual([]);
      expect(numFailedTests).toBe(0);
      expect(numPassedTests).toBeGreaterThan(1000);
      expect(tests.find(({ fullName }) => fullName.includes("occupies two bytes"))?.status).toBe("passed");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
