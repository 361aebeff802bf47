import { Saved } from "../autograd/op-node.js";
import { DTypeError, ShapeError } from "../errors.js";
import type { CallOperand, ContractionCall } from "../kernels/contraction-op.js";
import { contract } from "../kernels/contraction-op.js";
import { emptyLike } from "../kernels/rows.js";
import { refuseOptions } from "../options.js";
import { broadcastShapes, numelOf, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { clone } from "./elementwise.js";
import { record, sum, sumTo } from "./reduce.js";
import { expand, reshape, squeeze, t, transpose, unsqueeze } from "./view.js";

/** Checks that two operands can meet: element types, device. PyTorch does not promote in matrix products. */
export function checkProduct(op: string, a: Tensor, b: Tensor): void {
  a.checkUsable(op);
  b.checkUsable(op);
  checkSameDevice(op, [a, b]);
  if (a.dtype !== b.dtype) throw new DTypeError(`${op}: expected operands of one element type, got ${a.dtype} and ${b.dtype}; convert one with .to(dtype)`);
  if (a.dtype === "bool") throw new DTypeError(`${op}: expected floating or integer tensors, got bool; convert them with to("float32")`);
}

/** Batched matrix product of tensors of equal rank ≥ 2 whose batch dimensions are equal (or broadcast with stride 0). */
function product(name: string, a: Tensor, b: Tensor, batch: Shape, bias?: Tensor): Tensor {
  const [m, k, n] = [a.shape.at(-2) ?? 0, a.shape.at(-1) ?? 0, b.shape.at(-1) ?? 0];
  const result = emptyLike(a, [...batch, m, n]);
  const rank = batch.length;
  const [M, N, K] = [rank, rank + 1, rank + 2];
  const operand = (x: Tensor, axes: readonly number[]): CallOperand => ({
    storage: x.elements,
    offset: x.layout.offset,
    coordinates: axes.map((axis, d) => ({ terms: [{ axis, scale: 1 }], stride: x.layout.strides[d] ?? 0 })).filter(({ stride }) => stride !== 0),
  });
  const batchAxes = batch.map((_, i) => i);
  const collides = bias !== undefined && (bias.elements === a.elements || bias.elements === b.elements);
  const addend = collides ? clone(bias.detach()) : bias;
  const call: ContractionCall = {
    name,
    axes: [...batch.map((extent) => ({ role: "batch" as const, extent })), { role: "m", extent: m }, { role: "n", extent: n }, { role: "k", extent: k }],
    left: operand(a, [...batchAxes, M, K]),
    right: operand(b, [...batchAxes, K, N]),
    result: { storage: result.elements, offset: 0, strides: result.layout.strides },
    addend: addend === undefined ? undefined : { storage: addend.elements, offset: addend.layout.offset, strides: [...batch.map(() => 0), 0, addend.layout.strides[0] ?? 0] },
  };
  contract(a.device, collapseBatch(call, rank));
  return result;
}

/** Batch axes that every operand steps through as if they were one become one, so that most calls have one or none. */
function collapseBatch(call: ContractionCall, rank: number): ContractionCall {
  if (rank < 2) return rank === 1 && call.axes[0]?.extent === 1 ? dropAxis(call, 0) : call;
  const strideAt = (operand: CallOperand, axis: number): number =>
    operand.coordinates.find(({ terms }) => terms[0]?.axis === axis)?.stride ?? 0;
  for (let i = 0; i < rank; i++) {
    const extent = call.axes[i]?.extent ?? 1;
    if (extent === 1) return collapseBatch(dropAxis(call, i), rank - 1);
    const next = call.axes[i + 1]?.extent ?? 1;
    const mergeable = [call.left, call.right].every((operand) => strideAt(operand, i) === strideAt(operand, i + 1) * next);
    if (i + 1 < rank && mergeable) {
      const merged = dropAxis(call, i);
      return collapseBatch({ ...merged, axes: merged.axes.map((axis, j) => (j === i ? { ...axis, extent: extent * next } : axis)) }, rank - 1);
    }
  }
  return call;
}

function dropAxis(call: ContractionCall, dropped: number): ContractionCall {
  const operand = (from: CallOperand): CallOperand => ({
    ...from,
    coordinates: from.coordinates
      .filter(({ terms }) => terms[0]?.axis !== dropped)
      .map((c) => ({ ...c, terms: c.terms.map(({ axis, scale }) => ({ axis: axis > dropped ? axis - 1 : axis, scale })) })),
  });
  const without = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== dropped);
  return {
    ...call,
    axes: without(call.axes),
    left: operand(call.left),
    right: operand(call.right),
    result: { ...call.result, strides: without(call.result.strides) },
    addend: call.addend === undefined ? undefined : { ...call.addend, strides: without(call.addend.strides) },
  };
}

/** Gradients of a product: g Bᵀ and Aᵀ g, summed over what was broadcast. */
function recordProduct(name: string, a: Tensor, b: Tensor, result: Tensor): void {
  record(name, [a, b], [result], () => {
    const savedA = b.requiresGrad ? new Saved(name, a) : null;
    const savedB = a.requiresGrad ? new Saved(name, b) : null;
    const [shapeA, shapeB] = [a.shape, b.shape];
    return ([g]) => [
      g === null || g === undefined || savedB === null ? null : (): Tensor => sumTo(matmul(g, transpose(savedB.value, -2, -1)), shapeA),
      g === null || g === undefined || savedA === null ? null : (): Tensor => gradientOfRight(savedA.value, g, shapeB),
    ];
  });
}

/** All leading dimensions as one. */
const asRows = (x: Tensor): Tensor => reshape(x, [numelOf(x.shape.slice(0, -1)), x.shape.at(-1) ?? 0]);

/** Aᵀ g; where B had no batch of its own, the batch is part of the sum and one product does all. */
function gradientOfRight(a: Tensor, g: Tensor, shape: Shape): Tensor {
  if (shape.length === 2 && a.ndim > 2) {
    return matmul(t(asRows(a)), asRows(g));
  }
  return sumTo(matmul(transpose(a, -2, -1), g), shape);
}

/**
 * Matrix product with PyTorch's rules: vectors are promoted to matrices and back, batch dimensions broadcast.
 *
 * @param a - `[…, m, k]` or `[k]`.
 * @param b - `[…, k, n]` or `[k]`.
 * @returns `[…, m, n]`, without the dimension of a vector operand.
 * @throws {ShapeError} if the inner dimensions differ.  @throws {DTypeError} if the element types differ.
 * @see torch.matmul
 * @example
 * tensor([[1, 2], [3, 4]]).matmul(tensor([1, 1])).toArraySync(); // [3, 7]
 */
export function matmul(a: Tensor, b: Tensor): Tensor;
export function matmul(a: Tensor, b: Tensor, options?: unknown): Tensor {
  refuseOptions("matmul", options);
  checkProduct("matmul", a, b);
  if (a.ndim === 0 || b.ndim === 0) throw new ShapeError(`matmul: expected tensors with a dimension, got ${showShape(a.shape)} @ ${showShape(b.shape)}; use mul for scalars`);
  const [innerA, innerB] = [a.shape.at(-1) ?? 0, b.shape.at(b.ndim === 1 ? -1 : -2) ?? 0];
  if (innerA !== innerB) throw new ShapeError(`matmul: inner dimensions must match, got ${showShape(a.shape)} @ ${showShape(b.shape)} (${String(innerA)} vs ${String(innerB)})`);
  if (a.ndim === 1) return squeeze(matmul(unsqueeze(a, 0), b), b.ndim === 1 ? 0 : -2);
  if (b.ndim === 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (b.ndim === 2 && a.ndim > 2) {
    // One matrix for the whole batch: the batch is more rows.
    const rows = matmul(asRows(a), b);
    return reshape(rows, [...a.shape.slice(0, -1), b.shape[1] ?? 0]);
  }
  const batch = a.ndim === 2 && b.ndim === 2 ? [] : broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const wide = (x: Tensor): Tensor => (batch.length === 0 ? x : expand(x.detach(), [...batch, ...x.shape.slice(-2)]));
  const result = product("matmul", wide(a), wide(b), batch);
  recordProduct("matmul", a, b, result);
  return result;
}

/**
 * y = x Aᵀ + b, in one pass.
 *
 * @param x - `[…, in]`.  @param weight - `[out, in]`.  @param bias - `[out]`.
 * @returns `[…, out]`.
 * @see torch.nn.functional.linear
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  checkProduct("linear", x, weight);
  const [out, features] = weight.shape;
  if (weight.ndim !== 2 || out === undefined || features === undefined || x.ndim === 0 || x.shape.at(-1) !== features) {
    throw new ShapeError(`linear: expected x of shape […, in] and weight of shape [out, in], got ${showShape(x.shape)} and ${showShape(weight.shape)} (${String(x.shape.at(-1))} vs ${String(features)})`);
  }
  if (bias !== undefined && bias !== null) {
    checkProduct("linear", x, bias);
    if (bias.ndim !== 1 || bias.shape[0] !== out) throw new ShapeError(`linear: expected a bias of shape [${String(out)}], got ${showShape(bias.shape)}`);
  }
  const rows = x.ndim === 2 ? x : asRows(x);
  const addend = bias ?? undefined;
  const result = product("linear", rows, transpose(weight.detach(), 0, 1), [], addend?.detach());
  record("linear", addend === undefined ? [rows, weight] : [rows, weight, addend], [result], () => {
    const savedX = weight.requiresGrad ? new Saved("linear", rows) : null;
    const savedWeight = rows.requiresGrad ? new Saved("linear", weight) : null;
    return ([g]) => {
      if (g === null || g === undefined) return [null, null, null];
      return [
        savedWeight === null ? null : (): Tensor => matmul(g, savedWeight.value),
        savedX === null ? null : (): Tensor => matmul(transpose(g, 0, 1), savedX.value),
        ...(addend === undefined ? [] : [(): Tensor => sum(g, { dim: 0 })]),
      ];
    };
  });
  return x.ndim === 2 ? result : reshape(result, [...x.shape.slice(0, -1), out]);
}

