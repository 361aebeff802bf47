import type { Tensor } from "@gradus/tensor-core";
import { einsum, zeros } from "@gradus/tensor-core";

/**
 * cᵢⱼ = Σₖ aᵢₖ bₖⱼ, five ways. Each rung says more at once than the one below it, and leaves more of the work to the device.
 *
 * After Jeremy Howard's lesson "Matrix multiplication from the foundations", fast.ai.
 */

type Product = (a: Tensor, b: Tensor) => Tensor;

/** A call for every element of every sum. */
const threeLoops: Product = (a, b) => {
  const [[rows, inner], [, columns]] = [a.shape, b.shape] as [[number, number], [number, number]];
  const c = zeros([rows, columns]);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < inner; k++) c.get(i, j).add_(a.get(i, k).mul(b.get(k, j)));
    }
  }
  return c;
};

/** The innermost loop as a product of vectors and its sum. */
const twoLoops: Product = (a, b) => {
  const [[rows], [, columns]] = [a.shape, b.shape] as [[number], [number, number]];
  const c = zeros([rows, columns]);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) c.set([i, j], a.get(i).mul(b.get(":", j)).sum());
  }
  return c;
};

/** A row at a time: as a column it meets every column of b by broadcasting. */
const broadcasting: Product = (a, b) => {
  const [[rows], [, columns]] = [a.shape, b.shape] as [[number], [number, number]];
  const c = zeros([rows, columns]);
  for (let i = 0; i < rows; i++) c.set([i], a.get(i).unsqueeze(-1).mul(b).sum({ dim: 0 }));
  return c;
};

/** No loop: the letters say what is summed. */
const bySummation: Product = (a, b) => einsum("ik,kj->ij", a, b);

/** What everybody writes. */
const byMatmul: Product = (a, b) => a.matmul(b);

export interface Rung {
  readonly name: string;
  readonly product: Product;
}

export const rungs: readonly Rung[] = [
  { name: "three loops", product: threeLoops },
  { name: "two loops", product: twoLoops },
  { name: "broadcasting", product: broadcasting },
  { name: "einsum", product: bySummation },
  { name: "matmul", product: byMatmul },
];
