import type { UpdateRule } from "@gradus/autograd";
import { countStep, followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface AdamaxOptions {
  /** Learning rate η. */
  lr: number;
  /** β₁ and β₂: how slowly the mean of gradients and the norm forget. */
  betas: readonly [number, number];
  /** ε: added to gradients, so that nothing is divided by zero. */
  eps: number;
  /** λ: how strongly parameters are pulled towards zero. */
  weightDecay: number;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "expAvg" | "expInf";
type Hyperparameter = "stepSize" | "weightDecay" | "beta1" | "beta2" | "rest1" | "eps";

const ruleOf = variants(({ maximize, decay }): UpdateRule<State, Hyperparameter> => ({
  name: "adamax",
  state: ["expAvg", "expInf"],
  hyperparameters: ["stepSize", "weightDecay", "beta1", "beta2", "rest1", "eps"],
  step(math, values) {
    const { add, sub, mul, div, abs, maximum } = math;
    const { param, expAvg, expInf, stepSize, beta1, beta2, rest1, eps } = values;
    const g = followed(math, values, { maximize, decay });
    const m = add(mul(expAvg, beta1), mul(rest1, g));
    const u = maximum(mul(expInf, beta2), add(abs(g), eps));
    return { param: sub(param, mul(stepSize, div(m, u))), expAvg: m, expInf: u };
  },
}));

/**
 * Adam with the largest gradient so far in place of the mean of squares.
 *
 *   m ← β₁ m + (1 − β₁) g,   u ← max(β₂ u, |g| + ε)
 *   p ← p − η / (1 − β₁ᵗ) · m / u
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.Adamax; Kingma and Ba, Adam: a method for stochastic optimization (2015), §7.1
 * @example
 * const w = new Parameter(tensor([1, 2]));
 * const optimizer = new Adamax([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArraySync(); // [0.5, 1.5]
 */
export class Adamax extends Optimizer<AdamaxOptions> {
  constructor(params: ParamsOf<AdamaxOptions>, options: Readonly<Partial<AdamaxOptions>> = {}) {
    super(params, { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false }, options);
  }

  protected override move({ lr, betas: [beta1, beta2], eps, weightDecay, maximize }: ParamGroup<AdamaxOptions>, state: ParamState): Move {
    return {
      rule: ruleOf({ maximize, decay: weightDecay !== 0 }),
      hyperparameters: { stepSize: lr / (1 - beta1 ** countStep(state)), weightDecay, beta1, beta2, rest1: 1 - beta1, eps },
    };
  }
}
