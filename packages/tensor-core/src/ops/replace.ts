import { DTypeError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import type { Shape } from "../shape.js";
import { sameShape, showShape } from "../shape.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { copyInto } from "./copy.js";
import { clone } from "./elementwise.js";
import { diagonal, DiagonalOptions } from "./rearrange.js";
import { record } from "./reduce.js";
import { asStrided, select, slice } from "./view.js";
import { newZeros } from "../create.js";

/** A copy of x in which the elements of one view are those of another tensor. */
function replaced(op: string, x: Tensor, source: Tensor, part: (whole: Tensor) => Tensor): Tensor {
  x.checkUsable(op);
  source.checkUsable(op);
  checkSameDevice(op, [x, source]);
  if (source.dtype !== x.dtype) throw new DTypeError(`${op}: expected elements of ${x.dtype}, got ${source.dtype}; convert them with .to("${x.dtype}")`);
  // The view of x itself costs nothing and says which shape is wanted.
  const { shape } = part(x.detach());
  if (!sameShape(shape, source.shape)) throw new ShapeError(`${op}: expected elements of shape ${showShape(shape)}, got ${showShape(source.shape)}`);
  const result = clone(x.detach());
  copyInto(part(result), source.detach());
  record(op, [x, source], [result], () => ([g]) => [g ? () => replaced(op, g, newZeros(g, shape), part) : null, g ? () => clone(part(g)) : null]);
  return result;
}

/** x with `source` at one position along a dimension. @see torch.select_scatter */
export const selectScatter = (x: Tensor, source: Tensor, dim: number, index: number): Tensor => replaced("selectScatter", x, source, (whole) => select(whole, dim, index));

export const SliceScatterOptions = class {
  readonly dim?: number;
  readonly start?: number | null;
  readonly end?: number | null;
  readonly step?: number;
};
export type SliceScatterOptions = Options<typeof SliceScatterOptions>;

/** x with `source` at a slice of a dimension. @see torch.slice_scatter */
export function sliceScatter(x: Tensor, source: Tensor, options?: SliceScatterOptions): Tensor {
  const { dim = 0, start = null, end = null, step = 1 } = optionsOf("sliceScatter", SliceScatterOptions, options);
  return replaced("sliceScatter", x, source, (whole) => slice(whole, dim, start, end, step));
}

/**
 * x with `source` on a diagonal.
 *
 * @see torch.diagonal_scatter
 * @example
 * diagonalScatter(zeros([2, 2]), ones([2])).toArraySync(); // [[1, 0], [0, 1]]
 */
export const diagonalScatter = (x: Tensor, source: Tensor, options?: DiagonalOptions): Tensor => replaced("diagonalScatter", x, source, (whole) => diagonal(whole, optionsOf("diagonalScatter", DiagonalOptions, options)));

export const AsStridedScatterOptions = class {
  readonly storageOffset?: number;
};
export type AsStridedScatterOptions = Options<typeof AsStridedScatterOptions>;

/** x with `source` at the elements that strides name, as if x were contiguous. @see torch.as_strided_scatter */
export function asStridedScatter(x: Tensor, source: Tensor, shape: Shape, strides: Shape, options?: AsStridedScatterOptions): Tensor {
  const { storageOffset } = optionsOf("asStridedScatter", AsStridedScatterOptions, options);
  return replaced("asStridedScatter", x, source, (whole) => asStrided(whole, shape, strides, storageOffset));
}
