/** A function of one or two numbers, and how a derivative passes back through it. */
export interface ScalarFunction {
  readonly name: string;
  readonly forward: (a: number, b: number) => number;
  /** One for each argument: from d = ∂L/∂y to ∂L/∂argument = d · ∂y/∂argument, at arguments `a`, `b` and result `y`. */
  readonly backward: readonly ((d: number, a: number, b: number, y: number) => number)[];
}

/** `y = f(x)`, and from d = ∂L/∂y the derivative ∂L/∂x. */
const unary = (forward: (x: number) => number, dx: (d: number, x: number, y: number) => number) =>
  ({ forward, backward: [(d, x, _, y) => dx(d, x, y)] }) satisfies Omit<ScalarFunction, "name">;

type BinaryRule = (d: number, a: number, b: number, y: number) => number;

/** `y = f(a, b)`, and from d = ∂L/∂y the derivatives ∂L/∂a and ∂L/∂b. */
const binary = (forward: (a: number, b: number) => number, da: BinaryRule, db: BinaryRule) =>
  ({ forward, backward: [da, db] }) satisfies Omit<ScalarFunction, "name">;

/** A comparison is a step function: flat, except where it jumps. */
const comparison = (holds: (a: number, b: number) => boolean) =>
  binary(
    (a, b) => (holds(a, b) ? 1 : 0),
    () => 0,
    () => 0,
  );

const { abs, exp, log, max, tanh } = Math;

// prettier-ignore
const unaryRows = {
  /** y = −x          dy/dx = −1 */
  neg:     unary((x) => -x,                 (d) => -d),
  /** y = ln x        dy/dx = 1/x */
  log:     unary((x) => log(x),             (d, x) => d / x),
  /** y = eˣ          dy/dx = eˣ = y */
  exp:     unary((x) => exp(x),             (d, _, y) => d * y),
  /** y = max(0, x)   dy/dx = 1 where x > 0, else 0 */
  relu:    unary((x) => max(0, x),          (d, x) => (x <= 0 ? 0 : d)),
  /** y = 1/(1 + e⁻ˣ) dy/dx = y (1 − y) */
  sigmoid: unary((x) => 1 / (1 + exp(-x)),  (d, _, y) => d * (1 - y) * y),
  /** y = tanh x      dy/dx = 1 − y² */
  tanh:    unary((x) => tanh(x),            (d, _, y) => d * (1 - y * y)),
};

// prettier-ignore
const binaryRows = {
  /** y = a + b   ∂y/∂a = 1            ∂y/∂b = 1 */
  add: binary((a, b) => a + b,     (d) => d,                    (d) => d),
  /** y = a − b   ∂y/∂a = 1            ∂y/∂b = −1 */
  sub: binary((a, b) => a - b,     (d) => d,                    (d) => -d),
  /** y = a · b   ∂y/∂a = b            ∂y/∂b = a */
  mul: binary((a, b) => a * b,     (d, _, b) => d * b,          (d, a) => d * a),
  /** y = a / b   ∂y/∂a = 1/b          ∂y/∂b = −a/b² */
  div: binary((a, b) => a / b,     (d, _, b) => d / b,          (d, a, b) => -d * (a / b / b)),
  /** y = aᵇ      ∂y/∂a = b aᵇ⁻¹       ∂y/∂b = aᵇ ln a */
  pow: binary(power,
    // a⁰ is the constant 1, also where b aᵇ⁻¹ would be 0 · ∞; and 0ᵇ is flat in b, also where aᵇ ln a would be 0 · −∞.
    (d, a, b) => (b === 0 ? 0 : d * (b * power(a, b - 1))),
    (d, a, b, y) => (a === 0 && b >= 0 ? 0 : d * (y * log(a)))),
  lt:  comparison((a, b) => a < b),
  le:  comparison((a, b) => a <= b),
  gt:  comparison((a, b) => a > b),
  ge:  comparison((a, b) => a >= b),
  eq:  comparison((a, b) => a === b),
  ne:  comparison((a, b) => a !== b),
};

/** IEEE 754's power: 1ᵇ = 1 for every b and (−1)^±∞ = 1, where JavaScript's `**` gives NaN. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && abs(b) === Infinity) ? 1 : a ** b;
}

export type UnaryName = keyof typeof unaryRows;
export type BinaryName = keyof typeof binaryRows;

/**
 * Every function that a scalar knows: its value, beside its derivative. Special values are IEEE 754's and PyTorch's: `log(0)` is
 * −Infinity and its derivative Infinity. Unlike minitorch, nothing is added inside the logarithm to hide them.
 */
export const functions = Object.fromEntries(
  Object.entries({ ...unaryRows, ...binaryRows }).map(([name, row]) => [name, { name, ...row }]),
) as unknown as Readonly<Record<UnaryName | BinaryName, ScalarFunction>>;
