import type { Contraction, Expr, Kernel, Program } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { cooperationOn } from "../src/connect.js";
import { extentsIn } from "../src/programs.js";
import type { Cooperation } from "../src/wgsl/variants.js";
import { chooseVariant } from "../src/wgsl/variants.js";
import type { Run } from "./compare.js";
import { expectAgreement, runOn } from "./compare.js";
import { hasWebGpu, openDevice } from "./devices.js";
import { at, kernel, numbers, scan, scatter, sort, sum } from "./programs.js";

/** `[m, k] · [k, n]` of int32, sizes as arguments. */
function product(): Contraction {
  const b = new ExprBuilder();
  const [m, n, k] = [0, 1, 2].map((slot) => b.scalar(slot, "int32")) as [Expr, Expr, Expr];
  const term = (axis: number, stride: Expr): Contraction["left"]["coordinates"][number] => ({ terms: [{ axis, scale: b.int(1) }], shift: b.int(0), divisor: b.int(1), extent: null, stride });
  return {
    kind: "contraction",
    name: "product",
    params: [{ dtype: "int32", access: "in" }, { dtype: "int32", access: "in" }, { dtype: "int32", access: "out" }],
    scalars: ["int32", "int32", "int32"],
    guards: [],
    axes: [{ role: "m", extent: m }, { role: "n", extent: n }, { role: "k", extent: k }],
    left: { param: 0, offset: b.int(0), coordinates: [term(0, k), term(2, b.int(1))], prologue: null },
    right: { param: 1, offset: b.int(0), coordinates: [term(2, n), term(1, b.int(1))], prologue: null },
    dtype: "int32",
    stores: [{ over: "outer", param: 2, index: b.add(b.mul(b.index(0), n), b.index(1)), value: b.result(0, 0, "int32") }],
  };
}

/** Each row less its sum. */
function centred(rows: number, width: number, lanes: 1 | 16): Kernel {
  const b = new ExprBuilder();
  const here = at(b, [0, width], [1, 1]);
  const x = b.load(0, "float32", here);
  return kernel("centred", {
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }, { dtype: "float32", access: "out" }],
    outer: [b.int(rows)],
    inner: [b.int(width)],
    reductions: [{ monoid: sum(b), lift: [x], lanes }],
    stores: [
      { over: "outer", param: 2, index: b.index(0), value: b.result(0, 0, "float32") },
      { over: "inner", param: 1, index: here, value: b.sub(x, b.result(0, 0, "float32")) },
    ],
  });
}

const whole = (length: number): number[] => Array.from({ length }, (_, i) => ((i * 7) % 23) - 11);
const zeros = (length: number): number[] => new Array<number>(length).fill(0);

describe("the variant of a dispatch", () => {
  const choose = (sizes: readonly number[], cooperation: Cooperation = "auto") => chooseVariant(product(), cooperation, extentsIn(sizes));

  it.each([
    ["independent where tiles would be mostly empty", [1000, 10, 64], "independent"],
    ["independent where there is little to add", [512, 512, 8], "independent"],
    ["tiled for large products", [512, 512, 512], "tiled"],
    ["split where few points have much to add", [6, 25, 36864], "split"],
    ["tiled where there is much to add and enough points", [512, 512, 36864], "tiled"],
  ] as const)("is %s", (_, sizes, variant) => {
    expect(choose(sizes)).toBe(variant);
    expect(choose(sizes, "never")).toBe("independent");
  });

  it("is a squad for rows of moderate length, a team for long ones, a crowd for a few very long ones", () => {
    const variant = (rows: number, width: number, lanes: 1 | 16) => chooseVariant(centred(rows, width, lanes), "auto", extentsIn([]));
    expect([variant(4, 10, 16), variant(4, 1000, 16), variant(4, 10_000, 16), variant(4, 1e6, 16)]).toEqual(["independent", "squad", "team", "crowd"]);
    expect([variant(4, 1000, 1), variant(4, 5000, 1), variant(10_000, 5000, 1), variant(4, 1e6, 1)]).toEqual(["independent", "team", "independent", "crowd"]);
  });

  it("is independent where invocations may end early or overwrite what others read", () => {
    const b = new ExprBuilder();
    const guarded = { ...product(), guards: [{ over: "outer" as const, holds: b.const(true, "bool"), message: "product: expected" }] };
    expect(chooseVariant(guarded, "always", extentsIn([512, 512, 512]))).toBe("independent");
    const softmax = centred(4, 1000, 16);
    expect(chooseVariant({ ...softmax, params: softmax.params.map(({ dtype }) => ({ dtype, access: "inout" })) }, "team", extentsIn([]))).toBe("independent");
  });

  it("is a crowd on adapters in software where one invocation would loop for very long", () => {
    const variant = (program: Program) => chooseVariant(program, "rarely", extentsIn([]));
    expect([variant(centred(4, 10_000, 16)), variant(centred(4, 100_000, 16))]).toEqual(["independent", "crowd"]);
    expect([variant(sort("float32", "float32", 1, 1000, false)), variant(sort("float32", "float32", 1, 8000, false))]).toEqual(["independent", "crowd"]);
  });

  it("is a crowd for scans of long rows", () => {
    const b = new ExprBuilder();
    const variant = (rows: number, width: number) => chooseVariant(scan(b, sum(b), [b.load(0, "float32", b.index(1))], rows, width, ["float32"]), "auto", extentsIn([]));
    expect([variant(1, 1000), variant(1, 10), variant(100_000, 1000)]).toEqual(["crowd", "independent", "independent"]);
  });

  it("is a crowd for orders of long rows, unless a scatter reads what it has written", () => {
    const variant = (program: Program) => chooseVariant(program, "auto", extentsIn([]));
    const order = (rows: number, width: number) => variant(sort("float32", "float32", rows, width, false));
    expect([order(1, 1000), order(1, 10), order(100_000, 100)]).toEqual(["crowd", "independent", "independent"]);
    const b = new ExprBuilder();
    const plain = scatter("float32", "float32", 2, 1000, 5, {});
    expect(variant(plain)).toBe("crowd");
    expect(variant({ ...plain, target: { ...plain.target, value: b.load(2, "float32", b.index(0)) } })).toBe("independent");
  });

  it("depends on the adapter", () => {
    const adapter = (info: Partial<GPUAdapterInfo>) => cooperationOn({ adapterInfo: { architecture: "", description: "", device: "", isFallbackAdapter: false, ...info } as GPUAdapterInfo });
    expect(adapter({ architecture: "hopper" })).toBe("auto");
    expect(adapter({ architecture: "swiftshader" })).toBe("rarely");
    expect(adapter({ description: "llvmpipe (LLVM 15.0.6, 256 bits)" })).toBe("rarely");
    expect(adapter({ isFallbackAdapter: true })).toBe("rarely");
    expect(cooperationOn({})).toBe("auto");
  });
});

// What takes long, the other tests on such a device, is in cooperation.long.test.ts.
describe.skipIf(!hasWebGpu)("cooperating workgroups on webgpu", () => {
  it("multiply in tiles, at edges too, and split long sums", async () => {
    const device = await openDevice({ cooperation: "always" });
    for (const [m, n, k] of [[70, 67, 19], [3, 5, 300], [4, 4, 0]] as const) {
      await expectAgreement(device, { program: product(), buffers: [whole(m * k + 1), whole(k * n + 1), zeros(m * n)], scalars: [m, n, k] });
    }
    // Each size compiled what it needed, and nothing else.
    expect(device.stats()).toMatchObject({ prepared: 3, pipelines: 3 });
  });

  it("scan blocks and carry their totals over", async () => {
    const device = await openDevice({ cooperation: "crowd" });
    const b = new ExprBuilder();
    for (const [rows, width] of [[3, 40], [2, 1100], [1, 64 * 512 + 700], [2, 0]] as const) {
      const x = b.load(0, "float32", at(b, [0, width], [1, 1]));
      // Whole numbers add up exactly in every order.
      await expectAgreement(device, { program: scan(b, sum(b), [x], rows, width, ["float32"]), buffers: [whole(rows * width), zeros(rows * width)] });
      const [left, right] = [b.left(0, "float32"), b.right(0, "float32")];
      const later = b.le(left, right);
      const monoid = { identity: [b.const(-Infinity, "float32"), b.int(-1)], combine: [b.select(later, right, left), b.select(later, b.right(1, "int32"), b.left(1, "int32"))] };
      await expectAgreement(device, { program: scan(b, monoid, [x, b.index(1)], rows, width, ["float32", "int32"]), buffers: [numbers(rows * width), zeros(rows * width), zeros(rows * width)] });
    }
  });

  it("sort runs and merge them", async () => {
    const device = await openDevice({ cooperation: "always" });
    const keys = numbers(2 * 1300).map((x) => Math.round(x * 20));
    await expectAgreement(device, { program: sort("float32", "float32", 2, 1300, true), buffers: [keys, zeros(2600), keys.map(() => 0n)] });
  });

  it.each(["squad", "team", "crowd"] as const)("reduce in the order of kernel-ir, as a %s", async (cooperation) => {
    const device = await openDevice({ cooperation });
    for (const [rows, width, lanes] of [[3, 5, 16], [2, 16 * 512 * 5 + 37, 16], [2, 1500, 1], [3, 0, 16]] as const) {
      await expectAgreement(device, { program: centred(rows, width, lanes), buffers: [numbers(rows * width), zeros(rows * width), zeros(rows)] });
    }
    const b = new ExprBuilder();
    const here = at(b, [0, 400], [1, 1], [2, 100], [4, 2]);
    const x = b.load(0, "float32", here);
    // Two outer axes, three inner ones, a guard over each; the second reduction uses the first.
    const planes = (lanes: 1 | 16, most: number): Kernel => kernel("planes", {
      params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }, { dtype: "int32", access: "out" }],
      outer: [b.int(3), b.int(2)],
      inner: [b.int(4), b.int(1), b.int(45)],
      guards: [
        { over: "outer", holds: b.lt(b.index(0), b.int(most)), message: "planes: expected few" },
        { over: "inner", holds: b.lt(x, b.const(50, "float32")), message: "planes: expected small numbers" },
      ],
      reductions: [{ monoid: sum(b), lift: [x], lanes }, { monoid: sum(b), lift: [b.abs(b.sub(x, b.result(0, 0, "float32")))], lanes }],
      stores: [
        { over: "inner", param: 1, index: here, value: b.sub(x, b.result(1, 0, "float32")) },
        { over: "outer", param: 2, index: at(b, [0, 2], [1, 1]), value: b.index(0) },
      ],
    });
    const planesWith = (lanes: 1 | 16, most: number): Run => ({ program: planes(lanes, most), buffers: [numbers(1200), zeros(1200), zeros(6)] });
    for (const lanes of [16, 1] as const) {
      await expectAgreement(device, planesWith(lanes, 3));
      await expect(runOn(device, planesWith(lanes, 2))).rejects.toThrow("planes: expected few");
    }
  });
});
