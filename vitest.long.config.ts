import { defineConfig } from "vitest/config";
import { browserProjects, nodeProjects } from "./tools/vitest/projects.js";

/** Thousands of steps, files or kills: `npm run test:long`. */
const longTests = { include: ["**/test/**/*.long.test.ts"], exclude: ["**/node_modules/**"], testTimeout: 3_600_000 };

const longBrowserTests = { ...longTests, include: ["**/browser-test/**/*.long.test.ts"] };

export default defineConfig({ test: { projects: [...nodeProjects(longTests), ...browserProjects(longBrowserTests)] } });
