import type { AluOp, ComputeDType, Expr } from "@gradus/kernel-ir";
import { aluOps, ExprBuilder, topological, transcendentalOps } from "@gradus/kernel-ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Value } from "../src/interpreter/evaluate.js";
import { Tape } from "../src/interpreter/evaluate.js";

const evaluate = (expr: Expr, scalars: readonly Value[] = []): Value | undefined =>
  new Tape([expr]).run({ scalars, buffers: [], index: new Int32Array(3), results: [], left: [], right: [], element: 0 })[0];

describe("a builder", () => {
  it("makes equal expressions one object", () => {
    const b = new ExprBuilder();
    const make = (): Expr => b.mul(b.add(b.index(0), b.int(2)), b.load(0, "int32", b.index(1)));
    expect(make()).toBe(make());
    expect(b.index(0)).not.toBe(b.index(1));
    expect(b.left(0, "float32")).not.toBe(b.right(0, "float32"));
    expect(b.left(0, "float32")).not.toBe(b.left(0, "float64"));
    expect(b.scalar(0, "int32")).not.toBe(b.scalar(0, "float32"));
    expect(b.load(0, "float32", b.index(0))).not.toBe(b.load(0, "float64", b.index(0)));
    expect(b.load(0, "float16", b.index(0))).toBe(b.load(0, "float32", b.index(0)));
  });

  it("tells apart literals that differ in a bit or in type", () => {
    const b = new ExprBuilder();
    expect(b.const(0, "float32")).not.toBe(b.const(-0, "float32"));
    expect(b.const(1, "float32")).not.toBe(b.const(1, "float64"));
    expect(b.const(NaN, "float32")).toBe(b.const(NaN, "float32"));
    expect(b.const(0.1, "float32")).toBe(b.const(Math.fround(0.1), "float32"));
    expect(b.const(true, "bool")).toBe(b.const(1, "bool"));
    expect(b.const(5, "int64")).toBe(b.const(5n, "int64"));
  });

  it("orders arguments before their users", () => {
    const b = new ExprBuilder();
    const x = b.scalar(0, "float32");
    let sum = x;
    for (let i = 0; i < 20_000; i++) sum = b.add(b.mul(sum, sum), x);
    const nodes = topological([sum]);
    const place = new Map(nodes.map((node, i) => [node, i]));
    expect(nodes).toHaveLength(40_001);
    expect(nodes.every((node, i) => node.args.every((arg) => (place.get(arg) ?? Infinity) < i))).toBe(true);
  });

  it("refuses what has no meaning", () => {
    const b = new ExprBuilder();
    const [x, n, t] = [b.scalar(0, "float32"), b.int(1), b.const(true, "bool")];
    expect(() => b.add(x, n)).toThrow("internal: add does not take (float32, int32)");
    expect(() => b.alu("add", x)).toThrow("internal: add takes 2 arguments, got 1");
    expect(() => b.sqrt(n)).toThrow("internal: sqrt does not take (int32)");
    expect(() => b.and(x, x)).toThrow("internal: and does not take (float32, float32)");
    expect(() => b.shl(t, t)).toThrow("internal: shl does not take (bool, bool)");
    expect(() => b.lt(t, t)).toThrow("internal: lt does not take (bool, bool)");
    expect(() => b.select(n, x, x)).toThrow("internal: select needs a bool condition, got int32");
    expect(() => b.select(t, x, n)).toThrow("internal: select needs branches of one type, got float32 and int32");
    expect(() => b.bitcast(x, "int64")).toThrow("internal: no bitcast from float32 to int64");
    expect(() => b.load(0, "int8", n, { when: b.isNaN(x), otherwise: x })).toThrow("internal: a load of int8 needs an else value of int32, got float32");
    expect(() => b.int(2 ** 31)).toThrow("internal: 2147483648 is no int32");
    expect(() => b.const(2n ** 63n, "int64")).toThrow("internal: 9223372036854775808 is no int64");
  });

  it("rebuilds a node of another builder in its own", () => {
    const [b, other] = [new ExprBuilder(), new ExprBuilder()];
    const x = b.add(b.load(2, "float32", b.index(0), { when: b.lt(b.index(0), b.int(3)), otherwise: b.const(0, "float32") }), b.element("float32"));
    const copies = new Map<Expr, Expr>();
    for (const node of topological([x])) copies.set(node, other.rebuild(node, node.args.map((arg) => copies.get(arg) ?? arg)));
    const again = new Map<Expr, Expr>();
    for (const node of topological([x])) again.set(node, other.rebuild(node, node.args.map((arg) => again.get(arg) ?? arg)));
    expect(copies.get(x)).toBe(again.get(x));
    expect(copies.get(x)).not.toBe(x);
  });
});

describe("simplifications", () => {
  it("keep index expressions short", () => {
    const b = new ExprBuilder();
    const i = b.index(0);
    expect(b.add(i, b.int(0))).toBe(i);
    expect(b.mul(b.int(1), i)).toBe(i);
    expect(b.mul(i, b.int(0))).toBe(b.int(0));
    expect(b.add(b.int(2), b.int(3))).toBe(b.int(5));
    expect(b.and(b.const(true, "bool"), b.lt(i, b.int(3)))).toBe(b.lt(i, b.int(3)));
    expect(b.load(0, "int32", i, { when: b.const(true, "bool"), otherwise: i })).toBe(b.load(0, "int32", i));
  });

  /** A formula: an op over formulas, a literal, or the scalar argument of its type. */
  type Formula = { readonly op: AluOp | "cast" | "select"; readonly dtype: ComputeDType; readonly args: readonly Formula[] } | { readonly dtype: ComputeDType; readonly value: Value | null };

  const interesting: Record<ComputeDType, readonly Value[]> = {
    float64: [0, -0, 1, -1, NaN, Infinity, -Infinity, 0.1, 5e-324, 1e300],
    float32: [0, -0, 1, -1, NaN, Infinity, -Infinity, 0.1, 1e-45, 3e38],
    int64: [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 2n ** 61n + 2n ** 37n + 1n, 40n],
    int32: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 33, 7],
    bool: [0, 1],
  };
  const types = ["float64", "float32", "int64", "int32", "bool"] as const;
  const kinds = { float64: "float", float32: "float", int64: "int", int32: "int", bool: "bool" } as const;
  const isDefined = (op: AluOp, dtype: ComputeDType): boolean => {
    const { takes } = aluOps[op];
    if (takes === "any") return true;
    if (takes === "bits") return kinds[dtype] !== "float";
    return takes === "number" ? kinds[dtype] !== "bool" : takes === kinds[dtype];
  };
  const ops = (Object.keys(aluOps) as AluOp[]).filter((op) => !(transcendentalOps as readonly AluOp[]).includes(op));

  const known = new Map<string, fc.Arbitrary<Formula>>();
  const formula = (dtype: ComputeDType, depth: number): fc.Arbitrary<Formula> => {
    const key = `${dtype} ${String(depth)}`;
    const made = known.get(key) ?? makeFormula(dtype, depth);
    known.set(key, made);
    return made;
  };
  const makeFormula = (dtype: ComputeDType, depth: number): fc.Arbitrary<Formula> => {
    const leaf: fc.Arbitrary<Formula> = fc.oneof(fc.constant({ dtype, value: null }), fc.constantFrom(...interesting[dtype]).map((value) => ({ dtype, value })));
    if (depth === 0) return leaf;
    const computed = (op: AluOp, of: ComputeDType): fc.Arbitrary<Formula> =>
      fc.tuple(...Array.from({ length: aluOps[op].arity }, () => formula(of, depth - 1))).map((args) => ({ op, dtype, args }));
    const same = ops.filter((op) => aluOps[op].gives === "same" && isDefined(op, dtype)).map((op) => computed(op, dtype));
    const compared = dtype !== "bool" ? [] : ops.filter((op) => aluOps[op].gives === "bool").flatMap((op) => types.filter((of) => isDefined(op, of)).map((of) => computed(op, of)));
    const cast = fc.constantFrom(...types).chain((of) => formula(of, depth - 1)).map((arg): Formula => ({ op: "cast", dtype, args: [arg] }));
    const select = fc.tuple(formula("bool", depth - 1), formula(dtype, depth - 1), formula(dtype, depth - 1)).map((args): Formula => ({ op: "select", dtype, args }));
    return fc.oneof(leaf, ...same, ...compared, cast, select);
  };

  const slots: Record<ComputeDType, number> = { float64: 0, float32: 1, int64: 2, int32: 3, bool: 4 };

  function build(b: ExprBuilder, node: Formula): Expr {
    if (!("op" in node)) return node.value === null ? b.scalar(slots[node.dtype], node.dtype) : b.const(node.value, node.dtype);
    return apply(b, node.op, node.dtype, node.args.map((arg) => build(b, arg)));
  }
  function apply(b: ExprBuilder, op: AluOp | "cast" | "select", dtype: ComputeDType, args: readonly Expr[]): Expr {
    const [x, y, z] = args as readonly [Expr, Expr, Expr];
    return op === "cast" ? b.cast(x, dtype) : op === "select" ? b.select(x, y, z) : b.alu(op, ...args);
  }
  /** One op at a time on scalar arguments, of which nothing is known that could simplify it. */
  function stepwise(node: Formula, given: readonly Value[]): Value {
    if (!("op" in node)) return evaluate(node.value === null ? new ExprBuilder().scalar(slots[node.dtype], node.dtype) : new ExprBuilder().const(node.value, node.dtype), given) ?? 0;
    const b = new ExprBuilder();
    const values = node.args.map((arg) => stepwise(arg, given));
    return evaluate(apply(b, node.op, node.dtype, node.args.map((arg, i) => b.scalar(i, arg.dtype))), values) ?? 0;
  }

  it("never change a bit", () => {
    const given = fc.tuple(...types.map((dtype) => fc.constantFrom(...interesting[dtype])));
    fc.assert(
      fc.property(fc.constantFrom(...types).chain((dtype) => formula(dtype, 3)), given, (node, scalars) => {
        expect(evaluate(build(new ExprBuilder(), node), scalars)).toBe(stepwise(node, scalars));
      }),
      { numRuns: 3000 },
    );
  });
});

describe("evaluation", () => {
  const b = new ExprBuilder();
  const of = (op: AluOp, dtype: ComputeDType, ...values: Value[]): Value | undefined => evaluate(b.alu(op, ...values.map((_, i) => b.scalar(i, dtype))), values);

  it("divides integers towards zero, and by zero to 0", () => {
    expect([of("div", "int32", -7, 2), of("div", "int32", 7, 0), of("div", "int32", -(2 ** 31), -1)]).toEqual([-3, 0, -(2 ** 31)]);
    expect([of("rem", "int32", -7, 2), of("rem", "int32", 7, 0), of("rem", "int32", -(2 ** 31), -1)]).toEqual([-1, 0, 0]);
    expect([of("div", "int64", -7n, 2n), of("div", "int64", 7n, 0n), of("div", "int64", -(2n ** 63n), -1n)]).toEqual([-3n, 0n, -(2n ** 63n)]);
    expect([of("rem", "float32", -7, 2), of("rem", "float32", 5.5, 2), of("rem", "float32", 1, 0)]).toEqual([-1, 1.5, NaN]);
  });

  it("wraps integers and takes shift counts modulo the width", () => {
    expect([of("mul", "int32", 65536, 65537), of("add", "int32", 2 ** 31 - 1, 1), of("abs", "int32", -(2 ** 31))]).toEqual([65536, -(2 ** 31), -(2 ** 31)]);
    expect([of("shl", "int32", 1, 33), of("shr", "int32", -8, 1), of("ushr", "int32", -8, 28)]).toEqual([2, -4, 15]);
    expect([of("shl", "int64", 1n, 65n), of("shr", "int64", -8n, 1n), of("ushr", "int64", -8n, 60n)]).toEqual([2n, -4n, 15n]);
  });

  it("orders −0 below +0, hands NaN on, and rounds ties to even", () => {
    expect([of("min", "float32", 0, -0), of("max", "float32", -0, 0), of("min", "float32", NaN, 1), of("max", "float32", 1, NaN)]).toEqual([-0, 0, NaN, NaN]);
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -0.2, 0.49999997, -2.5, 8388609, NaN].map((x) => of("round", "float32", x))).toEqual([0, 2, 2, -0, -2, -0, 0, -2, 8388609, NaN]);
  });

  it("rounds float32 after every op, once", () => {
    expect(of("add", "float32", 16777216, 1)).toBe(16777216);
    expect(of("mul", "float32", 0.1, 3)).toBe(Math.fround(Math.fround(0.1) * 3));
    expect(of("div", "float32", 1, 3)).toBe(Math.fround(1 / 3));
    // The double next to this integer lies half-way between two float32, and the integer does not.
    const large = 2n ** 54n + 2n ** 30n + 1n;
    expect(evaluate(b.cast(b.scalar(0, "int64"), "float32"), [large])).toBe(2 ** 54 + 2 ** 31);
    expect(evaluate(b.cast(b.const(large, "int64"), "float32"))).toBe(2 ** 54 + 2 ** 31);
  });

  it("casts floats to integers by truncation and saturation", () => {
    const to = (dtype: ComputeDType, value: number): Value | undefined => evaluate(b.cast(b.scalar(0, "float64"), dtype), [value]);
    expect([2.9, -2.9, NaN, 1e30, -1e30].map((x) => to("int32", x))).toEqual([2, -2, 0, 2 ** 31 - 1, -(2 ** 31)]);
    expect([2.9, NaN, 1e30, -Infinity].map((x) => to("int64", x))).toEqual([2n, 0n, 2n ** 63n - 1n, -(2n ** 63n)]);
    expect([0, -0, NaN, 0.1].map((x) => to("bool", x))).toEqual([0, 0, 1, 1]);
  });
});
