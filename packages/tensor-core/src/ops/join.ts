import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { emptyLike } from "../kernels/rows.js";
import { promoteTypes } from "../promotion.js";
import { resolveDim, showShape } from "../shape.js";
import { copyInto, toDType } from "./copy.js";
import { record } from "./reduce.js";
import { narrow, select, unsqueeze } from "./view.js";

/**
 * Tensors one after the other along a dimension; the other sizes must agree. Element types are promoted.
 *
 * @see torch.cat
 * @example
 * cat([tensor([1, 2]), tensor([3])]).toArraySync(); // [1, 2, 3]
 */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new ArgumentError("cat: expected at least one tensor, got none");
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
      : [...parts.map((_, i) => (): Tensor => narrow(g, d, starts[i] ?? 0, sizes[i] ?? 0)), ...loose.map((x) => (): Tensor => x.newZeros([0]))],
  );
  return result;
}

/** Tensors of one shape as the slices of a new dimension. @see torch.stack */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new ArgumentError("stack: expected at least one tensor, got none");
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
  const d = resolveDim("unbind", dim, x.ndim);
  return Array.from({ length: x.shape[d] ?? 0 }, (_, i) => select(x, d, i));
}
