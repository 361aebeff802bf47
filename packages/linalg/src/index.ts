/**
 * Linear algebra on tensors: factorizations, solvers, determinants, norms, as in torch.linalg.
 *
 * `algorithms/` are the textbook methods on plain arrays; the other files check shapes, take batches apart and say how a gradient passes back.
 * Everything is computed on the host in float64 and rounded once, so that float32 results are as exact as they can be.
 */
export * from "./determinant.js";
export * from "./factorizations.js";
export * from "./least-squares.js";
export * from "./norms.js";
export * from "./powers.js";
export { inv, invEx, solve, solveEx, solveTriangular } from "./solve.js";
export type { SolveOptions, SolveTriangularOptions } from "./solve.js";
export { eigh, eigvalsh, svd, svdvals } from "./svd.js";
export type { EighOptions, SingularValueDecomposition, SvdOptions, SymmetricEigen } from "./svd.js";
