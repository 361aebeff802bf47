import type { Contraction, DType, Expr, ExprBuilder, Kernel, Monoid, Param, Scan, Scatter, Sort } from "@gradus/kernel-ir";

/** Programs that a framework makes all the time, built in any builder, so that two copies of one can be compared. */

const param = (dtype: DType, access: Param["access"] = "in"): Param => ({ dtype, access });

const monoids = {
  sum: (b: ExprBuilder): Monoid => ({ identity: [b.const(0, "float32")], combine: [b.add(b.left(0, "float32"), b.right(0, "float32"))] }),
  max: (b: ExprBuilder): Monoid => ({ identity: [b.const(-Infinity, "float32")], combine: [b.max(b.left(0, "float32"), b.right(0, "float32"))] }),
};

/** out[i] = x[i] + y[i] */
export function add(b: ExprBuilder, dtype: DType = "float32"): Kernel {
  const i = b.index(0);
  return {
    kind: "kernel", name: "add", params: [param(dtype), param(dtype), param(dtype, "out")], scalars: ["int32"], guards: [],
    outer: [b.scalar(0, "int32")], inner: [], reductions: [],
    stores: [{ over: "outer", param: 2, index: i, value: b.add(b.load(0, dtype, i), b.load(1, dtype, i)) }],
  };
}

/** out = softmax(x) along the rows of an [s0, s1] matrix. */
export function softmax(b: ExprBuilder, lanes: 1 | 16 = 16): Kernel {
  const columns = b.scalar(1, "int32");
  const at = b.add(b.mul(b.index(0), columns), b.index(1));
  const shifted = b.exp(b.sub(b.load(0, "float32", at), b.result(0, 0, "float32")));
  return {
    kind: "kernel", name: "softmax", params: [param("float32"), param("float32", "out")], scalars: ["int32", "int32"], guards: [],
    outer: [b.scalar(0, "int32")], inner: [columns],
    reductions: [
      { monoid: monoids.max(b), lift: [b.load(0, "float32", at)], lanes },
      { monoid: monoids.sum(b), lift: [shifted], lanes },
    ],
    stores: [{ over: "inner", param: 1, index: at, value: b.div(shifted, b.result(1, 0, "float32")) }],
  };
}

/** out, mean, rstd = layerNorm(x) along the rows of an [s0, s1] matrix, with eps = s2. */
export function layerNorm(b: ExprBuilder): Kernel {
  const columns = b.scalar(1, "int32");
  const at = b.add(b.mul(b.index(0), columns), b.index(1));
  const x = b.load(0, "float32", at);
  const count = b.cast(columns, "float32");
  const mean = b.div(b.result(0, 0, "float32"), count);
  const centred = b.sub(x, mean);
  const deviation = b.sqrt(b.add(b.div(b.result(1, 0, "float32"), count), b.scalar(2, "float32")));
  const inverse = b.div(b.const(1, "float32"), deviation);
  return {
    kind: "kernel", name: "layerNorm",
    params: [param("float32"), param("float32", "out"), param("float32", "out"), param("float32", "out")],
    scalars: ["int32", "int32", "float32"], guards: [], outer: [b.scalar(0, "int32")], inner: [columns],
    reductions: [
      { monoid: monoids.sum(b), lift: [x], lanes: 16 },
      { monoid: monoids.sum(b), lift: [b.mul(centred, centred)], lanes: 16 },
    ],
    stores: [
      { over: "inner", param: 1, index: at, value: b.mul(centred, inverse) },
      { over: "outer", param: 2, index: b.index(0), value: mean },
      { over: "outer", param: 3, index: b.index(0), value: inverse },
    ],
  };
}

/** values, positions = max(x) along the rows of an [s0, s1] matrix; the first of equals, and the first NaN. */
export function argmax(b: ExprBuilder): Kernel {
  const columns = b.scalar(1, "int32");
  const at = b.add(b.mul(b.index(0), columns), b.index(1));
  const [l, r, li, ri] = [b.left(0, "float32"), b.right(0, "float32"), b.left(1, "int32"), b.right(1, "int32")];
  const isFirst = b.lt(ri, li);
  const larger = b.or(b.lt(l, r), b.and(b.eq(l, r), isFirst));
  const takes = b.select(b.isNaN(r), b.or(b.not(b.isNaN(l)), isFirst), b.and(b.not(b.isNaN(l)), larger));
  return {
    kind: "kernel", name: "argmax", params: [param("float32"), param("float32", "out"), param("int64", "out")], scalars: ["int32", "int32"],
    guards: [], outer: [b.scalar(0, "int32")], inner: [columns],
    reductions: [{
      monoid: { identity: [b.const(-Infinity, "float32"), b.int(2 ** 31 - 1)], combine: [b.select(takes, r, l), b.select(takes, ri, li)] },
      lift: [b.load(0, "float32", at), b.index(1)],
      lanes: 16,
    }],
    stores: [
      { over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, "float32") },
      { over: "outer", param: 2, index: b.index(0), value: b.cast(b.result(0, 1, "int32"), "int64") },
    ],
  };
}

/** out = Σ x over the inner axes of extents s1, s2, with lanes. */
export function sum(b: ExprBuilder, lanes: 1 | 16): Kernel {
  const [rows, columns] = [b.scalar(1, "int32"), b.scalar(2, "int32")];
  const at = b.add(b.mul(b.add(b.mul(b.index(0), rows), b.index(1)), columns), b.index(2));
  return {
    kind: "kernel", name: "sum", params: [param("float32"), param("float32", "out")], scalars: ["int32", "int32", "int32"], guards: [],
    outer: [b.scalar(0, "int32")], inner: [rows, columns],
    reductions: [{ monoid: monoids.sum(b), lift: [b.load(0, "float32", at)], lanes }],
    stores: [{ over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, "float32") }],
  };
}

const plain = (b: ExprBuilder, axis: number, stride: Expr): Contraction["left"]["coordinates"][number] => ({
  terms: [{ axis, scale: b.int(1) }], shift: b.int(0), divisor: b.int(1), extent: null, stride,
});

/** out[m, n] = relu(Σ_k a[m, k]·b[k, n] + bias[n]), a [s0, s2], b [s2, s1]. */
export function linear(b: ExprBuilder): Contraction {
  const [m, n, k] = [b.scalar(0, "int32"), b.scalar(1, "int32"), b.scalar(2, "int32")];
  const biased = b.add(b.result(0, 0, "float32"), b.load(2, "float32", b.index(1)));
  return {
    kind: "contraction", name: "linear", params: [param("float32"), param("float32"), param("float32"), param("float32", "out")],
    scalars: ["int32", "int32", "int32"], guards: [],
    axes: [{ role: "m", extent: m }, { role: "n", extent: n }, { role: "k", extent: k }],
    left: { param: 0, offset: b.int(0), coordinates: [plain(b, 0, k), plain(b, 2, b.int(1))], prologue: null },
    right: { param: 1, offset: b.int(0), coordinates: [plain(b, 2, n), plain(b, 1, b.int(1))], prologue: null },
    dtype: "float32",
    stores: [{ over: "outer", param: 3, index: b.add(b.mul(b.index(0), n), b.index(1)), value: b.max(biased, b.const(0, "float32")) }],
  };
}

export interface Convolution {
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

export const outputSize = ({ size, kernel, stride, padding, dilation }: Convolution): number =>
  Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;

/** Axes: batch, filter, position, channel, tap. One dimension, channels first. */
export function conv1d(b: ExprBuilder, c: Convolution): Contraction {
  const out = outputSize(c);
  return {
    kind: "contraction", name: "conv1d", params: [param("float32"), param("float32"), param("float32", "out")], scalars: [], guards: [],
    axes: [
      { role: "n", extent: b.int(c.batch) }, { role: "m", extent: b.int(c.filters) }, { role: "n", extent: b.int(out) },
      { role: "k", extent: b.int(c.channels) }, { role: "k", extent: b.int(c.kernel) },
    ],
    left: {
      param: 1, offset: b.int(0), prologue: null,
      coordinates: [plain(b, 1, b.int(c.channels * c.kernel)), plain(b, 3, b.int(c.kernel)), plain(b, 4, b.int(1))],
    },
    right: {
      param: 0, offset: b.int(0), prologue: null,
      coordinates: [plain(b, 0, b.int(c.channels * c.size)), plain(b, 3, b.int(c.size)), {
        terms: [{ axis: 2, scale: b.int(c.stride) }, { axis: 4, scale: b.int(c.dilation) }],
        shift: b.int(-c.padding), divisor: b.int(1), extent: b.int(c.size), stride: b.int(1),
      }],
    },
    dtype: "float32",
    stores: [{
      over: "outer", param: 2, value: b.result(0, 0, "float32"),
      index: b.add(b.mul(b.add(b.mul(b.index(0), b.int(c.filters)), b.index(1)), b.int(out)), b.index(2)),
    }],
  };
}

/** The gradient of `conv1d` with respect to its input: where a divisor leaves a remainder, nothing came from. */
export function conv1dInputGradient(b: ExprBuilder, c: Convolution): Contraction {
  const out = outputSize(c);
  return {
    kind: "contraction", name: "conv1dInputGradient", params: [param("float32"), param("float32"), param("float32", "out")], scalars: [], guards: [],
    axes: [
      { role: "n", extent: b.int(c.batch) }, { role: "m", extent: b.int(c.channels) }, { role: "n", extent: b.int(c.size) },
      { role: "k", extent: b.int(c.filters) }, { role: "k", extent: b.int(c.kernel) },
    ],
    left: {
      param: 1, offset: b.int(0), prologue: null,
      coordinates: [plain(b, 1, b.int(c.kernel)), plain(b, 3, b.int(c.channels * c.kernel)), plain(b, 4, b.int(1))],
    },
    right: {
      param: 0, offset: b.int(0), prologue: null,
      coordinates: [plain(b, 0, b.int(c.filters * out)), plain(b, 3, b.int(out)), {
        terms: [{ axis: 2, scale: b.int(1) }, { axis: 4, scale: b.int(-c.dilation) }],
        shift: b.int(c.padding), divisor: b.int(c.stride), extent: b.int(out), stride: b.int(1),
      }],
    },
    dtype: "float32",
    stores: [{
      over: "outer", param: 2, value: b.result(0, 0, "float32"),
      index: b.add(b.mul(b.add(b.mul(b.index(0), b.int(c.channels)), b.index(1)), b.int(c.size)), b.index(2)),
    }],
  };
}

/** Running sums and the position of the running maximum, along the rows of an [s0, s1] matrix. */
export function cumulative(b: ExprBuilder): Scan {
  const columns = b.scalar(1, "int32");
  const at = b.add(b.mul(b.index(0), columns), b.index(1));
  const x = b.load(0, "float32", at);
  const [l, r] = [b.left(1, "float32"), b.right(1, "float32")];
  const grows = b.le(l, r);
  return {
    kind: "scan", name: "cumulative", params: [param("float32"), param("float32", "out"), param("int32", "out")], scalars: ["int32", "int32"], guards: [],
    outer: [b.scalar(0, "int32")], inner: [columns],
    monoid: {
      identity: [b.const(0, "float32"), b.const(-Infinity, "float32"), b.int(-1)],
      combine: [
        b.add(b.left(0, "float32"), b.right(0, "float32")), b.select(grows, r, l), b.select(grows, b.right(2, "int32"), b.left(2, "int32")),
      ],
    },
    lift: [x, x, b.index(1)],
    stores: [
      { over: "inner", param: 1, index: at, value: b.result(0, 0, "float32") },
      { over: "inner", param: 2, index: at, value: b.result(0, 2, "int32") },
    ],
  };
}

/** table[ids[i], j] += x[i, j] for the s0 columns j and s1 rows i of x; rows whose id is negative are left out. */
export function scatterAdd(b: ExprBuilder): Scatter {
  const columns = b.scalar(0, "int32");
  const id = b.cast(b.load(0, "int64", b.index(1)), "int32");
  return {
    kind: "scatter", name: "scatterAdd", params: [param("int64"), param("float32"), param("float32", "inout")], scalars: ["int32", "int32", "int32"],
    guards: [{ over: "inner", holds: b.lt(id, b.scalar(2, "int32")), message: "scatterAdd: expected ids below the number of rows; check the ids" }],
    outer: [columns], inner: [b.scalar(1, "int32")],
    target: {
      param: 2,
      index: b.add(b.mul(id, columns), b.index(0)),
      value: b.load(1, "float32", b.add(b.mul(b.index(1), columns), b.index(0))),
      combine: b.add(b.left(0, "float32"), b.right(0, "float32")),
      when: b.le(b.int(0), id),
    },
  };
}

/** values, positions = sort(x) along the rows of an [s0, s1] matrix. */
export function sort(b: ExprBuilder, descending = false): Sort {
  const columns = b.scalar(1, "int32");
  const at = b.add(b.mul(b.index(0), columns), b.index(1));
  return {
    kind: "sort", name: "sort", params: [param("float32"), param("float32", "out"), param("int64", "out")], scalars: ["int32", "int32"], guards: [],
    outer: [b.scalar(0, "int32")], inner: [columns], key: b.load(0, "float32", at), descending,
    stores: [
      { over: "inner", param: 1, index: at, value: b.result(0, 0, "float32") },
      { over: "inner", param: 2, index: at, value: b.cast(b.result(0, 1, "int32"), "int64") },
    ],
  };
}
