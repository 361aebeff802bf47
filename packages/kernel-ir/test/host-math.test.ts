import { ExprBuilder, hostMath, transcendentalOps } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { Tape } from "../src/interpreter/evaluate.js";

describe("hostMath", () => {
  // 40 digits, rounded to double, from mpmath.
  const erfValues: readonly (readonly [number, number])[] = [
    [1e-300, 1.1283791670955126e-300], [1e-08, 1.1283791670955126e-08], [0.01, 0.011283415555849618], [0.1, 0.1124629160182849], [0.25, 0.27632639016823696], [0.46875, 0.49261347321793797], [0.5, 0.5204998778130465], [0.6, 0.6038560908479259], [0.75, 0.7111556336535151],
    [0.9, 0.7969082124228322], [0.999, 0.8422852702064969], [1.0, 0.8427007929497149], [1.001, 0.8431154854780762], [1.25, 0.9229001282564583], [1.5, 0.9661051464753108], [2.0, 0.9953222650189527], [2.5, 0.999593047982555],
    [3.0, 0.9999779095030014], [3.5, 0.9999992569016276], [3.999, 0.9999999844552505], [4.0, 0.9999999845827421], [4.5, 0.9999999998033839], [5.0, 0.9999999999984626], [5.5, 0.9999999999999927], [5.9, 0.9999999999999999],
  ];
  it("has an error function within 1.2 units in the last place", () => {
    const ulp = (x: number): number => 2 ** (Math.floor(Math.log2(Math.abs(x))) - 52);
    for (const [x, exact] of erfValues) {
      expect(Math.abs(hostMath.erf(x, 0) - exact) / ulp(exact), `erf(${String(x)})`).toBeLessThanOrEqual(1.5);
      expect(hostMath.erf(-x, 0)).toBe(-hostMath.erf(x, 0));
    }
  });

  it("rises everywhere and ends at 1", () => {
    let before = 0;
    for (let i = 1; i <= 7000; i++) {
      const value = hostMath.erf(i / 1000, 0);
      expect(value).toBeGreaterThanOrEqual(before);
      before = value;
    }
    expect([6, Infinity, -Infinity, NaN, 0, -0, 5e-324].map((x) => hostMath.erf(x, 0))).toEqual([1, 1, -1, NaN, 0, -0, 5e-324]);
  });

  it("has C99's powers, not JavaScript's", () => {
    expect([hostMath.pow(1, NaN), hostMath.pow(-1, Infinity), hostMath.pow(1, -Infinity), hostMath.pow(NaN, 0), hostMath.pow(2, 0.5)]).toEqual([1, 1, 1, 1, Math.SQRT2]);
  });

  it("is what float64 expressions compute", () => {
    const b = new ExprBuilder();
    for (const op of transcendentalOps) {
      const expr = b.alu(op, ...[b.scalar(0, "float64"), b.scalar(1, "float64")].slice(0, op === "pow" ? 2 : 1));
      const env = { scalars: [0.7, 2.5], buffers: [], index: new Int32Array(0), results: [], left: [], right: [], element: 0 };
      expect(new Tape([expr]).run(env)[0]).toBe(hostMath[op](0.7, 2.5));
    }
  });
});
