import type { GradientComparison } from "@gradus/autograd";
import { compareGradients, numericalGradient } from "@gradus/autograd";
import { tensor } from "../create.js";
import { AutogradError, DTypeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { Generator } from "../random/generator.js";
import { openScope } from "../scope.js";
import { showShape } from "../shape.js";
import { Tensor } from "../tensor.js";
import { gradOrZeros } from "./backward.js";
import { enableGrad, noGrad } from "./mode.js";
import { toDType } from "../ops/copy.js";
import { clone, mul } from "../ops/elementwise.js";
import { sum } from "../ops/reduce.js";

/** A function of tensors, with one result or several. */
export type TensorFunction = (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[];

export const GradcheckOptions = class {
  /** What errors call the function. */
  readonly name?: string;
  /** Step of the central differences, relative to max(1, |x|); 6e-6 if absent. */
  readonly eps?: number;
  /** Relative tolerance; 1e-5 if absent. */
  readonly rtol?: number;
  /** Absolute tolerance; 1e-7 if absent. */
  readonly atol?: number;
  /**
   * Compare along one random direction of each input instead of element by element: a wrong derivative is found just as surely,
   * but not which. For functions that are slow, or inputs that are large.
   */
  readonly fastMode?: boolean;
};
export type GradcheckOptions = Options<typeof GradcheckOptions>;

const outputsOf = (f: TensorFunction, inputs: readonly Tensor[]): readonly Tensor[] => {
  const result = f(...inputs);
  return (result instanceof Tensor ? [result] : result).filter((output) => output.isFloatingPoint());
};

/**
 * What turns all outputs into one number: L = Σ v · output, with v drawn once from a normal distribution of a fixed seed. A wrong element
 * anywhere in the Jacobian changes dL/dx, whichever it is.
 */
class Projection {
  readonly #generator = new Generator();
  readonly vectors: Tensor[] = [];

  of(outputs: readonly Tensor[]): readonly Tensor[] {
    for (let i = this.vectors.length; i < outputs.length; i++) {
      const { shape, device } = outputs[i]!;
      const values = new Float64Array(outputs[i]!.numel());
      this.#generator.normal(values);
      this.vectors.push(tensor(values, { shape, device }));
    }
    return this.vectors;
  }
}

/**
 * Compares the gradients that `backward` would compute with central differences in float64: dL/dx for every input that
 * requires grad, where L = Σ v · f(x) for fixed random v.
 *
 * @param f - Is called many times, and must give the same for the same values. Results that are not floating do not count.
 * @param inputs - Those that require grad must be float64. Choose points where f is smooth.
 * @throws {GradientError} at the first derivative that differs, with function, input, received and expected value.
 * @throws {DTypeError} if an input that requires grad is not float64.  @throws {AutogradError} if none requires grad.
 * @see torch.autograd.gradcheck
 * @example
 * const x = tensor([0.5, -1.25], { dtype: "float64", requiresGrad: true });
 * await gradcheck((a) => a.tanh().mul(a), [x]); // undefined
 */
export async function gradcheck(f: TensorFunction, inputs: readonly Tensor[], given?: GradcheckOptions): Promise<void> {
  const options = optionsOf("gradcheck", GradcheckOptions, given);
  const { name = "gradcheck" } = options;
  const checked = inputs.flatMap((input, i) => (input.requiresGrad ? [i] : []));
  if (checked.length === 0) throw new AutogradError(`${name}: expected an input that requires grad, got none; set requiresGrad on what is to be checked`);
  for (const i of checked) {
    const { dtype } = inputs[i]!;
    if (dtype !== "float64") throw new DTypeError(`${name}: expected float64 inputs, because differences of ${dtype} values are too coarse; convert input ${i} with to("float64")`);
  }
  const projection = new Projection();
  // Without history: f itself is checked, and not what its inputs were computed from.
  const leaves = inputs.map((input) => input.detach());
  const gradients = enableGrad(() => vectorJacobian(f, leaves, checked, (outputs) => projection.of(outputs), false));
  const received = await Promise.all(gradients.map((g) => toDType(g, "float64").read()));
  for (const [place, i] of checked.entries()) {
    const input = inputs[i]!;
    const at = await toDType(input.detach(), "float64").read();
    const valueAt = async (values: Float64Array): Promise<number> => {
      const moved = inputs.map((other, j) => (j === i ? tensor(values, { shape: other.shape, device: other.device }) : clone(other.detach())));
      return project(f, moved, projection);
    };
    compareGradients({
      name: checked.length === 1 && inputs.length === 1 ? name : `${name}, argument ${i} of shape ${showShape(input.shape)}`,
      ...(await (options.fastMode === true ? alongDirection : alongElements)(valueAt, at, received[place]!, options.eps)),
      ...(options.rtol === undefined ? {} : { rtol: options.rtol }),
      ...(options.atol === undefined ? {} : { atol: options.atol }),
    });
  }
  for (const vector of projection.vectors) vector.dispose();
}

/**
 * v · J for the inputs in `wanted`, as autograd computes it. An input that f does not depend on gets zeros, which the differences
 * must confirm.
 *
 * @param vectors - Makes the v of each output.
 */
function vectorJacobian(
  f: TensorFunction,
  inputs: readonly Tensor[],
  wanted: readonly number[],
  vectors: (outputs: readonly Tensor[]) => readonly Tensor[],
  createGraph: boolean,
): readonly Tensor[] {
  const leaves = inputs.map((input, i) => (wanted.includes(i) && !input.requiresGrad ? input.detach().requiresGrad_() : input));
  const outputs = outputsOf(f, leaves);
  return gradOrZeros(outputs, wanted.map((i) => leaves[i]!), vectors(outputs), { createGraph });
}

/** What is compared, and where. */
type Comparison = Pick<GradientComparison, "at" | "received" | "expected">;
type Differences = (valueAt: (x: Float64Array) => Promise<number>, at: Float64Array, received: Float64Array, eps?: number) => Promise<Comparison>;

const alongElements: Differences = async (valueAt, at, received, eps) => ({ at, received, expected: await differences(valueAt, at, eps) });

/** d/dt L(x + t·u) at t = 0 for a random unit vector u. */
const alongDirection: Differences = async (valueAt, at, received, eps) => {
  const u = new Float64Array(at.length);
  new Generator(at.length).normal(u);
  const length = Math.hypot(...u);
  const direction = u.map((x) => x / length);
  const moved = (t: number): Float64Array => at.map((x, i) => x + t * direction[i]!);
  const expected = await differences(([t]) => valueAt(moved(t!)), Float64Array.of(0), eps);
  return { at: [0], received: [received.reduce((sum, g, i) => sum + g * direction[i]!, 0)], expected };
};

/** L at other inputs; temporaries end with it. */
async function project(f: TensorFunction, inputs: readonly Tensor[], projection: Projection): Promise<number> {
  const step = openScope();
  try {
    const terms = step.run(() => noGrad(() => outputsOf(f, inputs).map((output, i) => sum(mul(toDType(output, "float64"), projection.vectors[i]!)))));
    const values = await Promise.all(terms.map((term) => term.item()));
    return values.reduce((sum, value) => sum + value, 0);
  } finally {
    step.close();
    for (const input of inputs) input.dispose();
  }
}

/**
 * `numericalGradient` for a function that answers late: a first run collects the points that it asks for, a second one gets
 * the values that were computed in between.
 */
async function differences(valueAt: (x: Float64Array) => Promise<number>, at: Float64Array, eps?: number): Promise<Float64Array> {
  const points: Float64Array[] = [];
  numericalGradient((x) => points.push(x.slice()), at, eps);
  const values = await Promise.all(points.map(valueAt));
  let next = 0;
  return numericalGradient(() => values[next++]!, at, eps);
}

/**
 * `gradcheck` of the gradients themselves: compares second derivatives with differences of first ones, with respect to the
 * inputs and to the gradients that come in.
 *
 * @see torch.autograd.gradgradcheck
 * @example
 * const x = tensor([0.5, -1.25], { dtype: "float64", requiresGrad: true });
 * await gradgradcheck((a) => a.tanh().mul(a), [x]); // undefined
 */
export async function gradgradcheck(f: TensorFunction, inputs: readonly Tensor[], given?: GradcheckOptions): Promise<void> {
  const options = optionsOf("gradgradcheck", GradcheckOptions, given);
  const { name = "gradgradcheck" } = options;
  const differentiable = inputs.flatMap((input, i) => (input.requiresGrad ? [i] : []));
  const outputs = noGrad(() => outputsOf(f, inputs.map((input) => clone(input.detach()))));
  const incoming = new Projection().of(outputs).map((v) => v.requiresGrad_());
  const gradients: TensorFunction = (...args) =>
    // Also where differences are taken, outside of differentiation, f's own graph is needed.
    enableGrad(() => vectorJacobian(f, args.slice(0, inputs.length), differentiable, () => args.slice(inputs.length), true));
  await gradcheck(gradients, [...inputs, ...incoming], { ...options, name });
  for (const v of incoming) v.dispose();
}
