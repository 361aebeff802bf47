import type { Contraction, Kernel, Program, Scan, Scatter, Sort } from "@gradus/kernel-ir";
import { ExprBuilder, validateProgram } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import * as samples from "./support/samples.js";

const convolution: samples.Convolution = { batch: 2, channels: 3, filters: 4, size: 9, kernel: 3, stride: 2, padding: 1, dilation: 1 };

describe("validateProgram", () => {
  it("accepts what is well formed", () => {
    const b = new ExprBuilder();
    for (const program of [
      samples.add(b), samples.softmax(b), samples.layerNorm(b), samples.argmax(b), samples.sum(b, 1), samples.linear(b),
      samples.conv1d(b, convolution), samples.conv1dInputGradient(b, convolution), samples.cumulative(b), samples.scatterAdd(b), samples.sort(b),
    ]) validateProgram(program);
  });

  const b = new ExprBuilder();
  const [i, zero, x, truth] = [b.index(0), b.int(0), b.const(1, "float32"), b.const(true, "bool")];
  const kernel = samples.softmax(b);
  const contraction = samples.conv1d(b, convolution);
  const scan = samples.cumulative(b);
  const scatter = samples.scatterAdd(b);
  const sort = samples.sort(b);

  const firstStore = <T extends Kernel | Contraction | Scan | Sort>(program: T, change: Partial<T["stores"][number]>): T => ({
    ...program, stores: program.stores.map((store, at) => (at === 0 ? { ...store, ...change } : store)),
  });
  const firstReduction = (change: Partial<Kernel["reductions"][number]>): Kernel => ({
    ...kernel, reductions: kernel.reductions.map((reduction, at) => (at === 0 ? { ...reduction, ...change } : reduction)),
  });
  const target = (change: Partial<Scatter["target"]>): Scatter => ({ ...scatter, target: { ...scatter.target, ...change } });
  const window = contraction.right.coordinates[2] ?? contraction.right.coordinates[0];
  if (window === undefined) throw new Error("internal: the sample has a window");
  const rightWindow = (change: Partial<typeof window>): Contraction => ({
    ...contraction, right: { ...contraction.right, coordinates: [...contraction.right.coordinates.slice(0, 2), { ...window, ...change }] },
  });
  const guard = (over: "outer" | "inner", holds = truth): Pick<Program, "guards"> => ({ guards: [{ over, holds, message: "op: expected" }] });

  const broken: readonly (readonly [rule: string, program: Program])[] = [
    ["a store uses scalar 5 as float32, declared not at all", firstStore(kernel, { value: b.scalar(5, "float32") })],
    ["a store uses scalar 0 as float32, declared int32", firstStore(kernel, { value: b.scalar(0, "float32") })],
    ["a store uses axis 2 of 2", firstStore(kernel, { index: b.index(2) })],
    ["a store uses axis 1 of 1", firstStore(samples.layerNorm(b), { over: "outer" })],
    ["a store loads parameter 7 of 2", firstStore(kernel, { value: b.load(7, "float32", i) })],
    ["a store loads parameter 1, which is only written", firstStore(kernel, { value: b.load(1, "float32", i) })],
    ["a store loads float32 as float64", firstStore(kernel, { value: b.cast(b.load(0, "float64", i), "float32") })],
    ["a store loads at an index of float32", firstStore(kernel, { value: b.load(0, "float32", x) })],
    ["a store loads on a condition of int32", firstStore(kernel, { value: b.load(0, "float32", i, { when: i, otherwise: x }) })],
    ["a store has an index of float32", firstStore(kernel, { index: x })],
    ["a store uses result 2.0 as float32, which is not defined there", firstStore(kernel, { value: b.result(2, 0, "float32") })],
    ["a store uses result 0.0 as int32, which is float32", firstStore(kernel, { value: b.cast(b.result(0, 0, "int32"), "float32") })],
    ["a store uses left0 as float32, which is not defined there", firstStore(kernel, { value: b.left(0, "float32") })],
    ["a store uses the element as float32, which is not defined there", firstStore(kernel, { value: b.element("float32") })],
    ["a store writes parameter 0, which is only read", firstStore(kernel, { param: 0 })],
    ["a store writes parameter 9, which is not declared", firstStore(kernel, { param: 9 })],
    ["a store writes int32 to parameter 1 of float32", firstStore(kernel, { value: i })],
    ["a store over inner needs an inner space", { ...kernel, inner: [], reductions: [] }],
    ["parameter 1 is declared out and never written", { ...kernel, stores: [] }],
    ["parameter 0 is declared inout and never written", { ...kernel, params: kernel.params.map((p, at) => (at === 0 ? { ...p, access: "inout" as const } : p)), reductions: [], stores: [{ over: "outer", param: 1, index: i, value: x }] }],
    [
      "parameter 1 is loaded at an element that the same point does not store",
      firstStore({ ...kernel, params: kernel.params.map((p, at) => (at === 1 ? { ...p, access: "inout" as const } : p)) }, { value: b.load(1, "float32", zero) }),
    ],
    ["extents are int32 literals or scalar arguments", { ...kernel, outer: [b.add(b.scalar(0, "int32"), b.int(1))] }],
    ["extents are int32 literals or scalar arguments", { ...kernel, inner: [x] }],
    ["an extent uses scalar 8 as int32, declared not at all", { ...kernel, inner: [b.scalar(8, "int32")] }],
    ["a guard must be bool", { ...kernel, ...guard("outer", i) }],
    ["a guard uses axis 1 of 1", { ...kernel, ...guard("outer", b.lt(b.index(1), zero)) }],
    ["a guard over inner needs an inner space", { ...samples.add(b), ...guard("inner") }],
    ["a reduction needs an inner space", { ...kernel, inner: [], stores: [{ over: "outer", param: 1, index: i, value: x }] }],
    ["a lift uses result 1.0 as float32, which is not defined there", firstReduction({ lift: [b.result(1, 0, "float32")] })],
    ["a lift uses axis 2 of 2", firstReduction({ lift: [b.cast(b.index(2), "float32")] })],
    ["identity, lift and combine of a reduction must agree in number and types", firstReduction({ lift: [x, x] })],
    ["identity, lift and combine of a reduction must agree in number and types", firstReduction({ lift: [i] })],
    ["a combination uses right0 as int32, which is float32", firstReduction({ monoid: { identity: [x], combine: [b.cast(b.right(0, "int32"), "float32")] } })],
    ["a combination uses left1 as float32, which is not defined there", firstReduction({ monoid: { identity: [x], combine: [b.left(1, "float32")] } })],
    ["a combination uses axis 0 of 0", firstReduction({ monoid: { identity: [x], combine: [b.cast(i, "float32")] } })],
    ["an identity uses axis 0 of 0", firstReduction({ monoid: { identity: [b.cast(i, "float32")], combine: [b.left(0, "float32")] } })],

    ["the left operand must be an in parameter", { ...contraction, left: { ...contraction.left, param: 2 } }],
    ["the right operand does not range over axis 1 (m)", rightWindow({ terms: [{ axis: 1, scale: b.int(1) }] })],
    ["the right operand does not range over axis 9 (not declared)", rightWindow({ terms: [{ axis: 9, scale: b.int(1) }] })],
    ["the right operand uses axis 0 of 0", rightWindow({ shift: i })],
    ["places of the right operand are int32", rightWindow({ stride: x })],
    ["a coordinate of the right operand has a divisor and no extent", rightWindow({ extent: null, divisor: b.int(2) })],
    ["the right prologue uses axis 0 of 0", { ...contraction, right: { ...contraction.right, prologue: b.cast(i, "float32") } }],
    ["the right prologue uses the element as int32, which is float32", { ...contraction, right: { ...contraction.right, prologue: b.element("int32") } }],
    ["guards of a contraction are over outer", { ...contraction, ...guard("inner") }],
    ["axis 3 is referred to where it is summed away", { ...contraction, ...guard("outer", b.lt(b.index(3), zero)) }],
    ["axis 4 is referred to where it is summed away", firstStore(contraction, { value: b.cast(b.index(4), "float32") })],
    ["a store uses result 0.1 as float32, which is not defined there", firstStore(contraction, { value: b.result(0, 1, "float32") })],
    ["a store over inner needs an inner space", firstStore(contraction, { over: "inner" })],

    ["stores of a scan are over inner", firstStore(scan, { over: "outer", index: i, value: x })],
    ["a store uses result 1.0 as float32, which is not defined there", firstStore(scan, { value: b.result(1, 0, "float32") })],
    ["the target uses axis 2 of 2", target({ value: b.cast(b.index(2), "float32") })],
    ["the target has an index of float32", target({ index: x })],
    ["the target is written on a condition of int32", target({ when: i })],
    ["the combination uses left1 as float32, which is not defined there", target({ combine: b.left(1, "float32") })],
    ["a combination gives int32 for float32", target({ combine: zero })],
    ["a combination reads parameter 2, which is only written", { ...scatter, params: scatter.params.map((p, at) => (at === 2 ? { ...p, access: "out" as const } : p)) }],
    ["a store writes parameter 1, which is only read", target({ param: 1 })],
    ["a sort runs along one inner axis", { ...sort, inner: [] }],
    ["the key uses axis 4 of 2", { ...sort, key: b.cast(b.index(4), "float32") }],
    ["stores of a sort are over inner", firstStore(sort, { over: "outer", index: i, value: x })],
    ["a store uses result 0.0 as int32, which is float32", firstStore(sort, { value: b.cast(b.result(0, 0, "int32"), "float32") })],
  ];
  it.each(broken)("%s", (rule, program) => {
    expect(() => {
      validateProgram(program);
    }).toThrow(`internal: ${program.kind} ${program.name}: ${rule}`);
  });
});
