import type { UpdateRule } from "@gradus/autograd";
import { countStep, followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface RAdamOptions {
  /** Learning rate η. */
  lr: number;
  /** β₁ and β₂: how slowly the means of gradients and of their squares forget. */
  betas: readonly [number, number];
  /** ε: added to the root, so that nothing is divided by zero. */
  eps: number;
  /** λ: how strongly parameters are pulled towards zero. */
  weightDecay: number;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "expAvg" | "expAvgSq";
type Hyperparameter = "stepSize" | "weightDecay" | "beta1" | "beta2" | "rest1" | "rest2" | "eps";

const ruleOf = variants(({ maximize, decay, adaptive }): UpdateRule<State, Hyperparameter> => ({
  name: "radam",
  state: ["expAvg", "expAvgSq"],
  hyperparameters: ["stepSize", "weightDecay", "beta1", "beta2", "rest1", "rest2", "eps"],
  step(math, values) {
    const { add, sub, mul, div, sqrt } = math;
    const { param, expAvg, expAvgSq, stepSize, beta1, beta2, rest1, rest2, eps } = values;
    const g = followed(math, values, { maximize, decay });
    const m = add(mul(expAvg, beta1), mul(rest1, g));
    const v = add(mul(expAvgSq, beta2), mul(mul(rest2, g), g));
    const movement = mul(stepSize, m);
    return { param: sub(param, adaptive ? div(movement, add(sqrt(v), eps)) : movement), expAvg: m, expAvgSq: v };
  },
}));

/**
 * Adam that adapts only as far as it has seen enough: until the variance of its adaptive rate can be told, it moves by the mean of
 * gradients alone.
 *
 *   ρ∞ = 2 / (1 − β₂) − 1,   ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
 *   r = √((ρₜ − 4) (ρₜ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρₜ))
 *   p ← p − η m̂ r √(1 − β₂ᵗ) / (√v + ε)  if ρₜ > 5, else  p ← p − η m̂
 *
 * with m, v and m̂ as in {@link Adam}.
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.RAdam; Liu et al., On the variance of the adaptive learning rate and beyond (2020)
 * @example
 * const w = new Parameter(tensor([1, 2]));
 * const optimizer = new RAdam([w], { lr: 0.25 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArraySync(); // [0.5, 1]
 */
export class RAdam extends Optimizer<RAdamOptions> {
  constructor(params: ParamsOf<RAdamOptions>, options: Readonly<Partial<RAdamOptions>> = {}) {
    super(params, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false }, options);
  }

  protected override move({ lr, betas: [beta1, beta2], eps, weightDecay, maximize }: ParamGroup<RAdamOptions>, state: ParamState): Move {
    const step = countStep(state);
    const correction = 1 - beta2 ** step;
    const longest = 2 / (1 - beta2) - 1;
    const length = longest - (2 * step * beta2 ** step) / correction;
    const adaptive = length > 5;
    const rectification = adaptive ? Math.sqrt((((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length)) * correction) : 1;
    return {
      rule: ruleOf({ maximize, decay: weightDecay !== 0, adaptive }),
      hyperparameters: { stepSize: (lr / (1 - beta1 ** step)) * rectification, weightDecay, beta1, beta2, rest1: 1 - beta1, rest2: 1 - beta2, eps },
    };
  }
}
