import type { InterpolateMode, Options, PerDimension, Tensor } from "@gradus/tensor-core";
import { interpolate, optionsOf } from "@gradus/tensor-core";
import { float, pythonArguments } from "./python-text.js";
import type { Printable } from "./python-text.js";
import { Module } from "./tensor-module.js";

export const Upsample2dOptions = class {
  /** Sizes of the result: one number for all spatial dimensions, or one each. Either this or `scaleFactor`. */
  readonly size?: PerDimension | null;
  /** How many times larger the result is. */
  readonly scaleFactor?: PerDimension | null;
};
export type Upsample2dOptions = Options<typeof Upsample2dOptions>;

/** Those of `interpolate`, except that antialiasing is the function's alone. */
export const UpsampleOptions = class extends Upsample2dOptions {
  /** `nearest` by default. */
  readonly mode?: InterpolateMode;
  /** The centres of the corner elements keep their values, instead of the outer edges. Not for `nearest` and `area`. */
  readonly alignCorners?: boolean | null;
  /** Use the quotient of the sizes as the scale, and not `scaleFactor` itself. */
  readonly recomputeScaleFactor?: boolean | null;
};
export type UpsampleOptions = Options<typeof UpsampleOptions>;

/**
 * Changes the size of images, sequences or volumes, `[N, C, …]`, to a size or by a factor.
 *
 * @see torch.nn.Upsample
 * @example
 * new Upsample({ scaleFactor: 2 }).call(tensor([[[[1, 2]]]])).toArraySync(); // [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]
 */
export class Upsample extends Module {
  protected readonly options: UpsampleOptions;

  constructor(options?: UpsampleOptions) {
    super();
    this.options = optionsOf(new.target.name, UpsampleOptions, options);
  }

  forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }

  override extraRepr(): string {
    const { size, scaleFactor, mode = "nearest" } = this.options;
    const shown: Printable = typeof scaleFactor === "number" ? float(scaleFactor) : (scaleFactor ?? null);
    return pythonArguments({ ...(shown !== null ? { scale_factor: shown } : { size: size ?? null }), mode: `'${mode}'` });
  }
}

/** Upsampling of images by repeating pixels. @see torch.nn.UpsamplingNearest2d */
export class UpsamplingNearest2d extends Upsample {
  constructor(options?: Upsample2dOptions) {
    super({ ...optionsOf(new.target.name, Upsample2dOptions, options), mode: "nearest" });
  }
}

/** Upsampling of images along straight lines between pixels, corner to corner. @see torch.nn.UpsamplingBilinear2d */
export class UpsamplingBilinear2d extends Upsample {
  constructor(options?: Upsample2dOptions) {
    super({ ...optionsOf(new.target.name, Upsample2dOptions, options), mode: "bilinear", alignCorners: true });
  }
}
