import type { Edge } from "@gradus/autograd";
import type { ComputeDType, DType, Expr, ExprBuilder as Builder } from "@gradus/kernel-ir";
import { dtypeInfo, ExprBuilder, topological } from "@gradus/kernel-ir";
import { isGradEnabled } from "../autograd/mode.js";
import { OpNode, Saved } from "../autograd/op-node.js";
import { AutogradError, DTypeError, ShapeError } from "../errors.js";
import { Layout } from "../layout.js";
import { canCast, resultType } from "../promotion.js";
import { broadcastShapes, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import { checkSameDevice, Tensor } from "../tensor.js";
import { writeInPlace } from "../autograd/in-place.js";
import { sumTo } from "../ops/reduce.js";
import { adjoints } from "./adjoint.js";
import { recorder } from "./deferred.js";
import { ElementwiseOp } from "./elementwise-op.js";
import { KernelOp } from "./kernel-op.js";
import { scalarArgument } from "./scalar-argument.js";
import { clone } from "../ops/elementwise.js";
import { toDType } from "../ops/copy.js";

/** An operand of an elementwise op: numbers reach the device as scalar arguments. */
export type Operand = Tensor | number | bigint | boolean;

/** The result as a new tensor. */
export function apply(op: ElementwiseOp, args: readonly Operand[]): Tensor {
  if (recorder !== null) return recorder.call(op, args);
  const { tensors, compute, stored } = resolve(op, args);
  const first = tensors[0] as Tensor;
  let flat = true;
  for (const t of tensors) if (!t.layout.isContiguous || !(t === first || sameShape(t.shape, first.shape))) flat = false;
  const layout = flat && first.layout.offset === 0 ? first.layout : Layout.contiguous(flat ? first.shape : broadcastShapes(op.name, ...tensors.map((t) => t.shape)));
  const { device } = first;
  const storage = device.memory.alloc(layout.numel, stored);
  const numbers = numbersOf(op.name, args, compute);
  const kernel = kernelOf(op, args);
  if (flat) {
    kernel.runFlat(device, layout.numel, tensors.map(flatOperand), { storage, offset: 0 }, compute, numbers);
  } else {
    kernel.run(
      device,
      { outer: layout.shape, inner: [] },
      tensors.map((t) => ({ storage: t.elements, ...(({ strides, offset }) => ({ strides, offset }))(t.layout.expand(op.name, layout.shape)) })),
      [{ storage, offset: 0, strides: layout.strides }],
      compute,
      numbers,
    );
  }
  const result = new Tensor(storage, layout);
  if (isGradEnabled()) record(op, args, result);
  return result;
}

/** The result written over the first argument, which is returned. */
export function applyInPlace(op: ElementwiseOp, args: readonly Operand[]): Tensor {
  const [target] = args;
  const name = `${op.name}_`;
  if (!(target instanceof Tensor)) throw new DTypeError(`${name}: expected a tensor to write to, got ${String(target)}`);
  const { tensors, compute, stored } = resolve(op, args);
  if (!canCast(stored, target.dtype)) {
    throw new DTypeError(`${name}: expected a result that ${target.dtype} can hold, got ${stored}; use ${op.name}, which returns a new tensor`);
  }
  const shape = broadcastShapes(name, ...tensors.map((t) => t.shape));
  if (!sameShape(shape, target.shape)) {
    throw new ShapeError(`${name}: expected the result to have the shape ${showShape(target.shape)} of the tensor written to, got ${showShape(shape)}`);
  }
  return writeInPlace(name, target, args, () => {
    // A source that shares the storage but steps differently would be read after it was overwritten.
    const sources = tensors.map((t) => (t.elements === target.elements && !t.layout.equals(target.layout) ? clone(t.detach()) : t));
    kernelOf(op, args).run(
      target.device,
      { outer: shape, inner: [] },
      sources.map((t) => ({ storage: t.elements, ...(({ strides, offset }) => ({ strides, offset }))(t.layout.expand(name, shape)) })),
      [{ storage: target.elements, offset: target.layout.offset, strides: target.layout.strides }],
      compute,
      numbersOf(op.name, args, compute),
    );
  }, (before) => nodeOf(op, [before, ...args.slice(1)], target, 1), needsOriginal(op, args));
}

function resolve(op: ElementwiseOp, args: readonly Operand[]): { tensors: Tensor[]; compute: ComputeDType; stored: DType } {
  const tensors: Tensor[] = [];
  for (const arg of args) if (arg instanceof Tensor) tensors.push(arg);
  const [first, second] = tensors;
  if (first === undefined) throw new DTypeError(`${op.name}: expected a tensor among its arguments, got ${args.map(String).join(", ")}`);
  for (const t of tensors) t.checkUsable(op.name);
  if (second !== undefined) checkSameDevice(op.name, tensors);
  const { compute, stored } = typesOf(op, args, first);
  return { tensors, compute, stored };
}

/** The arithmetic of a call and the type of its result. @internal */
export function typesOf(op: ElementwiseOp, args: readonly Operand[], first = args.find((arg) => arg instanceof Tensor)): { readonly compute: ComputeDType; readonly stored: DType } {
  if (first === undefined) throw new DTypeError(`${op.name}: expected a tensor among its arguments, got ${args.map(String).join(", ")}`);
  const { type = "promote", asIs = [], accepts } = op.options;
  let common = first.dtype;
  if (type !== "first" && (args.length > 1 || asIs.length > 0)) {
    let uniform = asIs.length === 0;
    for (const arg of args) if (!(arg instanceof Tensor) ? !fits(arg, common) : arg.dtype !== common) uniform = false;
    if (!uniform) common = resultType(...args.filter((_, i) => !asIs.includes(i)));
  }
  if (accepts !== undefined && !accepts.includes(dtypeInfo[common].kind)) {
    throw new DTypeError(`${op.name}: expected ${accepts.join(" or ")} tensors, got ${common}`);
  }
  if (type === "float" && dtypeInfo[common].kind !== "float") common = "float32";
  if (type === "float64") common = "float64";
  if (type === "number" && common === "bool") common = "int64";
  return { compute: dtypeInfo[common].compute, stored: type === "bool" ? "bool" : common };
}

/** One kernel per set of arguments that are numbers. */
function kernelOf(op: ElementwiseOp, args: readonly Operand[]): KernelOp {
  let mask = 0;
  for (let i = 0; i < args.length; i++) if (!(args[i] instanceof Tensor)) mask |= 1 << i;
  let kernel = op.kernels.get(mask);
  if (kernel === undefined) {
    kernel = newKernel(op, mask);
    op.kernels.set(mask, kernel);
  }
  return kernel;
}

/** A function of its own: the kernel stays, and must not hold on to the tensors of the call that first needed it. */
function newKernel(op: ElementwiseOp, mask: number): KernelOp {
  const { asIs = [] } = op.options;
  return new KernelOp({
    name: op.name,
    build: (body) => {
      let inputs = 0;
      let numbers = 0;
      const values = Array.from({ length: op.arity }, (_, i) => {
        if ((mask & (1 << i)) !== 0) return body.scalar(numbers++);
        return body.input(inputs++, asIs.includes(i) ? undefined : body.compute);
      });
      body.store(0, op.formula(body.k, ...values));
    },
  });
}

function record(op: ElementwiseOp, args: readonly Operand[], result: Tensor): void {
  if (!result.isFloatingPoint()) return;
  for (const arg of args) {
    if (arg instanceof Tensor && arg.requiresGrad) {
      result.setHistory({ node: nodeOf(op, args, result), slot: 0 });
      return;
    }
  }
}

/** Whether a derivative mentions the first argument, which the in-place form overwrites. */
function needsOriginal(op: ElementwiseOp, args: readonly Operand[]): boolean {
  return args.some((arg, i) => arg instanceof Tensor && arg.requiresGrad && gradientOf(op, i).uses.includes(0));
}

/** @param uncounted - Writes of the result that its version does not count yet. */
function nodeOf(op: ElementwiseOp, args: readonly Operand[], result: Tensor, uncounted = 0): OpNode {
  const plan = planOf(op, args);
  const { arguments: tracked, gradients, saves } = plan;
  const count = tracked.length;
  const edges = new Array<Edge<Tensor> | null>(count);
  const shapes = new Array<Shape>(count);
  const types = new Array<DType>(count);
  for (let j = 0; j < count; j++) {
    const arg = args[tracked[j]!] as Tensor;
    edges[j] = arg.edge;
    shapes[j] = arg.shape;
    types[j] = arg.dtype;
  }
  const saved = new Array<Saved | Operand>(op.arity + 1);
  for (const place of saves) {
    const value = args[place]!;
    saved[place] = place === op.arity ? new Saved(op.name, result, result.version + uncounted) : value instanceof Tensor ? new Saved(op.name, value) : value;
  }
  const valueAt = (place: number): Operand => {
    const value = saved[place]!;
    return value instanceof Saved ? value.value : value;
  };
  return new OpNode(op.name, edges, ([g]) =>
    gradients.map((gradient, j) =>
      gradient === null || !g ? null : () => sumTo(gradient.call(g, gradient.uses.map(valueAt), types[j]!), shapes[j]!),
    ),
  );
}

/** What recording a call takes, by which arguments are tensors and which of them require a gradient. */
function planOf(op: ElementwiseOp, args: readonly Operand[]): RecordingPlan {
  let key = 0;
  for (const arg of args) key = key * 3 + (arg instanceof Tensor ? (arg.requiresGrad ? 2 : 1) : 0);
  let plan = op.plans.get(key);
  if (plan === undefined) {
    const tracked = args.flatMap((arg, i) => (arg instanceof Tensor ? [i] : []));
    const gradients = tracked.map((i) => ((args[i] as Tensor).requiresGrad ? gradientOf(op, i) : null));
    plan = { arguments: tracked, gradients, saves: [...new Set(gradients.flatMap((gradient) => gradient?.uses ?? []))] };
    op.plans.set(key, plan);
  }
  return plan;
}

function gradientOf(op: ElementwiseOp, i: number): GradientOp {
  let gradient = op.gradients.get(i);
  if (gradient === undefined) {
    gradient = new GradientOp(op, i);
    op.gradients.set(i, gradient);
  }
  return gradient;
}

export interface RecordingPlan {
  /** Places of the arguments that are tensors: the inputs of the node. */
  readonly arguments: readonly number[];
  /** For each of them how its gradient is computed, null where it needs none. */
  readonly gradients: readonly (GradientOp | null)[];
  /** Places whose values the gradients need; the arity stands for the result. */
  readonly saves: readonly number[];
}

let gradientOps = 0;

/** g · ∂y/∂argᵢ as an elementwise op of its own, over only those of (args…, y) that the derivative mentions. */
export class GradientOp {
  /** Places among (args…, y) that the derivative needs; `arity` is the result y. */
  readonly uses: readonly number[];
  readonly #op: ElementwiseOp;
  /** The derivative is 1, so that the gradient itself is the result: gradients are not written to. */
  readonly #passesOn: boolean;

  constructor(op: ElementwiseOp, i: number) {
    // Find what the derivative mentions on stand-ins. Float64 stands for every type: the formula must be uniform in it.
    const k = new ExprBuilder();
    const asIs = op.options.asIs ?? [];
    const standIns = Array.from({ length: op.arity + 1 }, (_, j) => k.result(j, 0, asIs.includes(j) ? "bool" : "float64"));
    const incoming = k.element("float64");
    const probe = derivativeOf(k, op, i, incoming, standIns);
    this.#passesOn = probe === incoming;
    const mentioned = new Set(topological([probe]));
    this.uses = standIns.flatMap((expr, j) => (mentioned.has(expr) ? [j] : []));
    const uses = this.uses;
    // What the derivative does not mention still needs a name, one that no other gradient uses: gradients of gradients nest.
    const names = ++gradientOps;
    this.#op = new ElementwiseOp(`${op.name}Backward`, 1 + uses.length, (builder, g, ...values) => {
      const args = Array.from({ length: op.arity + 1 }, (_, j) => {
        const at = uses.indexOf(j);
        return (at === -1 ? undefined : values[at]) ?? builder.result(j, names, asIs.includes(j) ? "bool" : g.dtype);
      });
      return derivativeOf(builder, op, i, g, args);
    }, { type: "first", asIs: uses.flatMap((j, at) => (asIs.includes(j) ? [at + 1] : [])) });
  }

  call(g: Tensor, values: readonly Operand[], dtype: DType): Tensor {
    const result = this.#passesOn ? g : apply(this.#op, [g, ...values]);
    return result.dtype === dtype ? result : toDType(result, dtype);
  }
}

/** g · ∂y/∂argᵢ, from the arguments and the result of a call. */
export function derivativeOf(k: Builder, op: ElementwiseOp, i: number, g: Expr, values: readonly Expr[]): Expr {
  const args = values.slice(0, op.arity);
  const own = op.options.derivatives?.[i];
  if (own === null) return k.like(0, g);
  const y = values[op.arity];
  if (own !== undefined && y !== undefined) return own(k, g, y, ...args);
  // Arguments may be equal, or one computed from another: each must get its own share and not that of both, so leaves stand in for them.
  const names = ++gradientOps;
  const leaves = args.map((arg, j) => k.result(j, names, arg.dtype));
  const leaf = leaves[i];
  if (leaf === undefined) throw new AutogradError(`internal: ${op.name} has no argument ${String(i)}`);
  const gradient = replaceRoot(k, op.formula(k, ...leaves), g, leaf, y);
  return gradient === null ? k.like(0, g) : substitute(k, gradient, leaves.map((from, j) => [from, args[j] as Expr]));
}

/** The rules may mention the formula's own result (exp′ = exp): the saved y is used instead of computing it again. */
function replaceRoot(k: Builder, root: Expr, g: Expr, arg: Expr, y: Expr | undefined): Expr | null {
  const [gradient] = adjoints(k, root, g, [arg]);
  if (gradient === null || gradient === undefined || y === undefined || root.args.length === 0 || root === arg) return gradient ?? null;
  return substitute(k, gradient, [[root, y]]);
}

function substitute(k: Builder, expr: Expr, replaced: readonly (readonly [from: Expr, to: Expr])[]): Expr {
  const made = new Map<Expr, Expr>(replaced);
  for (const node of topological([expr])) {
    if (made.has(node)) continue;
    const args = node.args.map((arg) => made.get(arg) ?? arg);
    made.set(node, args.every((arg, i) => arg === node.args[i]) ? node : k.rebuild(node, args));
  }
  return made.get(expr) ?? expr;
}

const flatOperand = (t: Tensor): { storage: Tensor["elements"]; offset: number } => ({ storage: t.elements, offset: t.layout.offset });

function numbersOf(op: string, args: readonly Operand[], compute: ComputeDType): readonly (number | bigint)[] {
  let numbers: (number | bigint)[] | null = null;
  for (const arg of args) {
    if (arg instanceof Tensor) continue;
    numbers ??= [];
    numbers.push(scalarArgument(op, arg, compute));
  }
  return numbers ?? none;
}
const none: readonly number[] = [];

/** A number that cannot change the promoted type. */
const fits = (value: number | bigint | boolean, dtype: DType): boolean =>
  dtypeInfo[dtype].kind === "float" ? true : dtypeInfo[dtype].kind === "int" && (typeof value !== "number" || Number.isInteger(value));
