import type { ComputeDType, DType, Expr, Guard, Kernel, Monoid, Reduction, Store } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";

/** A map over one axis of `length` points: the last parameter is made of the others at the same index. */
export function elementwise(
  name: string,
  inputs: readonly DType[],
  output: DType,
  length: number,
  make: (build: ExprBuilder, ...values: Expr[]) => Expr,
  scalars: readonly ComputeDType[] = [],
): Kernel {
  const build = new ExprBuilder();
  const index = build.index(0);
  const value = make(build, ...inputs.map((dtype, param) => build.load(param, dtype, index)));
  return {
    kind: "kernel",
    name,
    params: [...inputs.map((dtype) => ({ dtype, access: "in" as const })), { dtype: output, access: "out" }],
    scalars,
    guards: [],
    outer: [build.int(length)],
    inner: [],
    reductions: [],
    stores: [{ over: "outer", param: inputs.length, index, value }],
  };
}

export interface KernelParts {
  readonly params: Kernel["params"];
  readonly scalars?: readonly ComputeDType[];
  readonly outer: readonly Expr[];
  readonly inner?: readonly Expr[];
  readonly guards?: readonly Guard[];
  readonly reductions?: readonly Reduction[];
  readonly stores: readonly Store[];
}

export const kernel = (name: string, parts: KernelParts): Kernel => ({
  kind: "kernel",
  name,
  scalars: [],
  inner: [],
  guards: [],
  reductions: [],
  ...parts,
});

/** Sums, of one component. */
export const sum = (build: ExprBuilder, dtype: ComputeDType = "float32"): Monoid => ({
  identity: [build.const(0, dtype)],
  combine: [build.add(build.left(0, dtype), build.right(0, dtype))],
});

export const maximum = (build: ExprBuilder): Monoid => ({
  identity: [build.const(-Infinity, "float32")],
  combine: [build.max(build.left(0, "float32"), build.right(0, "float32"))],
});

/** The index of an element of a row-major array: `Σ indexᵢ · strideᵢ`. */
export const at = (build: ExprBuilder, ...terms: readonly (readonly [axis: number, stride: number])[]): Expr =>
  terms.reduce((total, [axis, stride]) => build.add(total, build.mul(build.index(axis), build.int(stride))), build.int(0));

/** Plain numbers that look random: the same at every run. */
export function numbers(length: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.fround(state / 2 ** 30);
  });
}

/** Numbers at which arithmetic has edges. */
export const specialFloats = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3, -3, 0.1, 1 / 3, 1e10, -1e10, 16777216, 16777217, 3.4028234663852886e38, -3.4028234663852886e38,
  2 ** -126, -(2 ** -126), 2 ** 31, -(2 ** 31), 2147483520, 4294967296, Infinity, -Infinity, NaN,
].map(Math.fround);

export const specialInts = [0, 1, -1, 2, -2, 3, 7, -7, 31, 32, 33, 63, 64, 100, -100, 65535, 65536, 2 ** 24 + 1, 2 ** 31 - 1, -(2 ** 31)];

/** All pairs, as two lists. */
export function pairs<T>(values: readonly T[]): readonly [T[], T[]] {
  return [values.flatMap((x) => values.map(() => x)), values.flatMap(() => values)];
}
