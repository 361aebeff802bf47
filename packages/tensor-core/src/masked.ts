/**
 * Reductions and normalisations that leave out elements: where `mask` is false, an element does not take part.
 *
 * Each function puts the value that changes nothing (0 in a sum, −∞ in a maximum) where the mask is false, and then is the
 * function of the same name without a mask.
 */
import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { onesLike } from "./create.js";
import { DTypeError, ShapeError } from "./errors.js";
import * as elementwise from "./ops/elementwise.js";
import { gather } from "./ops/index-ops.js";
import { vectorNorm } from "./ops/norm.js";
import * as reduce from "./ops/reduce.js";
import * as scan from "./ops/scan.js";
import * as soft from "./ops/softmax.js";
import { sort } from "./ops/sort.js";
import { optionsOf } from "./options.js";
import type { Options, ReduceOptions } from "./options.js";
import { resolveDims, showShape } from "./shape.js";
import type { Tensor } from "./tensor.js";
import { toDType } from "./ops/copy.js";
import { clamp, div, isnan, logicalNot, mul, neg, sqrt, sub } from "./ops/elementwise.js";
import { squeeze } from "./ops/view.js";

/** What takes part, and the type of the result. */
export const MaskOptions = class {
  /** True where an element takes part; it broadcasts to the input. Everything takes part if absent. */
  readonly mask?: Tensor | null;
  /** The input's type if absent. */
  readonly dtype?: DType;
};
export type MaskOptions = Options<typeof MaskOptions>;

/** Options of reductions over any dimensions. */
export const MaskedReduceOptions = class extends MaskOptions {
  /** All dimensions if absent. */
  readonly dim?: number | readonly number[] | null;
  readonly keepdim?: boolean;
};
export type MaskedReduceOptions = Options<typeof MaskedReduceOptions>;

/** Options of reductions over one dimension. */
export const MaskedAlongOptions = class extends MaskOptions {
  readonly dim?: number;
  readonly keepdim?: boolean;
};
export type MaskedAlongOptions = Options<typeof MaskedAlongOptions>;

/** The smallest and the largest value of a type. */
function range(dtype: DType): { readonly least: number | bigint; readonly most: number | bigint } {
  const { kind, byteLength } = dtypeInfo[dtype];
  if (kind === "float") return { least: -Infinity, most: Infinity };
  if (dtype === "uint8" || dtype === "bool") return { least: 0, most: dtype === "bool" ? 1 : 255 };
  const half = 2n ** BigInt(8 * byteLength - 1);
  return { least: -half, most: half - 1n };
}

/** `x`, with `identity` where the mask is false. */
function leavingOut(op: string, x: Tensor, mask: Tensor | null | undefined, identity: number | bigint): Tensor {
  if (mask === null || mask === undefined) return x;
  if (mask.dtype !== "bool") throw new DTypeError(`masked.${op}: expected a bool mask, got ${mask.dtype}; compare first, as in mask.ne(0)`);
  const offset = x.ndim - mask.ndim;
  if (offset < 0 || mask.shape.some((size, d) => size !== 1 && size !== x.shape[d + offset])) {
    throw new ShapeError(`masked.${op}: expected a mask that broadcasts to ${showShape(x.shape)}, got ${showShape(mask.shape)}`);
  }
  return elementwise.where(mask, x, identity);
}

const allDims = (op: string, x: Tensor, dim: number | readonly number[] | null | undefined): readonly number[] => resolveDims(`masked.${op}`, dim, x.ndim);
const as = (x: Tensor, dtype: DType | undefined): Tensor => (dtype === undefined || x.dtype === dtype ? x : toDType(x, dtype));

/**
 * Σ x over what the mask leaves. Integers and bools give int64.
 *
 * @see torch.masked.sum
 * @example
 * import { sum } from "@gradus/tensor-core/masked";
 *
 * sum(tensor([1, 2, 3]), { mask: tensor([true, false, true]) }).toArraySync(); // 4
 */
export function sum(x: Tensor, options?: MaskedReduceOptions): Tensor {
  const { mask, ...rest } = optionsOf("sum", MaskedReduceOptions, options);
  return reduce.sum(leavingOut("sum", x, mask, 0), rest);
}

/** Π x over what the mask leaves. Integers and bools give int64. @see torch.masked.prod */
export function prod(x: Tensor, options?: MaskedReduceOptions): Tensor {
  const { mask, ...rest } = optionsOf("prod", MaskedReduceOptions, options);
  return reduce.prod(leavingOut("prod", x, mask, 1), rest);
}

/** The largest element that the mask leaves; the smallest value of the type where it leaves none. @see torch.masked.amax */
export function amax(x: Tensor, options?: MaskedReduceOptions): Tensor {
  const { mask, dtype, ...rest } = optionsOf("amax", MaskedReduceOptions, options);
  return as(reduce.amax(leavingOut("amax", x, mask, range(x.dtype).least), rest), dtype);
}

/** The smallest element that the mask leaves; the largest value of the type where it leaves none. @see torch.masked.amin */
export function amin(x: Tensor, options?: MaskedReduceOptions): Tensor {
  const { mask, dtype, ...rest } = optionsOf("amin", MaskedReduceOptions, options);
  return as(reduce.amin(leavingOut("amin", x, mask, range(x.dtype).most), rest), dtype);
}

/** Position of the largest element that the mask leaves, in the type of the input as in PyTorch. @see torch.masked.argmax */
export function argmax(x: Tensor, options?: MaskedAlongOptions): Tensor {
  const { mask, dtype = x.dtype, ...rest } = optionsOf("argmax", MaskedAlongOptions, options);
  return as(reduce.argmax(leavingOut("argmax", x, mask, range(x.dtype).least), rest), dtype);
}

/** Position of the smallest element that the mask leaves, in the type of the input as in PyTorch. @see torch.masked.argmin */
export function argmin(x: Tensor, options?: MaskedAlongOptions): Tensor {
  const { mask, dtype = x.dtype, ...rest } = optionsOf("argmin", MaskedAlongOptions, options);
  return as(reduce.argmin(leavingOut("argmin", x, mask, range(x.dtype).most), rest), dtype);
}

/** How many elements take part, int64. */
function count(op: string, x: Tensor, mask: Tensor | null | undefined, options: ReduceOptions): Tensor {
  return reduce.sum(leavingOut(op, onesLike(x, { dtype: "int64" }), mask, 0), options);
}

/** Σ x ∕ n over the n elements that the mask leaves; NaN where it leaves none. @see torch.masked.mean */
export function mean(x: Tensor, options?: MaskedReduceOptions): Tensor {
  const { mask, dtype, ...rest } = optionsOf("mean", MaskedReduceOptions, options);
  const total = reduce.sum(leavingOut("mean", x, mask, 0), { ...rest, ...(dtype !== undefined && { dtype }) });
  return div(total, count("mean", x, mask, rest));
}

/** Options of variances. */
export const MaskedVarOptions = class extends MaskedReduceOptions {
  /** What is taken off the count of elements: 0 for the mean square, 1 for an unbiased estimate. 0 if absent. */
  readonly correction?: number;
};
export type MaskedVarOptions = Options<typeof MaskedVarOptions>;

/** Σ (x − mean)² ∕ (n − correction) over the n elements that the mask leaves. @see torch.masked.var */
export function variance(x: Tensor, options?: MaskedVarOptions): Tensor {
  const { mask = null, dtype = x.isFloatingPoint() ? x.dtype : "float32", dim, keepdim = false, correction = 0 } = optionsOf("variance", MaskedVarOptions, options);
  const over = { dim: allDims("var", x, dim) };
  const n = count("var", x, mask, { ...over, keepdim: true });
  const total = (y: Tensor, keep: boolean, type: DType): Tensor => reduce.sum(leavingOut("var", y, mask, 0), { ...over, keepdim: keep, dtype: type });
  const deviation = sub(x, div(total(x, true, dtype), n));
  const squares = total(mul(deviation, deviation), keepdim, dtypeInfo[dtype].kind === "float" ? dtype : "float32");
  const divisor = correction === 0 ? n : clamp(sub(n, correction), { min: 0 });
  return as(div(squares, keepdim ? divisor : squeeze(divisor, over.dim)), dtype);
}
export { variance as var };

/** √ of the variance of what the mask leaves. @see torch.masked.std */
export function std(x: Tensor, options?: MaskedVarOptions): Tensor {
  return sqrt(variance(x, optionsOf("std", MaskedVarOptions, options)));
}

/**
 * The middle one of the elements that the mask leaves along a dimension, the lower of two; NaN where it leaves none.
 *
 * @see torch.masked.median
 */
export function median(x: Tensor, options?: MaskedAlongOptions): Tensor {
  const { mask, dtype = x.dtype, dim = -1, keepdim = false } = optionsOf("median", MaskedAlongOptions, options);
  const kept = leavingOut("median", x.isFloatingPoint() ? x : toDType(x, "float32"), mask, NaN);
  // NaN sorts last, so that the elements that count stand in front.
  const { values } = sort(kept, { dim });
  const n = reduce.sum(logicalNot(isnan(kept.detach())), { dim, keepdim: true });
  const middle = gather(values, dim, clamp(div(sub(n, 1), 2, { roundingMode: "floor" }), { min: 0 }));
  return as(keepdim ? middle : squeeze(middle, dim), dtype);
}

/** log Σ exp(x) over what the mask leaves; −∞ where it leaves none. @see torch.masked.logsumexp */
export function logsumexp(x: Tensor, options?: MaskedReduceOptions): Tensor {
  const { mask, dtype = x.dtype, dim, keepdim = false } = optionsOf("logsumexp", MaskedReduceOptions, options);
  return as(soft.logsumexp(leavingOut("logsumexp", x, mask, range(x.dtype).least), { dim: allDims("logsumexp", x, dim), keepdim }), dtype);
}

/** Options of norms. */
export const MaskedNormOptions = class extends MaskedReduceOptions {
  /** The p of the norm: any number, ±∞ and 0 included. 2 if absent. */
  readonly ord?: number;
};
export type MaskedNormOptions = Options<typeof MaskedNormOptions>;

/** (Σ |x|ᵖ)^(1/p) over what the mask leaves. @see torch.masked.norm */
export function norm(x: Tensor, options?: MaskedNormOptions): Tensor {
  const { mask, dtype, ord = 2, ...rest } = optionsOf("norm", MaskedNormOptions, options);
  return vectorNorm("masked.norm", as(leavingOut("norm", x, mask, ord === -Infinity ? Infinity : 0), dtype), ord, rest);
}

/** Options of `normalize`. */
export const MaskedNormalizeOptions = class extends MaskOptions {
  /** The least that is divided by. 1e-12 if absent. */
  readonly eps?: number;
};
export type MaskedNormalizeOptions = Options<typeof MaskedNormalizeOptions>;

/** x ∕ max(‖x‖ₚ, eps) along a dimension, with the norm of what the mask leaves, and 0 elsewhere. @see torch.masked.normalize */
export function normalize(x: Tensor, ord: number, dim: number, options?: MaskedNormalizeOptions): Tensor {
  const { mask = null, dtype = x.dtype, eps = 1e-12 } = optionsOf("normalize", MaskedNormalizeOptions, options);
  return div(leavingOut("normalize", x, mask, 0), clamp(norm(x, { ord, dim, keepdim: true, mask, dtype }), { min: eps }));
}

/** Running sums of what the mask leaves. @see torch.masked.cumsum */
export function cumsum(x: Tensor, dim: number, options?: MaskOptions): Tensor {
  const { mask, ...rest } = optionsOf("cumsum", MaskOptions, options);
  return scan.cumsum(leavingOut("cumsum", x, mask, 0), dim, rest);
}

/** Running products of what the mask leaves. @see torch.masked.cumprod */
export function cumprod(x: Tensor, dim: number, options?: MaskOptions): Tensor {
  const { mask, ...rest } = optionsOf("cumprod", MaskOptions, options);
  return scan.cumprod(leavingOut("cumprod", x, mask, 1), dim, rest);
}

/** exp(xᵢ) ∕ Σ exp(xⱼ) over what the mask leaves, 0 elsewhere. @see torch.masked.softmax */
export function softmax(x: Tensor, dim: number, options?: MaskOptions): Tensor {
  const { mask, ...rest } = optionsOf("softmax", MaskOptions, options);
  return soft.softmax(leavingOut("softmax", x, mask, range(x.dtype).least), dim, rest);
}

/** The logarithm of `softmax`. @see torch.masked.log_softmax */
export function logSoftmax(x: Tensor, dim: number, options?: MaskOptions): Tensor {
  const { mask, ...rest } = optionsOf("logSoftmax", MaskOptions, options);
  return soft.logSoftmax(leavingOut("logSoftmax", x, mask, range(x.dtype).least), dim, rest);
}

/** exp(−xᵢ) ∕ Σ exp(−xⱼ) over what the mask leaves, 0 elsewhere. @see torch.masked.softmin */
export function softmin(x: Tensor, dim: number, options?: MaskOptions): Tensor {
  const { mask, ...rest } = optionsOf("softmin", MaskOptions, options);
  return soft.softmax(neg(leavingOut("softmin", x, mask, range(x.dtype).most)), dim, rest);
}
