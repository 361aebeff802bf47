import { existsSync, readdirSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { check, printed, show } from "../doc-examples/check.js";
import { markdownExamples, sourceExamples } from "../doc-examples/extract.js";
import { implicitNames } from "../doc-examples/test-module.js";
import { typeErrors } from "../doc-examples/type-errors.js";
import { examplesWith } from "../doc-examples/workspace.js";

const packages = readdirSync("packages").map((folder) => `packages/${folder}/README.md`);
const pages = readdirSync("docs").flatMap((page) => (page.endsWith(".md") ? [`docs/${page}`] : []));
const documents = ["README.md", ...pages, ...packages].filter((file) => existsSync(file));

it("every example of the documentation has the right types", () => {
  expect(typeErrors(documents.flatMap(examplesWith))).toEqual([]);
});

describe("the tool finds", () => {
  it("the ts blocks of a README", () => {
    const text = "# Sums\n\n```ts\nsum(1);\n```\n\n## In a page\n```ts no-run\ndocument;\n```\n```sh\nls\n```\n";
    expect(markdownExamples("README.md", text)).toEqual([
      { file: "README.md", name: "Sums", line: 4, code: "sum(1);", runs: true, implicitImports: false },
      { file: "README.md", name: "In a page", line: 9, code: "document;", runs: false, implicitImports: false },
    ]);
  });

  it("the examples of a source, with and without a fence", () => {
    const text = `
/**
 * Adds.
 *
 * @example
 * add(1,
 *   2); // 3
 * @returns The sum.
 */
export const add = (a: number, b: number) => a + b;
export class Box {
  /**
   * @example In words, then
   * \`\`\`ts
   * new Box().open();
   * \`\`\`
   */
  open() {}
}`;
    expect(sourceExamples("a.ts", text)).toEqual([
      expect.objectContaining({ name: "add", line: 5, code: "\nadd(1,\n  2); // 3" }),
      expect.objectContaining({ name: "Box.open", line: 15, code: "new Box().open();" }),
    ]);
  });

  it("the names that an example takes from elsewhere", () => {
    const code = `
      import { read as load } from "files";
      const { shape: [rows], ...rest } = load(path, { mode: "r", flags }) as const;
      const twice = (n: Size): number => n * twice.length;
      rows.sum(rest.dim);`;
    const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
    expect([...implicitNames(source)]).toEqual(["path", "flags", "Size"]);
  });

  it("a wrong type, also in code that does not run, with its line", () => {
    const example = { file: "packages/nn/README.md", line: 7, name: "", runs: false, implicitImports: false };
    expect(typeErrors([{ ...example, code: "const n = 1;\nconst s: string = n;" }])).toEqual([
      "packages/nn/README.md:8: Type 'number' is not assignable to type 'string'.",
    ]);
  });
});

describe("a result", () => {
  const run = (value: unknown) => () => Promise.resolve(show(value));

  it.each([
    [[1, 2.5], "[1, 2.5]"],
    [{ loss: 0.123456 }, "{ loss: 0.123… }"],
    [new Float32Array([1, 1e-9]), "Float32Array(2) [1, 9.99…]"],
    ["text", `"text"`],
    [Promise.resolve(), "Promise { undefined }"],
    [-0, "-0"],
  ])("%s agrees with %s", async (value, expected) => {
    await check(run(value), expected, "");
  });

  it.each([
    [[1, 2.5], "[1, 2]"],
    [0.5, "0.6…"],
    [0, "-0"],
    ["1", "1"],
    [undefined, "one step"],
  ])("%s does not agree with %s", async (value, expected) => {
    await expect(check(run(value), expected, "nn.ts:3")).rejects.toThrow("nn.ts:3 shows another result than it says");
  });

  it("may be an error", async () => {
    const fail = () => Promise.reject(new RangeError("dim: expected 0 or 1, got 2"));
    await check(fail, "throws RangeError: dim: expected 0 or 1, got 2", "");
    await expect(check(fail, "throws TypeError: …", "nn.ts:3")).rejects.toThrow("nn.ts:3");
    await expect(check(fail, "3", "nn.ts:3")).rejects.toThrow("dim: expected 0 or 1, got 2");
  });

  it("of console.log is what it prints, on as many lines", async () => {
    await check(() => Promise.resolve(printed("a: %d\n", 1, [2])), "a: 1\n[2]", "");
  });
});
