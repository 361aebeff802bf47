import type { DeviceLike, FloatDType, Options } from "@gradus/tensor-core";

/** Where a layer's parameters live and what they are made of. */
export const FactoryOptions = class {
  /** The default device if absent. */
  readonly device?: DeviceLike | undefined;
  /** float32 if absent. */
  readonly dtype?: FloatDType | undefined;
};
export type FactoryOptions = Options<typeof FactoryOptions>;

/** The options of a function that makes tensors. */
export const factory = ({ device, dtype = "float32" }: FactoryOptions): { device: DeviceLike | undefined; dtype: FloatDType } => ({ device, dtype });
