import { dtypeInfo } from "@gradus/kernel-ir";
import { canReadAtOnce } from "../awaited-reads.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf, refuseOptions } from "../options.js";
import type { Options } from "../options.js";
import { resultType } from "../promotion.js";
import { broadcastShapes, resolveDim, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { cat } from "./join.js";
import { checkProduct, matmul } from "./matmul.js";
import { diagonal, flip } from "./rearrange.js";
import { amax, record, sum } from "./reduce.js";
import { cumprod } from "./scan.js";
import { expand, narrow, permute, reshape, t, unsqueeze } from "./view.js";
import { abs, add, clamp, clampMin, div, eq, maskedFill, mul, ne, pow, sqrt, sub } from "./elementwise.js";
import { toDType } from "./copy.js";
import { newOnes, newZeros } from "../create.js";

/**
 * Products by the names that they have in linear algebra. `matmul` does the work; these say which shapes are meant and
 * refuse all others.
 */

/** Checks ranks and inner sizes: `shapes` are such as `["n", "k"]`, in which equal letters are equal sizes. */
function checkSizes(op: string, operands: readonly (readonly [x: Tensor, shape: readonly string[]])[]): void {
  const sizes = new Map<string, number>();
  const fits = operands.every(([x, shape]) => x.ndim === shape.length && shape.every((letter, d) => {
    const known = sizes.get(letter) ?? x.shape[d]!;
    sizes.set(letter, known);
    return known === x.shape[d];
  }));
  if (fits) return;
  const wanted = operands.map(([, shape]) => `[${shape.join(", ")}]`).join(" and ");
  throw new ShapeError(`${op}: expected shapes ${wanted}, got ${operands.map(([x]) => showShape(x.shape)).join(" and ")}`);
}

function checked(op: string, a: Tensor, shapeOfA: readonly string[], b: Tensor, shapeOfB: readonly string[]): void {
  checkProduct(op, a, b);
  checkSizes(op, [[a, shapeOfA], [b, shapeOfB]]);
}

/** Product of two matrices. @see torch.mm */
export function mm(a: Tensor, b: Tensor): Tensor;
export function mm(a: Tensor, b: Tensor, options?: unknown): Tensor {
  refuseOptions("mm", options);
  checked("mm", a, ["n", "k"], b, ["k", "m"]);
  return matmul(a, b);
}

/** Products of two batches of matrices. @see torch.bmm */
export function bmm(a: Tensor, b: Tensor): Tensor;
export function bmm(a: Tensor, b: Tensor, options?: unknown): Tensor {
  refuseOptions("bmm", options);
  checked("bmm", a, ["b", "n", "k"], b, ["b", "k", "m"]);
  return matmul(a, b);
}

/** Matrix times vector. @see torch.mv */
export function mv(matrix: Tensor, vector: Tensor): Tensor;
export function mv(matrix: Tensor, vector: Tensor, options?: unknown): Tensor {
  refuseOptions("mv", options);
  checked("mv", matrix, ["n", "k"], vector, ["k"]);
  return matmul(matrix, vector);
}

/** Σ aᵢ bᵢ of two vectors. @see torch.dot */
export function dot(a: Tensor, b: Tensor): Tensor;
export function dot(a: Tensor, b: Tensor, options?: unknown): Tensor {
  refuseOptions("dot", options);
  checked("dot", a, ["n"], b, ["n"]);
  return matmul(a, b);
}

/** Σ aᵢ bᵢ of two vectors; of real numbers the same as `dot`. @see torch.vdot */
export function vdot(a: Tensor, b: Tensor): Tensor;
export function vdot(a: Tensor, b: Tensor, options?: unknown): Tensor {
  refuseOptions("vdot", options);
  checked("vdot", a, ["n"], b, ["n"]);
  return matmul(a, b);
}

/**
 * aᵢ bⱼ for all i and j.
 *
 * @see torch.outer
 * @example
 * outer(tensor([1, 2]), tensor([3, 4])).toArraySync(); // [[3, 4], [6, 8]]
 */
export function outer(a: Tensor, b: Tensor): Tensor;
export function outer(a: Tensor, b: Tensor, options?: unknown): Tensor {
  refuseOptions("outer", options);
  checkSizes("outer", [[a, ["n"]], [b, ["m"]]]);
  return mul(unsqueeze(a, 1), b);
}

/** Sums of products over the last dimension of both; with a scalar, the plain product. @see torch.inner */
export function inner(a: Tensor, b: Tensor): Tensor;
export function inner(a: Tensor, b: Tensor, options?: unknown): Tensor {
  refuseOptions("inner", options);
  if (a.ndim === 0 || b.ndim === 0) return mul(a, b);
  checkProduct("inner", a, b);
  if (a.shape.at(-1) !== b.shape.at(-1)) throw new ShapeError(`inner: expected last dimensions of one size, got ${showShape(a.shape)} and ${showShape(b.shape)}`);
  return tensordot(a, b, { dims: [[-1], [-1]] });
}

export const TensordotOptions = class {
  /** How many of the last dimensions of a meet the first of b; or which dimensions of a meet which of b. 2 if absent. */
  readonly dims?: number | readonly [ofA: readonly number[], ofB: readonly number[]] | Tensor;
};
export type TensordotOptions = Options<typeof TensordotOptions>;

/**
 * Sums of products over pairs of dimensions; the others of a, then those of b, make the result.
 *
 * @see torch.tensordot
 * @example
 * tensordot(ones([2, 3, 4]), ones([3, 4, 5]), { dims: 2 }).shape; // [2, 5]
 */
export function tensordot(a: Tensor, b: Tensor, options?: TensordotOptions): Tensor {
  const op = "tensordot";
  const { dims = 2 } = optionsOf(op, TensordotOptions, options);
  checkProduct(op, a, b);
  const [ofA, ofB] = pairsOf(op, a, b, dims);
  if (ofA.length !== ofB.length) throw new ShapeError(`${op}: expected as many dimensions of a as of b, got [${ofA.join(", ")}] and [${ofB.join(", ")}]`);
  const [left, right] = [ofA.map((d) => resolveDim(op, d, a.ndim)), ofB.map((d) => resolveDim(op, d, b.ndim))];
  if (new Set(left).size < left.length || new Set(right).size < right.length) throw new ShapeError(`${op}: expected each dimension once, got [${ofA.join(", ")}] and [${ofB.join(", ")}]`);
  const differs = left.findIndex((d, i) => a.shape[d] !== b.shape[right[i]!] && a.shape[d] !== 1 && b.shape[right[i]!] !== 1);
  if (differs !== -1) throw new ShapeError(`${op}: expected dimensions of one size to meet, got ${showShape(a.shape)} and ${showShape(b.shape)} with dimensions ${left[differs]!} and ${right[differs]!}`);
  // A size of 1 meets any: the other side is summed first.
  const [x, y] = [narrowToOne(a, left, b, right), narrowToOne(b, right, a, left)];
  const restOf = (t: Tensor, used: readonly number[]): number[] => t.shape.map((_, d) => d).filter((d) => !used.includes(d));
  const [keptA, keptB] = [restOf(x, left), restOf(y, right)];
  const inside = left.reduce((product, d) => product * x.shape[d]!, 1);
  const sizes = (t: Tensor, kept: readonly number[]): number[] => kept.map((d) => t.shape[d]!);
  const count = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);
  const rows = reshape(permute(x, [...keptA, ...left]), [count(sizes(x, keptA)), inside]);
  const columns = reshape(permute(y, [...right, ...keptB]), [inside, count(sizes(y, keptB))]);
  return reshape(matmul(rows, columns), [...sizes(x, keptA), ...sizes(y, keptB)]);
}

function pairsOf(op: string, a: Tensor, b: Tensor, dims: NonNullable<TensordotOptions["dims"]>): readonly [readonly number[], readonly number[]] {
  if (typeof dims === "object") {
    const [ofA, ofB] = (Array.isArray(dims) ? dims : (dims as Tensor).toArraySync()) as readonly (number | readonly number[])[];
    if (ofA === undefined || ofB === undefined) throw new ArgumentError(`${op}: expected dimensions of a and of b, got ${String(dims)}`);
    const list = (d: number | readonly number[]): readonly number[] => (typeof d === "number" ? [d] : d);
    return [list(ofA), list(ofB)];
  }
  if (!Number.isInteger(dims) || dims < 0 || dims > Math.min(a.ndim, b.ndim)) throw new ArgumentError(`${op}: expected a number of dimensions that both have, got ${dims} for ${showShape(a.shape)} and ${showShape(b.shape)}`);
  return [Array.from({ length: dims }, (_, i) => a.ndim - dims + i), Array.from({ length: dims }, (_, i) => i)];
}

/** x summed over those of its dimensions that meet one of size 1. */
function narrowToOne(x: Tensor, own: readonly number[], other: Tensor, others: readonly number[]): Tensor {
  const summed = own.filter((d, i) => x.shape[d] !== 1 && other.shape[others[i]!] === 1);
  return summed.length === 0 ? x : sum(x, { dim: summed, keepdim: true, dtype: x.dtype });
}

/** The product of every element of a with the whole of b, in its place. @see torch.kron */
export function kron(a: Tensor, b: Tensor): Tensor;
export function kron(a: Tensor, b: Tensor, options?: unknown): Tensor {
  refuseOptions("kron", options);
  const rank = Math.max(a.ndim, b.ndim);
  const padded = (x: Tensor): number[] => [...new Array<number>(rank - x.ndim).fill(1), ...x.shape];
  const [shapeA, shapeB] = [padded(a), padded(b)];
  // [a₀, b₀, a₁, b₁, …]
  const left = reshape(a, shapeA.flatMap((size) => [size, 1]));
  const right = reshape(b, shapeB.flatMap((size) => [1, size]));
  return reshape(mul(left, right), shapeA.map((size, d) => size * shapeB[d]!));
}

export const ScaledSumOptions = class {
  /** What the first argument is multiplied by; where it is 0, NaN and infinities in it do not count. 1 if absent. */
  readonly beta?: number | bigint | boolean;
  /** What the product is multiplied by. 1 if absent. */
  readonly alpha?: number | bigint | boolean;
};
export type ScaledSumOptions = Options<typeof ScaledSumOptions>;

/** beta · x + alpha · product(), where x broadcasts to `shape`. */
function scaledSum(op: string, x: Tensor, a: Tensor, shape: Shape, { beta = 1, alpha = 1 }: ScaledSumOptions, product: () => Tensor): Tensor {
  x.checkUsable(op);
  if (x.dtype !== a.dtype) throw new DTypeError(`${op}: expected tensors of one element type, got ${x.dtype} and ${a.dtype}; convert one with .to(dtype)`);
  const full = broadcastShapes(op, x.shape, shape);
  if (!sameShape(full, shape)) throw new ShapeError(`${op}: expected a tensor that broadcasts to the product's shape ${showShape(shape)}, got ${showShape(x.shape)}`);
  // Of integers the scales are integers too, of bools bools: fractions are cut off, as in PyTorch.
  const scaled = (t: Tensor, scale: number | bigint | boolean): Tensor => {
    const number = t.dtype === "bool" ? scale !== 0 && scale !== false : t.isFloatingPoint() || typeof scale !== "number" ? scale : Math.trunc(scale);
    return Number(number) === 1 ? t : mul(t, number);
  };
  const result = scaled(product(), alpha);
  return Number(beta) === 0 ? result : add(scaled(x, beta), result);
}

/** beta · x + alpha · (a @ b) of matrices. @see torch.addmm */
export function addmm(x: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor {
  checked("addmm", a, ["n", "k"], b, ["k", "m"]);
  return scaledSum("addmm", x, a, [a.shape[0]!, b.shape[1]!], optionsOf("addmm", ScaledSumOptions, options), () => matmul(a, b));
}

/** beta · x + alpha · (matrix @ vector). @see torch.addmv */
export function addmv(x: Tensor, matrix: Tensor, vector: Tensor, options?: ScaledSumOptions): Tensor {
  checked("addmv", matrix, ["n", "k"], vector, ["k"]);
  return scaledSum("addmv", x, matrix, [matrix.shape[0]!], optionsOf("addmv", ScaledSumOptions, options), () => matmul(matrix, vector));
}

/** beta · x + alpha · outer(a, b). Unlike the others, of mixed element types. @see torch.addr */
export function addr(x: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor {
  const given = optionsOf("addr", ScaledSumOptions, options);
  checkSizes("addr", [[a, ["n"]], [b, ["m"]]]);
  const dtype = resultType(x, a, b);
  for (const [name, scale] of Object.entries<number | bigint | boolean>(given)) {
    if (dtypeInfo[dtype].kind !== "float" && typeof scale === "number" && !Number.isInteger(scale)) throw new ArgumentError(`addr: expected ${name} to be whole for ${dtype} tensors, got ${scale}`);
    if (dtype !== "bool" && typeof scale === "boolean") throw new ArgumentError(`addr: expected ${name} to be a number for ${dtype} tensors, got ${scale}`);
  }
  return scaledSum("addr", toDType(x, dtype), toDType(a, dtype), [a.shape[0]!, b.shape[0]!], given, () => outer(toDType(a, dtype), toDType(b, dtype)));
}

/** beta · x + alpha · Σ over the batch of a @ b. @see torch.addbmm */
export function addbmm(x: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor {
  checked("addbmm", a, ["b", "n", "k"], b, ["b", "k", "m"]);
  return scaledSum("addbmm", x, a, [a.shape[1]!, b.shape[2]!], optionsOf("addbmm", ScaledSumOptions, options), () => tensordot(a, b, { dims: [[0, 2], [0, 1]] }));
}

/** beta · x + alpha · (a @ b) of batches of matrices. @see torch.baddbmm */
export function baddbmm(x: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor {
  checked("baddbmm", a, ["b", "n", "k"], b, ["b", "k", "m"]);
  return scaledSum("baddbmm", x, a, [a.shape[0]!, a.shape[1]!, b.shape[2]!], optionsOf("baddbmm", ScaledSumOptions, options), () => matmul(a, b));
}

export const CrossOptions = class {
  /** The dimension of size 3; the first one of that size if absent. */
  readonly dim?: number;
};
export type CrossOptions = Options<typeof CrossOptions>;

/**
 * The vector product a × b along a dimension of size 3; the other dimensions broadcast.
 *
 * @see torch.cross
 * @example
 * cross(tensor([1, 0, 0]), tensor([0, 1, 0])).toArraySync(); // [0, 0, 1]
 */
export function cross(a: Tensor, b: Tensor, options?: CrossOptions): Tensor {
  const { dim } = optionsOf("cross", CrossOptions, options);
  if (a.ndim !== b.ndim) throw new ShapeError(`cross: expected as many dimensions of a as of b, got ${showShape(a.shape)} and ${showShape(b.shape)}`);
  const shape = broadcastShapes("cross", a.shape, b.shape);
  const d = dim === undefined ? shape.indexOf(3) : resolveDim("cross", dim, a.ndim);
  if (d === -1 || a.shape[d] !== 3 || b.shape[d] !== 3) throw new ShapeError(`cross: expected a dimension of size 3, got ${showShape(a.shape)} and ${showShape(b.shape)}${dim === undefined ? "" : ` with dim ${dim}`}`);
  // Component i is aᵢ₊₁ bᵢ₊₂ − aᵢ₊₂ bᵢ₊₁.
  const turned = (x: Tensor, by: number): Tensor => cat([narrow(x, d, by, 3 - by), narrow(x, d, 0, by)], d);
  return sub(mul(turned(a, 1), turned(b, 2)), mul(turned(a, 2), turned(b, 1)));
}

export const CdistOptions = class {
  /** The p of the norm, from 0 (how many coordinates differ) to Infinity (the largest difference); 2 if absent. */
  readonly p?: number;
  /** Accepted for PyTorch's sake: distances are always computed from differences, which is the accurate way. */
  readonly computeMode?: string;
};
export type CdistOptions = Options<typeof CdistOptions>;

/**
 * Distance of each row of a to each row of b: ‖aᵢ − bⱼ‖ₚ.
 *
 * @param a - `[…, m, k]`.  @param b - `[…, n, k]`.
 * @returns `[…, m, n]`. Where rows are equal the gradient is 0.
 * @see torch.cdist
 * @example
 * cdist(tensor([[0, 0]]), tensor([[3, 4]])).toArraySync(); // [[5]]
 */
export function cdist(a: Tensor, b: Tensor, options?: CdistOptions): Tensor {
  const op = "cdist";
  const { p = 2 } = optionsOf(op, CdistOptions, options);
  checkProduct(op, a, b);
  if (!a.isFloatingPoint()) throw new DTypeError(`${op}: expected floating tensors, got ${a.dtype}; convert them with to("float32")`);
  if (a.ndim < 2 || b.ndim < 2 || a.shape.at(-1) !== b.shape.at(-1)) throw new ShapeError(`${op}: expected shapes […, m, k] and […, n, k], got ${showShape(a.shape)} and ${showShape(b.shape)}`);
  if (!(p >= 0)) throw new ArgumentError(`${op}: expected p to be at least 0, got ${p}`);
  broadcastShapes(op, a.shape.slice(0, -2), b.shape.slice(0, -2));
  const apart = abs(sub(unsqueeze(a, -2), unsqueeze(b, -3)));
  const over = { dim: -1 };
  if (a.shape.at(-1) === 0) return sum(apart, over);
  if (p === 0) {
    const counts = sum(toDType(ne(apart.detach(), 0), a.dtype), over);
    // A count changes in steps.
    record(op, [a, b], [counts], () => ([g]) => [g ? () => newZeros(g, a.shape) : null, g ? () => newZeros(g, b.shape) : null]);
    return counts;
  }
  if (p === 1) return sum(apart, over);
  if (p === Infinity) return amax(apart, over);
  // The root has no derivative at 0, where the distance's is 0: elsewhere the two are the same.
  const power = sum(pow(apart, p), over);
  const none = eq(power, 0);
  return maskedFill(pow(maskedFill(power, none, 1), 1 / p), none, 0);
}

export const CovOptions = class {
  /** Subtracted from the count of observations: 1 (the default) gives the unbiased estimate. */
  readonly correction?: number;
  /** How often each observation counts: whole numbers. */
  readonly fweights?: Tensor;
  /** How much each observation counts. */
  readonly aweights?: Tensor;
};
export type CovOptions = Options<typeof CovOptions>;

/**
 * Covariances of variables (rows) over observations (columns).
 *
 * @see torch.cov
 * @example
 * cov(tensor([[0, 1, 2], [2, 1, 0]])).toArraySync(); // [[1, -1], [-1, 1]]
 */
export function cov(x: Tensor, options?: CovOptions): Tensor {
  const op = "cov";
  const { correction = 1, fweights, aweights } = optionsOf(op, CovOptions, options);
  if (x.ndim > 2 || x.dtype === "bool") throw new ShapeError(`${op}: expected numbers in at most 2 dimensions, got ${x.dtype} of shape ${showShape(x.shape)}`);
  const rows = x.ndim < 2 ? reshape(x, [1, -1]) : x;
  const count = rows.shape[1]!;
  const checkWeights = (name: string, w: Tensor | undefined, kind: "int" | "float"): void => {
    if (w === undefined) return;
    if (w.ndim > 1 || w.numel() !== count) throw new ShapeError(`${op}: expected ${name} for ${count} observations, got shape ${showShape(w.shape)}`);
    if (dtypeInfo[w.dtype].kind !== kind) throw new DTypeError(`${op}: expected ${name} of ${kind === "int" ? "whole" : "floating"} numbers, got ${w.dtype}`);
    if (canReadAtOnce(w.device) && w.detach().readSync().some((value: number) => value < 0)) throw new ArgumentError(`${op}: expected ${name} that are not negative, got one below 0`);
  };
  checkWeights("fweights", fweights, "int");
  checkWeights("aweights", aweights, "float");
  const source = rows.isFloatingPoint() ? rows : toDType(rows, "float32");
  const weights = fweights === undefined ? aweights : aweights === undefined ? fweights : mul(fweights, aweights);
  const w = weights === undefined ? undefined : toDType(weights, source.dtype);
  const total = w === undefined ? count : sum(w);
  const mean = div((w === undefined ? sum(source, { dim: 1, keepdim: true }) : sum(mul(source, w), { dim: 1, keepdim: true })), total);
  const apart = sub(source, mean);
  // With weights of importance, the correction counts the observations that these amount to: Σ w a / Σ w.
  const lost = w === undefined || aweights === undefined ? correction : mul(div(sum(mul(w, aweights)), total), correction);
  const freedom = typeof total === "number" ? Math.max(0, total - (lost as number)) : clampMin(sub(total, lost), 0);
  const result = div(matmul(apart, t((w === undefined ? apart : mul(apart, w)))), freedom);
  return rows.shape[0] === 1 ? reshape(result, []) : result;
}

/** Correlation coefficients of variables (rows) over observations (columns), from −1 to 1. @see torch.corrcoef */
export function corrcoef(x: Tensor): Tensor {
  if (x.ndim > 2) throw new ShapeError(`corrcoef: expected at most 2 dimensions, got shape ${showShape(x.shape)}`);
  const c = cov(x);
  if (c.ndim === 0) return div(c, c);
  const deviation = sqrt(diagonal(c));
  return clamp(div(div(c, unsqueeze(deviation, 1)), deviation), { min: -1, max: 1 });
}

export const VanderOptions = class {
  /** Number of powers; as many as elements if absent. */
  readonly N?: number;
  /** From x⁰ up instead of down to it. */
  readonly increasing?: boolean;
};
export type VanderOptions = Options<typeof VanderOptions>;

/**
 * Powers of each element as a row, the highest first.
 *
 * @see torch.vander
 * @example
 * vander(tensor([2, 3]), { N: 3 }).toArraySync(); // [[4, 2, 1], [9, 3, 1]]
 */
export function vander(x: Tensor, options?: VanderOptions): Tensor {
  const { N, increasing = false } = optionsOf("vander", VanderOptions, options);
  if (x.ndim !== 1) throw new ShapeError(`vander: expected a vector, got shape ${showShape(x.shape)}`);
  const count = N ?? x.shape[0]!;
  if (!Number.isInteger(count) || count < 0) throw new ArgumentError(`vander: expected a number of powers that is whole and not negative, got ${count}`);
  if (count === 0) return newZeros(x, [x.shape[0]!, 0]);
  const column = unsqueeze(x.isFloatingPoint() ? x : toDType(x, "int64"), 1);
  const ones = newOnes(column, column.shape);
  const powers = count === 1 ? ones : cat([ones, cumprod(expand(column, [x.shape[0]!, count - 1]), 1)], 1);
  return increasing ? powers : flip(powers, [1]);
}
