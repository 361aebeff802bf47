import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

/** Folders whose files pages speak of. */
const roots = ["packages", "apps", "tools", "docs"];
const skipped = new Set(["node_modules", "dist", "peers"]);

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const files = roots.flatMap(filesUnder);
/** Pages leave out `packages/` and often `src/`. */
const withoutSrc = files.map((file) => `/${file.replaceAll("/src/", "/")}`);
const pages = ["README.md", "CONTRIBUTING.md", ...files.filter((file) => file.endsWith(".md") && !file.includes("originals"))];

it("every source file that a page names exists", () => {
  const missing = pages.flatMap((page) => {
    const named = [...readFileSync(page, "utf8").matchAll(/`([\w./-]+\.(?:ts|mjs|py|wgsl))`/g)].map(([, name]) => name ?? "");
    return named.flatMap((name) => (withoutSrc.some((file) => file.endsWith(`/${name.replace(/^src\//, "").replaceAll("/src/", "/")}`)) ? [] : [`${page}: ${name}`]));
  });
  expect(missing).toEqual([]);
});
