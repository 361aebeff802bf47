import type { UpdateRule } from "@gradus/autograd";
import { countStep, Optimizer } from "./optimizer.js";
import type { Move } from "./optimizer.js";
import type { ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
import { variants } from "./variants.js";

export interface RpropOptions {
  /** Learning rate: the length of the first steps. */
  lr: number;
  /** η⁻ and η⁺: by what steps shrink where the gradient turns, and grow where it does not. */
  etas: readonly [number, number];
  /** The shortest and the longest step. */
  stepSizes: readonly [number, number];
  /** Climb instead of descending. */
  maximize: boolean;
}

type State = "prev" | "stepSize";
type Hyperparameter = "lr" | "shrink" | "grow" | "shortest" | "longest";

const ruleOf = variants(({ maximize }): UpdateRule<State, Hyperparameter> => ({
  name: "rprop",
  state: ["prev", "stepSize"],
  hyperparameters: ["lr", "shrink", "grow", "shortest", "longest"],
  initial: { stepSize: "lr" },
  step({ constant, neg, add, sub, mul, sign, maximum, minimum }, { param, grad, prev, stepSize, shrink, grow, shortest, longest }) {
    const g = maximize ? neg(grad) : grad;
    const direction = sign(mul(g, prev));
    // 1 where the gradient went on, turned, or neither.
    const onward = maximum(direction, constant(0));
    const turned = maximum(neg(direction), constant(0));
    const neither = sub(sub(constant(1), onward), turned);
    const factor = add(add(mul(onward, grow), mul(turned, shrink)), neither);
    const size = minimum(maximum(mul(stepSize, factor), shortest), longest);
    // Where the gradient turned, the parameter waits for one step.
    const taken = mul(g, sub(constant(1), turned));
    return { param: sub(param, mul(sign(taken), size)), prev: taken, stepSize: size };
  },
}));

/**
 * Looks only at the signs of gradients: an element's step grows while the sign stays and shrinks where it turns. Meant for
 * gradients of all data, not of batches.
 *
 *   s ← s η⁺ if g · g′ > 0,  s η⁻ if g · g′ < 0 (and g ← 0),  within the shortest and the longest
 *   p ← p − sign(g) s
 *
 * @throws {RangeError} for options that cannot be.
 * @see torch.optim.Rprop; Riedmiller and Braun, A direct adaptive method for faster backpropagation learning (1993)
 * @example
 * const w = new Parameter(tensor([1, -2]));
 * const optimizer = new Rprop([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.toArraySync(); // [0.5, -1.5]
 */
export class Rprop extends Optimizer<RpropOptions> {
  constructor(params: ParamsOf<RpropOptions>, options: Readonly<Partial<RpropOptions>> = {}) {
    super(params, { lr: 1e-2, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false }, options);
  }

  protected override move({ lr, etas: [shrink, grow], stepSizes: [shortest, longest], maximize }: ParamGroup<RpropOptions>, state: ParamState): Move {
    countStep(state);
    return { rule: ruleOf({ maximize }), hyperparameters: { lr, shrink, grow, shortest, longest } };
  }

  protected override validate({ etas: [shrink, grow] }: RpropOptions): void {
    if (!(shrink > 0 && shrink < 1 && grow > 1)) throw new RangeError(`Rprop: expected etas between 0 and 1 and above 1, got ${shrink} and ${grow}`);
  }
}
