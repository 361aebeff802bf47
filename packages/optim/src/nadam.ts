import type { UpdateRule } from "@gradus/autograd";
import { countStep, followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface NAdamOptions {
  /** Learning rate η. */
  lr: number;
  /** β₁ and β₂: how slowly the means of gradients and of their squares forget. */
  betas: readonly [number, number];
  /** ε: added to the root, so that nothing is divided by zero. */
  eps: number;
  /** λ: how strongly parameters are pulled towards zero. */
  weightDecay: number;
  /** ψ: how fast the momentum approaches β₁. */
  momentumDecay: number;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "expAvg" | "expAvgSq";
type Hyperparameter = "gradShare" | "meanShare" | "weightDecay" | "beta1" | "beta2" | "rest1" | "rest2" | "correction" | "eps";

const ruleOf = variants(({ maximize, decay }): UpdateRule<State, Hyperparameter> => ({
  name: "nadam",
  state: ["expAvg", "expAvgSq"],
  hyperparameters: ["gradShare", "meanShare", "weightDecay", "beta1", "beta2", "rest1", "rest2", "correction", "eps"],
  step(math, values) {
    const { add, sub, mul, div, sqrt } = math;
    const { param, expAvg, expAvgSq, gradShare, meanShare, beta1, beta2, rest1, rest2, correction, eps } = values;
    const g = followed(math, values, { maximize, decay });
    const m = add(mul(expAvg, beta1), mul(rest1, g));
    const v = add(mul(expAvgSq, beta2), mul(mul(rest2, g), g));
    const denominator = add(sqrt(div(v, correction)), eps);
    return { param: sub(param, div(add(mul(gradShare, g), mul(meanShare, m)), denominator)), expAvg: m, expAvgSq: v };
  },
}));

/**
 * Adam with Nesterov's momentum: it looks at the gradient where the momentum will have led.
 *
 *   μₜ = β₁ (1 − ½ · 0.96^(t ψ)),   Mₜ = μ₁ ⋯ μₜ
 *   m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
 *   p ← p − η ((1 − μₜ) / (1 − Mₜ) · g + μₜ₊₁ / (1 − Mₜ μₜ μₜ₊₁) · m) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * The product in the last denominator is the one of PyTorch 1.13; PyTorch 2 leaves out the second μₜ.
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.NAdam; Dozat, Incorporating Nesterov momentum into Adam (2016)
 * @example
 * const w = new Parameter(tensor([2]));
 * const optimizer = new NAdam([w], { lr: 0.1 });
 * for (let step = 0; step < 100; step++) {
 *   optimizer.zeroGrad();
 *   w.sub(1).square().sum().backward();
 *   optimizer.step();
 * }
 * Math.abs(w.itemSync() - 1) < 0.05; // true
 */
export class NAdam extends Optimizer<NAdamOptions> {
  constructor(params: ParamsOf<NAdamOptions>, options: Readonly<Partial<NAdamOptions>> = {}) {
    super(params, { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, momentumDecay: 4e-3, maximize: false }, options);
  }

  protected override move({ lr, betas: [beta1, beta2], eps, weightDecay, momentumDecay, maximize }: ParamGroup<NAdamOptions>, state: ParamState): Move {
    const step = countStep(state);
    const momentumAt = (t: number): number => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
    const [mu, next] = [momentumAt(step), momentumAt(step + 1)];
    const product = ((state.muProduct as number | undefined) ?? 1) * mu;
    state.muProduct = product;
    return {
      rule: ruleOf({ maximize, decay: weightDecay !== 0 }),
      hyperparameters: {
        gradShare: (lr * (1 - mu)) / (1 - product),
        meanShare: (lr * next) / (1 - product * mu * next),
        weightDecay,
        beta1,
        beta2,
        rest1: 1 - beta1,
        rest2: 1 - beta2,
        correction: 1 - beta2 ** step,
        eps,
      },
    };
  }
}
