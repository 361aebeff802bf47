import { defineConfig } from "tsup";

/**
 * One file per engine, each of which runs in a process of its own; Gradus comes from its sources. tfjs goes in as well: its
 * gradients are a module of their own, which registers itself with the copy of the core that it imports.
 */
export default defineConfig({
  entry: ["src/main.ts", "src/webgpu.ts", "src/engines/gradus.ts", "src/engines/tfjs.ts", "src/engines/jax.ts", "src/engines/js-pytorch.ts", "src/engines/onnx.ts"],
  format: "esm",
  target: "es2022",
  splitting: false,
  noExternal: [/^@gradus\//, /^@tensorflow\//],
  external: ["webgpu"],
  // tfjs's own modules expect CommonJS's names around them.
  banner: {
    js: 'import { createRequire as makeRequire } from "node:module"; import { dirname as folderOf } from "node:path"; const require = makeRequire(import.meta.url); const __dirname = folderOf(new URL(import.meta.url).pathname);',
  },
  esbuildOptions(options) {
    options.conditions = ["@gradus/source"];
    options.mainFields = ["module", "main"];
  },
  silent: true,
  clean: true,
});
