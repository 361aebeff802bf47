import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { packageName } from "../architecture.mjs";
import { markdownExamples, sourceExamples, type Example } from "./extract.js";

/** What can be imported from the workspace: `@gradus/nn/module` → `packages/nn/src/module.ts`. */
export const entries: ReadonlyMap<string, string> = new Map(
  readdirSync("packages").flatMap((folder) => {
    const text = readFileSync(`packages/${folder}/package.json`, "utf8");
    const { exports } = JSON.parse(text) as { exports: Record<string, string | { "@gradus/source": string }> };
    return Object.entries(exports).flatMap(([subpath, target]) => {
      if (typeof target === "string") return [];
      return [[subpath.replace(".", packageName(folder)), join("packages", folder, target["@gradus/source"])] as const];
    });
  }),
);

/** The entry of the package that a file belongs to, or undefined for the workspace's own README. */
export function ownEntry(file: string): string | undefined {
  const folder = /^packages\/([^/]+)\//.exec(file)?.[1];
  return folder === undefined ? undefined : packageName(folder);
}

/** The examples that are run with a README: its own, and those in the sources beside it. */
export function examplesWith(readme: string): Example[] {
  const src = join(readme, "../src");
  const sources = existsSync(src) ? readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts")) : [];
  return [
    ...markdownExamples(readme, readFileSync(readme, "utf8")),
    ...sources.sort().flatMap((file) => sourceExamples(join(src, file), readFileSync(join(src, file), "utf8"))),
  ];
}
