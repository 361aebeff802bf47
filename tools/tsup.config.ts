import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { defineConfig } from "tsup";

/** A file, or one for each condition; conditions may be nested (`node` around `types`). */
type Target = string | { readonly [condition: string]: Target };

interface Manifest {
  readonly exports?: Readonly<Record<string, Target>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/**
 * The one build recipe of the workspace; every package builds itself with it from its own folder. What a package offers
 * stands in its package.json alone (`exports`, `bin`), so the entries are read from there and cannot drift.
 */
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const sourcesOf = (target: Target, condition?: string): readonly string[] => {
  if (typeof target === "string") return condition === "@gradus/source" ? [target] : [];
  return Object.entries(target).flatMap(([inner, each]) => sourcesOf(each, inner));
};
const exported = [...new Set(sourcesOf(manifest.exports ?? {}))];
const commands = Object.values(manifest.bin ?? {}).map((output) => `src/${basename(output, ".js")}.ts`);

const isProgram = commands.length > 0;

export default defineConfig({
  entry: [...exported, ...commands],
  format: "esm",
  target: "es2022",
  // TypeScript 6 rejects an option that tsup's declaration bundler still sets.
  dts: !isProgram && { compilerOptions: { ignoreDeprecations: "6.0", customConditions: [] } },
  // A program takes the sources of its libraries into one file, so that the demo starts without building thirteen packages first.
  noExternal: isProgram ? [/^(gradus|@gradus\/.*)$/] : [],
  esbuildOptions(options) {
    if (isProgram) options.conditions = ["@gradus/source"];
  },
  sourcemap: true,
  silent: true,
  clean: true,
  treeshake: true,
});
