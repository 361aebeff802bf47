import type { Edge, GradNode } from "@gradus/autograd";
import { outsideSweeps } from "../memory.js";
import type { Tensor } from "../tensor.js";
import { isGradEnabled } from "./mode.js";
import { add, clone } from "../ops/elementwise.js";

/** Where a sweep ends: adds what arrives to a leaf's `grad`. */
export class AccumulateNode implements GradNode<Tensor> {
  readonly name = "AccumulateGrad";
  readonly inputs: readonly Edge<Tensor>[] = [];
  readonly edge: Edge<Tensor> = { node: this, slot: 0 };
  hooks: GradNode<Tensor>["hooks"];
  #afterwards: Set<{ readonly hook: (leaf: Tensor) => void }> | null = null;

  constructor(readonly leaf: Tensor) {}

  /** Adds a function that is called whenever the leaf has taken a gradient; returns the one that removes it. */
  addAfterwards(hook: (leaf: Tensor) => void): () => void {
    const entry = { hook };
    const entries = (this.#afterwards ??= new Set());
    entries.add(entry);
    return () => void entries.delete(entry);
  }

  accumulate(grad: Tensor): void {
    accumulateInto(this.leaf, grad);
    for (const { hook } of this.#afterwards ?? []) outsideSweeps(() => { hook(this.leaf); });
  }
}

/** Adds a gradient to what is in `grad`. */
export function accumulateInto(x: Tensor, grad: Tensor): void {
  if (x.grad === null) keepGradient(x, grad);
  // With createGraph the old gradient may be part of a graph, so it must not be overwritten.
  else if (isGradEnabled()) x.grad = add(x.grad, grad);
  else add.inPlace(x.grad, grad);
}

/**
 * Makes a gradient outlive the sweep. One that the sweep made and that nothing else holds is taken over; any other is
 * copied, because the same tensor may be handed to several leaves (`x.add(x)`) or belong to the caller.
 */
function keepGradient(x: Tensor, grad: Tensor): void {
  const { elements, layout } = grad;
  if (isGradEnabled()) {
    x.grad = grad;
    return;
  }
  const ours = elements.scope?.isSweep === true && elements.holds === 1;
  if (ours && layout.isContiguous && layout.numel === elements.length) {
    elements.scope = null;
    x.takeGradient(grad);
    return;
  }
  const copy = clone(grad.detach());
  copy.elements.scope = null;
  x.takeGradient(copy);
}
