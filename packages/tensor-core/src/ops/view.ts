import { isGradEnabled } from "../autograd/mode.js";
import { ArgumentError, AutogradError, ShapeError } from "../errors.js";
import { asStrided as strided } from "../autograd/in-place.js";
import { inferShape, Layout } from "../layout.js";
import type { Shape } from "../shape.js";
import { broadcastShapes as broadcast, numelOf, resolveDim, sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { clone } from "./elementwise.js";
import { copyInto, zerosOf } from "./copy.js";
import { sumTo } from "./reduce.js";

/** A view under `shape`, or an error that says why it cannot be one. At most one size may be −1. @see torch.Tensor.view */
export function view(x: Tensor, shape: Shape, op = "view"): Tensor {
  const full = inferShape(op, shape, x.numel(), x.shape);
  const layout = x.layout.view(full);
  if (layout === null) {
    throw new ShapeError(`${op}: expected a shape that fits the strides ${showShape(x.stride())} of a tensor of shape ${showShape(x.shape)}, got ${showShape(full)}; use reshape, which copies where it must`);
  }
  return reshaped("view", x, layout);
}

/** The same elements in the same order under another shape: a view where strides allow it, else a copy. @see torch.reshape */
export function reshape(x: Tensor, shape: Shape, op = "reshape"): Tensor {
  const full = inferShape(op, shape, x.numel(), x.shape);
  if (sameShape(full, x.shape)) return x;
  const layout = x.layout.view(full);
  return layout === null ? reshaped("reshape", clone(x), Layout.contiguous(full)) : reshaped("reshape", x, layout);
}

function reshaped(name: string, x: Tensor, layout: Layout): Tensor {
  const from = x.shape;
  return x.makeView(name, layout, (g) => reshape(g, from));
}

/** The dimensions in another order. @see torch.permute */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  const dims = order.map((d) => resolveDim("permute", d, x.ndim));
  if (dims.length !== x.ndim || new Set(dims).size !== dims.length) {
    throw new ShapeError(`permute: expected each of ${String(x.ndim)} dimensions once, got [${order.join(", ")}]`);
  }
  const inverse = dims.map((_, i) => dims.indexOf(i));
  return x.makeView("permute", x.layout.permute(dims), (g) => permute(g, inverse));
}

/** Two dimensions swapped. @see torch.transpose */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  const [a, b] = [resolveDim("transpose", dim0, x.ndim), resolveDim("transpose", dim1, x.ndim)];
  if (x.ndim === 0) return x;
  return permute(x, x.shape.map((_, i) => (i === a ? b : i === b ? a : i)));
}

/** The transpose of a matrix; vectors and scalars stay as they are. @see torch.t */
export function t(x: Tensor): Tensor {
  if (x.ndim > 2) throw new ShapeError(`t: expected at most 2 dimensions, got shape ${showShape(x.shape)}; use transpose or permute`);
  return x.ndim < 2 ? x : transpose(x, 0, 1);
}

/** The last two dimensions exchanged, for an op of that name; a scalar stays as it is. */
export function matrixTranspose(op: string, x: Tensor): Tensor {
  if (x.ndim === 0) return x;
  if (x.ndim < 2) throw new ShapeError(`${op}: expected at least 2 dimensions, got shape ${showShape(x.shape)}`);
  return transpose(x, -2, -1);
}

/** The transpose of a matrix; a scalar stays as it is. */
export function hermitian(x: Tensor): Tensor {
  if (x.ndim !== 0 && x.ndim !== 2) throw new ShapeError(`H: expected a matrix, got shape ${showShape(x.shape)}; use mH for batches of matrices`);
  return t(x);
}

/** The conjugate transpose of the last two dimensions, which for real numbers is the transpose. @see torch.adjoint */
export const adjoint = (x: Tensor): Tensor => matrixTranspose("adjoint", x);

/**
 * The shape that all shapes broadcast to: aligned at the last dimension, sizes equal or 1.
 *
 * @throws {ShapeError} if there is none.
 * @see torch.broadcast_shapes
 * @example
 * broadcastShapes([2, 1], [3]); // [2, 3]
 */
export const broadcastShapes = (...shapes: readonly Shape[]): Shape => broadcast("broadcastShapes", ...shapes);

/** Seen as `shape` without a copy: sizes of 1 are repeated with stride 0, −1 keeps a size. @see torch.Tensor.expand */
export function expand(x: Tensor, shape: Shape, op = "expand"): Tensor {
  const lead = shape.length - x.ndim;
  const full = shape.map((size, i) => (size === -1 && i >= lead ? (x.shape[i - lead] ?? 1) : size));
  if (full.some((size) => size < 0 || !Number.isInteger(size))) throw new ShapeError(`${op}: expected sizes that are whole, with -1 for dimensions to keep, got ${showShape(shape)}`);
  if (sameShape(full, x.shape)) return x;
  const from = x.shape;
  return x.makeView("expand", x.layout.expand(op, full), (g) => sumTo(g, from));
}

/** `expand` with the shape as one argument. @see torch.broadcast_to */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => expand(x, shape, "broadcastTo");

/**
 * All seen under the shape that they broadcast to.
 *
 * @see torch.broadcast_tensors
 * @example
 * broadcastTensors([tensor([1, 2]), tensor([[3], [4]])]).map((x) => x.shape); // [[2, 2], [2, 2]]
 */
export function broadcastTensors(tensors: readonly Tensor[]): Tensor[] {
  const shape = broadcast("broadcastTensors", ...tensors.map((x) => x.shape));
  return tensors.map((x) => expand(x, shape));
}

/** Without the given dimensions of size 1, or without all of them. @see torch.squeeze */
export function squeeze(x: Tensor, dim?: number | readonly number[]): Tensor {
  const dims = (dim === undefined ? x.shape.map((_, i) => i) : typeof dim === "number" ? [dim] : dim).map((d) => resolveDim("squeeze", d, x.ndim));
  return reshaped("squeeze", x, x.layout.squeeze(dims));
}

/** With a dimension of size 1 put in at `dim`. @see torch.unsqueeze */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  return reshaped("unsqueeze", x, x.layout.unsqueeze(resolveDim("unsqueeze", dim, x.ndim + 1)));
}

/** The dimensions from `start` to `end` (inclusive) as one. @see torch.flatten */
export function flatten(x: Tensor, startDim = 0, endDim = -1): Tensor {
  const [start, end] = [resolveDim("flatten", startDim, x.ndim), resolveDim("flatten", endDim, x.ndim)];
  if (start > end) throw new ShapeError(`flatten: expected startDim <= endDim, got ${String(startDim)} and ${String(endDim)}`);
  if (x.ndim === 0) return reshape(x, [1]);
  return reshape(x, [...x.shape.slice(0, start), numelOf(x.shape.slice(start, end + 1)), ...x.shape.slice(end + 1)]);
}

/** All elements in one row: a view where strides allow it. @see torch.ravel */
export const ravel = (x: Tensor): Tensor => contiguous(reshape(x, [-1]));

/** Index `index` along `dim`, which goes away; negative indices count from the end. @see torch.select */
export function select(x: Tensor, dim: number, index: number): Tensor {
  if (x.ndim === 0) throw new ShapeError("select: expected a tensor with a dimension, got a scalar");
  const d = resolveDim("select", dim, x.ndim);
  const size = x.shape[d] ?? 0;
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new RangeError(`select: expected an index in [${String(-size)}, ${String(size - 1)}] for dimension ${String(d)} of ${showShape(x.shape)}, got ${String(index)}`);
  }
  const at = index < 0 ? index + size : index;
  return part("select", x, x.layout.select(d, at), (base) => select(base, d, at));
}

/** `length` positions from `start` along `dim`. @see torch.narrow */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const d = resolveDim("narrow", dim, x.ndim);
  const size = x.shape[d] ?? 1;
  const from = start < 0 ? start + size : start;
  if (!Number.isInteger(start) || !Number.isInteger(length) || from < 0 || length < 0 || from + length > size) {
    throw new RangeError(`narrow: expected start and length inside the ${String(size)} positions of dimension ${String(d)} of ${showShape(x.shape)}, got ${String(start)} and ${String(length)}`);
  }
  return part("narrow", x, x.layout.slice(d, from, length), (base) => narrow(base, d, from, length));
}

/** `narrow` as a copy. @see torch.narrow_copy */
export const narrowCopy = (x: Tensor, dim: number, start: number, length: number): Tensor => clone(narrow(x, dim, start, length));

/** Positions `start` to `end` (exclusive) in steps along `dim`, clipped to the size as Python's slices are. @see torch.Tensor.__getitem__ */
export function slice(x: Tensor, dim: number, start: number | null = null, end: number | null = null, step = 1): Tensor {
  const d = resolveDim("slice", dim, x.ndim);
  if (x.ndim === 0) throw new ShapeError("slice: expected a tensor with a dimension, got a scalar");
  if (!Number.isInteger(step) || step < 1) throw new ArgumentError(`slice: expected a step of at least 1, got ${String(step)}; use flip to reverse`);
  const size = x.shape[d] ?? 0;
  const clip = (position: number | null, otherwise: number): number => {
    if (position === null) return otherwise;
    return Math.min(Math.max(position < 0 ? position + size : position, 0), size);
  };
  const from = clip(start, 0);
  const length = Math.max(0, Math.ceil((clip(end, size) - from) / step));
  // The end is one that is not negative, since it would count from the other side.
  return part("slice", x, x.layout.slice(d, from, length, step), (base) => slice(base, d, from, from + length * step, step));
}

/** A view of some elements: its gradient is zeros with the view's own gradient in their place. */
function part(name: string, x: Tensor, layout: Layout, same: (base: Tensor) => Tensor): Tensor {
  const from = Layout.contiguous(x.shape);
  return x.makeView(name, layout, (g) => {
    const whole = zerosOf(g, from, from.numel);
    copyInto(same(whole), g);
    return whole;
  });
}

/**
 * Windows of `size` positions along a dimension, `step` apart, as a new last dimension: a view.
 *
 * @see torch.Tensor.unfold
 * @example
 * arange(5).unfold(0, 3, 2).toArraySync(); // [[0, 1, 2], [2, 3, 4]]
 */
export function windows(x: Tensor, dim: number, size: number, step: number): Tensor {
  const op = "unfold";
  const d = resolveDim(op, dim, x.ndim);
  const total = x.shape[d] ?? 1;
  if (!Number.isInteger(size) || size < 0 || size > total) throw new ArgumentError(`${op}: expected windows of at most ${String(total)} positions, got ${String(size)}`);
  if (!Number.isInteger(step) || step < 1) throw new ArgumentError(`${op}: expected a step of at least 1, got ${String(step)}`);
  const stride = x.layout.strides[d] ?? 1;
  const { shape, strides } = x.layout;
  const count = Math.floor((total - size) / step) + 1;
  const layout = { shape: shape.map((s, i) => (i === d ? count : s)), strides: strides.map((s, i) => (i === d ? s * step : s)) };
  return asStrided(x, [...layout.shape, size], [...layout.strides, stride]);
}

/** A view under any strides and offset (counted in the storage). @see torch.as_strided */
export function asStrided(x: Tensor, shape: Shape, strides: Shape, storageOffset = x.storageOffset()): Tensor {
  if (shape.length !== strides.length) throw new ShapeError(`asStrided: expected as many strides as sizes, got ${showShape(shape)} and ${showShape(strides)}`);
  const layout = new Layout(shape, strides, storageOffset);
  if (storageOffset < 0 || strides.some((s) => s < 0) || layout.extent > x.elements.length) {
    throw new RangeError(`asStrided: expected a layout inside the storage of ${String(x.elements.length)} elements, got shape ${showShape(shape)}, strides ${showShape(strides)}, offset ${String(storageOffset)}`);
  }
  return strided(x, new Layout(shape, strides, storageOffset - x.layout.offset));
}

/** The tensor itself if it is contiguous, else a copy that is. @see torch.Tensor.contiguous */
export const contiguous = (x: Tensor): Tensor => (x.layout.isContiguous ? x : clone(x));

/** Makes a tensor one of its own views, in place: the same elements under another layout, with the view's history. */
export function becomeView(op: string, x: Tensor, view: Tensor): Tensor {
  if (isGradEnabled() && x.isLeaf && x.requiresGrad) {
    throw new AutogradError(`${op}: expected a tensor that may be changed, got a leaf that requires grad; use noGrad(), or the op that returns a new tensor`);
  }
  const { edge } = view;
  (x as { layout: Layout }).layout = view.layout;
  if (edge !== null && edge !== x.edge) x.setHistory(edge);
  return x;
}
