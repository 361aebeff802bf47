import type { ComputeDType, Expr, Monoid } from "@gradus/kernel-ir";
import type { Emitter } from "./emitter.js";
import { scalarTypes } from "./scalar.js";
import type { Value } from "./scope.js";
import { isVarying, Scope } from "./scope.js";

/** A tuple that is being accumulated: for each slot the locals that hold it. */
export interface Accumulator {
  readonly slots: readonly { readonly dtype: ComputeDType; readonly locals: readonly number[] }[];
  readonly varying: boolean;
}

/** The accumulator as values that belong to `home`. */
export function valuesOf(accumulator: Accumulator, home: Scope): Value[] {
  return accumulator.slots.map(({ dtype, locals }) => (accumulator.varying ? { dtype, home, vectors: locals } : { dtype, home, local: locals[0] ?? 0 }));
}

/** Fresh locals for a tuple, in the lanes of `scope` where it has some. */
export function allocate(emitter: Emitter, monoid: Monoid, scope: Scope): Accumulator {
  const varying = scope.lanes !== null;
  return {
    varying,
    slots: monoid.identity.map(({ dtype }) => ({
      dtype,
      locals: Array.from({ length: varying ? emitter.vectorCount(dtype, scope) : 1 }, () => emitter.local(varying ? "v128" : scalarTypes[dtype])),
    })),
  };
}

/** The locals of an expression, as vectors where the accumulator is. */
const localsOf = (emitter: Emitter, expr: Expr, scope: Scope, varying: boolean): readonly number[] =>
  varying ? emitter.vectors(expr, scope) : [emitter.uniform(expr, scope).local];

/** Sets the accumulator to the values of `exprs`. */
export function assign(emitter: Emitter, accumulator: Accumulator, exprs: readonly Expr[], scope: Scope): void {
  const sources = exprs.map((expr) => localsOf(emitter, expr, scope, accumulator.varying));
  scope.statement((code) => {
    accumulator.slots.forEach(({ locals }, slot) => locals.forEach((local, i) => code.get(sources[slot]?.[i] ?? 0).set(local)));
  });
}

/** left = combine(left, right), in a scope of its own. */
export function combineInto(emitter: Emitter, monoid: Monoid, left: Accumulator, right: (scope: Scope) => readonly Value[], scope: Scope): void {
  const values = right(scope);
  scope.statement((code) => {
    const inside = new Scope(scope, code.piece(), { lanes: left.varying ? scope.lanes : null });
    valuesOf(left, inside).forEach((value, slot) => inside.define(`left ${String(slot)}`, () => value));
    values.forEach((value, slot) => {
      const here = { ...value, home: inside };
      inside.define(`right ${String(slot)}`, () => here);
    });
    assign(emitter, left, monoid.combine, inside);
  });
}

/** The values of a lift; where the accumulator has lanes, those that are the same for all lanes are spread to them. */
export const lifted = (emitter: Emitter, lift: readonly Expr[], varying: boolean) => (scope: Scope): readonly Value[] =>
  lift.map((expr) => {
    const value = emitter.evaluate(expr, scope);
    return varying && !isVarying(value) ? { dtype: value.dtype, home: scope, vectors: emitter.splat(expr, value, scope) } : value;
  });
