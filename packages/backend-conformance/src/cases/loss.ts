import type { ElementwiseCase, Interval } from "./case.js";

const wide: Interval = [-4, 4];
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const distance = (x: number, y: number): number => Math.abs(x - y);

/** Losses that work one element at a time, in the order of their table. */
export const lossCases = {
  binaryCrossEntropy: {
    reference: (p, y) => (y - 1) * Math.max(Math.log1p(-p), -100) - y * Math.max(Math.log(p), -100),
    domain: [[0.1, 0.9], [0, 1]],
    smooth: [0, 1],
    ulps: 4,
    absolute: 4,
    specials: false,
  },
  smoothL1Loss: {
    reference: (x, y, beta) => (distance(x, y) < beta ? distance(x, y) ** 2 / (2 * beta) : distance(x, y) - beta / 2),
    domain: [wide, wide, [0.5, 2]],
    smooth: [0, 1],
    ulps: 4,
    absolute: 8,
    specials: false,
  },
  huberLoss: {
    reference: (x, y, delta) => (distance(x, y) <= delta ? distance(x, y) ** 2 / 2 : delta * (distance(x, y) - delta / 2)),
    domain: [wide, wide, [0.5, 2]],
    smooth: [0, 1],
    ulps: 4,
    absolute: 8,
    specials: false,
  },
  softMarginLoss: { reference: (x, y) => softplus(-x * y), domain: [wide, wide], smooth: [0, 1], ulps: 8, absolute: 4, specials: false },
  klDiv: { reference: (x, y) => (y === 0 ? 0 : y * Math.log(y)) - y * x, domain: [wide, [0.1, 1]], smooth: [0, 1], ulps: 4, absolute: 8, specials: false },
} as const satisfies Record<string, ElementwiseCase>;
