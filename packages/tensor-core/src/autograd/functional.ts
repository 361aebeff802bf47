/**
 * Derivatives of functions of tensors, for y = f(x) with the Jacobian J = ∂y/∂x and, for a scalar y, the Hessian H = ∂²y/∂x².
 *
 * Each function takes f and its inputs, one tensor or an array of them, and gives results of the same form. The inputs themselves are
 * left alone: f is called on constants, unless `createGraph` is set.
 *
 * @module
 */
import { synchronous } from "../device.js";
import { onesLike, zeros, zerosLike } from "../create.js";
import { AutogradError, ShapeError } from "../errors.js";
import { stack } from "../ops/join.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { scope } from "../scope.js";
import { sameShape, showShape } from "../shape.js";
import { Tensor } from "../tensor.js";
import type { SweepOptions } from "./backward.js";
import { grad, gradOrZeros } from "./backward.js";
import { enableGrad } from "./mode.js";
import { reshape, select, view } from "../ops/view.js";
import { fill } from "../ops/elementwise.js";

/** One tensor, or several. */
export type Tensors = Tensor | readonly Tensor[];
/** The arguments of a function of such inputs. */
type Arguments<I extends Tensors> = I extends readonly Tensor[] ? readonly [...I] : [I];
/** One tensor for each in `I`, in the same form. */
type EachOf<I extends Tensors, T = Tensor> = I extends readonly Tensor[] ? { -readonly [K in keyof I]: T } : T;
/** A Jacobian: for each result, one tensor for each input. */
export type JacobianOf<I extends Tensors, R extends Tensors> = EachOf<R, EachOf<I>>;

export const FunctionalOptions = class {
  /** Record the computation, so that the result can be differentiated with respect to inputs that require grad. */
  readonly createGraph?: boolean;
  /** Throw where a result does not depend on an input, instead of giving zeros. */
  readonly strict?: boolean;
};
export type FunctionalOptions = Options<typeof FunctionalOptions>;

const listOf = (tensors: Tensors): readonly Tensor[] => (Array.isArray(tensors) ? (tensors as readonly Tensor[]) : [tensors as Tensor]);
const formOf = <T extends Tensors, E>(like: T, list: readonly E[]): EachOf<T, E> => (like instanceof Tensor ? list[0] : [...list]) as EachOf<T, E>;

/** f at `inputs`, recorded. */
class Evaluation<I extends Tensors, R extends Tensors> {
  readonly inputs: readonly Tensor[];
  readonly result: R;
  readonly outputs: readonly Tensor[];

  constructor(
    readonly op: string,
    f: (...inputs: Arguments<I>) => R,
    inputs: I,
    readonly options: FunctionalOptions,
  ) {
    this.inputs = listOf(inputs).map((x, i) => {
      if (!(x instanceof Tensor)) throw new AutogradError(`${op}: expected tensors as inputs, input ${i} is ${typeof x}`);
      // A view, so that the caller's own tensor is not the one that f may hook or write to.
      return options.createGraph === true && x.requiresGrad ? view(x, x.shape) : x.detach().requiresGrad_();
    });
    this.result = synchronous(op, f(...(this.inputs as unknown as Arguments<I>)));
    this.outputs = listOf(this.result);
    for (const [i, y] of this.outputs.entries()) {
      if (!(y instanceof Tensor)) throw new AutogradError(`${op}: expected a function that returns tensors, result ${i} is ${typeof y}`);
    }
    if (options.strict === true) this.#checkDependence();
  }

  #checkDependence(): void {
    for (const [j, y] of this.outputs.entries()) {
      const gradients = y.requiresGrad ? grad(y, this.inputs, { gradOutputs: zerosLike(y), allowUnused: true, retainGraph: true }) : this.inputs.map(() => null);
      const i = gradients.indexOf(null);
      if (i !== -1) throw new AutogradError(`${this.op}: expected results that depend on every input, result ${j} does not depend on input ${i}; leave out strict to get zeros`);
    }
  }

  /** v · J for each input. */
  vectorJacobian(v: readonly Tensor[], options: SweepOptions): readonly Tensor[] {
    return gradOrZeros(this.outputs, this.inputs, v, options);
  }

  /** The results for the caller: without history unless it was asked for. */
  get value(): EachOf<R> {
    return formOf(this.result, this.outputs.map((y) => (this.options.createGraph === true ? y : y.detach())));
  }

  /** The vectors to multiply with, checked; ones where a single number is to be multiplied. */
  vectors(given: Tensors | undefined, like: readonly Tensor[], what: string): readonly Tensor[] {
    if (given === undefined) {
      if (like.length === 1 && like[0]!.numel() === 1) return [onesLike(like[0]!)];
      throw new AutogradError(`${this.op}: expected a vector for ${what}, got none; it may be left out only for a single number`);
    }
    const list = listOf(given);
    if (list.length !== like.length) throw new AutogradError(`${this.op}: expected a vector for each of ${like.length} ${what}, got ${list.length}`);
    list.forEach((v, i) => {
      if (!sameShape(v.shape, like[i]!.shape)) throw new ShapeError(`${this.op}: expected vectors of the shapes of ${what}, got ${showShape(v.shape)} for ${showShape(like[i]!.shape)}`);
    });
    return this.options.createGraph === true ? list : list.map((v) => v.detach());
  }

  /** Of a function whose second derivatives are wanted. */
  checkScalar(): void {
    const [y] = this.outputs;
    if (this.outputs.length !== 1 || y!.numel() !== 1) {
      throw new AutogradError(`${this.op}: expected a function that returns one number, got ${this.outputs.map((each) => showShape(each.shape)).join(", ")}`);
    }
  }

  /** The results of a derivation, in the form of the inputs. */
  likeInputs(inputs: I, list: readonly Tensor[]): EachOf<I> {
    return formOf(inputs, list.map((x) => (this.options.createGraph === true ? x : x.detach())));
  }
}

/**
 * The Jacobian of a function: ∂yⱼ/∂xᵢ of the shape of yⱼ followed by that of xᵢ. One backward pass for each element of the results.
 *
 * @returns For each result, for each input, a tensor; without arrays where there is one only.
 * @throws {AutogradError} with `strict`, if a result does not depend on an input.
 * @see torch.autograd.functional.jacobian
 * @example
 * jacobian((x) => x.square(), tensor([1, 2])).toArraySync(); // [[2, 0], [0, 4]]
 */
export function jacobian<const I extends Tensors, R extends Tensors>(f: (...inputs: Arguments<I>) => R, inputs: I, options?: FunctionalOptions): JacobianOf<I, R> {
  const given = optionsOf("jacobian", FunctionalOptions, options);
  return enableGrad(() => {
    const at = new Evaluation("jacobian", f, inputs, given);
    const { createGraph = false } = given;
    const blocks = within(createGraph)(() => at.outputs.map((y, j) => {
      const rows = Array.from({ length: y.numel() }, (_, element) => {
        const vectors = at.outputs.map((each, k) => (k === j ? oneHot(y, element) : zerosLike(each)));
        return at.vectorJacobian(vectors, { createGraph, retainGraph: true });
      });
      return at.inputs.map((x, i): Tensor => {
        if (rows.length === 0) return zeros([...y.shape, ...x.shape], { dtype: x.dtype, device: x.device });
        return reshape(stack(rows.map((row) => row[i]!)), [...y.shape, ...x.shape]);
      });
    }));
    return formOf<R, EachOf<I>>(at.result, blocks.map((block) => formOf(inputs, block)));
  });
}

/** What is not part of a new graph ends with the computation. */
const within = (createGraph: boolean) => <T>(body: () => T): T => (createGraph ? body() : scope(body));

/** Zeros like `y` with a one at a row-major position. */
function oneHot(y: Tensor, element: number): Tensor {
  const row = zeros([y.numel()], { dtype: y.dtype, device: y.device });
  fill.inPlace(select(row, 0, element), 1);
  return view(row, y.shape);
}

/**
 * The Hessian of a function that returns one number: for each pair of inputs, of the shape of the first followed by that of the second.
 *
 * @throws {AutogradError} if the function returns anything but one number; with `strict`, if the result does not depend on an input.
 * @see torch.autograd.functional.hessian
 * @example
 * hessian((x) => x.pow(3).sum(), tensor([1, 2])).toArraySync(); // [[6, 0], [0, 12]]
 */
export function hessian<const I extends Tensors>(f: (...inputs: Arguments<I>) => Tensor, inputs: I, options?: FunctionalOptions): JacobianOf<I, EachOf<I>> {
  const given = optionsOf("hessian", FunctionalOptions, options);
  const gradient = (...at: Arguments<I>): EachOf<I> => {
    const evaluation = new Evaluation<readonly Tensor[], Tensor>("hessian", f as (...each: readonly Tensor[]) => Tensor, at as readonly Tensor[], { ...given, createGraph: true });
    evaluation.checkScalar();
    return formOf(inputs, evaluation.vectorJacobian([onesLike(evaluation.result)], { createGraph: true }));
  };
  return jacobian(gradient as (...at: Arguments<I>) => Tensors, inputs, given) as JacobianOf<I, EachOf<I>>;
}

/**
 * f(x) and the vector–Jacobian product v · J: one backward pass.
 *
 * @param v - Of the form and shapes of the results; may be left out for a single number.
 * @returns f(x), and for each input a tensor of its shape.
 * @throws {AutogradError} with `strict`, if a result does not depend on an input.
 * @see torch.autograd.functional.vjp
 * @example
 * const [y, product] = vjp((x) => x.square(), tensor([1, 2]), tensor([1, 10]));
 * y.toArraySync(); // [1, 4]
 * product.toArraySync(); // [2, 40]
 */
export function vjp<const I extends Tensors, R extends Tensors>(f: (...inputs: Arguments<I>) => R, inputs: I, v?: NoInfer<R>, options?: FunctionalOptions): [EachOf<R>, EachOf<I>] {
  const given = optionsOf("vjp", FunctionalOptions, options);
  return enableGrad(() => {
    const at = new Evaluation("vjp", f, inputs, given);
    const vectors = at.vectors(v, at.outputs, "results");
    return [at.value, at.likeInputs(inputs, at.vectorJacobian(vectors, { createGraph: given.createGraph === true, retainGraph: true }))];
  });
}

/**
 * f(x) and the Jacobian–vector product J · v, the derivative along v: two backward passes, since v · J is linear in v and its derivative
 * by v is J.
 *
 * @param v - Of the form and shapes of the inputs; may be left out for a single number.
 * @returns f(x), and for each result a tensor of its shape.
 * @throws {AutogradError} with `strict`, if a result does not depend on an input.
 * @see torch.autograd.functional.jvp
 * @example
 * const [, product] = jvp((x) => x.square().sum(), tensor([1, 2]), tensor([1, 10]));
 * product.itemSync(); // 42
 */
export function jvp<const I extends Tensors, R extends Tensors>(f: (...inputs: Arguments<I>) => R, inputs: I, v?: Tensors, options?: FunctionalOptions): [EachOf<R>, EachOf<R>] {
  const given = optionsOf("jvp", FunctionalOptions, options);
  return enableGrad(() => {
    const at = new Evaluation("jvp", f, inputs, given);
    const vectors = at.vectors(v, at.inputs, "inputs");
    const { createGraph = false } = given;
    // u · J as a function of u
    const u = at.outputs.map((y) => zerosLike(y).requiresGrad_());
    const products = at.vectorJacobian(u, { createGraph: true });
    const along = gradOrZeros(products, u, vectors, { createGraph });
    return [at.value, formOf(at.result, createGraph ? along : along.map((x) => x.detach()))];
  });
}

/**
 * f(x) and the vector–Hessian product v · H, for a function that returns one number. Two backward passes.
 *
 * @param v - Of the form and shapes of the inputs; may be left out for a single number.
 * @returns f(x), and for each input a tensor of its shape.
 * @see torch.autograd.functional.vhp
 * @example
 * const [, product] = vhp((x) => x.pow(3).sum(), tensor([1, 2]), tensor([1, 1]));
 * product.toArraySync(); // [6, 12]
 */
export function vhp<const I extends Tensors>(f: (...inputs: Arguments<I>) => Tensor, inputs: I, v?: Tensors, options?: FunctionalOptions): [Tensor, EachOf<I>] {
  const given = optionsOf("vhp", FunctionalOptions, options);
  return enableGrad(() => {
    const at = new Evaluation("vhp", f, inputs, given);
    at.checkScalar();
    const vectors = at.vectors(v, at.inputs, "inputs");
    const gradients = at.vectorJacobian([onesLike(at.result)], { createGraph: true });
    const products = gradOrZeros(gradients, at.inputs, vectors, { createGraph: given.createGraph === true });
    return [at.value, at.likeInputs(inputs, products)];
  });
}

/**
 * f(x) and the Hessian–vector product H · v, for a function that returns one number. Since H is symmetric, {@link vhp} gives the same with
 * one backward pass less; this one is for functions whose second derivatives do not commute.
 *
 * @param v - Of the form and shapes of the inputs; may be left out for a single number.
 * @returns f(x), and for each input a tensor of its shape.
 * @see torch.autograd.functional.hvp
 */
export function hvp<const I extends Tensors>(f: (...inputs: Arguments<I>) => Tensor, inputs: I, v?: Tensors, options?: FunctionalOptions): [Tensor, EachOf<I>] {
  const given = optionsOf("hvp", FunctionalOptions, options);
  return enableGrad(() => {
    const at = new Evaluation("hvp", f, inputs, given);
    at.checkScalar();
    const vectors = at.vectors(v, at.inputs, "inputs");
    const gradients = at.vectorJacobian([onesLike(at.result)], { createGraph: true });
    // u · H as a function of u
    const u = gradients.map((g) => zerosLike(g).requiresGrad_());
    const products = gradOrZeros(gradients, at.inputs, u, { createGraph: true });
    return [at.value, at.likeInputs(inputs, gradOrZeros(products, u, vectors, { createGraph: given.createGraph === true }))];
  });
}
