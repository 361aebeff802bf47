import { ExprBuilder } from "@gradus/kernel-ir";
import { describe, it } from "vitest";
import { expectAgreement } from "./compare.js";
import { hasWebGpu, openDevice } from "./devices.js";
import { at, kernel, numbers, scan, scatter, sort, sum } from "./programs.js";

const rows = 70_000;
const width = 3;
const zeros = (length: number): number[] => new Array<number>(length).fill(0);
const b = new ExprBuilder();
const x = b.load(0, "float32", at(b, [0, width], [1, 1]));
const rowSums = kernel("row sums", {
  params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
  outer: [b.int(rows)],
  inner: [b.int(width)],
  reductions: [{ monoid: sum(b), lift: [x], lanes: 16 }],
  stores: [{ over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, "float32") }],
});
const before = numbers(rows * width).map(Math.round);

// One workgroup for each row, or more: a dimension of a dispatch has room for 65 535.
describe.skipIf(!hasWebGpu)("more rows than a dimension has workgroups", () => {
  it.each(["squad", "team", "crowd"] as const)("reduced as a %s", async (cooperation) => {
    await expectAgreement(await openDevice({ cooperation }), { program: rowSums, buffers: [before, zeros(rows)] });
  });

  it("scanned, sorted and scattered as a crowd", async () => {
    const device = await openDevice({ cooperation: "crowd" });
    await expectAgreement(device, { program: scan(b, sum(b), [x], rows, width, ["float32"]), buffers: [before, zeros(before.length)] });
    await expectAgreement(device, { program: sort("float32", "float32", rows, width, true), buffers: [before, zeros(before.length), before.map(() => 0n)] });
    const places = before.map((_, i) => BigInt((i * 5) % 2));
    await expectAgreement(device, { program: scatter("float32", "float32", rows, width, 2, { combine: (k, left, right) => k.add(left, right) }), buffers: [before, places, zeros(rows * 2)] });
  });
});
