/**
 * What moves parameters.
 *
 * An optimizer is two things: an update rule, which says in a formula how an element moves, and the numbers that go into the
 * formula at a step. Both stand in a file of their own for each optimizer, `sgd.ts` first; here is the step that they share. The
 * same optimizer moves tensors and scalars, because each kind of parameter brings its own arithmetic (see `UpdateRule` in
 * `@gradus/autograd`).
 *
 * @module
 */
import { update } from "@gradus/autograd";
import type { Arithmetic, UpdateRule } from "@gradus/autograd";
import { OptimizerBase } from "./optimizer-base.js";
import type { ParamGroup, ParamState } from "./optimizer-base.js";

/** How one parameter moves at one step. */
export interface Move {
  /** The same object whenever the formula is the same: tensors compile it once. */
  readonly rule: UpdateRule;
  /** The numbers that go into the formula. */
  readonly hyperparameters: Readonly<Record<string, number>>;
}

/**
 * The base of optimizers that move each element by itself. A subclass says how a parameter moves.
 *
 * @typeParam O - The options that each group of parameters has.
 * @see torch.optim.Optimizer
 */
export abstract class Optimizer<O extends object = object> extends OptimizerBase<O> {
  /** How a parameter moves at the step that is about to be taken. What has to be known at the next step is left in `state`. */
  protected abstract move(group: ParamGroup<O>, state: ParamState): Move;

  /**
   * Moves every parameter that has a gradient.
   *
   * @param closure - Computes the loss and its gradients first.
   * @returns What the closure returned.
   */
  step(): undefined;
  step<R>(closure: () => R): R;
  step<R>(closure?: () => R): R | undefined {
    const loss = closure?.();
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (param.grad === null) continue;
        let state = this.state.get(param);
        if (state === undefined) this.state.set(param, (state = {}));
        const { rule, hyperparameters } = this.move(group, state);
        param[update](rule, state, hyperparameters);
      }
    }
    return loss;
  }
}

/** Counts the steps that a parameter has taken, in its state; the first is 1. */
export function countStep(state: ParamState): number {
  const step = ((state.step as number | undefined) ?? 0) + 1;
  state.step = step;
  return step;
}

/** The gradient that a rule follows: turned round if it is to climb, and with the pull towards zero added. */
export function followed<E>({ neg, add, mul }: Arithmetic<E>, { param, grad, weightDecay }: Readonly<Record<"param" | "grad" | "weightDecay", E>>, { maximize, decay }: Readonly<Record<string, boolean | undefined>>): E {
  const uphill = maximize ? neg(grad) : grad;
  return decay ? add(uphill, mul(weightDecay, param)) : uphill;
}
