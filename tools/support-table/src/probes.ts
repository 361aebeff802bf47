import * as special from "@gradus/special";
import type { Tensor } from "@gradus/tensor-core";
import * as g from "@gradus/tensor-core";
import * as elementwiseOps from "@gradus/tensor-core/elementwise-ops";

/** A call of one function on a tensor of shape [2, 3], whatever its element type. */
export type Probe = (x: Tensor) => unknown;
type Probes = Readonly<Record<string, Probe>>;

const exported = g as unknown as Readonly<Record<string, unknown>>;
/** Conditions are bool, the other arguments like the first. */
const elementwise = (op: g.ElementwiseOp): Probe => (x) => g.formulas.apply(op, Array.from({ length: op.arity }, (_, i) => (op.options.asIs?.includes(i) === true ? x.detach().ne(0) : x)));
/** The entries of a table of ops that are public functions; the others are forms of those. */
function fromTable(table: Readonly<Record<string, g.ElementwiseOp>>, functions: Readonly<Record<string, unknown>>): Probes {
  const names = Object.keys(table).filter((name) => typeof functions[name] === "function");
  return Object.fromEntries(names.sort().map((name) => [name, elementwise(table[name]!)]));
}
/** Functions that need nothing but the tensor. */
const plain = <Name extends string>(functions: Readonly<Record<Name, (x: Tensor) => unknown>>, ...names: readonly Name[]): Probes => Object.fromEntries(names.map((name) => [name, functions[name]]));
const along = <Name extends string>(functions: Readonly<Record<Name, (x: Tensor, dim: number) => unknown>>, ...names: readonly Name[]): Probes => Object.fromEntries(names.map((name) => [name, (x: Tensor) => functions[name](x, 1)]));
const index = (x: Tensor): Tensor => x.newTensor([[0, 1, 1], [1, 0, 0]], { dtype: "int64" });

/** What the table shows, by heading. */
export const probes: Readonly<Record<string, Probes>> = {
  // Functions that take other types than the ops behind them.
  "Elementwise": { ...fromTable(elementwiseOps, exported), bitwiseNot: (x) => g.bitwiseNot(x), atan2: (x) => g.atan2(x, x), nextafter: (x) => g.nextafter(x, x) },
  "Reductions": {
    ...plain(g, "sum", "mean", "prod", "amax", "amin", "aminmax", "argmax", "argmin", "any", "all", "variance", "std", "varMean", "stdMean", "nansum", "nanmean", "countNonzero", "norm", "median", "nanmedian", "mode"),
    max: (x) => g.max(x, { dim: 1 }),
    min: (x) => g.min(x, { dim: 1 }),
    dist: (x) => g.dist(x, x.detach().flip(1)),
    logsumexp: (x) => g.logsumexp(x, { dim: 1 }),
    quantile: (x) => g.quantile(x, 0.5),
    nanquantile: (x) => g.nanquantile(x, 0.5),
    histc: (x) => g.histc(x, { bins: 3, min: 0, max: 3 }),
    bincount: (x) => g.bincount(x.reshape(-1)),
  },
  "Along a dimension": {
    ...along(g, "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "softmax", "logSoftmax"),
    ...plain(g, "sort", "argsort", "msort", "diff", "trapezoid", "cumulativeTrapezoid", "gradient", "unique", "uniqueConsecutive"),
    topk: (x) => g.topk(x, 2),
    kthvalue: (x) => g.kthvalue(x, 2),
    renorm: (x) => g.renorm(x, 2, 0, 1),
  },
  "Products": {
    matmul: (x) => g.matmul(x, x.t()),
    linear: (x) => g.linear(x, x),
    einsum: (x) => g.einsum("ij,kj->ik", x, x),
  },
  "Shape, order and indexing": {
    ...plain(g, "clone", "contiguous", "t", "squeeze", "flatten", "flipud", "fliplr", "rot90", "tril", "triu", "diagonal", "diagEmbed", "trace", "nonzero"),
    transpose: (x) => g.transpose(x, 0, 1),
    permute: (x) => g.permute(x, [1, 0]),
    reshape: (x) => g.reshape(x, [3, 2]),
    expand: (x) => g.expand(x, [2, 2, 3]),
    cat: (x) => g.cat([x, x], 0),
    stack: (x) => g.stack([x, x], 0),
    flip: (x) => g.flip(x, [0]),
    roll: (x) => g.roll(x, 1),
    tile: (x) => g.tile(x, [2]),
    pad: (x) => g.pad(x, [1, 1]),
    gather: (x) => g.gather(x, 1, index(x)),
    indexSelect: (x) => g.indexSelect(x, 1, x.newTensor([0, 2], { dtype: "int64" })),
    scatter: (x) => g.scatter(x, 1, index(x), x),
    scatterAdd: (x) => g.scatterAdd(x, 1, index(x), x),
    maskedFill: (x) => g.maskedFill(x, x.detach().ne(0), 1),
    maskedSelect: (x) => g.maskedSelect(x, x.detach().ne(0)),
    take: (x) => g.take(x, index(x)),
  },
  "@gradus/special": {
    ...fromTable({ ...special.besselOps, ...special.gammaOps, ...special.probabilityOps }, special),
    polygamma: (x) => special.polygamma(2, x),
    mvlgamma: (x) => special.mvlgamma(x.add(1), 2),
    zeta: (x) => special.zeta(2, x),
    gammainc: (x) => special.gammainc(x.detach(), x),
    gammaincc: (x) => special.gammaincc(x.detach(), x),
    legendrePolynomialP: (x) => special.legendrePolynomialP(x, 3),
  },
};
