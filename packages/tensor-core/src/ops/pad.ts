import { dtypeInfo } from "@gradus/kernel-ir";
import { ArgumentError, ShapeError } from "../errors.js";
import { emptyLike } from "../kernels/rows.js";
import { scalarArgument } from "../kernels/scalar-argument.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { copyInto, fillKernel } from "./copy.js";
import { indexSelect } from "./index-ops.js";
import { record } from "./reduce.js";
import { narrow } from "./view.js";
import { newTensor } from "../create.js";

/** How many elements are put before and after a dimension; negative numbers cut off. */
type Sides = readonly [before: number, after: number];

export const PadOptions = class {
  /** What stands in the padding: one value, or the tensor's own elements mirrored, its outermost ones, or those of the other end. */
  readonly mode?: "constant" | PadMode;
  /** For the mode `constant`; 0 by default. */
  readonly value?: number;
};
export type PadOptions = Options<typeof PadOptions>;

/** The position that each mode repeats outside of [0, size). */
const modes = {
  reflect: (position: number, size: number) => (position < 0 ? -position : position >= size ? 2 * (size - 1) - position : position),
  replicate: (position: number, size: number) => Math.min(Math.max(position, 0), size - 1),
  circular: (position: number, size: number) => (position + size) % size,
} as const;
type PadMode = keyof typeof modes;

/** The most that a mode can put on a side of `size` elements. */
const reach = { reflect: (size: number) => size - 1, replicate: (size: number) => (size > 0 ? Infinity : 0), circular: (size: number) => size } as const satisfies Record<PadMode, (size: number) => number>;

/**
 * x with padding around it. `padding` lists [before, after] of the last dimension, then of the one before, and so on;
 * negative numbers cut off.
 *
 * @throws {ShapeError} if sizes would become negative, or a mode would have to reach further than the tensor goes.
 * @see torch.nn.functional.pad
 * @example
 * pad(tensor([1, 2, 3]), [1, 1]).toArraySync(); // [0, 1, 2, 3, 0]
 * pad(tensor([[1, 2, 3]]), [2, 0], { mode: "reflect" }).toArraySync(); // [[3, 2, 1, 2, 3]]
 */
export function pad(x: Tensor, padding: readonly number[], options?: PadOptions): Tensor {
  const { mode = "constant", value = 0 } = optionsOf("pad", PadOptions, options);
  x.checkUsable("pad");
  if (padding.length % 2 !== 0 || padding.length / 2 > x.ndim || !padding.every(Number.isInteger)) {
    throw new ArgumentError(`pad: expected pairs of whole numbers for at most ${String(x.ndim)} dimensions, got [${padding.join(", ")}]`);
  }
  const sides = x.shape.map((_, d): Sides => {
    const at = 2 * (x.ndim - 1 - d);
    return [padding[at] ?? 0, padding[at + 1] ?? 0];
  });
  const shape = x.shape.map((size, d) => size + (sides[d]?.[0] ?? 0) + (sides[d]?.[1] ?? 0));
  if (shape.some((size) => size < 0)) throw new ShapeError(`pad: expected padding that leaves sizes of at least 0, got ${showShape(shape)} from ${showShape(x.shape)}`);
  if (mode === "constant") return padConstant(x, sides, shape, value);
  if (!Object.hasOwn(modes, mode)) throw new ArgumentError(`pad: expected mode "constant", "reflect", "replicate" or "circular", got "${mode}"`);
  return padWithOwn(x, sides, mode);
}

/** Along each dimension, positions outside are those of elements inside: a selection, whose gradient adds up what was repeated. */
function padWithOwn(x: Tensor, sides: readonly Sides[], mode: PadMode): Tensor {
  sides.forEach(([before, after], d) => {
    const size = x.shape[d] ?? 0;
    const most = reach[mode](size);
    if (Math.max(before, after) > Math.max(most, 0)) {
      throw new ShapeError(`pad: expected padding of at most ${String(most)} for ${String(size)} elements with mode "${mode}", got [${String(before)}, ${String(after)}] for dimension ${String(d)} of ${showShape(x.shape)}`);
    }
  });
  // What a circle goes around is what is left of the tensor; the others look at elements that are cut off as well.
  const [source, rest] = mode === "circular" ? [crop(x, sides), sides.map(([before, after]): Sides => [Math.max(before, 0), Math.max(after, 0)])] : [x, sides];
  return rest.reduce((result, [before, after], d) => {
    if (before === 0 && after === 0) return result;
    const size = source.shape[d] ?? 0;
    const from = BigInt64Array.from({ length: size + before + after }, (_, i) => BigInt(modes[mode](i - before, size)));
    return indexSelect(result, d, newTensor(x, from));
  }, source);
}

/** Without the elements that negative sides cut off. */
const crop = (x: Tensor, sides: readonly Sides[]): Tensor =>
  sides.reduce((part, [before, after], d) => (before < 0 || after < 0 ? narrow(part, d, Math.max(0, -before), Math.max(0, (x.shape[d] ?? 0) + Math.min(before, 0) + Math.min(after, 0))) : part), x);

function padConstant(x: Tensor, sides: readonly Sides[], shape: Shape, value: number): Tensor {
  const result = emptyLike(x, shape);
  const count = result.numel();
  if (count > 0) fillKernel.run(x.device, { outer: [count], inner: [] }, [], [{ storage: result.elements, offset: 0, strides: [1] }], dtypeInfo[x.dtype].compute, [scalarArgument("pad", value, dtypeInfo[x.dtype].compute)]);
  const inside = crop(x.detach(), sides);
  /** Where they land. */
  const landing = (t: Tensor): Tensor => inside.shape.reduce((part, length, d) => narrow(part, d, Math.max(0, sides[d]?.[0] ?? 0), length), t);
  if (inside.numel() > 0) copyInto(landing(result.detach()), inside);
  record("pad", [x], [result], () => ([g]) => [
    g === null || g === undefined
      ? null
      : (): Tensor => pad(landing(g), sides.map(([before, after]) => [Math.min(before, 0), Math.min(after, 0)]).reverse().flatMap(([b = 0, a = 0]) => [-b, -a])),
  ]);
  return result;
}
