import type { UpdateRule } from "@gradus/autograd";
import { countStep, followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface AdamOptions {
  /** Learning rate η. */
  lr: number;
  /** β₁ and β₂: how slowly the means of gradients and of their squares forget. */
  betas: readonly [number, number];
  /** ε: added to the root, so that nothing is divided by zero. */
  eps: number;
  /** λ: how strongly parameters are pulled towards zero. */
  weightDecay: number;
  /** Divide by the largest mean of squares so far, as AMSGrad does. */
  amsgrad: boolean;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "expAvg" | "expAvgSq" | "maxExpAvgSq";
type Hyperparameter = "stepSize" | "weightDecay" | "decayFactor" | "beta1" | "beta2" | "rest1" | "rest2" | "root" | "eps";

/**
 *   g ← g + λ p, or p ← (1 − η λ) p    weight decay: Adam's, or AdamW's
 *   m ← β₁ m + (1 − β₁) g
 *   v ← β₂ v + (1 − β₂) g²
 *   p ← p − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
 *
 * All that depends on the number of steps t is computed once, outside of the elements' formula.
 */
const ruleOf = variants(({ maximize, decay, decoupled, amsgrad }): UpdateRule<State, Hyperparameter> => ({
  name: decoupled ? "adamw" : "adam",
  state: amsgrad ? ["expAvg", "expAvgSq", "maxExpAvgSq"] : ["expAvg", "expAvgSq"],
  hyperparameters: ["stepSize", "weightDecay", "decayFactor", "beta1", "beta2", "rest1", "rest2", "root", "eps"],
  step(math, values) {
    const { add, sub, mul, div, sqrt, maximum } = math;
    const { param, expAvg, expAvgSq, maxExpAvgSq, stepSize, decayFactor, beta1, beta2, rest1, rest2, root, eps } = values;
    const g = followed(math, values, { maximize, decay: decay && !decoupled });
    const p = decay && decoupled ? mul(param, decayFactor) : param;
    const m = add(mul(expAvg, beta1), mul(rest1, g));
    const v = add(mul(expAvgSq, beta2), mul(mul(rest2, g), g));
    const most = amsgrad ? { maxExpAvgSq: maximum(maxExpAvgSq, v) } : {};
    const denominator = add(div(sqrt(most.maxExpAvgSq ?? v), root), eps);
    const next = { param: sub(p, div(mul(stepSize, m), denominator)), expAvg: m, expAvgSq: v, ...most };
    return next as typeof next & { maxExpAvgSq: typeof v };
  },
}));

/** What both kinds of Adam have in common. */
abstract class AnyAdam extends Optimizer<AdamOptions> {
  /** Whether weight decay is applied to the parameter itself and not to its gradient. */
  protected abstract readonly decoupled: boolean;

  protected override move({ lr, betas: [beta1, beta2], eps, weightDecay, amsgrad, maximize }: ParamGroup<AdamOptions>, state: ParamState): Move {
    const step = countStep(state);
    return {
      rule: ruleOf({ maximize, decay: weightDecay !== 0, decoupled: this.decoupled, amsgrad }),
      hyperparameters: {
        stepSize: lr / (1 - beta1 ** step),
        weightDecay,
        decayFactor: 1 - lr * weightDecay,
        beta1,
        beta2,
        rest1: 1 - beta1,
        rest2: 1 - beta2,
        root: Math.sqrt(1 - beta2 ** step),
        eps,
      },
    };
  }
}

const defaults: AdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false };

/**
 * Adam: steps of a size that each element's own history of gradients sets.
 *
 *   m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
 *   p ← p − η m̂ / (√v̂ + ε),  with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ)
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.Adam; Kingma and Ba, Adam: a method for stochastic optimization (2015)
 * @example
 * const w = new Parameter(tensor([1, 2]));
 * const optimizer = new Adam([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArraySync(); // [0.50000…, 1.5]
 */
export class Adam extends AnyAdam {
  protected override readonly decoupled = false;

  constructor(params: ParamsOf<AdamOptions>, options: Readonly<Partial<AdamOptions>> = {}) {
    super(params, defaults, options);
  }
}

/**
 * Adam whose weight decay acts on the parameters themselves: p ← (1 − η λ) p before each step.
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.AdamW; Loshchilov and Hutter, Decoupled weight decay regularization (2019)
 */
export class AdamW extends AnyAdam {
  protected override readonly decoupled = true;

  constructor(params: ParamsOf<AdamOptions>, options: Readonly<Partial<AdamOptions>> = {}) {
    super(params, { ...defaults, weightDecay: 1e-2 }, options);
  }
}
