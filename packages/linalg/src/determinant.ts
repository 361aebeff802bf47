import type { Tensor } from "@gradus/tensor-core";
import { ones, record, Saved, where } from "@gradus/tensor-core";
import { eliminate } from "./algorithms/elimination.js";
import { batchOf, checkSquare, fromHost, hostMatrices, rowsOf, scaleColumns, widen } from "./batch.js";
import { inv } from "./solve.js";
import { svd } from "./svd.js";

/** Pivots that differ so much in size belong to a matrix whose inverse, squared in second derivatives, has lost most digits. */
const nearlySingular = 1e-5;

/** The diagonal of U and the sign of the exchanges, for each matrix. */
const pivotsOf = (op: string, a: Tensor): readonly { readonly sign: number; readonly diagonal: readonly number[] }[] => {
  const n = rowsOf(a);
  return hostMatrices(op, a).map((matrix) => {
    const { sign } = eliminate(matrix, n, n);
    return { sign, diagonal: Array.from({ length: n }, (_, i) => matrix[i * (n + 1)]!) };
  });
};

/**
 * The determinant of square matrices, with gradients for singular ones too.
 *
 * @see torch.linalg.det
 * @example
 * det(tensor([[1, 2], [3, 4]])).itemSync(); // -2
 */
export function det(A: Tensor): Tensor {
  checkSquare("det", A);
  return detCore(widen(A)).to(A.dtype);
}

function detCore(a: Tensor): Tensor {
  const pivots = pivotsOf("det", a);
  const result = fromHost(a, [pivots.map(({ sign, diagonal }) => diagonal.reduce((product, pivot) => product * pivot, sign))], batchOf(a));
  const isSingular = pivots.some(({ diagonal }) => {
    const sizes = diagonal.map(Math.abs);
    return sizes.length > 0 && !(Math.min(...sizes) > nearlySingular * Math.max(...sizes));
  });
  // The determinant of nothing is the constant 1.
  if (a.numel() === 0) return result;
  record("det", [a], [result], () => {
    const saved = new Saved("det", a);
    return ([g]) => [g ? () => (isSingular ? cofactors(saved.value) : detCore(saved.value).unsqueeze(-1).unsqueeze(-1).mul(inv(saved.value).mT)).mul(g.unsqueeze(-1).unsqueeze(-1)) : null];
  });
  return result;
}

/** ∂ det A / ∂A where A has no inverse: with A = U S Vᵀ it is det U · det V · U diag(Π of the other singular values) Vᵀ. */
function cofactors(a: Tensor): Tensor {
  const n = rowsOf(a);
  const { U, S, Vh } = svd(a);
  const orientation = detCore(U.detach()).mul(detCore(Vh.detach()));
  const diagonal = ones([n, n], { dtype: a.dtype, device: a.device }).triu().tril().gt(0);
  const others = where(diagonal, 1, S.unsqueeze(-2)).prod({ dim: -1 });
  return scaleColumns(U, others.mul(orientation.unsqueeze(-1))).matmul(Vh);
}

/** What `slogdet` gives. */
export interface SignAndLogarithm {
  /** −1, 0 or 1. */
  readonly sign: Tensor;
  /** log |det A|; −Infinity where it is zero. */
  readonly logabsdet: Tensor;
}

/** Sign and logarithm of the determinant, which neither overflow nor underflow. @see torch.linalg.slogdet */
export function slogdet(A: Tensor): SignAndLogarithm {
  checkSquare("slogdet", A);
  const a = widen(A);
  const pivots = pivotsOf("slogdet", a);
  const sign = fromHost(a, [pivots.map((found) => found.diagonal.reduce((product, pivot) => product * Math.sign(pivot), found.sign))], batchOf(a));
  const logabsdet = fromHost(a, [pivots.map(({ diagonal }) => diagonal.reduce((sum, pivot) => sum + Math.log(Math.abs(pivot)), 0))], batchOf(a));
  record("slogdet", [a], [logabsdet], () => {
    const saved = new Saved("slogdet", a);
    return ([g]) => [g ? () => inv(saved.value).mT.mul(g.unsqueeze(-1).unsqueeze(-1)) : null];
  });
  return { sign: sign.to(A.dtype), logabsdet: logabsdet.to(A.dtype) };
}

/** log det A; NaN where the determinant is negative. @see torch.logdet */
export function logdet(A: Tensor): Tensor {
  checkSquare("logdet", A);
  const { sign, logabsdet } = slogdet(A);
  return where(sign.lt(0), NaN, logabsdet);
}
