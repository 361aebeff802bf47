import type { UpdateRule } from "@gradus/autograd";
import { countStep, followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface RMSpropOptions {
  /** Learning rate η. */
  lr: number;
  /** μ: how much of the last movement goes on. */
  momentum: number;
  /** α: how slowly the mean of squares forgets. */
  alpha: number;
  /** ε: added to the root, so that nothing is divided by zero. */
  eps: number;
  /** Divide by an estimate of the standard deviation, and not of the root mean square. */
  centered: boolean;
  /** λ: how strongly parameters are pulled towards zero. */
  weightDecay: number;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "squareAvg" | "momentumBuffer" | "gradAvg";
type Hyperparameter = "lr" | "weightDecay" | "momentum" | "alpha" | "rest" | "eps";

const ruleOf = variants(({ maximize, decay, momentum: moves, centered }): UpdateRule<State, Hyperparameter> => ({
  name: "rmsprop",
  state: ["squareAvg", ...(moves ? (["momentumBuffer"] as const) : []), ...(centered ? (["gradAvg"] as const) : [])],
  hyperparameters: ["lr", "weightDecay", "momentum", "alpha", "rest", "eps"],
  step(math, values) {
    const { add, sub, mul, div, sqrt } = math;
    const { param, squareAvg, momentumBuffer, gradAvg, lr, momentum, alpha, rest, eps } = values;
    const g = followed(math, values, { maximize, decay });
    const v = add(mul(squareAvg, alpha), mul(mul(rest, g), g));
    const mean = centered ? add(mul(gradAvg, alpha), mul(rest, g)) : gradAvg;
    const scaled = div(g, add(sqrt(centered ? sub(v, mul(mean, mean)) : v), eps));
    const movement = moves ? add(mul(momentumBuffer, momentum), scaled) : scaled;
    return { param: sub(param, mul(lr, movement)), squareAvg: v, momentumBuffer: movement, gradAvg: mean };
  },
}));

/**
 * Gradients divided by the root of the mean of their squares.
 *
 *   v ← α v + (1 − α) g²,   ḡ ← α ḡ + (1 − α) g
 *   b ← μ b + g / (√v + ε),  or g / (√(v − ḡ²) + ε) if centered
 *   p ← p − η b
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.RMSprop; Hinton, Neural networks for machine learning (2012), lecture 6e
 * @example
 * const w = new Parameter(tensor([1, 2]));
 * const optimizer = new RMSprop([w], { lr: 0.5, alpha: 0 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArraySync(); // [0.5, 1.5]
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(params: ParamsOf<RMSpropOptions>, options: Readonly<Partial<RMSpropOptions>> = {}) {
    super(params, { lr: 1e-2, momentum: 0, alpha: 0.99, eps: 1e-8, centered: false, weightDecay: 0, maximize: false }, options);
  }

  protected override move({ lr, momentum, alpha, eps, centered, weightDecay, maximize }: ParamGroup<RMSpropOptions>, state: ParamState): Move {
    countStep(state);
    return {
      rule: ruleOf({ maximize, decay: weightDecay !== 0, momentum: momentum !== 0, centered }),
      hyperparameters: { lr, weightDecay, momentum, alpha, rest: 1 - alpha, eps },
    };
  }
}
