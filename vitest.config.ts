import { defineConfig } from "vitest/config";
import { browserProjects, nodeProjects } from "./tools/vitest/projects.js";

const shortTests = { include: ["**/test/**/*.test.ts"], exclude: ["**/node_modules/**", "**/*.long.test.ts"] };

export default defineConfig({ test: { projects: [...nodeProjects(shortTests), ...browserProjects()] } });
