import type { Tensor } from "@gradus/tensor-core";
import { alphaDropout, ArgumentError, dropout, dropout1d, dropout2d, dropout3d, featureAlphaDropout, optionsOf } from "@gradus/tensor-core";
import { InplaceOptions } from "./activation.js";
import { pythonArguments } from "./python-text.js";
import { Module } from "./tensor-module.js";

/** Noise in training, nothing in evaluation. */
abstract class AnyDropout extends Module {
  readonly inplace: boolean;

  constructor(readonly p = 0.5, options?: InplaceOptions) {
    const { inplace = false } = optionsOf(new.target.name, InplaceOptions, options);
    super();
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${this.constructor.name}: expected a probability between 0 and 1, got ${p}`);
    this.inplace = inplace;
  }

  protected abstract readonly drop: typeof dropout;

  forward(x: Tensor): Tensor {
    const result = this.drop(x, this.p, this.training);
    return this.inplace ? x.copy_(result) : result;
  }

  override extraRepr(): string {
    return pythonArguments({ p: this.p, inplace: this.inplace });
  }
}

/**
 * In training, zeroes elements with probability p and scales the others by 1 / (1 − p); in evaluation, passes everything.
 *
 * @see torch.nn.Dropout
 * @example
 * new Dropout(0.5).eval().call(ones([3])).toArraySync(); // [1, 1, 1]
 */
export class Dropout extends AnyDropout {
  protected get drop(): typeof dropout { return dropout; }
}

/** Drops whole channels of sequences, `[N, C, L]` or `[C, L]`. @see torch.nn.Dropout1d */
export class Dropout1d extends AnyDropout {
  protected get drop(): typeof dropout1d { return dropout1d; }
}

/** Drops whole channels of images, `[N, C, H, W]`. @see torch.nn.Dropout2d */
export class Dropout2d extends AnyDropout {
  protected get drop(): typeof dropout2d { return dropout2d; }
}

/** Drops whole channels of volumes, `[N, C, D, H, W]`. @see torch.nn.Dropout3d */
export class Dropout3d extends AnyDropout {
  protected get drop(): typeof dropout3d { return dropout3d; }
}

/** Keeps mean 0 and variance 1 of what SELU gives. @see torch.nn.AlphaDropout; Klambauer et al. (2017) */
export class AlphaDropout extends AnyDropout {
  protected get drop(): typeof alphaDropout { return alphaDropout; }
}

/** AlphaDropout of whole channels. @see torch.nn.FeatureAlphaDropout */
export class FeatureAlphaDropout extends AnyDropout {
  protected get drop(): typeof featureAlphaDropout { return featureAlphaDropout; }
}
