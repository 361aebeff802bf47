import { interpreter } from "@gradus/kernel-ir/interpreter";
import type { TensorFunction } from "@gradus/tensor-core";
import * as g from "@gradus/tensor-core";
import { einsum, gradcheck, gradgradcheck, ones, ShapeError, tensor, Tensor, zeros } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indices, leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice(() => interpreter());

const values = (x: Tensor): number[] => Array.from(x.detach().readSync(), Number);
const counting = (shape: readonly number[]): Tensor => tensor(Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 7) - 3), { shape });

/** What `einsum` means, to the letter: one loop for each letter. */
function sums(letters: readonly string[], result: string, operands: readonly Tensor[]): number[] {
  const sizes = new Map<string, number>();
  operands.forEach((x, i) => { Array.from(letters[i]!).forEach((letter, d) => sizes.set(letter, Math.max(sizes.get(letter) ?? 1, x.shape[d]!))); });
  const names = [...sizes.keys()];
  const out = new Array<number>(Array.from(result).reduce((n, letter) => n * sizes.get(letter)!, 1)).fill(0);
  const data = operands.map((x) => values(x));
  const at = new Map<string, number>();
  const place = (text: string, shape: readonly number[]): number => Array.from(text).reduce((p, letter, d) => p * shape[d]! + (shape[d] === 1 ? 0 : at.get(letter)!), 0);
  const run = (i: number): void => {
    if (i === names.length) {
      const product = operands.reduce((p, x, o) => p * data[o]![place(letters[o]!, x.shape)]!, 1);
      out[place(result, Array.from(result).map((letter) => sizes.get(letter)!))]! += product;
      return;
    }
    for (let v = 0; v < sizes.get(names[i]!)!; v++) {
      at.set(names[i]!, v);
      run(i + 1);
    }
  };
  run(0);
  return out;
}

describe("einsum", () => {
  it("equals explicit sums", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c", "d"), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(), fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (parts, choose, order, thin) => {
        const size = { a: 2, b: 3, c: 1, d: 2 } as Record<string, number>;
        // Any letter of an operand may have size 1, if it does not stand there twice.
        let k = 0;
        const operands = parts.map((part) => counting(Array.from(part).map((letter) => (thin[k++ % 12] === true && part.indexOf(letter) === part.lastIndexOf(letter) ? 1 : size[letter]!))));
        const names = [...new Set(parts.join(""))];
        const chosen = names.filter((_, i) => (choose >> i) % 2 === 1);
        const result = chosen.map((_, i, all) => all[(i + order) % all.length]!).join("");
        const got = einsum(`${parts.join(",")}->${result}`, ...operands);
        const want = sums(parts, result, operands);
        expect(got.shape).toEqual(Array.from(result).map((letter) => Math.max(...operands.flatMap((x, i) => Array.from(parts[i]!).flatMap((l, d) => (l === letter ? [x.shape[d]!] : []))))));
        expect(values(got)).toEqual(want.map((v) => expect.closeTo(v, 9) as number));
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ["ij,jk", [[2, 3], [3, 4]], [2, 4]],
    ["ba,", [[2, 3], []], [3, 2]],
    ["...ij,...jk->...ik", [[5, 1, 2, 3], [4, 3, 2]], [5, 4, 2, 2]],
    ["i...->...", [[2, 3, 4]], [3, 4]],
    ["...ii->...i", [[2, 3, 3]], [2, 3]],
    ["bn,anm,bm->ba", [[2, 3], [5, 3, 4], [2, 4]], [2, 5]],
    ["...", [[2, 3]], [2, 3]],
    ["a...b, ... -> b...", [[2, 3, 4], [3]], [4, 3]],
  ] as const)("%s of shapes %j has shape %j", (equation, shapes, want) => {
    expect(einsum(equation, ...shapes.map(counting)).shape).toEqual(want);
  });

  it("refuses what it cannot read, by name and before any work", () => {
    expect(() => einsum("ij,jk", ones([2, 3]))).toThrow('einsum: expected a list of letters for each of 1 tensors, got "ij,jk"');
    expect(() => einsum("ij->ik", ones([2, 3]))).toThrow('einsum: expected letters of the result that stand in an operand too, not "k", got "ij->ik"');
    expect(() => einsum("ij->ii", ones([2, 3]))).toThrow("einsum: expected each letter of the result once");
    expect(() => einsum("i1", ones([2, 3]))).toThrow("einsum: expected letters");
    expect(() => einsum("ijk", ones([2, 3]))).toThrow(ShapeError);
    expect(() => einsum("ij,jk", ones([2, 3]), ones([4, 2]))).toThrow('einsum: expected sizes under "j" to be equal or 1, got 3 and 4');
    expect(() => einsum("ii", ones([2, 3]))).toThrow('einsum: expected sizes under "i" to be equal or 1');
  });
});

/** A function, and leaves at which both derivatives are compared with differences. */
const differentiable: Record<string, readonly [f: TensorFunction, inputs: () => readonly Tensor[]]> = {
  "einsum, matrix product": [(a, b) => einsum("ij,jk->ik", a, b), () => [leaf([2, 3]), leaf([3, 2], 2)]],
  "einsum, three operands": [(a, b, c) => einsum("bn,anm,bm->ba", a, b, c), () => [leaf([2, 2]), leaf([3, 2, 2], 2), leaf([2, 2], 3)]],
  "einsum, diagonal and ellipsis": [(a, b) => einsum("...ii,i->...", a, b), () => [leaf([2, 3, 3]), leaf([3], 2)]],
  mv: [(a, b) => g.mv(a, b), () => [leaf([2, 3]), leaf([3], 2)]],
  outer: [(a, b) => g.outer(a, b), () => [leaf([2]), leaf([3], 2)]],
  inner: [(a, b) => g.inner(a, b), () => [leaf([2, 3]), leaf([2, 2, 3], 2)]],
  kron: [(a, b) => g.kron(a, b), () => [leaf([2, 2]), leaf([3, 2], 2)]],
  tensordot: [(a, b) => g.tensordot(a, b, { dims: [[0, 2], [1, 0]] }), () => [leaf([2, 2, 3]), leaf([3, 2, 2], 2)]],
  addmm: [(x, a, b) => g.addmm(x, a, b, { beta: 0.5, alpha: -2 }), () => [leaf([2]), leaf([2, 3], 2), leaf([3, 2], 3)]],
  addbmm: [(x, a, b) => g.addbmm(x, a, b), () => [leaf([2, 2]), leaf([2, 2, 3], 2), leaf([2, 3, 2], 3)]],
  baddbmm: [(x, a, b) => g.baddbmm(x, a, b, { alpha: 3 }), () => [leaf([2, 2, 2]), leaf([2, 2, 3], 2), leaf([2, 3, 2], 3)]],
  addr: [(x, a, b) => g.addr(x, a, b), () => [leaf([2, 3]), leaf([2], 2), leaf([3], 3)]],
  cross: [(a, b) => g.cross(a, b), () => [leaf([2, 3]), leaf([1, 3], 2)]],
  "cdist, p = 2": [(a, b) => g.cdist(a, b), () => [leaf([3, 2]), leaf([2, 2], 2)]],
  "cdist, p = 3": [(a, b) => g.cdist(a, b, { p: 3 }), () => [leaf([2, 3, 2]), leaf([2, 2], 2)]],
  "cdist, p = 1": [(a, b) => g.cdist(a, b, { p: 1 }), () => [leaf([3, 2]), leaf([2, 2], 2)]],
  cov: [(x, w) => g.cov(x, { aweights: w.square().add(0.5) }), () => [leaf([2, 4]), leaf([4], 2)]],
  corrcoef: [(x) => g.corrcoef(x).tril(-1), () => [leaf([3, 4])]],
  vander: [(x) => g.vander(x, { N: 4 }), () => [leaf([3])]],
};

describe.each(Object.entries(differentiable))("%s", (name, [f, inputs]) => {
  it("has the gradient of its differences", () => gradcheck(f, inputs(), { name }));
  it("has the gradient of its gradient", () => gradgradcheck(f, inputs(), { name }));
});

describe("products", () => {
  it("of matrices in every element type that PyTorch takes", () => {
    for (const dtype of ["float64", "float32", "int64", "int32", "uint8"] as const) {
      const a = tensor([[1, 2], [3, 4]], { dtype });
      expect(a.mm(a).dtype).toBe(dtype);
      expect(a.mm(a).toArraySync()).toEqual([[7, 10], [15, 22]]);
    }
  });

  it("leave what is multiplied by a beta of zero out, NaN included", () => {
    expect(g.addmm(tensor([NaN, NaN]), ones([2, 1]), ones([1, 2]), { beta: 0 }).toArraySync()).toEqual([[1, 1], [1, 1]]);
  });

  it("refuse other shapes by name", () => {
    expect(() => g.mm(ones([2, 3]), ones([2, 3]))).toThrow("mm: expected shapes [n, k] and [k, m], got [2, 3] and [2, 3]");
    expect(() => g.bmm(ones([2, 3]), ones([3, 2]))).toThrow(ShapeError);
    expect(() => g.dot(ones([2]), ones([3]))).toThrow("dot: expected shapes [n] and [n], got [2] and [3]");
    expect(() => g.addmm(ones([3]), ones([2, 2]), ones([2, 2]))).toThrow("addmm: expected");
    expect(() => g.cdist(ones([2, 3]), ones([2, 4]))).toThrow("cdist: expected shapes […, m, k] and […, n, k]");
    expect(() => g.cross(ones([2, 2]), ones([2, 2]))).toThrow("cross: expected a dimension of size 3");
  });

  it("cdist is zero, with a gradient of zero, where rows are equal", () => {
    const x = tensor([[1, 2], [3, 4]], { dtype: "float64", requiresGrad: true });
    const distances = g.cdist(x, x);
    expect(values(distances)).toEqual([0, Math.sqrt(8), Math.sqrt(8), 0]);
    distances.sum().backward();
    expect(values(x.grad!).every(Number.isFinite)).toBe(true);
  });

  it("cdist of every p", () => {
    const [a, b] = [tensor([[0, 3, 1]]), tensor([[4, 0, 1]])];
    expect([0, 1, 2, 3, Infinity].map((p) => g.cdist(a, b, { p }).itemSync())).toEqual([2, 7, 5, expect.closeTo((27 + 64) ** (1 / 3), 5), 4]);
  });

  it("cov with weights equals repeated observations", () => {
    const x = tensor([[1, 2, 5], [0, 1, -1]], { dtype: "float64" });
    const repeated = x.indexSelect(1, indices([0, 1, 1, 2, 2, 2]));
    expect(values(g.cov(x, { fweights: indices([1, 2, 3]) }))).toEqual(values(g.cov(repeated)).map((v) => expect.closeTo(v, 12) as number));
    expect(() => g.cov(x, { fweights: indices([1, -2, 3]) })).toThrow("cov: expected fweights that are not negative");
  });

  it("of nothing are zeros", () => {
    expect(g.mm(zeros([2, 0]), zeros([0, 3])).toArraySync()).toEqual([[0, 0, 0], [0, 0, 0]]);
    expect(g.matmul(zeros([2, 3, 0]), zeros([0, 4])).toArraySync()).toEqual(zeros([2, 3, 4]).toArraySync());
    expect(g.linear(zeros([2, 3, 0]), zeros([4, 0])).shape).toEqual([2, 3, 4]);
    expect(g.kron(zeros([0, 2]), ones([3, 1])).shape).toEqual([0, 2]);
    expect(einsum("ij,jk->ik", zeros([2, 0]), zeros([0, 1])).toArraySync()).toEqual([[0], [0]]);
  });
});
