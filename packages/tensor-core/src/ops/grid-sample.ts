import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { numelOf, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { abs, add, clamp, div, eq, floor, ge, le, logicalAnd, mul, neg, remainder, round, sub, where } from "./elementwise.js";
import { gather } from "./index-ops.js";
import { matmul } from "./matmul.js";
import { checkFloating, checkTogether, withoutSlope } from "./operands.js";
import { expand, reshape, select, transpose } from "./view.js";
import { spatialStrides } from "./windows.js";
import { toDType } from "./copy.js";
import { newTensor } from "../create.js";

/** Spatial transformers: an image looked at through a grid of positions, which gradients reach too. */

export const GridSampleOptions = class {
  /** `bilinear` by default, which in three dimensions is trilinear. */
  readonly mode?: "bilinear" | "nearest" | "bicubic";
  /** What stands outside of the image: zeros, its border, or its mirror image. `zeros` by default. */
  readonly paddingMode?: "zeros" | "border" | "reflection";
  /** −1 and 1 are the centres of the corner elements, and not the outer edges of the image. */
  readonly alignCorners?: boolean | null;
};
export type GridSampleOptions = Options<typeof GridSampleOptions>;

type Padding = NonNullable<GridSampleOptions["paddingMode"]>;

/** Positions along one dimension of `size` elements, brought into the image where the padding says so. */
interface Axis {
  readonly size: number;
  readonly padding: Padding;
  readonly alignCorners: boolean;
}

/** From [−1, 1] to positions of elements. */
const toPosition = (x: Tensor, { size, alignCorners }: Axis): Tensor => (alignCorners ? mul(add(x, 1), (size - 1) / 2) : mul(sub(mul(add(x, 1), size), 1), 0.5));

function broughtInside(x: Tensor, axis: Axis): Tensor {
  const { size, padding } = axis;
  if (padding === "zeros") return x;
  return clamp((padding === "border" ? x : reflected(x, axis)), { min: 0, max: size - 1 });
}

/** Mirrored at the centres of the outermost elements, or at their outer edges, as often as it takes. */
function reflected(x: Tensor, { size, alignCorners }: Axis): Tensor {
  const [low, span] = alignCorners ? [0, size - 1] : [-0.5, size];
  if (span === 0) return mul(x, 0);
  const distance = abs(sub(x, low));
  const rest = remainder(distance, span);
  const flips = floor(div(distance.detach(), span));
  return where(eq(remainder(flips, 2), 0), add(rest, low), add(neg(rest), span + low));
}

/** The elements at whole positions, [N, C, L]; zeros outside. */
function elementsAt(x: Tensor, sizes: Shape, positions: readonly Tensor[]): Tensor {
  const strides = spatialStrides(sizes);
  const lastOf = (d: number): number => (sizes[d] ?? 1) - 1;
  const inside = positions.map((position, d) => logicalAnd(ge(position, 0), le(position, lastOf(d)))).reduce((all, there) => logicalAnd(all, there));
  const at = positions.map((position, d) => mul(toDType(clamp(position, { min: 0, max: lastOf(d) }), "int64"), strides[d] ?? 1)).reduce((sum, part) => add(sum, part));
  const [batch = 0, channels = 0] = x.shape;
  return where(inside, gather(x, 2, expand(at, [batch, channels, at.shape.at(-1) ?? 0])), 0);
}

/** Σ over all combinations of one choice per dimension of Π weights · element. */
function combined(x: Tensor, sizes: Shape, choices: readonly (readonly (readonly [position: Tensor, weight: Tensor])[])[]): Tensor {
  let combinations: { readonly positions: readonly Tensor[]; readonly weight: Tensor | null }[] = [{ positions: [], weight: null }];
  for (const own of choices) {
    combinations = combinations.flatMap(({ positions, weight }) => own.map(([position, w]) => ({ positions: [...positions, position], weight: weight === null ? w : mul(weight, w) })));
  }
  const terms = combinations.map(({ positions, weight }) => (weight === null ? elementsAt(x, sizes, positions) : mul(elementsAt(x, sizes, positions), weight)));
  return terms.reduce((sum, term) => add(sum, term));
}

/** The weights of Keys' cubic convolution at distances 1 + t, t, 1 − t and 2 − t. */
function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (x: Tensor): Tensor => add(mul(mul(sub(mul(x, a + 2), a + 3), x), x), 1);
  const far = (x: Tensor): Tensor => sub(mul(add(mul(sub(mul(x, a), 5 * a), x), 8 * a), x), 4 * a);
  const rest = add(neg(t), 1);
  return [far(add(t, 1)), near(t), near(rest), far(add(rest, 1))];
}

/**
 * The image at the positions of a grid.
 *
 * @param x - `[N, C, H, W]` or `[N, C, D, H, W]`.
 * @param grid - `[N, H', W', 2]` or `[N, D', H', W', 3]`: for each output element a position (x, y) or (x, y, z), where −1 and 1 are the
 *   ends of the image.
 * @returns `[N, C, H', W']` or `[N, C, D', H', W']`.
 * @throws {ShapeError} if image and grid do not fit.  @throws {ArgumentError} for an unknown mode, or `bicubic` in three dimensions.
 * @see torch.nn.functional.grid_sample; Jaderberg et al., Spatial transformer networks (2015)
 */
export function gridSample(x: Tensor, grid: Tensor, options?: GridSampleOptions): Tensor {
  const op = "gridSample";
  const { mode = "bilinear", paddingMode = "zeros", alignCorners = false } = optionsOf(op, GridSampleOptions, options);
  checkTogether(op, x, grid);
  const n = x.ndim - 2;
  if (n !== 2 && n !== 3) throw new ShapeError(`${op}: expected an image of 4 or 5 dimensions, [N, C, …], got ${showShape(x.shape)}`);
  if (grid.ndim !== x.ndim || grid.shape[0] !== x.shape[0] || grid.shape.at(-1) !== n) {
    throw new ShapeError(`${op}: expected a grid [${String(x.shape[0])}, …, ${String(n)}] of ${String(x.ndim)} dimensions for an image ${showShape(x.shape)}, got ${showShape(grid.shape)}`);
  }
  checkFloating(op, x, grid);
  if (x.dtype !== grid.dtype) throw new DTypeError(`${op}: expected image and grid of one element type, got ${x.dtype} and ${grid.dtype}; convert one with .to(dtype)`);
  if (!["bilinear", "nearest", "bicubic"].includes(mode)) throw new ArgumentError(`${op}: expected mode "bilinear", "nearest" or "bicubic", got "${mode}"`);
  if (!["zeros", "border", "reflection"].includes(paddingMode)) throw new ArgumentError(`${op}: expected paddingMode "zeros", "border" or "reflection", got "${paddingMode}"`);
  if (mode === "bicubic" && n !== 2) throw new ArgumentError(`${op}: expected mode "bicubic" for an image of 4 dimensions only, got ${showShape(x.shape)}`);
  const sizes = x.shape.slice(2);
  if (sizes.includes(0)) throw new ShapeError(`${op}: expected an image with elements, got ${showShape(x.shape)}`);

  const [batch = 0, channels = 0] = x.shape;
  const outSizes = grid.shape.slice(1, -1);
  const flat = reshape(x, [batch, channels, numelOf(sizes)]);
  const axes = sizes.map((size): Axis => ({ size, padding: paddingMode, alignCorners: alignCorners === true }));
  // The grid names the last dimension first.
  const raw = axes.map((axis, d) => toPosition(reshape(select(grid, -1, n - 1 - d), [batch, 1, numelOf(outSizes)]), axis));
  const result = mode === "bicubic" ? sampledCubically(flat, sizes, axes, raw) : sampled(flat, sizes, raw.map((position, d) => broughtInside(position, axes[d] as Axis)), mode);
  return reshape(mode === "nearest" ? withoutSlope(op, result, grid) : result, [batch, channels, ...outSizes]);
}

function sampled(x: Tensor, sizes: Shape, positions: readonly Tensor[], mode: "bilinear" | "nearest"): Tensor {
  if (mode === "nearest") return elementsAt(x, sizes, positions.map((position) => round(position.detach())));
  return combined(x, sizes, positions.map((position) => {
    const first = floor(position.detach());
    const share = sub(position, first);
    return [[first, add(neg(share), 1)], [add(first, 1), share]];
  }));
}

/** The padding decides for each of the 4 × 4 neighbours by itself. */
function sampledCubically(x: Tensor, sizes: Shape, axes: readonly Axis[], positions: readonly Tensor[]): Tensor {
  return combined(x, sizes, positions.map((position, d) => {
    const first = floor(position.detach());
    const axis = axes[d] as Axis;
    return cubicWeights(sub(position, first)).map((weight, j): [Tensor, Tensor] => [round(broughtInside(add(first, j - 1), axis)), weight]);
  }));
}

export const AffineGridOptions = class {
  /** −1 and 1 are the centres of the corner elements, and not the outer edges of the image. */
  readonly alignCorners?: boolean | null;
};
export type AffineGridOptions = Options<typeof AffineGridOptions>;

/** `count` positions from −1 to 1: of the elements' centres, unless the corners are aligned. */
function positions(count: number, alignCorners: boolean): number[] {
  if (count <= 1) return new Array<number>(count).fill(0);
  const reach = alignCorners ? 1 : (count - 1) / count;
  return Array.from({ length: count }, (_, i) => (-1 + (2 * i) / (count - 1)) * reach);
}

/**
 * The grid that an affine map makes of the positions of an image, for `gridSample`.
 *
 * @param theta - `[N, 2, 3]` or `[N, 3, 4]`.  @param size - `[N, C, H, W]` or `[N, C, D, H, W]` of the image that is wanted.
 * @returns `[N, H, W, 2]` or `[N, D, H, W, 3]`.
 * @see torch.nn.functional.affine_grid
 * @example
 * affineGrid(tensor([[[1, 0, 0], [0, 1, 0]]]), [1, 1, 1, 2], { alignCorners: true }).toArraySync(); // [[[[-1, 0], [1, 0]]]]
 */
export function affineGrid(theta: Tensor, size: Shape, options?: AffineGridOptions): Tensor {
  const op = "affineGrid";
  const { alignCorners = false } = optionsOf(op, AffineGridOptions, options);
  theta.checkUsable(op);
  checkFloating(op, theta);
  const n = size.length - 2;
  const [batch = 0] = size;
  if ((n !== 2 && n !== 3) || size.some((s) => !Number.isInteger(s) || s < 1)) throw new ShapeError(`${op}: expected a size [N, C, H, W] or [N, C, D, H, W] of whole numbers, got ${showShape(size)}`);
  if (!sameShape(theta.shape, [batch, n, n + 1])) throw new ShapeError(`${op}: expected theta of shape ${showShape([batch, n, n + 1])} for size ${showShape(size)}, got ${showShape(theta.shape)}`);
  const sizes = size.slice(2);
  const along = sizes.map((count) => positions(count, alignCorners === true));
  const strides = spatialStrides(sizes);
  const count = numelOf(sizes);
  const base = new Float64Array(count * (n + 1));
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < n; d++) base[i * (n + 1) + n - 1 - d] = along[d]?.[Math.floor(i / (strides[d] ?? 1)) % (sizes[d] ?? 1)] ?? 0;
    base[i * (n + 1) + n] = 1;
  }
  return reshape(matmul(reshape(newTensor(theta, base, { dtype: theta.dtype }), [count, n + 1]), transpose(theta, 1, 2)), [batch, ...sizes, n]);
}
