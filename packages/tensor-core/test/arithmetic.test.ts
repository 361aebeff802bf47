import type { DType, Tensor } from "@gradus/tensor-core";
import { ArgumentError, clampMax, clampMin, div, DTypeError, eq, floorDivide, full, ge, gelu, grad, logicalAnd, maskedFill, maximum, minimum, pow, round, ShapeError, softplus, square, sub, tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import recorded from "./fixtures/arithmetic.json" with { type: "json" };
import { useDevice } from "./support/device.js";

useDevice();

const column = (values: readonly number[], dtype: DType): Tensor => tensor([...values], { dtype }).unsqueeze(1);
const row = (values: readonly number[], dtype: DType): Tensor => tensor([...values], { dtype }).unsqueeze(0);
const numbersOf = async (x: Tensor): Promise<unknown[]> => Array.from<unknown>(await x.read());

describe("division as PyTorch rounds it", () => {
  /** As Python writes it. */
  const parse = (text: string | number): number => Number(String(text).replace("inf", "Infinity"));
  const special = recorded.special.map(parse);
  it.each(["trunc", "floor"] as const)("%s, special values and the signs of zero", async (roundingMode) => {
    const [a, b] = [column(special, "float32"), row(special, "float32")];
    const want = recorded.div[roundingMode].map((value) => Math.fround(parse(value)));
    expect(await numbersOf(a.div(b, { roundingMode }))).toEqual(want);
  });
  it.each(["trunc", "floor"] as const)("%s of integers", async (roundingMode) => {
    for (const dtype of ["int32", "int64", "int8"] as const) {
      const quotient = div(column(recorded.ints, dtype), row(recorded.divisors, dtype), { roundingMode });
      expect(quotient.dtype).toBe(dtype);
      expect((await numbersOf(quotient)).map(Number)).toEqual(recorded.intDiv[roundingMode]);
    }
  });
  it("is in place what it is out of place", async () => {
    const x = tensor([7, -7], { dtype: "int32" });
    expect(x.div_(2, { roundingMode: "floor" })).toBe(x);
    expect(await x.toArray()).toEqual([3, -4]);
    expect(await floorDivide(tensor([7.5, -7.5]), 2).toArray()).toEqual([3, -4]);
    expect(() => x.div_(2, { roundingMode: "ceil" as "floor" })).toThrow(new ArgumentError('div_: expected roundingMode "trunc" or "floor", or none, got ceil'));
  });
  it("has no gradient once it is rounded", async () => {
    const x = tensor([7.5], { requiresGrad: true });
    const [dx] = grad(x.div(2, { roundingMode: "floor" }), [x]);
    expect(await dx.toArray()).toEqual([0]);
  });
});

describe("powers of integers", () => {
  it.each(["int32", "int64"] as const)("of %s wrap as PyTorch's do, whatever the exponent", async (dtype) => {
    const powers = await numbersOf(pow(column(recorded.bases, dtype), row(recorded.exponents, dtype)));
    expect(powers.map(String)).toEqual(recorded.pow[dtype]);
  });
  it("are not there for bools", () => {
    expect(() => pow(tensor([true]), true)).toThrow(DTypeError);
    expect(pow(tensor([true]), 2).dtype).toBe("int64");
  });
});

describe("rounding", () => {
  it.each(Object.entries(recorded.round))("to %s decimals", async (decimals, want) => {
    const got = (await numbersOf(round(tensor(recorded.digits), { decimals: Number(decimals) }))) as number[];
    got.forEach((value, i) => { expect(value, String(recorded.digits[i])).toBeCloseTo(want[i] ?? NaN, 6); });
  });
  it("refuses bools", () => {
    for (const name of ["floor", "ceil", "round", "trunc"] as const) expect(() => tensor([true])[name](), name).toThrow(DTypeError);
  });
});

describe("clamp", () => {
  const bound = (value: number): Tensor => full([5], value);
  it.each<[keyof typeof recorded.clampGradient, (x: Tensor) => Tensor]>([
    ["min", (x) => x.clamp({ min: -1 })],
    ["max", (x) => x.clamp({ max: 1 })],
    ["both", (x) => x.clamp({ min: -1, max: 1 })],
    ["min", (x) => clampMin(x, -1)],
    ["max", (x) => clampMax(x, 1)],
    ["minTensor", (x) => x.clamp({ min: bound(-1) })],
    ["maximum", (x) => maximum(x, bound(-1))],
  ])("%s gives ties the gradient that PyTorch gives them", async (name, f) => {
    const x = tensor(recorded.points, { requiresGrad: true });
    const [dx] = grad(f(x).sum(), [x]);
    expect(await dx.toArray()).toEqual(recorded.clampGradient[name]);
  });
});

describe("activations with options", () => {
  it.each(Object.entries(recorded.softplus))("softplus with beta and threshold %s", async (options, want) => {
    const [beta = 1, threshold = 20] = options.split(",").map(Number);
    const got = (await numbersOf(softplus(tensor(recorded.points), { beta, threshold }))) as number[];
    got.forEach((value, i) => { expect(value).toBeCloseTo(want[i] ?? NaN, 6); });
  });
  it("gelu by tanh is near gelu", async () => {
    const x = tensor([-1, 0.5, 2]);
    const [exact, near] = [await numbersOf(gelu(x)), await numbersOf(gelu(x, { approximate: "tanh" }))] as [number[], number[]];
    near.forEach((value, i) => { expect(Math.abs(value - (exact[i] ?? NaN))).toBeGreaterThan(1e-5); });
    near.forEach((value, i) => { expect(Math.abs(value - (exact[i] ?? NaN))).toBeLessThan(1e-3); });
    expect(() => gelu(x, { approximate: "erf" as "tanh" })).toThrow(ArgumentError);
  });
});

describe("operands that PyTorch refuses", () => {
  const x = (): Tensor => tensor([1, 2]);
  const mask = (): Tensor => tensor([true, false]);
  it.each<[what: string, call: () => unknown, error: Error]>([
    ["a bool minuend", () => sub(mask(), x()), new DTypeError('sub: expected operands that are not bool, got bool; use logicalNot to invert a mask, or convert it with to("int64")')],
    ["a bool subtrahend", () => x().sub(true), new DTypeError('sub: expected operands that are not bool, got bool; use logicalNot to invert a mask, or convert it with to("int64")')],
    ["a bool subtrahend in place", () => x().sub_(mask()), new DTypeError('sub_: expected operands that are not bool, got bool; use logicalNot to invert a mask, or convert it with to("int64")')],
    ["a number on the left of a comparison", () => ge(2 as unknown as Tensor, x()), new ArgumentError("ge: expected a tensor, got 2; exchange the operands")],
    ["two numbers", () => eq(2 as unknown as Tensor, 2), new ArgumentError("eq: expected a tensor, got 2; exchange the operands")],
    ["a number as the smaller of two", () => minimum(x(), 2 as unknown as Tensor), new ArgumentError("minimum: expected a tensor, got 2; use clampMax for a number")],
    ["a number in logic", () => logicalAnd(x(), 2 as unknown as Tensor), new ArgumentError("logicalAnd: expected a tensor, got 2")],
    ["several values to fill a mask with", () => maskedFill(x(), mask(), tensor([1])), new ShapeError("maskedFill: expected a number or a scalar tensor, got shape [1]; use where for several values")],
  ])("%s", (_, call, error) => {
    expect(call).toThrow(error);
  });
  it("squares of bools are int64", async () => {
    const result = square(mask());
    expect([result.dtype, await result.toArray()]).toEqual(["int64", [1, 0]]);
  });
});
