import type { Axis, ComputeDType, Contraction, Coordinate, DType, Executable, Expr, Operand, Store } from "@gradus/kernel-ir";
import { dtypeInfo, ExprBuilder } from "@gradus/kernel-ir";
import type { Device } from "../device.js";
import type { Storage } from "../storage.js";
import { dtypeCode, Signature, SignatureMap } from "./signature.js";

/**
 * Sums of products on the device: matrix products, convolutions and their gradients are calls of one function that
 * differ in how positions of the axes become positions in the operands. As with kernels, literal zeros and ones are part
 * of the program and every other number is a scalar argument.
 */

/** `position = Σ index(axis) · scale + shift`, as `Coordinate` of kernel-ir, in numbers. */
export interface CallCoordinate {
  readonly terms: readonly { readonly axis: number; readonly scale: number }[];
  readonly shift?: number;
  /** Absent where every position is inside. */
  readonly extent?: number;
  readonly stride: number;
}

export interface CallOperand {
  readonly storage: Storage;
  readonly offset: number;
  readonly coordinates: readonly CallCoordinate[];
}

export interface ContractionCall {
  readonly name: string;
  readonly axes: readonly { readonly role: Axis["role"]; readonly extent: number }[];
  readonly left: CallOperand;
  readonly right: CallOperand;
  /** Strides by axis; those of k axes are ignored. */
  readonly result: { readonly storage: Storage; readonly offset: number; readonly strides: readonly number[] };
  /** Added to the sum, with strides by axis: a bias. */
  readonly addend?: { readonly storage: Storage; readonly offset: number; readonly strides: readonly number[] } | undefined;
  /** Add to what the result held instead of replacing it. */
  readonly accumulate?: boolean;
}

interface Variant {
  readonly executable: Executable;
  readonly generation: number;
}

const variants = /* @__PURE__ */ new WeakMap<Device, SignatureMap<Variant>>();
const signature = /* @__PURE__ */ new Signature();

/** One pass over a call: everything that shapes the program goes into the signature, every other number into the scalars. */
class Description {
  readonly scalars: number[] = [];

  tag(code: number): void {
    signature.push(code);
  }

  /** A literal if it is one of `literals`, else a scalar argument. */
  number(value: number, literals: readonly number[]): void {
    if (literals.includes(value)) signature.push(value);
    else {
      signature.push(argument);
      this.scalars.push(value);
    }
  }
}

/** Stands for a number that is an argument. Literals are 0 and 1, tags lie between them and the axes. */
const argument = -1;
const firstAxis = 32;
/** What follows in the list. */
const tags = { operand: 16, coordinate: 17, unbounded: 18, result: 19, addend: 20, replaced: 21, accumulated: 22, sameStorage: 23 } as const;
const unit = [0, 1] as const;
const one = [1] as const;
const zero = [0] as const;
const never: readonly number[] = [];

const roleTag: Record<Axis["role"], number> = { batch: 24, m: 25, n: 26, k: 27 };

function describeOperand(description: Description, operand: CallOperand): void {
  description.tag(tags.operand);
  description.tag(dtypeCode[operand.storage.dtype]);
  description.number(operand.offset, zero);
  for (const c of operand.coordinates) {
    description.tag(tags.coordinate);
    for (const { axis, scale } of c.terms) {
      description.tag(firstAxis + axis);
      description.number(scale, one);
    }
    description.number(c.shift ?? 0, zero);
    if (c.extent === undefined) description.tag(tags.unbounded);
    else description.number(c.extent, never);
    description.number(c.stride, unit);
  }
}

function describe(call: ContractionCall): Description {
  const description = new Description();
  signature.restart();
  for (const { role, extent } of call.axes) {
    description.tag(roleTag[role]);
    description.number(extent, one);
  }
  describeOperand(description, call.left);
  describeOperand(description, call.right);
  const written = (tag: number, place: NonNullable<ContractionCall["addend"]>): void => {
    description.tag(tag);
    description.tag(dtypeCode[place.storage.dtype]);
    description.number(place.offset, zero);
    call.axes.forEach(({ role }, axis) => {
      if (role !== "k") description.number(place.strides[axis] ?? 0, unit);
    });
  };
  written(tags.result, call.result);
  if (call.addend !== undefined) written(tags.addend, call.addend);
  description.tag(call.accumulate === true ? tags.accumulated : tags.replaced);
  if (call.left.storage === call.right.storage) description.tag(tags.sameStorage);
  return description;
}

/** Dispatches a call. Nothing is done where the result is empty. */
export function contract(device: Device, call: ContractionCall): void {
  if (call.axes.some(({ role, extent }) => role !== "k" && extent === 0)) return;
  let known = variants.get(device);
  if (known === undefined) {
    known = new SignatureMap();
    variants.set(device, known);
  }
  const { scalars } = describe(call);
  let variant = known.get(signature);
  if (variant?.generation !== device.generation) {
    variant = { executable: device.executable(buildContraction(call)), generation: device.generation };
    known.set(signature, variant);
  }
  const buffers = [call.left.storage.buffer, ...(call.right.storage === call.left.storage ? [] : [call.right.storage.buffer]), call.result.storage.buffer, ...(call.addend === undefined ? [] : [call.addend.storage.buffer])];
  device.backend.dispatch(variant.executable, buffers as NonNullable<Storage["buffer"]>[], scalars);
}

/** The same walk as `describe`, making expressions. */
function buildContraction(call: ContractionCall): Contraction {
  const k = new ExprBuilder();
  const scalars: "int32"[] = [];
  const number = (value: number, literals: readonly number[]): Expr => (literals.includes(value) ? k.int(value) : k.scalar(scalars.push("int32") - 1, "int32"));
  const axes = call.axes.map(({ role, extent }): Axis => ({ role, extent: number(extent, one) }));
  const operand = (from: CallOperand, param: number): Operand => ({
    param,
    offset: number(from.offset, zero),
    coordinates: from.coordinates.map((c): Coordinate => ({
      terms: c.terms.map(({ axis, scale }) => ({ axis, scale: number(scale, one) })),
      shift: number(c.shift ?? 0, zero),
      divisor: k.int(1),
      extent: c.extent === undefined ? null : number(c.extent, never),
      stride: number(c.stride, unit),
    })),
    prologue: null,
  });
  const shared = call.left.storage === call.right.storage;
  const left = operand(call.left, 0);
  const right = operand(call.right, shared ? 0 : 1);
  const indexOf = (place: NonNullable<ContractionCall["addend"]>): Expr => {
    let index = number(place.offset, zero);
    call.axes.forEach(({ role }, axis) => {
      if (role !== "k") index = k.add(index, k.mul(k.index(axis), number(place.strides[axis] ?? 0, unit)));
    });
    return index;
  };
  const resultParam = shared ? 1 : 2;
  const resultType = call.result.storage.dtype;
  const compute: ComputeDType = dtypeInfo[resultType].compute;
  const index = indexOf(call.result);
  let value = k.result(0, 0, compute);
  if (call.addend !== undefined) value = k.add(value, k.cast(k.load(resultParam + 1, call.addend.storage.dtype, indexOf(call.addend)), compute));
  if (call.accumulate === true) value = k.add(value, k.load(resultParam, resultType, index));
  const param = (dtype: DType, access: "in" | "out" | "inout"): { dtype: DType; access: "in" | "out" | "inout" } => ({ dtype, access });
  const stores: Store[] = [{ over: "outer", param: resultParam, index, value }];
  return {
    kind: "contraction",
    name: call.name,
    params: [
      param(call.left.storage.dtype, "in"),
      ...(shared ? [] : [param(call.right.storage.dtype, "in")]),
      param(resultType, call.accumulate === true ? "inout" : "out"),
      ...(call.addend === undefined ? [] : [param(call.addend.storage.dtype, "in")]),
    ],
    scalars,
    guards: [],
    axes,
    left,
    right,
    dtype: compute,
    stores,
  };
}
