import { relative } from "node:path";
import type { Plugin } from "vite";

/** Lets Vitest load a page of documentation as a test file; what it tests are the examples in it and, with the README of a package, those in the sources beside it. */
export const docExamples: Plugin = {
  name: "doc-examples",
  enforce: "pre",
  async load(id) {
    if (!id.endsWith(".md")) return undefined;
    // TypeScript takes a while to load, and most runs never come here.
    const { testModule } = await import("./test-module.js");
    return testModule(relative(process.cwd(), id));
  },
};
