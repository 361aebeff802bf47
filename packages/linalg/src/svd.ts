import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, optionsOf, record, where } from "@gradus/tensor-core";
import { singularValues, symmetricEigen } from "./algorithms/jacobi.js";
import { batchOf, checkMatrices, checkSquare, columnsOf, fromHost, hostMatrices, identity, rowsOf, scaleColumns, widen } from "./batch.js";

const skew = (x: Tensor): Tensor => x.sub(x.mT);
const onDiagonal = (like: Tensor, d: Tensor): Tensor => scaleColumns(identity(like, d.shape.at(-1)!), d);

/** 1 / (dⱼ − dᵢ) off the diagonal; zero on it, and where two are equal: there the vectors may turn freely. */
function inverseDifferences(d: Tensor): Tensor {
  const apart = d.unsqueeze(-2).sub(d.unsqueeze(-1));
  const none = apart.eq(0);
  return where(none, 0, where(none, 1, apart).reciprocal());
}

export const SvdOptions = class {
  /** Square U and V (the default), or only as many columns as there are singular values. */
  readonly fullMatrices?: boolean;
};
export type SvdOptions = Options<typeof SvdOptions>;

/** A = U diag(S) Vh. */
export interface SingularValueDecomposition {
  readonly U: Tensor;
  /** Descending. */
  readonly S: Tensor;
  readonly Vh: Tensor;
}

/**
 * The singular value decomposition A = U diag(S) Vh, with orthonormal columns in U and rows in Vh.
 *
 * @param A - `[…, m, n]`.
 * @returns U `[…, m, m]`, S `[…, min(m, n)]` in descending order, Vh `[…, n, n]`; without `fullMatrices` U `[…, m, k]` and Vh `[…, k, n]`.
 * @remarks U and Vh are unique up to the sign of each pair of vectors, and up to rotations among equal singular values; a loss must not depend
 * on that choice for its gradient to mean something.
 * @see torch.linalg.svd; Hestenes (1958), Demmel, Veselić (1992)
 * @example
 * svd(tensor([[3, 0], [0, -2]])).S.toArraySync(); // [3, 2]
 */
export function svd(A: Tensor, options?: SvdOptions): SingularValueDecomposition {
  const { fullMatrices = true } = optionsOf("svd", SvdOptions, options);
  checkMatrices("svd", A);
  const { U, S, Vh } = svdCore("svd", widen(A), fullMatrices);
  return { U: U.to(A.dtype), S: S.to(A.dtype), Vh: Vh.to(A.dtype) };
}

/** The singular values in descending order. @see torch.linalg.svdvals */
export function svdvals(A: Tensor): Tensor {
  checkMatrices("svdvals", A);
  return svdCore("svdvals", widen(A), false).S.to(A.dtype);
}

function svdCore(op: string, a: Tensor, full: boolean): SingularValueDecomposition {
  const [m, n, batch] = [rowsOf(a), columnsOf(a), batchOf(a)];
  const k = Math.min(m, n);
  const found = hostMatrices(op, a).map((matrix) => singularValues(matrix, m, n, full));
  const U = fromHost(a, found.map(({ u }) => u), [...batch, m, full ? m : k]);
  const S = fromHost(a, found.map(({ s }) => s), [...batch, k]);
  const Vh = fromHost(a, found.map(({ v }) => v), [...batch, n, full ? n : k]).mT;
  record(op, [a], [U, S, Vh], () => ([gU, gS, gVh]) => [gU || gS || gVh ? () => gradient(reduced(U, S, Vh), m, n, gU ?? null, gS ?? null, gVh?.mT ?? null) : null]);
  return { U, S, Vh };
}

/** The columns that belong to singular values. The others have no gradient of their own. */
const reduced = (U: Tensor, S: Tensor, Vh: Tensor): { readonly u: Tensor; readonly s: Tensor; readonly v: Tensor } => {
  const k = S.shape.at(-1)!;
  return { u: U.narrow(-1, 0, k), s: S, v: Vh.mT.narrow(-1, 0, k) };
};

/**
 * With E = 1 / (sⱼ² − sᵢ²): U [ (skew(Uᵀ Ū) ∘ E) S + S (skew(Vᵀ V̄) ∘ E) + diag(s̄) ] Vᵀ, and what leads out of the spaces of U and V.
 *
 * Townsend, Differentiating the Singular Value Decomposition (2016).
 */
function gradient({ u, s, v }: ReturnType<typeof reduced>, m: number, n: number, gU: Tensor | null, gS: Tensor | null, gV: Tensor | null): Tensor {
  const k = s.shape.at(-1)!;
  const part = (g: Tensor): Tensor => g.narrow(-1, 0, k);
  const e = gU !== null || gV !== null ? inverseDifferences(s.square()) : null;
  const terms: Tensor[] = [];
  if (gS !== null) terms.push(scaleColumns(u, gS).matmul(v.mT));
  if (gU !== null && e !== null) {
    const own = part(gU);
    terms.push(u.matmul(scaleColumns(skew(u.mT.matmul(own)).mul(e), s)).matmul(v.mT));
    if (m > k) terms.push(scaleColumns(own.sub(u.matmul(u.mT.matmul(own))), s.reciprocal()).matmul(v.mT));
  }
  if (gV !== null && e !== null) {
    const own = part(gV);
    terms.push(scaleColumns(u, s).matmul(skew(v.mT.matmul(own)).mul(e)).matmul(v.mT));
    if (n > k) terms.push(scaleColumns(u, s.reciprocal()).matmul(own.sub(v.matmul(v.mT.matmul(own))).mT));
  }
  return terms.reduce((sum, term) => sum.add(term));
}

export const EighOptions = class {
  /** Which triangle is read: the lower one ("L", the default) or the upper one ("U"). */
  readonly UPLO?: "L" | "U" | "l" | "u";
};
export type EighOptions = Options<typeof EighOptions>;

/** A = Q diag(Λ) Qᵀ. */
export interface SymmetricEigen {
  /** Ascending. */
  readonly eigenvalues: Tensor;
  /** The columns are the vectors. */
  readonly eigenvectors: Tensor;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices.
 *
 * @param A - `[…, n, n]`, of which one triangle is read.
 * @remarks Vectors are unique up to their sign, and up to rotations among equal eigenvalues; a loss must not depend on that choice.
 * @see torch.linalg.eigh; Golub, Van Loan, Matrix Computations (4th ed.), §8.5
 * @example
 * eigh(tensor([[2, 1], [1, 2]])).eigenvalues.toArraySync(); // [1, 3]
 */
export function eigh(A: Tensor, options?: EighOptions): SymmetricEigen {
  const { UPLO = "L" } = optionsOf("eigh", EighOptions, options);
  checkSquare("eigh", A);
  const { eigenvalues, eigenvectors } = eighCore("eigh", widen(A), readsUpper("eigh", UPLO));
  return { eigenvalues: eigenvalues.to(A.dtype), eigenvectors: eigenvectors.to(A.dtype) };
}

/** The eigenvalues of symmetric matrices in ascending order. @see torch.linalg.eigvalsh */
export function eigvalsh(A: Tensor, options?: EighOptions): Tensor {
  const { UPLO = "L" } = optionsOf("eigvalsh", EighOptions, options);
  checkSquare("eigvalsh", A);
  return eighCore("eigvalsh", widen(A), readsUpper("eigvalsh", UPLO)).eigenvalues.to(A.dtype);
}

/** Whether the upper triangle is to be read. */
function readsUpper(op: string, uplo: string): boolean {
  if (!["L", "U"].includes(uplo.toUpperCase())) throw new ArgumentError(`${op}: expected UPLO "L" or "U", got "${uplo}"`);
  return uplo.toUpperCase() === "U";
}

function eighCore(op: string, a: Tensor, upper: boolean): SymmetricEigen {
  const n = rowsOf(a);
  const found = hostMatrices(op, upper ? a.detach().mT : a).map((matrix) => symmetricEigen(matrix, n));
  const eigenvalues = fromHost(a, found.map(({ values }) => values), [...batchOf(a), n]);
  const eigenvectors = fromHost(a, found.map(({ vectors }) => vectors), a.shape);
  record(op, [a], [eigenvalues, eigenvectors], () => ([gL, gQ]) => {
    if (!gL && !gQ) return [null];
    // Q [ ½ skew(Qᵀ Q̄) ∘ 1/(λⱼ − λᵢ) + diag(λ̄) ] Qᵀ: rotations keep Q orthogonal, which leaves the skew part
    return [() => {
      const q = eigenvectors;
      const turned = gQ ? skew(q.mT.matmul(gQ)).mul(0.5).mul(inverseDifferences(eigenvalues)) : null;
      const stretched = gL ? onDiagonal(q, gL) : null;
      const inner = turned && stretched ? turned.add(stretched) : (turned ?? stretched)!;
      return q.matmul(inner).matmul(q.mT);
    }];
  });
  return { eigenvalues, eigenvectors };
}
