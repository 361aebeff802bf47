import { interpreter } from "@gradus/kernel-ir/interpreter";
import * as g from "@gradus/tensor-core";
import { ArgumentError, DTypeError, gradcheck, gradgradcheck, ShapeError, tensor, Tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice(interpreter);

const withNaN = (): Tensor => tensor([[3, -1, 2], [NaN, 4, -6]]);
const y = (): Tensor => tensor([[3, -1, 2, 2], [0.5, 4, -6, 4]], { dtype: "float64" });
const int = (data: number[] | number[][]): Tensor => tensor(data, { dtype: "int64" });
const f64 = (data: number[]): Tensor => tensor(data, { dtype: "float64" });

/** Numbers rounded so that lists of them can be compared. */
const shown = (value: unknown): unknown => {
  if (value instanceof Tensor) return shown((value as Tensor).toArraySync());
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value === "number") return Number(value.toPrecision(7));
  if (typeof value === "object" && value !== null) return Object.values(value).map(shown);
  return value;
};

/** The expected values are PyTorch 1.13's. */
describe("as in PyTorch", () => {
  it.each<[name: string, call: () => unknown, expected: unknown]>([
    ["nansum", () => g.nansum(withNaN(), { dim: 1 }), [4, -2]],
    ["nansum of integers", () => g.nansum(int([1, 2])), 3],
    ["nanmean", () => g.nanmean(withNaN()), 0.4],
    ["nanmean of nothing", () => g.nanmean(tensor([[NaN], [1]]), { dim: 1, keepdim: true }), [[NaN], [1]]],
    ["countNonzero", () => g.countNonzero(int([[0, 1, 2], [0, 0, 3]]), { dim: 1 }), [2, 1]],
    ["stdMean", () => g.stdMean(y(), { dim: 1 }), [[1.7320508, 4.714782], [1.5, 0.625]]],
    ["aminmax", () => g.aminmax(y(), { dim: 1 }), [[-1, -6], [3, 4]]],
    ["aminmax of all", () => g.aminmax(y()), [-6, 4]],
    ["norm p = 0", () => g.norm(y(), { p: 0, dim: 1 }), [4, 4]],
    ["norm p = ½", () => g.norm(y(), { p: 0.5, dim: 1 }), [30.91891, 51.21687]],
    ["norm p = 1", () => g.norm(y(), { p: 1, dim: 1 }), [8, 14.5]],
    ["norm p = 1.5", () => g.norm(y(), { p: 1.5, dim: 1 }), [5.198591, 9.878985]],
    ["norm", () => g.norm(y(), { dim: 1 }), [4.242641, 8.261356]],
    ["norm p = 3", () => g.norm(y(), { p: 3, dim: 1 }), [3.530348, 7.007645]],
    ["norm p = ∞", () => g.norm(y(), { p: Infinity, dim: 1 }), [3, 6]],
    ["norm p = −∞", () => g.norm(y(), { p: -Infinity, dim: 1 }), [1, 0.5]],
    ["norm p = −1", () => g.norm(y(), { p: -1, dim: 1 }), [0.4285714, 0.375]],
    ["dist", () => g.dist(y().select(0, 0), y().select(0, 1), 3), 8.709335],
    ["renorm", () => g.renorm(y(), 2, 0, 4), [[2.828427, -0.942809, 1.885618, 1.885618], [0.242091, 1.936728, -2.905092, 1.936728]]],
    ["quantile", () => g.quantile(y(), f64([0.25, 0.9]), { dim: 1 }), [[1.25, -1.125], [2.7, 4]]],
    ["quantile, lower", () => g.quantile(y(), f64([0.25, 0.9]), { dim: 1, interpolation: "lower" }), [[-1, -6], [2, 4]]],
    ["quantile, higher", () => g.quantile(y(), f64([0.25, 0.9]), { dim: 1, interpolation: "higher" }), [[2, 0.5], [3, 4]]],
    ["quantile, nearest", () => g.quantile(y(), f64([0.25, 0.9]), { dim: 1, interpolation: "nearest" }), [[2, 0.5], [3, 4]]],
    ["quantile, midpoint", () => g.quantile(y(), f64([0.25, 0.9]), { dim: 1, interpolation: "midpoint" }), [[0.5, -2.75], [2.5, 4]]],
    ["quantile of a row with NaN", () => g.quantile(withNaN(), 0.5, { dim: 1 }), [2, NaN]],
    ["quantile of all, kept", () => g.quantile(tensor([[0, 10]]), 0.25, { keepdim: true }), [[2.5]]],
    ["nanquantile", () => g.nanquantile(withNaN(), 0.5, { dim: 1, keepdim: true }), [[2], [-1]]],
    ["nanmedian", () => g.nanmedian(withNaN(), { dim: 1 }), [[2, -6], [2, 2]]],
    ["nanmedian of all", () => g.nanmedian(withNaN()), 2],
    ["mode", () => g.mode(y()), [[2, 4], [3, 3]]],
    ["mode of several", () => g.mode(int([2, 1, 1, 2, 0])), [1, 2]],
    ["bincount", () => g.bincount(int([1, 3, 1]), { minlength: 6 }), [0, 2, 0, 1, 0, 0]],
    ["bincount with weights", () => g.bincount(int([1, 3, 1]), { weights: tensor([0.5, 1, 2]) }), [0, 2.5, 0, 1]],
    ["bincount of nothing", () => g.bincount(int([]), { minlength: 2 }), [0, 0]],
    // PyTorch 1.13 counts NaN in the first bin, against its own documentation.
    ["histc", () => g.histc(tensor([1, 2, 1, NaN, 9]), { bins: 4, min: 0, max: 3 }), [0, 2, 1, 0]],
    ["histc over the elements' range", () => g.histc(tensor([1, 2, 1]), { bins: 4 }), [2, 0, 0, 1]],
    ["histc of equal elements", () => g.histc(tensor([2, 2]), { bins: 4 }), [0, 0, 2, 0]],
    ["diff", () => g.diff(y(), { dim: 1, n: 2, prepend: tensor([[0], [0]], { dtype: "float64" }) }), [[-7, 7, -3], [3, -13.5, 20]]],
    ["diff of bools", () => g.diff(tensor([true, true, false])), [false, true]],
    ["trapezoid", () => g.trapezoid(y(), { x: f64([0, 1, 3, 4]) }), [4, -0.75]],
    ["cumulativeTrapezoid", () => g.cumulativeTrapezoid(y(), { dx: 0.5 }), [[0.5, 0.75, 1.75], [1.125, 0.625, 0.125]]],
    ["gradient", () => g.gradient(tensor([1, 2, 4, 8])), [[1, 1.5, 3, 4]]],
    ["gradient over places, ends by parabolas", () => g.gradient(f64([1, 2, 4, 8]), { spacing: [f64([0, 1, 3, 4])], edgeOrder: 2 }), [[1, 1, 3, 5]]],
    ["gradient along two dimensions", () => g.gradient(tensor([[1, 2], [4, 8]]), { spacing: [1, 2] }), [[[3, 6], [3, 6]], [[0.5, 0.5], [2, 2]]]],
    ["sumToSize", () => g.sumToSize(y(), [4]), [3.5, 3, -4, 6]],
    ["logspace", () => g.logspace(0, 2, 3), [1, 10, 100]],
    ["trilIndices", () => g.trilIndices(2, 3, 1), [[0, 0, 1, 1, 1], [0, 1, 0, 1, 2]]],
    ["triuIndices", () => g.triuIndices(2, 3, 1), [[0, 0, 1], [1, 2, 2]]],
  ])("%s", (_, call, expected) => {
    expect(shown(call())).toEqual(shown(expected));
  });
});

describe("gradients", () => {
  const x = (): Tensor => tensor([[1.5, -0.7, 2.2], [0.4, 3.1, -1.9]], { dtype: "float64", requiresGrad: true });
  it.each<[name: string, f: (x: Tensor) => Tensor | readonly Tensor[]]>([
    ["nansum", (t) => g.nansum(t, { dim: 0 })],
    ["nanmean", (t) => g.nanmean(t, { dim: 1 })],
    ["stdMean", (t) => g.stdMean(t, { dim: 1 })],
    ["aminmax", (t) => Object.values<Tensor>(g.aminmax(t, { dim: 1 }))],
    ...[0.5, 1, 1.5, 2, 3, Infinity, -Infinity].map((p): [string, (t: Tensor) => Tensor] => [`norm p = ${p}`, (t) => g.norm(t, { p, dim: 1 })]),
    ["dist", (t) => g.dist(t, f64([0.1, 0.2, -0.4]), 2)],
    ["renorm", (t) => g.renorm(t, 2, 0, 2)],
    ["quantile", (t) => g.quantile(t, 0.3, { dim: 1 })],
    ["nanquantile", (t) => g.nanquantile(t, 0.3)],
    ["nanmedian", (t) => g.nanmedian(t, { dim: 0 }).values],
    ["mode", (t) => g.mode(t).values],
    ["diff", (t) => g.diff(t, { n: 2 })],
    ["trapezoid", (t) => g.trapezoid(t, { dx: 0.3 })],
    ["cumulativeTrapezoid", (t) => g.cumulativeTrapezoid(t, { x: f64([0, 1, 3]) })],
    ["gradient", (t) => g.gradient(t, { spacing: 0.5 })],
    ["sumToSize", (t) => g.sumToSize(t, [1, 3])],
  ])("of %s", async (name, f) => {
    await gradcheck(f, [x()], { name });
    await gradgradcheck(f, [x()], { name });
  });

  it("of lengths and deviations that are zero are zero", () => {
    for (const f of [(t: Tensor) => g.norm(t), (t: Tensor) => g.std(t)]) {
      const zero = tensor([0, 0], { requiresGrad: true });
      f(zero).backward();
      expect(zero.grad!.toArraySync()).toEqual([0, 0]);
    }
  });
});

describe("what is refused", () => {
  it.each<[name: string, call: () => unknown, error: new (...args: never[]) => Error, message: string]>([
    ["nanmean", () => g.nanmean(int([1])), DTypeError, "nanmean: expected a floating tensor, got int64"],
    ["norm", () => g.norm(int([1])), DTypeError, "norm: expected a floating tensor"],
    ["norm", () => g.norm(tensor([]), { p: Infinity }), ShapeError, "norm: expected at least one element"],
    ["norm", () => g.norm(tensor([1]), { p: "nuc" as "fro" }), ArgumentError, 'norm: expected a number or "fro"'],
    ["renorm", () => g.renorm(tensor([1]), 2, 0, 1), ShapeError, "renorm: expected at least two dimensions"],
    ["quantile", () => g.quantile(tensor([1]), 1.5), ArgumentError, "quantile: expected q in [0, 1], got 1.5"],
    ["quantile", () => g.quantile(tensor([1]), tensor([0.5, 2])), ArgumentError, "quantile: expected q in [0, 1], got 2"],
    ["quantile", () => g.quantile(int([1]), 0.5), DTypeError, "quantile: expected a float32 or float64 tensor"],
    ["quantile", () => g.quantile(tensor([1]), 0.5, { interpolation: "cubic" as "linear" }), ArgumentError, "quantile: expected interpolation"],
    ["bincount", () => g.bincount(int([-1])), ArgumentError, "bincount: expected integers that are not negative, got -1"],
    ["bincount", () => g.bincount(int([[1]])), ShapeError, "bincount: expected a vector"],
    ["histc", () => g.histc(tensor([1]), { min: 2, max: 1 }), ArgumentError, "histc: expected min <= max"],
    ["diff", () => g.diff(tensor(1)), ShapeError, "diff: expected at least one dimension"],
    ["gradient", () => g.gradient(tensor([1]), {}), ShapeError, "gradient: expected at least 2 elements along dimension 0"],
    ["gradient", () => g.gradient(tensor([1, 2]), { spacing: [1, 2] }), ArgumentError, "gradient: expected a spacing for each of 1 dimensions"],
    ["positive", () => g.positive(tensor([true])), DTypeError, "positive: expected numbers, got bool"],
    ["sumToSize", () => g.sumToSize(y(), [3]), ShapeError, "sumToSize: expected a shape that broadcasts to [2, 4], got [3]"],
    ["multinomial", () => g.multinomial(tensor([1, 1]), 3), ArgumentError, "multinomial: expected at most 2 draws"],
    ["multinomial", () => g.multinomial(tensor([0, 0]), 1), ArgumentError, "multinomial: expected a positive sum"],
    ["addcdiv", () => g.addcdiv(int([1]), int([1]), int([1])), DTypeError, "addcdiv: expected float tensors"],
    ["heaviside", () => g.heaviside(tensor([1]), int([1])), DTypeError, "heaviside: expected tensors of one type"],
    ["nextafter", () => g.nextafter(tensor([1]).half(), tensor([1]).half()), DTypeError, "nextafter: expected float32 or float64"],
    ["add", () => int([1]).add(int([1]), { alpha: 0.5 }), ArgumentError, "add: expected a whole alpha for integers, got 0.5"],
    ["isclose", () => g.isclose(tensor([1]), int([1])), DTypeError, "isclose: expected tensors of one type"],
    ["clamp", () => g.clamp(tensor([1]), {}), ArgumentError, "clamp: expected min, max or both"],
    ["finfo", () => g.finfo("int64"), DTypeError, "finfo: expected a floating type"],
    ["iinfo", () => g.iinfo("float32"), DTypeError, "iinfo: expected an integer type"],
  ])("%s", (_, call, error, message) => {
    expect(call).toThrow(error);
    expect(call).toThrow(message);
  });
});

describe("questions about two tensors", () => {
  it("allclose and equal answer with a boolean", () => {
    expect(g.allclose(tensor([1, 2]), tensor([1, 2 + 1e-6]))).toBe(true);
    expect(g.allclose(tensor([1, 2]), tensor([1, 2.1]))).toBe(false);
    expect(g.allclose(tensor([NaN]), tensor([NaN]))).toBe(false);
    expect(g.allclose(tensor([NaN]), tensor([NaN]), { equalNan: true })).toBe(true);
    expect(g.equal(tensor([1, 2]), tensor([1, 2]))).toBe(true);
    expect(g.equal(tensor([1, 2]), tensor([[1, 2]]))).toBe(false);
  });
});

describe("limits of element types", () => {
  it("are PyTorch's", () => {
    expect(g.finfo("float16")).toEqual({ dtype: "float16", bits: 16, eps: 0.0009765625, max: 65504, min: -65504, tiny: 2 ** -14, smallestNormal: 2 ** -14, resolution: 0.001 });
    expect(g.finfo("bfloat16")).toMatchObject({ eps: 0.0078125, max: 3.3895313892515355e38, resolution: 0.01 });
    expect(g.finfo()).toMatchObject({ eps: 1.1920928955078125e-7, max: 3.4028234663852886e38, tiny: 1.1754943508222875e-38, resolution: 1e-6 });
    expect(g.finfo("float64")).toMatchObject({ eps: Number.EPSILON, max: Number.MAX_VALUE, tiny: 2.2250738585072014e-308, resolution: 1e-15 });
    expect(g.iinfo("uint8")).toEqual({ dtype: "uint8", bits: 8, min: 0, max: 255 });
    expect(g.iinfo("int16")).toMatchObject({ min: -32768, max: 32767 });
    expect(g.iinfo("int64")).toMatchObject({ min: -9223372036854775808n, max: 9223372036854775807n });
  });
});

describe("numbers next to each other", () => {
  it.each(["float32", "float64"] as const)("of %s", (dtype) => {
    const eps = g.finfo(dtype).eps;
    const at = (from: number, to: number): number => g.nextafter(tensor([from], { dtype }), tensor([to], { dtype })).readSync()[0]!;
    expect(at(1, 2)).toBe(1 + eps);
    expect(at(1, 0)).toBe(1 - eps / 2);
    expect(at(-1, -2)).toBe(-1 - eps);
    expect(at(0, -1)).toBe(-g.finfo(dtype).tiny * eps);
    expect(at(3, 3)).toBe(3);
    expect(at(g.finfo(dtype).max, Infinity)).toBe(Infinity);
    expect(at(1, NaN)).toBeNaN();
  });
});

describe("signs and bits", () => {
  it("count on zeros too", () => {
    expect(g.copysign(tensor([1, 1, 0]), tensor([-0, 2, -3])).toArraySync()).toEqual([-1, 1, -0]);
    expect(g.signbit(tensor([-0, 0, -1])).toArraySync()).toEqual([true, false, true]);
    expect(g.nanToNum(tensor([NaN, Infinity, -Infinity])).toArraySync()).toEqual([0, 3.4028234663852886e38, -3.4028234663852886e38]);
    expect(g.nanToNum(tensor([Infinity], { dtype: "float16" })).toArraySync()).toEqual([65504]);
  });
  it("hold in 64 bits", () => {
    const big = tensor([2n ** 62n + 6n, -(2n ** 61n)]);
    expect(g.gcd(big, tensor([2n, 2n ** 40n])).readSync()).toEqual(BigInt64Array.of(2n, 2n ** 40n));
    expect(big.bitwiseRightShift(60).readSync()).toEqual(BigInt64Array.of(4n, -2n));
    expect(big.bitwiseLeftShift(64).readSync()).toEqual(BigInt64Array.of(0n, 0n));
    expect(big.bitwiseXor(1).readSync()).toEqual(BigInt64Array.of(2n ** 62n + 7n, -(2n ** 61n) + 1n));
  });
});
