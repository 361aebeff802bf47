import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp, type FormulaBuilder as K, formulas } from "@gradus/tensor-core";

const { erfc, float, gaussian, half, log1p, one, polynomial, scaledErfc, squared, times, unary, xTimes, zero } = formulas;

/** The normal distribution, the error function's relatives, and entropies. */

/** e^(x²)·erfc x; of negative x by 2e^(x²) − e^(x²)·erfc(−x). */
function erfcxOf(k: K, x: Expr): Expr {
  const positive = scaledErfc(k, k.abs(x));
  // From 64 on, 2e^(x²) is infinite in float64 too.
  const power = k.div(k.like(2, x), gaussian(k, k.min(k.abs(x), k.like(64, x))));
  return k.select(k.lt(x, zero(k, x)), k.sub(power, positive), positive);
}

/**
 * The normal quantile of ½ + q, given p = min(½ + q, ½ − q) without the error of that subtraction.
 *
 * M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988); right to 16 digits.
 */
function normalQuantile(k: K, q: Expr, p: Expr): Expr {
  const inner = k.sub(k.like(0.180625, q), squared(k, q));
  const center = k.mul(q, k.div(polynomial(k, inner, wichura.center.over), polynomial(k, inner, wichura.center.under)));
  const r = k.sqrt(k.neg(k.log(p)));
  const [near, far] = [k.sub(r, k.like(1.6, r)), k.sub(r, k.like(5, r))];
  const tail = k.select(
    k.le(r, k.like(5, r)),
    k.div(polynomial(k, near, wichura.near.over), polynomial(k, near, wichura.near.under)),
    k.div(polynomial(k, far, wichura.far.over), polynomial(k, far, wichura.far.under)),
  );
  const signed = k.select(k.lt(q, zero(k, q)), k.neg(tail), tail);
  const infinite = k.select(k.lt(q, zero(k, q)), k.like(-Infinity, q), k.like(Infinity, q));
  return k.select(k.le(k.abs(q), k.like(0.425, q)), center, k.select(k.eq(p, zero(k, p)), infinite, signed));
}
/** Highest power first. */
const wichura = {
  center: {
    over: [2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665],
    under: [5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579, 42.31333070160091, 1],
  },
  near: {
    over: [0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835],
    under: [1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851, 1.6763848301838038, 2.053191626637759, 1],
  },
  far: {
    over: [2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103],
    under: [2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133, 0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1],
  },
} as const;

const sqrtHalf = Math.SQRT1_2;
const density = 1 / Math.sqrt(2 * Math.PI);

/** Ops by name, for tests that run through all of them. */
export const probabilityOps = {
  erfcx: new ElementwiseOp("erfcx", 1, erfcxOf, {
    ...float,
    derivatives: [(k, g, y, x) => k.mul(g, k.sub(times(k, k.mul(x, y), 2), k.like(2 / Math.sqrt(Math.PI), x)))],
  }),
  erfinv: new ElementwiseOp("erfinv", 1, (k, x) => {
    const q = k.mul(x, half(k, x));
    const p = k.mul(k.sub(one(k, x), k.abs(x)), half(k, x));
    return k.select(k.gt(k.abs(x), one(k, x)), k.like(NaN, x), times(k, normalQuantile(k, q, p), sqrtHalf));
  }, { ...float, derivatives: [(k, g, y) => k.mul(g, times(k, k.exp(squared(k, y)), Math.sqrt(Math.PI) / 2))] }),
  ndtr: new ElementwiseOp("ndtr", 1, (k, x) => k.mul(half(k, x), erfc(k, times(k, x, -sqrtHalf))), {
    ...float,
    derivatives: [(k, g, _, x) => k.mul(g, times(k, k.exp(times(k, squared(k, x), -0.5)), density))],
  }),
  ndtri: new ElementwiseOp("ndtri", 1, (k, p) => {
    const q = k.sub(p, half(k, p));
    const outside = k.or(k.lt(p, zero(k, p)), k.gt(p, one(k, p)));
    return k.select(outside, k.like(NaN, p), normalQuantile(k, q, k.min(p, k.sub(one(k, p), p))));
  }, { ...float, derivatives: [(k, g, y) => k.mul(g, times(k, k.exp(times(k, squared(k, y), 0.5)), Math.sqrt(2 * Math.PI)))] }),
  logNdtr: new ElementwiseOp("logNdtr", 1, (k, x) => {
    const left = k.sub(k.log(times(k, scaledErfc(k, times(k, k.abs(x), sqrtHalf)), 0.5)), times(k, squared(k, x), 0.5));
    const right = log1p(k, times(k, erfc(k, times(k, x, sqrtHalf)), -0.5));
    return k.select(k.lt(x, k.like(-1, x)), left, right);
  }, { ...float, derivatives: [(k, g, _, x) => k.div(times(k, g, Math.sqrt(2 / Math.PI)), erfcxOf(k, times(k, x, -sqrtHalf)))] }),
  entr: new ElementwiseOp("entr", 1, (k, x) => k.select(k.eq(x, zero(k, x)), zero(k, x), k.select(k.lt(x, zero(k, x)), k.like(-Infinity, x), k.neg(k.mul(x, k.log(x))))), {
    ...float,
    derivatives: [(k, g, _, x) => k.neg(k.mul(g, k.add(one(k, x), k.log(x))))],
  }),
  xlog1py: new ElementwiseOp("xlog1py", 2, (k, a, b) => xTimes(k, a, b, log1p(k, b)), {
    ...float,
    derivatives: [
      (k, g, _, a, b) => k.select(k.and(k.eq(a, zero(k, a)), k.le(b, k.like(-1, b))), zero(k, g), xTimes(k, g, b, log1p(k, b))),
      (k, g, _, a, b) => k.div(k.mul(g, a), k.add(b, one(k, b))),
    ],
  }),
};

const ops = probabilityOps;

/** e^(x²)·erfc x, which does not underflow. @see torch.special.erfcx */
export const erfcx = unary(ops.erfcx);
/** The inverse of erf, on (−1, 1). @see torch.erfinv */
export const erfinv = unary(ops.erfinv);
/** The probability that a standard normal number is below x. @see torch.special.ndtr */
export const ndtr = unary(ops.ndtr);
/** The inverse of ndtr: the normal quantile, on (0, 1). @see torch.special.ndtri */
export const ndtri = unary(ops.ndtri);
/** log(ndtr(x)), which keeps its digits far to the left. @see torch.special.log_ndtr */
export const logNdtr = unary(ops.logNdtr);
/** −x log x; 0 at 0, −Infinity below. @see torch.special.entr */
export const entr = unary(ops.entr);
/** a · log(1 + b), and 0 where a is 0. @see torch.special.xlog1py */
export const xlog1py = formulas.binary(ops.xlog1py);
