/** Matrices are row-major: element (i, j) of one with n columns is `a[i * n + j]`. */

export interface Elimination {
  /** The row that row k was exchanged with, at step k. */
  readonly pivots: Int32Array;
  /** Determinant of the exchanges. */
  readonly sign: 1 | -1;
  /** The first step whose pivot was zero, counted from 1; 0 if there is none. */
  readonly info: number;
}

/**
 * P A = L U by Gaussian elimination with partial pivoting, in place: L below the diagonal (its ones are not stored), U on and above.
 *
 * Golub, Van Loan, Matrix Computations (4th ed.), algorithm 3.4.1.
 */
export function eliminate(a: Float64Array, m: number, n: number, pivot = true): Elimination {
  const steps = Math.min(m, n);
  const pivots = new Int32Array(steps);
  let sign: 1 | -1 = 1;
  let info = 0;
  for (let k = 0; k < steps; k++) {
    let best = k;
    if (pivot) for (let i = k + 1; i < m; i++) if (Math.abs(a[i * n + k]!) > Math.abs(a[best * n + k]!)) best = i;
    pivots[k] = best;
    if (best !== k) {
      sign = -sign as 1 | -1;
      for (let j = 0; j < n; j++) [a[k * n + j], a[best * n + j]] = [a[best * n + j]!, a[k * n + j]!];
    }
    const top = a[k * n + k]!;
    if (top === 0) {
      if (info === 0) info = k + 1;
      continue;
    }
    for (let i = k + 1; i < m; i++) {
      const factor = (a[i * n + k]! /= top);
      if (factor !== 0) for (let j = k + 1; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
    }
  }
  return { pivots, sign, info };
}

/** Exchanges the rows of b, of `columns` columns, as an elimination did. */
function exchangeRows(pivots: Int32Array, b: Float64Array, columns: number): void {
  pivots.forEach((row, k) => {
    if (row !== k) for (let j = 0; j < columns; j++) [b[k * columns + j], b[row * columns + j]] = [b[row * columns + j]!, b[k * columns + j]!];
  });
}

export interface Triangle {
  readonly upper: boolean;
  /** Take the diagonal for ones, whatever stands there. */
  readonly unit: boolean;
}

/** Solves T X = B for a triangle T of a, n × n, by substitution; b, n × columns, becomes X. */
export function substitute(a: Float64Array, n: number, b: Float64Array, columns: number, { upper, unit }: Triangle): void {
  for (let step = 0; step < n; step++) {
    const i = upper ? n - 1 - step : step;
    for (let other = 0; other < step; other++) {
      const k = upper ? n - 1 - other : other;
      const factor = a[i * n + k]!;
      if (factor !== 0) for (let j = 0; j < columns; j++) b[i * columns + j]! -= factor * b[k * columns + j]!;
    }
    if (!unit) for (let j = 0; j < columns; j++) b[i * columns + j]! /= a[i * n + i]!;
  }
}

/** A X = B, where both are overwritten, b by X. */
export function solveInPlace(a: Float64Array, n: number, b: Float64Array, columns: number): Elimination {
  const elimination = eliminate(a, n, n);
  exchangeRows(elimination.pivots, b, columns);
  substitute(a, n, b, columns, { upper: false, unit: true });
  substitute(a, n, b, columns, { upper: true, unit: false });
  return elimination;
}

/**
 * A = L Lᵀ, in place; only the lower triangle is read, and zeros are written above.
 *
 * Golub, Van Loan, Matrix Computations (4th ed.), §4.2.5.
 *
 * @returns The order of the first leading minor that is not positive; 0 if A is positive definite.
 */
export function choleskyInPlace(a: Float64Array, n: number): number {
  let info = 0;
  for (let j = 0; j < n; j++) {
    let diagonal = a[j * n + j]!;
    for (let k = 0; k < j; k++) diagonal -= a[j * n + k]! ** 2;
    if (!(diagonal > 0) && info === 0) info = j + 1;
    const root = Math.sqrt(diagonal);
    a[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let value = a[i * n + j]!;
      for (let k = 0; k < j; k++) value -= a[i * n + k]! * a[j * n + k]!;
      a[i * n + j] = value / root;
      a[j * n + i] = 0;
    }
  }
  return info;
}
