import type { Arithmetic, UpdateRule } from "@gradus/autograd";
import type { Expr, ExprBuilder } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { AutogradError, ShapeError } from "./errors.js";
import { KernelOp } from "./kernels/kernel-op.js";
import { fullLike } from "./create.js";
import { sameShape, showShape } from "./shape.js";
import type { Tensor } from "./tensor.js";
import { Scope } from "./memory.js";
import { noGrad } from "./autograd/mode.js";

/** An update rule's arithmetic over expressions: the rule's formula becomes the body of one kernel. */
const arithmetic = (k: ExprBuilder, like: Expr): Arithmetic<Expr> => ({
  constant: (value) => k.like(value, like),
  add: (a, b) => k.add(a, b),
  sub: (a, b) => k.sub(a, b),
  mul: (a, b) => k.mul(a, b),
  div: (a, b) => k.div(a, b),
  neg: (a) => k.neg(a),
  abs: (a) => k.abs(a),
  sign: (a) => k.select(k.lt(k.like(0, a), a), k.like(1, a), k.select(k.lt(a, k.like(0, a)), k.like(-1, a), k.mul(a, k.like(0, a)))),
  sqrt: (a) => k.sqrt(a),
  maximum: (a, b) => k.max(a, b),
  minimum: (a, b) => k.min(a, b),
});

/** One kernel per rule, which updates a parameter and its state in place. */
const kernels = /* @__PURE__ */ new WeakMap<UpdateRule, KernelOp>();

function kernelOf(rule: UpdateRule): KernelOp {
  let kernel = kernels.get(rule);
  if (kernel === undefined) {
    kernel = new KernelOp({
      name: rule.name,
      build: (b) => {
        const inputs = ["param", "grad", ...rule.state];
        const values: Record<string, Expr> = {};
        inputs.forEach((name, i) => { values[name] = b.input(i, b.compute); });
        rule.hyperparameters.forEach((name, i) => { values[name] = b.scalar(i); });
        const next = rule.step(arithmetic(b.k, b.input(0, b.compute)), values as Parameters<typeof rule.step<Expr>>[1]);
        ["param", ...rule.state].forEach((name, j) => {
          const value = next[name];
          if (value === undefined) throw new AutogradError(`${rule.name}: expected the rule to give ${name}, it did not`);
          b.store(j, value);
        });
      },
    });
    kernels.set(rule, kernel);
  }
  return kernel;
}

/** Moves a parameter and its state by one step of a rule, in place and outside of differentiation. */
export function applyRule(rule: UpdateRule, param: Tensor, state: Record<string, Tensor>, hyperparameters: Readonly<Record<string, number>>): void {
  param.checkUsable(rule.name);
  const { grad } = param;
  if (grad === null) return;
  grad.checkUsable(rule.name);
  if (!sameShape(grad.shape, param.shape)) throw new ShapeError(`${rule.name}: expected a gradient of shape ${showShape(param.shape)}, got ${showShape(grad.shape)}`);
  // State outlives every scope that the step may run in.
  const outside = new Scope();
  const pieces = rule.state.map((name) => {
    const piece = (state[name] ??= outside.run(() => noGrad(() => fullLike(param, hyperparameters[rule.initial?.[name] ?? ""] ?? 0))));
    piece.elements.scope = null;
    return piece;
  });
  const numbers = rule.hyperparameters.map((name) => {
    const value = hyperparameters[name];
    if (value === undefined) throw new AutogradError(`${rule.name}: expected a value for ${name}, got none`);
    return value;
  });
  const operand = (x: Tensor): { storage: Tensor["elements"]; offset: number; strides: readonly number[] } => ({ storage: x.elements, offset: x.layout.offset, strides: x.layout.strides });
  const written = [param, ...pieces].map(operand);
  kernelOf(rule).run(param.device, { outer: param.shape, inner: [] }, [operand(param), operand(grad), ...pieces.map(operand)], written, dtypeInfo[param.dtype].compute, numbers);
  for (const x of [param, ...pieces]) x.versioned.version++;
}
