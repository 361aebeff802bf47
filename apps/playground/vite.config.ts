import { defaultClientConditions, defineConfig } from "vite";

/** Workspace packages resolve to their sources: nothing has to be built before the page can be served. */
const conditions = ["@gradus/source", ...defaultClientConditions];

/** A room's parts are called after it, so that a listing of the built files says what each is for. */
const chunkFileNames = ({ facadeModuleId }: { readonly facadeModuleId: string | null }): string => {
  const [, room, part] = /\/rooms\/(\w+)\/(room|service)\.tsx?$/.exec(facadeModuleId ?? "") ?? [];
  return room === undefined ? "assets/[name]-[hash].js" : `assets/${room}-${part!}-[hash].js`;
};

export default defineConfig({
  // Relative addresses, so that the files work from any folder of any server.
  base: "./",
  resolve: { conditions },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // The names of classes are what printing and errors show.
  worker: { format: "es", rolldownOptions: { output: { keepNames: true, chunkFileNames } } },
  build: { target: "es2022", modulePreload: { polyfill: false }, rolldownOptions: { output: { chunkFileNames } } },
  // Shared memory, and with it threads, exists only on a page that isolates itself.
  server: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
});
