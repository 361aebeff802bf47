import { refuseOptions } from "../options.js";
import type { Tensor } from "../tensor.js";
import { apply, applyInPlace } from "./elementwise.js";
import type { Operand } from "./elementwise.js";
import type { ElementwiseOp } from "./elementwise-op.js";

/** A public function over elementwise ops, with the form that writes over its first argument. Methods are made of both. */
export interface ElementwiseFunction<Args extends readonly unknown[]> {
  (...args: Args): Tensor;
  /** What the method with a trailing underscore does. */
  readonly inPlace: (...args: Args) => Tensor;
}

/** An op of the tables and its operands. */
export type Chosen = readonly [op: ElementwiseOp, ...operands: Operand[]];

/**
 * The function that calls whichever op its arguments ask for.
 *
 * @param choose - Checks the arguments too; `op` is the name that errors should have. Its return type has to be written out (and
 * where the compiler still finds a circle, the type of the function):
 * Tensor's methods follow from the type of the function, so that the type checker must not have to look into its body.
 */
export function choosing<Args extends readonly unknown[]>(name: string, choose: (op: string, ...args: Args) => Chosen): ElementwiseFunction<Args> {
  const call = (...args: Args): Tensor => {
    const [op, ...operands] = choose(name, ...args);
    return apply(op, operands);
  };
  const inPlace = (...args: Args): Tensor => {
    const [op, ...operands] = choose(`${name}_`, ...args);
    return applyInPlace(op, operands);
  };
  return Object.assign(call, { inPlace });
}

/** The function of an op with one argument. */
export function unary(op: ElementwiseOp): ElementwiseFunction<[x: Tensor]> {
  const call = (x: Tensor, options?: undefined): Tensor => {
    refuseOptions(op.name, options);
    return apply(op, [x]);
  };
  return Object.assign(call, { inPlace: (x: Tensor): Tensor => applyInPlace(op, [x]) });
}

/** The function of an op with two arguments, of which one may be a number. */
export function binary(op: ElementwiseOp): ElementwiseFunction<[a: Operand, b: Operand]> {
  const call = (a: Operand, b: Operand, options?: undefined): Tensor => {
    refuseOptions(op.name, options);
    return apply(op, [a, b]);
  };
  return Object.assign(call, { inPlace: (a: Operand, b: Operand): Tensor => applyInPlace(op, [a, b]) });
}

// Methods

/** The elementwise functions of a module. */
export type FunctionNames<Module> = { [Name in keyof Module]: Module[Name] extends { readonly inPlace: unknown } ? Name : never }[keyof Module];
type Method<F> = F extends (first: never, ...rest: infer Rest) => Tensor ? (this: Tensor, ...rest: Rest) => Tensor : never;

/** The methods `name` and `name_` of each elementwise function in a module. Documentation stays with the names. */
export type MethodsOf<Module, Name extends keyof Module = FunctionNames<Module>> = { readonly [N in Name]: Method<Module[N]> } & {
  readonly [N in Name as N extends string ? `${N}_` : never]: Method<Module[N]>;
};

const isElementwise = (value: unknown): value is ElementwiseFunction<readonly unknown[]> => typeof value === "function" && "inPlace" in value;

/** A class with the methods of all elementwise functions in the modules. */
export function methodsOf<Module extends object>(...modules: readonly Module[]): abstract new () => MethodsOf<Module> {
  abstract class ElementwiseMethods {}
  for (const module of modules) {
    for (const [name, value] of Object.entries(module) as [string, unknown][]) {
      if (!isElementwise(value)) continue;
      // No function has more than three arguments beside the tensor; a missing one is undefined for either.
      const method = (call: (...args: readonly unknown[]) => Tensor) =>
        function (this: Tensor, a?: unknown, b?: unknown, c?: unknown): Tensor {
          return call(this, a, b, c);
        };
      for (const [own, call] of [[name, value], [`${name}_`, value.inPlace]] as const) {
        Object.defineProperty(ElementwiseMethods.prototype, own, { value: method(call), writable: true, configurable: true });
      }
    }
  }
  return ElementwiseMethods as abstract new () => MethodsOf<Module>;
}
