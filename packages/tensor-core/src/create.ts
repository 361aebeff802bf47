import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { deviceOf, getDefaultDevice } from "./device.js";
import { ArgumentError, DTypeError, ShapeError } from "./errors.js";
import { KernelOp } from "./kernels/kernel-op.js";
import { scalarArgument } from "./kernels/scalar-argument.js";
import { Layout } from "./layout.js";
import { allocate, fillKernel, fromValues, toDType } from "./ops/copy.js";
import { optionsOf, TensorOptions } from "./options.js";
import type { Options } from "./options.js";
import { checkShape, numelOf, showShape } from "./shape.js";
import type { Shape } from "./shape.js";
import { Tensor } from "./tensor.js";
import { dtypeOfArray } from "./typed-array.js";
import type { NestedArray } from "./types.js";
import { unsqueeze } from "./ops/view.js";
import { eq } from "./ops/elementwise.js";

export const TensorFromOptions = class extends TensorOptions {
  /** For what is flat: a typed array, or an array of numbers. */
  readonly shape?: Shape;
};
export type TensorFromOptions<D extends DType = DType> = Options<typeof TensorFromOptions> & { readonly dtype?: D };

function finish<D extends DType>(x: Tensor, options: TensorOptions<D>): Tensor<D> {
  return (options.requiresGrad === true ? x.requiresGrad_() : x);
}

const deviceFrom = (options: TensorOptions): ReturnType<typeof deviceOf> => (options.device === undefined ? getDefaultDevice() : deviceOf(options.device));

/** The shape of nested arrays; all rows of a level must be equally long. */
function shapeOf(data: NestedArray): number[] {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0] as NestedArray) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  return shape;
}

function flattenInto(data: NestedArray, shape: Shape, depth: number, out: (number | bigint | boolean)[]): void {
  if (depth === shape.length) {
    if (Array.isArray(data)) throw new ShapeError(`tensor: expected numbers at depth ${String(depth)}, got an array; rows must be nested equally deep`);
    out.push(data as number);
    return;
  }
  if (!Array.isArray(data)) throw new ShapeError(`tensor: expected an array of ${String(shape[depth])} at depth ${String(depth)}, got ${String(data)}; rows must be nested equally deep`);
  if (data.length !== shape[depth]) throw new ShapeError(`tensor: expected rows of ${String(shape[depth])} at depth ${String(depth)}, got one of ${String(data.length)}`);
  for (const row of data as readonly NestedArray[]) flattenInto(row, shape, depth + 1, out);
}

/**
 * A tensor from numbers.
 *
 * Typed arrays keep their element type, numbers become float32, booleans bool and bigints int64, unless `dtype` says
 * otherwise. Unlike torch, whole numbers become float32 too: JavaScript does not tell 1 from 1.0.
 *
 * @param data - A number, nested arrays of equal rows, or a typed array, which is copied.
 * @param options - `shape` gives a typed or flat array a shape.
 * @throws {ShapeError} if rows differ in length or `shape` has another number of elements.
 * @see torch.tensor
 * @example
 * tensor([[1, 2], [3, 4]]).shape; // [2, 2]
 */
export function tensor<D extends DType = DType>(data: NestedArray | ArrayBufferView, options?: TensorFromOptions<D>): Tensor<D> {
  const given = optionsOf("tensor", TensorFromOptions, options);
  const device = deviceFrom(given);
  let values: ArrayLike<number | bigint | boolean> | ArrayBufferView;
  let natural: DType;
  let shape: Shape;
  if (ArrayBuffer.isView(data)) {
    const own = dtypeOfArray(data);
    if (own === null) throw new DTypeError(`tensor: expected a typed array of an element type that tensors have, got ${data.constructor.name}; convert it, or pass Array.from(data)`);
    natural = own;
    values = data;
    shape = given.shape ?? [(data as Uint8Array).length];
  } else {
    const nested = shapeOf(data);
    const flat: (number | bigint | boolean)[] = [];
    flattenInto(data, nested, 0, flat);
    for (const value of flat) {
      if (typeof value !== "number" && typeof value !== "boolean" && typeof value !== "bigint") throw new ArgumentError(`tensor: expected numbers, booleans or bigints, got ${String(value)}`);
    }
    natural = flat.length > 0 && flat.every((v) => typeof v === "boolean") ? "bool" : flat.some((v) => typeof v === "bigint") ? "int64" : "float32";
    values = flat;
    shape = given.shape ?? nested;
  }
  checkShape("tensor", shape);
  const count = (values as ArrayLike<number>).length;
  if (numelOf(shape) !== count) throw new ShapeError(`tensor: expected ${String(numelOf(shape))} elements for shape ${showShape(shape)}, got ${String(count)}`);
  return finish(fromValues(values, given.dtype ?? natural, shape, device), given);
}

/** `value` everywhere. Booleans give bool, bigints int64, numbers float32, unless `dtype` says otherwise. @see torch.full */
export function full<D extends DType = DType>(shape: Shape, value: number | bigint | boolean, options?: TensorOptions<D>): Tensor<D> {
  const given = optionsOf("full", TensorOptions, options);
  const dtype = given.dtype ?? (typeof value === "boolean" ? "bool" : typeof value === "bigint" ? "int64" : "float32");
  const x: Tensor = empty(shape, { dtype, device: given.device });
  if (x.numel() > 0) fillKernel.run(x.device, { outer: [x.numel()], inner: [] }, [], [{ storage: x.elements, offset: 0, strides: [1] }], dtypeInfo[dtype].compute, [scalarArgument("full", value, dtypeInfo[dtype].compute)]);
  return finish(x, given);
}

/** Elements that were not written: whatever the memory held. @see torch.empty */
export function empty<D extends DType = "float32">(shape: Shape, options?: TensorOptions<D>): Tensor<D> {
  const given = optionsOf("empty", TensorOptions, options);
  checkShape("empty", shape);
  const layout = Layout.contiguous([...shape]);
  return finish(new Tensor(allocate(deviceFrom(given), layout.numel, given.dtype ?? "float32"), layout), given);
}

/** @see torch.zeros */
export const zeros = <D extends DType = "float32">(shape: Shape, options?: TensorOptions<D>): Tensor<D> => full(shape, 0, { dtype: "float32" as D, ...optionsOf("zeros", TensorOptions, options) });
/** @see torch.ones */
export const ones = <D extends DType = "float32">(shape: Shape, options?: TensorOptions<D>): Tensor<D> => full(shape, 1, { dtype: "float32" as D, ...optionsOf("ones", TensorOptions, options) });

const like = (x: Tensor, options: TensorOptions): TensorOptions => ({ dtype: x.dtype, device: x.device, ...options });
/** Zeros of the same shape, element type and device. @see torch.zeros_like */
export const zerosLike = (x: Tensor, options?: TensorOptions): Tensor => full(x.shape, 0, like(x, optionsOf("zerosLike", TensorOptions, options)));
/** Ones of the same shape, element type and device. @see torch.ones_like */
export const onesLike = (x: Tensor, options?: TensorOptions): Tensor => full(x.shape, 1, like(x, optionsOf("onesLike", TensorOptions, options)));
/** `value` in the same shape, element type and device. @see torch.full_like */
export const fullLike = (x: Tensor, value: number | bigint | boolean, options?: TensorOptions): Tensor => full(x.shape, value, like(x, optionsOf("fullLike", TensorOptions, options)));
/** @see torch.empty_like */
export const emptyLike = (x: Tensor, options?: TensorOptions): Tensor => empty(x.shape, like(x, optionsOf("emptyLike", TensorOptions, options)));

// What the methods of the same names are: tensors of another shape, of the element type and on the device of `x`.

export const newZeros = (x: Tensor, shape: Shape, options?: TensorOptions): Tensor => full(shape, 0, like(x, optionsOf("newZeros", TensorOptions, options)));
export const newOnes = (x: Tensor, shape: Shape, options?: TensorOptions): Tensor => full(shape, 1, like(x, optionsOf("newOnes", TensorOptions, options)));
export const newFull = (x: Tensor, shape: Shape, value: number | bigint | boolean, options?: TensorOptions): Tensor => full(shape, value, like(x, optionsOf("newFull", TensorOptions, options)));
export const newEmpty = (x: Tensor, shape: Shape, options?: TensorOptions): Tensor => empty(shape, like(x, optionsOf("newEmpty", TensorOptions, options)));
/** Values keep their natural type. */
export const newTensor = (x: Tensor, data: NestedArray | ArrayBufferView, options?: TensorOptions): Tensor => tensor(data, { device: x.device, ...optionsOf("newTensor", TensorOptions, options) });
/** 0 … count−1, int64. */
export const newArange = (x: Tensor, count: number): Tensor => arange(count, { device: x.device });

/** start + i · step */
const rangeKernel = /* @__PURE__ */ new KernelOp({
  name: "arange",
  build: (b) => { b.store(0, b.k.add(b.scalar(0), b.k.mul(b.k.cast(b.position("outer"), b.compute), b.scalar(1)))); },
});

function range(start: number, step: number, count: number, dtype: DType, options: TensorOptions): Tensor {
  const x = empty([count], { dtype, device: options.device });
  rangeKernel.run(x.device, { outer: [count], inner: [] }, [], [{ storage: x.elements, offset: 0, strides: [1] }], dtypeInfo[dtype].compute, [start, step].map((value) => scalarArgument("arange", value, dtypeInfo[dtype].compute)));
  return finish(x, options);
}

/**
 * start, start + step, … below `end`: int64 when all are whole numbers, else float32.
 *
 * @see torch.arange
 * @example
 * arange(3).toArraySync(); // [0, 1, 2]
 */
export function arange(end: number, options?: TensorOptions): Tensor;
export function arange(start: number, end: number, options?: TensorOptions): Tensor;
export function arange(start: number, end: number, step: number, options?: TensorOptions): Tensor;
export function arange(...args: readonly (number | TensorOptions | undefined)[]): Tensor {
  const numbers = args.filter((arg): arg is number => typeof arg === "number");
  const options = optionsOf("arange", TensorOptions, args.find((arg): arg is TensorOptions => typeof arg === "object"));
  const [start = 0, end = 0, step = 1] = numbers.length === 1 ? [0, numbers[0]] : numbers;
  if (step === 0 || !numbers.every(Number.isFinite)) throw new ArgumentError(`arange: expected finite bounds and a step other than 0, got (${numbers.join(", ")})`);
  if ((end - start) / step < 0) throw new ArgumentError(`arange: expected bounds that the step leads through, got from ${String(start)} to ${String(end)} by ${String(step)}`);
  const dtype = options.dtype ?? (numbers.every(Number.isInteger) ? "int64" : "float32");
  if (dtype === "bool") throw new DTypeError("arange: expected a floating or integer element type, got bool");
  return range(start, step, Math.ceil((end - start) / step), dtype, options);
}

/** `steps` numbers from `start` to `end`, both included, evenly spaced. @see torch.linspace */
export function linspace(start: number, end: number, steps: number, options?: TensorOptions): Tensor {
  const given = optionsOf("linspace", TensorOptions, options);
  if (!Number.isInteger(steps) || steps < 0) throw new ArgumentError(`linspace: expected a whole number of steps, got ${String(steps)}`);
  const dtype = given.dtype ?? "float32";
  // The ends are converted first, as in PyTorch.
  const [first, last] = dtypeInfo[dtype].kind === "int" ? [Math.trunc(start), Math.trunc(end)] : [start, end];
  const step = (last - first) / (steps - 1);
  // From both ends towards the middle, so that the last is `end` exactly.
  const values = Float64Array.from({ length: steps }, (_, i) => (steps === 1 ? first : i < steps / 2 ? first + step * i : last - step * (steps - 1 - i)));
  return tensor(values, { ...given, dtype });
}

export const LogspaceOptions = class extends TensorOptions {
  /** 10 by default. */
  readonly base?: number;
};
export type LogspaceOptions<D extends DType = DType> = Options<typeof LogspaceOptions> & { readonly dtype?: D };

/** `steps` powers of `base`, whose exponents go from `start` to `end` evenly. @see torch.logspace */
export function logspace(start: number, end: number, steps: number, options?: LogspaceOptions): Tensor {
  const { base = 10, ...rest } = optionsOf("logspace", LogspaceOptions, options);
  if (!Number.isInteger(steps) || steps < 0) throw new ArgumentError(`logspace: expected a whole number of steps, got ${String(steps)}`);
  const step = (end - start) / (steps - 1);
  const values = Float64Array.from({ length: steps }, (_, i) => base ** (steps === 1 ? start : i < steps / 2 ? start + step * i : end - step * (steps - 1 - i)));
  return tensor(values, { ...rest, dtype: rest.dtype ?? "float32" });
}

/** The identity matrix, or its first columns. @see torch.eye */
export function eye(n: number, m: number = n, options?: TensorOptions): Tensor {
  const given = optionsOf("eye", TensorOptions, options);
  checkShape("eye", [n, m]);
  const rows = unsqueeze(arange(n, { device: given.device }), 1);
  const columns = arange(m, { device: given.device });
  return finish(toDType(eq(rows, columns), given.dtype ?? "float32"), given);
}
