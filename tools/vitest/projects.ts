import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import type { TestProjectInlineConfiguration } from "vitest/config";
import { docExamples } from "../doc-examples/plugin.js";
import { chromiumPath, denoOnLlvmpipe, hasWebGpu, pythonWithTorch, vulkanDriver } from "../capabilities.mjs";

// The Vulkan loader reads it when a test asks for its first adapter; test processes inherit it from here.
if (vulkanDriver !== undefined) process.env.VK_DRIVER_FILES = vulkanDriver;

/** Workspace packages resolve to their sources, so that tests need no build. */
const source = "@gradus/source";
const resolveSources = {
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
};

const provide = { webgpu: hasWebGpu, pythonWithTorch: pythonWithTorch ?? null, chromium: chromiumPath ?? null, deno: denoOnLlvmpipe ?? null };

/** For a test that hangs; how long one takes is no matter here, as machines are slow and busy. */
const timeLimits = { testTimeout: 300_000, hookTimeout: 300_000 };

/** What a folder's tests share: its `test/global-setup.ts`, where it has one. */
const sharedBy = (root: string) => {
  const setup = resolve(root, "test/global-setup.ts");
  return existsSync(setup) ? { globalSetup: [setup] } : {};
};

const leakCheck = fileURLToPath(new URL("leak-check.ts", import.meta.url));

/** Whether the tests of a folder may use tensors: only then are there devices on which they could leave something. */
function usesTensors(root: string): boolean {
  const manifest = `${root}/package.json`;
  return !existsSync(manifest) || /"(gradus|@gradus\/(tensor-core|backend-conformance))"/.test(readFileSync(manifest, "utf8"));
}

/**
 * One project for each folder, so that `vitest run --project nn` runs the tests of `nn` alone.
 *
 * @param test - Which files are tests; where the short and the long ones differ.
 */
export function nodeProjects(test: TestProjectInlineConfiguration["test"]): TestProjectInlineConfiguration[] {
  const folders = ["packages", "apps"].flatMap((group) => readdirSync(group).map((name) => ({ name, root: `${group}/${name}` })));
  return [...folders, { name: "tools", root: "tools" }].map(({ name, root }) => ({
    ...resolveSources,
    root,
    test: { provide, ...timeLimits, ...sharedBy(root), ...test, ...(usesTensors(root) && { setupFiles: [leakCheck] }), name },
  }));
}

const pagesWithExamples = readdirSync("docs").map((page) => `docs/${page}`).filter((page) => page.endsWith(".md") && readFileSync(page, "utf8").includes("```ts"));

/** The examples of the documentation, as docs/doc-examples.md describes them. */
export const docExamplesProject: TestProjectInlineConfiguration = {
  ...resolveSources,
  plugins: [docExamples],
  test: { ...timeLimits, name: "doc-examples", include: ["README.md", "packages/*/README.md", ...pagesWithExamples] },
};

/**
 * The tests that need a real browser; no project where none is installed.
 *
 * @param test - Which files are tests.
 */
export function browserProjects(test: TestProjectInlineConfiguration["test"]): TestProjectInlineConfiguration[] {
  if (chromiumPath === undefined) return [];
  const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  const webgpuInSoftware = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
  return [
    {
      ...resolveSources,
      // Shared memory, and with it threads, exists only on a page that isolates itself.
      server: {
        headers: {
          "Cross-Origin-Opener-Policy": "same-origin",
          "Cross-Origin-Embedder-Policy": "require-corp",
          "Cross-Origin-Resource-Policy": "cross-origin",
        },
      },
      test: {
        name: "browser",
        ...timeLimits,
        ...test,
        setupFiles: [leakCheck],
        provide: { ...provide, webgpu: true },
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          // Chromium's sandbox cannot start in a container, where the tests often run as root.
          provider: playwright({ launchOptions: { executablePath: chromiumPath, args: ["--no-sandbox", ...quiet, ...webgpuInSoftware] } }),
          instances: [{ browser: "chromium" }],
        },
      },
    },
  ];
}
