import { defineConfig } from "tsup";

/** One program; Gradus comes from its sources. */
export default defineConfig({
  entry: ["src/main.ts"],
  format: "esm",
  target: "es2022",
  noExternal: [/^@gradus\//],
  external: ["webgpu"],
  esbuildOptions(options) {
    options.conditions = ["@gradus/source", "node"];
  },
  silent: true,
  clean: true,
});
