import { Linter } from "eslint";
import { parser } from "typescript-eslint";
import { expect, it } from "vitest";
import { imports } from "../eslint/imports.mjs";

/** What the rule says about one statement in one file. */
function problems(filename: string, code: string): string[] {
  const plugins = { gradus: { rules: { imports } } };
  const config = { files: ["**/*.ts"], languageOptions: { parser }, plugins, rules: { "gradus/imports": "error" } };
  return new Linter().verify(code, [config as Linter.Config], { filename }).map(({ message }) => message);
}

it.each([
  ["packages/nn/src/linear.ts", `import { Tensor } from "@gradus/tensor-core";`],
  ["packages/nn/src/linear.ts", `import { Module } from "./module.js";`],
  ["packages/nn/src/module.ts", `import { isLeaf } from "@gradus/autograd";`],
  ["packages/nn/test/linear.test.ts", `import { cpu } from "@gradus/backend-cpu"; import fc from "fast-check"; import "node:fs";`],
  ["packages/datasets/src/node.ts", `import { open } from "node:fs/promises"; import { parseIdx } from "./idx.js";`],
  ["packages/backend-webgpu/src/index.ts", `const dawn = import("webgpu");`],
  ["packages/gradus/src/index.ts", `export * from "@gradus/nn/module";`],
  ["apps/image-classifier/src/cli.ts", `import { LeNet } from "@gradus/models"; import "node:process";`],
])("%s may contain %s", (filename, code) => {
  expect(problems(filename, code)).toEqual([]);
});

it.each([
  ["up", "packages/tensor-core/src/index.ts", `import { Linear } from "@gradus/nn";`, "may import only @gradus/autograd, @gradus/kernel-ir"],
  ["sideways", "packages/nn/src/index.ts", `export * from "@gradus/optim";`, "not @gradus/optim"],
  ["as a type", "packages/nn/src/index.ts", `type A = import("@gradus/optim").Adam;`, "not @gradus/optim"],
  ["on demand", "packages/autograd/src/index.ts", `await import("@gradus/kernel-ir");`, "may import no other package"],
  ["of a subpath", "packages/autograd/src/index.ts", `export { x } from "@gradus/kernel-ir/interpreter";`, "not @gradus/kernel-ir"],
  ["into another package's sources", "packages/nn/test/a.test.ts", `import "@gradus/tensor-core/src/layout.js";`, "another package's files"],
  ["past the package's folder", "packages/nn/test/a.test.ts", `import "../../optim/src/index.js";`, "leaves packages/nn"],
  ["of a test in a source", "packages/nn/src/index.ts", `import "../test/a.js";`, "is not a source"],
  ["of tensors in what scalars share", "packages/nn/src/module.ts", `import "@gradus/tensor-core";`, "only @gradus/autograd"],
  ["of a higher file", "packages/nn/src/module.ts", `import "./linear.js";`, "stands lower"],
  ["of Node in a default entry", "packages/datasets/src/index.ts", `import { open } from "fs";`, "exists in Node only"],
  ["of a Node file in a default entry", "packages/datasets/src/index.ts", `export * from "./node/idx.js";`, "needs Node"],
  ["of an undeclared dependency", "packages/datasets/src/index.ts", `import fc from "fast-check";`, "not among the dependencies"],
])("an import %s is reported", (_, filename, code, message) => {
  expect(problems(filename, code)).toEqual([expect.stringContaining(message)]);
});
