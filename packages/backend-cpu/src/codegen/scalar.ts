import type { ComputeDType } from "@gradus/kernel-ir";
import type { ValueType } from "../assembler/index.js";
import type { CastTable, Emit, HostFunction, Rule, RuleTable, SuffixOf } from "./rules.js";

/** The type of a local that holds one value. A bool is 0 or 1. */
export const scalarTypes = { float64: "f64", float32: "f32", int64: "i64", int32: "i32", bool: "i32" } as const satisfies Record<ComputeDType, ValueType>;

/** Instructions of one name on both widths. */
const ints = <S extends SuffixOf<"i32"> & SuffixOf<"i64">>(suffix: S) => ({ int32: `i32.${suffix}`, int64: `i64.${suffix}` }) as const;
const floats = <S extends SuffixOf<"f32"> & SuffixOf<"f64">>(suffix: S) => ({ float32: `f32.${suffix}`, float64: `f64.${suffix}` }) as const;

const zero = (emit: Emit, type: "i32" | "i64"): void => {
  if (type === "i32") emit.code.op("i32.const", 0);
  else emit.code.op("i64.const", 0n);
};

/** Division by 0 gives 0 and the most negative number divided by −1 wraps, where the instruction would trap. */
const divide = (type: "i32" | "i64", instruction: "div_s" | "rem_s"): Rule => (emit, a, b) => {
  // a / −1 = −a and a rem −1 = 0: only divisors other than 0 and −1 reach the instruction.
  emit.code.get(b);
  if (type === "i32") emit.code.op("i32.const", 1).op("i32.add").op("i32.const", 1).op("i32.gt_u");
  else emit.code.op("i64.const", 1n).op("i64.add").op("i64.const", 1n).op("i64.gt_u");
  emit.code.if(
    (code) => code.get(a).get(b).op(`${type}.${instruction}`),
    (code) => {
      const inner: Emit = { ...emit, code };
      if (instruction === "rem_s") zero(inner, type);
      else code.get(a).get(b).op(`${type}.mul`);
    },
    type,
  );
};

const negate = (type: "i32" | "i64"): Rule => (emit, a) => {
  zero(emit, type);
  emit.code.get(a).op(`${type}.sub`);
};

/** a where `comparison` of a and b holds, else b. */
const choose = (type: "i32" | "i64", comparison: "lt_s" | "gt_s"): Rule => (emit, a, b) => {
  emit.code.get(a).get(b).get(a).get(b).op(`${type}.${comparison}`).op("select");
};

const absolute = (type: "i32" | "i64"): Rule => (emit, a) => {
  zero(emit, type);
  emit.code.get(a).op(`${type}.sub`).get(a).get(a);
  zero(emit, type);
  emit.code.op(`${type}.lt_s`).op("select");
};

const complement = (type: "i32" | "i64"): Rule => (emit, a) => {
  emit.code.get(a);
  if (type === "i32") emit.code.op("i32.const", -1);
  else emit.code.op("i64.const", -1n);
  emit.code.op(`${type}.xor`);
};

const host = (name: HostFunction): Rule => (emit, a, b) => {
  emit.code.get(a);
  if (name === "pow" || name === "rem") emit.code.get(b);
  emit.callHost(name);
};

/** The remainder of float32s is a float32, so computing it in float64 is exact. */
const remainderFloat32: Rule = (emit, a, b) => {
  emit.code.get(a).op("f64.promote_f32").get(b).op("f64.promote_f32");
  emit.callHost("rem");
  emit.code.op("f32.demote_f64");
};

export const scalarRules: RuleTable<Rule> = {
  add: { ...floats("add"), ...ints("add") },
  sub: { ...floats("sub"), ...ints("sub") },
  mul: { ...floats("mul"), ...ints("mul") },
  div: { ...floats("div"), int32: divide("i32", "div_s"), int64: divide("i64", "div_s") },
  rem: { float32: remainderFloat32, float64: host("rem"), int32: divide("i32", "rem_s"), int64: divide("i64", "rem_s") },
  min: { ...floats("min"), int32: choose("i32", "lt_s"), int64: choose("i64", "lt_s") },
  max: { ...floats("max"), int32: choose("i32", "gt_s"), int64: choose("i64", "gt_s") },
  neg: { ...floats("neg"), int32: negate("i32"), int64: negate("i64") },
  abs: { ...floats("abs"), int32: absolute("i32"), int64: absolute("i64") },
  sqrt: floats("sqrt"),
  floor: floats("floor"),
  ceil: floats("ceil"),
  trunc: floats("trunc"),
  round: floats("nearest"),
  eq: { ...floats("eq"), ...ints("eq"), bool: "i32.eq" },
  ne: { ...floats("ne"), ...ints("ne"), bool: "i32.ne" },
  lt: { ...floats("lt"), ...ints("lt_s") },
  le: { ...floats("le"), ...ints("le_s") },
  and: { ...ints("and"), bool: "i32.and" },
  or: { ...ints("or"), bool: "i32.or" },
  xor: { ...ints("xor"), bool: "i32.xor" },
  not: { int32: complement("i32"), int64: complement("i64"), bool: "i32.eqz" },
  shl: ints("shl"),
  shr: ints("shr_s"),
  ushr: ints("shr_u"),
  exp: { float64: host("exp") },
  log: { float64: host("log") },
  sin: { float64: host("sin") },
  cos: { float64: host("cos") },
  tanh: { float64: host("tanh") },
  erf: { float64: host("erf") },
  pow: { float64: host("pow") },
};

/** Not zero, for floats: NaN is true. */
const nonZero = (type: "f32" | "f64"): Rule => (emit, a) => {
  emit.code.get(a);
  if (type === "f32") emit.code.op("f32.const", 0).op("f32.ne");
  else emit.code.op("f64.const", 0).op("f64.ne");
};

export const scalarCasts: CastTable<Rule> = {
  float64: { float32: "f32.demote_f64", int64: "i64.trunc_sat_f64_s", int32: "i32.trunc_sat_f64_s", bool: nonZero("f64") },
  float32: { float64: "f64.promote_f32", int64: "i64.trunc_sat_f32_s", int32: "i32.trunc_sat_f32_s", bool: nonZero("f32") },
  int64: {
    float64: "f64.convert_i64_s",
    float32: "f32.convert_i64_s",
    int32: "i32.wrap_i64",
    bool: (emit, a) => emit.code.get(a).op("i64.const", 0n).op("i64.ne"),
  },
  int32: {
    float64: "f64.convert_i32_s",
    float32: "f32.convert_i32_s",
    int64: "i64.extend_i32_s",
    bool: (emit, a) => emit.code.get(a).op("i32.const", 0).op("i32.ne"),
  },
  bool: { float64: "f64.convert_i32_s", float32: "f32.convert_i32_s", int64: "i64.extend_i32_u", int32: (emit, a) => emit.code.get(a) },
};
