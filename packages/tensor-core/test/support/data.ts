import type { Shape } from "@gradus/tensor-core";
import { Generator, tensor, type Tensor } from "@gradus/tensor-core";

/** Standard normal numbers in float64, the same for the same seed. Requires grad. */
export function leaf(shape: Shape, seed = 1): Tensor {
  const values = new Float64Array(shape.reduce((count, size) => count * size, 1));
  new Generator(seed).normal(values);
  return tensor(values, { shape, requiresGrad: true });
}

/** Like `leaf`, between 0.25 and 1.75: for logarithms, divisors and probabilities' odds. */
export function positiveLeaf(shape: Shape, seed = 1): Tensor {
  const values = new Float64Array(shape.reduce((count, size) => count * size, 1));
  new Generator(seed).uniform(values, 0.25, 1.75);
  return tensor(values, { shape, requiresGrad: true });
}

/** Whole numbers as int64. */
export const indices = (values: readonly number[], shape: Shape = [values.length]): Tensor => tensor([...values], { dtype: "int64", shape });
