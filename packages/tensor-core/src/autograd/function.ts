import type { Edge } from "@gradus/autograd";
import { synchronous } from "../device.js";
import { zeros } from "../create.js";
import { AutogradError, ShapeError } from "../errors.js";
import { outsideSweeps } from "../memory.js";
import { sameShape, showShape } from "../shape.js";
import { sumTo } from "../ops/reduce.js";
import { Tensor } from "../tensor.js";
import { isGradEnabled, noGrad } from "./mode.js";
import { OpNode, Saved } from "./op-node.js";
import { toDType } from "../ops/copy.js";

/**
 * What `forward` leaves for `backward`. Beside what is listed here it takes fields of any name: `ctx.exponent = 3`.
 */
export class FunctionContext {
  [field: string]: unknown;
  #toSave: readonly (Tensor | null)[] = [];
  #saved: readonly (Saved | null)[] | null = null;
  #dirty = new Set<Tensor>();
  #constant = new Set<Tensor>();
  #materialize = true;

  /** For each argument of `forward`, whether its gradient is asked for. @see torch.autograd.function.FunctionCtx.needs_input_grad */
  needsInputGrad: readonly boolean[];

  /** @internal */
  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad;
  }

  /**
   * Saves tensors for `backward`: there a value that was overwritten since is noticed, and second derivatives flow through it. Save
   * arguments and results this way and not as fields.
   *
   * @see torch.autograd.function.FunctionCtx.save_for_backward
   */
  saveForBackward(...tensors: readonly (Tensor | null)[]): void {
    this.#toSave = tensors;
  }

  /** What `saveForBackward` was given. @throws {AutogradError} if one of them was changed in place since. */
  get savedTensors(): Tensor[] {
    // A null that was saved comes back as one; who saved none need not look for it.
    return (this.#saved?.map((saved) => saved?.value ?? null) ?? this.#toSave) as Tensor[];
  }

  /** Results that are constants to differentiation, such as indices. @see torch.autograd.function.FunctionCtx.mark_non_differentiable */
  markNonDifferentiable(...results: readonly Tensor[]): void {
    for (const result of results) this.#constant.add(result);
  }

  /** Arguments that `forward` writes over and returns. @see torch.autograd.function.FunctionCtx.mark_dirty */
  markDirty(...args: readonly Tensor[]): void {
    for (const arg of args) this.#dirty.add(arg);
  }

  /**
   * Whether `backward` is given zeros for a result that has no gradient (the default), or null.
   *
   * @see torch.autograd.function.FunctionCtx.set_materialize_grads
   */
  setMaterializeGrads(value: boolean): void {
    this.#materialize = value;
  }

  /** Once `forward` has returned: notes the versions of what it saved. @internal */
  static finish(ctx: FunctionContext, op: string): { readonly dirty: ReadonlySet<Tensor>; readonly constant: ReadonlySet<Tensor>; readonly materialize: boolean } {
    ctx.#saved = ctx.#toSave.map((x) => (x === null ? null : new Saved(op, x)));
    ctx.#toSave = [];
    return { dirty: ctx.#dirty, constant: ctx.#constant, materialize: ctx.#materialize };
  }
}

/** What `forward` returns: a tensor, or several. */
export type FunctionResult = Tensor | readonly Tensor[];

/** The two halves of a custom function. */
export interface FunctionDefinition<A extends readonly unknown[], R extends FunctionResult> {
  readonly name: string;
  forward(ctx: FunctionContext, ...args: A): R;
  backward(ctx: FunctionContext, ...grads: readonly (Tensor | null)[]): Tensor | null | readonly (Tensor | null)[];
}

/**
 * An op with a derivative of your own: extend it by two static methods and call `apply`.
 *
 * `forward(ctx, …args)` computes; nothing in it is recorded. `backward(ctx, …grads)` is given the gradient of each result and returns
 * that of each argument, null for those that are no tensors or need none. Written in differentiable ops it can itself be
 * differentiated. Both are synchronous.
 *
 * @see torch.autograd.Function
 * @example
 * class Cube extends Function {
 *   static forward(ctx: FunctionContext, x: Tensor): Tensor {
 *     ctx.saveForBackward(x);
 *     return x.mul(x).mul(x);
 *   }
 *   static backward(ctx: FunctionContext, grad: Tensor): Tensor {
 *     const [x] = ctx.savedTensors;
 *     return grad.mul(x!.square()).mul(3);
 *   }
 * }
 * const x = tensor(2, { requiresGrad: true });
 * Cube.apply(x).backward();
 * x.grad?.itemSync(); // 12
 */
export abstract class Function {
  /**
   * Computes `forward` and records `backward` as its derivative.
   *
   * @param args - Of any kind. Tensors among them take part in differentiation, tensors inside of arrays or objects do not.
   * @throws {AutogradError} if a result is no tensor, or an argument that is written over is a leaf that requires a gradient or a view.
   */
  static apply<A extends readonly unknown[], R extends FunctionResult>(this: FunctionDefinition<A, R>, ...args: A): R {
    const { name } = this;
    const recording = isGradEnabled();
    const inputs = args.flatMap((arg, place): Input[] => (arg instanceof Tensor ? [{ place, tensor: arg as Tensor, edge: recording ? arg.edge : null }] : []));
    const ctx = new FunctionContext(args.map((_, place) => inputs.some((input) => input.place === place && input.edge !== null)));
    const result = noGrad(() => this.forward(ctx, ...args));
    const isSingle = result instanceof Tensor;
    const results = (isSingle ? [result] : result) as readonly Tensor[];
    for (const [i, x] of results.entries()) {
      if (!(x instanceof Tensor)) throw new AutogradError(`${name}: expected forward to return tensors, result ${i} is ${typeof x}; keep other values in a field of ctx`);
    }
    if (!inputs.some(({ edge }) => edge !== null)) {
      const { dirty } = FunctionContext.finish(ctx, name);
      const own = results.map((x) => (inputs.some(({ tensor }) => tensor === x) && !dirty.has(x) ? x.detach() : x));
      return (isSingle ? own[0] : own) as R;
    }
    const own = attach(name, ctx, this, inputs, args.length, results);
    return (isSingle ? own[0] : own) as R;
  }
}

interface Input {
  readonly place: number;
  readonly tensor: Tensor;
  readonly edge: Edge<Tensor> | null;
}

/** Gives the results their history. */
function attach<A extends readonly unknown[]>(
  op: string,
  ctx: FunctionContext,
  definition: FunctionDefinition<A, FunctionResult>,
  inputs: readonly Input[],
  count: number,
  results: readonly Tensor[],
): Tensor[] {
  const { dirty, constant, materialize } = FunctionContext.finish(ctx, op);
  const isInput = (x: Tensor): boolean => inputs.some(({ tensor }) => tensor === x);
  for (const x of dirty) checkDirty(op, x, isInput(x), results);
  const seen = new Set<Tensor>();
  const own = results.map((x) => {
    if (dirty.has(x)) return x;
    // A tensor that is not this call's own, or comes twice, keeps its history; what is returned looks at the same elements.
    const alias = isInput(x) || x.requiresGrad || seen.has(x) ? noGrad(() => x.makeView(op, x.layout, (g) => g)) : x;
    seen.add(alias);
    return alias;
  });
  const described = own.map(({ shape, dtype, device }) => ({ shape, options: { dtype, device } }));
  const node = new OpNode(
    op,
    inputs.map(({ edge }) => edge),
    (grads, needed) => {
      ctx.needsInputGrad = Array.from({ length: count }, (_, place) => inputs.some((input, i) => input.place === place && needed[i] === true));
      const given = grads.map((grad, slot) => grad ?? (materialize ? zeros(described[slot]!.shape, described[slot]!.options) : null));
      for (const grad of given) if (grad !== null) grad.elements.scope = null;
      const returned = synchronous(op, outsideSweeps(() => definition.backward(ctx, ...given)));
      const gradients = Array.isArray(returned) ? (returned as readonly (Tensor | null)[]) : [returned as Tensor | null];
      if (gradients.length < count || gradients.slice(count).some((extra) => extra !== null)) {
        throw new AutogradError(`${op}: expected backward to return one gradient for each of ${count} arguments, got ${gradients.length}; return null for those that need none`);
      }
      return inputs.map((input, i) => (needed[i] === true ? fitting(op, input, gradients[input.place]) : null));
    },
    own.length,
  );
  own.forEach((x, slot) => {
    if (x.isFloatingPoint() && !constant.has(results[slot]!)) x.setHistory({ node, slot });
  });
  return own;
}

function checkDirty(op: string, x: Tensor, isInput: boolean, results: readonly Tensor[]): void {
  if (!isInput || !results.includes(x)) throw new AutogradError(`${op}: expected markDirty to be given arguments that forward returns, got another tensor of shape ${showShape(x.shape)}`);
  if (x.isLeaf && x.requiresGrad) throw new AutogradError(`${op}: expected a tensor that may be overwritten, got a leaf that requires grad; clone() it first`);
  if (x.viewOf !== null) throw new AutogradError(`${op}: expected a tensor that may be overwritten, got a view; clone() it first`);
}

/** The gradient that backward returned for an argument, summed over what was broadcast and in the argument's type. */
function fitting(op: string, { place, tensor: { shape, dtype, device } }: Input, grad: Tensor | null | undefined): Tensor | null {
  if (grad === null || grad === undefined) return null;
  if (!(grad instanceof Tensor)) throw new AutogradError(`${op}: expected backward to return tensors or null, got ${typeof grad} for argument ${place}`);
  if (grad.device !== device) throw new AutogradError(`${op}: expected a gradient on ${device.name} for argument ${place}, got one on ${(grad).device.name}`);
  const fits = sameShape(grad.shape, shape) || canSumTo(grad.shape, shape);
  if (!fits) throw new ShapeError(`${op}: expected a gradient of shape ${showShape(shape)} for argument ${place}, got ${showShape(grad.shape)}`);
  const summed = sumTo(grad, shape);
  return summed.dtype === dtype ? summed : toDType(summed, dtype);
}

const canSumTo = (from: readonly number[], to: readonly number[]): boolean =>
  from.length >= to.length && to.every((size, i) => size === 1 || size === from[from.length - to.length + i]);
