import type { ComputeDType, DType, Expr } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";
import type { Code, InstructionName } from "../assembler/index.js";

/**
 * How elements of a type lie in memory. `raw` is the arithmetic of what the load instruction gives; `widen` and `narrow` convert
 * between that and the arithmetic that expressions compute in. They make expressions over `element`, so that they exist for single values and
 * for vectors alike.
 */
export interface ElementAccess {
  readonly raw: ComputeDType;
  /** log₂ of the bytes of an element. */
  readonly shift: 0 | 1 | 2 | 3;
  readonly load: ScalarLoad;
  readonly store: ScalarStore;
  /** From an address and an offset, four neighbours: vector number `part` of them. */
  readonly loadVector: (code: Code, address: number, offset: number, part: number) => void;
  /** Stores four neighbours from vectors. */
  readonly storeVector: (code: Code, address: number, offset: number, vectors: readonly number[]) => void;
  readonly widen: Conversion | null;
  readonly narrow: Conversion | null;
}

type Conversion = () => Expr;

type ScalarLoad = Extract<InstructionName, `${"i32" | "i64" | "f32" | "f64"}.load${string}`>;
type ScalarStore = Extract<InstructionName, `${"i32" | "i64" | "f32" | "f64"}.store${string}`>;

const b = /* @__PURE__ */ new ExprBuilder();
/** What the load instruction gave, where that is an integer. */
const raw = (): Expr => b.element("int32");

const widenBool: Conversion = () => b.ne(raw(), b.int(0));
const narrowBool: Conversion = () => b.cast(b.element("bool"), "int32");

const widenBfloat16: Conversion = () => b.bitcast(b.shl(raw(), b.int(16)), "float32");

/** The nearest bfloat16, ties to even: what is cut off is rounded by adding just less than half, or half to odd numbers. */
function narrowBfloat16(): Expr {
  const x = b.element("float32");
  const bits = b.bitcast(x, "int32");
  const odd = b.and(b.ushr(bits, b.int(16)), b.int(1));
  const rounded = b.ushr(b.add(b.add(bits, b.int(0x7fff)), odd), b.int(16));
  return b.select(b.isNaN(x), b.int(0x7fc0), rounded);
}

/**
 * A float16 has 5 bits of exponent and 10 of fraction. Moved to where float32 has them, they are right up to the bias: the value is
 * 2⁻¹¹² of what it should be, and multiplying restores it, also where the float16 is subnormal.
 */
function widenFloat16(): Expr {
  const bits = raw();
  const sign = b.shl(b.and(bits, b.int(0x8000)), b.int(16));
  const magnitude = b.shl(b.and(bits, b.int(0x7fff)), b.int(13));
  const finite = b.bitcast(b.mul(b.bitcast(magnitude, "float32"), b.const(2 ** 112, "float32")), "int32");
  const special = b.le(b.int(0x7c00 << 13), magnitude);
  return b.bitcast(b.or(sign, b.select(special, b.or(magnitude, b.int(0x7f800000)), finite)), "float32");
}

/**
 * The nearest float16, ties to even. Adding a power of two 13 binary places above the last bit that a float16 of this size keeps
 * lets the float32 addition itself round at the right place; the last bits of the sum are then the fraction, with a carry
 * into the exponent where it is due. (The method of M. Dukhan's FP16 library.)
 */
function narrowFloat16(): Expr {
  const x = b.element("float32");
  const bits = b.bitcast(x, "int32");
  const magnitude = b.bitcast(b.and(bits, b.int(0x7fffffff)), "float32");
  // Values too large become Infinity in the first product and stay so in the second.
  const clamped = b.mul(b.mul(magnitude, b.const(2 ** 112, "float32")), b.const(2 ** -110, "float32"));
  const exponent = b.and(bits, b.int(0x7f800000));
  const bias = b.max(exponent, b.int(0x38800000));
  const sum = b.bitcast(b.add(b.bitcast(b.add(bias, b.int(0x07800000)), "float32"), clamped), "int32");
  const nonSign = b.add(b.and(b.ushr(sum, b.int(13)), b.int(0x7c00)), b.and(sum, b.int(0x0fff)));
  const sign = b.and(b.ushr(bits, b.int(16)), b.int(0x8000));
  return b.select(b.isNaN(x), b.int(0x7e00), b.or(sign, nonSign));
}

/** Two vectors' worth of 64-bit elements, one of 32-bit elements. */
const wide = (raw: ComputeDType, load: ScalarLoad, store: ScalarStore): ElementAccess => ({
  raw,
  shift: raw === "float64" || raw === "int64" ? 3 : 2,
  load,
  store,
  loadVector: (code, address, offset, part) => code.get(address).op("v128.load", offset + 16 * part),
  storeVector: (code, address, offset, vectors) => {
    vectors.forEach((vector, part) => code.get(address).get(vector).op("v128.store", offset + 16 * part));
  },
  widen: null,
  narrow: null,
});

/** 16-bit elements: each lane keeps its lower half when stored. */
const short = (load: ScalarLoad, extend: "s" | "u", widen: Conversion | null, narrow: Conversion | null): ElementAccess => ({
  raw: "int32",
  shift: 1,
  load,
  store: "i32.store16",
  loadVector: (code, address, offset) => code.get(address).op(`v128.load16x4_${extend}`, offset),
  storeVector: (code, address, offset, [vector = 0]) => {
    code.get(address).get(vector).get(vector);
    code.op("i8x16.shuffle", [0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13]).op("v128.store64_lane", 0, offset);
  },
  widen,
  narrow,
});

/** 8-bit elements: each lane keeps its lowest byte when stored. */
const byte = (load: ScalarLoad, extend: "s" | "u", widen: Conversion | null, narrow: Conversion | null): ElementAccess => ({
  raw: "int32",
  shift: 0,
  load,
  store: "i32.store8",
  loadVector: (code, address, offset) => {
    code.get(address).op("v128.load32_zero", offset).op(`i16x8.extend_low_i8x16_${extend}`).op(`i32x4.extend_low_i16x8_${extend}`);
  },
  storeVector: (code, address, offset, [vector = 0]) => {
    code.get(address).get(vector).get(vector);
    code.op("i8x16.shuffle", [0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12]).op("v128.store32_lane", 0, offset);
  },
  widen,
  narrow,
});

export const elementAccess: { readonly [D in DType]: ElementAccess } = {
  float64: wide("float64", "f64.load", "f64.store"),
  float32: wide("float32", "f32.load", "f32.store"),
  float16: short("i32.load16_u", "u", widenFloat16, narrowFloat16),
  bfloat16: short("i32.load16_u", "u", widenBfloat16, narrowBfloat16),
  int64: wide("int64", "i64.load", "i64.store"),
  int32: wide("int32", "i32.load", "i32.store"),
  int16: short("i32.load16_s", "s", null, null),
  int8: byte("i32.load8_s", "s", null, null),
  uint8: byte("i32.load8_u", "u", null, null),
  bool: byte("i32.load8_u", "u", widenBool, narrowBool),
};

