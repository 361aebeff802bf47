import { type Field, flag, integer, type StateOf, text } from "../../codec.js";

/** Numbers by name: `x:2,y:3`. */
const numbers = (initial: Readonly<Record<string, number>>): Field<Readonly<Record<string, number>>> => ({
  initial,
  write: (values) =>
    Object.entries(values)
      .map(([name, value]) => `${name}:${value}`)
      .join(","),
  read: (line) => {
    const pairs = line === "" ? [] : line.split(",").map((pair) => pair.split(":"));
    if (pairs.length > 20 || pairs.some(([name, value, rest]) => !name || !value || rest !== undefined || !Number.isFinite(Number(value)))) return undefined;
    return Object.fromEntries(pairs.map(([name, value]) => [name!, Number(value)]));
  },
});

export const fields = {
  expression: text("log(x * y) + exp(x * y)", 400),
  values: numbers({ x: 2, y: 0.5 }),
  shared: flag(true),
  step: integer({ min: 0, max: 10_000, initial: 0 }),
};

export type State = StateOf<typeof fields>;

export const examples: readonly (readonly [expression: string, values: Readonly<Record<string, number>>])[] = [
  ["log(x * y) + exp(x * y)", { x: 2, y: 0.5 }],
  ["z = x * y; log(z) + exp(z)", { x: 2, y: 0.5 }],
  ["x * x + x", { x: 3 }],
  ["sigmoid(w1 * x1 + w2 * x2 + b)", { w1: 1, w2: -2, b: 0.5, x1: 0.5, x2: 0.25 }],
  ["tanh(x)^2 / (1 + y)", { x: 0.7, y: 2 }],
  ["relu(1 - y * (w * x + b))", { y: 1, w: 0.5, x: 1, b: 0.1 }],
];
