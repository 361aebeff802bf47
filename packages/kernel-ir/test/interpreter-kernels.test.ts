import type { DType, Expr, Kernel } from "@gradus/kernel-ir";
import { dtypes, ExprBuilder, reductionChunk } from "@gradus/kernel-ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { execute, f } from "./support/execute.js";
import { add, argmax, layerNorm, softmax, sum } from "./support/samples.js";

const numbers = (count: number, seed = 1): number[] => Array.from({ length: count }, (_, i) => f(Math.sin(i * 12.9898 + seed) * 3));

describe("maps", () => {
  it.each(dtypes)("add elements of %s", (dtype) => {
    const lift = (values: number[]): (number | bigint)[] => (dtype === "int64" ? values.map(BigInt) : values);
    if (dtype === "bool") return;
    expect(execute(add(new ExprBuilder(), dtype), [lift([1, 2, 3]), lift([10, 20, 30]), 3], [3])[2]).toEqual(lift([11, 22, 33]));
  });

  it("store what a narrow type makes of a value", () => {
    const b = new ExprBuilder();
    const store = (param: number, dtype: DType, value: Expr) => ({ dtype, store: { over: "outer" as const, param, index: b.index(0), value } });
    const [x, n] = [b.load(0, "float32", b.index(0)), b.load(1, "int32", b.index(0))];
    const outputs = [
      store(2, "float16", x), store(3, "bfloat16", x), store(4, "int8", n), store(5, "uint8", n), store(6, "int16", n),
      store(7, "int32", b.cast(x, "int32")), store(8, "int64", b.cast(x, "int64")), store(9, "bool", b.cast(x, "bool")),
    ];
    const kernel: Kernel = {
      kind: "kernel", name: "narrow", scalars: [], guards: [], outer: [b.int(6)], inner: [], reductions: [],
      params: [{ dtype: "float32", access: "in" }, { dtype: "int32", access: "in" }, ...outputs.map(({ dtype }) => ({ dtype, access: "out" as const }))],
      stores: outputs.map(({ store }) => store),
    };
    const results = execute(kernel, [[1.0009765625 + 2 ** -12, -2.7, NaN, 3e9, -Infinity, -0], [127, 128, -129, 256, 40000, -1], 6, 6, 6, 6, 6, 6, 6, 6]);
    expect(results.slice(2)).toEqual([
      [1.0009765625, -2.69921875, NaN, Infinity, -Infinity, -0],
      [1, -2.703125, NaN, 3_003_121_664, -Infinity, -0],
      [127, -128, 127, 0, 64, -1],
      [127, 128, 127, 0, 64, 255],
      [127, 128, -129, 256, -25536, -1],
      [1, -2, 0, 2 ** 31 - 1, -(2 ** 31), 0],
      [1n, -2n, 0n, 3_000_000_000n, -(2n ** 63n), 0n],
      [1, 1, 1, 1, 1, 0],
    ]);
  });

  it("read nothing where a predicate does not hold", () => {
    const b = new ExprBuilder();
    const at = b.sub(b.index(0), b.int(2));
    const inside = b.and(b.le(b.int(0), at), b.lt(at, b.int(3)));
    const kernel: Kernel = {
      kind: "kernel", name: "pad", params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }], scalars: ["float32"], guards: [],
      outer: [b.int(6)], inner: [], reductions: [],
      stores: [{ over: "outer", param: 1, index: b.index(0), value: b.load(0, "float32", at, { when: inside, otherwise: b.scalar(0, "float32") }) }],
    };
    expect(execute(kernel, [[1, 2, 3], 6], [9])[1]).toEqual([9, 9, 1, 2, 3, 9]);
  });

  it("read an inout parameter before they replace it", () => {
    const b = new ExprBuilder();
    const at = b.sub(b.int(3), b.index(0));
    const kernel: Kernel = {
      kind: "kernel", name: "double", params: [{ dtype: "int32", access: "inout" }], scalars: [], guards: [], outer: [b.int(4)], inner: [], reductions: [],
      stores: [{ over: "outer", param: 0, index: at, value: b.mul(b.load(0, "int32", at), b.int(2)) }],
    };
    expect(execute(kernel, [[1, 2, 3, 4]])[0]).toEqual([2, 4, 6, 8]);
  });

  it("do nothing for an empty space, and once for no space at all", () => {
    expect(execute(add(new ExprBuilder()), [[], [], 0], [0])[2]).toEqual([]);
    const b = new ExprBuilder();
    const once: Kernel = { ...add(b), outer: [], stores: [{ over: "outer", param: 2, index: b.int(0), value: b.const(7, "float32") }] };
    expect(execute(once, [[], [], 1], [0])[2]).toEqual([7]);
  });
});

describe("reductions", () => {
  it("make softmax", () => {
    const [rows, columns] = [3, 37];
    const x = numbers(rows * columns);
    const [, result] = execute(softmax(new ExprBuilder()), [x, rows * columns], [rows, columns]);
    for (let row = 0; row < rows; row++) {
      const exponentials = x.slice(row * columns, (row + 1) * columns).map(Math.exp);
      const total = exponentials.reduce((a, e) => a + e, 0);
      exponentials.forEach((e, i) => expect(result?.[row * columns + i]).toBeCloseTo(e / total, 6));
    }
  });

  it("make layer norm with its statistics, from two reductions", () => {
    const [rows, columns, epsilon] = [4, 21, 1e-5];
    const x = numbers(rows * columns, 5);
    const [, out, means, inverses] = execute(layerNorm(new ExprBuilder()), [x, x.length, rows, rows], [rows, columns, epsilon]);
    for (let row = 0; row < rows; row++) {
      const values = x.slice(row * columns, (row + 1) * columns);
      const mean = values.reduce((a, v) => a + v, 0) / columns;
      const inverse = 1 / Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / columns + epsilon);
      expect(means?.[row]).toBeCloseTo(mean, 6);
      expect(inverses?.[row]).toBeCloseTo(inverse, 6);
      values.forEach((v, i) => expect(out?.[row * columns + i]).toBeCloseTo((v - mean) * inverse, 5));
    }
  });

  it("find the largest and its place: the first of equals, the first NaN, and for no elements the identity", () => {
    const rows = [[3, 9, 9, 1], [-Infinity, -5, -7, -5], [1, NaN, 8, NaN], [-0, 0, -0, 0]];
    const [, values, places] = execute(argmax(new ExprBuilder()), [rows.flat(), 4, 4], [4, 4]);
    expect(values).toEqual([9, -5, NaN, -0]);
    expect(places).toEqual([1n, 1n, 1n, 0n]);
    expect(execute(argmax(new ExprBuilder()), [[], 2, 2], [2, 0]).slice(1)).toEqual([[-Infinity, -Infinity], [2n ** 31n - 1n, 2n ** 31n - 1n]]);
  });

  /** The order of `Reduction`, written down a second time. */
  function reduceInOrder<T>(x: readonly T[], rows: number, columns: number, lanes: number, identity: T, combine: (left: T, right: T) => T): T {
    const full = columns - (columns % lanes);
    let total = new Array<T>(lanes).fill(identity);
    let tail = identity;
    for (let row = 0; row < rows; row++) {
      const line = x.slice(row * columns, (row + 1) * columns);
      for (let from = 0; from < full; from += reductionChunk * lanes) {
        const partial = new Array<T>(lanes).fill(identity);
        line.slice(from, Math.min(full, from + reductionChunk * lanes)).forEach((value, i) => (partial[i % lanes] = combine(partial[i % lanes] ?? identity, value)));
        total = total.map((sum, lane) => combine(sum, partial[lane] ?? identity));
      }
      tail = line.slice(full).reduce(combine, tail);
    }
    while (total.length > 1) {
      const half = total.length / 2;
      total = total.slice(0, half).map((sum, lane) => combine(sum, total[lane + half] ?? identity));
    }
    return lanes === 1 ? (total[0] ?? identity) : combine(total[0] ?? identity, tail);
  }
  const plus = (a: number, v: number): number => f(a + v);
  const shapes = fc.record({ rows: fc.integer({ min: 0, max: 3 }), columns: fc.integer({ min: 0, max: 70 }), lanes: fc.constantFrom(1 as const, 16 as const), seed: fc.integer() });

  it("add in the order that a program means", () => {
    fc.assert(
      fc.property(shapes, ({ rows, columns, lanes, seed }) => {
        const x = numbers(rows * columns, seed).map((v) => f(v * 10 ** (v % 4)));
        expect(execute(sum(new ExprBuilder(), lanes), [x, 1], [1, rows, columns])[1]).toEqual([reduceInOrder(x, rows, columns, lanes, 0, plus)]);
      }),
      { numRuns: 60 },
    );
  });

  it("keep left and right apart", () => {
    // Maps x → a·x + b, applied one after the other: associative, and not commutative.
    const [b, int] = [new ExprBuilder(), (x: number): number => x | 0];
    const [la, lb, ra, rb] = [b.left(0, "int32"), b.left(1, "int32"), b.right(0, "int32"), b.right(1, "int32")];
    const at = b.add(b.mul(b.index(0), b.scalar(1, "int32")), b.index(1));
    const compose = (lanes: 1 | 16): Kernel => ({
      kind: "kernel", name: "compose", scalars: ["int32", "int32"], guards: [], outer: [], inner: [b.scalar(0, "int32"), b.scalar(1, "int32")],
      params: [{ dtype: "int32", access: "in" }, { dtype: "int32", access: "in" }, { dtype: "int32", access: "out" }],
      reductions: [{
        monoid: { identity: [b.int(1), b.int(0)], combine: [b.mul(la, ra), b.add(b.mul(lb, ra), rb)] },
        lift: [b.load(0, "int32", at), b.load(1, "int32", at)], lanes,
      }],
      stores: [0, 1].map((slot) => ({ over: "outer", param: 2, index: b.int(slot), value: b.result(0, slot, "int32") })),
    });
    fc.assert(
      fc.property(shapes, ({ rows, columns, lanes, seed }) => {
        const maps = Array.from({ length: rows * columns }, (_, i) => [((i * 7 + seed) % 5) | 1, ((i * 3 + seed) % 11) | 0] as const);
        const after = ([a, c]: readonly [number, number], [d, e]: readonly [number, number]): readonly [number, number] => [Math.imul(a, d), int(Math.imul(c, d) + e)];
        const expected = reduceInOrder(maps, rows, columns, lanes, [1, 0] as const, after);
        expect(execute(compose(lanes), [maps.map(([a]) => a), maps.map(([, c]) => c), 2], [rows, columns])[2]).toEqual([...expected]);
      }),
      { numRuns: 60 },
    );
  });

  it.each([[1, 2 * reductionChunk + 5], [16, 16 * reductionChunk + 21]] as const)("fold partial results in chunks (%i lanes, %i elements)", (lanes, columns) => {
    const x = numbers(columns);
    const expected = reduceInOrder(x, 1, columns, lanes, 0, plus);
    expect(execute(sum(new ExprBuilder(), lanes), [x, 1], [1, 1, columns])[1]).toEqual([expected]);
    // The order is seen in the result: without chunks it would be another.
    expect(expected).not.toBe(x.reduce(plus, 0));
  });
});

describe("guards", () => {
  it("stop a program with the op's message", () => {
    const b = new ExprBuilder();
    const kernel: Kernel = {
      ...add(b),
      guards: [{ over: "outer", holds: b.lt(b.load(0, "float32", b.index(0)), b.const(5, "float32")), message: "add: expected numbers below 5; clamp them" }],
    };
    expect(execute(kernel, [[1, 2], [1, 1], 2], [2])[2]).toEqual([2, 3]);
    expect(() => execute(kernel, [[1, 7], [1, 1], 2], [2])).toThrow("add: expected numbers below 5; clamp them");
  });

  it("are checked before what they guard is stored", () => {
    const b = new ExprBuilder();
    const at = b.add(b.mul(b.index(0), b.int(2)), b.index(1));
    const place = b.load(0, "int32", at);
    const kernel: Kernel = {
      kind: "kernel", name: "put", params: [{ dtype: "int32", access: "in" }, { dtype: "int32", access: "out" }], scalars: [],
      guards: [{ over: "inner", holds: b.lt(place, b.int(4)), message: "put: expected places in [0, 4)" }],
      outer: [b.int(2)], inner: [b.int(2)], reductions: [],
      stores: [{ over: "inner", param: 1, index: place, value: b.int(1) }],
    };
    expect(execute(kernel, [[3, 0, 2, 1], 4])[1]).toEqual([1, 1, 1, 1]);
    expect(() => execute(kernel, [[3, 0, 99, 1], 4])).toThrow("put: expected places in [0, 4)");
  });
});
