import type { UpdateRule } from "@gradus/autograd";
import { atLeastZero } from "./check.js";
import { Optimizer } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer.js";
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
  step({ neg, add, sub, mul }, { param, grad, momentumBuffer, lr, weightDecay, momentum, share }) {
    const uphill = maximize ? neg(grad) : grad;
    const g = decay ? add(uphill, mul(weightDecay, param)) : uphill;
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
    super(params, { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false, ...options });
  }

  protected override rule({ maximize, weightDecay, momentum, nesterov }: ParamGroup<SgdOptions>): UpdateRule {
    return ruleOf({ maximize, decay: weightDecay !== 0, momentum: momentum !== 0, nesterov });
  }

  protected override hyperparameters({ lr, weightDecay, momentum, dampening }: ParamGroup<SgdOptions>, { momentumBuffer }: ParamState): Readonly<Record<Hyperparameter, number>> {
    return { lr, weightDecay, momentum, share: momentumBuffer === undefined ? 1 : 1 - dampening };
  }

  protected override validate({ lr, momentum, dampening, weightDecay, nesterov }: SgdOptions): void {
    atLeastZero("SGD", "lr", lr);
    atLeastZero("SGD", "momentum", momentum);
    atLeastZero("SGD", "weightDecay", weightDecay);
    if (nesterov && (momentum === 0 || dampening !== 0)) throw new RangeError(`SGD: expected momentum above 0 and no dampening with nesterov, got ${momentum} and ${dampening}`);
  }
}
