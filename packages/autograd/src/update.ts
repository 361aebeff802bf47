/**
 * Where optimizers and leaves meet. An update rule is written once, as a formula over an arithmetic it does not know; each kind of
 * leaf brings its own. Scalars bring numbers, and the formula computes. Tensors bring expressions of a device program, and the same
 * formula builds one fused kernel.
 *
 * @module
 */

/** Arithmetic over elements of type `E`. Plain functions, so that a formula may take them apart: `({ add, mul }, …) => …`. */
export interface Arithmetic<E> {
  /** A constant of the formula itself. What a user may choose is a hyperparameter instead. */
  readonly constant: (value: number) => E;
  readonly add: (a: E, b: E) => E;
  readonly sub: (a: E, b: E) => E;
  readonly mul: (a: E, b: E) => E;
  readonly div: (a: E, b: E) => E;
  readonly neg: (a: E) => E;
  readonly abs: (a: E) => E;
  /** −1, 0 or 1. */
  readonly sign: (a: E) => E;
  readonly sqrt: (a: E) => E;
  readonly maximum: (a: E, b: E) => E;
  readonly minimum: (a: E, b: E) => E;
}

/**
 * How each element of a parameter moves: from its value, its gradient, its state from earlier steps, and hyperparameters that may
 * change from step to step. Tensors compile a rule once, by its identity: create it once and not at every step.
 *
 * @example
 * const momentum: UpdateRule<"velocity", "lr" | "momentum"> = {
 *   name: "momentum",
 *   state: ["velocity"],
 *   hyperparameters: ["lr", "momentum"],
 *   step({ add, sub, mul }, { param, grad, velocity, lr, momentum }) {
 *     const moved = add(mul(momentum, velocity), grad);
 *     return { param: sub(param, mul(lr, moved)), velocity: moved };
 *   },
 * };
 * momentum.state; // ["velocity"]
 */
export interface UpdateRule<State extends string = string, Hyperparameter extends string = string> {
  readonly name: string;
  /** What is remembered for each element between steps; zero at first, unless `initial` says otherwise. */
  readonly state: readonly State[];
  readonly hyperparameters: readonly Hyperparameter[];
  /** Pieces of state that start from a hyperparameter's value. */
  readonly initial?: Readonly<Partial<Record<State, Hyperparameter>>>;
  step<E>(
    math: Arithmetic<E>,
    values: Readonly<{ param: E; grad: E } & Record<State | Hyperparameter, E>>,
  ): Readonly<{ param: E } & Record<State, E>>;
}

/** The method by which a leaf moves. */
export const update: unique symbol = Symbol.for("gradus.update");

/** A leaf that an optimizer can move; `S` is what it remembers a piece of state as. */
export interface Updatable<S = unknown> {
  /**
   * Applies a rule to every element, outside of differentiation. A piece of state that `state` lacks starts as the rule says; afterwards
   * `state` holds the new one under its name.
   */
  [update](rule: UpdateRule, state: Record<string, S>, hyperparameters: Readonly<Record<string, number>>): void;
}
