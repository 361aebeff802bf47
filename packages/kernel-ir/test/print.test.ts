import type { Contraction, Kernel, Program } from "@gradus/kernel-ir";
import { ExprBuilder, lowerProgram, printExpression, printProgram } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import * as samples from "./support/samples.js";

const printed = (make: (b: ExprBuilder) => Program): string => `\n${printProgram(make(new ExprBuilder()))}\n`;

describe("printProgram", () => {
  it("shows maps and reductions as loops", () => {
    expect(printed(samples.add)).toMatchInlineSnapshot(`
      "
      kernel add(p0: in float32, p1: in float32, p2: out float32; s0: int32)
        for i0 < s0
          p2[i0] = p0[i0] + p1[i0]
      "
    `);
    expect(printed(samples.softmax)).toMatchInlineSnapshot(`
      "
      kernel softmax(p0: in float32, p1: out float32; s0: int32, s1: int32)
        for i0 < s0
          reduce i1 < s1, 16 lanes
            right0 = p0[i0 * s1 + i1]
            result0.0 = max(left0, right0), from -Infinity
          reduce i1 < s1, 16 lanes
            right0 = exp(p0[i0 * s1 + i1] - result0.0)
            result1.0 = left0 + right0, from 0.0
          for i1 < s1
            t0: int32 = i0 * s1 + i1
            p1[t0] = exp(p0[t0] - result0.0) / result1.0
      "
    `);
    expect(printed(samples.layerNorm)).toMatchInlineSnapshot(`
      "
      kernel layerNorm(p0: in float32, p1: out float32, p2: out float32, p3: out float32; s0: int32, s1: int32, s2: float32)
        for i0 < s0
          reduce i1 < s1, 16 lanes
            right0 = p0[i0 * s1 + i1]
            result0.0 = left0 + right0, from 0.0
          reduce i1 < s1, 16 lanes
            t0: float32 = p0[i0 * s1 + i1] - result0.0 / float32(s1)
            right0 = t0 * t0
            result1.0 = left0 + right0, from 0.0
          t1: float32 = float32(s1)
          p2[i0] = result0.0 / t1
          p3[i0] = 1.0 / sqrt(result1.0 / t1 + s2)
          for i1 < s1
            t2: int32 = i0 * s1 + i1
            t3: float32 = float32(s1)
            p1[t2] = (p0[t2] - result0.0 / t3) * (1.0 / sqrt(result1.0 / t3 + s2))
      "
    `);
    expect(printed(samples.argmax)).toMatchInlineSnapshot(`
      "
      kernel argmax(p0: in float32, p1: out float32, p2: out int64; s0: int32, s1: int32)
        for i0 < s0
          reduce i1 < s1, 16 lanes
            right0 = p0[i0 * s1 + i1]
            right1 = i1
            t0: bool = right1 < left1
            t1: bool = not(left0 != left0)
            t2: bool = right0 != right0 ? t1 | t0 : t1 & ((left0 < right0) | ((left0 == right0) & t0))
            result0.0 = t2 ? right0 : left0, from -Infinity
            result0.1 = t2 ? right1 : left1, from 2147483647
          p1[i0] = result0.0
          p2[i0] = int64(result0.1)
      "
    `);
  });

  it("shows contractions with their windows, prologue and epilogue", () => {
    expect(printed(samples.linear)).toMatchInlineSnapshot(`
      "
      contraction linear(p0: in float32, p1: in float32, p2: in float32, p3: out float32; s0: int32, s1: int32, s2: int32)
        for m i0 < s0, n i1 < s1
          sum in float32 over k i2 < s2
            left = p0[i0 * s2 + i2]
            right = p1[i2 * s1 + i1]
            result0.0 = result0.0 + left * right
          p3[i0 * s1 + i1] = max(result0.0 + p2[i1], 0.0)
      "
    `);
    const convolution = { batch: 2, channels: 3, filters: 4, size: 9, kernel: 3, stride: 2, padding: 1, dilation: 1 };
    expect(printed((b) => {
      const base = samples.conv1d(b, convolution);
      return { ...base, right: { ...base.right, prologue: b.max(b.element("float32"), b.const(0, "float32")) } } satisfies Contraction;
    })).toMatchInlineSnapshot(`
      "
      contraction conv1d(p0: in float32, p1: in float32, p2: out float32)
        for n i0 < 2, m i1 < 4, n i2 < 5
          sum in float32 over k i3 < 3, k i4 < 3
            left = p1[i1 * 9 + i3 * 3 + i4]
            x0 = i2 * 2 + i4 - 1, zero outside of 0 … 9
            element = p0[i0 * 27 + i3 * 9 + x0]
            right = max(element, 0.0)
            result0.0 = result0.0 + left * right
          p2[(i0 * 4 + i1) * 5 + i2] = result0.0
      "
    `);
    expect(printed((b) => samples.conv1dInputGradient(b, convolution))).toMatchInlineSnapshot(`
      "
      contraction conv1dInputGradient(p0: in float32, p1: in float32, p2: out float32)
        for n i0 < 2, m i1 < 3, n i2 < 9
          sum in float32 over k i3 < 4, k i4 < 3
            left = p1[i1 * 3 + i3 * 9 + i4]
            x0 = (i2 - i4 + 1) / 2, zero outside of 0 … 5
            right = p0[i0 * 20 + i3 * 5 + x0]
            result0.0 = result0.0 + left * right
          p2[(i0 * 3 + i1) * 9 + i2] = result0.0
      "
    `);
  });

  it("shows routines", () => {
    expect(printed(samples.cumulative)).toMatchInlineSnapshot(`
      "
      scan cumulative(p0: in float32, p1: out float32, p2: out int32; s0: int32, s1: int32)
        for i0 < s0
          for i1 < s1
            t0: float32 = p0[i0 * s1 + i1]
            right0 = t0
            right1 = t0
            right2 = i1
            result0.0 = left0 + right0, from 0.0
            t1: bool = left1 <= right1
            result0.1 = t1 ? right1 : left1, from -Infinity
            result0.2 = t1 ? right2 : left2, from -1
            t2: int32 = i0 * s1 + i1
            p1[t2] = result0.0
            p2[t2] = result0.2
      "
    `);
    expect(printed(samples.scatterAdd)).toMatchInlineSnapshot(`
      "
      scatter scatterAdd(p0: in int64, p1: in float32, p2: inout float32; s0: int32, s1: int32, s2: int32)
        for i0 < s0
          for i1 < s1
            require int32(p0[i1]) < s2  "scatterAdd: expected ids below the number of rows; check the ids"
            t0: int32 = int32(p0[i1])
            where 0 <= t0
            t1: int32 = t0 * s0 + i0
            left0 = p2[t1]
            right0 = p1[i1 * s0 + i0]
            p2[t1] = left0 + right0
      "
    `);
    expect(printed((b) => samples.sort(b, true))).toMatchInlineSnapshot(`
      "
      sort sort(p0: in float32, p1: out float32, p2: out int64; s0: int32, s1: int32)
        for i0 < s0
          sort i1 < s1 descending by
            p0[i0 * s1 + i1]
          for i1 < s1
            t0: int32 = i0 * s1 + i1
            p1[t0] = result0.0
            p2[t0] = int64(result0.1)
      "
    `);
  });

  it("shows what a function is made of", () => {
    expect(printed((b) => {
      const base = samples.add(b);
      return lowerProgram({ ...base, stores: base.stores.map((store) => ({ ...store, value: b.tanh(store.value) })) } satisfies Kernel);
    })).toMatchInlineSnapshot(`
      "
      kernel add(p0: in float32, p1: in float32, p2: out float32; s0: int32)
        for i0 < s0
          t0: int32 = bits.int32(p0[i0] + p1[i0])
          t1: float32 = bits.float32(t0 & 2147483647)
          t2: float32 = 10.0 < t1 ? 10.0 : t1
          t3: float32 = round(t2 * 2.88539 - 0.25)
          t4: float32 = t2 - t3 * 0.34655762 - t3 * 0.000015973092
          t5: float32 = t4 * t4
          t6: float32 = t4 * t5 * ((-0.051225275 * t5 + 0.13322689) * t5 - 0.33333215) + t4
          t7: float32 = bits.float32(bits.int32(t3 + 12583039.0) << 23)
          t8: float32 = t7 + 1.0
          t9: float32 = t7 - 1.0
          t10: bool = 0.6 < t1
          p2[i0] = bits.float32(bits.int32(((t10 ? -2.0 : t9) + (t10 ? 2.0 : t8) * t6) / (t8 + t9 * t6) + (t10 ? 1.0 : 0.0)) | (t0 & -2147483648))
      "
    `);
  });
});

describe("printExpression", () => {
  const b = new ExprBuilder();
  const [i, j, x, y] = [b.index(0), b.index(1), b.scalar(0, "float32"), b.scalar(1, "float32")];
  const t = b.lt(x, y);
  it.each([
    [b.add(b.mul(i, j), b.mul(b.add(i, j), j)), "i0 * i1 + (i0 + i1) * i1"],
    [b.sub(i, b.sub(j, i)), "i0 - (i1 - i0)"],
    [b.sub(b.sub(i, j), i), "i0 - i1 - i0"],
    [b.add(i, b.int(-3)), "i0 - 3"],
    [b.mul(b.neg(x), b.neg(b.add(x, y))), "-s0 * -(s0 + s1)"],
    [b.and(b.le(b.int(0), i), b.not(b.lt(i, j))), "(0 <= i0) & not(i0 < i1)"],
    [b.add(b.select(t, x, y), x), "(s0 < s1 ? s0 : s1) + s0"],
    [b.select(t, b.select(t, y, x), b.select(t, x, b.sqrt(y))), "s0 < s1 ? (s0 < s1 ? s1 : s0) : s0 < s1 ? s0 : sqrt(s1)"],
    [b.load(2, "float32", i, { when: b.lt(i, j), otherwise: x }), "i0 < i1 ? p2[i0] : s0"],
    [b.bitcast(b.ushr(b.bitcast(x, "int32"), b.int(23)), "float32"), "bits.float32(bits.int32(s0) >>> 23)"],
    [b.cast(b.const(5, "int64"), "float32"), "5.0"],
    [b.cast(b.add(i, j), "int64"), "int64(i0 + i1)"],
  ])("%#", (expr, text) => {
    expect(printExpression(expr)).toBe(text);
  });

  it.each([
    [0.1, "float32", "0.1"], [1 / 3, "float32", "0.33333334"], [1 / 3, "float64", "0.3333333333333333"], [1, "float32", "1.0"], [-0, "float64", "-0.0"],
    [16777216, "float32", "16777216.0"], [2 ** -149, "float32", "1e-45"], [3.4028234663852886e38, "float32", "3.4028235e+38"], [-Infinity, "float32", "-Infinity"],
    [NaN, "float32", "NaN"], [7, "int32", "7"], [7, "int64", "7n"], [1, "bool", "true"],
  ] as const)("writes %d of %s as %s", (value, dtype, text) => {
    expect(printExpression(b.const(value, dtype))).toBe(text);
  });
});
