import type { ComputeDType, Expr, Monoid } from "@gradus/kernel-ir";
import type { Draft, Scope, Term } from "./draft.js";
import { isFloat, tameBound } from "./draft.js";
import { randomValue, tame } from "./values.js";

export function randomMonoid(draft: Draft, scope: Scope, points: number): { readonly monoid: Monoid; readonly lift: readonly Expr[]; readonly bounds: readonly number[] } {
  const builder = draft.builder;
  const dice = draft.dice;
  const types = draft.computeTypes();
  const of = (dtype: ComputeDType, identity: number, join: (left: Term, right: Term) => Expr, lift: Term, bound: number) => ({
    monoid: {
      identity: [builder.const(identity, dtype)],
      combine: [join({ expr: builder.left(0, dtype), bound: Infinity }, { expr: builder.right(0, dtype), bound: Infinity })],
    },
    lift: [lift.expr],
    bounds: [bound],
  });
  const numbers = types.filter((dtype) => dtype !== "bool");
  const dtype = dice.pick(numbers.length > 0 && dice.chance(0.85) ? numbers : types);
  const lift = tame(draft, randomValue(draft, dtype, scope, 2), tameBound);
  if (dtype === "bool") {
    const any = dice.chance(0.5);
    return of(dtype, any ? 0 : 1, (l, r) => (any ? builder.or(l.expr, r.expr) : builder.and(l.expr, r.expr)), lift, 1);
  }
  const least = isFloat(dtype) ? -Infinity : dtype === "int64" && !draft.exact ? -(2 ** 53) : -(2 ** 31);
  switch (dice.pick(["sum", "sum", "max", "min", "position", "affine", "moments", "product"] as const)) {
    case "max":
      return of(dtype, least, (l, r) => builder.max(l.expr, r.expr), lift, Infinity);
    case "min":
      return of(dtype, isFloat(dtype) ? Infinity : 2 ** 31 - 1, (l, r) => builder.min(l.expr, r.expr), lift, Infinity);
    case "position": {
      // The largest value and the first place where it stands.
      const [l, r] = [builder.left(0, dtype), builder.right(0, dtype)];
      const [li, ri] = [builder.left(1, "int32"), builder.right(1, "int32")];
      const inner = scope.axes.at(-1);
      const takes = builder.or(builder.lt(l, r), builder.and(builder.eq(l, r), builder.lt(ri, li)));
      return {
        monoid: {
          identity: [builder.const(least, dtype), builder.int(2 ** 31 - 1)],
          combine: [builder.select(takes, r, l), builder.select(takes, ri, li)],
        },
        lift: [lift.expr, inner === undefined ? builder.int(0) : builder.index(inner.axis)],
        bounds: [Infinity, Infinity],
      };
    }
    case "affine": {
      // x → a·x + b, first the left one and then the right: associative and not commutative. Integers wrap.
      const [a, b, c, d] = [builder.left(0, "int32"), builder.left(1, "int32"), builder.right(0, "int32"), builder.right(1, "int32")];
      const [first, second] = [randomValue(draft, "int32", scope, 1), randomValue(draft, "int32", scope, 1)];
      return {
        monoid: {
          identity: [builder.int(1), builder.int(0)],
          combine: [builder.mul(a, c), builder.add(builder.mul(b, c), d)],
        },
        lift: [first.expr, second.expr],
        bounds: [Infinity, Infinity],
      };
    }
    case "moments":
      if (!draft.exact && isFloat(dtype)) return moments(draft, dtype, lift);
      break;
    case "product":
      if (!draft.exact) return of(dtype, 1, (l, r) => builder.mul(l.expr, r.expr), lift, Infinity);
      break;
    case "sum":
      break;
  }
  return of(dtype, 0, (l, r) => builder.add(l.expr, r.expr), lift, lift.bound * Math.max(1, points));
}

/** Count, mean and squared deviations, joined as Chan, Golub and LeVeque do. */
function moments(draft: Draft, dtype: ComputeDType, lift: Term): { readonly monoid: Monoid; readonly lift: readonly Expr[]; readonly bounds: readonly number[] } {
  const b = draft.builder;
  const [n1, mean1, m1] = [b.left(0, dtype), b.left(1, dtype), b.left(2, dtype)];
  const [n2, mean2, m2] = [b.right(0, dtype), b.right(1, dtype), b.right(2, dtype)];
  const n = b.add(n1, n2);
  const share = b.select(b.eq(n, b.like(0, n)), b.like(0, n), b.div(n2, n));
  const delta = b.sub(mean2, mean1);
  const square = b.mul(b.mul(b.mul(delta, delta), n1), share);
  return {
    monoid: {
      identity: [b.like(0, n), b.like(0, n), b.like(0, n)],
      combine: [n, b.add(mean1, b.mul(delta, share)), b.add(b.add(m1, m2), square)],
    },
    lift: [b.like(1, n), lift.expr, b.like(0, n)],
    bounds: [Infinity, Infinity, Infinity],
  };
}

/** A combination for a scatter: associative or not, it is applied in source order. */
export function joined(draft: Draft, dtype: ComputeDType, left: Term, right: Term): Expr {
  const builder = draft.builder;
  const [l, r] = [left.expr, right.expr];
  if (dtype === "bool") return draft.dice.pick([builder.and(l, r), builder.or(l, r), builder.xor(l, r)]);
  return draft.dice.pick([builder.add(l, r), builder.max(l, r), builder.min(l, r), builder.sub(l, r)]);
}
