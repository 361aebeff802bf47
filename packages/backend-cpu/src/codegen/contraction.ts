import type { Contraction, Expr, ExprBuilder, Operand } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import type { Emitter } from "./emitter.js";
import { substitute } from "./emitter.js";
import { checkGuards, nest, stepThrough, usesWideValues, whereNotEmpty, writeStores } from "./loops.js";
import { bestAxis } from "./kernel.js";
import { Scope } from "./scope.js";

/** The element of an operand at a point, as an expression over the axes. */
function operandExpr(b: ExprBuilder, { param, offset, coordinates, prologue }: Operand, contraction: Contraction): Expr {
  const dtype = contraction.params[param]?.dtype ?? "float32";
  let index = offset;
  let inside: Expr = b.const(true, "bool");
  for (const { terms, shift, divisor, extent, stride } of coordinates) {
    let position = shift;
    for (const { axis, scale } of terms) position = b.add(position, b.mul(b.index(axis), scale));
    if (extent !== null) {
      inside = b.and(inside, b.eq(b.rem(position, divisor), b.int(0)));
      position = b.div(position, divisor);
      inside = b.and(inside, b.and(b.le(b.int(0), position), b.lt(position, extent)));
    }
    index = b.add(index, b.mul(position, stride));
  }
  const compute = dtypeInfo[dtype].compute;
  const zero = b.const(0, compute);
  const element = b.load(param, dtype, index, { when: inside, otherwise: zero });
  const applied = prologue === null ? element : substitute(b, prologue, (leaf) => (leaf.op === "element" ? element : null));
  const cast = b.cast(applied, contraction.dtype);
  return prologue === null ? cast : b.select(inside, cast, b.const(0, contraction.dtype));
}

/** Sums of products as plain loops, with lanes along the axis that is contiguous in the result. */
export function writeContraction(emitter: Emitter, scope: Scope, contraction: Contraction): void {
  const { axes, dtype, stores, guards } = contraction;
  const b = emitter.builder;
  const numbers = new Map(guards.map((guard, i) => [guard, i]));
  const product = dtype === "bool" ? b.and : b.mul;
  const plus = dtype === "bool" ? b.or : b.add;
  const term = product.call(b, operandExpr(b, contraction.left, contraction), operandExpr(b, contraction.right, contraction));
  const next = plus.call(b, b.left(0, dtype), term);
  const kept = axes.flatMap(({ role, extent }, axis) => (role === "k" ? [] : [{ axis, extent }]));
  const summed = axes.flatMap(({ role, extent }, axis) => (role === "k" ? [{ axis, extent }] : []));
  const roots = [next, ...stores.flatMap(({ index, value }) => [index, value])];
  const best = kept.length === 0 ? null : bestAxis(emitter, axes.map(({ role, extent }) => (role === "k" ? b.int(1) : extent)), 0, stores, roots);
  const widths = usesWideValues(roots) ? [2, 1, null] : [4, 1, null];
  const loops = kept.map(({ axis, extent }) => ({ axis, extent, widths: axis === best ? widths : [null] }));
  const ordered = [...loops.filter(({ axis }) => axis !== best), ...loops.filter(({ axis }) => axis === best)];
  whereNotEmpty(emitter, scope, kept.map(({ extent }) => extent), (region) => {
    nest(emitter, region, ordered, (point) => {
      checkGuards(emitter, point, guards, numbers);
      const zero = b.const(0, dtype);
      const varying = point.lanes !== null;
      const sum = varying
        ? Array.from({ length: emitter.vectorCount(dtype, point) }, () => emitter.local("v128"))
        : [emitter.local(({ float64: "f64", float32: "f32", int64: "i64", int32: "i32", bool: "i32" } as const)[dtype])];
      const set = (at: Scope, expr: Expr): void => {
        const from = varying ? emitter.vectors(expr, at) : [emitter.uniform(expr, at).local];
        at.statement((code) => sum.forEach((local, i) => code.get(from[i] ?? 0).set(local)));
      };
      const bound = (at: Scope) => (varying ? { dtype, home: at, vectors: sum } : { dtype, home: at, local: sum[0] ?? 0 });
      set(point, zero);
      whereNotEmpty(emitter, point, summed.map(({ extent }) => extent), (inside) => {
        const along = (at: Scope, rest: typeof summed): void => {
          const [first, ...others] = rest;
          if (first === undefined) {
            at.define("left 0", () => bound(at));
            set(at, next);
            return;
          }
          const position = emitter.local("i32");
          const limit = emitter.uniform(first.extent, at).local;
          at.statement((code) => code.op("i32.const", 0).set(position));
          stepThrough(emitter, at, first.axis, position, limit, null, (deeper) => along(deeper, others));
        };
        along(inside, summed);
      });
      point.define("result 0 0", () => bound(point));
      writeStores(emitter, point, stores);
    });
  });
}
