/**
 * Householder's reflections H = I − τ v vᵀ with v₀ = 1, as LAPACK keeps them: R on and above the diagonal, the rest of each v below.
 *
 * Golub, Van Loan, Matrix Computations (4th ed.), §5.1–5.2; signs as in LAPACK's dlarfg, so that Q and R are those of PyTorch.
 *
 * @returns The factors τ. `a`, m × n, is overwritten.
 */
export function reflect(a: Float64Array, m: number, n: number): Float64Array {
  const steps = Math.min(m, n);
  const tau = new Float64Array(steps);
  for (let k = 0; k < steps; k++) {
    const alpha = a[k * n + k]!;
    let below = 0;
    for (let i = k + 1; i < m; i++) below = Math.hypot(below, a[i * n + k]!);
    if (below === 0) continue;
    const beta = -Math.sign(alpha || 1) * Math.hypot(alpha, below);
    tau[k] = (beta - alpha) / beta;
    for (let i = k + 1; i < m; i++) a[i * n + k]! /= alpha - beta;
    a[k * n + k] = beta;
    for (let j = k + 1; j < n; j++) {
      let product = a[k * n + j]!;
      for (let i = k + 1; i < m; i++) product += a[i * n + k]! * a[i * n + j]!;
      product *= tau[k]!;
      a[k * n + j]! -= product;
      for (let i = k + 1; i < m; i++) a[i * n + j]! -= product * a[i * n + k]!;
    }
  }
  return tau;
}

/** The first `columns` columns of H₀ H₁ …, from reflections as `reflect` leaves them in an m × n matrix. */
export function orthogonalFactor(a: Float64Array, tau: Float64Array, m: number, n: number, columns: number): Float64Array {
  const q = new Float64Array(m * columns);
  for (let i = 0; i < Math.min(m, columns); i++) q[i * columns + i] = 1;
  for (let k = tau.length - 1; k >= 0; k--) {
    for (let j = 0; j < columns; j++) {
      let product = q[k * columns + j]!;
      for (let i = k + 1; i < m; i++) product += a[i * n + k]! * q[i * columns + j]!;
      product *= tau[k]!;
      q[k * columns + j]! -= product;
      for (let i = k + 1; i < m; i++) q[i * columns + j]! -= product * a[i * n + k]!;
    }
  }
  return q;
}
