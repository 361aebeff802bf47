import { cpu } from "@gradus/backend-cpu";
import { memoryStats, randn, setDefaultDevice, type Tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { climb, operands, table } from "../src/climb.js";
import { rungs } from "../src/rungs.js";

setDefaultDevice(cpu());

/** The definition, in float64. */
function plain(a: Tensor, b: Tensor): number[][] {
  const [left, right] = [a.toArraySync(), b.toArraySync()] as [number[][], number[][]];
  return left.map((row) => right[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * right[k]![j]!, 0)));
}

describe.each(rungs)("$name", ({ product }) => {
  it.each([[2, 3, 4], [1, 1, 1], [3, 17, 2]])("multiplies [%i, %i] by […, %i]", (rows, inner, columns) => {
    const [a, b] = [randn([rows, inner]), randn([inner, columns])];
    expect(product(a, b).toArraySync()).toEqual(plain(a, b).map((row) => row.map((value) => expect.closeTo(value, 4) as number)));
  });

  it("needs few programs, however many calls it makes", () => {
    const [a, b] = [randn([3, 9]), randn([9, 4])];
    product(a, b);
    const { prepared } = memoryStats();
    product(randn([4, 11]), randn([11, 5]));
    expect(memoryStats().prepared).toBe(prepared);
  });
});

it("the program shows every rung with its time, and all agree", () => {
  expect(operands().map((x) => x.shape)).toEqual([[5, 784], [784, 10]]);
  // Small ones here: three loops over the real ones are a hundred thousand calls.
  const [a, b] = [randn([2, 30]), randn([30, 3])];
  let time = 0;
  // A clock that runs by itself: what is measured is not this machine.
  const steps = climb(a, b, () => (time += 60));
  expect(steps.map(({ name }) => name)).toEqual(["three loops", "two loops", "broadcasting", "einsum", "matmul"]);
  for (const { name, difference } of steps) expect(difference, name).toBeLessThan(1e-3);
  const lines = table(steps).split("\n");
  expect(lines).toHaveLength(6);
  expect(lines[1]).toMatch(/^three loops +60\.0 +1 +\d\.\de[-+]\d+$/);
});
