import type { UpdateRule } from "@gradus/autograd";
import { countStep, followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface AdagradOptions {
  /** Learning rate η. */
  lr: number;
  /** κ: how fast the learning rate falls with the steps. */
  lrDecay: number;
  /** λ: how strongly parameters are pulled towards zero. */
  weightDecay: number;
  /** What the sum of squares starts from. */
  initialAccumulatorValue: number;
  /** ε: added to the root, so that nothing is divided by zero. */
  eps: number;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "sum";
type Hyperparameter = "stepSize" | "weightDecay" | "initial" | "eps";

const ruleOf = variants(({ maximize, decay }): UpdateRule<State, Hyperparameter> => ({
  name: "adagrad",
  state: ["sum"],
  hyperparameters: ["stepSize", "weightDecay", "initial", "eps"],
  initial: { sum: "initial" },
  step(math, values) {
    const { add, sub, mul, div, sqrt } = math;
    const { param, sum, stepSize, eps } = values;
    const g = followed(math, values, { maximize, decay });
    const s = add(sum, mul(g, g));
    return { param: sub(param, mul(stepSize, div(g, add(sqrt(s), eps)))), sum: s };
  },
}));

/**
 * Steps that become shorter where gradients were large.
 *
 *   s ← s + g²
 *   p ← p − η / (1 + (t − 1) κ) · g / (√s + ε)
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.Adagrad; Duchi, Hazan and Singer, Adaptive subgradient methods (2011)
 * @example
 * const w = new Parameter(tensor([1, 2]));
 * const optimizer = new Adagrad([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArraySync(); // [0.5, 1.5]
 */
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(params: ParamsOf<AdagradOptions>, options: Readonly<Partial<AdagradOptions>> = {}) {
    super(params, { lr: 1e-2, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10, maximize: false }, options);
  }

  protected override move({ lr, lrDecay, weightDecay, initialAccumulatorValue: initial, eps, maximize }: ParamGroup<AdagradOptions>, state: ParamState): Move {
    return {
      rule: ruleOf({ maximize, decay: weightDecay !== 0 }),
      hyperparameters: { stepSize: lr / (1 + (countStep(state) - 1) * lrDecay), weightDecay, initial, eps },
    };
  }
}
