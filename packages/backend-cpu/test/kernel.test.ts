import type { AluOp, ComputeDType, DType, Expr, Kernel, Store } from "@gradus/kernel-ir";
import { aluOps, dtypeInfo, dtypes, ExprBuilder } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { compare, compareBytes, randomData, sequence } from "./compare.js";

const base = { guards: [], inner: [], reductions: [] } as const;

/** out[i] = value(i) over one axis of `n` points, which is scalar 0. */
function pointwise(name: string, b: ExprBuilder, ins: readonly DType[], out: DType, value: (load: (i: number) => Expr) => Expr): Kernel {
  const i = b.index(0);
  const stores: Store[] = [{ over: "outer", param: ins.length, index: i, value: value((p) => b.load(p, ins[p] ?? "float32", i)) }];
  return {
    kind: "kernel",
    name,
    ...base,
    params: [...ins.map((dtype) => ({ dtype, access: "in" as const })), { dtype: out, access: "out" }],
    scalars: ["int32"],
    outer: [b.scalar(0, "int32")],
    stores,
  };
}

const holderOf: Readonly<Record<ComputeDType, DType>> = { float64: "float64", float32: "float32", int64: "int64", int32: "int32", bool: "bool" };
const kinds = { number: ["float64", "float32", "int64", "int32"], float: ["float64", "float32"], int: ["int64", "int32"], bits: ["int64", "int32", "bool"], any: ["float64", "float32", "int64", "int32", "bool"] } as const;

describe("operations", () => {
  const lowered = new Set<AluOp>(["pow"]);
  for (const op of Object.keys(aluOps) as AluOp[]) {
    for (const dtype of kinds[aluOps[op].takes]) {
      if (dtype === "float32" && lowered.has(op)) continue;
      it(`${op} of ${dtype}`, () => {
        const b = new ExprBuilder();
        const { arity, gives } = aluOps[op];
        const holder = holderOf[dtype];
        const program = pointwise(op, b, Array.from({ length: arity }, () => holder), gives === "bool" ? "bool" : holder, (load) =>
          b.alu(op, ...Array.from({ length: arity }, (_, p) => load(p))),
        );
        const next = sequence(1);
        const n = 461;
        const data = Array.from({ length: arity }, () => randomData(holder, n, next));
        expect(compare(program, [...data, randomData(program.params[arity]?.dtype ?? holder, n, next)], [n])).toBeNull();
      });
    }
  }
});

describe("choices", () => {
  for (const dtype of ["float64", "float32", "int64", "int32"] as const) {
    it.each([
      ["the larger", (b: ExprBuilder, x: Expr, y: Expr) => b.select(b.lt(x, y), y, x)],
      ["the smaller", (b: ExprBuilder, x: Expr, y: Expr) => b.select(b.lt(x, y), x, y)],
      ["neither", (b: ExprBuilder, x: Expr, y: Expr) => b.select(b.lt(x, y), y, y)],
      ["a bounded one", (b: ExprBuilder, x: Expr) => b.select(b.lt(x, b.like(-1, x)), b.like(-1, x), x)],
    ] as const)(`%s of two values of ${dtype}`, (_, choose) => {
      const b = new ExprBuilder();
      const program = pointwise("choose", b, [dtype, dtype], dtype, (load) => choose(b, load(0), load(1)));
      const next = sequence(5);
      const n = 2003;
      expect(compare(program, [0, 1, 2].map(() => randomData(dtype, n, next)), [n])).toBeNull();
    });
  }
});

describe("bounds", () => {
  it.each([0, -0, 2.5, -1, Infinity, NaN])("not below and not above the literal %d", (bound) => {
    for (const dtype of ["float64", "float32"] as const) {
      const b = new ExprBuilder();
      const n = 2003;
      for (const op of ["min", "max"] as const) {
        for (const swapped of [false, true]) {
          const program = pointwise(op, b, [dtype], dtype, (load) => (swapped ? b.alu(op, b.const(bound, dtype), load(0)) : b.alu(op, load(0), b.const(bound, dtype))));
          expect(compare(program, [randomData(dtype, n, sequence(5)), randomData(dtype, n, sequence(6))], [n])).toBeNull();
        }
      }
    }
  });
});

describe("conversions", () => {
  for (const from of dtypes) {
    for (const to of dtypes) {
      it(`${from} to ${to}`, () => {
        const b = new ExprBuilder();
        const program = pointwise("cast", b, [from], to, (load) => b.cast(load(0), dtypeInfo[to].compute));
        const n = 333;
        expect(compare(program, [randomData(from, n, sequence(2)), randomData(to, n, sequence(3))], [n])).toBeNull();
      });
    }
  }
  it("every float16 and bfloat16", () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const b = new ExprBuilder();
      const program = pointwise("widen", b, [dtype], "float32", (load) => load(0));
      const every = new Uint8Array(new Uint16Array(65536).map((_, i) => i).buffer);
      expect(compareBytes(program, [every, new Uint8Array(4 * 65536)], [65536])).toBeNull();
    }
  });
  it("float32 next to the middle between two float16 or bfloat16 numbers", () => {
    for (const [dtype, drop] of [["float16", 13], ["bfloat16", 16]] as const) {
      const b = new ExprBuilder();
      const program = pointwise("narrow", b, ["float32"], dtype, (load) => load(0));
      const bits: number[] = [];
      for (let upper = 0; upper < 65536; upper += 37) {
        const half = 1 << (drop - 1);
        for (const lower of [half - 1, half, half + 1]) bits.push(((upper << 16) | (drop === 16 ? lower : ((upper & 7) << 13) | lower)) >>> 0);
      }
      const values = new Uint8Array(new Uint32Array(bits).buffer);
      expect(compareBytes(program, [values, new Uint8Array(2 * bits.length)], [bits.length])).toBeNull();
    }
  });
  it("bitcasts", () => {
    for (const [from, to] of [["float32", "int32"], ["int32", "float32"], ["float64", "int64"], ["int64", "float64"]] as const) {
      const b = new ExprBuilder();
      const program = pointwise("bits", b, [from], to, (load) => b.bitcast(load(0), to));
      const data = randomData(from, 100, sequence(4)).map((x) => (Number.isNaN(x) ? 1 : x));
      expect(compare(program, [data, randomData(to, 100, sequence(5))], [100])).toBeNull();
    }
  });
});

describe("lengths", () => {
  for (const dtype of dtypes) {
    it(`0 to 40 elements of ${dtype}`, () => {
      const b = new ExprBuilder();
      const program = pointwise("twice", b, [dtype], dtype, (load) => {
        const x = load(0);
        return x.dtype === "bool" ? b.not(x) : b.add(x, x);
      });
      for (let n = 0; n <= 40; n++) {
        const data = randomData(dtype, n + 3, sequence(n));
        expect(compare(program, [data, data], [n])).toBeNull();
      }
    });
  }
});

describe("strides", () => {
  it.each([1, 2, 3, -1, -2, 0])("loads and stores of stride %i", (stride) => {
    for (const dtype of ["float32", "int64", "int8", "float16"] as const) {
      for (const literal of [true, false]) {
        const b = new ExprBuilder();
        const s = literal ? b.int(stride) : b.scalar(1, "int32");
        const program: Kernel = {
          kind: "kernel",
          name: "strided",
          ...base,
          params: [{ dtype, access: "in" }, { dtype, access: "out" }, { dtype, access: "out" }],
          scalars: literal ? ["int32"] : ["int32", "int32"],
          outer: [b.scalar(0, "int32")],
          stores: [
            { over: "outer", param: 1, index: b.index(0), value: b.load(0, dtype, b.add(b.int(60), b.mul(b.index(0), s))) },
            ...(stride === 0 ? [] : [{ over: "outer", param: 2, index: b.add(b.int(60), b.mul(b.index(0), s)), value: b.load(0, dtype, b.index(0)) } as const]),
          ],
        };
        const params = stride === 0 ? program.params.slice(0, 2) : program.params;
        const data = params.map((_, i) => randomData(dtype, 121, sequence(i)));
        expect(compare({ ...program, params }, data, literal ? [20] : [20, stride])).toBeNull();
      }
    }
  });

  /** Shapes with and without whole tiles of both kinds, rows left over, and more rows than a block. */
  const crossed = [[1, 1], [1, 9], [3, 4], [4, 3], [4, 4], [5, 7], [8, 12], [16, 16], [18, 33], [41, 3], [37, 23]] as const;
  /** out[i][j] of `rows` times `columns`, where input 0 is read along the rows and input 1 along the columns. */
  function crossing(b: ExprBuilder, ins: readonly [DType, DType], out: DType, value: (across: Expr, along: Expr) => Expr): Kernel {
    const [rows, columns, offset, stride] = [0, 1, 2, 3].map((slot) => b.scalar(slot, "int32")) as [Expr, Expr, Expr, Expr];
    const [i, j] = [b.index(0), b.index(1)];
    const across = b.load(0, ins[0], b.add(offset, b.add(b.mul(j, stride), i)));
    const along = b.load(1, ins[1], b.add(b.mul(i, columns), j));
    return {
      kind: "kernel",
      name: "crossing",
      ...base,
      params: [{ dtype: ins[0], access: "in" }, { dtype: ins[1], access: "in" }, { dtype: out, access: "out" }],
      scalars: ["int32", "int32", "int32", "int32"],
      outer: [rows, columns],
      stores: [{ over: "outer", param: 2, index: b.add(b.mul(i, columns), j), value: value(across, along) }],
    };
  }
  describe("transposes", () => {
    it.each(dtypes)("elements of %s", (dtype) => {
      const program = crossing(new ExprBuilder(), [dtype, dtype], dtype, (across) => across);
      for (const [rows, columns] of crossed) {
        const data = [0, 1, 2].map((i) => randomData(dtype, rows * columns + 3, sequence(10 * rows + i)));
        expect(compare(program, data, [rows, columns, 3, rows])).toBeNull();
      }
    });
    it("with gaps between columns, and backwards", () => {
      for (const dtype of ["float32", "int64", "int16"] as const) {
        const program = crossing(new ExprBuilder(), [dtype, dtype], dtype, (across) => across);
        for (const [rows, columns] of crossed) {
          const stride = rows + 5;
          const data = [0, 1, 2].map((i) => randomData(dtype, stride * columns, sequence(10 * rows + i)));
          expect(compare(program, data, [rows, columns, 0, stride])).toBeNull();
          expect(compare(program, data, [rows, columns, stride * (columns - 1), -stride])).toBeNull();
        }
      }
    });
    it("beside what lies along the lanes, of other types", () => {
      const b = new ExprBuilder();
      const programs = [
        crossing(b, ["float32", "float32"], "float32", (across, along) => b.sub(across, along)),
        crossing(b, ["int64", "uint8"], "float64", (across, along) => b.add(b.cast(across, "float64"), b.cast(along, "float64"))),
        crossing(b, ["bool", "float16"], "float16", (across, along) => b.select(across, along, b.const(1, "float32"))),
        crossing(b, ["float32", "bfloat16"], "int32", (across, along) => b.cast(b.tanh(b.mul(across, along)), "int32")),
      ];
      for (const program of programs) {
        for (const [rows, columns] of crossed) {
          const data = program.params.map(({ dtype }, i) => randomData(dtype, rows * columns, sequence(10 * rows + i)));
          expect(compare(program, data, [rows, columns, 0, rows])).toBeNull();
        }
      }
    });
    it("into what is there already", () => {
      const b = new ExprBuilder();
      const program = crossing(b, ["float32", "int8"], "float32", (across) => b.add(b.load(2, "float32", b.add(b.mul(b.index(0), b.scalar(1, "int32")), b.index(1))), across));
      const params = program.params.map((param, i) => (i === 2 ? { ...param, access: "inout" as const } : param));
      for (const [rows, columns] of crossed) {
        const data = params.map(({ dtype }, i) => randomData(dtype, rows * columns, sequence(10 * rows + i)));
        expect(compare({ ...program, params }, data, [rows, columns, 0, rows])).toBeNull();
      }
    });
    it("several axes at once", () => {
      // out[i][j][k] = in[k][i][j]: two axes lie along the loads, one along the stores.
      const b = new ExprBuilder();
      const [n, r, c] = [0, 1, 2].map((slot) => b.scalar(slot, "int32")) as [Expr, Expr, Expr];
      const [i, j, k] = [0, 1, 2].map((axis) => b.index(axis)) as [Expr, Expr, Expr];
      const at = (x: Expr, m: Expr, y: Expr, l: Expr, z: Expr): Expr => b.add(b.mul(b.add(b.mul(x, m), y), l), z);
      const program: Kernel = {
        kind: "kernel", name: "permute", ...base,
        params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
        scalars: ["int32", "int32", "int32"],
        outer: [n, r, c],
        stores: [{ over: "outer", param: 1, index: at(i, r, j, c, k), value: b.load(0, "float32", at(k, n, i, r, j)) }],
      };
      for (const [rows, columns] of crossed) {
        const data = randomData("float32", 3 * rows * columns, sequence(rows));
        expect(compare(program, [data, data], [3, rows, columns])).toBeNull();
      }
    });
  });

  it("gathers through an index", () => {
    const b = new ExprBuilder();
    for (const indexDtype of ["int64", "int32", "uint8"] as const) {
      const program: Kernel = {
        kind: "kernel",
        name: "gather",
        ...base,
        params: [{ dtype: indexDtype, access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
        scalars: ["int32"],
        outer: [b.scalar(0, "int32")],
        stores: [{ over: "outer", param: 2, index: b.index(0), value: b.load(1, "float32", b.cast(b.load(0, indexDtype, b.index(0)), "int32")) }],
      };
      const next = sequence(8);
      const indices = Array.from({ length: 50 }, () => Math.floor(next() * 30));
      expect(compare(program, [indices, randomData("float32", 30, next), randomData("float32", 50, next)], [50])).toBeNull();
    }
  });

  it("reads nothing where a condition does not hold", () => {
    for (const dtype of dtypes) {
      const b = new ExprBuilder();
      const shifted = b.sub(b.index(0), b.scalar(1, "int32"));
      const inside = b.and(b.le(b.int(0), shifted), b.lt(shifted, b.scalar(2, "int32")));
      const otherwise = b.const(1, dtypeInfo[dtype].compute);
      const load = (index: Expr): Expr => b.load(0, dtype, index, { when: inside, otherwise });
      const program: Kernel = {
        kind: "kernel",
        name: "pad",
        ...base,
        params: [{ dtype, access: "in" }, { dtype, access: "out" }, { dtype, access: "out" }],
        scalars: ["int32", "int32", "int32"],
        outer: [b.scalar(0, "int32")],
        stores: [
          { over: "outer", param: 1, index: b.index(0), value: load(shifted) },
          { over: "outer", param: 2, index: b.index(0), value: load(b.mul(shifted, b.int(2))) },
        ],
      };
      for (const [n, before, length] of [[40, 3, 21], [19, 0, 19], [7, 2, 0], [64, 17, 30]] as const) {
        const data = [randomData(dtype, 2 * length, sequence(n)), randomData(dtype, n, sequence(3)), randomData(dtype, n, sequence(4))];
        expect(compare(program, data, [n, before, length])).toBeNull();
      }
    }
  });
});
