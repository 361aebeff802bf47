import type { Contraction, Program, Scatter, Sort } from "@gradus/kernel-ir";
import { ExprBuilder, UnsupportedError } from "@gradus/kernel-ir";
import { wgsl } from "@gradus/backend-webgpu";
import { expect, it } from "vitest";
import { at, elementwise, kernel, maximum, scan, sum } from "./programs.js";

function addRelu(): Program {
  return elementwise("add_relu", ["float32", "float32"], "float32", 1000, (b, x, y) => b.max(b.add(x, b.mul(y, b.scalar(0, "float32"))), b.const(0, "float32")), ["float32"]);
}

function softmax(): Program {
  const b = new ExprBuilder();
  const width = b.scalar(1, "int32");
  const index = b.add(b.mul(b.index(0), width), b.index(1));
  const shifted = b.exp(b.sub(b.load(0, "float32", index), b.result(0, 0, "float32")));
  return kernel("softmax", {
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    scalars: ["int32", "int32"],
    outer: [b.scalar(0, "int32")],
    inner: [width],
    reductions: [{ monoid: maximum(b), lift: [b.load(0, "float32", index)], lanes: 16 }, { monoid: sum(b), lift: [shifted], lanes: 1 }],
    stores: [{ over: "inner", param: 1, index, value: b.div(shifted, b.result(1, 0, "float32")) }],
  });
}

/** Rows less their sums. */
function centre(): Program {
  const b = new ExprBuilder();
  const here = at(b, [0, 100], [1, 1]);
  const x = b.load(0, "float32", here);
  return kernel("centre", {
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    outer: [b.scalar(0, "int32")],
    scalars: ["int32"],
    inner: [b.int(100)],
    reductions: [{ monoid: sum(b), lift: [x], lanes: 16 }],
    stores: [{ over: "inner", param: 1, index: here, value: b.sub(x, b.result(0, 0, "float32")) }],
  });
}

function argmax(): Program {
  const b = new ExprBuilder();
  const [value, place, other, otherPlace] = [b.left(0, "float32"), b.left(1, "int32"), b.right(0, "float32"), b.right(1, "int32")];
  const keep = b.le(other, value);
  return kernel("argmax", {
    params: [{ dtype: "float16", access: "in" }, { dtype: "int64", access: "out" }],
    outer: [b.int(3), b.int(4)],
    inner: [b.int(10)],
    reductions: [{
      monoid: { identity: [b.const(-Infinity, "float32"), b.int(-1)], combine: [b.select(keep, value, other), b.select(keep, place, otherPlace)] },
      lift: [b.load(0, "float16", at(b, [0, 40], [2, 4], [1, 1])), b.index(2)],
      lanes: 1,
    }],
    stores: [{ over: "outer", param: 1, index: at(b, [0, 4], [1, 1]), value: b.cast(b.result(0, 1, "int32"), "int64") }],
  });
}

function cumulativeSum(): Program {
  const b = new ExprBuilder();
  return { ...scan(b, sum(b), [b.load(0, "float32", at(b, [0, 5000], [1, 1]))], 3, 5000, ["float32"]), name: "cumsum" };
}

function convolution(): Contraction {
  const b = new ExprBuilder();
  const plain = (axis: number, stride: number) => ({ terms: [{ axis, scale: b.int(1) }], shift: b.int(0), divisor: b.int(1), extent: null, stride: b.int(stride) });
  return {
    kind: "contraction",
    name: "conv1d_bias",
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    scalars: [],
    guards: [],
    dtype: "float32",
    axes: [{ role: "m", extent: b.int(8) }, { role: "n", extent: b.int(4) }, { role: "m", extent: b.int(10) }, { role: "k", extent: b.int(3) }, { role: "k", extent: b.int(5) }],
    left: {
      param: 0,
      offset: b.int(0),
      coordinates: [
        plain(0, 60),
        plain(3, 20),
        { terms: [{ axis: 2, scale: b.int(2) }, { axis: 4, scale: b.int(1) }], shift: b.int(-2), divisor: b.int(1), extent: b.int(20), stride: b.int(1) },
      ],
      prologue: null,
    },
    right: { param: 1, offset: b.int(0), coordinates: [plain(1, 15), plain(3, 5), plain(4, 1)], prologue: null },
    stores: [{ over: "outer", param: 3, index: at(b, [0, 40], [1, 10], [2, 1]), value: b.add(b.result(0, 0, "float32"), b.load(2, "float32", b.index(1))) }],
  };
}

function indexAdd(): Scatter {
  const b = new ExprBuilder();
  const target = b.cast(b.load(1, "int64", b.index(1)), "int32");
  return {
    kind: "scatter",
    name: "index_add",
    params: [{ dtype: "float32", access: "in" }, { dtype: "int64", access: "in" }, { dtype: "bfloat16", access: "inout" }],
    scalars: [],
    guards: [{ over: "inner", holds: b.and(b.le(b.int(0), target), b.lt(target, b.int(7))), message: "index_add: expected indices in [0, 7)" }],
    outer: [b.int(5)],
    inner: [b.int(20)],
    target: {
      param: 2,
      index: b.add(b.mul(b.index(0), b.int(7)), target),
      value: b.load(0, "float32", at(b, [0, 20], [1, 1])),
      combine: b.add(b.left(0, "float32"), b.right(0, "float32")),
      when: null,
    },
  };
}

function sort(): Sort {
  const b = new ExprBuilder();
  const here = at(b, [0, 100], [1, 1]);
  return {
    kind: "sort",
    name: "sort",
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    scalars: [],
    guards: [],
    outer: [b.int(2)],
    inner: [b.int(100)],
    key: b.load(0, "float32", here),
    descending: true,
    stores: [{ over: "inner", param: 1, index: here, value: b.result(0, 0, "float32") }],
  };
}

// Look at the files to see what the generator writes.
for (const make of [addRelu, softmax, argmax, convolution, indexAdd, sort]) {
  const program = make();
  it(`writes ${program.name} so that people can read it`, async () => {
    await expect(wgsl(program)).toMatchFileSnapshot(`wgsl/${program.name}.wgsl`);
  });
}

it.each([["tiled", convolution], ["split", convolution], ["team", softmax], ["team", argmax], ["squad", centre], ["crowd", softmax], ["crowd", cumulativeSum], ["crowd", sort], ["crowd", indexAdd]] as const)("writes the variant %s of %o so that people can read it", async (variant, make) => {
  const program = make();
  await expect(wgsl(program, { variant })).toMatchFileSnapshot(`wgsl/${program.name}.${variant}.wgsl`);
});

it("writes half floats as such where the device has them, so that people can read it", async () => {
  const halve = elementwise("halve", ["float16"], "float16", 1000, (b, x) => b.mul(x, b.like(0.5, x)));
  await expect(wgsl(halve, { float16: true })).toMatchFileSnapshot("wgsl/halve.float16.wgsl");
  expect(wgsl(halve)).not.toContain("f16;");
});

it("refuses what the device cannot compute, and names it", () => {
  const double = elementwise("cumulate", ["float64"], "float64", 1, (_, x) => x);
  expect(() => wgsl(double)).toThrow(UnsupportedError);
  expect(() => wgsl(double)).toThrow("cumulate: expected types that WebGPU has, got float64; use float32, or the cpu");
  const hidden = elementwise("hidden", ["float32"], "float32", 1, (b, x) => b.cast(b.cast(x, "float64"), "float32"));
  expect(() => wgsl(hidden)).toThrow("hidden: expected types");
  const wide = elementwise("wide", ["int64"], "int64", 1, (b, x) => b.add(x, b.const(2n ** 31n, "int64")));
  expect(() => wgsl(wide)).toThrow("wide: expected int64 values that fit 32 bits, got the literal 2147483648; use the cpu");
  const bits = elementwise("bits", ["int64"], "float32", 1, (b, x) => b.cast(b.bitcast(x, "float64"), "float32"));
  expect(() => wgsl(bits)).toThrow("bits: expected types");
});
