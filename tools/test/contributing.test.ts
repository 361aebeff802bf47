import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("the worked example of CONTRIBUTING.md is what stands in the sources", () => {
  const [, diff = ""] = /```diff\n([\s\S]*?)```/.exec(readFileSync("CONTRIBUTING.md", "utf8")) ?? [];
  const parts = diff.split(/^--- /m).slice(1).map((part) => part.split("\n"));
  expect(parts.map(([file]) => file)).toEqual(["packages/tensor-core/src/ops/formulas/trigonometry.ts", "packages/tensor-core/src/ops/elementwise/trigonometry.ts", "packages/backend-conformance/src/cases/elementwise.ts", ".changeset/sinc.md"]);
  for (const [file = "", ...lines] of parts) {
    // A changeset is gone with the next release.
    if (file.startsWith(".changeset/")) continue;
    const source = new Set(readFileSync(file, "utf8").split("\n"));
    expect(lines.filter((line) => line !== "" && !source.has(line.slice(1)))).toEqual([]);
  }
});
