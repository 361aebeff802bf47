import type { Expr } from "@gradus/kernel-ir";
import { dependsOnAxis, ExprBuilder, printExpression, strideAlong } from "@gradus/kernel-ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tape } from "../src/interpreter/evaluate.js";

const b = new ExprBuilder();
const [i, j, s] = [b.index(0), b.index(1), b.scalar(0, "int32")];
const valueAt = (expr: Expr, index: readonly number[], scalar = 5): number => {
  const views = [{ dtype: "int32" as const, view: new DataView(Int32Array.from({ length: 64 }, (_, at) => at * at).buffer), length: 64 }];
  const env = { scalars: [scalar], buffers: views, index: Int32Array.from(index), results: [], left: [], right: [], element: 0 };
  return Number(new Tape([expr]).run(env)[0]);
};

describe("strideAlong", () => {
  it.each<[Expr, string | null, string | null]>([
    [b.int(7), "0", "0"],
    [i, "1", "0"],
    [b.add(b.mul(i, s), j), "s0", "1"],
    [b.sub(b.mul(b.int(3), i), b.mul(j, b.int(2))), "3", "-2"],
    [b.add(b.mul(b.add(b.mul(i, b.int(4)), j), s), i), "4 * s0 + 1", "s0"],
    [b.mul(i, j), "i1", "i0"],
    [b.mul(i, i), null, "0"],
    [b.div(i, b.int(2)), null, "0"],
    [b.add(b.rem(i, b.int(2)), j), null, "1"],
    [b.load(0, "int32", b.add(i, b.int(1))), null, "0"],
    [b.add(b.load(0, "int32", i), b.mul(j, s)), null, "s0"],
  ])("%#", (expr, alongI, alongJ) => {
    const text = (axis: number): string | null => {
      const stride = strideAlong(b, expr, axis);
      return stride === null ? null : printExpression(stride);
    };
    expect([text(0), text(1)]).toEqual([alongI, alongJ]);
  });

  it("is what the expression grows by, wherever it says so", () => {
    const expr: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr }>((tie) => ({
      expr: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(i, j, s, b.int(1), b.int(3), b.int(-2)),
        fc.tuple(fc.constantFrom("add" as const, "sub" as const, "mul" as const, "div" as const, "max" as const), tie("expr"), tie("expr")).map(([op, x, y]) => b.alu(op, x, y)),
      ),
    })).expr;
    fc.assert(fc.property(expr, fc.integer({ min: 0, max: 1 }), fc.nat(9), fc.nat(9), (e, axis, x, y) => {
      const stride = strideAlong(b, e, axis);
      fc.pre(stride !== null);
      const next = axis === 0 ? [x + 1, y] : [x, y + 1];
      expect(dependsOnAxis(stride, axis)).toBe(false);
      expect((valueAt(e, [x, y]) + valueAt(stride, [x, y])) | 0).toBe(valueAt(e, next));
    }), { numRuns: 500 });
  });

  it("takes time proportional to the size of a deep shared expression", () => {
    let x: Expr = i;
    for (let depth = 0; depth < 40; depth++) x = b.add(x, b.mul(x, s));
    expect(strideAlong(b, x, 0)).not.toBeNull();
    expect(dependsOnAxis(x, 1)).toBe(false);
  });
});
