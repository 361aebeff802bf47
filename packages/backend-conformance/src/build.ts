import type { ComputeDType, DType, Expr, Kernel, Monoid, Param } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";

/** Short ways to write the programs of the suites. */

export const input = (dtype: DType): Param => ({ dtype, access: "in" });
export const output = (dtype: DType): Param => ({ dtype, access: "out" });
export const updated = (dtype: DType): Param => ({ dtype, access: "inout" });

/** out[i] = value(inputs[i]…) for each of `count` points. */
export function elementwiseProgram(name: string, inputs: readonly DType[], result: DType, count: number, value: (k: ExprBuilder, ...args: readonly Expr[]) => Expr): Kernel {
  const k = new ExprBuilder();
  const at = k.index(0);
  return kernel(name, {
    params: [...inputs.map(input), output(result)],
    outer: [k.int(count)],
    stores: [{ over: "outer", param: inputs.length, index: at, value: value(k, ...inputs.map((dtype, i) => k.load(i, dtype, at))) }],
  });
}

/** A kernel; what is left out is empty. */
export const kernel = (name: string, parts: Partial<Kernel>): Kernel => ({
  kind: "kernel",
  name,
  params: [],
  scalars: [],
  guards: [],
  outer: [],
  inner: [],
  reductions: [],
  stores: [],
  ...parts,
});

/** Σ */
export const sumOf = (k: ExprBuilder, dtype: ComputeDType): Monoid => ({ identity: [k.const(0, dtype)], combine: [k.add(k.left(0, dtype), k.right(0, dtype))] });

/** Row-major position (i, j) in rows of `width`. */
export const rowMajor = (k: ExprBuilder, row: Expr, width: Expr, column: Expr): Expr => k.add(k.mul(row, width), column);

/** A type of storage for each arithmetic, of the same width. */
export const storedAs = { float64: "float64", float32: "float32", int64: "int64", int32: "int32", bool: "bool" } as const satisfies Record<ComputeDType, DType>;

/** The arithmetics in which a device would compute, widest first. */
export const computeTypes = Object.keys(storedAs) as readonly ComputeDType[];

