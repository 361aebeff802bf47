/**
 * Values to start from. Each function overwrites a tensor, outside of differentiation, and returns it; under a seed they
 * are PyTorch's numbers.
 *
 * @module
 */
import type { Generator, Options, Tensor } from "@gradus/tensor-core";
import { arange, ArgumentError, cat, fuse, noGrad, optionsOf, randperm, scope, ShapeError, where } from "@gradus/tensor-core";

/** The functions between layers that a gain is known for. */
export type Nonlinearity =
  | "linear" | "conv1d" | "conv2d" | "conv3d" | "conv_transpose1d" | "conv_transpose2d" | "conv_transpose3d" | "sigmoid"
  | "tanh" | "relu" | "leaky_relu" | "selu";

/** Which side of a layer keeps its variance: the forward pass (`fan_in`) or the backward pass (`fan_out`). */
export type FanMode = "fan_in" | "fan_out";

const XavierOptions = class {
  readonly gain?: number;
  readonly generator?: Generator;
};
export type XavierOptions = Options<typeof XavierOptions>;

const KaimingOptions = class {
  /** Negative slope of the leaky ReLU that follows. */
  readonly a?: number;
  readonly mode?: FanMode;
  readonly nonlinearity?: "relu" | "leaky_relu" | Nonlinearity;
  readonly generator?: Generator;
};
export type KaimingOptions = Options<typeof KaimingOptions>;

/** From U(from, to). @see torch.nn.init.uniform_ */
export const uniform_ = (x: Tensor, from = 0, to = 1, generator?: Generator): Tensor => noGrad(() => x.uniform_(from, to, generator));

/** From N(mean, std²). @see torch.nn.init.normal_ */
export const normal_ = (x: Tensor, mean = 0, std = 1, generator?: Generator): Tensor => noGrad(() => x.normal_(mean, std, generator));

/** @see torch.nn.init.constant_ */
export const constant_ = (x: Tensor, value: number): Tensor => noGrad(() => x.fill_(value));

/** @see torch.nn.init.ones_ */
export const ones_ = (x: Tensor): Tensor => constant_(x, 1);

/** @see torch.nn.init.zeros_ */
export const zeros_ = (x: Tensor): Tensor => constant_(x, 0);

const TruncatedNormalOptions = class {
  readonly mean?: number;
  readonly std?: number;
  /** Bounds of the values. */
  readonly a?: number;
  readonly b?: number;
  readonly generator?: Generator;
};
export type TruncatedNormalOptions = Options<typeof TruncatedNormalOptions>;

/**
 * From N(mean, std²), cut to values between a and b.
 *
 * Uniform numbers between Φ(a) and Φ(b) go through the inverse of the distribution function, as PyTorch has it. The one of `@gradus/special` is more exact, and
 * would start networks from numbers that are not PyTorch's.
 *
 * @see torch.nn.init.trunc_normal_
 */
export function truncNormal_(x: Tensor, options?: TruncatedNormalOptions): Tensor {
  const { mean = 0, std = 1, a = -2, b = 2, generator } = optionsOf("truncNormal_", TruncatedNormalOptions, options);
  // 2 Φ(z) − 1
  const share = (bound: number): number => 2 * ((1 + erf((bound - mean) / std / Math.SQRT2)) / 2) - 1;
  return noGrad(() => {
    scope(() => {
      const y = x.uniform_(share(a), share(b), generator);
      x.copy_(refined(y, inverseErfCentre(y), inverseErfTail(y)));
    });
    return x.mul_(std * Math.SQRT2).add_(mean).clampMin_(a).clampMax_(b);
  });
}

// Weights are many, and the inverse takes dozens of operations: three kernels compute them all.

const polynomial = (z: Tensor, [first, ...rest]: readonly number[]): Tensor => rest.reduce((sum, c) => sum.mul(z).add(c), z.mul(0).add(first!));

/** The inverse of the error function up to 0.7. */
const inverseErfCentre = /* @__PURE__ */ fuse((y: Tensor) => {
  const square = y.square();
  return y.mul(polynomial(square, [-0.140543331, 0.914624893, -1.645349621, 0.886226899])).div(polynomial(square, [0.012229801, -0.329097515, 1.442710462, -2.118377725, 1]));
});

/** The same above 0.7. */
const inverseErfTail = /* @__PURE__ */ fuse((y: Tensor) => {
  const z = y.abs().neg().add(1).div(2).log().neg().sqrt();
  return polynomial(z, [1.641345311, 3.429567803, -1.624906493, -1.970840454]).div(polynomial(z, [1.6370678, 3.5438892, 1])).mul(y.sign());
});

/** From y = erf x, and what the two say of x: two steps of Newton's method. */
const refined = /* @__PURE__ */ fuse((y: Tensor, centre: Tensor, tail: Tensor) => {
  let x = where(y.abs().le(0.7), centre, tail);
  for (let step = 0; step < 2; step++) x = x.sub(x.erf().sub(y).div(x.square().neg().exp().mul(2 / Math.sqrt(Math.PI))));
  return x;
});

/** The error function in double precision, by a series of positive terms. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [sum, term] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The identity, in a matrix. @see torch.nn.init.eye_ */
export function eye_(x: Tensor): Tensor {
  if (x.ndim !== 2) throw new ShapeError(`eye_: expected a matrix, got shape [${x.shape.join(", ")}]`);
  const [rows, columns] = x.shape as readonly [number, number];
  return noGrad(() => x.copy_(arange(rows, { device: x.device }).unsqueeze(1).eq(arange(columns, { device: x.device }))));
}

/**
 * Kernels that keep channels as they are: 1 in the middle of the kernel from channel i to channel i, in each group.
 *
 * @param x - `[out, in, …kernel]` with one to three kernel dimensions.
 * @see torch.nn.init.dirac_
 */
export function dirac_(x: Tensor, groups = 1): Tensor {
  if (x.ndim < 3 || x.ndim > 5) throw new ShapeError(`dirac_: expected a weight of 3, 4 or 5 dimensions, got shape [${x.shape.join(", ")}]`);
  const [out, channels, ...kernel] = x.shape as readonly [number, number, ...number[]];
  if (out % groups !== 0) throw new ArgumentError(`dirac_: expected outputs that groups divide, got ${out} and ${groups} groups`);
  const perGroup = out / groups;
  return noGrad(() => {
    x.zero_();
    // Of the middle of each kernel, the identity in every group.
    let middle = x;
    for (const size of kernel) middle = middle.select(2, Math.floor(size / 2));
    for (let g = 0; g < groups; g++) eye_(middle.narrow(0, g * perGroup, perGroup).narrow(1, 0, Math.min(perGroup, channels)));
    return x;
  });
}

/**
 * A matrix with orthogonal columns or rows, whichever are fewer, times a gain. Further dimensions count as one with the second.
 *
 * A random normal matrix, made orthogonal column by column (Gram-Schmidt, twice each, which is as exact as can be).
 *
 * @see torch.nn.init.orthogonal_; Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning (2014)
 * @example
 * const w = init.orthogonal_(zeros([3, 2]));
 * w.t().matmul(w).sub(eye(2)).abs().max().itemSync() < 1e-5; // true
 */
export function orthogonal_(x: Tensor, options?: XavierOptions): Tensor {
  const { gain = 1, generator } = optionsOf("orthogonal_", XavierOptions, options);
  if (x.ndim < 2) throw new ShapeError(`orthogonal_: expected at least 2 dimensions, got shape [${x.shape.join(", ")}]`);
  if (x.numel() === 0) return x;
  return noGrad(() => {
    const rows = x.shape[0]!;
    const columns = x.numel() / rows;
    const random = x.newZeros([rows, columns]);
    normal_(random, 0, 1, generator);
    const tall = rows < columns ? random.t() : random;
    const basis: Tensor[] = [];
    for (let j = 0; j < tall.shape[1]!; j++) {
      let column = tall.narrow(1, j, 1);
      for (let pass = 0; pass < 2 && j > 0; pass++) {
        const before = cat(basis, 1);
        column = column.sub(before.matmul(before.t().matmul(column)));
      }
      basis.push(column.div(column.square().sum().sqrt()));
    }
    const orthogonal = cat(basis, 1);
    return x.copy_((rows < columns ? orthogonal.t() : orthogonal).reshape(x.shape)).mul_(gain);
  });
}

const SparseOptions = class {
  readonly std?: number;
  readonly generator?: Generator;
};
export type SparseOptions = Options<typeof SparseOptions>;

/**
 * From N(0, std²), with a share of each column set to zero.
 *
 * @see torch.nn.init.sparse_; Martens, Deep learning via Hessian-free optimization (2010)
 */
export function sparse_(x: Tensor, sparsity: number, options?: SparseOptions): Tensor {
  const { std = 0.01, generator } = optionsOf("sparse_", SparseOptions, options);
  if (x.ndim !== 2) throw new ShapeError(`sparse_: expected a matrix, got shape [${x.shape.join(", ")}]`);
  const [rows, columns] = x.shape as readonly [number, number];
  const zeroed = Math.ceil(sparsity * rows);
  normal_(x, 0, std, generator);
  for (let column = 0; column < columns; column++) {
    const at = randperm(rows, { ...(generator !== undefined && { generator }), device: x.device }).narrow(0, 0, zeroed);
    noGrad(() => x.set([at, column], 0));
  }
  return x;
}

/**
 * How many inputs an element of a layer's output is computed from, and how many outputs an element of its input goes to.
 *
 * @param x - A weight, `[out, in, …kernel]`.
 * @throws {ShapeError} for fewer than two dimensions.
 * @example
 * init.fans(zeros([16, 6, 5, 5])); // { fanIn: 150, fanOut: 400 }
 */
export function fans(x: Tensor): { readonly fanIn: number; readonly fanOut: number } {
  const [out, channels, ...kernel] = x.shape;
  if (out === undefined || channels === undefined) throw new ShapeError(`init: expected a weight of at least 2 dimensions, got shape [${x.shape.join(", ")}]; use uniform_ or normal_`);
  const receptiveField = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: channels * receptiveField, fanOut: out * receptiveField };
}

const gains: Partial<Record<Nonlinearity, number>> = { tanh: 5 / 3, relu: Math.SQRT2, selu: 3 / 4 };

/**
 * The factor by which a nonlinearity wants its inputs larger, so that variance stays the same from layer to layer: 1 for
 * linear layers, 5/3 for tanh, √2 for ReLU, √(2 / (1 + slope²)) for leaky ReLU.
 *
 * @param slope - Of the leaky ReLU; 0.01 unless given.
 * @see torch.nn.init.calculate_gain
 * @example
 * init.calculateGain("relu"); // 1.4142135623730951
 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  return nonlinearity === "leaky_relu" ? Math.sqrt(2 / (1 + slope ** 2)) : (gains[nonlinearity] ?? 1);
}

/**
 * Glorot's uniform initialisation, U(−a, a) with a = gain · √(6 / (fanIn + fanOut)).
 *
 * @see torch.nn.init.xavier_uniform_; Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010)
 */
export function xavierUniform_(x: Tensor, options?: XavierOptions): Tensor {
  const { gain = 1, generator } = optionsOf("xavierUniform_", XavierOptions, options);
  const bound = Math.sqrt(3) * xavierStd(x, gain);
  return uniform_(x, -bound, bound, generator);
}

/** Glorot's normal initialisation, N(0, gain² · 2 / (fanIn + fanOut)). @see torch.nn.init.xavier_normal_ */
export function xavierNormal_(x: Tensor, options?: XavierOptions): Tensor {
  const { gain = 1, generator } = optionsOf("xavierNormal_", XavierOptions, options);
  return normal_(x, 0, xavierStd(x, gain), generator);
}

function xavierStd(x: Tensor, gain: number): number {
  const { fanIn, fanOut } = fans(x);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * He's uniform initialisation, U(−b, b) with b = gain · √(3 / fan).
 *
 * @see torch.nn.init.kaiming_uniform_; He et al., Delving deep into rectifiers (2015)
 */
export function kaimingUniform_(x: Tensor, options?: KaimingOptions): Tensor {
  const given = optionsOf("kaimingUniform_", KaimingOptions, options);
  if (x.numel() === 0) return x;
  const bound = Math.sqrt(3) * kaimingStd(x, given);
  return uniform_(x, -bound, bound, given.generator);
}

/** He's normal initialisation, N(0, gain² / fan). @see torch.nn.init.kaiming_normal_ */
export function kaimingNormal_(x: Tensor, options?: KaimingOptions): Tensor {
  const given = optionsOf("kaimingNormal_", KaimingOptions, options);
  return normal_(x, 0, kaimingStd(x, given), given.generator);
}

function kaimingStd(x: Tensor, { a = 0, mode = "fan_in", nonlinearity = "leaky_relu" }: KaimingOptions): number {
  const { fanIn, fanOut } = fans(x);
  const fan = { fan_in: fanIn, fan_out: fanOut }[mode] as number | undefined;
  if (fan === undefined) throw new ArgumentError(`init: expected mode "fan_in" or "fan_out", got "${mode}"`);
  return calculateGain(nonlinearity, a) / Math.sqrt(fan);
}
