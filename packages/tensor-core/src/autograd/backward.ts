import type { Edge, GradientAlgebra } from "@gradus/autograd";
import { backpropagate } from "@gradus/autograd";
import { dtypeInfo } from "@gradus/kernel-ir";
import { AutogradError, DTypeError, ShapeError } from "../errors.js";
import { Scope } from "../memory.js";
import { sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { onesLike } from "../create.js";
import { setGradEnabled } from "./mode.js";

export interface BackwardOptions {
  /** Keep what the graph saved, so that it can be differentiated again. Defaults to `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the backward pass itself, for derivatives of derivatives. */
  readonly createGraph?: boolean;
}

/** Gradients of a sweep that records itself: they live as long as anything refers to them. */
const recorded: GradientAlgebra<Tensor> = { add: (a, b) => a.add(b) };

/** Gradients of an ordinary sweep: counted by storage, and freed as soon as the last one in a storage is consumed. */
function counted(scope: Scope): GradientAlgebra<Tensor> {
  const spare = (storage: { holds: number }): boolean => storage.holds > 0;
  return {
    add: (a, b) => a.add(b),
    hold: (grad) => { grad.elements.holds++; },
    release: (grad) => { grad.elements.holds--; },
    settle: () => { scope.free(spare); },
  };
}

/** Where a sweep starts. The gradient is made inside of the sweep, so that it ends with it. */
interface Root {
  readonly edge: Edge<Tensor>;
  readonly gradient: () => Tensor;
}

function sweep(
  starts: readonly Root[],
  inputs: readonly Edge<Tensor>[] | undefined,
  { createGraph = false, retainGraph = createGraph }: BackwardOptions,
): readonly (Tensor | null)[] {
  const before = setGradEnabled(createGraph);
  const rootsOf = (): { edge: Edge<Tensor>; grad: Tensor }[] => starts.map(({ edge, gradient }) => ({ edge, grad: gradient() }));
  try {
    if (createGraph) return backpropagate({ roots: rootsOf(), inputs, retainGraph, algebra: recorded });
    const scope = new Scope("sweep");
    return scope.run(() => {
      const algebra = counted(scope);
      try {
        const results = backpropagate({ roots: rootsOf(), inputs, retainGraph, algebra });
        for (const result of results) {
          if (result === null) continue;
          result.elements.holds--;
          scope.release(result.elements);
        }
        return results;
      } finally {
        scope.free(() => false);
      }
    });
  } finally {
    setGradEnabled(before);
  }
}

function rootOf(op: string, output: Tensor, gradient: Tensor | null | undefined): Root {
  output.checkUsable(op);
  const { edge } = output;
  if (edge === null) {
    throw new AutogradError(`${op}: expected a tensor that requires grad, got one of shape ${showShape(output.shape)} that does not; set requiresGrad on an input, or leave noGrad`);
  }
  if (gradient === null || gradient === undefined) {
    if (output.layout.numel !== 1) {
      throw new AutogradError(`${op}: expected a scalar (1 element), got shape ${showShape(output.shape)}; pass a gradient, or reduce with sum() or mean() first`);
    }
    return { edge, gradient: () => onesLike(output) };
  }
  if (!sameShape(gradient.shape, output.shape)) {
    throw new ShapeError(`${op}: expected a gradient of the output's shape ${showShape(output.shape)}, got ${showShape(gradient.shape)}`);
  }
  if (dtypeInfo[gradient.dtype].kind !== "float") throw new DTypeError(`${op}: expected a floating gradient, got ${gradient.dtype}`);
  return { edge, gradient: () => (gradient.dtype === output.dtype ? gradient : gradient.to(output.dtype)) };
}

/** Adds d output / d leaf to the `grad` of every leaf that `output` was computed from. */
export function backward(output: Tensor, gradient?: Tensor | null, options: BackwardOptions = {}): void {
  sweep([rootOf("backward", output, gradient)], undefined, options);
}

export interface GradOptions extends BackwardOptions {
  /** The v of v·J, one per output; scalars default to 1. */
  readonly gradOutputs?: readonly (Tensor | null)[];
  /** Give null for an input that no output depends on, instead of an error. */
  readonly allowUnused?: boolean;
}

/**
 * Gradients of outputs with respect to inputs, without touching any `grad`.
 *
 * @param outputs - One tensor or several; their gradients add up.
 * @param inputs - Tensors that require grad, leaves or not.
 * @returns One gradient per input, with its shape; null where no output depends on it and `allowUnused` is set.
 * @throws {AutogradError} if an output has no graph, or an input is not part of it.
 * @see torch.autograd.grad
 * @example
 * const x = tensor([3], { requiresGrad: true });
 * const [dx] = grad(x.mul(x).sum(), [x]);
 * dx.toArraySync(); // [6]
 */
export function grad<const I extends readonly Tensor[]>(outputs: Tensor | readonly Tensor[], inputs: I, options: GradOptions & { readonly allowUnused: true }): { [K in keyof I]: Tensor | null };
export function grad<const I extends readonly Tensor[]>(outputs: Tensor | readonly Tensor[], inputs: I, options?: GradOptions): { [K in keyof I]: Tensor };
export function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options: GradOptions = {}): (Tensor | null)[] {
  const list = Array.isArray(outputs) ? (outputs as readonly Tensor[]) : [outputs as Tensor];
  const roots = list.map((output, i) => rootOf("grad", output, options.gradOutputs?.[i]));
  const edges = inputs.map((input, i) => {
    if (input.edge === null) throw new AutogradError(`grad: expected inputs that require grad, input ${String(i)} of shape ${showShape(input.shape)} does not`);
    return input.edge;
  });
  const results = sweep(roots, edges, options);
  results.forEach((result, i) => {
    if (result === null && options.allowUnused !== true) {
      throw new AutogradError(`grad: expected outputs that depend on every input, none depends on input ${String(i)}; pass { allowUnused: true } to get null for it`);
    }
  });
  return [...results];
}
