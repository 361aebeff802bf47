import { defineConfig } from "tsup";

/** One file per engine, each of which runs in a process of its own; Gradus comes from its sources. */
export default defineConfig({
  entry: ["src/main.ts", "src/engines/gradus.ts", "src/engines/tfjs.ts", "src/engines/jax.ts"],
  format: "esm",
  target: "es2022",
  noExternal: [/^@gradus\//],
  esbuildOptions(options) {
    options.conditions = ["@gradus/source"];
  },
  silent: true,
  clean: true,
});
