import { Linear, ReLU, Sequential } from "@gradus/nn";
import type { Module } from "@gradus/nn";
import { ArgumentError, optionsOf } from "@gradus/tensor-core";
import type { Options } from "@gradus/tensor-core";

export const MlpOptions = class {
  /** Makes what stands between two linear layers. */
  readonly activation?: () => Module;
};
export type MlpOptions = Options<typeof MlpOptions>;

/**
 * A multilayer perceptron: linear layers from size to size, with an activation between them.
 *
 * `[…, sizes[0]]` to `[…, sizes.at(-1)]`.
 *
 * @example
 * console.log(new MLP([2, 10, 1])); // MLP(
 *                                   //   (0): Linear(in_features=2, out_features=10, bias=True)
 *                                   //   (1): ReLU()
 *                                   //   (2): Linear(in_features=10, out_features=1, bias=True)
 *                                   // )
 */
export class MLP extends Sequential {
  constructor(sizes: readonly number[], options?: MlpOptions) {
    const { activation = () => new ReLU() } = optionsOf(new.target.name, MlpOptions, options);
    if (sizes.length < 2) throw new ArgumentError(`MLP: expected at least the sizes of input and output, got [${sizes.join(", ")}]`);
    super(...sizes.slice(1).flatMap((size, i) => [...(i === 0 ? [] : [activation()]), new Linear(sizes[i]!, size)]));
  }
}
