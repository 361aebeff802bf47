import { readdirSync } from "node:fs";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { defaultClientConditions, defaultServerConditions } from "vite";

/** Workspace packages resolve to their sources, so that tests need no build. */
const source = "@gradus/source";
const resolve = { conditions: [source, ...defaultClientConditions] };
const ssr = { resolve: { conditions: [source, ...defaultServerConditions] } };

/** One project for each folder, so that `vitest run --project nn` runs the tests of `nn` alone. */
const nodeProjects = ["packages", "apps"].flatMap((group) =>
  readdirSync(new URL(group, import.meta.url)).map(
    (name): TestProjectInlineConfiguration => ({
      root: `${group}/${name}`,
      resolve,
      ssr,
      test: { name, include: ["test/**/*.test.ts"], exclude: ["**/*.long.test.ts"] },
    }),
  ),
);

export default defineConfig({ test: { projects: nodeProjects } });
