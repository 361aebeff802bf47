import type { DType, Expr, Kernel } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";
import { bfloat16ToNumber, float16ToNumber } from "@gradus/kernel-ir/interpreter";
import { describe, expect, it } from "vitest";
import { elementsOf, expectAgreement, runOn } from "./compare.js";
import { hasWebGpu, sharedDevice } from "./devices.js";
import { at, elementwise, kernel, maximum, numbers, specialFloats, specialInts, sum } from "./programs.js";

const zeros = (length: number): number[] => new Array<number>(length).fill(0);

/** Reduces rows of `width` elements. */
function rowSums(rows: number, width: number, lanes: 1 | 16): Kernel {
  const b = new ExprBuilder();
  return kernel(`row sums of ${width} in ${lanes} lanes`, {
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    outer: [b.int(rows)],
    inner: [b.int(width)],
    reductions: [{ monoid: sum(b), lift: [b.load(0, "float32", at(b, [0, width], [1, 1]))], lanes }],
    stores: [{ over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, "float32") }],
  });
}

describe.skipIf(!hasWebGpu)("kernels on webgpu", () => {
  const samples: Record<Exclude<DType, "float64">, readonly (number | bigint)[]> = {
    float32: specialFloats,
    float16: [0, -0, 1, -1.5, 65504, 2 ** -14, 2 ** -24, Infinity, -Infinity, NaN],
    bfloat16: [0, -0, 1, -1.5, 3.3895313892515355e38, 2 ** -126, Infinity, NaN],
    int64: specialInts.map(BigInt),
    int32: specialInts,
    int16: [0, 1, -1, 32767, -32768],
    int8: [0, 1, -1, 127, -128],
    uint8: [0, 1, 127, 128, 255],
    bool: [0, 1],
  };
  for (const dtype of Object.keys(samples) as (keyof typeof samples)[]) {
    it(`loads and stores ${dtype}`, async () => {
      const values = samples[dtype];
      await expectAgreement(await sharedDevice(), { program: elementwise("copy", [dtype], dtype, values.length, (_, x) => x), buffers: [values, zeros(values.length)] });
    });
  }

  it("wraps what it stores as narrow integers", async () => {
    const device = await sharedDevice();
    for (const dtype of ["int8", "uint8", "int16"] as const) {
      await expectAgreement(device, { program: elementwise(dtype, ["int32"], dtype, specialInts.length, (_, x) => x), buffers: [specialInts, zeros(specialInts.length)] });
    }
  });

  it("rounds what it stores as 16-bit floats to the nearest, ties to even", async () => {
    const device = await sharedDevice();
    // Around every value of the type, and half-way between neighbours.
    const halves = Array.from({ length: 0x7c00 }, (_, bits) => float16ToNumber(bits)).filter((_, i) => i % 13 === 0);
    const brains = Array.from({ length: 0x7f80 }, (_, bits) => bfloat16ToNumber(bits)).filter((x, i) => i % 13 === 0 && (x === 0 || x > 2 ** -126));
    const steps = [0.25, 0.5, 0.5001, 0.75, 1.5];
    const near = (grid: readonly number[], ulp: (x: number) => number): number[] => grid.flatMap((x) => [x, ...steps.map((s) => Math.fround(x + s * ulp(x)))]).flatMap((x) => [x, -x]);
    const float16 = [...near(halves, (x) => 2 ** (Math.max(-14, Math.floor(Math.log2(x || 1e-9))) - 10)), 65519.99, 65520, 1e30, ...specialFloats];
    const bfloat16 = [...near(brains, (x) => 2 ** (Math.max(-126, Math.floor(Math.log2(x || 1e-45))) - 7)), ...specialFloats];
    for (const [dtype, values] of [["float16", float16.map(Math.fround)], ["bfloat16", bfloat16.map(Math.fround)]] as const) {
      await expectAgreement(device, { program: elementwise(dtype, ["float32"], dtype, values.length, (_, x) => x), buffers: [values, zeros(values.length)] });
    }
  });

  it("takes scalars of every type", async () => {
    const length = 4;
    const program = elementwise("scalars", ["float32"], "float32", length, (b, x) => {
      const long = b.cast(b.add(b.scalar(2, "int64"), b.const(1n, "int64")), "float32");
      const sumOfAll = b.add(b.add(b.mul(x, b.scalar(0, "float32")), b.cast(b.scalar(1, "int32"), "float32")), long);
      return b.select(b.scalar(3, "bool"), sumOfAll, b.const(0, "float32"));
    }, ["float32", "int32", "int64", "bool"]);
    const actual = await expectAgreement(await sharedDevice(), { program, buffers: [[1, 2, 3, 4], zeros(length)], scalars: [0.5, -7, 1000n, 1] });
    expect(actual[1]).toEqual([994.5, 995, 995.5, 996]);
  });

  it("reads permuted, broadcast, gathered and predicated elements", async () => {
    const b = new ExprBuilder();
    const [rows, columns] = [5, 7];
    const inside = b.and(b.le(b.int(1), b.index(1)), b.lt(b.index(1), b.int(columns - 1)));
    const transposed = b.load(0, "float32", at(b, [0, 1], [1, rows]));
    const broadcast = b.load(1, "float32", b.index(1));
    const gathered = b.load(1, "float32", b.cast(b.load(2, "int64", b.index(0)), "int32"));
    const shifted = b.load(0, "float32", b.sub(at(b, [0, columns], [1, 1]), b.int(1)), { when: inside, otherwise: b.const(-1, "float32") });
    const outside = b.load(0, "float32", b.int(-1), { when: b.lt(b.index(0), b.int(0)), otherwise: b.const(10, "float32") });
    const program = kernel("views", {
      params: [
        { dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "int64", access: "in" }, { dtype: "float32", access: "out" },
      ],
      outer: [b.int(rows), b.int(columns)],
      stores: [{ over: "outer", param: 3, index: at(b, [0, columns], [1, 1]), value: b.add(b.add(b.add(transposed, broadcast), b.add(gathered, shifted)), outside) }],
    });
    await expectAgreement(await sharedDevice(), { program, buffers: [numbers(35), numbers(7, 2), [0n, 6n, 3n, 3n, 1n], zeros(35)] });
  });

  it("loads before it stores, also where a parameter is both", async () => {
    const b = new ExprBuilder();
    const [x, y] = [b.load(0, "float32", b.index(0)), b.load(1, "float32", b.index(0))];
    const program = kernel("swap", {
      params: [{ dtype: "float32", access: "inout" }, { dtype: "float32", access: "inout" }],
      outer: [b.int(9)],
      stores: [{ over: "outer", param: 0, index: b.index(0), value: y }, { over: "outer", param: 1, index: b.index(0), value: x }],
    });
    await expectAgreement(await sharedDevice(), { program, buffers: [numbers(9), numbers(9, 3)] });
  });

  for (const lanes of [1, 16] as const) {
    for (const width of [0, 1, 15, 16, 17, 100, 16 * 512, 20011]) {
      it(`sums rows of ${width} in ${lanes} lanes, in the documented order`, async () => {
        const rows = width > 1000 ? 2 : 9;
        await expectAgreement(await sharedDevice(), { program: rowSums(rows, width, lanes), buffers: [numbers(rows * width), zeros(rows)] });
      });
    }
  }

  it("reduces over several axes", async () => {
    const device = await sharedDevice();
    for (const lanes of [1, 16] as const) {
      const b = new ExprBuilder();
      const program = kernel("sum over two of three axes", {
        params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
        outer: [b.int(4)],
        inner: [b.int(3), b.int(37)],
        reductions: [{ monoid: sum(b), lift: [b.load(0, "float32", at(b, [1, 148], [0, 37], [2, 1]))], lanes }],
        stores: [{ over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, "float32") }],
      });
      await expectAgreement(device, { program, buffers: [numbers(444), zeros(4)] });
    }
  });

  it("softmax: reductions that use earlier ones, stores over the inner space", async () => {
    const b = new ExprBuilder();
    const [rows, width] = [6, 45];
    const x = b.load(0, "float32", at(b, [0, width], [1, 1]));
    const shifted = b.exp(b.sub(x, b.result(0, 0, "float32")));
    const program = kernel("softmax", {
      params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
      outer: [b.int(rows)],
      inner: [b.int(width)],
      reductions: [{ monoid: maximum(b), lift: [x], lanes: 16 }, { monoid: sum(b), lift: [shifted], lanes: 16 }],
      stores: [{ over: "inner", param: 1, index: at(b, [0, width], [1, 1]), value: b.div(shifted, b.result(1, 0, "float32")) }],
    });
    await expectAgreement(await sharedDevice(), { program, buffers: [numbers(rows * width), zeros(rows * width)] }, 4);
  });

  it("layer norm: a tuple as monoid, stores over both spaces, in place", async () => {
    const b = new ExprBuilder();
    const [rows, width] = [5, 40];
    const [n, m, m2] = [b.left(0, "float32"), b.left(1, "float32"), b.left(2, "float32")];
    const [n_, m_, m2_] = [b.right(0, "float32"), b.right(1, "float32"), b.right(2, "float32")];
    const total = b.add(n, n_);
    const share = b.select(b.eq(total, b.const(0, "float32")), b.const(0, "float32"), b.div(n_, total));
    const delta = b.sub(m_, m);
    const float = (value: number): Expr => b.const(value, "float32");
    const x = b.load(0, "float32", at(b, [0, width], [1, 1]));
    const mean = b.result(0, 1, "float32");
    const deviation = b.sqrt(b.add(b.div(b.result(0, 2, "float32"), b.result(0, 0, "float32")), float(1e-5)));
    const program = kernel("layer norm", {
      params: [{ dtype: "float32", access: "inout" }, { dtype: "float32", access: "out" }, { dtype: "float32", access: "out" }],
      outer: [b.int(rows)],
      inner: [b.int(width)],
      reductions: [{
        monoid: {
          identity: [float(0), float(0), float(0)],
          combine: [total, b.add(m, b.mul(delta, share)), b.add(b.add(m2, m2_), b.mul(b.mul(delta, delta), b.mul(n, share)))],
        },
        lift: [float(1), x, float(0)],
        lanes: 16,
      }],
      stores: [
        { over: "outer", param: 1, index: b.index(0), value: mean },
        { over: "outer", param: 2, index: b.index(0), value: deviation },
        { over: "inner", param: 0, index: at(b, [0, width], [1, 1]), value: b.div(b.sub(x, mean), deviation) },
      ],
    });
    // Differences of like numbers lose digits, so the last places differ by more where the result is near zero.
    await expectAgreement(await sharedDevice(), { program, buffers: [numbers(rows * width), zeros(rows), zeros(rows)] }, 64);
  });

  it("argmax: a value and an index", async () => {
    const b = new ExprBuilder();
    const [rows, width] = [7, 33];
    const [value, place, value_, place_] = [b.left(0, "float32"), b.left(1, "int32"), b.right(0, "float32"), b.right(1, "int32")];
    const keep = b.or(b.lt(value_, value), b.and(b.eq(value, value_), b.lt(place, place_)));
    const program = kernel("argmax", {
      params: [{ dtype: "float32", access: "in" }, { dtype: "int64", access: "out" }],
      outer: [b.int(rows)],
      inner: [b.int(width)],
      reductions: [{
        monoid: { identity: [b.const(-Infinity, "float32"), b.int(2 ** 31 - 1)], combine: [b.select(keep, value, value_), b.select(keep, place, place_)] },
        lift: [b.load(0, "float32", at(b, [0, width], [1, 1])), b.index(1)],
        lanes: 16,
      }],
      stores: [{ over: "outer", param: 1, index: b.index(0), value: b.cast(b.result(0, 1, "int32"), "int64") }],
    });
    await expectAgreement(await sharedDevice(), { program, buffers: [numbers(rows * width).map((x) => Math.round(x * 4)), new Array<bigint>(rows).fill(0n)] });
  });

  it("combines from left to right, where that matters", async () => {
    const device = await sharedDevice();
    for (const lanes of [1, 16] as const) {
      const b = new ExprBuilder();
      const [rows, width] = [3, 9000];
      const [left, right] = [b.left(0, "float32"), b.right(0, "float32")];
      const program = kernel("first that is not zero", {
        params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
        outer: [b.int(rows)],
        inner: [b.int(width)],
        reductions: [{
          monoid: { identity: [b.const(0, "float32")], combine: [b.select(b.eq(left, b.const(0, "float32")), right, left)] },
          lift: [b.load(0, "float32", at(b, [0, width], [1, 1]))],
          lanes,
        }],
        stores: [{ over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, "float32") }],
      });
      await expectAgreement(device, { program, buffers: [numbers(rows * width).map((x, i) => (i % 5 < 4 ? 0 : x)), zeros(rows)] });
    }
  });

  it("any: a monoid of bools", async () => {
    const b = new ExprBuilder();
    const program = kernel("any", {
      params: [{ dtype: "bool", access: "in" }, { dtype: "bool", access: "out" }],
      outer: [b.int(4)],
      inner: [b.int(20)],
      reductions: [{
        monoid: { identity: [b.const(false, "bool")], combine: [b.or(b.left(0, "bool"), b.right(0, "bool"))] },
        lift: [b.load(0, "bool", at(b, [0, 20], [1, 1]))],
        lanes: 16,
      }],
      stores: [{ over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, "bool") }],
    });
    const bits = Array.from({ length: 80 }, (_, i) => Number(i === 17 || i === 45));
    const actual = await expectAgreement(await sharedDevice(), { program, buffers: [bits, zeros(4)] });
    expect(actual[1]).toEqual([1, 0, 1, 0]);
  });

  it("spaces that are empty, and one point without axes", async () => {
    const device = await sharedDevice();
    await expectAgreement(device, { program: rowSums(0, 5, 16), buffers: [[], []] });
    const b = new ExprBuilder();
    const params = [{ dtype: "float32", access: "out" }] as const;
    const store = { over: "outer", param: 0, index: b.int(0), value: b.const(7, "float32") } as const;
    const literal = kernel("empty by a literal", { params, outer: [b.int(0), b.int(3)], stores: [store] });
    expect((await expectAgreement(device, { program: literal, buffers: [[1]] }))[0]).toEqual([1]);
    const argument = kernel("empty by an argument", { params, scalars: ["int32"], outer: [b.scalar(0, "int32"), b.int(3)], stores: [store] });
    expect((await expectAgreement(device, { program: argument, buffers: [[1]], scalars: [0] }))[0]).toEqual([1]);
    const point = kernel("one point", { params, outer: [], stores: [store] });
    expect((await expectAgreement(device, { program: point, buffers: [[1]] }))[0]).toEqual([7]);
  });

  it("more rows than a dimension has workgroups", async () => {
    await expectAgreement(await sharedDevice(), { program: rowSums(70_000, 2, 1), buffers: [numbers(140_000), zeros(70_000)] });
  });

  it("more points than one row of workgroups has invocations", async () => {
    const [rows, columns] = [2111, 2003];
    const b = new ExprBuilder();
    const index = at(b, [0, columns], [1, 1]);
    const program = kernel("positions", {
      params: [{ dtype: "int32", access: "out" }],
      scalars: ["int32", "int32"],
      outer: [b.scalar(0, "int32"), b.scalar(1, "int32")],
      stores: [{ over: "outer", param: 0, index, value: b.add(b.mul(b.index(0), b.int(10000)), b.index(1)) }],
    });
    const device = await sharedDevice();
    expect(rows * columns).toBeGreaterThan(65535 * 64);
    const buffer = device.alloc(4 * rows * columns, "int32");
    device.dispatch(device.prepare(program), [buffer], [rows, columns]);
    const result = new Int32Array((await device.read(buffer)).buffer);
    device.free(buffer);
    expect(result.length).toBe(rows * columns);
    expect(result.findIndex((value, i) => value !== Math.floor(i / columns) * 10000 + (i % columns))).toBe(-1);
  });

  it("leaves what it does not write as it was", async () => {
    const b = new ExprBuilder();
    const program = kernel("every third", {
      params: [{ dtype: "int8", access: "out" }],
      outer: [b.int(5)],
      stores: [{ over: "outer", param: 0, index: b.add(b.mul(b.index(0), b.int(3)), b.int(1)), value: b.index(0) }],
    });
    const [bytes] = await runOn(await sharedDevice(), { program, buffers: [new Array<number>(17).fill(-9)] });
    expect(bytes).toEqual([-9, 0, -9, -9, 1, -9, -9, 2, -9, -9, 3, -9, -9, 4, -9, -9, -9]);
    expect(elementsOf("int8", new Uint8Array([247]))).toEqual([-9]);
  });
});
