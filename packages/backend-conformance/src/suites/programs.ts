import type { Contraction, DType, Expr, Program, Scan, Scatter, Sort } from "@gradus/kernel-ir";
import { ExprBuilder, GuardError, UnsupportedError } from "@gradus/kernel-ir";
import { expect, it } from "vitest";
import { input, kernel, output, rowMajor, sumOf, updated } from "../build.js";
import type { Elements, Margin } from "../compare.js";
import { expectElements } from "../compare.js";
import type { Run } from "../run.js";
import { load, runOn } from "../run.js";
import type { Subject } from "../subject.js";

/** Whole numbers, so that every order of adding and every way of rounding gives the same. */
const whole = (count: number, step = 7, range = 19): number[] => Array.from({ length: count }, (_, i) => ((i * step + 3) % range) - Math.floor(range / 2));
/** Numbers that do not add up exactly. */
const uneven = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * 12.9898) * (i % 7 === 0 ? 1000 : 1)));
const filled = (count: number, value = 99): number[] => new Array<number>(count).fill(value);

/** Row sums of `[rows, width]`, extents as scalar arguments. */
function rowSums(dtype: "float32" | "float64" | "int32" | "int64", lanes: 1 | 16): Program {
  const k = new ExprBuilder();
  const [rows, width] = [k.scalar(0, "int32"), k.scalar(1, "int32")];
  return kernel("row sums", {
    params: [input(dtype), output(dtype)],
    scalars: ["int32", "int32"],
    outer: [rows],
    inner: [width],
    reductions: [{ monoid: sumOf(k, dtype), lift: [k.load(0, dtype, rowMajor(k, k.index(0), width, k.index(1)))], lanes }],
    stores: [{ over: "outer", param: 1, index: k.index(0), value: k.result(0, 0, dtype) }],
  });
}

/** Every kind of program, one feature after the other, on values chosen to show it. */
export function programsSuite(subject: Subject): void {
  const compare = async (run: Run, margin: Margin = {}): Promise<readonly Elements[]> => {
    const [expected, actual] = [await runOn(subject.oracle, run), await runOn(subject.device, run)];
    if (expected instanceof GuardError) throw expected;
    if (actual instanceof GuardError) throw actual;
    run.program.params.forEach(({ dtype }, i) => expectElements(`${run.program.name}, parameter ${i}`, dtype, actual[i]!, [expected[i]!], margin));
    return actual;
  };
  /** What a program made of divisions or functions may be off by, where the device rounds in its own way. */
  const inexact = (): Margin => (subject.tolerance.ulps === undefined ? {} : { ulps: 4 * subject.tolerance.ulps, absolute: 4 });

  for (const dtype of ["float32", "float64", "int32", "int64"] as const) {
    subject.test(`sums ${dtype} in the order that the program defines`, [dtype], async () => {
      for (const lanes of [16, 1] as const) {
        for (const [rows, width] of [[3, 0], [3, 1], [2, 15], [2, 16], [2, 17], [5, 100], [1, 16 * 512], [1, 16 * 512 * 2 + 37], [0, 4]] as const) {
          const data = dtype.startsWith("float") ? uneven(rows * width) : whole(rows * width);
          await compare({ program: rowSums(dtype, lanes), buffers: [data, filled(rows)], scalars: [rows, width] });
        }
      }
    });
  }

  subject.test("reduces over several axes, row after row", ["float32"], async () => {
    const k = new ExprBuilder();
    const at = k.add(k.mul(k.index(0), k.int(5)), k.add(k.mul(k.index(1), k.int(70)), k.mul(k.index(2), k.int(1))));
    for (const lanes of [16, 1] as const) {
      const program = kernel("planes", {
        params: [input("float32"), output("float32")],
        outer: [k.int(3)],
        inner: [k.int(4), k.int(37)],
        reductions: [{ monoid: sumOf(k, "float32"), lift: [k.load(0, "float32", at)], lanes }],
        stores: [{ over: "outer", param: 1, index: k.index(0), value: k.result(0, 0, "float32") }],
      });
      await compare({ program, buffers: [uneven(300), filled(3)] });
    }
  });

  subject.test("reduces pairs: the largest value and its first place", ["float32", "int32"], async () => {
    const k = new ExprBuilder();
    const [left, right, leftAt, rightAt] = [k.left(0, "float32"), k.right(0, "float32"), k.left(1, "int32"), k.right(1, "int32")];
    const better = k.or(k.lt(left, right), k.and(k.eq(left, right), k.lt(rightAt, leftAt)));
    const program = kernel("argmax", {
      params: [input("float32"), output("float32"), output("int32")],
      outer: [k.int(4)],
      inner: [k.int(50)],
      reductions: [
        {
          monoid: { identity: [k.const(-Infinity, "float32"), k.int(2 ** 31 - 1)], combine: [k.select(better, right, left), k.select(better, rightAt, leftAt)] },
          lift: [k.load(0, "float32", rowMajor(k, k.index(0), k.int(50), k.index(1))), k.index(1)],
          lanes: 16,
        },
      ],
      stores: [
        { over: "outer", param: 1, index: k.index(0), value: k.result(0, 0, "float32") },
        { over: "outer", param: 2, index: k.index(0), value: k.result(0, 1, "int32") },
      ],
    });
    await compare({ program, buffers: [whole(200), filled(4), filled(4)] });
  });

  subject.test("uses a reduction in the next one, and both at each inner point", ["float32"], async () => {
    const k = new ExprBuilder();
    const [rows, width] = [k.scalar(0, "int32"), k.scalar(1, "int32")];
    const at = rowMajor(k, k.index(0), width, k.index(1));
    const x = k.load(0, "float32", at);
    const max = { identity: [k.const(-Infinity, "float32")], combine: [k.max(k.left(0, "float32"), k.right(0, "float32"))] };
    const power = k.exp(k.sub(x, k.result(0, 0, "float32")));
    const program = kernel("softmax", {
      params: [input("float32"), output("float32"), output("float32")],
      scalars: ["int32", "int32"],
      outer: [rows],
      inner: [width],
      reductions: [
        { monoid: max, lift: [x], lanes: 16 },
        { monoid: sumOf(k, "float32"), lift: [power], lanes: 16 },
      ],
      stores: [
        { over: "inner", param: 1, index: at, value: k.div(power, k.result(1, 0, "float32")) },
        { over: "outer", param: 2, index: k.index(0), value: k.result(0, 0, "float32") },
      ],
    });
    for (const [r, w] of [[3, 5], [1, 1], [2, 40]] as const) {
      await compare({ program, buffers: [uneven(r * w).map((v) => v / 10), filled(r * w), filled(r)], scalars: [r, w] }, inexact());
    }
  });

  subject.test("updates in place what it loads at the same element", ["float32"], async () => {
    const k = new ExprBuilder();
    const at = k.add(k.scalar(1, "int32"), k.mul(k.index(0), k.scalar(2, "int32")));
    const program = kernel("update", {
      params: [updated("float32"), input("float32")],
      scalars: ["int32", "int32", "int32", "float32"],
      outer: [k.scalar(0, "int32")],
      stores: [{ over: "outer", param: 0, index: at, value: k.sub(k.load(0, "float32", at), k.mul(k.scalar(3, "float32"), k.load(1, "float32", k.index(0)))) }],
    });
    await compare({ program, buffers: [whole(20), whole(6)], scalars: [6, 1, 3, 2] });
    await compare({ program, buffers: [whole(40), whole(40, 5)], scalars: [40, 0, 1, -0.5] });
  });

  subject.test("writes what it is told and nothing else", ["uint8"], async () => {
    const k = new ExprBuilder();
    const program = kernel("every third", {
      params: [output("uint8")],
      outer: [k.int(5)],
      stores: [{ over: "outer", param: 0, index: k.add(k.int(2), k.mul(k.index(0), k.int(3))), value: k.add(k.index(0), k.int(254)) }],
    });
    expect(await compare({ program, buffers: [filled(17)] })).toEqual([[99, 99, 254, 99, 99, 255, 99, 99, 0, 99, 99, 1, 99, 99, 2, 99, 99]]);
  });

  subject.test("takes scalar arguments of every type that it has", ["float32", "int32"], async () => {
    const k = new ExprBuilder();
    const types = (["float32", "int32", "bool", "int64", "float64"] as const).filter((type) => subject.supports(type));
    const values = { float32: 0.1, int32: -7, bool: 1, int64: -(2n ** 31n), float64: 0.25 };
    const sum = types.map((type, i) => k.cast(k.scalar(i, type), "float32")).reduce((a, b) => k.add(a, b));
    const program = kernel("scalars", { params: [output("float32")], scalars: types, outer: [k.int(1)], stores: [{ over: "outer", param: 0, index: k.int(0), value: sum }] });
    await compare({ program, buffers: [filled(1)], scalars: types.map((type) => values[type]) });
  });

  subject.test("loads nothing where a predicate does not hold", ["float32"], async () => {
    const k = new ExprBuilder();
    const at = k.sub(k.index(0), k.int(3));
    const inside = k.and(k.le(k.int(0), at), k.lt(at, k.int(4)));
    const program = kernel("padded", {
      params: [input("float32"), output("float32")],
      outer: [k.int(10)],
      stores: [{ over: "outer", param: 1, index: k.index(0), value: k.load(0, "float32", k.mul(at, k.int(1)), { when: inside, otherwise: k.const(-1, "float32") }) }],
    });
    expect(await compare({ program, buffers: [[1, 2, 3, 4], filled(10)] })).toEqual([[1, 2, 3, 4], [-1, -1, -1, 1, 2, 3, 4, -1, -1, -1]]);
  });

  subject.test("gathers at indices that it loads", ["float32", "int64"], async () => {
    const k = new ExprBuilder();
    const row = k.cast(k.load(1, "int64", k.index(0)), "int32");
    const program = kernel("rows of a table", {
      params: [input("float32"), input("int64"), output("float32")],
      outer: [k.int(5), k.int(3)],
      stores: [{ over: "outer", param: 2, index: rowMajor(k, k.index(0), k.int(3), k.index(1)), value: k.load(0, "float32", rowMajor(k, row, k.int(3), k.index(1))) }],
    });
    await compare({ program, buffers: [whole(12), [3, 0, 0, 2, 3], filled(15)] });
  });

  subject.test("binds as many buffers as it says it can, and refuses more", ["float32"], async () => {
    const k = new ExprBuilder();
    const { buffersPerProgram } = subject.device.limits;
    const count = Math.min(buffersPerProgram, 40) - 1;
    const loads = Array.from({ length: count }, (_, i) => k.load(i, "float32", k.index(0)));
    const program = kernel("many", {
      params: [...loads.map(() => input("float32")), output("float32")],
      outer: [k.int(3)],
      stores: [{ over: "outer", param: count, index: k.index(0), value: loads.reduce((a, b) => k.add(a, b)) }],
    });
    await compare({ program, buffers: [...loads.map((_, i) => whole(3, i + 1)), filled(3)] });
    // A device without a limit binds any number.
    const params = Array.from({ length: (Number.isFinite(buffersPerProgram) ? buffersPerProgram : 1000) + 1 }, () => output("float32"));
    const stores = params.map((_, param) => ({ over: "outer" as const, param, index: k.index(0), value: k.const(1, "float32") }));
    const prepare = (): unknown => subject.device.prepare(kernel("too many", { params, outer: [k.int(1)], stores }));
    if (buffersPerProgram === Infinity) expect(prepare).not.toThrow();
    else expect(prepare).toThrow(UnsupportedError);
  });

  it("prepares a program, which is ready some time", async () => {
    const program = rowSums("int32", 1);
    const executable = subject.device.prepare(program);
    expect(executable.program).toBe(program);
    await executable.ready;
  });

  it("refuses a wrong number of buffers or scalars, and one buffer for two parameters", () => {
    const { device } = subject;
    const executable = device.prepare(rowSums("int32", 1));
    const [x, y] = [load(device, "int32", [1]), load(device, "int32", [1])];
    expect(() => device.dispatch(executable, [x], [1, 1])).toThrow("internal: row sums");
    expect(() => device.dispatch(executable, [x, y], [1])).toThrow("internal: row sums");
    for (const buffer of [x, y]) device.free(buffer);
  });

  contractions(subject, compare);
  routines(subject, compare);
  guards(subject);
}

type Compare = (run: Run, margin?: Margin) => Promise<readonly Elements[]>;

/** `[batch, m, k] · [batch, k, n]`, every extent and stride a scalar argument. */
function batchedProduct(dtype: "float32" | "float64" | "int32" | "int64", accumulate: boolean): Contraction {
  const k = new ExprBuilder();
  const scalar = (slot: number): Expr => k.scalar(slot, "int32");
  const [batch, m, n, depth] = [scalar(0), scalar(1), scalar(2), scalar(3)];
  const term = (axis: number, stride: Expr): Contraction["left"]["coordinates"][number] => ({ terms: [{ axis, scale: k.int(1) }], shift: k.int(0), divisor: k.int(1), extent: null, stride });
  const index = k.add(k.mul(k.index(0), k.mul(m, n)), rowMajor(k, k.index(1), n, k.index(2)));
  const sum = k.result(0, 0, dtype);
  return {
    kind: "contraction",
    name: accumulate ? "product added to what was there" : "product",
    params: [input(dtype), input(dtype), accumulate ? updated(dtype) : output(dtype)],
    scalars: new Array<"int32">(9).fill("int32"),
    guards: [],
    axes: [{ role: "batch", extent: batch }, { role: "m", extent: m }, { role: "n", extent: n }, { role: "k", extent: depth }],
    left: { param: 0, offset: k.int(0), coordinates: [term(0, scalar(4)), term(1, scalar(5)), term(3, scalar(6))], prologue: null },
    right: { param: 1, offset: scalar(7), coordinates: [term(3, n), term(2, scalar(8))], prologue: null },
    dtype,
    stores: [{ over: "outer", param: 2, index, value: accumulate ? k.add(k.load(2, dtype, index), sum) : sum }],
  };
}

function contractions(subject: Subject, compare: Compare): void {
  for (const dtype of ["float32", "float64", "int32", "int64"] as const) {
    subject.test(`multiplies matrices of ${dtype}`, [dtype], async () => {
      for (const [batch, m, n, depth] of [[1, 1, 1, 1], [2, 3, 4, 5], [1, 17, 33, 9], [3, 8, 8, 1], [2, 2, 3, 0], [0, 2, 2, 2], [1, 40, 5, 70]] as const) {
        const [a, b] = [whole(batch * m * depth), whole(depth * n + 2, 5)];
        const scalars = [batch, m, n, depth, m * depth, depth, 1, 2, 1];
        await compare({ program: batchedProduct(dtype, false), buffers: [a, b, filled(batch * m * n)], scalars });
        await compare({ program: batchedProduct(dtype, true), buffers: [a, b, whole(batch * m * n, 3)], scalars });
        // The left operand transposed.
        await compare({ program: batchedProduct(dtype, false), buffers: [a, b, filled(batch * m * n)], scalars: [batch, m, n, depth, m * depth, 1, m, 0, 1] });
      }
    });
  }

  subject.test("adds products in order, up to fused roundings", ["float32"], async () => {
    const [m, n, depth] = [7, 9, 300];
    const { fusesMultiplyAdd, splitsProducts = false } = subject.tolerance;
    // Terms of a million, of which units in the last place are an eighth, cancel.
    const margin = splitsProducts ? { ulps: 64, absolute: 2 ** 25 } : fusesMultiplyAdd === undefined ? {} : { ulps: 64, absolute: 2 ** 20 };
    const [a, b] = [uneven(m * depth), uneven(depth * n)];
    await compare({ program: batchedProduct("float32", false), buffers: [a, b, filled(m * n)], scalars: [1, m, n, depth, 0, depth, 1, 0, 1] }, margin);
  });

  subject.test("convolves with stride, dilation and padding, and applies prologues and an epilogue", ["float32"], async () => {
    const k = new ExprBuilder();
    const scalar = (slot: number): Expr => k.scalar(slot, "int32");
    const [outSize, taps, size] = [scalar(0), scalar(1), scalar(2)];
    const program: Contraction = {
      kind: "contraction",
      name: "convolution",
      params: [input("float32"), input("float32"), input("float32"), output("float32")],
      scalars: new Array<"int32">(7).fill("int32"),
      guards: [],
      axes: [{ role: "m", extent: k.int(2) }, { role: "n", extent: outSize }, { role: "k", extent: taps }],
      left: {
        param: 0,
        offset: k.int(0),
        coordinates: [
          { terms: [{ axis: 0, scale: k.int(1) }], shift: k.int(0), divisor: k.int(1), extent: null, stride: taps },
          { terms: [{ axis: 2, scale: k.int(1) }], shift: k.int(0), divisor: k.int(1), extent: null, stride: k.int(1) },
        ],
        prologue: k.neg(k.element("float32")),
      },
      right: {
        param: 1,
        offset: scalar(6),
        coordinates: [{ terms: [{ axis: 1, scale: scalar(3) }, { axis: 2, scale: scalar(4) }], shift: scalar(5), divisor: k.int(1), extent: size, stride: k.int(2) }],
        // Not applied to the padding, which stays zero.
        prologue: k.add(k.element("float32"), k.const(1, "float32")),
      },
      dtype: "float32",
      stores: [
        {
          over: "outer",
          param: 3,
          index: rowMajor(k, k.index(0), outSize, k.index(1)),
          value: k.max(k.add(k.result(0, 0, "float32"), k.load(2, "float32", k.index(0))), k.const(-5, "float32")),
        },
      ],
    };
    for (const [stride, dilation, padding] of [[1, 1, 0], [2, 1, 2], [1, 3, 1], [3, 2, 4]] as const) {
      const [inSize, kernelSize] = [11, 3];
      const out = Math.floor((inSize + 2 * padding - dilation * (kernelSize - 1) - 1) / stride) + 1;
      await compare({ program, buffers: [whole(2 * kernelSize), whole(2 * inSize + 1, 5), [1, -2], filled(2 * out)], scalars: [out, kernelSize, inSize, stride, dilation, -padding, 1] });
    }
  });

  subject.test("reads through a divisor, as a transposed convolution does", ["float32"], async () => {
    const k = new ExprBuilder();
    const program: Contraction = {
      kind: "contraction",
      name: "transposed convolution",
      params: [input("float32"), input("float32"), output("float32")],
      scalars: [],
      guards: [],
      axes: [{ role: "n", extent: k.int(9) }, { role: "k", extent: k.int(3) }],
      left: { param: 0, offset: k.int(0), coordinates: [{ terms: [{ axis: 1, scale: k.int(1) }], shift: k.int(0), divisor: k.int(1), extent: null, stride: k.int(1) }], prologue: null },
      right: {
        param: 1,
        offset: k.int(0),
        coordinates: [{ terms: [{ axis: 0, scale: k.int(1) }, { axis: 1, scale: k.int(-1) }], shift: k.int(1), divisor: k.int(2), extent: k.int(4), stride: k.int(1) }],
        prologue: null,
      },
      dtype: "float32",
      stores: [{ over: "outer", param: 2, index: k.index(0), value: k.result(0, 0, "float32") }],
    };
    await compare({ program, buffers: [[1, 10, 100], [1, 2, 3, 4], filled(9)] });
  });

  subject.test("converts halves on the way in and out", ["float16", "bfloat16"], async () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const product = batchedProduct("float32", false);
      const k = new ExprBuilder();
      const index = rowMajor(k, k.index(1), k.scalar(2, "int32"), k.index(2));
      const program: Contraction = {
        ...product,
        params: [input(dtype), input(dtype), output(dtype)],
        stores: [{ over: "outer", param: 2, index, value: k.result(0, 0, "float32") }],
      };
      await compare({ program, buffers: [whole(12), whole(20, 5), filled(15)], scalars: [1, 3, 5, 4, 0, 4, 1, 0, 1] });
    }
  });
}

function routines(subject: Subject, compare: Compare): void {
  subject.test("scans: running sums and running maxima", ["int32"], async () => {
    const k = new ExprBuilder();
    const [rows, width] = [k.scalar(0, "int32"), k.scalar(1, "int32")];
    const at = rowMajor(k, k.index(0), width, k.index(1));
    const [left, right] = [k.left(0, "int32"), k.right(0, "int32")];
    for (const combine of [k.add(left, right), k.max(left, right)]) {
      const program: Scan = {
        kind: "scan",
        name: "scan",
        params: [input("int32"), output("int32")],
        scalars: ["int32", "int32"],
        guards: [],
        outer: [rows],
        inner: [width],
        monoid: { identity: [k.int(combine.op === "add" ? 0 : -(2 ** 31))], combine: [combine] },
        lift: [k.load(0, "int32", at)],
        stores: [{ over: "inner", param: 1, index: at, value: k.result(0, 0, "int32") }],
      };
      for (const [r, w] of [[3, 7], [1, 1], [2, 0], [0, 3], [1, 100]] as const) await compare({ program, buffers: [whole(r * w), filled(r * w)], scalars: [r, w] });
    }
  });

  const scatter = (dtype: DType, combine: ((k: ExprBuilder) => Expr) | null, conditional: boolean): Scatter => {
    const k = new ExprBuilder();
    const at = rowMajor(k, k.index(0), k.scalar(1, "int32"), k.index(1));
    const place = k.load(2, "int32", at);
    return {
      kind: "scatter",
      name: "scatter",
      params: [updated(dtype), input(dtype), input("int32")],
      scalars: ["int32", "int32", "int32"],
      guards: [],
      outer: [k.scalar(0, "int32")],
      inner: [k.scalar(1, "int32")],
      target: {
        param: 0,
        index: rowMajor(k, k.index(0), k.scalar(2, "int32"), place),
        value: k.load(1, dtype, at),
        combine: combine === null ? null : combine(k),
        when: conditional ? k.ne(k.and(k.index(1), k.int(1)), k.int(0)) : null,
      },
    };
  };
  const places = (rows: number, width: number, size: number): number[] => Array.from({ length: rows * width }, (_, i) => (i * 5 + 2) % size);

  subject.test("scatters in source order: the last of several wins", ["float32", "int32"], async () => {
    for (const conditional of [false, true]) {
      await compare({ program: scatter("float32", null, conditional), buffers: [filled(12), whole(26), places(2, 13, 6)], scalars: [2, 13, 6] });
    }
  });

  subject.test("scatters sums in source order", ["float32", "int32"], async () => {
    const program = scatter("float32", (k) => k.add(k.left(0, "float32"), k.right(0, "float32")), false);
    // Not exact: another order would show.
    await compare({ program, buffers: [uneven(12), uneven(200), places(2, 100, 6)], scalars: [2, 100, 6] });
    await compare({ program, buffers: [uneven(12), [], []], scalars: [2, 0, 6] });
  });

  for (const dtype of ["float32", "int32", "int64"] as const) {
    subject.test(`sorts ${dtype}, stably, NaN last`, [dtype, "int32"], async () => {
      const k = new ExprBuilder();
      const [rows, width] = [k.scalar(0, "int32"), k.scalar(1, "int32")];
      const at = rowMajor(k, k.index(0), width, k.index(1));
      for (const descending of [false, true]) {
        const program: Sort = {
          kind: "sort",
          name: "sort",
          params: [input(dtype), output(dtype), output("int32")],
          scalars: ["int32", "int32"],
          guards: [],
          outer: [rows],
          inner: [width],
          key: k.load(0, dtype, at),
          descending,
          stores: [
            { over: "inner", param: 1, index: at, value: k.result(0, 0, dtype) },
            { over: "inner", param: 2, index: at, value: k.result(0, 1, "int32") },
          ],
        };
        for (const [r, w] of [[2, 17], [1, 1], [3, 0], [1, 100]] as const) {
          const data = whole(r * w).map((v, i) => (dtype === "float32" ? [v, NaN, 0, -0, -Infinity, v / 2][i % 6]! : v));
          await compare({ program, buffers: [data, filled(r * w), filled(r * w)], scalars: [r, w] });
        }
      }
    });
  }
}

function guards(subject: Subject): void {
  /** Doubles numbers that must be positive; over inner points where there are two axes. */
  const doubled = (kind: "kernel" | "scatter" | "scan" | "sort", over: "outer" | "inner"): Program => {
    const k = new ExprBuilder();
    const at = rowMajor(k, k.index(0), k.int(4), k.index(1));
    const x = k.load(0, "int32", at);
    const holds = over === "outer" ? k.lt(k.index(0), k.scalar(0, "int32")) : k.lt(k.int(0), x);
    const base = {
      name: `guarded ${kind}`,
      params: [input("int32"), kind === "scatter" ? updated("int32") : output("int32")],
      scalars: ["int32"] as const,
      guards: [{ over, holds, message: `guarded ${kind}: expected something else over ${over}; change it` }],
      outer: [k.int(2)],
      inner: [k.int(4)],
    };
    const twice = k.mul(x, k.int(2));
    switch (kind) {
      case "kernel":
        return { kind, ...base, reductions: [], stores: [{ over: "inner", param: 1, index: at, value: twice }] };
      case "scatter":
        return { kind, ...base, target: { param: 1, index: at, value: twice, combine: null, when: null } };
      case "scan":
        return { kind, ...base, monoid: sumOf(k, "int32"), lift: [x], stores: [{ over: "inner", param: 1, index: at, value: k.result(0, 0, "int32") }] };
      case "sort":
        return { kind, ...base, key: x, descending: false, stores: [{ over: "inner", param: 1, index: at, value: k.result(0, 0, "int32") }] };
    }
  };

  for (const kind of ["kernel", "scatter", "scan", "sort"] as const) {
    for (const over of ["outer", "inner"] as const) {
      subject.test(`tells of a guard over ${over} of a ${kind} that does not hold, once, and goes on`, ["int32"], async () => {
        const { device } = subject;
        const program = doubled(kind, over);
        const good = { program, buffers: [[1, 2, 3, 4, 5, 6, 7, 8], filled(8)], scalars: [2] };
        const bad = over === "outer" ? { ...good, scalars: [1] } : { ...good, buffers: [[1, 2, 3, 4, 5, 6, 0, 8], filled(8)] };
        const failure = await runOn(device, bad);
        expect(failure).toBeInstanceOf(GuardError);
        expect((failure as GuardError).message).toBe(program.guards[0]?.message);
        expect(await runOn(device, good)).toEqual(await runOn(subject.oracle, good));
        await device.sync();
      });
    }
  }

  subject.test("tells of a guard at the next sync as well", ["int32"], async () => {
    const { device } = subject;
    const executable = device.prepare(doubled("kernel", "inner"));
    const [x, y] = [load(device, "int32", filled(8, -1)), load(device, "int32", filled(8))];
    let told: unknown = null;
    try {
      device.dispatch(executable, [x, y], [2]);
      await device.sync();
    } catch (error) {
      told = error;
    }
    expect(told).toBeInstanceOf(GuardError);
    await device.sync();
    for (const buffer of [x, y]) device.free(buffer);
  });

  subject.test("reads that were called before a guard failed are not concerned", ["int32"], async () => {
    const { device } = subject;
    const executable = device.prepare(doubled("kernel", "inner"));
    const [x, y] = [load(device, "int32", filled(8, -1)), load(device, "int32", filled(8))];
    const before = device.read(x);
    const failed = Promise.resolve()
      .then(() => {
        device.dispatch(executable, [x, y], [2]);
        return device.read(y);
      })
      .catch((error: unknown) => error);
    await expect(before).resolves.toHaveLength(32);
    expect(await failed).toBeInstanceOf(GuardError);
    for (const buffer of [x, y]) device.free(buffer);
  });
}
