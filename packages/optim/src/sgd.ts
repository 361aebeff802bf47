import type { UpdateRule } from "@gradus/autograd";
import { followed, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface SgdOptions {
  /** Learning rate η. */
  lr: number;
  /** μ: how much of the last movement goes on. */
  momentum: number;
  /** τ: how much of each gradient the momentum leaves out. */
  dampening: number;
  /** λ: how strongly parameters are pulled towards zero. */
  weightDecay: number;
  /** Look at the gradient where the momentum will have led. */
  nesterov: boolean;
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "momentumBuffer";
type Hyperparameter = "lr" | "weightDecay" | "momentum" | "share";

/**
 *   g ← g + λ p                 weight decay
 *   b ← μ b + share g           momentum; share is 1 at the first step, then 1 − τ
 *   g ← b, or g + μ b           plain, or Nesterov's
 *   p ← p − η g
 */
const ruleOf = variants(({ maximize, decay, momentum: moves, nesterov }): UpdateRule<State, Hyperparameter> => ({
  name: "sgd",
  state: moves ? ["momentumBuffer"] : [],
  hyperparameters: ["lr", "weightDecay", "momentum", "share"],
  step(math, values) {
    const { add, sub, mul } = math;
    const { param, momentumBuffer, lr, momentum, share } = values;
    const g = followed(math, values, { maximize, decay });
    if (!moves) return { param: sub(param, mul(lr, g)) } as { param: typeof param; momentumBuffer: typeof param };
    const b = add(mul(momentum, momentumBuffer), mul(share, g));
    return { param: sub(param, mul(lr, nesterov ? add(g, mul(momentum, b)) : b)), momentumBuffer: b };
  },
}));

/**
 * Stochastic gradient descent, with momentum if wanted.
 *
 *   b ← μ b + (1 − τ) (g + λ p)
 *   p ← p − η b
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.SGD; Sutskever et al., On the importance of initialization and momentum in deep learning (2013)
 * @example
 * const w = new Parameter(tensor([1, 2]));
 * const optimizer = new SGD([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArraySync(); // [0, 0]
 */
export class SGD extends Optimizer<SgdOptions> {
  constructor(params: ParamsOf<SgdOptions>, options: Readonly<Partial<SgdOptions>> = {}) {
    super(params, { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false }, options);
  }

  protected override move({ lr, weightDecay, momentum, dampening, nesterov, maximize }: ParamGroup<SgdOptions>, { momentumBuffer }: ParamState): Move {
    return {
      rule: ruleOf({ maximize, decay: weightDecay !== 0, momentum: momentum !== 0, nesterov }),
      hyperparameters: { lr, weightDecay, momentum, share: momentumBuffer === undefined ? 1 : 1 - dampening },
    };
  }

  protected override validate({ momentum, dampening, nesterov }: SgdOptions): void {
    if (nesterov && (momentum === 0 || dampening !== 0)) throw new RangeError(`SGD: expected momentum above 0 and no dampening with nesterov, got ${momentum} and ${dampening}`);
  }
}
