import type { DType, Shape, Tensor } from "@gradus/tensor-core";
import { broadcastShapes, canReadAtOnce, DeviceError, DTypeError, ShapeError, tensor } from "@gradus/tensor-core";

/** From tensors to matrices on the host and back. All computing is done in float64, whatever the tensors' type, except for tensor ops on a device without it. */

const show = (shape: Shape): string => `[${shape.join(", ")}]`;

/** @throws {DTypeError} unless all are float32 or float64, and of one type. */
export function checkFloating(op: string, ...tensors: readonly Tensor[]): void {
  const [first] = tensors;
  for (const x of tensors) {
    x.checkUsable(op);
    if (x.dtype !== "float32" && x.dtype !== "float64") throw new DTypeError(`${op}: expected float32 or float64, got ${x.dtype}; convert it with to("float64")`);
    if (x.dtype !== first!.dtype) throw new DTypeError(`${op}: expected tensors of one element type, got ${first!.dtype} and ${x.dtype}; convert one with .to(dtype)`);
  }
}

/** @throws {ShapeError} unless x is a matrix or a batch of them. */
export function checkMatrices(op: string, ...tensors: readonly Tensor[]): void {
  checkFloating(op, ...tensors);
  for (const x of tensors) if (x.ndim < 2) throw new ShapeError(`${op}: expected a matrix or a batch of them, got shape ${show(x.shape)}`);
}

/** @throws {ShapeError} unless x is a square matrix or a batch of them. */
export function checkSquare(op: string, x: Tensor): void {
  checkMatrices(op, x);
  if (x.shape.at(-1) !== x.shape.at(-2)) throw new ShapeError(`${op}: expected square matrices, got shape ${show(x.shape)}`);
}

/** The batch of a tensor of matrices, and their sizes. */
export const batchOf = (x: Tensor): number[] => x.shape.slice(0, -2);
export const rowsOf = (x: Tensor): number => x.shape.at(-2)!;
export const columnsOf = (x: Tensor): number => x.shape.at(-1)!;
export const countOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Both expanded to the batch that their batches broadcast to. */
export function broadcastBatches(op: string, a: Tensor, b: Tensor): readonly [a: Tensor, b: Tensor] {
  let batch: Shape;
  try {
    batch = broadcastShapes(batchOf(a), batchOf(b));
  } catch {
    throw new ShapeError(`${op}: expected batches that broadcast, got ${show(a.shape)} and ${show(b.shape)}`);
  }
  const wide = (x: Tensor): Tensor => x.expand([...batch, rowsOf(x), columnsOf(x)]);
  return [wide(a), wide(b)];
}

/** The matrices of a batch, each a row-major array of its own memory that the caller may overwrite. */
export function hostMatrices(op: string, x: Tensor): Float64Array[] {
  if (!canReadAtOnce(x.device)) {
    throw new DeviceError(`${op}: expected a device that can read at once, because it is computed on the host, got "${x.device.name}"; use \`await awaitReads(() => …)\``);
  }
  const size = rowsOf(x) * columnsOf(x);
  const values = Float64Array.from(x.detach().readSync(), Number);
  return Array.from({ length: countOf(batchOf(x)) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

/** A tensor beside another one from arrays, one after the other. */
export function fromHost(like: Tensor, parts: readonly ArrayLike<number>[], shape: Shape, dtype: DType = widestFloat(like)): Tensor {
  const values = new Float64Array(countOf(shape));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return tensor(values, { shape, dtype, device: like.device });
}

/** The identity matrix, for each of a batch. */
export function identity(like: Tensor, n: number, batch: Shape = []): Tensor {
  const values = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  return tensor(values, { shape: [n, n], dtype: like.dtype, device: like.device }).expand([...batch, n, n]);
}

/** The columns of a matrix with other factors: A diag(d). */
export const scaleColumns = (a: Tensor, d: Tensor): Tensor => a.mul(d.unsqueeze(-2));

/** The type that the steps on the device are computed in: float64, where it has that. */
const widestFloat = (x: Tensor): DType => (x.device.backend.limits.dtypes.float64 === undefined ? "float32" : "float64");

/** In the type in which every step is computed; gradients come back in the tensor's own type. */
export const widen = (x: Tensor): Tensor => x.to(widestFloat(x));
