import { refuseOptions } from "../options.js";
import { checkSameDevice, Tensor } from "../tensor.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { emptyLike } from "../kernels/rows.js";
import { promoteTypes } from "../promotion.js";
import { resolveDim, showShape } from "../shape.js";
import { copyInto, toDType } from "./copy.js";
import { record } from "./reduce.js";
import { narrow, select, slice, unsqueeze } from "./view.js";
import { newZeros } from "../create.js";

/**
 * Tensors one after the other along a dimension; the other sizes must agree. Element types are promoted.
 *
 * @see torch.cat
 * @example
 * cat([tensor([1, 2]), tensor([3])]).toArraySync(); // [1, 2, 3]
 */
export function cat(tensors: readonly Tensor[], dim?: number): Tensor;
export function cat(tensors: readonly Tensor[], dim = 0, options?: unknown): Tensor {
  refuseOptions("cat", options);
  const first = firstOf("cat", tensors);
  for (const x of tensors) x.checkUsable("cat");
  checkSameDevice("cat", tensors);
  const dtype = tensors.map((x) => x.dtype).reduce(promoteTypes);
  // PyTorch lets empty vectors pass whatever the shape of the others.
  const isLoose = (x: Tensor): boolean => x.ndim === 1 && x.numel() === 0 && tensors.some((other) => other.ndim !== 1);
  const loose = tensors.filter(isLoose);
  const parts = tensors.filter((x) => !isLoose(x)).map((x) => toDType(x, dtype));
  const model = parts[0] ?? first;
  const d = resolveDim("cat", dim, model.ndim);
  for (const x of parts) {
    if (x.ndim === 0) throw new ShapeError("cat: expected tensors with a dimension, got a scalar; use stack");
    if (x.ndim !== model.ndim || x.shape.some((size, i) => i !== d && size !== model.shape[i])) {
      throw new ShapeError(`cat: expected sizes that agree except along dimension ${String(d)}, got ${showShape(model.shape)} and ${showShape(x.shape)}`);
    }
  }
  const sizes = parts.map((x) => x.shape[d] ?? 0);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
  const result = emptyLike(model, model.shape.map((size, i) => (i === d ? sizes.reduce((a, b) => a + b, 0) : size)));
  const target = result.detach();
  parts.forEach((x, i) => {
    if (x.numel() > 0) copyInto(narrow(target, d, starts[i] ?? 0, sizes[i] ?? 0), x.detach());
  });
  record("cat", [...parts, ...loose], [result], () => ([g]) =>
    g === null || g === undefined
      ? [...parts, ...loose].map(() => null)
      : [...parts.map((_, i) => (): Tensor => narrow(g, d, starts[i] ?? 0, sizes[i] ?? 0)), ...loose.map((x) => (): Tensor => newZeros(x, [0]))],
  );
  return result;
}

/**
 * The first of several tensors.
 *
 * @throws {ArgumentError} unless they are an array of tensors that is not empty: JavaScript may pass anything.
 */
export function firstOf(op: string, tensors: readonly Tensor[]): Tensor {
  if (!Array.isArray(tensors)) throw new ArgumentError(`${op}: expected an array of tensors, got ${typeof tensors}`);
  const wrong = tensors.findIndex((x: unknown) => !(x instanceof Tensor));
  if (wrong !== -1) throw new ArgumentError(`${op}: expected an array of tensors, got another value at place ${wrong}`);
  const [first] = tensors as readonly Tensor[];
  if (first === undefined) throw new ArgumentError(`${op}: expected at least one tensor, got none`);
  return first;
}

/** Tensors of one shape as the slices of a new dimension. @see torch.stack */
export function stack(tensors: readonly Tensor[], dim?: number): Tensor;
export function stack(tensors: readonly Tensor[], dim = 0, options?: unknown): Tensor {
  refuseOptions("stack", options);
  const first = firstOf("stack", tensors);
  for (const x of tensors) {
    if (showShape(x.shape) !== showShape(first.shape)) throw new ShapeError(`stack: expected tensors of one shape, got ${showShape(first.shape)} and ${showShape(x.shape)}`);
  }
  const d = resolveDim("stack", dim, first.ndim + 1);
  return cat(tensors.map((x) => unsqueeze(x, d)), d);
}

/** Views of `size` positions each along a dimension (the last may be smaller), or of the sizes listed. @see torch.split */
export function split(x: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
  const d = resolveDim("split", dim, x.ndim);
  const total = x.shape[d] ?? 1;
  if (typeof size === "number" && (!Number.isInteger(size) || size < 1)) throw new ArgumentError(`split: expected a size of at least 1, got ${String(size)}`);
  const sizes = typeof size === "number" ? Array.from({ length: Math.max(1, Math.ceil(total / size)) }, (_, i) => Math.min(size, total - i * size)) : size;
  if (sizes.reduce((a, b) => a + b, 0) !== total) throw new ShapeError(`split: expected sizes that add up to ${String(total)}, got ${showShape(sizes)}`);
  let start = 0;
  return sizes.map((length) => {
    const piece = narrow(x, d, start, length);
    start += length;
    return piece;
  });
}

/** At most `chunks` views of equal size along a dimension. @see torch.chunk */
export function chunk(x: Tensor, chunks: number, dim = 0): Tensor[] {
  if (!Number.isInteger(chunks) || chunks < 1) throw new ArgumentError(`chunk: expected at least 1 chunk, got ${String(chunks)}`);
  const total = x.shape[resolveDim("chunk", dim, x.ndim)] ?? 1;
  return split(x, Math.max(1, Math.ceil(total / chunks)), dim);
}

/** The slices along a dimension, without it. @see torch.unbind */
export function unbind(x: Tensor, dim = 0): Tensor[] {
  if (x.ndim === 0) throw new ShapeError("unbind: expected a tensor with a dimension, got a scalar");
  const d = resolveDim("unbind", dim, x.ndim);
  return Array.from({ length: x.shape[d] ?? 0 }, (_, i) => select(x, d, i));
}

/**
 * Views along a dimension: into `sections` parts whose sizes differ by at most one, or cut at positions.
 *
 * @param at - Number of parts; or the positions to cut at, an array or a tensor of int64.
 * @see torch.tensor_split
 * @example
 * tensorSplit(arange(5), 2).map((part) => part.toArraySync()); // [[0, 1, 2], [3, 4]]
 * tensorSplit(arange(5), [1, 3]).map((part) => part.toArraySync()); // [[0], [1, 2], [3, 4]]
 */
export const tensorSplit = (x: Tensor, at: number | readonly number[] | Tensor, dim = 0): Tensor[] => splitAt("tensorSplit", x, at, dim);

function splitAt(op: string, x: Tensor, at: number | readonly number[] | Tensor, dim: number): Tensor[] {
  if (x.ndim === 0) throw new ShapeError(`${op}: expected at least 1 dimension, got a scalar`);
  const d = resolveDim(op, dim, x.ndim);
  const total = x.shape[d]!;
  const cuts = typeof at === "object" && !Array.isArray(at) ? hostCuts(op, at as Tensor) : (at as number | readonly number[]);
  if (typeof cuts === "number") {
    if (!Number.isInteger(cuts) || cuts < 1) throw new ArgumentError(`${op}: expected at least 1 section, got ${cuts}`);
    const [small, larger] = [Math.floor(total / cuts), total % cuts];
    const startOf = (i: number): number => i * small + Math.min(i, larger);
    return Array.from({ length: cuts }, (_, i) => slice(x, d, startOf(i), startOf(i + 1)));
  }
  if (!Array.isArray(cuts) || !cuts.every(Number.isInteger)) throw new ArgumentError(`${op}: expected a number of sections or an array of positions, got ${String(cuts)}`);
  const bounds = [0, ...(cuts as readonly number[])];
  return bounds.map((from, i) => slice(x, d, from, bounds[i + 1] ?? total));
}

/** Where to cut is known when the views are made, so it has to be read. */
function hostCuts(op: string, at: Tensor): number | readonly number[] {
  if (at.dtype !== "int64" || at.ndim > 1) throw new ArgumentError(`${op}: expected positions as an array, or as a scalar or vector of int64, got ${at.dtype} of shape ${showShape(at.shape)}`);
  const values = Array.from(at.readSync(), Number);
  return at.ndim === 0 ? values[0]! : values;
}

/** How many dimensions a tensor needs to be split in a direction, and which dimension that is. */
const directions = { hsplit: [1, 1], vsplit: [2, 0], dsplit: [3, 2] } as const;

function splitAlong(op: keyof typeof directions, x: Tensor, at: number | readonly number[] | Tensor): Tensor[] {
  const [rank, direction] = directions[op];
  if (x.ndim < rank) throw new ShapeError(`${op}: expected at least ${rank} dimensions, got shape ${showShape(x.shape)}`);
  const dim = x.ndim === 1 ? 0 : direction;
  if (typeof at === "number" && at > 0 && x.shape[dim]! % at !== 0) {
    throw new ArgumentError(`${op}: expected a number of sections that divides the size ${x.shape[dim]!} of dimension ${dim}, got ${at}; use tensorSplit for parts of different sizes`);
  }
  return splitAt(op, x, at, dim);
}

/** Cut from left to right: along the second dimension, or the only one. @see torch.hsplit */
export const hsplit = (x: Tensor, at: number | readonly number[] | Tensor): Tensor[] => splitAlong("hsplit", x, at);
/** Cut from top to bottom: along the first dimension. @see torch.vsplit */
export const vsplit = (x: Tensor, at: number | readonly number[] | Tensor): Tensor[] => splitAlong("vsplit", x, at);
/** Cut from front to back: along the third dimension. @see torch.dsplit */
export const dsplit = (x: Tensor, at: number | readonly number[] | Tensor): Tensor[] => splitAlong("dsplit", x, at);
