import { defineConfig } from "vitest/config";
import { nodeProjects } from "./tools/vitest/projects.js";

export default defineConfig({
  test: { projects: nodeProjects({ include: ["**/test/**/*.test.ts"], exclude: ["**/node_modules/**", "**/*.long.test.ts"] }) },
});
