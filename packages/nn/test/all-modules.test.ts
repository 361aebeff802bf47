import { cpu } from "@gradus/backend-cpu";
import { manualSeed, setDefaultDevice } from "@gradus/tensor-core";
import { describe, expect, test } from "vitest";
import { build, compare, named } from "./fixtures/all-modules.js";

setDefaultDevice(cpu());

describe("print, start and compute as PyTorch's", () => {
  test.each(named)("%s", async (_, each) => {
    manualSeed(5);
    const module = build(each, "float32");
    if (each.printed !== null) expect(String(module)).toBe(each.printed);
    const state = module.stateDict();
    for (const [name, [sum, first]] of Object.entries(each.initial)) {
      const values = Array.from(await state[name]!.read(), Number);
      expect(values.slice(0, 3), name).toEqual(first.map((value) => expect.closeTo(value, 6) as number));
      expect(values.reduce((a, b) => a + b, 0), `sum of ${name}`).toBeCloseTo(sum, 4);
    }
    await compare(each, "float64", 1e-11);
    await compare(each, "float32", 2e-5);
  });
});
