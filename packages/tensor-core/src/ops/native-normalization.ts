import { noGrad } from "../autograd/mode.js";
import { zeros } from "../create.js";
import { optionsOf } from "../options.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { batchNorm, BatchNormOptions, layerNormAs, type LayerNormOptions } from "./normalization.js";
import { varMean } from "./reduce.js";
import { add, rsqrt } from "./elementwise.js";

/** Normalisations that give their statistics too, as PyTorch's functions of these names do. Statistics have no gradient. */

/** Mean and 1 / √(variance + ε) along dimensions, the variance without Bessel's correction. */
function statistics(x: Tensor, dim: readonly number[], eps: number, keepdim: boolean): [mean: Tensor, inverseDeviation: Tensor] {
  return noGrad(() => {
    const [variance, mean] = varMean(x, { dim, correction: 0, keepdim });
    return [mean, rsqrt(add(variance, eps))];
  });
}

/**
 * Layer normalisation, with the mean and 1 / √(Var[x] + ε) of each sample.
 *
 * @throws {ShapeError} if the last dimensions are not `normalizedShape`.
 * @see torch.native_layer_norm
 * @example
 * const [, mean] = nativeLayerNorm(tensor([[1, 3], [0, 20]]), [2]);
 * mean.toArraySync(); // [[2], [10]]
 */
export function nativeLayerNorm(x: Tensor, normalizedShape: Shape, options?: LayerNormOptions): [output: Tensor, mean: Tensor, inverseDeviation: Tensor] {
  const output = layerNormAs("nativeLayerNorm", x, normalizedShape, options);
  const dims = normalizedShape.map((_, i) => x.ndim - normalizedShape.length + i);
  return [output, ...statistics(x, dims, options?.eps ?? 1e-5, true)];
}

/**
 * Batch normalisation, with the mean and 1 / √(Var[x] + ε) of each channel in training; in evaluation these are empty.
 *
 * @see torch.native_batch_norm
 * @example
 * const [, mean] = nativeBatchNorm(tensor([[1], [3]]), { training: true });
 * mean.toArraySync(); // [2]
 */
export function nativeBatchNorm(x: Tensor, options?: BatchNormOptions): [output: Tensor, mean: Tensor, inverseDeviation: Tensor] {
  const given = optionsOf("nativeBatchNorm", BatchNormOptions, options);
  const output = batchNorm(x, given);
  if (given.training !== true) {
    const none = (): Tensor => zeros([0], { dtype: x.dtype, device: x.device });
    return [output, none(), none()];
  }
  const dims = x.shape.map((_, d) => d).filter((d) => d !== 1);
  return [output, ...statistics(x, dims, given.eps ?? 1e-5, false)];
}
