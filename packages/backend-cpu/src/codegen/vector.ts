import type { ComputeDType } from "@gradus/kernel-ir";
import type { Code, InstructionName } from "../assembler/index.js";
import type { CastTable, Emit, PlainInstruction, Rule, RuleTable, SuffixOf } from "./rules.js";

/** How many vectors four values take. */
export const vectorsOf = { float64: 2, float32: 1, int64: 2, int32: 1, bool: 1 } as const satisfies Record<ComputeDType, 1 | 2>;

/** Vector instructions that put one value into every lane; a bool becomes a mask first. */
export const splatOf = { float64: "f64x2.splat", float32: "f32x4.splat", int64: "i64x2.splat", int32: "i32x4.splat", bool: "i32x4.splat" } as const satisfies Record<
  ComputeDType,
  InstructionName
>;
export const extractOf = {
  float64: "f64x2.extract_lane",
  float32: "f32x4.extract_lane",
  int64: "i64x2.extract_lane",
  int32: "i32x4.extract_lane",
  bool: "i32x4.extract_lane",
} as const satisfies Record<ComputeDType, InstructionName>;
export const replaceOf = {
  float64: "f64x2.replace_lane",
  float32: "f32x4.replace_lane",
  int64: "i64x2.replace_lane",
  int32: "i32x4.replace_lane",
  bool: "i32x4.replace_lane",
} as const satisfies Record<ComputeDType, InstructionName>;

/** Where each byte of a vector comes from: lane `lanes[i]` of the two operands, in lanes of `width` bytes. */
export const shuffle = (width: 4 | 8, lanes: readonly number[]): number[] =>
  lanes.flatMap((lane) => Array.from({ length: width }, (_, byte) => lane * width + byte));

/**
 * A rule for vectors works on one vector of each operand. `"lanes"` says that there is no vector instruction: the scalar
 * rule is applied to one lane after the other.
 */
export type VectorRule = Rule | "lanes";

const ints = <S extends SuffixOf<"i32x4"> & SuffixOf<"i64x2">>(suffix: S) => ({ int32: `i32x4.${suffix}`, int64: `i64x2.${suffix}` }) as const;
const floats = <S extends SuffixOf<"f32x4"> & SuffixOf<"f64x2">>(suffix: S) => ({ float32: `f32x4.${suffix}`, float64: `f64x2.${suffix}` }) as const;
const bits = <N extends PlainInstruction>(name: N) => ({ int32: name, int64: name, bool: name });

/** a where `comparison` of a and b holds, else b. */
const choose64 = (comparison: "i64x2.lt_s" | "i64x2.gt_s"): Rule => (emit, a, b) => {
  emit.code.get(a).get(b).get(a).get(b).op(comparison).op("v128.bitselect");
};

/**
 * The quotients of int32s, truncated: float64 has more than enough digits for their quotient, so what it truncates to is
 * exact.
 */
const divide: Rule = (emit, a, b) => {
  const { code } = emit;
  const half = (high: boolean): void => {
    for (const operand of [a, b]) {
      code.get(operand);
      if (high) code.get(operand).op("i8x16.shuffle", shuffle(4, [2, 3, 2, 3]));
      code.op("f64x2.convert_low_i32x4_s");
    }
    code.op("f64x2.div").op("i32x4.trunc_sat_f64x2_s_zero");
  };
  half(false);
  half(true);
  code.op("i8x16.shuffle", shuffle(4, [0, 1, 4, 5]));
  // x / 0 is 0: infinities saturate, so they have to be cleared.
  code.get(b).op("v128.const", new Uint8Array(16)).op("i32x4.ne").op("v128.and");
  // The most negative number divided by −1 saturates, but has to wrap: x / −1 = −x for all x.
  const quotient = emit.local("v128");
  code.set(quotient).get(a).op("i32x4.neg").get(quotient);
  code.get(b).op("v128.const", new Uint8Array(16).fill(0xff)).op("i32x4.eq").op("v128.bitselect");
};

/** a − (a / b)·b; where b is 0 the answer is 0 and not a. */
const remainder: Rule = (emit, a, b) => {
  const { code } = emit;
  const quotient = emit.local("v128");
  divide(emit, a, b);
  code.set(quotient).get(a).get(quotient).get(b).op("i32x4.mul").op("i32x4.sub");
  code.get(b).op("v128.const", new Uint8Array(16)).op("i32x4.ne").op("v128.and");
};

/**
 * The minimum or maximum of floats from `pmin` and `pmax`, which are one instruction of the machine: of two values that are equal they give the
 * first, and of NaN and a number either. Engines' own `min` and `max` take as many instructions but one after the other, which a running
 * maximum has to wait for.
 */
const extreme = (type: "f32x4" | "f64x2", name: "min" | "max"): Rule => ({ code }, a, b) => {
  code.get(a).get(b).op(`${type}.p${name}`).get(b).get(a).op(`${type}.p${name}`);
  // Both are the same but for the signs of zeros.
  code.op(name === "max" ? "v128.and" : "v128.or");
  // All bits set is NaN.
  code.get(a).get(a).op(`${type}.ne`).get(b).get(b).op(`${type}.ne`).op("v128.or").op("v128.or");
};
const extremes = (name: "min" | "max"): Readonly<Record<"float32" | "float64", Rule>> => ({ float32: extreme("f32x4", name), float64: extreme("f64x2", name) });

/** `a < b ? b : a` and `b < a ? b : a` of a first and a second operand. */
export const extremeInstructions: Partial<Readonly<Record<ComputeDType, Readonly<Record<"min" | "max", PlainInstruction>>>>> = {
  float32: { min: "f32x4.pmin", max: "f32x4.pmax" },
  float64: { min: "f64x2.pmin", max: "f64x2.pmax" },
  int32: { min: "i32x4.min_s", max: "i32x4.max_s" },
};

export const vectorRules: RuleTable<VectorRule> = {
  add: { ...floats("add"), ...ints("add") },
  sub: { ...floats("sub"), ...ints("sub") },
  mul: { ...floats("mul"), ...ints("mul") },
  div: { ...floats("div"), int32: divide, int64: "lanes" },
  rem: { float32: "lanes", float64: "lanes", int32: remainder, int64: "lanes" },
  min: { ...extremes("min"), int32: "i32x4.min_s", int64: choose64("i64x2.lt_s") },
  max: { ...extremes("max"), int32: "i32x4.max_s", int64: choose64("i64x2.gt_s") },
  neg: { ...floats("neg"), ...ints("neg") },
  abs: { ...floats("abs"), ...ints("abs") },
  sqrt: floats("sqrt"),
  floor: floats("floor"),
  ceil: floats("ceil"),
  trunc: floats("trunc"),
  round: floats("nearest"),
  eq: { ...floats("eq"), ...ints("eq"), bool: "i32x4.eq" },
  ne: { ...floats("ne"), ...ints("ne"), bool: "i32x4.ne" },
  lt: { ...floats("lt"), ...ints("lt_s") },
  le: { ...floats("le"), ...ints("le_s") },
  and: bits("v128.and"),
  or: bits("v128.or"),
  xor: bits("v128.xor"),
  not: bits("v128.not"),
  // Vector shifts take one count for all lanes; where the count is uniform, `uniformShifts` is used instead.
  shl: { int32: "lanes", int64: "lanes" },
  shr: { int32: "lanes", int64: "lanes" },
  ushr: { int32: "lanes", int64: "lanes" },
  exp: { float64: "lanes" },
  log: { float64: "lanes" },
  sin: { float64: "lanes" },
  cos: { float64: "lanes" },
  tanh: { float64: "lanes" },
  erf: { float64: "lanes" },
  pow: { float64: "lanes" },
};

/** Shifts of a vector by a count that lies on the stack as an i32. */
export const uniformShifts = {
  shl: { int32: "i32x4.shl", int64: "i64x2.shl" },
  shr: { int32: "i32x4.shr_s", int64: "i64x2.shr_s" },
  ushr: { int32: "i32x4.shr_u", int64: "i64x2.shr_u" },
} as const satisfies Record<"shl" | "shr" | "ushr", Record<"int32" | "int64", InstructionName>>;

/**
 * A cast writes vector number `half` of the result, from the vectors of the operand. `"lanes"` as above.
 */
export type VectorCast = ((emit: Emit, operand: readonly number[], half: number) => void) | "lanes";

/** Four 32-bit lanes to one vector of four. */
const lanewise = (instruction: "f32x4.convert_i32x4_s" | "i32x4.trunc_sat_f32x4_s"): VectorCast => (emit, [a = 0]) => {
  emit.code.get(a).op(instruction);
};

/** Two of four 32-bit lanes to two 64-bit lanes, by an instruction that reads the lower two. */
const widenLow = (emit: Emit, a: number, half: number, instruction: "f64x2.promote_low_f32x4" | "f64x2.convert_low_i32x4_s"): void => {
  emit.code.get(a);
  if (half === 1) emit.code.get(a).op("i8x16.shuffle", shuffle(4, [2, 3, 2, 3]));
  emit.code.op(instruction);
};
const widened = (instruction: "f64x2.promote_low_f32x4" | "f64x2.convert_low_i32x4_s"): VectorCast => (emit, [a = 0], half) => {
  widenLow(emit, a, half, instruction);
};
const extended: VectorCast = (emit, [a = 0], half) => {
  emit.code.get(a).op(half === 0 ? "i64x2.extend_low_i32x4_s" : "i64x2.extend_high_i32x4_s");
};

/** Each vector gives two lanes and zeros; the lanes are put side by side. */
const joined = (instruction: "f32x4.demote_f64x2_zero" | "i32x4.trunc_sat_f64x2_s_zero"): VectorCast => (emit, [low = 0, high = 0]) => {
  emit.code.get(low).op(instruction).get(high).op(instruction).op("i8x16.shuffle", shuffle(4, [0, 1, 4, 5]));
};

/** The lower halves of four 64-bit lanes: int64s wrapped to int32, or 64-bit masks to 32-bit ones. */
export const lowHalves = shuffle(4, [0, 2, 4, 6]);

/** A mask where the operand is not zero. */
const nonZero = (compare: "f32x4.ne" | "f64x2.ne" | "i32x4.ne" | "i64x2.ne"): VectorCast => ({ code }, operand) => {
  for (const part of operand) code.get(part).op("v128.const", new Uint8Array(16)).op(compare);
  if (operand.length === 2) code.op("i8x16.shuffle", lowHalves);
};

export const vectorCasts: CastTable<VectorCast> = {
  float64: { float32: joined("f32x4.demote_f64x2_zero"), int64: "lanes", int32: joined("i32x4.trunc_sat_f64x2_s_zero"), bool: nonZero("f64x2.ne") },
  float32: { float64: widened("f64x2.promote_low_f32x4"), int64: "lanes", int32: lanewise("i32x4.trunc_sat_f32x4_s"), bool: nonZero("f32x4.ne") },
  int64: {
    float64: "lanes",
    float32: "lanes",
    int32: ({ code }, [low = 0, high = 0]) => code.get(low).get(high).op("i8x16.shuffle", lowHalves),
    bool: nonZero("i64x2.ne"),
  },
  int32: { float64: widened("f64x2.convert_low_i32x4_s"), float32: lanewise("f32x4.convert_i32x4_s"), int64: extended, bool: nonZero("i32x4.ne") },
  // A mask is −1 where it holds, so its negative is the number 1. (The negative of a float would make −0 of 0.)
  bool: {
    float64: (emit, [mask = 0], half) => {
      const ones = emit.local("v128");
      emit.code.get(mask).op("i32x4.neg").set(ones);
      widenLow(emit, ones, half, "f64x2.convert_low_i32x4_s");
    },
    float32: ({ code }, [mask = 0]) => code.get(mask).op("i32x4.neg").op("f32x4.convert_i32x4_s"),
    int64: (emit, [mask = 0], half) => {
      emit.code.get(mask).op(half === 0 ? "i64x2.extend_low_i32x4_s" : "i64x2.extend_high_i32x4_s").op("i64x2.neg");
    },
    int32: ({ code }, [mask = 0]) => code.get(mask).op("i32x4.neg"),
  },
};

/**
 * Transposes four rows of four elements, each row in as many vectors as four values of `dtype` take: gives the vectors of the columns.
 *
 * @param local - Makes a fresh local for a vector.
 */
export function transpose(code: Code, local: () => number, dtype: ComputeDType, rows: readonly (readonly number[])[]): number[][] {
  const shuffled = (left: number, right: number, width: 4 | 8, lanes: readonly number[]): number => {
    const made = local();
    code.get(left).get(right).op("i8x16.shuffle", shuffle(width, lanes)).set(made);
    return made;
  };
  const at = (row: number, part: number): number => rows[row]?.[part] ?? 0;
  if (vectorsOf[dtype] === 2) {
    return [0, 1, 2, 3].map((column) => {
      const [part, lanes] = [column >> 1, column % 2 === 0 ? [0, 2] : [1, 3]];
      return [shuffled(at(0, part), at(1, part), 8, lanes), shuffled(at(2, part), at(3, part), 8, lanes)];
    });
  }
  // Pairs of elements first, then pairs of pairs.
  const pairs = [[0, 4, 1, 5], [2, 6, 3, 7]].map((lanes) => [shuffled(at(0, 0), at(1, 0), 4, lanes), shuffled(at(2, 0), at(3, 0), 4, lanes)] as const);
  return pairs.flatMap(([upper, lower]) => [[0, 2], [1, 3]].map((lanes) => [shuffled(upper, lower, 8, lanes)]));
}
