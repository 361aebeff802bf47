import { isParameter } from "@gradus/autograd";
import type { Leaf, Parameter as MarkedLeaf } from "@gradus/autograd";
import { Function, noGrad, optionsOf, Tensor } from "@gradus/tensor-core";
import type { DeviceLike, DType, FunctionContext } from "@gradus/tensor-core";
import { Module as AnyModule, Parameter as AnyParameter } from "./module.js";
import type { ParameterConstructor, ParameterOptions, WalkOptions } from "./module.js";
import { summarize } from "./summary.js";
import type { Summary } from "./summary.js";

/** A tensor that a module learns. */
export type Parameter<L extends Leaf = Tensor> = MarkedLeaf<L>;
const CheckedOptions = class implements ParameterOptions {
  readonly requiresGrad?: boolean;
};

/**
 * A tensor that a module learns, of the storage of another. It is the constructor of `parameter.ts`, where nothing is known of tensors or of sets of
 * options, and it checks the options.
 *
 * @throws {ArgumentError} for an option that it does not have.
 * @see torch.nn.Parameter
 */
export const Parameter = class extends (AnyParameter as unknown as new (value: object, options: ParameterOptions) => object) {
  constructor(value: object, options?: ParameterOptions) {
    super(value, optionsOf("Parameter", CheckedOptions, options));
  }
} as unknown as ParameterConstructor;

/** Gradients of tensors, in the order of arguments or results; null where none flows. */
export type Gradients = readonly (Tensor | null)[];

/** Sees the gradients of a module's inputs and outputs; what it returns, unless undefined, takes the place of the inputs'. */
export type FullBackwardHook<M extends Module> = (module: M, gradInput: Gradients, gradOutput: Gradients) => Gradients | undefined;

/** Sees the gradients of a module's outputs before they go through it; what it returns, unless undefined, takes their place. */
export type FullBackwardPreHook<M extends Module> = (module: M, gradOutput: Gradients) => Gradients | undefined;

/**
 * The base of networks and layers of tensors; `module.ts` says what it is. Modules of scalars extend the `Module` of
 * `@gradus/nn/module` directly.
 *
 * @see torch.nn.Module
 * @example
 * class Net extends Module {
 *   readonly hidden = new Linear(4, 3);
 *   readonly output = new Linear(3, 2);
 *   forward(x: Tensor): Tensor {
 *     return this.output.call(this.hidden.call(x).relu());
 *   }
 * }
 * const net = new Net();
 * net.call(ones([5, 4])).shape; // [5, 2]
 * Object.keys(net.stateDict()); // ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the interface below only knows better what inherited methods give
export abstract class Module extends AnyModule<Tensor> {
  /**
   * Moves parameters and buffers to a device, or converts those that are floating to another element type, in place: an
   * optimizer that knows the parameters goes on knowing them.
   *
   * @see torch.nn.Module.to
   */
  to(target: DType | DeviceLike): this {
    for (const leaf of [...this.parameters(), ...this.buffers()]) {
      if (typeof target === "string" && !leaf.isFloatingPoint()) continue;
      leaf.data = leaf.data.to(target);
      if (leaf.grad !== null) leaf.grad.data = leaf.grad.data.to(target);
    }
    return this;
  }

  /** Converts floating parameters and buffers to float32. */
  float(): this {
    return this.to("float32");
  }

  /** Converts floating parameters and buffers to float64. */
  double(): this {
    return this.to("float64");
  }

  /** Converts floating parameters and buffers to float16. */
  half(): this {
    return this.to("float16");
  }

  /** Converts floating parameters and buffers to bfloat16. */
  bfloat16(): this {
    return this.to("bfloat16");
  }

  /**
   * A copy of this module and all below it, with values of its own. What is shared inside stays shared. Hooks are not copied, and
   * neither are private `#fields` of your own classes: override `clone` where a class has some.
   *
   * @see copy.deepcopy
   * @example
   * const layer = new Linear(2, 2);
   * const copy = layer.clone();
   * copy.weight.data.fill_(0);
   * layer.weight.data.ne(0).any().itemSync(); // true
   */
  clone(): this {
    const made = new Map<unknown, unknown>();
    const copy = (value: unknown): unknown => {
      if (typeof value !== "object" || value === null) return value;
      if (!made.has(value)) made.set(value, this.#copyOf(value, copy));
      return made.get(value);
    };
    return copy(this) as this;
  }

  #copyOf(value: object, copy: (value: unknown) => unknown): unknown {
    if (value instanceof Module) return value.copyWith(copy);
    if (value instanceof Tensor) {
      const own = noGrad(() => (value as Tensor).detach().clone());
      return isParameter(value) ? new Parameter(own, { requiresGrad: value.requiresGrad }) : own;
    }
    if (Array.isArray(value)) return value.map(copy);
    return Object.getPrototypeOf(value) === Object.prototype ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copy(inner)])) : value;
  }

  /**
   * Calls `hook` in the backward pass, once the gradients of this module's inputs are known. Inputs and outputs are those arguments and
   * results that are tensors, or stand in an array.
   *
   * @returns A function that removes the hook.
   * @see torch.nn.Module.register_full_backward_hook
   * @example
   * const layer = new Linear(2, 1);
   * layer.registerFullBackwardHook((_, [gradInput], [gradOutput]) => {
   *   shapes = [gradInput?.shape, gradOutput?.shape];
   *   return undefined;
   * });
   * let shapes: unknown;
   * layer.call(ones([3, 2], { requiresGrad: true })).sum().backward();
   * shapes; // [[3, 2], [3, 1]]
   */
  registerFullBackwardHook(hook: FullBackwardHook<this>): () => void {
    return this.#watchBackward((gradInput, gradOutput) => hook(this, gradInput, gradOutput), undefined);
  }

  /**
   * Calls `hook` in the backward pass, before the gradients of the outputs go through this module.
   *
   * @returns A function that removes the hook.
   * @see torch.nn.Module.register_full_backward_pre_hook
   */
  registerFullBackwardPreHook(hook: FullBackwardPreHook<this>): () => void {
    return this.#watchBackward(undefined, (gradOutput) => hook(this, gradOutput));
  }

  /** Passes inputs and outputs through functions that do nothing but see their gradients. */
  #watchBackward(after: Watch["after"], before: Watch["before"]): () => void {
    // Calls may be nested: a module inside of itself finishes first.
    const calls: Watch[] = [];
    const removePre = this.registerForwardPreHook((_, args) => {
      const watch: Watch = { after, before, gradOutput: [], hasInputs: false };
      calls.push(watch);
      if (after === undefined) return undefined;
      return passThrough(args as unknown[], (tensors) => {
        watch.hasInputs = tensors.some(({ requiresGrad }) => requiresGrad);
        return WatchInputs.apply(watch, ...tensors);
      }) as typeof args;
    });
    const remove = this.registerForwardHook((_, __, output: unknown) => {
      const watch = calls.pop();
      if (watch === undefined) return undefined;
      const wrapped = passThrough([output], (tensors) => WatchOutputs.apply(watch, ...tensors));
      return wrapped[0] as never;
    });
    return () => {
      removePre();
      remove();
    };
  }

  /**
   * Runs the module once, as in evaluation, and describes its layers: what each gives, and how many parameters it has.
   *
   * @param args - Arguments of a call.
   * @returns What `console.log` shows as a table.
   * @example
   * new Linear(4, 2).summary(ones([3, 4])).parameters; // 10
   */
  summary(...args: Parameters<this["forward"]>): Summary {
    return summarize(this, args);
  }
}

/** The walk over a tree of tensors meets modules of tensors. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the class inherits every method that is named here
export interface Module {
  apply(visit: (module: Module) => void): this;
  modules(): Module[];
  namedModules(options?: WalkOptions): [path: string, module: Module][];
  children(): Module[];
  namedChildren(): [name: string, module: Module][];
  getSubmodule(path: string): Module;
}

/** One call that is watched on its way back. */
interface Watch {
  readonly after: ((gradInput: Gradients, gradOutput: Gradients) => Gradients | undefined) | undefined;
  readonly before: ((gradOutput: Gradients) => Gradients | undefined) | undefined;
  gradOutput: Gradients;
  hasInputs: boolean;
}

/** Replaces the tensors among values, also those in arrays, by others in the same order. */
function passThrough(values: readonly unknown[], pass: (tensors: Tensor[]) => readonly Tensor[]): unknown[] {
  const tensors: Tensor[] = [];
  const collect = (value: unknown): void => {
    if (value instanceof Tensor) tensors.push(value as Tensor);
    else if (Array.isArray(value)) value.forEach(collect);
  };
  values.forEach(collect);
  if (tensors.length === 0) return [...values];
  const replaced = pass(tensors)[Symbol.iterator]();
  const put = (value: unknown): unknown => (value instanceof Tensor ? replaced.next().value : Array.isArray(value) ? value.map(put) : value);
  return values.map(put);
}

const aliases = (tensors: readonly Tensor[]): Tensor[] => tensors.map((x) => x.view(x.shape));

class WatchInputs extends Function {
  static forward(ctx: FunctionContext, watch: Watch, ...tensors: readonly Tensor[]): Tensor[] {
    ctx.watch = watch;
    ctx.setMaterializeGrads(false);
    return aliases(tensors);
  }

  static backward(ctx: FunctionContext, ...grads: Gradients): Gradients {
    const watch = ctx.watch as Watch;
    return [null, ...(watch.after?.(grads, watch.gradOutput) ?? grads)];
  }
}

class WatchOutputs extends Function {
  static forward(ctx: FunctionContext, watch: Watch, ...tensors: readonly Tensor[]): Tensor[] {
    ctx.watch = watch;
    ctx.setMaterializeGrads(false);
    return aliases(tensors);
  }

  static backward(ctx: FunctionContext, ...grads: Gradients): Gradients {
    const watch = ctx.watch as Watch;
    const gradOutput = watch.before?.(grads) ?? grads;
    watch.gradOutput = gradOutput;
    // Where no gradient goes on to an input, the hook is called here.
    if (!watch.hasInputs) watch.after?.([], gradOutput);
    return [null, ...gradOutput];
  }
}
