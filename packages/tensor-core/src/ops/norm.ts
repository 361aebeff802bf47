import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { Saved } from "../autograd/op-node.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import type { KernelBody } from "../kernels/kernel-op.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { reduceRows, Rows } from "../kernels/rows.js";
import { optionsOf, ReduceOptions } from "../options.js";
import type { Options } from "../options.js";
import { resolveDim, resolveDims, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { toDType } from "./copy.js";
import { abs, add, div, eq, gt, isnan, logicalOr, maskedFill, mul, pow, reciprocal, sign, sub, where } from "./elementwise.js";
import { record, sum } from "./reduce.js";
import { reshape } from "./view.js";

/** Lengths of vectors: (Σ |x|ᵖ)^(1/p), and its limits for p = 0, ∞ and −∞. */

const reducing = (name: string, store: (b: KernelBody) => void): KernelOp => new KernelOp({ name, build: store });
const magnitudes = (b: KernelBody): ReturnType<KernelBody["input"]> => b.k.abs(b.input(0));

/** One kernel per special p; the last one takes p as a number. */
const kernels = {
  count: /* @__PURE__ */ reducing("norm", (b) => { const x = b.input(0); b.store(0, b.sum(b.k.select(b.k.eq(x, b.k.like(0, x)), b.k.like(0, x), b.k.like(1, x)))); }),
  sum: /* @__PURE__ */ reducing("norm", (b) => { b.store(0, b.sum(magnitudes(b))); }),
  euclidean: /* @__PURE__ */ reducing("norm", (b) => { const x = b.input(0); b.store(0, b.k.sqrt(b.sum(b.k.mul(x, x)))); }),
  largest: /* @__PURE__ */ reducing("norm", (b) => { b.store(0, b.max(magnitudes(b))); }),
  smallest: /* @__PURE__ */ reducing("norm", (b) => { b.store(0, b.min(magnitudes(b))); }),
  general: /* @__PURE__ */ reducing("norm", (b) => { b.store(0, b.k.pow(b.sum(b.k.pow(magnitudes(b), b.scalar(0))), b.scalar(1))); }),
} as const;

const kernelFor = (p: number): keyof typeof kernels => {
  switch (p) {
    case 0:
      return "count";
    case 1:
      return "sum";
    case 2:
      return "euclidean";
    case Infinity:
      return "largest";
    case -Infinity:
      return "smallest";
    default:
      return "general";
  }
};

/** The p-norm over dimensions, for whoever checks arguments under another name. */
export function vectorNorm(op: string, x: Tensor, p: number, { dim, keepdim = false }: ReduceOptions): Tensor {
  if (!x.isFloatingPoint()) throw new DTypeError(`${op}: expected a floating tensor, got ${x.dtype}; pass { dtype: "float32" }`);
  if (Number.isNaN(p)) throw new ArgumentError(`${op}: expected a number as p, got NaN`);
  const dims = resolveDims(op, dim, x.ndim);
  const rows = Rows.inMemoryOrder(x, dims);
  if (rows.space.inner.includes(0) && (p < 0 || p === Infinity)) throw new ShapeError(`${op}: expected at least one element for p = ${p}, got shape ${showShape(x.shape)}`);
  const kind = kernelFor(p);
  const [y] = reduceRows(kernels[kind], x, rows, keepdim, [x.dtype], dtypeInfo[x.dtype].compute, kind === "general" ? [p, 1 / p] : []) as [Tensor];
  record("norm", [x], [y], () => {
    const [savedX, savedY] = [new Saved("norm", x), new Saved("norm", y)];
    const whole = rows.reducedShape(true);
    // The number of elements that are not zero has no gradient at all.
    return ([g]) => [g && p !== 0 ? () => gradient(reshape(g, whole), savedX.value, reshape(savedY.value, whole), p, dims) : null];
  });
  return y;
}

/** g · ∂y/∂x = g · sgn(x) (|x|/y)^(p−1); where y or a needed power of x is zero, the gradient is zero, as in PyTorch. */
function gradient(g: Tensor, x: Tensor, y: Tensor, p: number, dims: readonly number[]): Tensor {
  if (p === 1) return mul(g, sign(x));
  if (p === 2) return mul(maskedFill(div(x, y), eq(y, 0), 0), g);
  if (Math.abs(p) === Infinity) {
    const hit = logicalOr(eq(abs(x), y), isnan(y));
    const share = div(g, sum(hit, { dim: dims, keepdim: true }));
    return where(hit, mul(sign(x), share), 0);
  }
  if (p < 1) return mul(mul(maskedFill(mul(sign(x), pow(abs(x), p - 1)), eq(x, 0), 0), g), pow(y, 1 - p));
  const scale = maskedFill(div(g, pow(y, p - 1)), eq(y, 0), 0);
  return p < 2 ? mul(mul(sign(x), pow(abs(x), p - 1)), scale) : mul(mul(x, pow(abs(x), p - 2)), scale);
}

export const NormOptions = class extends ReduceOptions {
  /** Any number, Infinity and −Infinity included; "fro" (the default) is 2. */
  readonly p?: number | "fro";
  /** Convert to this type first. */
  readonly dtype?: DType;
};
export type NormOptions = Options<typeof NormOptions>;

/**
 * (Σ |x|ᵖ)^(1/p), of all elements or along dimensions; matrices count as vectors.
 *
 * @throws {DTypeError} for integers.
 * @see torch.norm; torch.linalg.norm tells vectors from matrices
 * @example
 * norm(tensor([3, 4])).itemSync(); // 5
 */
export function norm(x: Tensor, options?: NormOptions): Tensor {
  const { p = "fro", dtype, ...rest } = optionsOf("norm", NormOptions, options);
  if (typeof p !== "number" && (p as string) !== "fro") throw new ArgumentError(`norm: expected a number or "fro" as p, got ${p as string}; the nuclear norm is in linalg`);
  return vectorNorm("norm", dtype === undefined ? x : toDType(x, dtype), p === "fro" ? 2 : p, rest);
}

/** The p-norm of a − b, broadcast. @see torch.dist */
export const dist = (a: Tensor, b: Tensor, p = 2): Tensor => vectorNorm("dist", sub(a, b), p, {});

/** Scales down the slices along `dim` whose p-norm is above `maxnorm`, to that norm. @see torch.renorm */
export function renorm(x: Tensor, p: number, dim: number, maxnorm: number): Tensor {
  const d = resolveDim("renorm", dim, x.ndim);
  if (x.ndim < 2) throw new ShapeError(`renorm: expected at least two dimensions, got shape ${showShape(x.shape)}`);
  if (!(p > 0)) throw new ArgumentError(`renorm: expected p > 0, got ${p}`);
  if (!(maxnorm >= 0)) throw new ArgumentError(`renorm: expected maxnorm >= 0, got ${maxnorm}`);
  const norms = vectorNorm("renorm", x, p, { dim: x.shape.flatMap((_, i) => (i === d ? [] : [i])), keepdim: true });
  // The addend is PyTorch's; it keeps the result within the bound.
  const scale = where(gt(norms, maxnorm), mul(reciprocal(add(norms, 1e-7)), maxnorm), 1);
  return mul(x, scale);
}
