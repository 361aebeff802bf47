import type { Tensor } from "@gradus/tensor-core";
import { ArgumentError, dropout } from "@gradus/tensor-core";
import { pythonArguments } from "./python-text.js";
import { Module } from "./tensor-module.js";

/**
 * In training, zeroes elements with probability p and scales the others by 1 / (1 − p); in evaluation, passes everything.
 *
 * @see torch.nn.Dropout
 * @example
 * new Dropout(0.5).eval().call(ones([3])).toArraySync(); // [1, 1, 1]
 */
export class Dropout extends Module {
  constructor(readonly p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`Dropout: expected a probability between 0 and 1, got ${p}`);
  }

  forward(x: Tensor): Tensor {
    return dropout(x, this.p, this.training);
  }

  override extraRepr(): string {
    return `${pythonArguments({ p: this.p })}, inplace=False`;
  }
}
