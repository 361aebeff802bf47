import { hostMath } from "@gradus/kernel-ir";
import type * as elementwiseOps from "@gradus/tensor-core/elementwise-ops";
import { activationCases } from "./activation.js";
import type { ElementwiseCase, Interval } from "./case.js";
import { lossCases } from "./loss.js";

const unary = (reference: (x: number) => number, domain: Interval, extra: Partial<ElementwiseCase> = {}): ElementwiseCase => ({ reference, domain: [domain], smooth: [0], ...extra });
const binary = (reference: (a: number, b: number) => number, domain: Interval, extra: Partial<ElementwiseCase> = {}): ElementwiseCase => ({ reference, domain: [domain, domain], smooth: [0, 1], ...extra });
const comparison = (holds: (a: number, b: number) => boolean): ElementwiseCase => ({ reference: (a, b) => Number(holds(a, b)), domain: [[-3, 3], [-3, 3]], smooth: [] });

const wide: Interval = [-4, 4];
const step = { smooth: [] } as const;

const halfEven = (x: number): number => {
  const down = Math.floor(x);
  const nearest = x - down === 0.5 && down % 2 === 0 ? down : Math.round(x);
  return nearest === 0 && x < 0 ? -0 : nearest;
};
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const largest = (a: number, b: number): number => Math.max(a, b);
const smallest = (a: number, b: number): number => Math.min(a, b);
const floorMod = (a: number, b: number): number => {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
};

/** 1 − erf x for x ≥ ½, by the continued fraction e^(−x²)/√π · 1/(x + ½/(x + 1/(x + …))). */
const erfcTail = (x: number): number => {
  let fraction = x;
  for (let n = 400; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
};
const divisor = (a: number, b: number): number => (b === 0 ? Math.abs(a) : divisor(b, a % b));
const closeness: ElementwiseCase = { reference: (a, b, rtol, atol) => Number(a === b || Math.abs(a - b) <= atol + Math.abs(rtol * b)), domain: [[-3, 3], [-3, 3], [0.1, 0.2], [0, 0.1]], smooth: [], specials: false };

/** One entry for each op of the table in tensor-core: an op without one does not compile. */
export const elementwiseCases = {
  exp2: unary((x) => hostMath.pow(2, x), wide, { ulps: 3 }),
  expm1: unary(Math.expm1, wide, { ulps: 4 }),
  log1p: unary(Math.log1p, [-0.9, 4], { ulps: 3 }),
  log2: unary(Math.log2, [0.1, 9], { ulps: 2, absolute: 1 }),
  log10: unary(Math.log10, [0.1, 9], { ulps: 2, absolute: 1 }),
  // Subtracting from 1 or 2 leaves an error that counts beside those.
  erfc: unary((x) => (x < 0.5 ? 1 - hostMath.erf(x, 0) : erfcTail(x)), wide, { ulps: 8, absolute: 2, specials: false }),
  logit: unary((x) => Math.log(x / (1 - x)), [0.1, 0.9], { ulps: 3, absolute: 2 }),
  logitClamped: { reference: (x, eps) => ((z) => Math.log(z / (1 - z)))(x < eps ? eps : Math.min(x, 1 - eps)), domain: [[0.2, 0.8], [0.05, 0.15]], smooth: [0], ulps: 3, absolute: 2, specials: false },
  logaddexp: binary((a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))), wide, { ulps: 3, absolute: 2, specials: false }),
  logaddexp2: binary((a, b) => Math.max(a, b) + Math.log2(1 + 2 ** -Math.abs(a - b)), wide, { ulps: 3, absolute: 2, specials: false }),
  xlogy: binary((a, b) => (Number.isNaN(b) ? NaN : a === 0 ? 0 : a * Math.log(b)), [0.2, 4], { ulps: 3, absolute: 1 }),

  tan: unary(Math.tan, [-1.3, 1.3], { ulps: 5, specials: false }),
  asin: unary(Math.asin, [-0.95, 0.95], { ulps: 3 }),
  acos: unary(Math.acos, [-0.95, 0.95], { ulps: 3 }),
  atan: unary(Math.atan, wide, { ulps: 2 }),
  atan2: binary(Math.atan2, [0.3, 4], { ulps: 3 }),
  sinh: unary(Math.sinh, wide, { ulps: 5 }),
  cosh: unary(Math.cosh, wide, { ulps: 4 }),
  asinh: unary(Math.asinh, wide, { ulps: 4 }),
  acosh: unary(Math.acosh, [1.2, 9], { ulps: 4 }),
  atanh: unary(Math.atanh, [-0.9, 0.9], { ulps: 4 }),
  hypot: binary(Math.hypot, [0.3, 4], { ulps: 2 }),
  sinc: unary((x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)), wide, { ulps: 4, absolute: 4, specials: false }),
  deg2rad: unary((x) => x * (Math.PI / 180), wide, { ulps: 2 }),
  rad2deg: unary((x) => x * (180 / Math.PI), wide, { ulps: 2 }),
  angle: unary((x) => (Number.isNaN(x) ? NaN : x < 0 ? Math.PI : 0), wide, step),

  isfinite: unary((x) => Number(Number.isFinite(x)), wide, step),
  isinf: unary((x) => Number(Math.abs(x) === Infinity), wide, step),
  isposinf: unary((x) => Number(x === Infinity), wide, step),
  isneginf: unary((x) => Number(x === -Infinity), wide, step),
  isreal: unary(() => 1, wide, step),
  // The sign of NaN is nobody's business.
  signbit: unary((x) => Number(x < 0 || Object.is(x, -0)), wide, { ...step, specials: false }),
  frac: unary((x) => x - Math.trunc(x), [0.1, 0.9]),
  nanToNum: { reference: (x) => x, domain: [wide], smooth: [0], specials: false },
  copysign: { reference: (a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a)), domain: [[0.2, 4], wide], smooth: [0], specials: false },
  // Depends on the element type; tensor-core's tests compare it with PyTorch.
  nextafter: { reference: (_, b) => b, domain: [[1, 1]], smooth: [], specials: false },
  ldexp: { reference: (a, b) => a * 2 ** b, domain: [wide, [-3, 3]], smooth: [0, 1], ulps: 3, specials: false },

  bitwiseNot: unary((x) => ~x, [0, 9], step),
  inverted: unary((x) => 1 - x, [0, 1], step),
  bitwiseAnd: binary((a, b) => a & b, [0, 9], step),
  bitwiseOr: binary((a, b) => a | b, [0, 9], step),
  bitwiseXor: binary((a, b) => a ^ b, [0, 9], step),
  bitwiseLeftShift: binary((a, b) => a << b, [0, 4], step),
  bitwiseRightShift: binary((a, b) => a >> b, [0, 9], step),
  gcd: binary(divisor, [-30, 30], step),
  lcm: binary((a, b) => Math.abs((a / (divisor(a, b) || 1)) * b), [-10, 10], step),

  neg: unary((x) => -x, wide),
  abs: unary(Math.abs, wide),
  sign: unary((x) => (Number.isNaN(x) ? 0 : Math.sign(x) + 0), wide, step),
  sgn: unary((x) => (Number.isNaN(x) ? 0 : Math.sign(x) + 0), wide, step),
  square: unary((x) => x * x, wide),
  reciprocal: unary((x) => 1 / x, [0.2, 4]),
  sqrt: unary(Math.sqrt, [0.1, 9]),
  std: unary(Math.sqrt, [0.1, 9]),
  rsqrt: unary((x) => 1 / Math.sqrt(x), [0.1, 9], { ulps: 2 }),
  exp: unary(Math.exp, wide, { ulps: 2 }),
  log: unary(Math.log, [0.1, 9], { ulps: 2 }),
  sin: unary(Math.sin, wide, { ulps: 2, absolute: 1 }),
  cos: unary(Math.cos, wide, { ulps: 2, absolute: 1 }),
  tanh: unary(Math.tanh, wide, { ulps: 3 }),
  erf: unary((x) => hostMath.erf(x, 0), wide, { ulps: 3 }),
  floor: unary(Math.floor, wide, step),
  ceil: unary(Math.ceil, wide, step),
  round: unary(halfEven, wide, step),
  trunc: unary(Math.trunc, wide, step),
  roundAfterPoint: { reference: (x, scale) => halfEven(Math.fround(x * scale)) / scale, domain: [wide, [1, 8]], smooth: [], ulps: 2, specials: false },
  roundBeforePoint: { reference: (x, scale) => halfEven(Math.fround(x / scale)) * scale, domain: [[-40, 40], [1, 8]], smooth: [], ulps: 2, specials: false },
  isnan: unary((x) => Number(Number.isNaN(x)), wide, step),
  logicalNot: unary((x) => Number(x === 0), [-1, 1], step),
  clone: unary((x) => x, wide),

  relu: unary((x) => Math.max(x, 0), wide),
  sigmoid: unary(sigmoid, wide, { ulps: 4, underflows: true }),
  // Cancellation in 1 + erf: the error counts beside x and not beside the result.
  gelu: unary((x) => x * 0.5 * (1 + hostMath.erf(x * Math.SQRT1_2, 0)), wide, { ulps: 4, absolute: 8, specials: false }),
  geluTanh: unary((x) => x * 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))), wide, { ulps: 4, absolute: 8, specials: false }),
  silu: unary((x) => x * sigmoid(x), wide, { ulps: 4, specials: false }),
  leakyRelu: binary((x, slope) => (x > 0 ? x : x * slope), [0.1, 3], { specials: false }),
  softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), wide, { ulps: 3, absolute: 1, specials: false }),
  softplusScaled: {
    reference: (x, beta, threshold) => (x * beta > threshold ? x : Math.log1p(Math.exp(beta * x)) / beta),
    domain: [wide, [0.5, 2], [20, 30]],
    smooth: [0],
    ulps: 4,
    absolute: 2,
    specials: false,
  },
  ...activationCases,

  add: binary((a, b) => a + b, wide),
  sub: binary((a, b) => a - b, wide),
  mul: binary((a, b) => a * b, wide),
  div: { reference: (a, b) => a / b, domain: [wide, [0.5, 4]], smooth: [0, 1] },
  divTrunc: { reference: (a, b) => Math.trunc(a / b), domain: [[-9, 9], [1.5, 3.5]], smooth: [], specials: false },
  divFloor: { reference: (a, b) => Math.floor(a / b), domain: [[-9, 9], [1.5, 3.5]], smooth: [], specials: false },
  pow: { reference: (a, b) => hostMath.pow(a, b), domain: [[0.3, 3], [0, 3]], smooth: [0, 1], ulps: 4 },
  maximum: binary(largest, wide),
  minimum: binary(smallest, wide),
  remainder: { reference: (a, b) => floorMod(a, b), domain: [wide, [1.5, 3.5]], smooth: [0, 1], absolute: 2, specials: false },
  fmod: { reference: (a, b) => a % b, domain: [wide, [1.5, 3.5]], smooth: [0, 1] },
  fmax: binary((a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : a >= b ? a : b), wide),
  fmin: binary((a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : a <= b ? a : b), wide),
  floatPower: { reference: (a, b) => hostMath.pow(a, b), domain: [[0.3, 3], [0, 3]], smooth: [0, 1], ulps: 4 },
  heaviside: { reference: (x, value) => (x === 0 ? value : Number(x > 0)), domain: [wide, wide], smooth: [] },
  addcmul: { reference: (x, a, b, value) => x + value * a * b, domain: [wide, wide, wide, [1, 3]], smooth: [0, 1, 2, 3], ulps: 2, absolute: 64, specials: false },
  addcdiv: { reference: (x, a, b, value) => x + (value * a) / b, domain: [wide, wide, [0.5, 4], [1, 3]], smooth: [0, 1, 2, 3], ulps: 2, absolute: 64, specials: false },
  addScaled: { reference: (a, b, alpha) => a + alpha * b, domain: [wide, wide, [1, 3]], smooth: [0, 1, 2], ulps: 2, absolute: 8, specials: false },
  subScaled: { reference: (a, b, alpha) => a - alpha * b, domain: [wide, wide, [1, 3]], smooth: [0, 1, 2], ulps: 2, absolute: 8, specials: false },
  lerp: { reference: (a, b, weight) => a + weight * (b - a), domain: [wide, wide, [0, 1]], smooth: [0, 1, 2], ulps: 2, absolute: 8, specials: false },
  clampMin: { reference: largest, domain: [wide, [-2, -1]], smooth: [0, 1] },
  clampMax: { reference: smallest, domain: [wide, [1, 2]], smooth: [0, 1] },
  clamp: { reference: (x, low, high) => Math.min(Math.max(x, low), high), domain: [wide, [-2, -1], [1, 2]], smooth: [0, 1, 2] },
  ...lossCases,

  eq: comparison((a, b) => a === b),
  ne: comparison((a, b) => a !== b),
  lt: comparison((a, b) => a < b),
  le: comparison((a, b) => a <= b),
  gt: comparison((a, b) => a > b),
  ge: comparison((a, b) => a >= b),
  logicalAnd: comparison((a, b) => a !== 0 && b !== 0),
  logicalOr: comparison((a, b) => a !== 0 || b !== 0),
  logicalXor: comparison((a, b) => (a !== 0) !== (b !== 0)),
  isclose: closeness,
  iscloseOrNaN: closeness,

  where: { reference: (condition, a, b) => (condition === 0 ? b : a), domain: [[0, 1], wide, wide], smooth: [1, 2] },
  copy: { reference: (_, source) => source, domain: [wide, wide], smooth: [0, 1] },
} as const satisfies Record<keyof typeof elementwiseOps, ElementwiseCase>;
