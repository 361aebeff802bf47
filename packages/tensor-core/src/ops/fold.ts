import { dtypeInfo } from "@gradus/kernel-ir";
import { DTypeError, ShapeError } from "../errors.js";
import type { KernelOperand } from "../kernels/kernel-op.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { numelOf, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { perRank } from "./pool.js";
import { record } from "./reduce.js";
import { contiguous, reshape } from "./view.js";
import type { PerDimension, Windows } from "./windows.js";
import { covering, coveringCoordinates, coveringCounts, coveringScalars, distanceOf, inside, perDimension, positionsAlong, slidingSize, spatialStrides, steps, toRows } from "./windows.js";

/** Images as matrices of their patches, and back: each of the two is the gradient of the other. */

export const UnfoldOptions = class {
  /** Steps between a patch's elements. 1 by default. */
  readonly dilation?: PerDimension;
  /** Zeros around the image. 0 by default. */
  readonly padding?: PerDimension;
  /** Steps between patches. 1 by default. */
  readonly stride?: PerDimension;
};
export type UnfoldOptions = Options<typeof UnfoldOptions>;

/** x[window + element], and 0 outside. */
const unfoldKernel = /* @__PURE__ */ perRank((n) => new KernelOp({
  name: "unfold",
  build: (b) => { b.store(0, b.inputAt(0, b.k.int(0), { when: inside(b, 1, n, 0), otherwise: b.k.const(0, b.compute) })); },
}));

/** The sum of all patches' elements that lie at a position. */
const foldKernel = /* @__PURE__ */ perRank((n) => new KernelOp({
  name: "fold",
  build: (b) => {
    const { holds, windows, elements } = covering(b, 1, n, 0);
    const distance = b.k.add(distanceOf(b, windows, 4 * n), distanceOf(b, elements, 5 * n));
    b.store(0, b.sum(b.inputAt(0, distance, { when: holds, otherwise: b.k.const(0, b.compute) })), "outer");
  },
}));

const patchWindows = (op: string, sizes: readonly number[], kernelSize: PerDimension, options: UnfoldOptions): Windows => {
  const n = sizes.length;
  const kernel = perDimension(op, "kernelSize", kernelSize, n, 1);
  const stride = perDimension(op, "stride", options.stride ?? 1, n, 1);
  const padding = perDimension(op, "padding", options.padding ?? 0, n, 0);
  const dilation = perDimension(op, "dilation", options.dilation ?? 1, n, 1);
  const counts = kernel.map((q, d) => slidingSize(sizes[d] ?? 0, q, stride[d] ?? 1, padding[d] ?? 0, dilation[d] ?? 1));
  if (counts.some((count) => count < 1)) throw new ShapeError(`${op}: expected an image at least as large as a patch, got ${showShape(sizes)} with padding [${padding.join(", ")}] for patches of [${kernel.join(", ")}]`);
  return { kernel, stride, padding, dilation, sizes: counts };
};

/** [rows, …sizes] to [rows, …kernel, …windows]. */
function unfoldRows(rows: Tensor, windows: Windows): Tensor {
  const n = windows.kernel.length;
  const sizes = rows.shape.slice(1);
  const result = emptyLike(rows, [rows.shape[0] ?? 0, ...windows.kernel, ...windows.sizes]);
  const { offset, ofWindow, ofElement } = steps(windows, spatialStrides(sizes));
  // The index space is that of the result, in which elements come before windows.
  const swapped = ({ strides: [row = 0, ...rest], ...place }: KernelOperand): KernelOperand => ({ ...place, strides: [row, ...rest.slice(n), ...rest.slice(0, n)] });
  if (result.numel() > 0) {
    unfoldKernel(n, true).run(
      rows.device,
      { outer: result.shape, inner: [] },
      [swapped({ storage: rows.elements, offset: rows.layout.offset + offset, strides: [numelOf(sizes), ...ofWindow, ...ofElement] }), ...positionsAlong(windows).map(swapped)],
      [{ storage: result.elements, offset: 0, strides: result.layout.strides }],
      dtypeInfo[rows.dtype].compute,
      sizes,
    );
  }
  record("unfold", [rows], [result], () => ([g]) => [g === null || g === undefined ? null : (): Tensor => foldRows(contiguous(g), windows, sizes)]);
  return result;
}

/** [rows, …kernel, …windows] to [rows, …sizes]. */
function foldRows(patches: Tensor, windows: Windows, sizes: readonly number[]): Tensor {
  const n = windows.kernel.length;
  const result = emptyLike(patches, [patches.shape[0] ?? 0, ...sizes]);
  const count = numelOf(windows.sizes);
  const zeros = sizes.map(() => 0);
  if (result.numel() > 0) {
    foldKernel(n, true).run(
      patches.device,
      { outer: result.shape, inner: coveringCounts(windows), literalInner: true },
      [{ storage: patches.elements, offset: patches.layout.offset, strides: [numelOf(windows.kernel) * count, ...zeros, ...zeros] }, ...coveringCoordinates(windows)],
      [{ storage: result.elements, offset: 0, strides: [...result.layout.strides, ...zeros] }],
      dtypeInfo[patches.dtype].compute,
      [...coveringScalars(windows), ...spatialStrides(windows.sizes), ...spatialStrides(windows.kernel).map((stride) => stride * count)],
    );
  }
  record("fold", [patches], [result], () => ([g]) => [g === null || g === undefined ? null : (): Tensor => unfoldRows(contiguous(g), windows)]);
  return result;
}

function checkFolded(op: string, x: Tensor): void {
  x.checkUsable(op);
  if (x.dtype === "bool") throw new DTypeError(`${op}: expected a tensor of numbers, got bool; convert it with to("float32")`);
}

/**
 * The patches of an image as columns of a matrix.
 *
 * @param x - `[N, C, H, W]` or `[C, H, W]`.
 * @returns `[N, C·kH·kW, L]`, where L is the number of patches, or without N.
 * @throws {ShapeError} if the image is smaller than a patch.
 * @see torch.nn.functional.unfold
 * @example
 * unfold(tensor([[[1, 2, 3]]]), [1, 2]).toArraySync(); // [[1, 2], [2, 3]]
 */
export function unfold(x: Tensor, kernelSize: PerDimension, options?: UnfoldOptions): Tensor {
  checkFolded("unfold", x);
  if (x.ndim !== 3 && x.ndim !== 4) throw new ShapeError(`unfold: expected an image [N, C, H, W] or [C, H, W], got ${showShape(x.shape)}`);
  if (x.shape.slice(-3).includes(0)) throw new ShapeError(`unfold: expected an image whose dimensions have elements, apart from the batch, got ${showShape(x.shape)}`);
  const windows = patchWindows("unfold", x.shape.slice(-2), kernelSize, optionsOf("unfold", UnfoldOptions, options));
  const patches = unfoldRows(toRows(x, 2), windows);
  return reshape(patches, [...x.shape.slice(0, -3), (x.shape.at(-3) ?? 0) * numelOf(windows.kernel), numelOf(windows.sizes)]);
}

/**
 * The image whose patches are columns of a matrix; where patches overlap their elements are added.
 *
 * @param x - `[N, C·kH·kW, L]` or without N.  @param outputSize - `[H, W]`.
 * @returns `[N, C, H, W]` or without N.
 * @throws {ShapeError} if columns or their number do not fit to patches of that image.
 * @see torch.nn.functional.fold
 * @example
 * fold(tensor([[1, 2], [2, 3]]), [1, 3], [1, 2]).toArraySync(); // [[[1, 4, 3]]]
 */
export function fold(x: Tensor, outputSize: PerDimension, kernelSize: PerDimension, options?: UnfoldOptions): Tensor {
  checkFolded("fold", x);
  if (x.ndim !== 2 && x.ndim !== 3) throw new ShapeError(`fold: expected patches [N, C·kH·kW, L] or [C·kH·kW, L], got ${showShape(x.shape)}`);
  const sizes = perDimension("fold", "outputSize", outputSize, 2, 1);
  const windows = patchWindows("fold", sizes, kernelSize, optionsOf("fold", UnfoldOptions, options));
  const [columns = 0, count = 0] = x.shape.slice(-2);
  const area = numelOf(windows.kernel);
  if (columns % area !== 0 || count !== numelOf(windows.sizes)) {
    throw new ShapeError(`fold: expected patches of a multiple of ${String(area)} elements, ${String(numelOf(windows.sizes))} of them for an image of ${showShape(sizes)}, got ${showShape(x.shape)}`);
  }
  const lead = x.shape.slice(0, -2);
  const rows = contiguous(reshape(x, [numelOf(lead) * (columns / area), ...windows.kernel, ...windows.sizes]));
  return reshape(foldRows(rows, windows, sizes), [...lead, columns / area, ...sizes]);
}
