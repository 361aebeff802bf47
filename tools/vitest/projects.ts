import { readdirSync } from "node:fs";
import { defaultClientConditions, defaultServerConditions } from "vite";
import type { TestProjectInlineConfiguration } from "vitest/config";

/** Workspace packages resolve to their sources, so that tests need no build. */
const source = "@gradus/source";
export const resolveSources = {
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
};

/** One project for each folder, so that `vitest run --project nn` runs the tests of `nn` alone. */
export function nodeProjects(test: TestProjectInlineConfiguration["test"]): TestProjectInlineConfiguration[] {
  const folders = ["packages", "apps"].flatMap((group) => readdirSync(group).map((name) => ({ name, root: `${group}/${name}` })));
  return [...folders, { name: "tools", root: "tools" }].map(({ name, root }) => ({ ...resolveSources, root, test: { ...test, name } }));
}
