import type { ComputeDType, DType, Expr, ExprBuilder } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { synchronous } from "../device.js";
import { ArgumentError, DTypeError } from "../errors.js";
import { Layout } from "../layout.js";
import { broadcastShapes } from "../shape.js";
import { Storage } from "../storage.js";
import { Tensor } from "../tensor.js";
import { deferred, recorder, withRecorder } from "./deferred.js";
import type { Recorder } from "./deferred.js";
import type { Operand } from "./elementwise.js";
import { apply, derivativeOf, typesOf } from "./elementwise.js";
import { ElementwiseOp } from "./elementwise-op.js";

/** A value of a chain: an input, or the result of a step. */
type Place = { readonly input: number } | { readonly step: number };

/** One op of a chain. */
interface Step {
  readonly op: ElementwiseOp;
  readonly args: readonly Place[];
  /** What it computes in, and what its result is. */
  readonly compute: ComputeDType;
  readonly stored: ComputeDType;
}

/** Tensors and numbers in one kernel. */
const mostInputs = 24;

/** Takes down what a function does to its arguments, and computes nothing. */
class Chain implements Recorder {
  readonly inputs: Operand[] = [];
  readonly steps: Step[] = [];
  /** Everything that tells one chain from another, but not the values of numbers. */
  key = "";
  readonly #results = new Map<Storage, number>();
  readonly #versions: number[] = [];

  call(op: ElementwiseOp, args: readonly Operand[]): Tensor {
    const { compute, stored } = typesOf(op, args);
    const places = args.map((arg) => this.#place(arg));
    this.key += `${String(op.number)}:${places.map((place) => ("input" in place ? `i${String(place.input)}` : `s${String(place.step)}`)).join()};`;
    const tensors = args.filter((arg) => arg instanceof Tensor);
    const [first] = tensors;
    if (first === undefined) throw new DTypeError(`${op.name}: expected a tensor among its arguments, got none`);
    const layout = Layout.contiguous(broadcastShapes(op.name, ...tensors.map((t) => t.shape)));
    const storage = new Storage(first.device, stored, layout.numel, 0, null);
    deferred.add(storage);
    this.#results.set(storage, this.steps.length);
    this.steps.push({ op, args: places, compute, stored: dtypeInfo[stored].compute });
    return new Tensor(storage, layout);
  }

  /** The step that gave a tensor; undefined where it is none of this chain's. */
  stepOf(tensor: Tensor): number | undefined {
    return this.#results.get(tensor.elements);
  }

  #place(arg: Operand): Place {
    if (arg instanceof Tensor) {
      const step = this.stepOf(arg);
      if (step !== undefined) return { step };
      arg.checkUsable("fuse");
    }
    const known = arg instanceof Tensor ? this.inputs.indexOf(arg) : -1;
    if (known >= 0) return { input: known };
    const input = this.inputs.push(arg) - 1;
    if (input >= mostInputs) throw new ArgumentError(`fuse: expected at most ${String(mostInputs)} tensors and numbers in one function, got more; split it`);
    this.key += arg instanceof Tensor ? `${arg.dtype},` : "number,";
    this.#versions.push(arg instanceof Tensor ? arg.versioned.version : 0);
    return { input };
  }

  /** Throws if an input was written to while the chain was taken down. */
  checkUnwritten(): void {
    this.inputs.forEach((input, i) => {
      if (input instanceof Tensor && input.versioned.version !== this.#versions[i]) {
        throw new ArgumentError("fuse: expected a function that only computes, it writes to a tensor that it reads; move the in-place operation out of it");
      }
    });
  }

  /** The chain up to a step as one op. It keeps no tensor. */
  asOp(last: number, stored: DType): ElementwiseOp {
    const steps = this.steps.slice(0, last + 1);
    const bools = this.inputs.flatMap((input, i) => (input instanceof Tensor && input.dtype === "bool" ? [i] : []));
    return new ElementwiseOp("fused", this.inputs.length, (k, ...inputs) => valuesOf(k, steps, inputs)[last] ?? k.like(0, inputs[0] as Expr), {
      asIs: bools,
      ...(stored === "bool" ? { type: "bool" } : {}),
      derivatives: this.inputs.map((_, i) => (k: ExprBuilder, g: Expr, _y: Expr, ...inputs: readonly Expr[]) => sweep(k, steps, inputs, g, i)),
    });
  }
}

const at = (place: Place, inputs: readonly Expr[], values: readonly Expr[]): Expr => ("input" in place ? inputs[place.input] : values[place.step]) as Expr;

/** A step's arguments in the arithmetic that it computes in. */
const argumentsOf = (k: ExprBuilder, { op, args, compute }: Step, inputs: readonly Expr[], values: readonly Expr[]): Expr[] =>
  args.map((place, i) => (op.options.asIs?.includes(i) === true ? at(place, inputs, values) : k.cast(at(place, inputs, values), compute)));

/** The results of all steps. */
function valuesOf(k: ExprBuilder, steps: readonly Step[], inputs: readonly Expr[]): Expr[] {
  const values: Expr[] = [];
  for (const step of steps) values.push(k.cast(step.op.formula(k, ...argumentsOf(k, step, inputs, values)), step.stored));
  return values;
}

/** The gradient of one input from that of the last step: back through the steps, each with the derivative that its op has. */
function sweep(k: ExprBuilder, steps: readonly Step[], inputs: readonly Expr[], gradient: Expr, input: number): Expr {
  const values = valuesOf(k, steps, inputs);
  const gradients: (Expr | undefined)[] = [];
  let total: Expr | undefined;
  gradients[steps.length - 1] = gradient;
  for (let s = steps.length - 1; s >= 0; s--) {
    const step = steps[s] as Step;
    const incoming = gradients[s];
    if (incoming === undefined || dtypeInfo[step.stored].kind !== "float") continue;
    const args = argumentsOf(k, step, inputs, values);
    const g = k.cast(incoming, step.compute);
    step.args.forEach((place, i) => {
      const differentiable = step.op.options.asIs?.includes(i) !== true && ("step" in place || place.input === input);
      if (!differentiable) return;
      const own = derivativeOf(k, step.op, i, g, [...args, k.cast(values[s] as Expr, step.compute)]);
      const add = (sum: Expr | undefined): Expr => (sum === undefined ? own : k.add(k.cast(sum, own.dtype), own));
      if ("step" in place) gradients[place.step] = add(gradients[place.step]);
      else total = add(total);
    });
  }
  return total === undefined ? k.like(0, gradient) : k.cast(total, gradient.dtype);
}

/**
 * Makes one kernel of a function of elementwise operations: what it computes on the way stays in registers. The result and the gradients are those
 * of the function itself; one backward step is one kernel too, and may be differentiated again.
 *
 * The function is called each time and takes down what it does, so it may use other tensors, numbers and conditions. Operations that are not
 * elementwise may be applied to tensors from outside, `a.mean()` for instance, but not to what the function has computed.
 *
 * Where it uses more tensors than a program of the device takes, which are about eight on WebGPU, it is computed op by op.
 *
 * @param f - Takes tensors and gives one. All that it computes with have one floating-point type, or are bool. It writes to no tensor.
 * @throws {ArgumentError} if it needs an intermediate result at once.
 * @throws {DTypeError} if types are mixed.
 * @example
 * const scaled = fuse((a, b) => a.mul(b).add(a).relu());
 * scaled(tensor([1, -2, 3]), tensor([2, 2, -4])).toArraySync(); // [3, 0, 0]
 */
export function fuse<A extends readonly Tensor[]>(f: (...args: A) => Tensor): (...args: A) => Tensor {
  const ops = new Map<string, ElementwiseOp>();
  return (...args) => {
    // A fused function inside of another is part of it.
    if (recorder !== null) return f(...args);
    const chain = new Chain();
    const result = withRecorder(chain, () => synchronous("fuse", f(...args)));
    const last = chain.stepOf(result);
    if (last === undefined) return result;
    chain.checkUnwritten();
    checkTypes(chain.inputs, result.dtype);
    // More tensors than a program of this device takes, with the result and a gradient beside them, are computed op by op.
    const tensors = chain.inputs.filter((input) => input instanceof Tensor).length;
    if (tensors + 3 > result.device.backend.limits.buffersPerProgram) return f(...args);
    const key = `${chain.key}${String(last)}`;
    let op = ops.get(key);
    if (op === undefined) {
      op = chain.asOp(last, result.dtype);
      ops.set(key, op);
    }
    return apply(op, chain.inputs);
  };
}

function checkTypes(inputs: readonly Operand[], result: DType): void {
  const types = [...new Set(inputs.flatMap((input) => (input instanceof Tensor && input.dtype !== "bool" ? [input.dtype] : [])))];
  const [type] = types;
  const fits = result === "bool" || result === type;
  if (types.length === 1 && type !== undefined && dtypeInfo[type].kind === "float" && fits) return;
  throw new DTypeError(`fuse: expected tensors of one floating-point type, and of bool, got ${[...types, ...(fits ? [] : [`a result of ${result}`])].join(" and ")}; convert them with to()`);
}
