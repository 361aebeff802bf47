import type { GeluOptions, SoftplusOptions, Tensor } from "@gradus/tensor-core";
import { gelu, leakyRelu, logSoftmax, relu, sigmoid, silu, softmax, softplus, tanh } from "@gradus/tensor-core";
import { pythonArguments, pythonValue } from "./python-text.js";
import { Module } from "./tensor-module.js";

export interface InplaceOptions {
  /** Write the result over the input. */
  readonly inplace?: boolean;
}

/** max(x, 0). @see torch.nn.ReLU */
export class ReLU extends Module {
  readonly inplace: boolean;

  constructor({ inplace = false }: InplaceOptions = {}) {
    super();
    this.inplace = inplace;
  }

  forward(x: Tensor): Tensor {
    return this.inplace ? x.relu_() : relu(x);
  }

  override extraRepr(): string {
    return this.inplace ? "inplace=True" : "";
  }
}

/** x where x > 0, else negativeSlope · x. @see torch.nn.LeakyReLU */
export class LeakyReLU extends Module {
  constructor(readonly negativeSlope = 0.01) {
    super();
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope);
  }

  override extraRepr(): string {
    return pythonArguments({ negative_slope: this.negativeSlope });
  }
}

/** 1 / (1 + e⁻ˣ). @see torch.nn.Sigmoid */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The hyperbolic tangent. @see torch.nn.Tanh */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/**
 * x Φ(x), where Φ is the distribution function of the standard normal distribution; or its approximation by tanh.
 *
 * @see torch.nn.GELU; Hendrycks and Gimpel, Gaussian error linear units (2016)
 */
export class GELU extends Module {
  readonly approximate: "none" | "tanh";

  constructor({ approximate = "none" }: GeluOptions = {}) {
    super();
    this.approximate = approximate;
  }

  forward(x: Tensor): Tensor {
    return gelu(x, this);
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** x σ(x), also called swish. @see torch.nn.SiLU */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** log(1 + e^(β x)) / β, and x itself where β x is above the threshold. @see torch.nn.Softplus */
export class Softplus extends Module {
  readonly beta: number;
  readonly threshold: number;

  constructor({ beta = 1, threshold = 20 }: SoftplusOptions = {}) {
    super();
    this.beta = beta;
    this.threshold = threshold;
  }

  forward(x: Tensor): Tensor {
    return softplus(x, this);
  }

  override extraRepr(): string {
    // Both are floating in PyTorch.
    const float = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : pythonValue(value));
    return `beta=${float(this.beta)}, threshold=${float(this.threshold)}`;
  }
}

/**
 * exp(xᵢ) / Σⱼ exp(xⱼ) along a dimension.
 *
 * @see torch.nn.Softmax
 * @example
 * new Softmax(1).call(tensor([[0, 0]])).toArraySync(); // [[0.5, 0.5]]
 */
export class Softmax extends Module {
  constructor(readonly dim: number) {
    super();
  }

  forward(x: Tensor): Tensor {
    return softmax(x, this.dim);
  }

  override extraRepr(): string {
    return pythonArguments({ dim: this.dim });
  }
}

/** The logarithm of the softmax, finite for all finite inputs. @see torch.nn.LogSoftmax */
export class LogSoftmax extends Module {
  constructor(readonly dim: number) {
    super();
  }

  forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dim);
  }

  override extraRepr(): string {
    return pythonArguments({ dim: this.dim });
  }
}
