import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { isGradEnabled } from "../autograd/mode.js";
import { OpNode } from "../autograd/op-node.js";
import { canReadAtOnce } from "../awaited-reads.js";
import type { Device, DeviceLike } from "../device.js";
import { deviceOf } from "../device.js";
import { isDType } from "../dtypes.js";
import { ArgumentError, DeviceError, DTypeError } from "../errors.js";
import { KernelOp } from "../kernels/kernel-op.js";
import type { Operand } from "../kernels/elementwise.js";
import { Layout } from "../layout.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { Tensor } from "../tensor.js";
import * as ops from "./formulas/arithmetic.js";
import { encodeValues } from "../typed-array.js";
import { apply, applyInPlace } from "../kernels/elementwise.js";

const cast = /* @__PURE__ */ new KernelOp({ name: "to", build: (body) => { body.store(0, body.input(0)); } });

/** The same values as another element type. */
export function toDType<D extends DType>(x: Tensor, dtype: D): Tensor<D> {
  if (x.dtype === dtype) return x;
  x.checkUsable("to");
  const layout = Layout.contiguous(x.shape);
  const storage = allocate(x.device, layout.numel, dtype);
  cast.run(x.device, { outer: x.shape, inner: [] }, [{ storage: x.elements, offset: x.layout.offset, strides: x.layout.strides }], [{ storage, offset: 0, strides: layout.strides }], dtypeInfo[dtype].compute, []);
  const result = new Tensor(storage, layout);
  const { edge } = x;
  if (edge !== null && isGradEnabled() && result.isFloatingPoint()) {
    const from = x.dtype;
    result.setHistory({ node: new OpNode("to", [edge], ([g]) => [g === null || g === undefined ? null : (): Tensor => toDType(g, from)]), slot: 0 });
  }
  return result;
}

/** The same values on another device; reads the source at once. */
export function toDevice(x: Tensor, like: DeviceLike): Tensor {
  const device = deviceOf(like);
  if (device === x.device) return x;
  if (!canReadAtOnce(x.device)) {
    throw new DeviceError(`to: expected a source that can be read at once, got "${x.device.name}"; use \`tensor(await t.read(), { shape: t.shape, device })\``);
  }
  const result = fromValues(x.detach().readSync(), x.dtype, x.shape, device);
  const { edge } = x;
  if (edge !== null && isGradEnabled()) {
    const from = x.device;
    result.setHistory({ node: new OpNode("to", [edge], ([g]) => [g === null || g === undefined ? null : (): Tensor => toDevice(g, from)]), slot: 0 });
  }
  return result;
}

export const ToOptions = class {
  /** The element type, where the target is a device. */
  readonly dtype?: DType;
  /** Make a new tensor even where nothing changes. */
  readonly copy?: boolean;
};
export type ToOptions = Options<typeof ToOptions>;

/** As another element type, on another device, or as another tensor is in both; itself where it is so already. @see torch.Tensor.to */
export function to(x: Tensor, target: DType | DeviceLike | Tensor, options?: ToOptions): Tensor {
  const { dtype, copy = false } = optionsOf("to", ToOptions, options);
  let result: Tensor;
  if (target instanceof Tensor) result = toDType(toDevice(x, target.device), target.dtype);
  else if (typeof target !== "string") result = toDevice(dtype === undefined ? x : toDType(x, dtype), target);
  else if (isDType(target)) result = toDType(x, target);
  else throw new ArgumentError(`to: expected an element type, a device or a tensor, got "${String(target)}"; pass a device as an object, such as cpu()`);
  return copy && result === x ? apply(ops.clone, [x]) : result;
}

/** A storage on a device that can hold the element type. */
export function allocate(device: Device, length: number, dtype: DType): Tensor["elements"] {
  if (device.backend.limits.dtypes[dtype] === undefined) {
    throw new DTypeError(`tensor: expected an element type that ${device.name} supports, got ${dtype}; it supports ${Object.keys(device.backend.limits.dtypes).join(", ")}`);
  }
  return device.memory.alloc(length, dtype);
}

/** A new contiguous tensor holding `values`. */
export function fromValues(values: ArrayLike<number | bigint | boolean> | ArrayBufferView, dtype: DType, shape: readonly number[], device: Device): Tensor {
  const layout = Layout.contiguous(shape);
  const storage = allocate(device, layout.numel, dtype);
  if (storage.buffer !== null && layout.numel > 0) device.backend.write(storage.buffer, 0, encodeValues(dtype, values));
  return new Tensor(storage, layout);
}

/** Zeros under a given layout over a new storage of `length` elements, of `like`'s type and device. */
export function zerosOf(like: Tensor, layout: Layout, length: number): Tensor {
  const storage = allocate(like.device, length, like.dtype);
  zeroStorage(storage);
  return new Tensor(storage, layout);
}

/** Writes zero bytes, which are zero in every element type. */
function zeroStorage(storage: Tensor["elements"]): void {
  if (storage.buffer !== null && storage.length > 0) fillKernel.run(storage.device, { outer: [storage.length], inner: [] }, [], [{ storage, offset: 0, strides: [1] }], dtypeInfo[storage.dtype].compute, [0]);
}

export const fillKernel = /* @__PURE__ */ new KernelOp({ name: "fill", build: (body) => { body.store(0, body.scalar(0)); } });

/** Writes the elements of `source`, broadcast and converted, over those of `target`. @see torch.Tensor.copy_ */
export function copyInto(target: Tensor, source: Operand): Tensor {
  return applyInPlace(ops.copy, [target, source]);
}

