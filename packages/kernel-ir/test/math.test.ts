import type { TranscendentalOp } from "@gradus/kernel-ir";
import { ExprBuilder, hostMath, lowerExpression, topological, transcendentalOps } from "@gradus/kernel-ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tape } from "../src/interpreter/evaluate.js";
import { between, bounds, error, everyFloat32, float32Of, lowered, worstOf } from "./support/accuracy.js";

const unary = transcendentalOps.filter((op) => op !== "pow");
const anyFloat32 = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(float32Of) },
  { weight: 2, arbitrary: fc.float({ min: -200, max: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, NaN, 2 ** -149, -(2 ** -149), 2 ** -126, 3.4028234663852886e38, 0.5, 2, 3) },
);

describe("float32 functions", () => {
  const manners = [{}, { fused: true }] as const;
  it.each(unary.flatMap((op) => manners.map((manner) => [op, manner] as const)))("%s is as accurate as promised, %o", (op, manner) => {
    // A prime step meets every exponent, both signs and every residue of the significand's low bits; the ranges hold every case of a formula.
    const xs = [...everyFloat32(20011), ...between(-110, 90), ...between(-10, 10), ...between(-1, 2), ...between(100, 8192), ...between(88.5, 89), ...between(-104.5, -103.5)];
    const worst = worstOf(op, lowered(op, manner), xs);
    expect(worst.error, worst.at).toBeLessThan(bounds[op]);
  });

  it.each(unary)("%s is the same bit for bit where sums may be used for rounding", (op) => {
    const [plain, bySums] = [lowered(op), lowered(op, { keepsSums: true })];
    const halves = Array.from({ length: 1001 }, (_, i) => (i - 500) / 2);
    for (const x of [...everyFloat32(1_000_003), ...between(-110, 90), ...halves, 0, -0]) expect(bySums(x), `${op}(${String(x)})`).toBe(plain(x));
  });

  it.each(["sin", "cos"] as const)("%s keeps its accuracy where little is left of its argument", (op) => {
    // The float32 nearest to multiples of ½π, small and huge: the hardest arguments there are.
    const hard = [0x45ffb5d9, 0x4a3e8c55, 0x5922aa80, 0x6f79be45, 0x72b505c9, 0x7f7fffff].map(float32Of);
    const near = Array.from({ length: 12_000 }, (_, k) => Math.fround((k + 1) * (Math.PI / 2)));
    const doubled = near.slice(0, 200).flatMap((x) => Array.from({ length: 90 }, (_, e) => Math.fround(x * 2 ** e)));
    const worst = worstOf(op, lowered(op), [...hard, ...near, ...doubled]);
    expect(worst.error, worst.at).toBeLessThan(bounds[op]);
  });

  it.each(manners)("pow is as accurate as promised, %o", (manner) => {
    const f = lowered("pow", manner);
    const base = fc.oneof(anyFloat32.map(Math.abs), fc.float({ min: Math.fround(0.25), max: 4, noNaN: true }), fc.float({ min: Math.fround(0.99), max: Math.fround(1.01), noNaN: true }));
    // Exponents that bring the result anywhere between the smallest and the largest float32.
    const pair = fc.tuple(base, fc.double({ min: -151, max: 129, noNaN: true })).map(([x, log2]) => [x, Math.fround(log2 / Math.log2(x))] as const);
    const small = fc.tuple(anyFloat32, fc.integer({ min: -20, max: 20 }));
    fc.assert(fc.property(fc.oneof(pair, small, fc.tuple(anyFloat32, anyFloat32)), ([x, y]) => error(f(x, y), hostMath.pow(x, y)) < bounds.pow), { numRuns: 30_000 });
  });

  it.each<[TranscendentalOp, readonly number[], readonly number[]]>([
    ["exp", [0, -0, Infinity, -Infinity, NaN, 88.72284, -103.97207, -103.97209], [1, 1, Infinity, 0, NaN, Infinity, 2 ** -149, 0]],
    ["log", [1, 0, -0, -1, -Infinity, Infinity, NaN, 2 ** -149, 3.4028235e38], [0, -Infinity, -Infinity, NaN, NaN, Infinity, NaN, -103.27893, 88.72284]],
    ["sin", [0, -0, Infinity, -Infinity, NaN, 2 ** -149, 3.4028235e38], [0, -0, NaN, NaN, NaN, 2 ** -149, -0.521876534]],
    ["cos", [0, -0, Infinity, -Infinity, NaN, 2 ** -149, 3.4028235e38], [1, 1, NaN, NaN, NaN, 1, 0.853021039]],
    ["tanh", [0, -0, Infinity, -Infinity, NaN, 2 ** -149, -(2 ** -126), 9.1, -88], [0, -0, 1, -1, NaN, 2 ** -149, -(2 ** -126), 1, -1]],
    ["erf", [0, -0, Infinity, -Infinity, NaN, 4, -20], [0, -0, 1, -1, NaN, 1, -1]],
  ])("%s of special arguments", (op, xs, wanted) => {
    expect(xs.map((x) => lowered(op)(Math.fround(x)))).toEqual(wanted.map(Math.fround));
  });

  // C99, Annex F.10.4.4.
  const powers: readonly (readonly [number, number, number])[] = [
    [0, -3, Infinity], [-0, -3, -Infinity], [-0, -2, Infinity], [0, -0.5, Infinity], [-0, -Infinity, Infinity], [0, -Infinity, Infinity],
    [0, 3, 0], [-0, 3, -0], [-0, 2, 0], [-0, 0.5, 0], [0, Infinity, 0], [-1, Infinity, 1], [-1, -Infinity, 1], [1, NaN, 1], [1, Infinity, 1], [NaN, 0, 1], [Infinity, -0, 1],
    [NaN, 1, NaN], [2, NaN, NaN], [-8, 1 / 3, NaN], [-1, 0.5, NaN], [0.5, -Infinity, Infinity], [-0.5, -Infinity, Infinity], [2, -Infinity, 0], [-2, -Infinity, 0],
    [0.5, Infinity, 0], [-0.5, Infinity, 0], [2, Infinity, Infinity], [-2, Infinity, Infinity], [-Infinity, -3, -0], [-Infinity, -2, 0], [-Infinity, 3, -Infinity],
    [-Infinity, 2.5, Infinity], [-Infinity, -0.5, 0], [Infinity, -1, 0], [Infinity, 0.1, Infinity], [-2, 3, -8], [-2, 4, 16], [-2, -1, -0.5], [3, 4, 81],
    [-1, 16777215, -1], [-1, 16777216, 1], [2, 127, 2 ** 127], [2, 128, Infinity], [-2, 129, -Infinity], [2, -149, 2 ** -149], [2, -151, 0], [-2, -151, -0], [10, 38, 1e38],
  ];
  it.each(powers)("pow(%d, %d) = %d", (x, y, expected) => {
    expect(lowered("pow")(Math.fround(x), Math.fround(y))).toBe(Math.fround(expected));
    expect(Math.fround(hostMath.pow(x, y))).toBe(Math.fround(expected));
  });

  it.each(unary)("%s loses no more than a subnormal number on a device that flushes them", (op) => {
    const f = lowered(op, { flushed: true });
    const xs = [...everyFloat32(100_003)].filter((x) => !(Math.abs(x) < 2 ** -126) && !(Math.abs(f(x) - hostMath[op](x, 0)) <= 2 ** -126));
    const worst = worstOf(op, f, xs);
    expect(worst.error, worst.at).toBeLessThan(bounds[op]);
  });

  it("do in the interpreter what was measured here", () => {
    for (const op of transcendentalOps) {
      const b = new ExprBuilder();
      const expr = lowerExpression(b, b.alu(op, ...[b.scalar(0, "float32"), b.scalar(1, "float32")].slice(0, op === "pow" ? 2 : 1)));
      const tape = new Tape([expr]);
      const f = lowered(op);
      fc.assert(fc.property(anyFloat32, anyFloat32, (x, y) => {
        const env = { scalars: [x, y], buffers: [], index: new Int32Array(0), results: [], left: [], right: [], element: 0 };
        expect(tape.run(env)[0]).toBe(f(x, y));
      }), { numRuns: 1500 });
    }
  });

  it("are made of few and primitive ops", () => {
    const count = (op: TranscendentalOp): number => {
      const b = new ExprBuilder();
      const expr = lowerExpression(b, b.alu(op, ...[b.scalar(0, "float32"), b.scalar(1, "float32")].slice(0, op === "pow" ? 2 : 1)));
      const nodes = topological([expr]).filter((node) => node.args.length > 0 && node.op !== "bitcast");
      expect(nodes.every(({ dtype }) => ["float32", "int32", "bool"].includes(dtype))).toBe(true);
      expect(nodes.some((node) => (transcendentalOps as readonly string[]).includes(node.op))).toBe(false);
      return nodes.length;
    };
    // What softmax and an LSTM pay. More than this is a slower framework.
    expect(count("exp")).toBeLessThanOrEqual(29);
    expect(count("tanh")).toBeLessThanOrEqual(34);
    expect(count("log")).toBeLessThanOrEqual(41);
    expect(count("erf")).toBeLessThanOrEqual(50);
    expect(count("sin")).toBeLessThanOrEqual(122);
    expect(count("pow")).toBeLessThanOrEqual(127);
  });
});
