import type { InterpolateOptions, PerDimension, Tensor } from "@gradus/tensor-core";
import { interpolate } from "@gradus/tensor-core";
import { float, pythonArguments } from "./python-text.js";
import type { Printable } from "./python-text.js";
import { Module } from "./tensor-module.js";

/** The options that modules have; antialiasing is the function's alone. */
export type UpsampleOptions = Omit<InterpolateOptions, "antialias">;

/**
 * Changes the size of images, sequences or volumes, `[N, C, …]`, to a size or by a factor.
 *
 * @see torch.nn.Upsample
 * @example
 * new Upsample({ scaleFactor: 2 }).call(tensor([[[[1, 2]]]])).toArraySync(); // [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]
 */
export class Upsample extends Module {
  protected readonly options: UpsampleOptions;

  constructor(options: UpsampleOptions = {}) {
    super();
    this.options = options;
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

export interface Upsample2dOptions {
  readonly size?: PerDimension | null;
  readonly scaleFactor?: PerDimension | null;
}

/** Upsampling of images by repeating pixels. @see torch.nn.UpsamplingNearest2d */
export class UpsamplingNearest2d extends Upsample {
  constructor(options: Upsample2dOptions = {}) {
    super({ ...options, mode: "nearest" });
  }
}

/** Upsampling of images along straight lines between pixels, corner to corner. @see torch.nn.UpsamplingBilinear2d */
export class UpsamplingBilinear2d extends Upsample {
  constructor(options: Upsample2dOptions = {}) {
    super({ ...options, mode: "bilinear", alignCorners: true });
  }
}
