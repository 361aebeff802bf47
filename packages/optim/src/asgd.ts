import type { UpdateRule } from "@gradus/autograd";
import { countStep, followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface AsgdOptions {
  /** Learning rate η₀. */
  lr: number;
  /** λ: how strongly steps pull towards zero, and how fast they become shorter. */
  lambd: number;
  /** α: the power by which steps become shorter. */
  alpha: number;
  /** The step after which parameters are averaged. */
  t0: number;
  /** How strongly parameters are pulled towards zero through their gradients. */
  weightDecay: number;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "ax";
type Hyperparameter = "eta" | "mu" | "shrink" | "weightDecay";

const ruleOf = variants(({ maximize, decay, averages }): UpdateRule<State, Hyperparameter> => ({
  name: "asgd",
  state: ["ax"],
  hyperparameters: ["eta", "mu", "shrink", "weightDecay"],
  step(math, values) {
    const { add, sub, mul } = math;
    const { param, ax, eta, mu, shrink } = values;
    const p = sub(mul(param, shrink), mul(eta, followed(math, values, { maximize, decay })));
    return { param: p, ax: averages ? add(ax, mul(mu, sub(p, ax))) : p };
  },
}));

/**
 * Stochastic gradient descent that also averages the parameters, in the state `ax`.
 *
 *   p ← (1 − λ η) p − η g
 *   a ← a + μ (p − a)
 *   η ← η₀ / (1 + λ η₀ t)^α,   μ ← 1 / max(1, t − t₀)
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.ASGD; Polyak and Juditsky, Acceleration of stochastic approximation by averaging (1992)
 * @example
 * const w = new Parameter(tensor([1, 2]));
 * const optimizer = new ASGD([w], { lr: 0.5, lambd: 0 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArraySync(); // [0, 0]
 */
export class ASGD extends Optimizer<AsgdOptions> {
  constructor(params: ParamsOf<AsgdOptions>, options: Readonly<Partial<AsgdOptions>> = {}) {
    super(params, { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false }, options);
  }

  protected override move({ lr, lambd, alpha, t0, weightDecay, maximize }: ParamGroup<AsgdOptions>, state: ParamState): Move {
    const step = countStep(state);
    const { eta = lr, mu = 1 } = state as { eta?: number; mu?: number };
    state.eta = lr / (1 + lambd * lr * step) ** alpha;
    state.mu = 1 / Math.max(1, step - t0);
    return {
      rule: ruleOf({ maximize, decay: weightDecay !== 0, averages: mu !== 1 }),
      hyperparameters: { eta, mu, shrink: 1 - lambd * eta, weightDecay },
    };
  }
}
