/**
 * What modules and optimizers know about the values that they hold. Everything goes through `Symbol.for`, so that two copies of
 * this package in one program agree.
 *
 * @module
 */
import type { Updatable } from "./update.js";

/** The method that makes a leaf of the same kind from a value that can take part in differentiation. */
export const asLeaf: unique symbol = Symbol.for("gradus.asLeaf");

/** The method by which a leaf takes over values, in place. */
export const copyFrom: unique symbol = Symbol.for("gradus.copyFrom");

/** Marks a leaf as a parameter. */
export const parameterMark: unique symbol = Symbol.for("gradus.parameter");

/** A value from which a parameter can be made. */
export interface Differentiable<L extends Leaf = Leaf> {
  /** A new leaf with this value that requires a gradient; this value itself stays as it is. */
  [asLeaf](): L;
}

/**
 * A value that no operation computed: where gradients arrive. `V` is what it holds, `G` its gradient.
 */
export interface Leaf<V = unknown, G = unknown> extends Updatable {
  /** The value, outside of differentiation. */
  data: V;
  /** The sum of the gradients of all backward passes so far; null before the first. */
  grad: G | null;
  requiresGrad: boolean;
  /** The value as a constant of the same kind. */
  detach(): unknown;
  /** Takes over the values of another of the same kind, outside of differentiation; an error if they do not fit. */
  [copyFrom](source: unknown): void;
}

/** A leaf that is to be learned. */
export type Parameter<L extends Leaf = Leaf> = L & { readonly [parameterMark]: true };

/** Marks a leaf as a parameter and returns it. */
export function markParameter<L extends Leaf>(leaf: L): Parameter<L> {
  // Not enumerable: printing or copying a leaf shows nothing new.
  Object.defineProperty(leaf, parameterMark, { value: true });
  return leaf as Parameter<L>;
}

export function isParameter(value: unknown): value is Parameter {
  return typeof value === "object" && value !== null && parameterMark in value;
}
