import { asLeaf, isParameter, markParameter } from "@gradus/autograd";
import type { Differentiable, Leaf, Parameter as MarkedLeaf } from "@gradus/autograd";

export interface ParameterOptions {
  /** Whether it is to be learned. A frozen parameter still belongs to the module's state. */
  readonly requiresGrad?: boolean;
}

export interface ParameterConstructor {
  new <L extends Leaf>(value: Differentiable<L>, options?: ParameterOptions): MarkedLeaf<L>;
  [Symbol.hasInstance](value: unknown): value is MarkedLeaf;
}

/**
 * A value that a module learns: a leaf of the same kind as `value`, marked as a parameter. For a tensor it *is* a tensor that
 * shares the storage of `value`; for a scalar it is a scalar of its own, which minitorch's `.value` gives as well.
 *
 * @see torch.nn.Parameter
 * @example
 * const w = new Parameter(ones([2]));
 * w.requiresGrad; // true
 * w instanceof Parameter; // true
 */
export const Parameter = Object.defineProperty(
  function Parameter(value: Differentiable, { requiresGrad = true }: ParameterOptions = {}) {
    const leaf = value[asLeaf]();
    if (!requiresGrad) leaf.requiresGrad = false;
    return markParameter(leaf);
  },
  Symbol.hasInstance,
  { value: isParameter },
) as unknown as ParameterConstructor;
