import { defaultClientConditions, defineConfig } from "vite";

/** Workspace packages resolve to their sources: nothing has to be built before the page can be served. */
const conditions = ["@gradus/source", ...defaultClientConditions];

export default defineConfig({
  // Relative addresses, so that the files work from any folder of any server.
  base: "./",
  resolve: { conditions },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // The names of classes are what printing and errors show.
  worker: { format: "es", rolldownOptions: { output: { keepNames: true } } },
  build: { target: "es2022", modulePreload: { polyfill: false } },
  // Shared memory, and with it threads, exists only on a page that isolates itself.
  server: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
});
