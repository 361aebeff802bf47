import type { Options, Tensor } from "@gradus/tensor-core";
import { bilinear, empty, joinOptions, linear, optionsOf } from "@gradus/tensor-core";
import { factory, FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { pythonArguments } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

export const LinearOptions = /* @__PURE__ */ joinOptions(class {
  readonly bias?: boolean;
}, FactoryOptions);
export type LinearOptions = Options<typeof LinearOptions>;

/**
 * An affine map of the last dimension.
 *
 *   y = x Wᵀ + b
 *
 * Input `[…, inFeatures]`, output `[…, outFeatures]`. Weight `[outFeatures, inFeatures]` and bias `[outFeatures]` start from
 * U(−√k, √k) with k = 1 / inFeatures.
 *
 * @see torch.nn.Linear
 * @example
 * const layer = new Linear(3, 2);
 * layer.call(ones([5, 3])).shape; // [5, 2]
 * console.log(layer); // Linear(in_features=3, out_features=2, bias=True)
 */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options?: LinearOptions,
  ) {
    const { bias = true, ...rest } = optionsOf(new.target.name, LinearOptions, options);
    super();
    this.weight = new Parameter(empty([outFeatures, inFeatures], factory(rest)));
    this.bias = bias ? new Parameter(empty([outFeatures], factory(rest))) : null;
    this.resetParameters();
  }

  resetParameters(): void {
    resetAffine(this.weight, this.bias);
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    return pythonArguments({ in_features: this.inFeatures, out_features: this.outFeatures, bias: this.bias !== null });
  }
}

/** How PyTorch starts linear and convolution layers: all from U(−1/√fanIn, 1/√fanIn), weight first. */
export function resetAffine(weight: Tensor, bias: Tensor | null): void {
  init.kaimingUniform_(weight, { a: Math.sqrt(5) });
  if (bias === null) return;
  const { fanIn } = init.fans(weight);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  init.uniform_(bias, -bound, bound);
}

/**
 * A form that is linear in each of two inputs.
 *
 *   yₖ = x₁ᵀ Wₖ x₂ + bₖ
 *
 * Inputs `[…, in1Features]` and `[…, in2Features]`, output `[…, outFeatures]`.
 *
 * @see torch.nn.Bilinear
 */
export class Bilinear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(
    readonly in1Features: number,
    readonly in2Features: number,
    readonly outFeatures: number,
    options?: LinearOptions,
  ) {
    const { bias = true, ...rest } = optionsOf(new.target.name, LinearOptions, options);
    super();
    this.weight = new Parameter(empty([outFeatures, in1Features, in2Features], factory(rest)));
    this.bias = bias ? new Parameter(empty([outFeatures], factory(rest))) : null;
    this.resetParameters();
  }

  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features);
    init.uniform_(this.weight, -bound, bound);
    if (this.bias !== null) init.uniform_(this.bias, -bound, bound);
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }

  override extraRepr(): string {
    return pythonArguments({ in1_features: this.in1Features, in2_features: this.in2Features, out_features: this.outFeatures, bias: this.bias !== null });
  }
}

/** Gives back its input, and takes any arguments. @see torch.nn.Identity */
export class Identity extends Module {
  forward<T>(x: T): T {
    return x;
  }
}
