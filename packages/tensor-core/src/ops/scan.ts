import type { ComputeDType, DType, Expr, Monoid } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { DTypeError } from "../errors.js";
import { Saved } from "../autograd/op-node.js";
import { finfo } from "../dtypes.js";
import type { KernelBody } from "../kernels/kernel-op.js";
import { highest, KernelOp, lowest } from "../kernels/kernel-op.js";
import { emptyLike, Rows } from "../kernels/rows.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { resolveDim } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { toDType } from "./copy.js";
import { add, clone, eq, exp, ge, gt, log, maskedFill, mul, sub, where } from "./elementwise.js";
import { flip } from "./rearrange.js";
import type { ValuesAndIndices } from "./reduce.js";
import { record, sum } from "./reduce.js";
import { newArange, newZeros } from "../create.js";
import { transpose, unsqueeze } from "./view.js";
import { scatterAdd } from "./index-ops.js";

/** Running results along one dimension. */

function runAlong(op: KernelOp, x: Tensor, d: number, types: readonly DType[], compute: ComputeDType): Tensor[] {
  x.checkUsable(op.name);
  const rows = new Rows(x.shape, x.ndim === 0 ? [] : [d]);
  const results = types.map((dtype) => emptyLike(x, x.shape, dtype));
  if (x.numel() > 0) op.run(x.device, rows.space, [rows.over(x)], results.map((r) => rows.over(r)), compute, []);
  return results;
}

const running = (name: string, monoid: (b: KernelBody, x: Expr) => Monoid): KernelOp =>
  new KernelOp({
    name,
    build: (b) => {
      const x = b.input(0, b.compute);
      const [value] = b.scan(monoid(b, x), [x]);
      if (value !== undefined) b.store(0, value, "inner");
    },
  });

const cumsumKernel = /* @__PURE__ */ running("cumsum", ({ k }, x) => ({ identity: [k.like(0, x)], combine: [k.add(k.left(0, x.dtype), k.right(0, x.dtype))] }));
const cumprodKernel = /* @__PURE__ */ running("cumprod", ({ k }, x) => ({ identity: [k.like(1, x)], combine: [k.mul(k.left(0, x.dtype), k.right(0, x.dtype))] }));
/** log(eᵃ + eᵇ) with the larger taken out. */
const logcumsumexpKernel = /* @__PURE__ */ running("logcumsumexp", ({ k }, x) => {
  const [a, b] = [k.left(0, x.dtype), k.right(0, x.dtype)];
  const top = k.max(a, b);
  const rest = k.log(k.add(k.like(1, x), k.exp(k.neg(k.abs(k.sub(a, b))))));
  // Equal infinities have no difference.
  return { identity: [k.like(-Infinity, x)], combine: [k.select(k.eq(a, b), k.add(top, k.like(Math.LN2, x)), k.add(top, rest))] };
});

/** The extreme so far and the last position of it; NaN wins. */
const runningExtreme = (name: "cummax" | "cummin"): KernelOp =>
  new KernelOp({
    name,
    build: (b) => {
      const { k } = b;
      const x = b.input(0);
      const [left, right] = [k.left(0, x.dtype), k.right(0, x.dtype)];
      const isFloat = x.dtype === "float32" || x.dtype === "float64";
      const [low, high] = name === "cummax" ? [left, right] : [right, left];
      const atLeast = x.dtype === "bool" ? k.or(k.not(low), high) : k.le(low, high);
      const takes = isFloat ? k.or(k.isNaN(right), k.and(k.not(k.isNaN(left)), atLeast)) : atLeast;
      const [value, at] = b.scan(
        {
          identity: [name === "cummax" ? lowest(k, x.dtype) : highest(k, x.dtype), k.int(0)],
          combine: [k.select(takes, right, left), k.select(takes, k.right(1, "int32"), k.left(1, "int32"))],
        },
        [x, b.position("inner")],
      );
      if (value === undefined || at === undefined) return;
      b.store(0, value, "inner");
      b.store(1, at, "inner");
    },
  });
const cummaxKernel = /* @__PURE__ */ runningExtreme("cummax");
const cumminKernel = /* @__PURE__ */ runningExtreme("cummin");

export const CumulativeOptions = class {
  /** Convert to this type first. Integers and bools become int64 otherwise. */
  readonly dtype?: DType;
};
export type CumulativeOptions = Options<typeof CumulativeOptions>;

const accumulated = (x: Tensor, dtype: DType | undefined): Tensor => toDType(x, dtype ?? (dtypeInfo[x.dtype].kind === "float" ? x.dtype : "int64"));

/**
 * Running sums along a dimension.
 *
 * @see torch.cumsum
 * @example
 * cumsum(tensor([1, 2, 3]), 0).toArraySync(); // [1, 3, 6]
 */
export function cumsum(x: Tensor, dim: number, options?: CumulativeOptions): Tensor {
  const { dtype } = optionsOf("cumsum", CumulativeOptions, options);
  const d = resolveDim("cumsum", dim, x.ndim);
  const source = accumulated(x, dtype);
  const results = runAlong(cumsumKernel, source, d, [source.dtype], dtypeInfo[source.dtype].compute);
  record("cumsum", [source], results, () => ([g]) => [g ? () => reversedCumsum(g, d) : null]);
  return results[0]!;
}

/** Sums from each position to the end. */
const reversedCumsum = (x: Tensor, d: number): Tensor => (x.ndim === 0 ? x : flip(cumsum(flip(x, [d]), d), [d]));

/** Running products along a dimension. @see torch.cumprod */
export function cumprod(x: Tensor, dim: number, options?: CumulativeOptions): Tensor {
  const { dtype } = optionsOf("cumprod", CumulativeOptions, options);
  const d = resolveDim("cumprod", dim, x.ndim);
  const source = accumulated(x, dtype);
  const results = runAlong(cumprodKernel, source, d, [source.dtype], dtypeInfo[source.dtype].compute);
  record("cumprod", [source], results, () => {
    const saved = new Saved("cumprod", source);
    return ([g]) => [g ? () => cumprodGradient(g, saved.value, d) : null];
  });
  return results[0]!;
}

/**
 * ∂L/∂xₖ = Σ_{i ≥ k} gᵢ Π_{j ≤ i, j ≠ k} xⱼ. Where no element is zero this is (Σ_{i ≥ k} gᵢ yᵢ) / xₖ. The products without xₖ
 * are formed with a 1 in its place, which is right for zeros too.
 */
function cumprodGradient(g: Tensor, x: Tensor, d: number): Tensor {
  if (x.ndim === 0) return g;
  const n = x.shape[d]!;
  const positions = newArange(x, n);
  // [..., k, j]: x with 1 in place of xₖ, its running products, and only those with i ≥ k count.
  const last = (t: Tensor): Tensor => transpose(t, d, -1);
  const withOne = maskedFill(unsqueeze(last(x), -2), eq(unsqueeze(positions, 1), positions), 1);
  const products = cumprod(withOne, -1);
  const counts = ge(positions, unsqueeze(positions, 1));
  return last(sum(mul(where(counts, products, 0), unsqueeze(last(g), -2)), { dim: -1 }));
}

/** log of the running sums of eˣ, without overflow. @see torch.logcumsumexp */
export function logcumsumexp(x: Tensor, dim: number): Tensor {
  if (!x.isFloatingPoint()) throw new DTypeError(`logcumsumexp: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  const d = resolveDim("logcumsumexp", dim, x.ndim);
  const results = runAlong(logcumsumexpKernel, x, d, [x.dtype], dtypeInfo[x.dtype].compute);
  const y = results[0]!;
  record("logcumsumexp", [x], results, () => {
    const [savedX, savedY] = [new Saved("logcumsumexp", x), new Saved("logcumsumexp", y)];
    // Σ_{i ≥ k} gᵢ e^(xₖ − yᵢ): the positive and negative parts of g as logarithms, so that nothing overflows. A part that is zero has the
    // lowest number as its logarithm: with −∞ the derivative of this formula would be ∞ − ∞.
    return ([g]) => [
      g
        ? () => {
            const part = (sign: 1 | -1): Tensor => {
              const present = gt(mul(g, sign), 0);
              const logarithm = sub(where(present, log(where(present, mul(g, sign), 1)), finfo(x.dtype).min), savedY.value);
              const summed = x.ndim === 0 ? logarithm : flip(logcumsumexp(flip(logarithm, [d]), d), [d]);
              return exp(add(summed, savedX.value));
            };
            return sub(part(1), part(-1));
          }
        : null,
    ];
  });
  return y;
}

function cumulativeExtreme(op: KernelOp, x: Tensor, dim: number): ValuesAndIndices {
  const d = resolveDim(op.name, dim, x.ndim);
  const [values, indices] = runAlong(op, x, d, [x.dtype, "int64"], dtypeInfo[x.dtype].compute) as [Tensor, Tensor];
  const shape = x.shape;
  record(op.name, [x], [values], () => ([g]) => [g ? () => (shape.length === 0 ? clone(g) : scatterAdd(newZeros(g, shape), d, indices, g)) : null]);
  return { values, indices };
}

/** The largest element so far and where it last stood. @see torch.cummax */
export const cummax = (x: Tensor, dim: number): ValuesAndIndices => cumulativeExtreme(cummaxKernel, x, dim);
/** The smallest element so far and where it last stood. @see torch.cummin */
export const cummin = (x: Tensor, dim: number): ValuesAndIndices => cumulativeExtreme(cumminKernel, x, dim);
