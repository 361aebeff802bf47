import { readFileSync } from "node:fs";
import { cpu } from "@gradus/backend-cpu";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { asynchronous } from "@gradus/kernel-ir/testing";
import * as special from "@gradus/special";
import { AutogradError, DeviceError, gradcheck, gradgradcheck, setDefaultDevice, tensor, type Tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";

setDefaultDevice(cpu());

/** Arguments and the value that mpmath gives, by function. */
const values = JSON.parse(readFileSync(new URL("values.json", import.meta.url), "utf8")) as Record<string, number[][]>;
const functions = special as unknown as Readonly<Record<string, (...args: unknown[]) => Tensor>>;

/** polygamma takes its order first, and as a number. */
const call = (name: string, columns: readonly (readonly number[])[], dtype: "float32" | "float64"): number[] => {
  if (name === "polygamma") return columns[0]!.map((x, i) => special.polygamma(columns[1]![i]!, tensor(x, { dtype })).itemSync());
  return Array.from(functions[name]!(...columns.map((column) => tensor([...column], { dtype }))).readSync(), Number);
};

describe.each(Object.keys(values))("%s", (name) => {
  const rows = values[name]!;
  const columns = Array.from({ length: rows[0]!.length - 1 }, (_, j) => rows.map((row) => row[j]!));
  // float32 cannot hold most of the arguments, which costs some digits of steep functions.
  it.each([["float64", 4e-14, 4e-15], ["float32", 6e-6, 1e-6]] as const)("of %s is mpmath's", (dtype, relative, absolute) => {
    const got = call(name, columns, dtype);
    const wrong = rows.flatMap((row, i) => {
      const want = row.at(-1)!;
      return Math.abs(got[i]! - want) <= relative * Math.abs(want) + absolute ? [] : [`${name}(${row.slice(0, -1).join(", ")}): expected ${want}, got ${got[i]!}`];
    });
    expect(wrong).toEqual([]);
  });
});

describe("derivatives", () => {
  const f64 = (data: number[]): Tensor => tensor(data, { dtype: "float64", requiresGrad: true });
  it.each<[name: string, f: (x: Tensor) => Tensor, at: number[]]>([
    ["lgamma", special.lgamma, [-2.3, -0.4, 0.2, 1.3, 2.6, 5, 12]],
    ["digamma", special.digamma, [-2.3, 0.2, 1.3, 5, 12]],
    ["trigamma", (x) => special.polygamma(1, x), [0.3, 1.3, 5, 12]],
    ["polygamma", (x) => special.polygamma(2, x), [0.6, 1.3, 5]],
    ["mvlgamma", (x) => special.mvlgamma(x, 3), [2.1, 3.3]],
    ["i0", special.i0, [-3, 0.5, 9]],
    ["i0e", special.i0e, [-3, 0.5, 9]],
    ["i1", special.i1, [-3, 0.5, 9]],
    ["i1e", special.i1e, [-3, 0.5, 9]],
    ["besselJ0", special.besselJ0, [-3, 0.5, 9]],
    ["besselJ1", special.besselJ1, [-3, 0.5, 9]],
    ["besselY0", special.besselY0, [0.5, 3, 9]],
    ["besselY1", special.besselY1, [0.5, 3, 9]],
    ["modifiedBesselK0", special.modifiedBesselK0, [0.5, 1.5, 3]],
    ["modifiedBesselK1", special.modifiedBesselK1, [0.5, 1.5, 3]],
    ["scaledModifiedBesselK0", special.scaledModifiedBesselK0, [0.5, 3]],
    ["scaledModifiedBesselK1", special.scaledModifiedBesselK1, [0.5, 3]],
    ["sphericalBesselJ0", special.sphericalBesselJ0, [-3, 0.5, 9]],
    ["airyAi", special.airyAi, [-6, -1, 1, 3]],
    ["erfcx", special.erfcx, [-1.5, 0.3, 4]],
    ["erfinv", special.erfinv, [-0.9, 0.1, 0.99]],
    ["ndtr", special.ndtr, [-2, 0.3, 1.5]],
    ["ndtri", special.ndtri, [0.01, 0.4, 0.9]],
    ["logNdtr", special.logNdtr, [-9, -0.5, 2]],
    ["entr", special.entr, [0.2, 1.5]],
    ["xlog1py", (x) => special.xlog1py(x, x.mul(0.5)), [0.2, 1.5]],
    ["zeta", (x) => special.zeta(2.5, x), [0.6, 3]],
  ])("of %s", async (name, f, at) => {
    await gradcheck(f, [f64(at)], { name });
    await gradgradcheck(f, [f64(at)], { name });
  });

  it("of incomplete gamma functions, in x", async () => {
    const a = tensor([1.2, 4], { dtype: "float64" });
    await gradcheck((x) => special.gammainc(a, x), [f64([0.6, 3])], { name: "gammainc" });
    await gradcheck((x) => special.gammaincc(a, x), [f64([0.6, 3])], { name: "gammaincc" });
  });

  it("that are not known are refused", () => {
    expect(() => special.legendrePolynomialP(f64([0.5]), 3).sum().backward()).toThrow(AutogradError);
    expect(() => special.gammainc(f64([0.5]), tensor([1], { dtype: "float64" })).sum().backward()).toThrow("gammainc: the derivative with respect to argument 1");
  });
});

describe("at the ends", () => {
  it.each<[name: string, x: number, value: number]>([
    ["lgamma", 0, Infinity], ["lgamma", -3, Infinity], ["lgamma", Infinity, Infinity], ["lgamma", 1, 0], ["lgamma", 2, 0],
    ["digamma", -2, NaN], ["digamma", 0, -Infinity],
    ["erfinv", 1, Infinity], ["erfinv", -1, -Infinity], ["erfinv", 1.5, NaN], ["ndtri", 0, -Infinity], ["ndtri", 1, Infinity], ["ndtri", -0.1, NaN],
    ["entr", 0, 0], ["entr", -1, -Infinity], ["erfcx", -Infinity, Infinity], ["erfcx", Infinity, 0], ["ndtr", -Infinity, 0], ["ndtr", Infinity, 1],
    ["modifiedBesselK0", 0, Infinity], ["modifiedBesselK1", -1, NaN], ["besselY0", 0, -Infinity], ["besselJ0", Infinity, 0], ["i1", 0, 0],
  ])("%s(%d) = %d", (name, x, value) => {
    for (const dtype of ["float32", "float64"] as const) expect(functions[name]!(tensor([x], { dtype })).itemSync() + 0).toBe(value);
  });
});

it("takes integers as float32, and broadcasts", () => {
  const n = tensor([[0], [1], [2]], { dtype: "int64" });
  const result = special.chebyshevPolynomialT(tensor([0.5, 1]), n);
  expect(result.dtype).toBe("float32");
  expect(result.toArraySync()).toEqual([[1, 1], [0.5, 1], [-0.5, 1]]);
  expect(special.lgamma(tensor([3], { dtype: "int32" })).dtype).toBe("float32");
  expect(special.shiftedChebyshevPolynomialU(tensor([0.75]), 1).itemSync()).toBe(1);
  expect(special.hermitePolynomialHe(2, tensor([3])).itemSync()).toBe(2);
});

it("says where the host is needed", () => {
  const there = asynchronous(interpreter());
  expect(() => special.zeta(tensor([2], { device: there }), 1)).toThrow(DeviceError);
});
