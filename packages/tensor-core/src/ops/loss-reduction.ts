import { ArgumentError } from "../errors.js";
import type { Options } from "../options.js";
import type { Tensor } from "../tensor.js";
import { mean, sum } from "./reduce.js";

/** How the losses of the elements become one: their mean, their sum, or all of them as they are. */
export type Reduction = "mean" | "sum" | "none";

export const LossOptions = class {
  /** `mean` by default. */
  readonly reduction?: Reduction;
};
export type LossOptions = Options<typeof LossOptions>;

const reducers = {
  mean: (losses: Tensor): Tensor => mean(losses),
  sum: (losses: Tensor): Tensor => sum(losses),
  none: (losses: Tensor): Tensor => losses,
} as const;

/** What makes one loss of many. @throws {ArgumentError} for an unknown name, before anything is computed. */
export function reducerOf(op: string, reduction: Reduction = "mean"): (losses: Tensor) => Tensor {
  if (!Object.hasOwn(reducers, reduction)) throw new ArgumentError(`${op}: expected reduction "mean", "sum" or "none", got "${reduction}"`);
  return reducers[reduction];
}
