import type { DType, Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { isGradEnabled } from "../autograd/mode.js";
import type { Vjp } from "../autograd/op-node.js";
import { OpNode, Saved } from "../autograd/op-node.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import type { KernelBody } from "../kernels/kernel-op.js";
import { highest, KernelOp, lowest } from "../kernels/kernel-op.js";
import { reduceRows, Rows } from "../kernels/rows.js";
import { DimOptions, optionsOf, ReduceOptions } from "../options.js";
import type { Options } from "../options.js";
import type { Shape } from "../shape.js";
import { numelOf, resolveDim, resolveDims, sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { toDType } from "./copy.js";
import { add, div, eq, isnan, logicalNot, maskedFill, mul, ne, sub } from "./elementwise.js";
import * as ops from "./formulas/arithmetic.js";
import { checkTensors } from "./operand-rules.js";
import { expand, permute, reshape, unsqueeze } from "./view.js";
import { newArange, newZeros } from "../create.js";
import { scatterAdd } from "./index-ops.js";
import { apply } from "../kernels/elementwise.js";

export const CountNonzeroOptions = class {
  /** All by default. */
  readonly dim?: number | readonly number[] | null;
};
export type CountNonzeroOptions = Options<typeof CountNonzeroOptions>;

/** Of sums, means and products. */
export const SumOptions = class extends ReduceOptions {
  /** Convert to this type first. */
  readonly dtype?: DType;
};
export type SumOptions = Options<typeof SumOptions>;

/** Attaches a history to results where any input requires grad. */
export function record(name: string, inputs: readonly Tensor[], results: readonly Tensor[], vjp: () => Vjp): void {
  if (!isGradEnabled() || !inputs.some((x) => x.requiresGrad)) return;
  const node = new OpNode(name, inputs.map((x) => x.edge), vjp(), results.length);
  results.forEach((result, slot) => {
    if (result.isFloatingPoint()) result.setHistory({ node, slot });
  });
}

const plus = (k: KernelBody["k"], x: Expr): Expr => (x.dtype === "bool" ? k.or(k.left(0, "bool"), k.right(0, "bool")) : k.add(k.left(0, x.dtype), k.right(0, x.dtype)));

/** Σ x, added in the order that `Reduction` of kernel-ir fixes. */
const sumKernel = /* @__PURE__ */ new KernelOp({ name: "sum", build: (b) => { b.store(0, b.sum(b.input(0, b.compute))); } });
/** Σ x · scale: the mean, with scale = 1/n applied once at the end. */
const scaledSumKernel = /* @__PURE__ */ new KernelOp({ name: "mean", build: (b) => { b.store(0, b.k.div(b.sum(b.input(0, b.compute)), b.scalar(0))); } });
const prodKernel = /* @__PURE__ */ new KernelOp({
  name: "prod",
  build: (b) => {
    const x = b.input(0, b.compute);
    const [product] = b.reduce({ identity: [b.k.like(1, x)], combine: [b.k.mul(b.k.left(0, x.dtype), b.k.right(0, x.dtype))] }, [x]);
    if (product !== undefined) b.store(0, product);
  },
});
const anyKernel = /* @__PURE__ */ new KernelOp({
  name: "any",
  build: (b) => {
    const x = b.input(0);
    const [result] = b.reduce({ identity: [b.k.const(false, "bool")], combine: [plus(b.k, b.k.const(0, "bool"))] }, [b.k.cast(x, "bool")]);
    if (result !== undefined) b.store(0, result);
  },
});
const allKernel = /* @__PURE__ */ new KernelOp({
  name: "all",
  build: (b) => {
    const x = b.input(0);
    const [result] = b.reduce({ identity: [b.k.const(true, "bool")], combine: [b.k.and(b.k.left(0, "bool"), b.k.right(0, "bool"))] }, [b.k.cast(x, "bool")]);
    if (result !== undefined) b.store(0, result);
  },
});

/** The extreme value and the first position of it; the first NaN wins over everything. */
function extremeKernel(name: string, sense: "max" | "min"): KernelOp {
  return new KernelOp({
    name,
    build: (b) => {
      const { k } = b;
      const x = b.input(0);
      const [left, right] = [k.left(0, x.dtype), k.right(0, x.dtype)];
      const [leftAt, rightAt] = [k.left(1, "int32"), k.right(1, "int32")];
      const beats = x.dtype === "bool" ? (sense === "max" ? k.and(right, k.not(left)) : k.and(left, k.not(right))) : sense === "max" ? k.lt(left, right) : k.lt(right, left);
      const tie = k.eq(left, right);
      const nan = x.dtype === "float32" || x.dtype === "float64";
      const rightNaN = nan ? k.isNaN(right) : k.const(false, "bool");
      const leftNaN = nan ? k.isNaN(left) : k.const(false, "bool");
      // Lanes meet out of order, so among equals the smaller position has to be chosen.
      const earlier = k.lt(rightAt, leftAt);
      const takeRight = k.or(
        k.and(rightNaN, k.or(k.not(leftNaN), earlier)),
        k.and(k.not(leftNaN), k.or(beats, k.and(tie, earlier))),
      );
      const worst = sense === "max" ? lowest(k, x.dtype) : highest(k, x.dtype);
      const [value, at] = b.reduce(
        { identity: [worst, k.int(2 ** 31 - 1)], combine: [k.select(takeRight, right, left), k.select(takeRight, rightAt, leftAt)] },
        [x, b.position("inner")],
      );
      if (value === undefined || at === undefined) return;
      b.store(0, value);
      b.store(1, at);
    },
  });
}
const maxKernel = /* @__PURE__ */ extremeKernel("max", "max");
const minKernel = /* @__PURE__ */ extremeKernel("min", "min");

/** Gradient with the reduced dimensions back as size 1, ready to be expanded. */
function unreduced(g: Tensor, rows: Rows): Tensor {
  return sameShape(g.shape, rows.reducedShape(true)) ? g : reshape(g, rows.reducedShape(true));
}

/** The type that sums are kept in: integers and bools in int64. */
const sumType = (dtype: DType): DType => (dtypeInfo[dtype].kind === "float" ? dtype : "int64");

/** Sum of the elements, of all or along dimensions. Integers and bools give int64. @see torch.sum */
export function sum(x: Tensor, options?: SumOptions): Tensor {
  const { dim, keepdim = false, dtype } = optionsOf("sum", SumOptions, options);
  const source = dtype === undefined ? x : toDType(x, dtype);
  const sumDType = dtype ?? sumType(x.dtype);
  const rows = Rows.inMemoryOrder(source, resolveDims("sum", dim, x.ndim));
  const results = reduceRows(sumKernel, source, rows, keepdim, [sumDType], dtypeInfo[sumDType].compute);
  const shape = x.shape;
  record("sum", [source], results, () => ([g]) => [g === null || g === undefined ? null : (): Tensor => expand(unreduced(g, rows), shape)]);
  return first(results);
}

/** Arithmetic mean. NaN of no elements. @throws {DTypeError} for integers. @see torch.mean */
export function mean(x: Tensor, options?: SumOptions): Tensor {
  const { dim, keepdim = false, dtype = x.dtype } = optionsOf("mean", SumOptions, options);
  if (dtypeInfo[dtype].kind !== "float") throw new DTypeError(`mean: expected a floating tensor, got ${dtype}; pass { dtype: "float32" }`);
  const source = toDType(x, dtype);
  const rows = Rows.inMemoryOrder(source, resolveDims("mean", dim, x.ndim));
  const count = numelOf(rows.space.inner);
  const results = reduceRows(scaledSumKernel, source, rows, keepdim, [source.dtype], dtypeInfo[source.dtype].compute, [count]);
  const shape = x.shape;
  record("mean", [source], results, () => ([g]) => [g === null || g === undefined ? null : (): Tensor => expand(div(unreduced(g, rows), count), shape)]);
  return first(results);
}

/** Product of the elements, of all or along dimensions. Integers and bools give int64. @see torch.prod */
export function prod(input: Tensor, options?: SumOptions): Tensor {
  const { dim, keepdim = false, dtype } = optionsOf("prod", SumOptions, options);
  const x = dtype === undefined ? input : toDType(input, dtype);
  const productDType = dtype ?? sumType(x.dtype);
  const rows = Rows.inMemoryOrder(x, resolveDims("prod", dim, x.ndim));
  const results = reduceRows(prodKernel, x, rows, keepdim, [productDType], dtypeInfo[productDType].compute);
  record("prod", [x], results, () => {
    const saved = new Saved("prod", x);
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => prodGradient(g, saved.value, rows)];
  });
  return first(results);
}

/** ∂/∂xᵢ Π x = Π of the others, found by putting 1 in place of each: right also where elements are zero. */
function prodGradient(g: Tensor, x: Tensor, rows: Rows): Tensor {
  const { shape } = x;
  const count = numelOf(rows.space.inner);
  // Rows last: [kept…, count], then [kept…, count, count] with ones on the diagonal.
  const order = [...rows.kept, ...rows.reduced];
  const flat = reshape(permute(x, order), [...rows.space.outer, count]);
  const positions = newArange(x, count);
  const diagonal = eq(unsqueeze(positions, 0), unsqueeze(positions, 1));
  const others = maskedFill(unsqueeze(flat, -2), diagonal, 1);
  const each = mul(prod(others, { dim: -1 }), unsqueeze(reshape(unreduced(g, rows), rows.space.outer), -1));
  const inverse = order.map((_, d) => order.indexOf(d));
  return permute(reshape(each, order.map((d) => shape[d] ?? 1)), inverse);
}

/** Values and positions of the extremes along one dimension. */
export interface ValuesAndIndices {
  readonly values: Tensor;
  readonly indices: Tensor;
}

function checkNotEmpty(op: string, { space, shape }: Rows): void {
  if (space.inner.includes(0)) throw new ShapeError(`${op}: expected at least one element to choose from, got shape ${showShape(shape)}`);
}

function extreme(op: string, name: "max" | "min", x: Tensor, dims: readonly number[], keepdim: boolean): [values: Tensor, indices: Tensor] {
  const rows = new Rows(x.shape, dims);
  checkNotEmpty(op, rows);
  const [values, indices] = reduceRows(name === "max" ? maxKernel : minKernel, x, rows, keepdim, [x.dtype, "int64"], dtypeInfo[x.dtype].compute);
  if (values === undefined || indices === undefined) throw new Error(`internal: ${name} made no result`);
  return [values, indices];
}

function extremeAlong(name: "max" | "min", x: Tensor, dim: number, keepdim: boolean): ValuesAndIndices {
  const d = resolveDim(name, dim, x.ndim);
  const [values, indices] = extreme(name, name, x, x.ndim === 0 ? [] : [d], keepdim);
  const shape = x.shape;
  record(name, [x], [values], () => ([g]) => [
    g === null || g === undefined
      ? null
      : (): Tensor => {
          if (shape.length === 0) return g;
          const [at, value] = keepdim ? [indices, g] : [unsqueeze(indices, d), unsqueeze(g, d)];
          return scatterAdd(newZeros(value, shape), d, at, value);
        },
  ]);
  return { values, indices };
}

/** The largest element; or, along a dimension, values and the first positions of them. NaN wins. @see torch.max */
export function max(x: Tensor): Tensor;
export function max(x: Tensor, options: DimOptions & { readonly dim: number }): ValuesAndIndices;
export function max(x: Tensor, options?: DimOptions): Tensor | ValuesAndIndices {
  checkTensors("max", [x]);
  return options?.dim === undefined ? amax(x) : extremeAlong("max", x, options.dim, options.keepdim ?? false);
}

/** The smallest element; or, along a dimension, values and the first positions of them. NaN wins. @see torch.min */
export function min(x: Tensor): Tensor;
export function min(x: Tensor, options: DimOptions & { readonly dim: number }): ValuesAndIndices;
export function min(x: Tensor, options?: DimOptions): Tensor | ValuesAndIndices {
  checkTensors("min", [x]);
  return options?.dim === undefined ? amin(x) : extremeAlong("min", x, options.dim, options.keepdim ?? false);
}

// The extreme value alone: there is less to compare than where its position is wanted too.
const largestKernel = /* @__PURE__ */ new KernelOp({ name: "amax", build: (b) => { b.store(0, b.max(b.input(0))); } });
const smallestKernel = /* @__PURE__ */ new KernelOp({ name: "amin", build: (b) => { b.store(0, b.min(b.input(0))); } });

/** Of bools the larger one says whether any holds, the smaller one whether all do. */
const valueKernel = (sense: "max" | "min", dtype: DType): KernelOp => {
  if (dtype === "bool") return sense === "max" ? anyKernel : allKernel;
  return sense === "max" ? largestKernel : smallestKernel;
};

/** An extreme over any dimensions, whose gradient is shared evenly among equals. */
function extremum(name: string, sense: "max" | "min", x: Tensor, options: ReduceOptions): Tensor {
  const dims = resolveDims(name, options.dim, x.ndim);
  const rows = Rows.inMemoryOrder(x, dims);
  checkNotEmpty(name, rows);
  const values = first(reduceRows(valueKernel(sense, x.dtype), x, rows, options.keepdim ?? false, [x.dtype], dtypeInfo[x.dtype].compute));
  record(name, [x], [values], () => {
    const [savedX, savedY] = [new Saved(name, x), new Saved(name, values)];
    return ([g]) => [
      g === null || g === undefined
        ? null
        : (): Tensor => {
            const hit = toDType(eq(savedX.value, unreduced(savedY.value, rows)), g.dtype);
            return mul(hit, div(unreduced(g, rows), sum(hit, { dim: dims, keepdim: true })));
          },
    ];
  });
  return values;
}

/** The largest element over dimensions; equal ones share the gradient. @see torch.amax */
export const amax = (x: Tensor, options?: ReduceOptions): Tensor => extremum("amax", "max", x, optionsOf("amax", ReduceOptions, options));
/** The smallest element over dimensions; equal ones share the gradient. @see torch.amin */
export const amin = (x: Tensor, options?: ReduceOptions): Tensor => extremum("amin", "min", x, optionsOf("amin", ReduceOptions, options));

/** Position of the first largest element, of all in row-major order or along a dimension, int64. @see torch.argmax */
export const argmax = (x: Tensor, options?: DimOptions): Tensor => position("max", x, optionsOf("argmax", DimOptions, options));
/** Position of the first smallest element, int64. @see torch.argmin */
export const argmin = (x: Tensor, options?: DimOptions): Tensor => position("min", x, optionsOf("argmin", DimOptions, options));

function position(name: "max" | "min", x: Tensor, { dim, keepdim = false }: DimOptions): Tensor {
  const op = `arg${name}`;
  if (x.dtype === "bool") throw new DTypeError(`${op}: expected a tensor of numbers, got bool; convert it with to("uint8")`);
  const dims = dim === undefined ? x.shape.map((_, d) => d) : x.ndim === 0 ? [] : [resolveDim(op, dim, x.ndim)];
  return extreme(op, name, x.detach(), dims, keepdim)[1];
}

/** Whether any element is nonzero, as bool; of uint8, as uint8. @see torch.any */
export const any = (x: Tensor, options?: ReduceOptions): Tensor => truth(anyKernel, x, optionsOf("any", ReduceOptions, options));
/** Whether all elements are nonzero, as bool; of uint8, as uint8. @see torch.all */
export const all = (x: Tensor, options?: ReduceOptions): Tensor => truth(allKernel, x, optionsOf("all", ReduceOptions, options));

function truth(op: KernelOp, x: Tensor, options: ReduceOptions): Tensor {
  const rows = Rows.inMemoryOrder(x, resolveDims(op.name, options.dim, x.ndim));
  return first(reduceRows(op, x, rows, options.keepdim ?? false, [x.dtype === "uint8" ? "uint8" : "bool"], dtypeInfo[x.dtype].compute));
}

/** Σ (x − mean)² / max(n − correction, 0), the mean taken first so that nothing cancels. */
const varKernel = /* @__PURE__ */ new KernelOp({
  name: "var",
  build: (b) => {
    const { k } = b;
    const x = b.input(0);
    const mean = k.div(b.sum(x), b.scalar(0));
    const distance = k.sub(x, mean);
    b.store(0, k.div(b.sum(k.mul(distance, distance)), b.scalar(1)));
    b.store(1, mean);
  },
});

export const VarOptions = class extends ReduceOptions {
  /** Subtracted from the count: 1 (the default) gives the unbiased estimate. */
  readonly correction?: number;
};
export type VarOptions = Options<typeof VarOptions>;

/** Variance and mean over dimensions. @see torch.var_mean */
export function varMean(x: Tensor, options?: VarOptions): [variance: Tensor, mean: Tensor] {
  const { dim, correction, keepdim } = optionsOf("varMean", VarOptions, options);
  if (!x.isFloatingPoint()) throw new DTypeError(`var: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  const dims = resolveDims("var", dim, x.ndim);
  const rows = Rows.inMemoryOrder(x, dims);
  const count = numelOf(rows.space.inner);
  const freedom = Math.max(count - (correction ?? 1), 0);
  const [variance, average] = reduceRows(varKernel, x, rows, keepdim ?? false, [x.dtype, x.dtype], dtypeInfo[x.dtype].compute, [count, freedom]);
  if (variance === undefined || average === undefined) throw new Error("internal: var made no result");
  record("var", [x], [variance, average], () => {
    const [savedX, savedMean] = [new Saved("var", x), new Saved("var", average)];
    return ([gVar, gMean]) => [
      (): Tensor | null => {
        // ∂var/∂x = 2 (x − mean) / (n − correction); ∂mean/∂x = 1/n
        const fromVar = gVar === null || gVar === undefined ? null : mul(sub(savedX.value, unreduced(savedMean.value, rows)), mul(unreduced(gVar, rows), 2 / freedom));
        const fromMean = gMean === null || gMean === undefined ? null : expand(div(unreduced(gMean, rows), count), x.shape);
        return fromVar === null || fromMean === null ? (fromVar ?? fromMean) : add(fromVar, fromMean);
      },
    ];
  });
  return [variance, average];
}

/** Variance over dimensions, unbiased unless `correction` is 0. @see torch.var */
export const variance = (x: Tensor, options?: VarOptions): Tensor => varMean(x, optionsOf("variance", VarOptions, options))[0];
/** Standard deviation over dimensions. @see torch.std */
export const std = (x: Tensor, options?: VarOptions): Tensor => apply(ops.std, [variance(x, optionsOf("std", VarOptions, options))]);
/** Standard deviation and mean over dimensions. @see torch.std_mean */
export function stdMean(x: Tensor, options?: VarOptions): [deviation: Tensor, mean: Tensor] {
  const [variance, average] = varMean(x, optionsOf("stdMean", VarOptions, options));
  return [apply(ops.std, [variance]), average];
}

/** Sum of the elements that are not NaN. @see torch.nansum */
export const nansum = (x: Tensor, options?: SumOptions): Tensor => sum(x.isFloatingPoint() ? maskedFill(x, isnan(x), 0) : x, optionsOf("nansum", SumOptions, options));
/** Mean of the elements that are not NaN; NaN of none. @throws {DTypeError} for integers. @see torch.nanmean */
export function nanmean(x: Tensor, options?: SumOptions): Tensor {
  const given = optionsOf("nanmean", SumOptions, options);
  if (!x.isFloatingPoint()) throw new DTypeError(`nanmean: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  const { dim, keepdim } = given;
  return div(nansum(x, given), sum(logicalNot(isnan(x)), { dim: dim ?? null, keepdim: keepdim ?? false }));
}
/** How many elements are not zero, int64. @see torch.count_nonzero */
export const countNonzero = (x: Tensor, options?: CountNonzeroOptions): Tensor => sum(ne(x.detach(), 0), optionsOf("countNonzero", CountNonzeroOptions, options));
/** Smallest and largest elements, of all or along a dimension; equal ones share the gradient. @see torch.aminmax */
export function aminmax(x: Tensor, options?: DimOptions): { readonly min: Tensor; readonly max: Tensor } {
  const given = optionsOf("aminmax", DimOptions, options);
  return { min: extremum("aminmax", "min", x, given), max: extremum("aminmax", "max", x, given) };
}

/**
 * Adds up what broadcasting `shape` to the shape of x would repeat.
 *
 * @throws {ShapeError} if it would not give that shape.
 * @see torch.Tensor.sum_to_size
 */
export function sumToSize(x: Tensor, shape: Shape): Tensor {
  const lead = x.ndim - shape.length;
  if (lead < 0 || shape.some((size, d) => size !== 1 && size !== x.shape[lead + d])) {
    throw new ShapeError(`sumToSize: expected a shape that broadcasts to ${showShape(x.shape)}, got ${showShape(shape)}`);
  }
  return sumTo(x, shape);
}

/** Adds up what was broadcast, so that `x` has `shape` again: the gradient of an expansion. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.ndim - shape.length;
  if (lead < 0) throw new ArgumentError(`internal: sumTo ${showShape(shape)} of ${showShape(x.shape)}`);
  const dims = x.shape.flatMap((size, d) => (d < lead || ((shape[d - lead] ?? 1) === 1 && size !== 1) ? [d] : []));
  const summed = dims.length === 0 ? x : sum(x, { dim: dims, keepdim: true });
  return lead === 0 ? summed : reshape(summed, shape);
}

function first(results: readonly Tensor[]): Tensor {
  const [result] = results;
  if (result === undefined) throw new Error("internal: a reduction made no result");
  return result;
}
