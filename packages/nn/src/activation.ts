import type { Options, Tensor } from "@gradus/tensor-core";
import {
  celu, elu, EluOptions, full, gelu, GeluOptions, glu, hardshrink, hardsigmoid, hardswish, hardtanh, HardtanhOptions, isGradEnabled, joinOptions, leakyRelu,
  logsigmoid, logSoftmax, mish, optionsOf, prelu, relu, relu6, rrelu, selu, ShapeError, ShrinkOptions, sigmoid, silu, softmax, softmin, softplus,
  SoftplusOptions, softshrink, softsign, tanh, tanhshrink, threshold,
} from "@gradus/tensor-core";
import { factory, FactoryOptions } from "./factory.js";
import { float, pythonArguments, pythonValue } from "./python-text.js";
import type { Printable } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

/*
 * Every module here is a function of `functional`, with its options as properties. A subclass says which function, and what is
 * printed of its options.
 */

export const InplaceOptions = class {
  /** Write the result over the input. */
  readonly inplace?: boolean;
};
export type InplaceOptions = Options<typeof InplaceOptions>;

/** A function of one tensor. */
abstract class Activation extends Module {
  /** The function, with the module's options. */
  protected abstract activate(x: Tensor): Tensor;

  forward(x: Tensor): Tensor {
    return this.activate(x);
  }

  /** The options that are printed, under PyTorch's names. */
  protected printed(): Readonly<Record<string, Printable>> {
    return {};
  }

  override extraRepr(): string {
    return pythonArguments(this.printed());
  }
}

/** One that can write over its input. */
abstract class InplaceActivation extends Activation {
  readonly inplace: boolean;

  constructor(options?: InplaceOptions) {
    const { inplace = false } = optionsOf(new.target.name, InplaceOptions, options);
    super();
    this.inplace = inplace;
  }

  override forward(x: Tensor): Tensor {
    if (!this.inplace) return this.activate(x);
    // The derivative is that at the value before, which is about to be overwritten.
    return x.copy_(this.activate(isGradEnabled() && x.requiresGrad ? x.clone() : x));
  }

  override extraRepr(): string {
    return [super.extraRepr(), ...(this.inplace ? ["inplace=True"] : [])].filter((part) => part !== "").join(", ");
  }
}

/** max(x, 0). @see torch.nn.ReLU */
export class ReLU extends InplaceActivation {
  protected override activate(x: Tensor): Tensor {
    return relu(x);
  }
}

/** min(max(x, 0), 6). @see torch.nn.ReLU6 */
export class ReLU6 extends InplaceActivation {
  protected override activate(x: Tensor): Tensor {
    return relu6(x);
  }
}

/** x where x > 0, else negativeSlope · x. @see torch.nn.LeakyReLU */
export class LeakyReLU extends InplaceActivation {
  constructor(readonly negativeSlope = 0.01, options?: InplaceOptions) {
    super(options);
  }

  protected override activate(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { negative_slope: this.negativeSlope };
  }
}

const EluLayerOptions = /* @__PURE__ */ joinOptions(EluOptions, InplaceOptions);
type EluLayerOptions = Options<typeof EluLayerOptions>;

/** x where x > 0, else α (eˣ − 1). @see torch.nn.ELU; Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning (2016) */
export class ELU extends InplaceActivation {
  readonly alpha: number;

  constructor(options?: EluLayerOptions) {
    const { alpha = 1, inplace = false } = optionsOf(new.target.name, EluLayerOptions, options);
    super({ inplace });
    this.alpha = alpha;
  }

  protected override activate(x: Tensor): Tensor {
    return elu(x, this);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { alpha: float(this.alpha) };
  }
}

/** max(0, x) + min(0, α (e^(x/α) − 1)). @see torch.nn.CELU */
export class CELU extends InplaceActivation {
  readonly alpha: number;

  constructor(options?: EluLayerOptions) {
    const { alpha = 1, inplace = false } = optionsOf(new.target.name, EluLayerOptions, options);
    super({ inplace });
    this.alpha = alpha;
  }

  protected override activate(x: Tensor): Tensor {
    return celu(x, this);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { alpha: float(this.alpha) };
  }
}

/** ELU with the constants that keep mean 0 and variance 1 from layer to layer. @see torch.nn.SELU; Klambauer et al. (2017) */
export class SELU extends InplaceActivation {
  protected override activate(x: Tensor): Tensor {
    return selu(x);
  }
}

/** x σ(x), also called swish. @see torch.nn.SiLU */
export class SiLU extends InplaceActivation {
  protected override activate(x: Tensor): Tensor {
    return silu(x);
  }
}

/** x tanh(log(1 + eˣ)). @see torch.nn.Mish; Misra (2020) */
export class Mish extends InplaceActivation {
  protected override activate(x: Tensor): Tensor {
    return mish(x);
  }
}

/** x min(max(x + 3, 0), 6) / 6. @see torch.nn.Hardswish */
export class Hardswish extends InplaceActivation {
  protected override activate(x: Tensor): Tensor {
    return hardswish(x);
  }
}

/** min(max(x + 3, 0), 6) / 6. @see torch.nn.Hardsigmoid */
export class Hardsigmoid extends InplaceActivation {
  protected override activate(x: Tensor): Tensor {
    return hardsigmoid(x);
  }
}

const HardtanhLayerOptions = /* @__PURE__ */ joinOptions(HardtanhOptions, InplaceOptions);
type HardtanhLayerOptions = Options<typeof HardtanhLayerOptions>;

/** x, cut to a range. @see torch.nn.Hardtanh */
export class Hardtanh extends InplaceActivation {
  readonly minVal: number;
  readonly maxVal: number;

  constructor(options?: HardtanhLayerOptions) {
    const { minVal = -1, maxVal = 1, inplace = false } = optionsOf(new.target.name, HardtanhLayerOptions, options);
    super({ inplace });
    this.minVal = minVal;
    this.maxVal = maxVal;
  }

  protected override activate(x: Tensor): Tensor {
    return hardtanh(x, this);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { min_val: float(this.minVal), max_val: float(this.maxVal) };
  }
}

/** x where x is above a threshold, else a value. @see torch.nn.Threshold */
export class Threshold extends InplaceActivation {
  constructor(readonly threshold: number, readonly value: number, options?: InplaceOptions) {
    super(options);
  }

  protected override activate(x: Tensor): Tensor {
    return threshold(x, this.threshold, this.value);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { threshold: this.threshold, value: this.value };
  }
}

export const RReluLayerOptions = /* @__PURE__ */ joinOptions(class {
  /** Bounds of the random slope. */
  readonly lower?: number;
  readonly upper?: number;
}, InplaceOptions);
export type RReluLayerOptions = Options<typeof RReluLayerOptions>;

/** Leaky ReLU with a slope drawn for each element in training, and the middle of the bounds in evaluation. @see torch.nn.RReLU */
export class RReLU extends InplaceActivation {
  readonly lower: number;
  readonly upper: number;

  constructor(options?: RReluLayerOptions) {
    const { lower = 1 / 8, upper = 1 / 3, inplace = false } = optionsOf(new.target.name, RReluLayerOptions, options);
    super({ inplace });
    this.lower = lower;
    this.upper = upper;
  }

  protected override activate(x: Tensor): Tensor {
    const { lower, upper, training } = this;
    return rrelu(x, { lower, upper, training });
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { lower: this.lower, upper: this.upper };
  }
}

/** 1 / (1 + e⁻ˣ). @see torch.nn.Sigmoid */
export class Sigmoid extends Activation {
  protected override activate(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** log(1 / (1 + e⁻ˣ)). @see torch.nn.LogSigmoid */
export class LogSigmoid extends Activation {
  protected override activate(x: Tensor): Tensor {
    return logsigmoid(x);
  }
}

/** The hyperbolic tangent. @see torch.nn.Tanh */
export class Tanh extends Activation {
  protected override activate(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** x − tanh(x). @see torch.nn.Tanhshrink */
export class Tanhshrink extends Activation {
  protected override activate(x: Tensor): Tensor {
    return tanhshrink(x);
  }
}

/** x / (1 + |x|). @see torch.nn.Softsign */
export class Softsign extends Activation {
  protected override activate(x: Tensor): Tensor {
    return softsign(x);
  }
}

/** x where |x| > λ, else 0. @see torch.nn.Hardshrink */
export class Hardshrink extends Activation {
  readonly lambd: number;

  constructor(options?: ShrinkOptions) {
    const { lambd = 0.5 } = optionsOf(new.target.name, ShrinkOptions, options);
    super();
    this.lambd = lambd;
  }

  protected override activate(x: Tensor): Tensor {
    return hardshrink(x, this);
  }

  override extraRepr(): string {
    return pythonValue(this.lambd);
  }
}

/** x moved towards 0 by λ, and 0 where it would pass it. @see torch.nn.Softshrink */
export class Softshrink extends Activation {
  readonly lambd: number;

  constructor(options?: ShrinkOptions) {
    const { lambd = 0.5 } = optionsOf(new.target.name, ShrinkOptions, options);
    super();
    this.lambd = lambd;
  }

  protected override activate(x: Tensor): Tensor {
    return softshrink(x, this);
  }

  override extraRepr(): string {
    return pythonValue(this.lambd);
  }
}

/**
 * x Φ(x), where Φ is the distribution function of the standard normal distribution; or its approximation by tanh.
 *
 * @see torch.nn.GELU; Hendrycks and Gimpel, Gaussian error linear units (2016)
 */
export class GELU extends Activation {
  readonly approximate: "none" | "tanh";

  constructor(options?: GeluOptions) {
    const { approximate = "none" } = optionsOf(new.target.name, GeluOptions, options);
    super();
    this.approximate = approximate;
  }

  protected override activate(x: Tensor): Tensor {
    return gelu(x, this);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { approximate: `'${this.approximate}'` };
  }
}

/** log(1 + e^(β x)) / β, and x itself where β x is above the threshold. @see torch.nn.Softplus */
export class Softplus extends Activation {
  readonly beta: number;
  readonly threshold: number;

  constructor(options?: SoftplusOptions) {
    const { beta = 1, threshold = 20 } = optionsOf(new.target.name, SoftplusOptions, options);
    super();
    this.beta = beta;
    this.threshold = threshold;
  }

  protected override activate(x: Tensor): Tensor {
    return softplus(x, this);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { beta: float(this.beta), threshold: float(this.threshold) };
  }
}

/** The first half of a dimension times σ of the second. @see torch.nn.GLU */
export class GLU extends Activation {
  constructor(readonly dim = -1) {
    super();
  }

  protected override activate(x: Tensor): Tensor {
    return glu(x, this.dim);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { dim: this.dim };
  }
}

/**
 * exp(xᵢ) / Σⱼ exp(xⱼ) along a dimension.
 *
 * Better name the dimension: without one it is, as in PyTorch, the first of tensors with 0, 1 or 3 dimensions and the second of others.
 *
 * @see torch.nn.Softmax
 * @example
 * new Softmax(1).call(tensor([[0, 0]])).toArraySync(); // [[0.5, 0.5]]
 */
export class Softmax extends Activation {
  constructor(readonly dim: number | null = null) {
    super();
  }

  protected override activate(x: Tensor): Tensor {
    return softmax(x, this.dimOf(x));
  }

  protected dimOf({ ndim }: Tensor): number {
    return this.dim ?? (ndim === 0 || ndim === 1 || ndim === 3 ? 0 : 1);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { dim: this.dim };
  }
}

/** The softmax of −x. @see torch.nn.Softmin */
export class Softmin extends Softmax {
  protected override activate(x: Tensor): Tensor {
    return softmin(x, this.dimOf(x));
  }
}

/** The logarithm of the softmax, finite for all finite inputs. @see torch.nn.LogSoftmax */
export class LogSoftmax extends Softmax {
  protected override activate(x: Tensor): Tensor {
    return logSoftmax(x, this.dimOf(x));
  }
}

/** The softmax over the channels of images, `[N, C, H, W]` or `[C, H, W]`. @see torch.nn.Softmax2d */
export class Softmax2d extends Activation {
  protected override activate(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4) throw new ShapeError(`Softmax2d: expected [N, C, H, W] or [C, H, W], got [${x.shape.join(", ")}]`);
    return softmax(x, -3);
  }
}

export const PReluOptions = /* @__PURE__ */ joinOptions(class {
  /** 1, or the number of channels. */
  readonly numParameters?: number;
  /** The slope to start from. */
  readonly init?: number;
}, FactoryOptions);
export type PReluOptions = Options<typeof PReluOptions>;

/** Leaky ReLU whose slope is learned, for all channels or for each. @see torch.nn.PReLU; He et al., Delving deep into rectifiers (2015) */
export class PReLU extends Activation {
  readonly numParameters: number;
  readonly weight: Parameter;

  constructor(options?: PReluOptions) {
    const { numParameters = 1, init = 0.25, ...rest } = optionsOf(new.target.name, PReluOptions, options);
    super();
    this.numParameters = numParameters;
    this.weight = new Parameter(full([numParameters], init, factory(rest)));
  }

  protected override activate(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }

  protected override printed(): Readonly<Record<string, Printable>> {
    return { num_parameters: this.numParameters };
  }
}
