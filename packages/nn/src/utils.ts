/**
 * What is done to the parameters or gradients of a whole network (`torch.nn.utils`).
 *
 * @module
 */
import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, cat, noGrad, optionsOf, ShapeError, stack, tensor } from "@gradus/tensor-core";

export * as rnn from "./packed-sequence.js";

const ClipNormOptions = class {
  /** Which norm: 2 for the Euclidean, Infinity for the largest element. */
  readonly normType?: number;
  /** Throw if the norm is NaN or infinite. It has to be read for that, which only some devices can do at once. */
  readonly errorIfNonfinite?: boolean;
};
export type ClipNormOptions = Options<typeof ClipNormOptions>;

const gradsOf = (parameters: Iterable<Tensor>): Tensor[] => [...parameters].flatMap(({ grad }) => (grad === null ? [] : [grad.detach()]));

/**
 * Scales all gradients, in place, so that their norm as one vector is at most `maxNorm`.
 *
 * @returns The norm before, as a tensor: nothing waits for it.
 * @throws {ArgumentError} with `errorIfNonfinite`, if the norm is NaN or infinite.
 * @see torch.nn.utils.clip_grad_norm_; Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks (2013)
 * @example
 * const w = new Parameter(tensor([3, 4]));
 * w.square().sum().backward();
 * utils.clipGradNorm_([w], 1).itemSync(); // 10
 * w.grad?.toArraySync(); // [0.59999…, 0.79999…]
 */
export function clipGradNorm_(parameters: Iterable<Tensor>, maxNorm: number, options?: ClipNormOptions): Tensor {
  const { normType = 2, errorIfNonfinite = false } = optionsOf("clipGradNorm_", ClipNormOptions, options);
  return noGrad(() => {
    const grads = gradsOf(parameters);
    const [first] = grads;
    if (first === undefined) return tensor(0);
    const norms = stack(grads.filter((grad) => grad.numel() > 0).map((grad) => norm(grad, normType).to(first.device)), 0);
    const total = norm(norms, normType);
    if (errorIfNonfinite && !Number.isFinite(total.itemSync())) {
      throw new ArgumentError(`clipGradNorm_: expected gradients of a finite norm, got ${String(total.itemSync())}; look for the first step whose loss is not finite`);
    }
    // Multiplying by 1 instead of asking whether to: the answer need not be waited for.
    const factor = total.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 });
    for (const grad of grads) grad.mul_(factor.to(grad.device));
    return total;
  });
}

function norm(x: Tensor, p: number): Tensor {
  if (p === Infinity) return x.abs().max();
  if (p === 2) return x.square().sum().sqrt();
  return x.abs().pow(p).sum().pow(1 / p);
}

/**
 * Cuts each element of the gradients, in place, to the range from −`clipValue` to `clipValue`.
 *
 * @see torch.nn.utils.clip_grad_value_
 */
export function clipGradValue_(parameters: Iterable<Tensor>, clipValue: number): void {
  noGrad(() => {
    for (const grad of gradsOf(parameters)) grad.clampMin_(-clipValue).clampMax_(clipValue);
  });
}

/** All parameters as one vector. @see torch.nn.utils.parameters_to_vector */
export const parametersToVector = (parameters: Iterable<Tensor>): Tensor => cat([...parameters].map((parameter) => parameter.reshape(-1)), 0);

/**
 * Writes the parts of a vector over the parameters.
 *
 * @throws {ShapeError} if the vector has not as many elements as they have together.
 * @see torch.nn.utils.vector_to_parameters
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  const list = [...parameters];
  const total = list.reduce((sum, parameter) => sum + parameter.numel(), 0);
  if (vector.ndim !== 1 || vector.numel() !== total) throw new ShapeError(`vectorToParameters: expected a vector of ${total} elements, got shape [${vector.shape.join(", ")}]`);
  noGrad(() => {
    let offset = 0;
    for (const parameter of list) {
      parameter.copy_(vector.narrow(0, offset, parameter.numel()).reshape(parameter.shape));
      offset += parameter.numel();
    }
  });
}
