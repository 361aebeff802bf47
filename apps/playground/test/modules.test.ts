import { memoryStats } from "@gradus/tensor-core";
import { afterAll, describe, expect, inject, it } from "vitest";
import { type ModelName, modelNames } from "../src/rooms/modules/fields.js";
import { service, type TreeNode } from "../src/rooms/modules/service.js";
import { eventually, usePage } from "./page.js";

afterAll(() => service.close());

const everyNode = (node: TreeNode): TreeNode[] => [node, ...node.children.flatMap(everyNode)];

/** Models whose first numbers take seconds to draw. */
const large: readonly ModelName[] = ["resnet18", "resnet50", "inception"];

describe("the tree of a model", () => {
  it.each(modelNames.filter((name) => !large.includes(name)))("has all parameters at their paths: %s", (name) => {
    const tree = service.open(name, 1);
    const nodes = everyNode(tree);
    const parameters = nodes.flatMap(({ leaves }) => leaves.filter(({ kind }) => kind === "parameter"));
    expect(parameters.reduce((total, { count }) => total + count, 0)).toBe(tree.parameters);
    for (const { path, shape } of nodes.flatMap(({ leaves }) => leaves)) {
      const values = service.values(path)!;
      expect(values.shape).toEqual(shape);
      expect(values.counts.reduce((a, b) => a + b)).toBe(shape.reduce((a, b) => a * b, 1));
    }
  });

  it("switches a part to evaluation", () => {
    service.open("lenetDigits", 1);
    const modes = everyNode(service.train("norm1", false)).map(({ path, training }) => [path, training] as const);
    expect(modes.filter(([, training]) => !training)).toEqual([["norm1", false]]);
  });

  it("starts from PyTorch's numbers under a seed", () => {
    service.open("mlp", 0);
    // torch.manual_seed(0); torch.nn.Linear(2, 16).weight[0]
    expect(service.values("0.weight")!.rows[0]).toEqual([expect.closeTo(-0.005293981, 8), expect.closeTo(0.379322886, 8)]);
    expect(service.values("no.such")).toBeNull();
  });

  it("leaves nothing behind", () => {
    service.open("transformer", 0);
    const { storages } = memoryStats();
    service.open("lstm", 0);
    service.open("transformer", 0);
    expect(memoryStats().storages).toBe(storages);
  });
});

describe.skipIf(inject("chromium") === null)("the room Modules", () => {
  const { visit } = usePage();

  it("shows the values of what is chosen, and keeps them in the address", async () => {
    const page = await visit("#/modules?model=transformer&chosen=none");
    // What the model does not have gives way to what it has.
    await eventually(() => new URL(page.url()).hash).toBe("#/modules?model=transformer&chosen=layers.0.self_attn.in_proj_weight");
    await eventually(() => page.getByTestId("parameters").textContent()).toMatch(/^\d/);
    // Bundling must not rename what a reader knows by its name.
    await page.getByText("TransformerEncoder", { exact: true }).waitFor();
    await page.getByRole("button", { name: /^in_proj_weight/ }).first().click();
    await page.getByText("Distribution of layers.0.self_attn.in_proj_weight").waitFor();
    await page.getByRole("checkbox", { name: "Training mode" }).uncheck();
    await page.getByRole("button", { name: "eval: mode of the model" }).waitFor();
    await page.reload();
    await page.getByText("Distribution of layers.0.self_attn.in_proj_weight").waitFor();
  });
});
