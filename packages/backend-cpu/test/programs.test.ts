import type { Contraction, Coordinate, DType, Expr, Kernel, Monoid, Operand, Scan, Scatter, Sort } from "@gradus/kernel-ir";
import { dtypeInfo, dtypes, ExprBuilder, GuardError } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { cpu } from "../src/index.js";
import { compare, randomData, runOn, sequence } from "./compare.js";

const lengths = [0, 1, 2, 5, 15, 16, 17, 31, 40, 64, 100, 8200, 16384, 2 * 16384 + 8192 + 37];

function sumOf(b: ExprBuilder, dtype: "float32" | "float64" | "int32" | "int64"): Monoid {
  return { identity: [b.const(0, dtype)], combine: [b.add(b.left(0, dtype), b.right(0, dtype))] };
}
function maxOf(b: ExprBuilder, dtype: "float32" | "float64" | "int32" | "int64"): Monoid {
  const lowest = { float32: -Infinity, float64: -Infinity, int32: -2147483648, int64: -(2n ** 63n) }[dtype];
  return { identity: [b.const(lowest, dtype)], combine: [b.max(b.left(0, dtype), b.right(0, dtype))] };
}

describe("reductions", () => {
  for (const dtype of ["float32", "float64", "int32", "int64", "float16", "bool"] as const) {
    it(`rows of ${dtype}`, () => {
      const compute = dtypeInfo[dtype].compute;
      for (const lanes of [16, 1] as const) {
        const b = new ExprBuilder();
        const columns = b.scalar(1, "int32");
        const x = b.load(0, dtype, b.add(b.mul(b.index(0), columns), b.index(1)));
        const monoid: Monoid =
          compute === "bool" ? { identity: [b.const(true, "bool")], combine: [b.and(b.left(0, "bool"), b.right(0, "bool"))] } : sumOf(b, compute);
        const program: Kernel = {
          kind: "kernel",
          name: "rows",
          guards: [],
          params: [{ dtype, access: "in" }, { dtype, access: "out" }],
          scalars: ["int32", "int32"],
          outer: [b.scalar(0, "int32")],
          inner: [columns],
          reductions: [{ monoid, lift: [x], lanes }],
          stores: [{ over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, compute) }],
        };
        for (const n of lengths) {
          const next = sequence(n);
          const data = randomData(dtype, 2 * n, next).map((v) => (typeof v === "bigint" || Number.isFinite(v) ? v : 0.5));
          expect(compare(program, [data, randomData(dtype, 2, next)], [2, n])).toBeNull();
        }
      }
    });
  }

  it("columns", () => {
    for (const dtype of ["float32", "float64", "int8"] as const) {
      const compute = dtypeInfo[dtype].compute;
      const b = new ExprBuilder();
      const columns = b.scalar(0, "int32");
      const program: Kernel = {
        kind: "kernel",
        name: "columns",
        guards: [],
        params: [{ dtype, access: "in" }, { dtype, access: "out" }],
        scalars: ["int32", "int32"],
        outer: [columns],
        inner: [b.scalar(1, "int32")],
        reductions: [{ monoid: compute === "int32" ? sumOf(b, "int32") : sumOf(b, compute), lift: [b.load(0, dtype, b.add(b.mul(b.index(1), columns), b.index(0)))], lanes: 1 }],
        stores: [{ over: "outer", param: 1, index: b.index(0), value: b.result(0, 0, compute) }],
      };
      for (const [r, c] of [[1, 1], [3, 21], [600, 37], [2, 64], [0, 5]] as const) {
        const next = sequence(r);
        const data = randomData(dtype, r * c, next).map((v) => (Number.isFinite(v) ? v : 0.5));
        expect(compare(program, [data, randomData(dtype, c, next)], [c, r])).toBeNull();
      }
    }
  });

  it("softmax", () => {
    for (const dtype of ["float32", "float64", "bfloat16"] as const) {
      const compute = dtypeInfo[dtype].compute;
      const b = new ExprBuilder();
      const columns = b.scalar(1, "int32");
      const at = b.add(b.mul(b.index(0), columns), b.index(1));
      const x = b.load(0, dtype, at);
      const e = b.exp(b.sub(x, b.result(0, 0, compute)));
      const program: Kernel = {
        kind: "kernel",
        name: "softmax",
        guards: [],
        params: [{ dtype, access: "inout" }],
        scalars: ["int32", "int32"],
        outer: [b.scalar(0, "int32")],
        inner: [columns],
        reductions: [
          { monoid: maxOf(b, compute), lift: [x], lanes: 16 },
          { monoid: sumOf(b, compute), lift: [e], lanes: 16 },
        ],
        stores: [{ over: "inner", param: 0, index: at, value: b.div(e, b.result(1, 0, compute)) }],
      };
      for (const n of lengths.slice(0, 11)) {
        const data = randomData(dtype, 4 * n, sequence(n)).map((v) => (Number.isFinite(v) ? v : 0.5));
        expect(compare(program, [data], [4, n])).toBeNull();
      }
    }
  });

  it("a formula that is both summed and stored, whole and as a part, beside one that is not", () => {
    const b = new ExprBuilder();
    const columns = b.scalar(1, "int32");
    const at = b.add(b.mul(b.index(0), columns), b.index(1));
    const x = b.load(0, "float32", at);
    const e = b.exp(b.sub(x, b.result(0, 0, "float32")));
    const sum = b.result(1, 0, "float32");
    const program: Kernel = {
      kind: "kernel",
      name: "softmax",
      guards: [],
      params: [{ dtype: "float32", access: "in" }, ...[0, 1, 2, 3].map((i) => ({ dtype: i === 3 ? ("float16" as const) : ("float32" as const), access: "out" as const }))],
      scalars: ["int32", "int32"],
      outer: [b.scalar(0, "int32")],
      inner: [columns],
      reductions: [
        { monoid: maxOf(b, "float32"), lift: [x], lanes: 16 },
        { monoid: sumOf(b, "float32"), lift: [e], lanes: 16 },
        { monoid: sumOf(b, "float32"), lift: [b.tanh(b.div(e, sum))], lanes: 16 },
      ],
      stores: [b.div(e, sum), e, b.tanh(b.div(e, sum)), b.mul(e, b.result(2, 0, "float32"))].map((value, i) => ({ over: "inner", param: 1 + i, index: at, value })),
    };
    for (const n of lengths.slice(0, 11)) {
      const data = randomData("float32", 4 * n, sequence(n)).map((v) => (Number.isFinite(v) ? Number(v) % 20 : 0.5));
      expect(compare(program, [data, data, data, data, data.map(() => 0)], [4, n])).toBeNull();
    }
  });

  it("argmax with a tuple, along rows and along columns", () => {
    for (const [lanes, rowStride] of [[16, "columns"], [1, "one"]] as const) {
      const b = new ExprBuilder();
      const [outer, inner] = [b.scalar(0, "int32"), b.scalar(1, "int32")];
      const at = rowStride === "columns" ? b.add(b.mul(b.index(0), inner), b.index(1)) : b.add(b.mul(b.index(1), outer), b.index(0));
      const [lv, li, rv, ri] = [b.left(0, "float32"), b.left(1, "int64"), b.right(0, "float32"), b.right(1, "int64")];
      const take = b.or(b.gt(rv, lv), b.and(b.eq(rv, lv), b.lt(ri, li)));
      const program: Kernel = {
        kind: "kernel",
        name: "argmax",
        guards: [],
        params: [{ dtype: "float32", access: "in" }, { dtype: "int64", access: "out" }, { dtype: "float32", access: "out" }],
        scalars: ["int32", "int32"],
        outer: [outer],
        inner: [inner],
        reductions: [
          {
            monoid: { identity: [b.const(-Infinity, "float32"), b.const(2n ** 62n, "int64")], combine: [b.select(take, rv, lv), b.select(take, ri, li)] },
            lift: [b.load(0, "float32", at), b.cast(b.index(1), "int64")],
            lanes,
          },
        ],
        stores: [
          { over: "outer", param: 1, index: b.index(0), value: b.result(0, 1, "int64") },
          { over: "outer", param: 2, index: b.index(0), value: b.result(0, 0, "float32") },
        ],
      };
      for (const [o, n] of [[1, 1], [5, 17], [23, 40], [9, 0], [1, 9000]] as const) {
        const next = sequence(n);
        expect(compare(program, [randomData("float32", o * n, next), randomData("int64", o, next), randomData("float32", o, next)], [o, n])).toBeNull();
      }
    }
  });

  it("pooling windows", () => {
    const b = new ExprBuilder();
    const [images, height, width] = [b.scalar(0, "int32"), b.scalar(1, "int32"), b.scalar(2, "int32")];
    const inputWidth = b.mul(width, b.int(2));
    const row = b.add(b.mul(b.index(1), b.int(2)), b.index(3));
    const column = b.add(b.mul(b.index(2), b.int(2)), b.index(4));
    const at = b.add(b.mul(b.add(b.mul(b.index(0), b.mul(height, b.int(2))), row), inputWidth), column);
    const program: Kernel = {
      kind: "kernel",
      name: "max pool",
      guards: [],
      params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
      scalars: ["int32", "int32", "int32"],
      outer: [images, height, width],
      inner: [b.int(2), b.int(2)],
      reductions: [{ monoid: maxOf(b, "float32"), lift: [b.load(0, "float32", at)], lanes: 1 }],
      stores: [{ over: "outer", param: 1, index: b.add(b.mul(b.add(b.mul(b.index(0), height), b.index(1)), width), b.index(2)), value: b.result(0, 0, "float32") }],
    };
    for (const [n, h, w] of [[2, 3, 5], [1, 14, 14], [3, 1, 33]] as const) {
      const next = sequence(w);
      expect(compare(program, [randomData("float32", n * h * w * 4, next), randomData("float32", n * h * w, next)], [n, h, w])).toBeNull();
    }
  });
});

describe("guards", () => {
  it("name what does not hold, and keep bad indices from being read", () => {
    const b = new ExprBuilder();
    const id = b.load(0, "int64", b.index(0));
    const holds = b.and(b.le(b.const(0, "int64"), id), b.lt(id, b.const(10, "int64")));
    const width = b.scalar(1, "int32");
    const row = b.mul(b.cast(id, "int32"), width);
    const program: Kernel = {
      kind: "kernel",
      name: "embedding",
      params: [{ dtype: "int64", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
      scalars: ["int32", "int32"],
      guards: [{ over: "outer", holds, message: "embedding: expected ids in [0, 10)" }],
      outer: [b.scalar(0, "int32"), width],
      inner: [],
      reductions: [],
      stores: [{ over: "outer", param: 2, index: b.add(b.mul(b.index(0), width), b.index(1)), value: b.load(1, "float32", b.add(row, b.index(1))) }],
    };
    const next = sequence(1);
    const data = [[3, 9, 0, 1], randomData("float32", 70, next), randomData("float32", 28, next)] as const;
    expect(compare(program, data, [4, 7])).toBeNull();
    for (const device of [cpu(), cpu({ checkBounds: true })]) {
      for (const bad of [10, -1, 2 ** 40]) {
        const failing = (): unknown => runOn(device, program, [[3, bad, 0, 1], data[1], data[2]], [4, 7]);
        expect(failing).toThrow(GuardError);
        expect(failing).toThrow("embedding: expected ids in [0, 10)");
      }
    }
  });
});

const coordinate = (b: ExprBuilder, terms: readonly (readonly [number, Expr])[], stride: Expr, rest: Partial<Coordinate> = {}): Coordinate => ({
  terms: terms.map(([axis, scale]) => ({ axis, scale })),
  shift: b.int(0),
  divisor: b.int(1),
  extent: null,
  stride,
  ...rest,
});

describe("contractions", () => {
  const one = (b: ExprBuilder): Expr => b.int(1);
  function matmul(b: ExprBuilder, dtype: DType, layout: "nn" | "nt" | "tn" | "tt"): Contraction {
    const [m, n, k] = [b.scalar(0, "int32"), b.scalar(1, "int32"), b.scalar(2, "int32")];
    const compute = dtypeInfo[dtype].compute;
    const along = (axis: number, stride: Expr): Coordinate => coordinate(b, [[axis, one(b)]], stride);
    const left: Operand = { param: 0, offset: b.int(0), prologue: null, coordinates: layout[0] === "n" ? [along(0, k), along(2, one(b))] : [along(2, m), along(0, one(b))] };
    const right: Operand = { param: 1, offset: b.int(0), prologue: null, coordinates: layout[1] === "n" ? [along(2, n), along(1, one(b))] : [along(1, k), along(2, one(b))] };
    return {
      kind: "contraction",
      name: "matmul",
      guards: [],
      params: [{ dtype, access: "in" }, { dtype, access: "in" }, { dtype, access: "out" }],
      scalars: ["int32", "int32", "int32"],
      axes: [{ role: "m", extent: m }, { role: "n", extent: n }, { role: "k", extent: k }],
      left,
      right,
      dtype: compute,
      stores: [{ over: "outer", param: 2, index: b.add(b.mul(b.index(0), n), b.index(1)), value: b.result(0, 0, compute) }],
    };
  }
  for (const dtype of dtypes) {
    it(`matrix products of ${dtype}`, () => {
      for (const layout of ["nn", "nt", "tn", "tt"] as const) {
        const b = new ExprBuilder();
        const program = matmul(b, dtype, layout);
        for (const [m, n, k] of [[1, 1, 1], [5, 7, 3], [4, 12, 16], [13, 30, 9], [6, 5, 0], [33, 17, 40], [2, 50, 10], [1, 37, 5], [29, 1, 12]] as const) {
          const next = sequence(m * n);
          const data = [randomData(dtype, m * k, next), randomData(dtype, k * n, next), randomData(dtype, m * n, next)];
          expect(compare(program, data, [m, n, k])).toBeNull();
        }
      }
    });
  }

  // Against sums in the same order, in plain loops: the interpreter would take minutes.
  it("long sums, many rows and many columns", () => {
    const device = cpu({ relaxed: false });
    for (const dtype of ["float32", "float64", "int32"] as const) {
      for (const layout of dtype === "float32" ? (["nn", "nt", "tn", "tt"] as const) : (["tt"] as const)) {
        const program = matmul(new ExprBuilder(), dtype, layout);
        for (const [m, n, k] of [[3, 5, 1300], [5, 37, 700], [280, 66, 512], [26, 66, 1025]] as const) {
          const next = sequence(m + k);
          const numbers = (length: number): number[] => Array.from({ length }, () => (dtype === "int32" ? Math.floor(next() * 200) : Math.fround(next() - 0.5)));
          const [x, y] = [numbers(m * k), numbers(k * n)];
          const expected = Array.from({ length: m * n }, (_, at) => {
            const [i, j] = [Math.floor(at / n), at % n];
            let sum = 0;
            for (let l = 0; l < k; l++) {
              const term = (x[layout[0] === "n" ? i * k + l : l * m + i] ?? 0) * (y[layout[1] === "n" ? l * n + j : j * k + l] ?? 0);
              sum = dtype === "float32" ? Math.fround(sum + Math.fround(term)) : sum + term;
            }
            return sum;
          });
          const got = runOn(device, program, [x, y, new Array<number>(m * n).fill(0)], [m, n, k])[2] ?? [];
          expect(expected.findIndex((value, at) => got[at] !== value)).toBe(-1);
        }
      }
    }
  });

  it("convolution, forward and backward", () => {
    // x [B, C, H, W], w [O, C, kh, kw], y [B, O, OH, OW]
    for (const { stride, padding, dilation, size } of [
      { stride: 1, padding: 0, dilation: 1, size: [2, 2, 6, 8, 4, 3, 3] },
      { stride: 1, padding: 2, dilation: 1, size: [2, 1, 9, 12, 6, 5, 5] },
      { stride: 2, padding: 1, dilation: 1, size: [2, 2, 9, 11, 3, 3, 3] },
      // Enough output channels for the weights' gradient to take all columns together, and a sum of more than one block.
      { stride: 1, padding: 1, dilation: 1, size: [20, 2, 6, 6, 9, 3, 3] },
      { stride: 1, padding: 1, dilation: 2, size: [1, 2, 9, 11, 5, 3, 2] },
    ] as const) {
      const [B, C, H, W, O, KH, KW] = size;
      const out = (n: number, k: number): number => Math.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
      const [OH, OW] = [out(H, KH), out(W, KW)];
      const next = sequence(7);
      const [x, w, y] = [randomData("float32", B * C * H * W, next), randomData("float32", O * C * KH * KW, next), randomData("float32", B * O * OH * OW, next)];
      const plain = (data: readonly (number | bigint)[]): number[] => data.map((v) => (Number.isFinite(Number(v)) ? Number(v) : 0.25));
      const scalars = [B, C, H, W, O, KH, KW, OH, OW];
      const make = (): { b: ExprBuilder; s: Record<"B" | "C" | "H" | "W" | "O" | "KH" | "KW" | "OH" | "OW", Expr> } => {
        const b = new ExprBuilder();
        const names = ["B", "C", "H", "W", "O", "KH", "KW", "OH", "OW"] as const;
        return { b, s: Object.fromEntries(names.map((name, i) => [name, b.scalar(i, "int32")])) as never };
      };
      {
        // forward: axes b, o (m), oh, ow (n), c, kh, kw (k)
        const { b, s } = make();
        const i = (v: number): Expr => b.int(v);
        const program: Contraction = {
          kind: "contraction", name: "conv2d", guards: [], dtype: "float32",
          params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
          scalars: scalars.map(() => "int32" as const),
          axes: [
            { role: "n", extent: s.B }, { role: "m", extent: s.O }, { role: "n", extent: s.OH }, { role: "n", extent: s.OW },
            { role: "k", extent: s.C }, { role: "k", extent: s.KH }, { role: "k", extent: s.KW },
          ],
          left: { param: 1, offset: i(0), prologue: null, coordinates: [
            coordinate(b, [[1, i(1)]], b.mul(s.C, b.mul(s.KH, s.KW))), coordinate(b, [[4, i(1)]], b.mul(s.KH, s.KW)), coordinate(b, [[5, i(1)]], s.KW), coordinate(b, [[6, i(1)]], i(1)),
          ] },
          right: { param: 0, offset: i(0), prologue: null, coordinates: [
            coordinate(b, [[0, i(1)]], b.mul(s.C, b.mul(s.H, s.W))), coordinate(b, [[4, i(1)]], b.mul(s.H, s.W)),
            coordinate(b, [[2, i(stride)], [5, i(dilation)]], s.W, { shift: i(-padding), extent: s.H }),
            coordinate(b, [[3, i(stride)], [6, i(dilation)]], i(1), { shift: i(-padding), extent: s.W }),
          ] },
          stores: [{ over: "outer", param: 3,
            index: b.add(b.mul(b.add(b.mul(b.add(b.mul(b.index(0), s.O), b.index(1)), s.OH), b.index(2)), s.OW), b.index(3)),
            value: b.max(b.add(b.result(0, 0, "float32"), b.load(2, "float32", b.index(1))), b.const(0, "float32")) }],
        };
        expect(compare(program, [plain(x), plain(w), plain(randomData("float32", O, next)), y], scalars)).toBeNull();
      }
      {
        // weight gradient: o (m), c, kh, kw (n), b, oh, ow (k)
        const { b, s } = make();
        const i = (v: number): Expr => b.int(v);
        const program: Contraction = {
          kind: "contraction", name: "conv2d weight gradient", guards: [], dtype: "float32",
          params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "inout" }],
          scalars: scalars.map(() => "int32" as const),
          axes: [
            { role: "m", extent: s.O }, { role: "n", extent: s.C }, { role: "n", extent: s.KH }, { role: "n", extent: s.KW },
            { role: "k", extent: s.B }, { role: "k", extent: s.OH }, { role: "k", extent: s.OW },
          ],
          left: { param: 1, offset: i(0), prologue: null, coordinates: [
            coordinate(b, [[4, i(1)]], b.mul(s.O, b.mul(s.OH, s.OW))), coordinate(b, [[0, i(1)]], b.mul(s.OH, s.OW)), coordinate(b, [[5, i(1)]], s.OW), coordinate(b, [[6, i(1)]], i(1)),
          ] },
          right: { param: 0, offset: i(0), prologue: null, coordinates: [
            coordinate(b, [[4, i(1)]], b.mul(s.C, b.mul(s.H, s.W))), coordinate(b, [[1, i(1)]], b.mul(s.H, s.W)),
            coordinate(b, [[5, i(stride)], [2, i(dilation)]], s.W, { shift: i(-padding), extent: s.H }),
            coordinate(b, [[6, i(stride)], [3, i(dilation)]], i(1), { shift: i(-padding), extent: s.W }),
          ] },
          stores: (() => {
            const at = b.add(b.mul(b.add(b.mul(b.add(b.mul(b.index(0), s.C), b.index(1)), s.KH), b.index(2)), s.KW), b.index(3));
            return [{ over: "outer" as const, param: 2, index: at, value: b.add(b.load(2, "float32", at), b.result(0, 0, "float32")) }];
          })(),
        };
        expect(compare(program, [plain(x), plain(y), plain(w)], scalars)).toBeNull();
      }
      {
        // input gradient: b, h, w (n), c (m), o, kh, kw (k)
        const { b, s } = make();
        const i = (v: number): Expr => b.int(v);
        const program: Contraction = {
          kind: "contraction", name: "conv2d input gradient", guards: [], dtype: "float32",
          params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
          scalars: scalars.map(() => "int32" as const),
          axes: [
            { role: "n", extent: s.B }, { role: "m", extent: s.C }, { role: "n", extent: s.H }, { role: "n", extent: s.W },
            { role: "k", extent: s.O }, { role: "k", extent: s.KH }, { role: "k", extent: s.KW },
          ],
          left: { param: 0, offset: i(0), prologue: null, coordinates: [
            coordinate(b, [[4, i(1)]], b.mul(s.C, b.mul(s.KH, s.KW))), coordinate(b, [[1, i(1)]], b.mul(s.KH, s.KW)), coordinate(b, [[5, i(1)]], s.KW), coordinate(b, [[6, i(1)]], i(1)),
          ] },
          right: { param: 1, offset: i(0), prologue: null, coordinates: [
            coordinate(b, [[0, i(1)]], b.mul(s.O, b.mul(s.OH, s.OW))), coordinate(b, [[4, i(1)]], b.mul(s.OH, s.OW)),
            coordinate(b, [[2, i(1)], [5, i(-dilation)]], s.OW, { shift: i(padding), extent: s.OH, divisor: i(stride) }),
            coordinate(b, [[3, i(1)], [6, i(-dilation)]], i(1), { shift: i(padding), extent: s.OW, divisor: i(stride) }),
          ] },
          stores: [{ over: "outer", param: 2,
            index: b.add(b.mul(b.add(b.mul(b.add(b.mul(b.index(0), s.C), b.index(1)), s.H), b.index(2)), s.W), b.index(3)),
            value: b.result(0, 0, "float32") }],
        };
        expect(compare(program, [plain(w), plain(y), x], scalars)).toBeNull();
      }
    }
  });
});

describe("routines", () => {
  it("scan", () => {
    for (const dtype of ["float32", "int64", "float64"] as const) {
      const b = new ExprBuilder();
      const columns = b.scalar(1, "int32");
      const at = b.add(b.mul(b.index(0), columns), b.index(1));
      const program: Scan = {
        kind: "scan",
        name: "cumulative sum",
        guards: [],
        params: [{ dtype, access: "in" }, { dtype, access: "out" }],
        scalars: ["int32", "int32"],
        outer: [b.scalar(0, "int32")],
        inner: [columns],
        monoid: sumOf(b, dtype),
        lift: [b.load(0, dtype, at)],
        stores: [{ over: "inner", param: 1, index: at, value: b.result(0, 0, dtype) }],
      };
      for (const n of [0, 1, 5, 33]) {
        const data = randomData(dtype, 3 * n, sequence(n));
        expect(compare(program, [data, data], [2, n])).toBeNull();
      }
    }
  });

  it("scatter: sums in source order, the last write wins, and a condition", () => {
    for (const [combined, conditional] of [[true, false], [false, false], [true, true]] as const) {
      const b = new ExprBuilder();
      const value = b.load(1, "float32", b.index(0));
      const place = b.cast(b.load(0, "int64", b.index(0)), "int32");
      const program: Scatter = {
        kind: "scatter",
        name: "scatter",
        guards: [],
        params: [{ dtype: "int64", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: combined ? "inout" : "out" }],
        scalars: ["int32"],
        outer: [],
        inner: [b.scalar(0, "int32")],
        target: {
          param: 2,
          index: place,
          value,
          combine: combined ? b.add(b.left(0, "float32"), b.right(0, "float32")) : null,
          when: conditional ? b.lt(value, b.const(0, "float32")) : null,
        },
      };
      const next = sequence(4);
      const places = Array.from({ length: 60 }, () => Math.floor(next() * 20));
      expect(compare(program, [places, randomData("float32", 60, next), randomData("float32", 20, next)], [60])).toBeNull();
    }
  });

  /** Axes of `rows` and `columns` (scalars 0 and 1), row-major. The inner axis is the rows; the outer one is contiguous, so that lanes run along it. */
  const downColumns = (b: ExprBuilder): { readonly rows: Expr; readonly columns: Expr; readonly at: Expr } => {
    const [rows, columns] = [b.scalar(0, "int32"), b.scalar(1, "int32")];
    return { rows, columns, at: b.add(b.mul(b.index(1), columns), b.index(0)) };
  };
  const shapes = [[0, 5], [1, 1], [7, 3], [5, 4], [6, 17], [9, 33]] as const;

  it("scan down columns", () => {
    for (const dtype of dtypes) {
      const b = new ExprBuilder();
      const { rows, columns, at } = downColumns(b);
      const compute = dtypeInfo[dtype].compute;
      const [left, right] = [b.left(0, compute), b.right(0, compute)];
      // The largest so far and the row it came from.
      const later = compute === "bool" ? b.and(right, b.not(left)) : b.lt(left, right);
      const program: Scan = {
        kind: "scan",
        name: "running maximum",
        guards: [],
        params: [{ dtype, access: "in" }, { dtype, access: "out" }, { dtype: "int64", access: "out" }],
        scalars: ["int32", "int32"],
        outer: [columns],
        inner: [rows],
        monoid: { identity: [b.const(0, compute), b.int(-1)], combine: [b.select(later, right, left), b.select(later, b.right(1, "int32"), b.left(1, "int32"))] },
        lift: [b.load(0, dtype, at), b.index(1)],
        stores: [
          { over: "inner", param: 1, index: at, value: b.result(0, 0, compute) },
          { over: "inner", param: 2, index: at, value: b.cast(b.result(0, 1, "int32"), "int64") },
        ],
      };
      for (const [r, c] of shapes) {
        const next = sequence(r + c);
        expect(compare(program, [randomData(dtype, r * c, next), randomData(dtype, r * c, next), randomData("int64", r * c, next)], [r, c])).toBeNull();
      }
    }
  });

  it("scatter: whole rows, and an index for each element", () => {
    const targets = 4;
    for (const dtype of dtypes) {
      for (const [rowIndex, combined] of [[true, true], [false, true], [true, false], [false, false]] as const) {
        const b = new ExprBuilder();
        const { rows, columns, at } = downColumns(b);
        const compute = dtypeInfo[dtype].compute;
        const row = b.cast(b.load(0, "int64", rowIndex ? b.index(1) : at), "int32");
        const [left, right] = [b.left(0, compute), b.right(0, compute)];
        const program: Scatter = {
          kind: "scatter",
          name: "scatter",
          guards: [{ over: "inner", holds: b.lt(row, b.int(targets)), message: "index out of range" }],
          params: [{ dtype: "int64", access: "in" }, { dtype, access: "in" }, { dtype, access: "inout" }],
          scalars: ["int32", "int32"],
          outer: [columns],
          inner: [rows],
          target: {
            param: 2,
            index: b.add(b.mul(row, columns), b.index(0)),
            value: b.load(1, dtype, at),
            combine: combined ? (compute === "bool" ? b.or(left, right) : b.add(left, right)) : null,
            when: null,
          },
        };
        for (const [r, c] of shapes) {
          const next = sequence(10 * r + c);
          const places = Array.from({ length: r * c }, () => Math.floor(next() * targets));
          expect(compare(program, [places, randomData(dtype, r * c, next), randomData(dtype, targets * c, next)], [r, c])).toBeNull();
        }
        expect(() => compare(program, [[0, targets, 1, targets, 0, 0, 0, 0, 0, 0], randomData(dtype, 10, sequence(1)), randomData(dtype, 5 * targets, sequence(2))], [2, 5])).toThrow("index out of range");
      }
    }
  });

  it("sort", () => {
    for (const dtype of dtypes) {
      for (const descending of [false, true]) {
        const b = new ExprBuilder();
        const columns = b.scalar(1, "int32");
        const compute = dtypeInfo[dtype].compute;
        const at = b.add(b.mul(b.index(0), columns), b.index(1));
        const program: Sort = {
          kind: "sort",
          name: "sort",
          guards: [],
          params: [{ dtype, access: "in" }, { dtype, access: "out" }, { dtype: "int64", access: "out" }],
          scalars: ["int32", "int32"],
          outer: [b.scalar(0, "int32")],
          inner: [columns],
          key: b.load(0, dtype, at),
          descending,
          stores: [
            { over: "inner", param: 1, index: at, value: b.result(0, 0, compute) },
            { over: "inner", param: 2, index: at, value: b.cast(b.result(0, 1, "int32"), "int64") },
          ],
        };
        for (const n of [0, 1, 2, 3, 8, 31, 100]) {
          const next = sequence(n);
          expect(compare(program, [randomData(dtype, 2 * n, next), randomData(dtype, 2 * n, next), randomData("int64", 2 * n, next)], [2, n])).toBeNull();
        }
      }
    }
  });
});
