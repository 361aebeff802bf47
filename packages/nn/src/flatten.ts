import type { Tensor } from "@gradus/tensor-core";
import { flatten } from "@gradus/tensor-core";
import { pythonArguments } from "./python-text.js";
import { Module } from "./tensor-module.js";

/**
 * Joins dimensions from `startDim` to `endDim` into one; by default all but the first.
 *
 * @see torch.nn.Flatten
 * @example
 * new Flatten().call(ones([2, 3, 4])).shape; // [2, 12]
 */
export class Flatten extends Module {
  constructor(
    readonly startDim = 1,
    readonly endDim = -1,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return pythonArguments({ start_dim: this.startDim, end_dim: this.endDim });
  }
}
