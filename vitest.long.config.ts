import { defineConfig } from "vitest/config";
import { nodeProjects } from "./tools/vitest/projects.js";

/** Thousands of steps, files or kills: `npm run test:long`. */
const longTests = { include: ["**/test/**/*.long.test.ts"], exclude: ["**/node_modules/**"], testTimeout: 3_600_000 };

export default defineConfig({ test: { projects: nodeProjects(longTests) } });
