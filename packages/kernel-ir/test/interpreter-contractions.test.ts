import type { Contraction } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { execute, f } from "./support/execute.js";
import type { Convolution } from "./support/samples.js";
import { conv1d, conv1dInputGradient, linear, outputSize } from "./support/samples.js";

const integers = (count: number, seed = 1): number[] => Array.from({ length: count }, (_, i) => ((i * 7 + seed * 3) % 11) - 5);

describe("contractions", () => {
  it("multiply matrices, with an epilogue", () => {
    const [m, n, k] = [3, 5, 4];
    const [x, w, bias] = [integers(m * k), integers(k * n, 2), integers(n, 3)];
    const expected = Array.from({ length: m * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let total = 0;
      for (let c = 0; c < k; c++) total += (x[i * k + c] ?? 0) * (w[c * n + j] ?? 0);
      return Math.max(0, total + (bias[j] ?? 0));
    });
    expect(execute(linear(new ExprBuilder()), [x, w, bias, m * n], [m, n, k])[3]).toEqual(expected);
  });

  it("round each product and add over k from the first to the last", () => {
    const [x, w] = [[1e8, 1, -1e8, 3], [1.1, 1, 1.1, 1 / 3]].map((values) => values.map(f)) as [number[], number[]];
    let total = 0;
    x.forEach((v, i) => (total = f(total + f(v * (w[i] ?? 0)))));
    expect(execute(linear(new ExprBuilder()), [x, w, [0], 1], [1, 1, 4])[3]).toEqual([Math.max(0, total)]);
  });

  it("sum nothing to zero", () => {
    expect(execute(linear(new ExprBuilder()), [[], [], [1, -2], 4], [2, 2, 0])[3]).toEqual([1, 0, 1, 0]);
    expect(execute(linear(new ExprBuilder()), [[], [1, 2], [1, -2], 0], [0, 2, 1])[3]).toEqual([]);
  });

  const convolutions = fc.record({
    batch: fc.integer({ min: 1, max: 2 }), channels: fc.integer({ min: 1, max: 3 }), filters: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 4, max: 9 }), kernel: fc.integer({ min: 1, max: 3 }), stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.integer({ min: 0, max: 2 }), dilation: fc.integer({ min: 1, max: 2 }),
  }).filter((c) => outputSize(c) > 0);

  /** Visits each product of a convolution: places in the output, the input and the weight. */
  function eachProduct(c: Convolution, visit: (out: number, input: number, weight: number) => void): void {
    const length = outputSize(c);
    for (let n = 0; n < c.batch; n++) for (let o = 0; o < c.filters; o++) for (let y = 0; y < length; y++) {
      for (let ch = 0; ch < c.channels; ch++) for (let t = 0; t < c.kernel; t++) {
        const x = y * c.stride + t * c.dilation - c.padding;
        if (x < 0 || x >= c.size) continue;
        visit((n * c.filters + o) * length + y, (n * c.channels + ch) * c.size + x, (o * c.channels + ch) * c.kernel + t);
      }
    }
  }

  it("convolve with stride, padding and dilation", () => {
    fc.assert(fc.property(convolutions, (c) => {
      const [x, w] = [integers(c.batch * c.channels * c.size), integers(c.filters * c.channels * c.kernel, 4)];
      const expected = new Array<number>(c.batch * c.filters * outputSize(c)).fill(0);
      eachProduct(c, (out, input, weight) => (expected[out] = (expected[out] ?? 0) + (x[input] ?? 0) * (w[weight] ?? 0)));
      expect(execute(conv1d(new ExprBuilder(), c), [x, w, expected.length])[2]).toEqual(expected);
    }), { numRuns: 40 });
  });

  it("carry a convolution's gradient back through a divisor", () => {
    fc.assert(fc.property(convolutions, (c) => {
      const [g, w] = [integers(c.batch * c.filters * outputSize(c)), integers(c.filters * c.channels * c.kernel, 4)];
      const expected = new Array<number>(c.batch * c.channels * c.size).fill(0);
      eachProduct(c, (out, input, weight) => (expected[input] = (expected[input] ?? 0) + (g[out] ?? 0) * (w[weight] ?? 0)));
      expect(execute(conv1dInputGradient(new ExprBuilder(), c), [g, w, expected.length])[2]).toEqual(expected);
    }), { numRuns: 40 });
  });

  it("apply a prologue to what they read and not to the zeros outside", () => {
    const b = new ExprBuilder();
    const c: Convolution = { batch: 1, channels: 1, filters: 1, size: 3, kernel: 3, stride: 1, padding: 1, dilation: 1 };
    const base = conv1d(b, c);
    const shifted: Contraction = { ...base, right: { ...base.right, prologue: b.add(b.element("float32"), b.const(100, "float32")) } };
    expect(execute(shifted, [[1, 2, 3], [1, 1, 1], 3])[2]).toEqual([203, 306, 205]);
  });

  it.each([
    ["int32", [2 ** 30, 3], [4, 5], 15],
    ["int64", [2n ** 62n, 3n], [4n, 5n], 15n],
    ["float64", [1e16, 1], [1, 1], 1e16],
    ["bool", [1, 0], [1, 1], 1],
  ] as const)("sum in %s", (dtype, x, w, expected) => {
    const b = new ExprBuilder();
    const base = linear(b);
    const contraction: Contraction = {
      ...base, dtype, params: [{ dtype, access: "in" }, { dtype, access: "in" }, { dtype, access: "out" }],
      stores: [{ over: "outer", param: 2, index: b.index(0), value: b.result(0, 0, dtype) }],
    };
    expect(execute(contraction, [x, w, 1], [1, 1, 2])[2]).toEqual([expected]);
  });

  it("convert what they read to the arithmetic of the sum", () => {
    const b = new ExprBuilder();
    const base = linear(b);
    const contraction: Contraction = {
      ...base, dtype: "float64", params: [{ dtype: "int8", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float64", access: "out" }],
      stores: [{ over: "outer", param: 2, index: b.index(0), value: b.result(0, 0, "float64") }],
    };
    expect(execute(contraction, [[3, -2], [f(0.1), f(0.2)], 1], [1, 1, 2])[2]).toEqual([3 * f(0.1) - 2 * f(0.2)]);
  });
});
