import type { DeviceLike, FloatDType } from "@gradus/tensor-core";

/** Where a layer's parameters live and what they are made of. */
export interface FactoryOptions {
  /** The default device if absent. */
  readonly device?: DeviceLike | undefined;
  /** float32 if absent. */
  readonly dtype?: FloatDType | undefined;
}
/** Its type is said by name: declarations of the sets that it is joined to would spell it out, down to packages that this one does not depend on. */
export const FactoryOptions: new () => FactoryOptions = class {
  readonly device = undefined;
  readonly dtype = undefined;
};

/** The options of a function that makes tensors. */
export const factory = ({ device, dtype = "float32" }: FactoryOptions): { device: DeviceLike | undefined; dtype: FloatDType } => ({ device, dtype });
