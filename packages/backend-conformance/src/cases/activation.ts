import type { ElementwiseCase, Interval } from "./case.js";

const wide: Interval = [-4, 4];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const bounded = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const [alpha, scale] = [1.6732632423543772, 1.0507009873554805];

/** A function of x, and of numbers that are not differentiated. */
const activation = (reference: (x: number, ...numbers: readonly number[]) => number, extra: Partial<ElementwiseCase> = {}): ElementwiseCase => ({ reference, domain: [wide], smooth: [0], specials: false, ...extra });

/** Activations of `torch.nn.functional`, in the order of their table. */
export const activationCases = {
  hardtanh: activation((x, low, high) => bounded(x, low, high), { domain: [wide, [-2, -1], [1, 2]] }),
  relu6: activation((x) => bounded(x, 0, 6), { domain: [[-8, 8]] }),
  hardsigmoid: activation((x) => bounded(x + 3, 0, 6) / 6, { absolute: 2 }),
  hardswish: activation((x) => (x * bounded(x + 3, 0, 6)) / 6, { ulps: 2, absolute: 4 }),
  hardshrink: activation((x, bound) => (Math.abs(x) <= bound ? 0 : x), { domain: [wide, [0.5, 1]] }),
  softshrink: activation((x, bound) => (x > bound ? x - bound : x < -bound ? x + bound : 0), { domain: [wide, [0.5, 1]] }),
  tanhshrink: activation((x) => x - Math.tanh(x), { ulps: 4, absolute: 4 }),
  softsign: activation((x) => x / (1 + Math.abs(x)), { ulps: 2 }),
  logsigmoid: activation((x) => -softplus(-x), { ulps: 3, absolute: 1 }),
  mish: activation((x) => x * Math.tanh(softplus(x)), { ulps: 5, absolute: 2 }),
  elu: activation((x, a) => (x > 0 ? x : a * Math.expm1(x)), { domain: [wide, [0.5, 2]], ulps: 5 }),
  celu: activation((x, a) => (x > 0 ? x : a * Math.expm1(x / a)), { domain: [wide, [0.5, 2]], ulps: 6 }),
  selu: activation((x) => scale * (x > 0 ? x : alpha * Math.expm1(x)), { ulps: 6 }),
  prelu: activation((x, slope) => (x > 0 ? x : slope * x), { domain: [wide, [0.1, 0.9]], smooth: [0, 1] }),
  glu: activation((a, b) => a * sigmoid(b), { smooth: [0, 1], ulps: 4 }),
  threshold: activation((x, bound, value) => (x <= bound ? value : x), { domain: [wide, [0.5, 1], [-3, 3]] }),
} as const satisfies Record<string, ElementwiseCase>;
