/**
 * Gradient checks: what a vector–Jacobian product says, beside what the function does.
 *
 * @module
 */

/**
 * The gradient of `f` at `x` by central differences, in float64:
 *
 *   ∂f/∂xᵢ  ≈  (f(x + h eᵢ) − f(x − h eᵢ)) / 2h,   h = eps · max(1, |xᵢ|)
 *
 * The error is of order h² from the formula and of order 10⁻¹⁶/h from rounding; the default lies near the best of both.
 *
 * @param f - Must not keep the array that it is handed: it changes between calls.
 * @returns An array as long as `x`, which stays unchanged.
 * @example
 * numericalGradient((x) => x[0]! ** 2, Float64Array.of(1.5)); // Float64Array(1) [3]
 */
export function numericalGradient(f: (x: Float64Array) => number, x: Float64Array, eps = 6e-6): Float64Array {
  const probe = Float64Array.from(x);
  return x.map((value, i) => {
    const h = eps * Math.max(1, Math.abs(value));
    const above = value + h;
    const below = value - h;
    probe[i] = above;
    const fAbove = f(probe);
    probe[i] = below;
    const fBelow = f(probe);
    probe[i] = value;
    // above − below and not 2h: the difference of the points that were really used.
    return (fAbove - fBelow) / (above - below);
  });
}

export interface GradientComparison {
  /** The function, for the error. */
  readonly name: string;
  /** Where the gradients were taken. */
  readonly at: ArrayLike<number>;
  /** What differentiation gave. */
  readonly received: ArrayLike<number>;
  /** What it should be. */
  readonly expected: ArrayLike<number>;
  /** Relative tolerance; 1e-5 when absent. */
  readonly rtol?: number;
  /** Absolute tolerance; 1e-7 when absent. */
  readonly atol?: number;
}

/** A derivative differs from the expected one. */
export class GradientError extends Error {
  override readonly name = "GradientError";

  constructor(
    message: string,
    readonly index: number,
    readonly received: number,
    readonly expected: number,
  ) {
    super(message);
  }
}

/**
 * Compares gradients element by element: |received − expected| ≤ atol + rtol · |expected|. NaN equals NaN, and an infinity itself.
 *
 * @throws {GradientError} at the first element that differs, with function, input, received and expected derivative.
 */
export function compareGradients(comparison: GradientComparison): void {
  const { name, at, received, expected, rtol = 1e-5, atol = 1e-7 } = comparison;
  if (received.length !== expected.length) {
    throw new RangeError(`${name}: expected a gradient of ${expected.length} elements, got ${received.length}`);
  }
  for (let i = 0; i < expected.length; i++) {
    const actual = received[i]!;
    const wanted = expected[i]!;
    // Of an infinite expectation the tolerance would be infinite as well.
    if (Object.is(actual, wanted) || (Number.isFinite(wanted) && Math.abs(actual - wanted) <= atol + rtol * Math.abs(wanted))) continue;
    throw new GradientError(
      `${name}: expected the derivative ${wanted} with respect to input ${i}, received ${actual}\n  at (${printPoint(at, i)})`,
      i,
      actual,
      wanted,
    );
  }
}

export interface GradientCheck extends Omit<GradientComparison, "expected" | "at"> {
  readonly f: (x: Float64Array) => number;
  readonly at: Float64Array;
  /** Step of the central differences. */
  readonly eps?: number;
}

/**
 * Compares a gradient with the one that central differences give.
 *
 * @throws {GradientError}
 * @example
 * gradcheck({ name: "square", f: (x) => x[0]! ** 2, at: Float64Array.of(3), received: [6] }); // undefined
 */
export function gradcheck(check: GradientCheck): void {
  compareGradients({ ...check, expected: numericalGradient(check.f, check.at, check.eps) });
}

/** The point, or of a long one the neighbourhood of element `i`. */
function printPoint(point: ArrayLike<number>, i: number): string {
  const around = 4;
  const start = Math.max(0, i - around);
  const end = Math.min(point.length, i + around + 1);
  const shown = Array.from({ length: end - start }, (_, k) => String(point[start + k]));
  return [...(start > 0 ? ["…"] : []), ...shown, ...(end < point.length ? ["…"] : [])].join(", ");
}
