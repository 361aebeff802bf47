import type { Axis, ComputeDType, Contraction, Coordinate, DType, Executable, Expr, Operand, Store } from "@gradus/kernel-ir";
import { dtypeInfo, ExprBuilder } from "@gradus/kernel-ir";
import type { Device } from "../device.js";
import type { Storage } from "../storage.js";

/**
 * Sums of products on the device: matrix products, convolutions and their gradients are calls of one function that
 * differ in how positions of the axes become positions in the operands. As with kernels, literal zeros and ones are part
 * of the program and every other number is a scalar argument.
 */

/** `position = (Σ index(axis) · scale + shift) / divisor`, as `Coordinate` of kernel-ir, in numbers. */
export interface CallCoordinate {
  readonly terms: readonly { readonly axis: number; readonly scale: number }[];
  readonly shift?: number;
  readonly divisor?: number;
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
  readonly scalars: number[];
  readonly generation: number;
}

const variants = new WeakMap<Device, Map<string, Variant>>();

/** One pass over a call: everything that shapes the program goes into the key, every other number into the scalars. */
class Signature {
  key = "";
  readonly scalars: number[] = [];
  #at = 0;

  constructor(scalars?: number[]) {
    if (scalars !== undefined) this.scalars = scalars;
  }

  tag(text: string): void {
    this.key += text;
  }

  /** A literal if it is one of `literals`, else a scalar argument. */
  number(value: number, literals: readonly number[]): void {
    if (literals.includes(value)) this.key += String(value);
    else {
      this.key += "s";
      this.scalars[this.#at++] = value;
    }
  }
}

const unit = [0, 1] as const;
const one = [1] as const;
const zero = [0] as const;
const never: readonly number[] = [];

const roleTag: Record<Axis["role"], string> = { batch: "b", m: "m", n: "n", k: "k" };

function describeOperand(sign: Signature, operand: CallOperand): void {
  sign.tag(`|${operand.storage.dtype}`);
  sign.number(operand.offset, zero);
  for (const c of operand.coordinates) {
    sign.tag("/");
    for (const { axis, scale } of c.terms) {
      sign.tag(`${String(axis)}:`);
      sign.number(scale, one);
    }
    sign.number(c.shift ?? 0, zero);
    sign.number(c.divisor ?? 1, one);
    if (c.extent === undefined) sign.tag("-");
    else sign.number(c.extent, never);
    sign.number(c.stride, unit);
  }
}

function describe(sign: Signature, call: ContractionCall): void {
  for (const { role, extent } of call.axes) {
    sign.tag(roleTag[role]);
    sign.number(extent, one);
  }
  describeOperand(sign, call.left);
  describeOperand(sign, call.right);
  const written = (place: NonNullable<ContractionCall["addend"]>): void => {
    sign.tag(`|${place.storage.dtype}`);
    sign.number(place.offset, zero);
    call.axes.forEach(({ role }, axis) => {
      if (role !== "k") sign.number(place.strides[axis] ?? 0, unit);
    });
  };
  written(call.result);
  if (call.addend !== undefined) written(call.addend);
  sign.tag(call.accumulate === true ? "+" : "=");
  sign.tag(call.left.storage === call.right.storage ? "t" : "");
}

/** Dispatches a call. Nothing is done where the result is empty. */
export function contract(device: Device, call: ContractionCall): void {
  if (call.axes.some(({ role, extent }) => role !== "k" && extent === 0)) return;
  let known = variants.get(device);
  if (known === undefined) {
    known = new Map();
    variants.set(device, known);
  }
  const sign = new Signature();
  describe(sign, call);
  let variant = known.get(sign.key);
  if (variant?.generation !== device.generation) {
    variant = { executable: device.executable(buildContraction(call)), scalars: sign.scalars, generation: device.generation };
    known.set(sign.key, variant);
  }
  const buffers = [call.left.storage.buffer, ...(call.right.storage === call.left.storage ? [] : [call.right.storage.buffer]), call.result.storage.buffer, ...(call.addend === undefined ? [] : [call.addend.storage.buffer])];
  device.backend.dispatch(variant.executable, buffers as NonNullable<Storage["buffer"]>[], sign.scalars);
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
      divisor: number(c.divisor ?? 1, one),
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
