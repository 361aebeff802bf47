import type { Expr, ExprBuilder } from "@gradus/kernel-ir";
import type { GradientOp, RecordingPlan } from "./elementwise.js";
import type { KernelOp } from "./kernel-op.js";

/** `y = f(a, b, …)`, one point at a time. The arguments have the type that the op computes in. */
export type Formula = (k: ExprBuilder, ...args: readonly Expr[]) => Expr;

export interface ElementwiseOptions {
  /**
   * The gradient of argᵢ from the gradient `g` of the result `y`, where the rules of `adjoint.ts` applied to the formula
   * would be less exact or less stable. Null means zero.
   */
  readonly derivatives?: readonly (((k: ExprBuilder, g: Expr, y: Expr, ...args: readonly Expr[]) => Expr) | null)[];
  /**
   * `promote` (the default) computes and stores in the promoted type; `float` raises integers to float32 first, `number` bools
   * to int64, `float64` everything to float64; `bool` compares in the promoted type and stores bool; `first` keeps the first argument's type, whatever the
   * others are.
   */
  readonly type?: "promote" | "float" | "float64" | "number" | "bool" | "first";
  /** Arguments that keep their own type and take no part in promotion: conditions. */
  readonly asIs?: readonly number[];
  /** Kinds that the promoted type must have; all by default. */
  readonly accepts?: readonly ("float" | "int" | "bool")[];
}

let ops = 0;

/**
 * An op that works one element at a time, as data: its formula, and what is said about it. Broadcasting, promotion, in-place form and derivatives of
 * every order follow from it (`elementwise.ts`). One call is one kernel, forward or backward.
 *
 * This file needs no other when it is loaded, so that tables of ops can be made whichever file of the package is loaded first.
 *
 * @example
 * const square = formulas.unary(new ElementwiseOp("square", 1, (k, x) => k.mul(x, x)));
 * square(tensor([1, 2, 3])).toArraySync(); // [1, 4, 9]
 */
export class ElementwiseOp {
  /** Tells ops apart. */
  readonly number = ops++;
  // What was made for it so far. @internal
  /** By which arguments are numbers. @internal */
  readonly kernels = new Map<number, KernelOp>();
  /** By argument. @internal */
  readonly gradients = new Map<number, GradientOp>();
  /** @internal */
  readonly plans = new Map<number, RecordingPlan>();

  constructor(
    readonly name: string,
    readonly arity: number,
    readonly formula: Formula,
    readonly options: ElementwiseOptions = {},
  ) {}
}
