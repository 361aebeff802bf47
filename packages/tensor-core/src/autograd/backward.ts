import type { Edge, GradientAlgebra } from "@gradus/autograd";
import { backpropagate } from "@gradus/autograd";
import { dtypeInfo } from "@gradus/kernel-ir";
import { mayRunAgain } from "../awaited-reads.js";
import { AutogradError, DTypeError, ShapeError } from "../errors.js";
import { Scope } from "../memory.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkSameDevice } from "../tensor.js";
import { onesLike, zerosLike } from "../create.js";
import { accumulateInto } from "./accumulate.js";
import { anomalyWatch } from "./anomaly-watch.js";
import { setGradEnabled } from "./mode.js";
import { add } from "../ops/elementwise.js";
import { toDType } from "../ops/copy.js";

export const SweepOptions = class {
  /** Keep what the graph saved, so that it can be differentiated again. Defaults to `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the backward pass itself, for derivatives of derivatives. */
  readonly createGraph?: boolean;
};
export type SweepOptions = Options<typeof SweepOptions>;

export const BackwardOptions = class extends SweepOptions {
  /** Accumulate into these tensors only, leaves or not. */
  readonly inputs?: readonly Tensor[];
};
export type BackwardOptions = Options<typeof BackwardOptions>;

/** Gradients of a sweep that records itself: they live as long as anything refers to them. */
const recorded: GradientAlgebra<Tensor> = { add: (a, b) => add(a, b) };

/** Gradients of an ordinary sweep: counted by storage, and freed as soon as the last one in a storage is consumed. */
function counted(scope: Scope): GradientAlgebra<Tensor> {
  const spare = (storage: { holds: number }): boolean => storage.holds > 0;
  return {
    add: (a, b) => add(a, b),
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

/**
 * A backward pass from `starts`. With `inputs` nothing is accumulated, and their gradients are returned.
 */
export function sweep(
  starts: readonly Root[],
  inputs: readonly Edge<Tensor>[] | undefined,
  { createGraph = false, retainGraph = createGraph }: SweepOptions,
): readonly (Tensor | null)[] {
  const run = (algebra: GradientAlgebra<Tensor>): readonly (Tensor | null)[] => {
    const roots = starts.map(({ edge, gradient }) => ({ edge, grad: gradient() }));
    return backpropagate({ roots, inputs, retainGraph: retainGraph || mayRunAgain(), algebra, observer: anomalyWatch?.observer() ?? undefined });
  };
  return setGradEnabled(createGraph, () => {
    if (createGraph) return run(recorded);
    const scope = new Scope("sweep");
    return scope.run(() => {
      try {
        const results = run(counted(scope));
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
  });
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
  checkSameDevice(op, [output, gradient]);
  return { edge, gradient: () => (gradient.dtype === output.dtype ? gradient : toDType(gradient, output.dtype)) };
}

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? (value as readonly T[]) : [value as T]);

/** Each output with its gradient, if any were given. */
function rootsOf(op: string, outputs: readonly Tensor[], gradients: readonly (Tensor | null)[] | undefined): readonly Root[] {
  if (gradients !== undefined && gradients.length !== outputs.length) {
    throw new AutogradError(`${op}: expected one gradient for each of ${outputs.length} outputs, got ${gradients.length}`);
  }
  return outputs.map((output, i) => rootOf(op, output, gradients?.[i]));
}

function edgesOf(op: string, inputs: readonly Tensor[]): readonly Edge<Tensor>[] {
  return inputs.map((input, i) => {
    if (input.edge === null) throw new AutogradError(`${op}: expected inputs that require grad, input ${String(i)} of shape ${showShape(input.shape)} does not`);
    return input.edge;
  });
}

/**
 * Adds the gradients of tensors to the `grad` of every leaf that they were computed from.
 *
 * @param tensors - One or several; their gradients add up.
 * @param gradTensors - The v of v·J, one for each tensor; scalars default to 1.
 * @throws {AutogradError} if a tensor has no history, or is not a scalar and has no gradient; inside of `awaitReads`, whose callback may run again.
 * @see torch.autograd.backward
 * @example
 * const x = tensor([1, 2], { requiresGrad: true });
 * backward([x.square().sum(), x.sum()]);
 * x.grad?.toArraySync(); // [3, 5]
 */
export function backward(tensors: Tensor | readonly Tensor[], gradTensors?: Tensor | null | readonly (Tensor | null)[], options?: BackwardOptions): void {
  const given = optionsOf("backward", BackwardOptions, options);
  const roots = rootsOf("backward", listOf(tensors), gradTensors === undefined || gradTensors === null ? undefined : listOf<Tensor | null>(gradTensors));
  if (mayRunAgain()) throw new AutogradError("backward: expected to run once, got a callback of awaitReads, which runs again for each value that it needs; use grad() there, which adds to nothing, or backward() after it");
  if (given.inputs === undefined) {
    sweep(roots, undefined, given);
    return;
  }
  if (given.inputs.length === 0) throw new AutogradError("backward: expected at least one tensor in inputs, got none; leave inputs out for all leaves");
  const inputs = new Set(given.inputs);
  const edges = edgesOf("backward", [...inputs]);
  const gradients = sweep(roots, edges, given);
  setGradEnabled(given.createGraph === true, () => {
    for (const [i, input] of [...inputs].entries()) {
      const gradient = gradients[i];
      if (gradient === null || gradient === undefined) continue;
      const { node } = edges[i]!;
      if (node.accumulate === undefined) accumulateInto(input, gradient);
      else node.accumulate(gradient);
    }
  });
}

export const GradOptions = class extends SweepOptions {
  /** The v of v·J, one per output; scalars default to 1. */
  readonly gradOutputs?: Tensor | readonly (Tensor | null)[];
  /** Give null for an input that no output depends on, instead of an error. Defaults to `materializeGrads`. */
  readonly allowUnused?: boolean;
  /** Give zeros for an input that no output depends on. */
  readonly materializeGrads?: boolean;
};
export type GradOptions = Options<typeof GradOptions>;

/**
 * Gradients of outputs with respect to inputs, without touching any `grad`.
 *
 * @param outputs - One tensor or several; their gradients add up.
 * @param inputs - One tensor or several that require grad, leaves or not.
 * @returns One gradient per input, with its shape; null where no output depends on it and `allowUnused` is set.
 * @throws {AutogradError} if an output has no graph, or an input is not part of it.
 * @see torch.autograd.grad
 * @example
 * const x = tensor([3], { requiresGrad: true });
 * const [dx] = grad(x.mul(x).sum(), [x]);
 * dx.toArraySync(); // [6]
 */
export function grad(outputs: Tensor | readonly Tensor[], inputs: Tensor, options: GradOptions & { readonly allowUnused: true }): [Tensor | null];
export function grad(outputs: Tensor | readonly Tensor[], inputs: Tensor, options?: GradOptions): [Tensor];
export function grad<const I extends readonly Tensor[]>(outputs: Tensor | readonly Tensor[], inputs: I, options: GradOptions & { readonly allowUnused: true }): { [K in keyof I]: Tensor | null };
export function grad<const I extends readonly Tensor[]>(outputs: Tensor | readonly Tensor[], inputs: I, options?: GradOptions): { [K in keyof I]: Tensor };
export function grad(outputs: Tensor | readonly Tensor[], inputs: Tensor | readonly Tensor[], options?: GradOptions): (Tensor | null)[] {
  const given = optionsOf("grad", GradOptions, options);
  const { materializeGrads = false, allowUnused = materializeGrads, gradOutputs } = given;
  if (materializeGrads && !allowUnused) throw new AutogradError("grad: expected allowUnused to be set with materializeGrads, got false; leave it out");
  const targets = listOf(inputs);
  const roots = rootsOf("grad", listOf(outputs), gradOutputs === undefined ? undefined : listOf<Tensor | null>(gradOutputs));
  return sweep(roots, edgesOf("grad", targets), given).map((result, i) => {
    if (result !== null) return result;
    if (!allowUnused) throw new AutogradError(`grad: expected outputs that depend on every input, none depends on input ${String(i)}; pass { allowUnused: true } to get null for it`);
    return materializeGrads ? zerosLike(targets[i]!) : null;
  });
}

/**
 * `grad` for functions that may be constant: outputs without history count as zero, and so do gradients that do not exist.
 */
export function gradOrZeros(outputs: readonly Tensor[], inputs: readonly Tensor[], gradOutputs: readonly Tensor[], options?: SweepOptions): readonly Tensor[] {
  const given = optionsOf("gradOrZeros", SweepOptions, options);
  const dependent = outputs.flatMap((output, i) => (output.requiresGrad ? [{ output, v: gradOutputs[i]! }] : []));
  if (dependent.length === 0) return inputs.map((x) => zerosLike(x));
  return grad(dependent.map(({ output }) => output), inputs, { ...given, gradOutputs: dependent.map(({ v }) => v), materializeGrads: true });
}
