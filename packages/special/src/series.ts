import type { Expr } from "@gradus/kernel-ir";
import { type FormulaBuilder as K, formulas } from "@gradus/tensor-core";

const { times, zero } = formulas;

/** A Chebyshev series on an interval, lowest term first. */
export interface Series {
  readonly from: number;
  readonly to: number;
  readonly terms: readonly number[];
}

/** The sum of a series at t, by Clenshaw's recurrence. float32 leaves out what it could not see. */
export function sum(k: K, { from, to, terms }: Series, t: Expr): Expr {
  const scale = Math.max(...terms.map(Math.abs));
  const used = terms.filter((term) => t.dtype === "float64" || Math.abs(term) > scale * 1e-9);
  const twice = k.sub(times(k, t, 4 / (to - from)), k.like((2 * (to + from)) / (to - from), t));
  let [next, afterNext] = [zero(k, t), zero(k, t)];
  for (const term of used.slice(1).reverse()) [next, afterNext] = [k.add(k.sub(k.mul(twice, next), afterNext), k.like(term, t)), next];
  return k.add(k.sub(k.mul(times(k, twice, 0.5), next), afterNext), k.like(used[0] ?? 0, t));
}
