import type { AluOp, ComputeDType, ConstExpr, DType } from "@gradus/kernel-ir";
import { UnsupportedError } from "@gradus/kernel-ir";
import { call } from "./text.js";

/** What errors say about float64. */
export const noFloat64 = "expected types that WebGPU has, got float64; use float32, or the cpu";

/** The arithmetics of kernel-ir that a WebGPU device has; int64 computes in 32 bits. */
export type Arithmetic = Exclude<ComputeDType, "float64">;

/** Narrows to what the device can compute. */
export function arithmetic(dtype: ComputeDType): Arithmetic {
  if (dtype === "float64") throw new UnsupportedError(noFloat64);
  return dtype;
}

/** The WGSL type of a value. */
export const valueType = { float32: "f32", int32: "i32", int64: "i32", bool: "bool" } as const satisfies Record<Arithmetic, string>;

/** Writes an operation on one value or two. */
type Emit = (x: string, y: string) => string;

const infix = (symbol: string): Emit => (x, y) => `(${x} ${symbol} ${y})`;
const prefix = (symbol: string): Emit => (x) => `(${symbol}${x})`;
const call1 = (name: string): Emit => (x) => call(name, x);
const call2 = (name: string): Emit => (x, y) => call(name, x, y);

const numbers = (emit: Emit) => ({ float32: emit, int32: emit, int64: emit });
const floats = (emit: Emit) => ({ float32: emit });
const ints = (emit: Emit) => ({ int32: emit, int64: emit });

/** How each scalar operation is written, by the type of its arguments. Names with an underscore are in `library.ts`. */
const aluText = {
  add: numbers(infix("+")),
  sub: numbers(infix("-")),
  mul: numbers(infix("*")),
  div: { ...floats(infix("/")), ...ints(call2("int_div")) },
  rem: { ...floats(call2("float_rem")), ...ints(call2("int_rem")) },
  min: { ...floats(call2("float_min")), ...ints(call2("min")) },
  max: { ...floats(call2("float_max")), ...ints(call2("max")) },
  neg: numbers(prefix("-")),
  abs: { ...floats(call1("float_abs")), ...ints(call1("abs")) },
  sqrt: floats(call1("sqrt")),
  floor: floats(call1("floor")),
  ceil: floats(call1("ceil")),
  trunc: floats(call1("trunc")),
  round: floats(call1("round")),
  eq: { ...floats(call2("float_eq")), ...ints(infix("==")), bool: infix("==") },
  ne: {
    ...floats((x, y) => (x === y ? call("is_nan", x) : `(!${call("float_eq", x, y)})`)),
    ...ints(infix("!=")),
    bool: infix("!="),
  },
  lt: { ...floats(call2("float_lt")), ...ints(infix("<")) },
  le: { ...floats(call2("float_le")), ...ints(infix("<=")) },
  and: { ...ints(infix("&")), bool: infix("&") },
  or: { ...ints(infix("|")), bool: infix("|") },
  xor: { ...ints(infix("^")), bool: infix("!=") },
  not: { ...ints(prefix("~")), bool: prefix("!") },
  shl: { int32: call2("int_shl"), int64: call2("long_shl") },
  shr: { int32: call2("int_shr"), int64: call2("long_shr") },
  ushr: { int32: call2("int_ushr"), int64: call2("long_ushr") },
  // Written out in the others by kernel-ir's `lowerProgram`: WGSL's own may be off by hundreds of units in the last place.
  exp: {},
  log: {},
  sin: {},
  cos: {},
  tanh: {},
  erf: {},
  pow: {},
} satisfies Record<AluOp, Partial<Record<Arithmetic, Emit>>>;

export function alu(op: AluOp, dtype: Arithmetic, x: string, y: string): string {
  const emit = (aluText[op] as Partial<Record<Arithmetic, Emit>>)[dtype];
  if (emit === undefined) throw new Error(`internal: ${op} of ${dtype} has no WGSL`);
  return emit(x, y);
}

const same = (x: string): string => x;

/** `castText[from][to]`. */
const castText: Record<Arithmetic, Record<Arithmetic, Emit>> = {
  float32: { float32: same, int32: call1("float_to_int"), int64: call1("float_to_int"), bool: call1("float_to_bool") },
  int32: { float32: call1("f32"), int32: same, int64: same, bool: (x) => `(${x} != 0)` },
  int64: { float32: call1("f32"), int32: same, int64: same, bool: (x) => `(${x} != 0)` },
  bool: { float32: call1("f32"), int32: call1("i32"), int64: call1("i32"), bool: same },
};

export const cast = (x: string, from: Arithmetic, to: Arithmetic): string => castText[from][to](x, "");

/** A literal. WGSL has none for NaN and infinities, and may read −0 and subnormals as 0: those come from their bits. */
export function literal(expr: ConstExpr): string {
  switch (arithmetic(expr.dtype)) {
    case "bool":
      return expr.value === 1 ? "true" : "false";
    case "int32":
      return intLiteral(expr.value);
    case "int64":
      // The ends of the type, from which a maximum begins, are those of what the device holds.
      if (expr.value === 2n ** 63n - 1n) return intLiteral(2 ** 31 - 1);
      if (expr.value === -(2n ** 63n)) return intLiteral(-(2 ** 31));
      return intLiteral(expr.value);
    case "float32":
      return floatLiteral(Math.fround(Number(expr.value)));
  }
}

function intLiteral(value: number | bigint): string {
  const int = Number(value);
  if (int !== (int | 0)) {
    throw new UnsupportedError(`expected int64 values that fit 32 bits, got the literal ${String(value)}; use the cpu`);
  }
  if (int === -(2 ** 31)) return "i32(-2147483648)";
  return int < 0 ? `(${String(int)})` : String(int);
}

const largestFloat = 3.4028234663852886e38;
const smallestNormal = 2 ** -126;
const scratch = new DataView(new ArrayBuffer(4));

function floatLiteral(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) < smallestNormal) {
    if (Object.is(value, 0)) return "0.0";
    scratch.setFloat32(0, value);
    return `float_of_bits(0x${scratch.getUint32(0).toString(16).padStart(8, "0")}u)`;
  }
  // The shortest decimal that means the same float32.
  let text = String(value);
  for (let digits = 1; digits < 10; digits++) {
    const shorter = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(shorter)) === value && Math.abs(Number(shorter)) <= largestFloat) {
      text = shorter;
      break;
    }
  }
  const decimal = /[.e]/.test(text) ? text : `${text}.0`;
  return value < 0 ? `(${decimal})` : decimal;
}

/** A value as a word of scratch memory, which is an array of i32. */
export const toWord: Readonly<Record<Arithmetic, (value: string) => string>> = {
  float32: (x) => call("bitcast<i32>", x),
  int32: same,
  int64: same,
  bool: (x) => call("i32", x),
};

/** The value of such a word. */
export const fromWord: Readonly<Record<Arithmetic, (word: string) => string>> = {
  float32: (x) => call("bitcast<f32>", x),
  int32: same,
  int64: same,
  bool: (x) => `(${x} != 0)`,
};

export interface Element {
  /** The WGSL type of an element as the device holds it. */
  readonly holder: "f32" | "i32" | "f16";
  /** Bytes of an element on the device. */
  readonly bytes: 2 | 4;
  /** The compute value of an element as held. */
  readonly widen: (held: string) => string;
  /** What is held of a compute value. */
  readonly narrow: (value: string) => string;
}

/** Element types that a device can hold. */
export type HeldDType = Exclude<DType, "float64">;

/** How a device holds each element type. */
export type Elements = Readonly<Record<HeldDType, Element>>;

const float = (narrow: Element["narrow"]): Element => ({ holder: "f32", bytes: 4, widen: same, narrow });
const int = (narrow: Element["narrow"]): Element => ({ holder: "i32", bytes: 4, widen: same, narrow });

/** What every device can do: the narrow types occupy 32 bits and are rounded or wrapped when they are stored. */
const inWords: Elements = {
  float32: float(same),
  float16: float((x) => call("round_float16", x)),
  bfloat16: float((x) => call("round_bfloat16", x)),
  int64: int(same),
  int32: int(same),
  int16: int((x) => `((${x} << 16u) >> 16u)`),
  int8: int((x) => `((${x} << 24u) >> 24u)`),
  uint8: int((x) => `(${x} & 255)`),
  bool: { ...int((x) => call("i32", x)), widen: (x) => `(${x} != 0)` },
};

/** The feature of devices that have float16 themselves. */
export const float16Feature = "shader-f16";

/** A device may round to float16 in either direction, so the value is rounded before. */
const withFloat16: Elements = {
  ...inWords,
  float16: { holder: "f16", bytes: 2, widen: (held) => call("f32", held), narrow: (x) => call("f16", call("round_float16", x)) },
};

/** How a device with these features holds elements. */
export const elementsOn = (features: { has(name: string): boolean }): Elements => (features.has(float16Feature) ? withFloat16 : inWords);
