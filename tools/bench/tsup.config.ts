import { defineConfig } from "tsup";
import type { Options } from "tsup";

/** Gradus comes from its sources. */
const shared = {
  format: "esm",
  target: "es2022",
  splitting: false,
  esbuildOptions(options) {
    options.conditions = ["@gradus/source"];
    options.mainFields = ["module", "main"];
  },
  silent: true,
} as const satisfies Options;

export default defineConfig([
  /**
   * One file per engine, each of which runs in a process of its own. tfjs goes in as well: its
   * gradients are a module of their own, which registers itself with the copy of the core that it imports.
   */
  {
    ...shared,
    entry: ["src/main.ts", "src/webgpu.ts", "src/engines/gradus.ts", "src/engines/tfjs.ts", "src/engines/jax.ts", "src/engines/js-pytorch.ts", "src/engines/onnx.ts", "src/start-up/*.ts"],
    noExternal: [/^@gradus\//, /^@tensorflow\//],
    external: ["webgpu", "playwright"],
    // tfjs's own modules expect CommonJS's names around them.
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; import { dirname as folderOf } from "node:path"; const require = makeRequire(import.meta.url); const __dirname = folderOf(new URL(import.meta.url).pathname);',
    },
  },
  /** One file per engine that runs on a page. */
  {
    ...shared,
    entry: ["src/page/gradus.ts", "src/page/tfjs.ts", "src/page/jax.ts", "src/page/onnx.ts"],
    outDir: "dist/page",
    platform: "browser",
    noExternal: [/./],
  },
]);
