import { dtypeInfo } from "@gradus/kernel-ir";
import { canReadAtOnce } from "../awaited-reads.js";
import type { Operand } from "../kernels/elementwise.js";
import { ElementwiseOp } from "../kernels/elementwise-op.js";
import type { Chosen, ElementwiseFunction } from "../kernels/elementwise-function.js";
import { binary, choosing, unary } from "../kernels/elementwise-function.js";
import { ArgumentError, DeviceError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { broadcastShapes, sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkSameDevice } from "../tensor.js";
import { all } from "./reduce.js";
import { checkAlpha, checkSubtraction, checkTensors, factorFor, ofTensorAnd, ofTensors } from "./operand-rules.js";
import { toDType } from "./copy.js";
export * from "./elementwise/exponential.js";
export * from "./elementwise/integer.js";
export * from "./elementwise/representation.js";
export * from "./elementwise/trigonometry.js";
import * as activations from "./formulas/activation.js";
import * as ops from "./formulas/arithmetic.js";
import * as comparisons from "./formulas/comparison.js";
import { apply } from "../kernels/elementwise.js";

function comparison(op: ElementwiseOp): ElementwiseFunction<[a: Tensor, b: Operand]> {
  return ofTensorAnd(op, "; exchange the operands");
}

/** −x. @see torch.neg */
export const neg = /* @__PURE__ */ unary(ops.neg);
/** |x|; the gradient at 0 is 0. @see torch.abs */
export const abs = /* @__PURE__ */ unary(ops.abs);
/** −1, 0 or 1; NaN gives 0. @see torch.sign */
export const sign = /* @__PURE__ */ unary(ops.sign);
/** −1, 0 or 1; NaN gives 0. For real numbers the same as sign. @see torch.sgn */
export const sgn = /* @__PURE__ */ unary(ops.sgn);
/** x²; of bools, int64. @see torch.square */
export const square = /* @__PURE__ */ unary(ops.square);
/** 1/x. @see torch.reciprocal */
export const reciprocal = /* @__PURE__ */ unary(ops.reciprocal);
/** √x; NaN below 0. @see torch.sqrt */
export const sqrt = /* @__PURE__ */ unary(ops.sqrt);
/** 1/√x. @see torch.rsqrt */
export const rsqrt = /* @__PURE__ */ unary(ops.rsqrt);

/**
 * eˣ. float32 overflows to Infinity above about 88.72. Integers give float32.
 *
 * @see torch.exp
 * @example
 * exp(tensor([0, 1])).toArraySync(); // [1, 2.7182817459106445]
 */
export const exp = /* @__PURE__ */ unary(ops.exp);
/** Natural logarithm: −Infinity at 0, NaN below. @see torch.log */
export const log = /* @__PURE__ */ unary(ops.log);
/** sin x, x in radians. @see torch.sin */
export const sin = /* @__PURE__ */ unary(ops.sin);
/** cos x, x in radians. @see torch.cos */
export const cos = /* @__PURE__ */ unary(ops.cos);
/** Hyperbolic tangent. @see torch.tanh */
export const tanh = /* @__PURE__ */ unary(ops.tanh);
/** Error function, 2/√π ∫₀ˣ e^(−t²) dt. @see torch.erf */
export const erf = /* @__PURE__ */ unary(ops.erf);
/** Largest integer ≤ x. @see torch.floor */
export const floor = /* @__PURE__ */ unary(ops.floor);
/** Smallest integer ≥ x. @see torch.ceil */
export const ceil = /* @__PURE__ */ unary(ops.ceil);

export const RoundOptions = class {
  /** Digits to keep after the point; negative ones before it. */
  readonly decimals?: number;
};
export type RoundOptions = Options<typeof RoundOptions>;

/** Nearest integer, ties to even; or the nearest number of so many decimals. @see torch.round */
export const round = /* @__PURE__ */ choosing("round", (op, x: Tensor, options?: RoundOptions): Chosen => {
  const { decimals = 0 } = optionsOf(op, RoundOptions, options);
  if (decimals === 0) return [ops.round, x];
  return [decimals > 0 ? ops.roundAfterPoint : ops.roundBeforePoint, x, 10 ** Math.abs(decimals)];
});

/** The integer part. @see torch.trunc */
export const trunc = /* @__PURE__ */ unary(ops.trunc);
/** True where x is NaN. @see torch.isnan */
export const isnan = /* @__PURE__ */ unary(comparisons.isnan);
/** True where x is zero. @see torch.logical_not */
export const logicalNot = /* @__PURE__ */ unary(comparisons.logicalNot);
/** max(x, 0). @see torch.relu */
export const relu = /* @__PURE__ */ unary(activations.relu);
/** 1/(1 + e⁻ˣ). @see torch.sigmoid */
export const sigmoid = /* @__PURE__ */ unary(activations.sigmoid);

export const GeluOptions = class {
  readonly approximate?: "none" | "tanh";
};
export type GeluOptions = Options<typeof GeluOptions>;

/** x Φ(x), with the exact Φ or an approximation by tanh. @see torch.nn.functional.gelu */
export const gelu = /* @__PURE__ */ choosing("gelu", (op, x: Tensor, options?: GeluOptions): Chosen => {
  const { approximate = "none" } = optionsOf(op, GeluOptions, options);
  switch (approximate) {
    case "none":
      return [activations.gelu, x];
    case "tanh":
      return [activations.geluTanh, x];
    default:
      throw new ArgumentError(`${op}: expected approximate "none" or "tanh", got ${String(approximate)}`);
  }
});

/** x σ(x). @see torch.nn.functional.silu */
export const silu = /* @__PURE__ */ unary(activations.silu);

export const SoftplusOptions = class {
  /** 1 by default. */
  readonly beta?: number;
  /** Where βx is above it, the result is x. 20 by default. */
  readonly threshold?: number;
};
export type SoftplusOptions = Options<typeof SoftplusOptions>;

/** 1/β · log(1 + e^βx). @see torch.nn.functional.softplus */
export const softplus = /* @__PURE__ */ choosing("softplus", (op, x: Tensor, options?: SoftplusOptions): Chosen => {
  const { beta = 1, threshold = 20 } = optionsOf(op, SoftplusOptions, options);
  return beta === 1 && threshold === 20 ? [activations.softplus, x] : [activations.softplusScaled, x, beta, threshold];
});

/** x where x > 0, else slope · x. @see torch.nn.functional.leaky_relu */
export const leakyRelu = /* @__PURE__ */ choosing("leakyRelu", (_, x: Tensor, slope?: number): Chosen => [activations.leakyRelu, x, slope ?? 0.01]);

export const AlphaOptions = class {
  /** What the second operand is multiplied with. */
  readonly alpha?: number | bigint;
};
export type AlphaOptions = Options<typeof AlphaOptions>;

/** a + alpha · b, broadcast. @see torch.add */
export const add = /* @__PURE__ */ choosing("add", (op, a: Operand, b: Operand, options?: AlphaOptions): Chosen => {
  if (options === undefined) return [ops.add, a, b];
  const { alpha } = optionsOf(op, AlphaOptions, options);
  if (alpha === undefined) return [ops.add, a, b];
  checkAlpha(op, alpha, a, b);
  return [ops.addScaled, a, b, alpha];
});

/** a − alpha · b, broadcast. @throws {DTypeError} if either is bool. @see torch.sub */
export const sub = /* @__PURE__ */ choosing("sub", (op, a: Operand, b: Operand, options?: AlphaOptions): Chosen => {
  checkSubtraction(op, a, b);
  if (options === undefined) return [ops.sub, a, b];
  const { alpha } = optionsOf(op, AlphaOptions, options);
  if (alpha === undefined) return [ops.sub, a, b];
  checkAlpha(op, alpha, a, b);
  return [ops.subScaled, a, b, alpha];
});

/** a · b, broadcast. @see torch.mul */
export const mul = /* @__PURE__ */ binary(ops.mul);

/** What becomes of the fraction of a quotient. */
export type RoundingMode = "trunc" | "floor" | null;

export const DivOptions = class {
  /** `trunc` leaves the fraction out, `floor` rounds down; integers stay integers then. */
  readonly roundingMode?: RoundingMode;
};
export type DivOptions = Options<typeof DivOptions>;

/** a / b, broadcast; integers give float32 unless they are rounded. @see torch.div */
export const div = /* @__PURE__ */ choosing("div", (op, a: Operand, b: Operand, options?: DivOptions): Chosen => [divisionBy(op, optionsOf(op, DivOptions, options).roundingMode ?? null), a, b]);

function divisionBy(op: string, roundingMode: RoundingMode): ElementwiseOp {
  switch (roundingMode) {
    case null:
      return ops.div;
    case "trunc":
      return ops.divTrunc;
    case "floor":
      return ops.divFloor;
    default:
      throw new ArgumentError(`${op}: expected roundingMode "trunc" or "floor", or none, got ${String(roundingMode)}`);
  }
}

/** ⌊a / b⌋, broadcast. @see torch.floor_divide */
export const floorDivide = /* @__PURE__ */ binary(ops.divFloor);
/** aᵇ, broadcast. @see torch.pow */
export const pow = /* @__PURE__ */ binary(ops.pow);
/** The larger of two; NaN if either is. @see torch.maximum */
export const maximum = /* @__PURE__ */ ofTensors(ops.maximum, "; use clampMin for a number");
/** The smaller of two; NaN if either is. @see torch.minimum */
export const minimum = /* @__PURE__ */ ofTensors(ops.minimum, "; use clampMax for a number");
/** The remainder of a / b with the sign of b. @see torch.remainder */
export const remainder = /* @__PURE__ */ binary(ops.remainder);
/** The remainder of a / b with the sign of a. @see torch.fmod */
export const fmod = /* @__PURE__ */ ofTensorAnd(ops.fmod);
/** The larger of two; the other one where either is NaN. @see torch.fmax */
export const fmax = /* @__PURE__ */ ofTensors(ops.fmax);
/** The smaller of two; the other one where either is NaN. @see torch.fmin */
export const fmin = /* @__PURE__ */ ofTensors(ops.fmin);
/** aᵇ in float64. @see torch.float_power */
export const floatPower = /* @__PURE__ */ choosing("floatPower", (op, a: Operand, b: Operand): Chosen => {
  if (op.endsWith("_") && typeof a === "object" && a.dtype !== "float64") throw new DTypeError(`${op}: expected a float64 tensor to write to, got ${a.dtype}; use floatPower, which returns a new tensor`);
  return [ops.floatPower, a, b];
});

/** 0 where x < 0, 1 where x > 0, `values` where x = 0. @throws {DTypeError} if the types differ. @see torch.heaviside */
export const heaviside: ElementwiseFunction<[x: Tensor, values: Tensor]> = /* @__PURE__ */ choosing("heaviside", (op, x: Tensor, values: Tensor): Chosen => {
  checkTensors(op, [x, values]);
  if (x.dtype !== values.dtype) throw new DTypeError(`${op}: expected tensors of one type, got ${x.dtype} and ${values.dtype}; convert one with to()`);
  return [ops.heaviside, x, values];
});

export const ValueOptions = class {
  /** What the product or quotient is multiplied with; 1 by default. */
  readonly value?: number | bigint;
};
export type ValueOptions = Options<typeof ValueOptions>;

/** x + value · a · b. @see torch.addcmul */
export const addcmul = /* @__PURE__ */ choosing("addcmul", (op, x: Tensor, a: Tensor, b: Tensor, options?: ValueOptions): Chosen => [ops.addcmul, x, a, b, factorFor(optionsOf(op, ValueOptions, options).value ?? 1, x, a, b)]);
/** x + value · a / b. @throws {DTypeError} for integers. @see torch.addcdiv */
export const addcdiv = /* @__PURE__ */ choosing("addcdiv", (op, x: Tensor, a: Tensor, b: Tensor, options?: ValueOptions): Chosen => [ops.addcdiv, x, a, b, optionsOf(op, ValueOptions, options).value ?? 1]);
/** a + weight · (b − a). @see torch.lerp */
export const lerp = /* @__PURE__ */ choosing("lerp", (_, a: Operand, b: Operand, weight: Operand): Chosen => [ops.lerp, a, b, weight]);

export const ClampBounds = class {
  readonly min?: Operand;
  readonly max?: Operand;
};
export type ClampBounds = Options<typeof ClampBounds>;

/** x limited to [min, max]; either may be left out. @throws {ArgumentError} if both are. @see torch.clamp */
export const clamp = /* @__PURE__ */ choosing("clamp", (op, x: Tensor, bounds?: ClampBounds): Chosen => {
  const { min, max } = optionsOf(op, ClampBounds, bounds);
  checkTensors(op, [x]);
  if (min !== undefined && max !== undefined) return [ops.clamp, x, min, max];
  if (min !== undefined) return [ops.clampMin, x, min];
  if (max !== undefined) return [ops.clampMax, x, max];
  throw new ArgumentError(`${op}: expected min, max or both, got neither`);
});

/** x, but at least `min`. @see torch.clamp_min */
export const clampMin = /* @__PURE__ */ ofTensorAnd(ops.clampMin);
/** x, but at most `max`. @see torch.clamp_max */
export const clampMax = /* @__PURE__ */ ofTensorAnd(ops.clampMax);
/** a = b, as bool. @see torch.eq */
export const eq = /* @__PURE__ */ comparison(comparisons.eq);
/** a ≠ b, as bool. @see torch.ne */
export const ne = /* @__PURE__ */ comparison(comparisons.ne);
/** a < b, as bool. @see torch.lt */
export const lt = /* @__PURE__ */ comparison(comparisons.lt);
/** a ≤ b, as bool. @see torch.le */
export const le = /* @__PURE__ */ comparison(comparisons.le);
/** a > b, as bool. @see torch.gt */
export const gt = /* @__PURE__ */ comparison(comparisons.gt);
/** a ≥ b, as bool. @see torch.ge */
export const ge = /* @__PURE__ */ comparison(comparisons.ge);
/** Both are nonzero. @see torch.logical_and */
export const logicalAnd = /* @__PURE__ */ ofTensors(comparisons.logicalAnd);
/** Either is nonzero. @see torch.logical_or */
export const logicalOr = /* @__PURE__ */ ofTensors(comparisons.logicalOr);
/** Just one of them is nonzero. @see torch.logical_xor */
export const logicalXor = /* @__PURE__ */ ofTensors(comparisons.logicalXor);

export const ClosenessOptions = class {
  /** Relative to |b|; 1e-5 by default. */
  readonly rtol?: number;
  /** 1e-8 by default. */
  readonly atol?: number;
  /** Whether two NaN count as close. */
  readonly equalNan?: boolean;
};
export type ClosenessOptions = Options<typeof ClosenessOptions>;

/** |a − b| ≤ atol + rtol · |b|, element by element. @see torch.isclose */
export function isclose(a: Tensor, b: Tensor, options?: ClosenessOptions): Tensor {
  return closeness("isclose", a, b, optionsOf("isclose", ClosenessOptions, options));
}

/**
 * Whether all elements are close. It reads the result at once.
 *
 * @throws {DeviceError} on a device that cannot: there it is `await isclose(a, b).all().item()`.
 * @see torch.allclose
 */
export function allclose(a: Tensor, b: Tensor, options?: ClosenessOptions): boolean {
  checkReadable("allclose", a, "await isclose(a, b).all().item()");
  return Boolean(all(closeness("allclose", a, b, optionsOf("allclose", ClosenessOptions, options))).itemSync());
}

/**
 * Whether two tensors have the same shape and elements. It reads the result at once.
 *
 * @throws {DeviceError} on a device that cannot: there it is `await a.eq(b).all().item()`.
 * @see torch.equal
 */
export function equal(a: Tensor, b: Tensor): boolean {
  checkTensors("equal", [a, b]);
  checkReadable("equal", a, "await a.eq(b).all().item()");
  checkSameDevice("equal", [a, b]);
  return sameShape(a.shape, b.shape) && Boolean(all(apply(comparisons.eq, [a.detach(), b.detach()])).itemSync());
}

function closeness(op: string, a: Tensor, b: Tensor, { rtol = 1e-5, atol = 1e-8, equalNan = false }: ClosenessOptions): Tensor {
  checkTensors(op, [a, b]);
  if (a.dtype !== b.dtype) throw new DTypeError(`${op}: expected tensors of one type, got ${a.dtype} and ${b.dtype}; convert one with to()`);
  for (const [name, value] of Object.entries({ rtol, atol })) if (!(value >= 0)) throw new ArgumentError(`${op}: expected ${name} >= 0, got ${value}`);
  broadcastShapes(op, a.shape, b.shape);
  const [x, y] = a.isFloatingPoint() ? [a, b] : [toDType(a, "float32"), toDType(b, "float32")];
  return apply(equalNan ? comparisons.iscloseOrNaN : comparisons.isclose, [x, y, rtol, atol]);
}

function checkReadable(op: string, x: Tensor, remedy: string): void {
  if (!canReadAtOnce(x.device)) throw new DeviceError(`${op}: device "${x.device.name}" cannot read synchronously; use \`${remedy}\``);
}

/**
 * a where the condition holds, else b; all three broadcast.
 *
 * @see torch.where
 * @example
 * where(tensor([true, false]), 1, tensor([5, 6])).toArraySync(); // [1, 6]
 */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor => apply(ops.where, [condition, a, b]);

/** `value`, a number or a scalar tensor, where the mask holds, else x, whose element type stays. @see torch.Tensor.masked_fill */
export const maskedFill = (x: Tensor, mask: Tensor, value: Operand): Tensor => {
  if (typeof value === "object" && value.ndim > 0) throw new ShapeError(`maskedFill: expected a number or a scalar tensor, got shape ${showShape(value.shape)}; use where for several values`);
  return apply(ops.where, [mask, asElementOf(x, value), x]);
};

/** A value in the element type of a tensor, with whose type it then cannot interfere. */
function asElementOf(x: Tensor, value: Operand): Operand {
  if (typeof value === "object") return toDType(value, x.dtype);
  const { kind } = dtypeInfo[x.dtype];
  return kind === "bool" ? Boolean(value) : kind === "int" && typeof value === "number" ? Math.trunc(value) : value;
}

/** `value`, a number or a scalar tensor, everywhere. @see torch.fill */
export const fill = /* @__PURE__ */ choosing("fill", (op, x: Tensor, value: Operand): Chosen => {
  if (typeof value === "object" && value.ndim > 0) throw new ShapeError(`${op}: expected a number or a scalar tensor, got shape ${showShape(value.shape)}; use copy_ for several values`);
  return [ops.copy, x, value];
});

/** A contiguous copy with a storage of its own. @see torch.clone */
export const clone = /* @__PURE__ */ unary(ops.clone);
