import type { ComputeDType, DType, Expr, Guard, Kernel, Monoid, Reduction, Scan, Scatter, Sort, Store } from "@gradus/kernel-ir";
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

/** Running results of each row. */
export function scan(b: ExprBuilder, monoid: Monoid, lift: readonly Expr[], rows: number, width: number, outputs: readonly DType[]): Scan {
  return {
    kind: "scan",
    name: "scan",
    params: [{ dtype: "float32", access: "in" }, ...outputs.map((dtype) => ({ dtype, access: "out" as const }))],
    scalars: [],
    guards: [],
    outer: [b.int(rows)],
    inner: [b.int(width)],
    monoid,
    lift,
    stores: outputs.map((_, slot) => ({ over: "inner", param: slot + 1, index: at(b, [0, width], [1, 1]), value: b.result(0, slot, monoid.identity[slot]!.dtype) })),
  };
}

export interface ScatterOptions {
  readonly combine?: (b: ExprBuilder, left: Expr, right: Expr) => Expr;
  readonly when?: (b: ExprBuilder, value: Expr) => Expr;
}

/** Rows of values go to places in the same row. */
export function scatter(dtype: DType, compute: ComputeDType, rows: number, width: number, targets: number, { combine, when }: ScatterOptions): Scatter {
  const b = new ExprBuilder();
  const here = at(b, [0, width], [1, 1]);
  const value = b.load(0, dtype, here);
  return {
    kind: "scatter",
    name: "scatter",
    params: [{ dtype, access: "in" }, { dtype: "int64", access: "in" }, { dtype, access: "inout" }],
    scalars: [],
    guards: [],
    outer: [b.int(rows)],
    inner: [b.int(width)],
    target: {
      param: 2,
      index: b.add(at(b, [0, targets]), b.cast(b.load(1, "int64", here), "int32")),
      value,
      combine: combine === undefined ? null : combine(b, b.left(0, compute), b.right(0, compute)),
      when: when === undefined ? null : when(b, value),
    },
  };
}

/** Sorts each row; gives the keys and where they came from. */
export function sort(dtype: DType, compute: ComputeDType, rows: number, width: number, descending: boolean): Sort {
  const b = new ExprBuilder();
  const here = at(b, [0, width], [1, 1]);
  return {
    kind: "sort",
    name: descending ? "sort descending" : "sort",
    params: [{ dtype, access: "in" }, { dtype, access: "out" }, { dtype: "int64", access: "out" }],
    scalars: [],
    guards: [],
    outer: [b.int(rows)],
    inner: [b.int(width)],
    key: b.load(0, dtype, here),
    descending,
    stores: [
      { over: "inner", param: 1, index: here, value: b.result(0, 0, compute) },
      { over: "inner", param: 2, index: here, value: b.cast(b.result(0, 1, "int32"), "int64") },
    ],
  };
}
