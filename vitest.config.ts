import { defineConfig } from "vitest/config";
import { browserProjects, docExamplesProject, nodeProjects } from "./tools/vitest/projects.js";

const shortTests = { include: ["**/test/**/*.test.ts"], exclude: ["**/node_modules/**", "**/*.long.test.ts"] };

export default defineConfig({
  test: {
    projects: [...nodeProjects(shortTests), docExamplesProject, ...browserProjects({ include: ["{packages,tools}/**/browser-test/**/*.test.ts"], exclude: ["**/node_modules/**", "**/*.long.test.ts"] })],
    // What a test prints is of use when it fails.
    silent: "passed-only",
  },
});
