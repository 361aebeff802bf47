import { cpu } from "@gradus/backend-cpu";
import * as linalg from "@gradus/linalg";
import type { TensorFunction } from "@gradus/tensor-core";
import { ArgumentError, DTypeError, eye, grad, gradcheck, gradgradcheck, ones, setDefaultDevice, ShapeError, tensor, Tensor, zeros } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectEqual, leaf, values } from "./support.js";

setDefaultDevice(cpu());

/** Invertible, and with singular values apart from each other. */
const regular = (x: Tensor): Tensor => x.add(eye(x.shape.at(-1)!, x.shape.at(-1), { dtype: "float64" }).mul(3));
/** Symmetric and positive definite. */
const positive = (x: Tensor): Tensor => x.matmul(x.mT).add(eye(x.shape.at(-1)!, x.shape.at(-1), { dtype: "float64" }));
const symmetric = (x: Tensor): Tensor => x.add(x.mT);
const identity = (n: number): Tensor => eye(n, n, { dtype: "float64" });

/** Sizes of a batch of matrices, empty ones included, and a seed. */
const batches = fc.record({ m: fc.integer({ min: 0, max: 5 }), n: fc.integer({ min: 0, max: 5 }), batch: fc.constantFrom<number[]>([], [2], [2, 1], [0]), seed: fc.integer({ min: 1, max: 1e6 }) });
const check = (body: (m: number, n: number, batch: readonly number[], seed: number) => void): void => {
  fc.assert(fc.property(batches, ({ m, n, batch, seed }) => { body(m, n, batch, seed); }), { numRuns: 60 });
};

describe("factorizations give the matrix back", () => {
  it("qr", () => {
    check((m, n, batch, seed) => {
      const A = leaf([...batch, m, n], seed).detach();
      for (const mode of ["reduced", "complete"] as const) {
        const { Q, R } = linalg.qr(A, { mode });
        expectEqual(Q.matmul(R), A);
        expectEqual(Q.mT.matmul(Q), identity(Q.shape.at(-1)!).expand([...batch, Q.shape.at(-1)!, Q.shape.at(-1)!]));
        expectEqual(R.triu(), R);
      }
      expectEqual(linalg.qr(A, { mode: "r" }).R, linalg.qr(A).R);
      const { a, tau } = linalg.geqrf(A);
      expectEqual(linalg.ormqr(a, tau, A, { transpose: true }), linalg.qr(A, { mode: "complete" }).R);
      if (m >= n) expectEqual(linalg.householderProduct(a, tau), linalg.qr(A).Q);
    });
  });

  it("svd", () => {
    check((m, n, batch, seed) => {
      const A = leaf([...batch, m, n], seed).detach();
      const { U, S, Vh } = linalg.svd(A, { fullMatrices: false });
      expectEqual(U.mul(S.unsqueeze(-2)).matmul(Vh), A);
      expectEqual(linalg.svdvals(A), S);
      expect(values(S).every((value, i, all) => value >= 0 && (i % Math.max(S.shape.at(-1)!, 1) === 0 || value <= all[i - 1]!))).toBe(true);
      const full = linalg.svd(A);
      expectEqual(full.U.mT.matmul(full.U), identity(m).expand([...batch, m, m]));
      expectEqual(full.Vh.matmul(full.Vh.mT), identity(n).expand([...batch, n, n]));
    });
  });

  it("svd of matrices that lack rank has orthonormal vectors all the same", () => {
    for (const A of [zeros([3, 2], { dtype: "float64" }), ones([3, 4], { dtype: "float64" }), leaf([4, 1]).detach().matmul(leaf([1, 3], 2).detach())]) {
      const { U, S, Vh } = linalg.svd(A, { fullMatrices: false });
      expectEqual(U.mul(S).matmul(Vh), A);
      expectEqual(U.mT.matmul(U), identity(U.shape[1]!));
    }
  });

  it("eigh, from either triangle", () => {
    check((_, n, batch, seed) => {
      const A = symmetric(leaf([...batch, n, n], seed).detach());
      const { eigenvalues, eigenvectors } = linalg.eigh(A);
      expectEqual(eigenvectors.mul(eigenvalues.unsqueeze(-2)).matmul(eigenvectors.mT), A);
      expectEqual(linalg.eigvalsh(A.tril()), eigenvalues);
      expectEqual(linalg.eigvalsh(A.triu(), { UPLO: "U" }), eigenvalues);
    });
  });

  it("cholesky, lower and upper", () => {
    check((_, n, batch, seed) => {
      const A = positive(leaf([...batch, n, n], seed).detach());
      const L = linalg.cholesky(A);
      expectEqual(L.matmul(L.mT), A);
      expectEqual(linalg.cholesky(A.triu(), { upper: true }), L.mT);
      expectEqual(linalg.choleskyInverse(L), linalg.inv(A), 6);
      expectEqual(A.matmul(linalg.choleskySolve(A, L)), A, 6);
    });
  });

  it("lu, and its packed form", () => {
    check((m, n, batch, seed) => {
      const A = leaf([...batch, m, n], seed).detach();
      const { P, L, U } = linalg.lu(A);
      expectEqual(P.matmul(L).matmul(U), A);
      const { LU, pivots } = linalg.luFactor(A);
      const unpacked = linalg.luUnpack(LU, pivots);
      expectEqual(unpacked.P, P);
      expectEqual(unpacked.L, L);
      expectEqual(unpacked.U, U);
    });
  });
});

describe("solvers", () => {
  it("solve what they say", () => {
    check((k, n, batch, seed) => {
      const A = regular(leaf([...batch, n, n], seed).detach());
      const B = leaf([n, k], seed + 1).detach();
      const wide = B.expand([...batch, n, k]);
      const X = linalg.solve(A, wide);
      expectEqual(A.matmul(X), wide, 6);
      expectEqual(linalg.solve(A, wide.mT, { left: false }).matmul(A), wide.mT, 6);
      expectEqual(linalg.inv(A).matmul(A), identity(n).expand([...batch, n, n]), 6);
      const { LU, pivots } = linalg.luFactor(A);
      expectEqual(linalg.luSolve(LU, pivots, B), X, 6);
      expectEqual(A.mT.matmul(linalg.luSolve(LU, pivots, B, { adjoint: true })), wide, 6);
      expectEqual(linalg.luSolve(LU, pivots, B.mT, { left: false }).matmul(A), wide.mT, 6);
      expectEqual(A.triu().matmul(linalg.solveTriangular(A, B, { upper: true })), wide, 4);
      expectEqual(linalg.solveTriangular(A, B.mT, { upper: false, left: false }).matmul(A.tril()), wide.mT, 4);
    });
  });

  it("vectors on the right, alone and in batches", () => {
    const A = tensor([[2, 1], [0, 4]], { dtype: "float64" });
    expect(linalg.solve(A, tensor([4, 4], { dtype: "float64" })).toArraySync()).toEqual([1.5, 1]);
    expect(linalg.solve(A.expand(2, 2, 2), tensor([[4, 4], [2, 0]], { dtype: "float64" })).toArraySync()).toEqual([[1.5, 1], [1, 0]]);
  });

  it("least squares: the residual is orthogonal to the columns", () => {
    check((m, n, batch, seed) => {
      fc.pre(n > 0 && m > 0);
      const [A, B] = [leaf([...batch, m, n], seed).detach(), leaf([...batch, m, 2], seed + 1).detach()];
      const { solution } = linalg.lstsq(A, B);
      expectEqual(A.mT.matmul(A.matmul(solution).sub(B)), zeros([...batch, n, 2], { dtype: "float64" }), 6);
      const P = linalg.pinv(A);
      expectEqual(A.matmul(P).matmul(A), A, 6);
      expectEqual(P.matmul(A).matmul(P), P, 6);
      expectEqual(P, linalg.pinv(A.mT).mT, 6);
    });
  });

  it("lstsq says what its driver knows", () => {
    const [A, B] = [tensor([[1, 0], [1, 1], [1, 2]]), tensor([[1], [3], [6]])];
    const plain = linalg.lstsq(A, B);
    expect([plain.rank.itemSync(), plain.residuals.shape, plain.singularValues.shape]).toEqual([2, [0], [0]]);
    const known = linalg.lstsq(A, B, { driver: "gelsd" });
    expect(known.residuals.toArraySync()).toEqual([expect.closeTo(1 / 6, 5)]);
    expectEqual(known.singularValues, linalg.svdvals(A), 5);
    expect(linalg.lstsq(A, B, { driver: "gels" }).rank.shape).toEqual([0]);
  });

  it("tensors as matrices", () => {
    const A = leaf([2, 3, 6]).detach();
    const B = leaf([2, 3], 2).detach();
    const X = linalg.tensorsolve(A, B);
    expectEqual(A.mul(X).sum({ dim: -1 }), B, 6);
    const inverse = linalg.tensorinv(A.reshape(6, 2, 3), { ind: 1 });
    expect(inverse.shape).toEqual([2, 3, 6]);
    expectEqual(inverse.reshape(6, 6).matmul(A.reshape(6, 6).reshape(6, 6)), identity(6), 6);
  });
});

describe("numbers of a matrix", () => {
  const A = (): Tensor => tensor([[1, 2], [3, 4]], { dtype: "float64" });

  it("determinants", () => {
    expect(linalg.det(A()).itemSync()).toBeCloseTo(-2, 12);
    expect(linalg.det(zeros([2, 0, 0])).toArraySync()).toEqual([1, 1]);
    const { sign, logabsdet } = linalg.slogdet(A());
    expect([sign.itemSync(), logabsdet.itemSync()]).toEqual([-1, expect.closeTo(Math.log(2), 12)]);
    expect(values(linalg.slogdet(zeros([2, 2])).logabsdet)).toEqual([-Infinity]);
    expect(linalg.logdet(A()).itemSync()).toBeNaN();
  });

  it("norms", () => {
    const norms: [linalg.MatrixOrd, number][] = [["fro", Math.sqrt(30)], [1, 6], [-1, 4], [Infinity, 7], [-Infinity, 3], [2, 5.4649857042], [-2, 0.3659661906], ["nuc", 5.8309518948]];
    for (const [ord, want] of norms) expect(linalg.matrixNorm(A(), { ord }).itemSync(), String(ord)).toBeCloseTo(want, 9);
    const x = tensor([3, 0, -4], { dtype: "float64" });
    const vector: [number, number][] = [[0, 2], [1, 7], [2, 5], [3, 91 ** (1 / 3)], [Infinity, 4], [-Infinity, 0], [0.5, (Math.sqrt(3) + 2) ** 2], [-1, 0]];
    for (const [ord, want] of vector) expect(linalg.vectorNorm(x, { ord }).itemSync(), String(ord)).toBeCloseTo(want, 9);
    expect(linalg.norm(A()).itemSync()).toBeCloseTo(Math.sqrt(30), 12);
    expect(linalg.norm(A(), { ord: 1, dim: 0 }).toArraySync()).toEqual([4, 6]);
    expect(linalg.matrixNorm(ones([2, 3, 4]), { ord: 1, dim: [0, 2], keepdim: true }).shape).toEqual([1, 3, 1]);
    expect(linalg.vectorNorm(ones([2, 2], { dtype: "float16" })).dtype).toBe("float16");
  });

  it("conditions, ranks, powers, exponentials", () => {
    expect(linalg.cond(A()).itemSync()).toBeCloseTo(5.4649857042 / 0.3659661906, 7);
    expect(linalg.cond(A(), 1).itemSync()).toBeCloseTo(21, 9);
    expect(linalg.cond(ones([2, 2]), "fro").itemSync()).toBe(Infinity);
    expect(linalg.matrixRank(tensor([[1, 2, 3], [2, 4, 6], [0, 1, 1]])).itemSync()).toBe(2);
    expect(linalg.matrixRank(tensor([[1, 0], [0, 1e-3]]), { atol: 0.1 }).itemSync()).toBe(1);
    expectEqual(linalg.matrixPower(A(), 3), A().matmul(A()).matmul(A()));
    expectEqual(linalg.matrixPower(A(), -2).matmul(A()).matmul(A()), identity(2), 8);
    const turn = tensor([[0, -1], [1, 0]], { dtype: "float64" });
    expectEqual(linalg.matrixExp(turn.mul(2.5)), tensor([[Math.cos(2.5), -Math.sin(2.5)], [Math.sin(2.5), Math.cos(2.5)]], { dtype: "float64" }));
    expectEqual(linalg.matrixExp(turn.mul(40)), tensor([[Math.cos(40), -Math.sin(40)], [Math.sin(40), Math.cos(40)]], { dtype: "float64" }));
  });

  it("chains of products in the cheapest order", () => {
    const [a, b, c] = [leaf([3, 7]).detach(), leaf([7, 2], 2).detach(), leaf([2, 5], 3).detach()];
    expectEqual(linalg.multiDot([a, b, c]), a.matmul(b).matmul(c));
    expect(linalg.multiDot([a.select(0, 0), b, c]).shape).toEqual([5]);
    expect(linalg.vander(tensor([[2, 3]], { dtype: "int64" }), { N: 3 }).toArraySync()).toEqual([[[1, 2, 4], [1, 3, 9]]]);
    expect(linalg.vecdot(ones([2, 3]), ones([3])).toArraySync()).toEqual([3, 3]);
  });
});

const upperOnly = { upper: true };
const differentiable: Record<string, readonly [f: TensorFunction, inputs: () => readonly Tensor[]]> = {
  solve: [(a, b) => linalg.solve(regular(a), b), () => [leaf([2, 3, 3]), leaf([3, 2], 2)]],
  "solve, a vector": [(a, b) => linalg.solve(regular(a), b), () => [leaf([3, 3]), leaf([3], 2)]],
  "solve, from the right": [(a, b) => linalg.solve(regular(a), b, { left: false }), () => [leaf([3, 3]), leaf([2, 3], 2)]],
  inv: [(a) => linalg.inv(regular(a)), () => [leaf([3, 3])]],
  solveTriangular: [(a, b) => linalg.solveTriangular(regular(a), b, upperOnly), () => [leaf([3, 3]), leaf([3, 2], 2)]],
  "solveTriangular, unit": [(a, b) => linalg.solveTriangular(a, b, { upper: false, unitriangular: true, left: false }), () => [leaf([3, 3]), leaf([2, 3], 2)]],
  det: [(a) => linalg.det(a), () => [leaf([2, 3, 3])]],
  slogdet: [(a) => linalg.slogdet(regular(a)).logabsdet, () => [leaf([3, 3])]],
  cholesky: [(a) => linalg.cholesky(positive(a)), () => [leaf([3, 3])]],
  "cholesky, upper": [(a) => linalg.cholesky(positive(a), upperOnly), () => [leaf([2, 2, 2])]],
  choleskySolve: [(a, b) => linalg.choleskySolve(b, regular(a).tril()), () => [leaf([3, 3]), leaf([3, 2], 2)]],
  "choleskySolve, upper": [(a, b) => linalg.choleskySolve(b, regular(a).triu(), upperOnly), () => [leaf([3, 3]), leaf([3, 2], 2)]],
  choleskyInverse: [(a) => linalg.choleskyInverse(regular(a).tril()), () => [leaf([3, 3])]],
  "choleskyInverse, upper": [(a) => linalg.choleskyInverse(regular(a).triu(), upperOnly), () => [leaf([2, 2, 2])]],
  qr: [(a) => { const { Q, R } = linalg.qr(a); return [Q, R]; }, () => [leaf([4, 3])]],
  "qr, wide": [(a) => { const { Q, R } = linalg.qr(a); return [Q, R]; }, () => [leaf([2, 4])]],
  "svd, what does not depend on signs": [(a) => { const { U, S, Vh } = linalg.svd(a, { fullMatrices: false }); return [S, U.square(), Vh.square(), U.matmul(Vh)]; }, () => [leaf([4, 3])]],
  "svd, wide": [(a) => { const { U, S, Vh } = linalg.svd(a); return [S, U.square(), U.matmul(Vh.narrow(-2, 0, 2))]; }, () => [leaf([2, 3])]],
  svdvals: [(a) => linalg.svdvals(a), () => [leaf([3, 4])]],
  eigh: [(a) => { const { eigenvalues, eigenvectors } = linalg.eigh(symmetric(a)); return [eigenvalues, eigenvectors.square()]; }, () => [leaf([3, 3])]],
  lu: [(a) => { const { L, U } = linalg.lu(a); return [L, U]; }, () => [leaf([3, 3])]],
  "lu, tall": [(a) => { const { L, U } = linalg.lu(a); return [L, U]; }, () => [leaf([4, 2])]],
  "lu, wide": [(a) => { const { L, U } = linalg.lu(a); return [L, U]; }, () => [leaf([2, 4])]],
  luFactor: [(a) => linalg.luFactor(a).LU, () => [leaf([3, 2])]],
  luSolve: [(a, b) => { const { LU, pivots } = linalg.luFactor(regular(a)); return linalg.luSolve(LU, pivots, b); }, () => [leaf([3, 3]), leaf([3, 2], 2)]],
  householderProduct: [(a, t) => linalg.householderProduct(a, t), () => [leaf([3, 2]), leaf([2], 2)]],
  ormqr: [(a, t, x) => linalg.ormqr(a, t, x), () => [leaf([3, 2]), leaf([2], 2), leaf([3, 2], 3)]],
  pinv: [(a) => linalg.pinv(a), () => [leaf([4, 2])]],
  "pinv, wide": [(a) => linalg.pinv(a), () => [leaf([2, 3])]],
  lstsq: [(a, b) => linalg.lstsq(a, b).solution, () => [leaf([4, 2]), leaf([4, 2], 2)]],
  matrixExp: [(a) => linalg.matrixExp(a), () => [leaf([3, 3])]],
  matrixPower: [(a) => linalg.matrixPower(regular(a), -3), () => [leaf([2, 2])]],
  multiDot: [(a, b, c) => linalg.multiDot([a, b, c]), () => [leaf([2, 3]), leaf([3, 2], 2), leaf([2], 3)]],
  tensorsolve: [(a, b) => linalg.tensorsolve(a, b), () => [leaf([2, 2, 4]), leaf([2, 2], 2)]],
  "vectorNorm of every order": [(x) => [2, 1, 3, 0.5, -2, Infinity, -Infinity].map((ord) => linalg.vectorNorm(x, { ord, dim: 1 })), () => [leaf([2, 3])]],
  "matrixNorm of every order": [(x) => (["fro", "nuc", 1, -1, 2, -2, Infinity, -Infinity] as const).map((ord) => linalg.matrixNorm(x, { ord })), () => [leaf([2, 3])]],
  cond: [(x) => [linalg.cond(x), linalg.cond(x, 1)], () => [leaf([3, 3])]],
  vander: [(x) => linalg.vander(x, { N: 4 }), () => [leaf([3])]],
};

describe.each(Object.entries(differentiable))("%s", (name, [f, inputs]) => {
  it("has the gradient of its differences", () => gradcheck(f, inputs(), { name }));
  it("has the gradient of its gradient", () => gradgradcheck(f, inputs(), { name, rtol: 1e-4, atol: 1e-6 }));
});

describe("gradients where methods are in danger", () => {
  it("det of singular matrices has its cofactors", () => {
    const A = tensor([[1, 2, 3], [2, 4, 6], [1, 0, 1]], { dtype: "float64", requiresGrad: true });
    linalg.det(A).backward();
    expectEqual(A.grad!, tensor([[4, 4, -4], [-2, -2, 2], [0, 0, 0]], { dtype: "float64" }), 9);
  });

  it("det of nearly singular matrices has exact second derivatives: the cofactors of cofactors", () => {
    const A = tensor([[1, 2], [2, 4 + 1e-9]], { dtype: "float64", requiresGrad: true });
    const [first] = grad(linalg.det(A), [A], { createGraph: true });
    const [second] = grad(first.mul(tensor([[1, 10], [100, 1000]], { dtype: "float64" })).sum(), [A]);
    expectEqual(second, tensor([[1000, -100], [-10, 1]], { dtype: "float64" }), 6);
  });

  it("norms have none at zero", () => {
    const x = zeros([3], { dtype: "float64", requiresGrad: true });
    for (const ord of [2, 3, 0.5, 1]) linalg.vectorNorm(x, { ord }).backward();
    expect(values(x.grad!)).toEqual([0, 0, 0]);
  });

  it("float32 is computed in float64 and rounded once", () => {
    const hilbert = tensor(Array.from({ length: 5 }, (_, i) => Array.from({ length: 5 }, (_, j) => 1 / (i + j + 1))));
    const exact = linalg.inv(hilbert.to("float64"));
    expectEqual(linalg.inv(hilbert), exact.to("float32"), 3);
  });
});

describe("refuses", () => {
  it.each<[string, () => unknown, Error]>([
    ["a singular matrix", () => linalg.solve(ones([2, 2]), ones([2])), new ArgumentError("solve: expected invertible matrices, got a singular one: its pivot 2 is zero; use pinv or lstsq")],
    ["one of a batch", () => linalg.inv(tensor([[[1, 0], [0, 1]], [[0, 0], [0, 0]]])), new ArgumentError("inv: expected invertible matrices, got a singular one at place 1 of the batch: its pivot 1 is zero; use pinv or lstsq")],
    ["a matrix that is not positive definite", () => linalg.cholesky(tensor([[1, 2], [2, 1]])), new ArgumentError("cholesky: expected positive-definite matrices, got one whose leading minor of order 2 is not positive")],
    ["a matrix that is not square", () => linalg.det(ones([2, 3])), new ShapeError("det: expected square matrices, got shape [2, 3]")],
    ["a vector", () => linalg.svd(ones([3])), new ShapeError("svd: expected a matrix or a batch of them, got shape [3]")],
    ["integers", () => linalg.qr(ones([2, 2], { dtype: "int64" })), new DTypeError('qr: expected float32 or float64, got int64; convert it with to("float64")')],
    ["mixed types", () => linalg.solve(ones([2, 2]), ones([2], { dtype: "float64" })), new DTypeError("solve: expected tensors of one element type, got float32 and float64; convert one with .to(dtype)")],
    ["sizes that do not meet", () => linalg.solve(ones([2, 2]), ones([3, 1])), new ShapeError("solve: expected as many rows of B as of A, got [2, 2] and [3, 1]")],
    ["a chain that does not meet", () => linalg.multiDot([ones([2, 3]), ones([2, 3])]), new ShapeError("multiDot: expected sizes that meet, got [2, 3] @ [2, 3]")],
    ["an order that is none", () => linalg.matrixNorm(ones([2, 2]), { ord: 3 }), new ArgumentError('matrixNorm: expected ord "fro", "nuc", 1, -1, 2, -2, Infinity or -Infinity, got 3')],
  ])("%s", (_, call, error) => {
    expect(call).toThrow(error);
  });

  it("unless it is asked for info", () => {
    expect(linalg.solveEx(ones([2, 2]), ones([2])).info.itemSync()).toBe(2);
    expect(linalg.choleskyEx(tensor([[1, 2], [2, 1]])).info.itemSync()).toBe(2);
    expect(linalg.luFactorEx(zeros([2, 2])).info.itemSync()).toBe(1);
    expect(linalg.invEx(eye(2)).info.itemSync()).toBe(0);
  });
});
