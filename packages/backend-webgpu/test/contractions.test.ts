import type { Axis, ComputeDType, Contraction, Coordinate, DType, Expr, Operand } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";
import { describe, it } from "vitest";
import { expectAgreement } from "./compare.js";
import { hasWebGpu, sharedDevice } from "./devices.js";
import { at, numbers } from "./programs.js";

const zeros = (length: number): number[] => new Array<number>(length).fill(0);

/** Products may be fused with the sums, and are rounded before they are added otherwise: a few units in the last place. */
const tolerance = 32;

/** A dimension without padding: `Σ index · 1`, `stride` elements apart. */
const plain = (b: ExprBuilder, axis: number, stride: number): Coordinate => ({
  terms: [{ axis, scale: b.int(1) }],
  shift: b.int(0),
  divisor: b.int(1),
  extent: null,
  stride: b.int(stride),
});

const operand = (b: ExprBuilder, param: number, coordinates: readonly Coordinate[], prologue: Expr | null = null): Operand => ({ param, offset: b.int(0), coordinates, prologue });

interface Parts {
  readonly name: string;
  readonly dtypes: readonly [left: DType, right: DType, result: DType];
  readonly dtype: ComputeDType;
  readonly axes: readonly Axis[];
  readonly left: Operand;
  readonly right: Operand;
  readonly index: Expr;
  readonly value: Expr;
  readonly access?: "out" | "inout";
}

const contraction = ({ name, dtypes: [left, right, result], dtype, axes, index, value, access = "out", ...operands }: Parts): Contraction => ({
  kind: "contraction",
  name,
  params: [{ dtype: left, access: "in" }, { dtype: right, access: "in" }, { dtype: result, access }],
  scalars: [],
  guards: [],
  dtype,
  axes,
  ...operands,
  stores: [{ over: "outer", param: 2, index, value }],
});

function matmul(dtypes: Parts["dtypes"], dtype: ComputeDType, [m, n, k]: readonly [number, number, number], strides: { left: readonly [number, number]; right: readonly [number, number] }): Contraction {
  const b = new ExprBuilder();
  const result = b.result(0, 0, dtype);
  return contraction({
    name: `matmul ${dtypes.join(" ")}`,
    dtypes,
    dtype,
    axes: [{ role: "m", extent: b.int(m) }, { role: "n", extent: b.int(n) }, { role: "k", extent: b.int(k) }],
    left: operand(b, 0, [plain(b, 0, strides.left[0]), plain(b, 2, strides.left[1])]),
    right: operand(b, 1, [plain(b, 2, strides.right[0]), plain(b, 1, strides.right[1])]),
    index: at(b, [0, n], [1, 1]),
    value: result,
  });
}

describe.skipIf(!hasWebGpu)("contractions on webgpu", () => {
  it("matrix products of every layout", async () => {
    const device = await sharedDevice();
    const [m, n, k] = [9, 11, 70];
    for (const left of [[k, 1], [1, m]] as const) {
      for (const right of [[n, 1], [1, k], [0, 1], [1, 0]] as const) {
        const program = matmul(["float32", "float32", "float32"], "float32", [m, n, k], { left, right });
        await expectAgreement(device, { program, buffers: [numbers(m * k), numbers(n * k, 5), zeros(m * n)] }, tolerance);
      }
    }
  });

  it("sums nothing to zero", async () => {
    const program = matmul(["float32", "float32", "float32"], "float32", [3, 4, 0], { left: [0, 1], right: [4, 1] });
    await expectAgreement(await sharedDevice(), { program, buffers: [[1], [1], numbers(12)] });
  });

  it("element types", async () => {
    const device = await sharedDevice();
    const [m, n, k] = [5, 6, 7];
    const layout = { left: [k, 1], right: [n, 1] } as const;
    const ints = (length: number, seed: number): number[] => numbers(length, seed).map((x) => Math.trunc(x * 50));
    for (const type of ["int32", "int64", "int8", "uint8"] as const) {
      const compute = type === "int64" ? "int64" : "int32";
      const convert = (values: readonly number[]) => values.map((x) => (type === "int64" ? BigInt(x) : type === "uint8" ? x & 255 : x));
      await expectAgreement(device, { program: matmul([type, type, type], compute, [m, n, k], layout), buffers: [convert(ints(m * k, 1)), convert(ints(n * k, 2)), convert(zeros(m * n))] });
    }
    const bits = (length: number, seed: number): number[] => numbers(length, seed).map((x) => Number(x > 1));
    await expectAgreement(device, { program: matmul(["bool", "bool", "bool"], "bool", [m, n, k], layout), buffers: [bits(m * k, 1), bits(n * k, 2), zeros(m * n)] });
    for (const type of ["float16", "bfloat16"] as const) {
      await expectAgreement(device, { program: matmul([type, type, "float32"], "float32", [m, n, k], layout), buffers: [numbers(m * k), numbers(n * k, 3), zeros(m * n)] }, tolerance);
    }
  });

  it("a batch, a prologue, and an epilogue that adds to what was there", async () => {
    const b = new ExprBuilder();
    const [batch, m, n, k] = [3, 4, 5, 6];
    const element = b.element("float32");
    const program = contraction({
      name: "batched",
      dtypes: ["float32", "float32", "float32"],
      dtype: "float32",
      axes: [{ role: "batch", extent: b.int(batch) }, { role: "k", extent: b.int(k) }, { role: "m", extent: b.int(m) }, { role: "n", extent: b.int(n) }],
      left: operand(b, 0, [plain(b, 0, m * k), plain(b, 2, k), plain(b, 1, 1)], b.max(element, b.const(0, "float32"))),
      right: operand(b, 1, [plain(b, 1, n), plain(b, 3, 1)]),
      index: at(b, [0, m * n], [2, n], [3, 1]),
      value: b.add(b.load(2, "float32", at(b, [0, m * n], [2, n], [3, 1])), b.mul(b.result(0, 0, "float32"), b.const(0.5, "float32"))),
      access: "inout",
    });
    await expectAgreement(await sharedDevice(), { program, buffers: [numbers(batch * m * k), numbers(k * n, 7), numbers(batch * m * n, 8)] }, tolerance);
  });

  it("a convolution with stride and padding, and the transposed one that undoes it", async () => {
    const device = await sharedDevice();
    const [batch, channels, size, filters, kernel, stride, padding] = [2, 3, 9, 4, 3, 2, 1];
    const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
    const b = new ExprBuilder();
    const axis = (role: Axis["role"], extent: number): Axis => ({ role, extent: b.int(extent) });
    const window = (position: number, offset: number, step: number): Coordinate => ({
      terms: [{ axis: position, scale: b.int(stride) }, { axis: offset, scale: b.int(1) }],
      shift: b.int(-padding),
      divisor: b.int(1),
      extent: b.int(size),
      stride: b.int(step),
    });
    // Axes: batch 0, filter 1, row 2, column 3, channel 4, kernel row 5, kernel column 6.
    const weight = [plain(b, 1, channels * kernel * kernel), plain(b, 4, kernel * kernel), plain(b, 5, kernel), plain(b, 6, 1)];
    const program = contraction({
      name: "conv2d",
      dtypes: ["float32", "float32", "float32"],
      dtype: "float32",
      axes: [axis("m", batch), axis("n", filters), axis("m", out), axis("m", out), axis("k", channels), axis("k", kernel), axis("k", kernel)],
      left: operand(b, 0, [plain(b, 0, channels * size * size), plain(b, 4, size * size), window(2, 5, size), window(3, 6, 1)], b.add(b.element("float32"), b.const(1, "float32"))),
      right: operand(b, 1, weight),
      index: at(b, [0, filters * out * out], [1, out * out], [2, out], [3, 1]),
      value: b.result(0, 0, "float32"),
    });
    const [input, weights] = [numbers(batch * channels * size * size), numbers(filters * channels * kernel * kernel, 11)];
    await expectAgreement(device, { program, buffers: [input, weights, zeros(batch * filters * out * out)] }, tolerance);

    // The gradient of the input: (row + padding − kernel row) / stride is the output's row where that divides.
    const undo = (position: number, offset: number, step: number): Coordinate => ({
      terms: [{ axis: position, scale: b.int(1) }, { axis: offset, scale: b.int(-1) }],
      shift: b.int(padding),
      divisor: b.int(stride),
      extent: b.int(out),
      stride: b.int(step),
    });
    const transposed = contraction({
      name: "conv2d gradient",
      dtypes: ["float32", "float32", "float32"],
      dtype: "float32",
      axes: [axis("m", batch), axis("k", filters), axis("m", size), axis("m", size), axis("n", channels), axis("k", kernel), axis("k", kernel)],
      left: operand(b, 0, [plain(b, 0, filters * out * out), plain(b, 1, out * out), undo(2, 5, out), undo(3, 6, 1)]),
      right: operand(b, 1, weight),
      index: at(b, [0, channels * size * size], [4, size * size], [2, size], [3, 1]),
      value: b.result(0, 0, "float32"),
    });
    await expectAgreement(device, { program: transposed, buffers: [numbers(batch * filters * out * out, 3), weights, zeros(batch * channels * size * size)] }, tolerance);
  });
});
