import type { Edge, GradNode } from "@gradus/autograd";
import type { Tensor } from "../tensor.js";
import { isGradEnabled } from "./mode.js";

/** Where a sweep ends: adds what arrives to a leaf's `grad`. */
export class AccumulateNode implements GradNode<Tensor> {
  readonly name = "AccumulateGrad";
  readonly inputs: readonly Edge<Tensor>[] = [];
  readonly edge: Edge<Tensor> = { node: this, slot: 0 };
  hooks: GradNode<Tensor>["hooks"];

  constructor(readonly leaf: Tensor) {}

  accumulate(grad: Tensor): void {
    const { leaf } = this;
    if (leaf.grad === null) leaf.grad = keepGradient(grad);
    // With createGraph the old gradient may be part of a graph, so it must not be overwritten.
    else if (isGradEnabled()) leaf.grad = leaf.grad.add(grad);
    else leaf.grad.add_(grad);
  }
}

/**
 * A gradient that outlives the sweep. One that the sweep made and that nothing else holds is taken over; any other is
 * copied, because the same tensor may be handed to several leaves (`x.add(x)`) or belong to the caller.
 */
export function keepGradient(grad: Tensor): Tensor {
  const { elements, layout } = grad;
  if (isGradEnabled()) return grad;
  const ours = elements.scope?.isSweep === true && elements.holds === 1;
  if (ours && layout.isContiguous && layout.numel === elements.length) {
    elements.scope = null;
    return grad;
  }
  const copy = grad.detach().clone();
  copy.elements.scope = null;
  return copy;
}
