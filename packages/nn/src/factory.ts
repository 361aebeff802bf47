import type { DeviceLike, FloatDType } from "@gradus/tensor-core";

/** Where a layer's parameters live and what they are made of. */
export interface FactoryOptions {
  /** The default device if absent. */
  readonly device?: DeviceLike | undefined;
  /** float32 if absent. */
  readonly dtype?: FloatDType | undefined;
}

/** The options of a function that makes tensors. */
export const factory = ({ device, dtype = "float32" }: FactoryOptions): { device: DeviceLike | undefined; dtype: FloatDType } => ({ device, dtype });
