import type { UpdateRule } from "@gradus/autograd";
import { countStep, followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface AdadeltaOptions {
  /** Learning rate η, by which each movement is multiplied. */
  lr: number;
  /** ρ: how slowly the means of squares forget. */
  rho: number;
  /** ε: added under the roots, so that the first movement is not zero. */
  eps: number;
  /** λ: how strongly parameters are pulled towards zero. */
  weightDecay: number;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "squareAvg" | "accDelta";
type Hyperparameter = "lr" | "weightDecay" | "rho" | "rest" | "eps";

const ruleOf = variants(({ maximize, decay }): UpdateRule<State, Hyperparameter> => ({
  name: "adadelta",
  state: ["squareAvg", "accDelta"],
  hyperparameters: ["lr", "weightDecay", "rho", "rest", "eps"],
  step(math, values) {
    const { add, sub, mul, div, sqrt } = math;
    const { param, squareAvg, accDelta, lr, rho, rest, eps } = values;
    const g = followed(math, values, { maximize, decay });
    const v = add(mul(squareAvg, rho), mul(mul(rest, g), g));
    const movement = mul(div(sqrt(add(accDelta, eps)), sqrt(add(v, eps))), g);
    const u = add(mul(accDelta, rho), mul(mul(rest, movement), movement));
    return { param: sub(param, mul(lr, movement)), squareAvg: v, accDelta: u };
  },
}));

/**
 * Steps in the units of the parameter itself: as long as recent movements were, in proportion to recent gradients.
 *
 *   v ← ρ v + (1 − ρ) g²,   Δ = √(u + ε) / √(v + ε) · g,   u ← ρ u + (1 − ρ) Δ²
 *   p ← p − η Δ
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.Adadelta; Zeiler, ADADELTA: an adaptive learning rate method (2012)
 * @example
 * const w = new Parameter(tensor([1]));
 * const optimizer = new Adadelta([w], { rho: 0, eps: 1 });
 * w.sum().backward();
 * optimizer.step();
 * w.itemSync(); // 0.29289…
 */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  constructor(params: ParamsOf<AdadeltaOptions>, options: Readonly<Partial<AdadeltaOptions>> = {}) {
    super(params, { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false }, options);
  }

  protected override move({ lr, rho, eps, weightDecay, maximize }: ParamGroup<AdadeltaOptions>, state: ParamState): Move {
    countStep(state);
    return { rule: ruleOf({ maximize, decay: weightDecay !== 0 }), hyperparameters: { lr, weightDecay, rho, rest: 1 - rho, eps } };
  }
}
