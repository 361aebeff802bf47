import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { markParameter } from "@gradus/autograd";
import type { Backend } from "@gradus/kernel-ir";
import { dtypes } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { tensor } from "../src/create.js";
import { fixedPoint, scientific } from "../src/decimal.js";
import { deviceOf } from "../src/device.js";
import { ArgumentError } from "../src/errors.js";
import type { PrintOptions, TensorDescription } from "../src/print.js";
import { describeTensor, formatDescribed, formatTensor, getPrintOptions, setPrintOptions } from "../src/print.js";
import { numelOf } from "../src/shape.js";
import type { TypedArray } from "../src/typed-array.js";
import { decodeBytes, encodeValues } from "../src/typed-array.js";

/** What PyTorch printed: see fixtures/print.py. */
type Printed = Partial<TensorDescription> & Pick<TensorDescription, "shape" | "dtype"> & {
  /** Bytes of the elements in base64, to be repeated as often as the shape needs. */
  readonly data: string;
  readonly options?: Partial<PrintOptions>;
  readonly text: string;
};
const lines = gunzipSync(readFileSync(new URL("fixtures/print.jsonl.gz", import.meta.url))).toString().trimEnd().split("\n");
const fixture = lines.map((line) => JSON.parse(line, (_, value: unknown) => (value === "Infinity" ? Infinity : value)) as Printed);

const standard = getPrintOptions();
const described = (part: Partial<TensorDescription>): TensorDescription => ({ shape: [], dtype: "float32", device: "cpu", requiresGrad: false, gradFn: null, ...part });

/** `values`, over and over, as the elements of a tensor. */
function fill({ shape, dtype }: TensorDescription, values: ArrayLike<number | bigint>): TypedArray {
  return decodeBytes(dtype, encodeValues(dtype, Array.from({ length: numelOf(shape) }, (_, i) => values[i % values.length]!)).slice());
}

afterEach(() => {
  setPrintOptions({ profile: "default" });
});

describe("formatDescribed", () => {
  it(`prints the ${fixture.length} tensors of the fixture as PyTorch does`, () => {
    const ours = fixture.map(({ data, options, text: _, ...part }) => {
      const tensor = described(part);
      const values = decodeBytes(tensor.dtype, Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
      return formatDescribed(tensor, fill(tensor, values), { ...standard, ...options });
    });
    expect(ours).toEqual(fixture.map(({ text }) => text));
    expect(new Set(fixture.map(({ dtype }) => dtype))).toEqual(new Set(dtypes));
  });

  const options = fc.record({
    precision: fc.nat(20),
    threshold: fc.oneof(fc.nat(100), fc.constant(Infinity)),
    edgeItems: fc.nat(4),
    lineWidth: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(Infinity)),
    sciMode: fc.constantFrom(true, false, null),
  });
  const tensors = fc
    .record({
      shape: fc.array(fc.nat(5), { maxLength: 5 }),
      dtype: fc.constantFrom(...dtypes),
      device: fc.constantFrom("cpu", "webgpu"),
      requiresGrad: fc.boolean(),
      gradFn: fc.option(fc.string()),
    })
    .chain((tensor) => fc.record({ tensor: fc.constant(tensor), values: fc.array(fc.double(), { minLength: 1, maxLength: 50 }).map((values) => fill(tensor, values)) }));

  it("prints any tensor under any options", () => {
    fc.assert(
      fc.property(tensors, options, ({ tensor, values }, chosen) => {
        const text = formatDescribed(tensor, values, chosen);
        expect(text.startsWith("tensor(")).toBe(true);
        expect(text.endsWith(")")).toBe(true);
      }),
    );
  });

  it("prints each element in order, close to its value", () => {
    fc.assert(
      fc.property(tensors, ({ tensor, values }) => {
        const text = formatDescribed({ ...tensor, gradFn: null }, values, { ...standard, precision: 17, threshold: Infinity, sciMode: true });
        const [contents = ""] = text.split(/,\s+(?:device|size|dtype|requires_grad)=/);
        const elements = contents.match(/-?(?:\d[\d.]*(?:e[+-]\d+)?|inf|nan)|True|False/g) ?? [];
        const parsed = elements.map((element) => ({ True: 1, False: 0, inf: Infinity, "-inf": -Infinity })[element] ?? Number(element));
        // 18 digits tell any two numbers apart.
        expect(parsed).toEqual(Array.from(values, Number));
      }),
    );
  });

  it("keeps to the line width, but for brackets that close", () => {
    fc.assert(
      fc.property(tensors, ({ tensor, values }) => {
        const widest = Math.max(...formatDescribed({ ...tensor, gradFn: null }, values).split("\n").map((line) => line.length));
        expect(widest).toBeLessThanOrEqual(80 + tensor.shape.length);
      }),
    );
  });

  it("refuses another number of values than the shape has", () => {
    expect(() => formatDescribed(described({ shape: [2, 2] }), new Float32Array(3))).toThrow("internal: formatTensor: 3 values of a tensor of shape [2, 2]");
  });
});

describe("decimals", () => {
  it("round the exact value, ties to even", () => {
    // Python: [f"{x:.4f}" for x in (…)], and the same with .4e
    expect([0.03125, 0.09375, -0.03125, 0.00005, 2 ** 70, -0, 9.99995, 9.99985].map((x) => fixedPoint(x, 4))).toEqual([
      "0.0312", "0.0938", "-0.0312", "0.0001", "1180591620717411303424.0000", "-0.0000", "10.0000", "9.9999",
    ]);
    expect([1000050, 1000150, 0, 9.99999, -5e-324, 1e23, 1e22, 2 ** -10].map((x) => scientific(x, 4))).toEqual([
      "1.0000e+06", "1.0002e+06", "0.0000e+00", "1.0000e+01", "-4.9407e-324", "1.0000e+23", "1.0000e+22", "9.7656e-04",
    ]);
    expect([0.5, 1.5, 2.5].map((x) => fixedPoint(x, 0))).toEqual(["0", "2", "2"]);
    expect([1e23, 25].map((x) => scientific(x, 0))).toEqual(["1e+23", "2e+01"]);
  });

  it("of many digits are read back as the same number", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(scientific(value, 16))).toBe(value);
        expect(Number(fixedPoint(value, 1074))).toBe(value);
        expect(scientific(value, 40)).toMatch(/^-?\d\.\d{40}e[+-]\d{2,3}$/);
      }),
    );
  });
});

describe("formatTensor", () => {
  it("prints a tensor of a device that can be read at once", () => {
    const device = interpreter();
    const x = tensor([[1, 2.5], [3, NaN]], { device, requiresGrad: true });
    expect(String(x)).toBe("tensor([[1.0000, 2.5000],\n        [3.0000,    nan]], device='interpreter', requires_grad=True)");
    expect(String(x.add(1).detach())).toBe("tensor([[2.0000, 3.5000],\n        [4.0000,    nan]], device='interpreter')");
    expect(formatTensor(x.mul(x), new Float32Array(4))).toBe("tensor([[0., 0.],\n        [0., 0.]], device='interpreter', grad_fn=<MulBackward0>)");
    expect(String(tensor([1n, -(2n ** 63n)], { device }))).toBe("tensor([                   1, -9223372036854775808], device='interpreter')");
    expect(String(tensor([], { device }))).toBe("tensor([], device='interpreter')");
    expect(String(markParameter(tensor([1], { device, requiresGrad: true })))).toBe("Parameter containing:\ntensor([1.], device='interpreter', requires_grad=True)");
  });
});

describe("describeTensor", () => {
  it("says how to get the values, or that they are gone", () => {
    const backend: Backend = { ...interpreter(), name: "webgpu" };
    delete backend.readSync;
    const device = deviceOf(backend);
    const x = tensor([[1, 2, 3], [4, 5, 6]], { device });
    expect(String(x)).toBe("Tensor(shape=[2, 3], dtype=float32, device=webgpu; values: await t.toArray())");
    expect(describeTensor(tensor(true, { device }))).toBe("Tensor(shape=[], dtype=bool, device=webgpu; values: await t.toArray())");
    x.dispose();
    expect(String(x)).toBe("Tensor(shape=[2, 3], dtype=float32, device=webgpu; disposed)");
  });
});

describe("print options", () => {
  const print = (values: number[]): string => formatDescribed(described({ shape: [values.length] }), Float32Array.from(values));

  it("change one at a time, or all by a profile", () => {
    setPrintOptions({ precision: 1, sciMode: true });
    expect(print([1, 20])).toBe("tensor([1.0e+00, 2.0e+01])");
    setPrintOptions({ lineWidth: 20 });
    expect(getPrintOptions()).toEqual({ precision: 1, threshold: 1000, edgeItems: 3, lineWidth: 20, sciMode: true });
    setPrintOptions({ profile: "short", threshold: 4 });
    expect(getPrintOptions()).toEqual({ precision: 2, threshold: 4, edgeItems: 2, lineWidth: 80, sciMode: null });
    expect(print([1, 2, 3, 4, 5])).toBe("tensor([1., 2.,  ..., 4., 5.])");
    setPrintOptions({ profile: "full" });
    expect(print(Array.from({ length: 2000 }, (_, i) => i))).not.toContain("...");
    setPrintOptions({ profile: "default" });
    expect(getPrintOptions()).toEqual(standard);
  });

  it("cannot be changed through what getPrintOptions gives", () => {
    Object.assign(getPrintOptions(), { precision: 9 });
    expect(getPrintOptions()).toEqual(standard);
  });

  it("are checked before any of them changes", () => {
    const wrong: [object, string][] = [
      [{ precision: -1 }, "setPrintOptions: expected precision to be a whole number up to 1074, got -1"],
      [{ precision: 2.5 }, "setPrintOptions: expected precision to be a whole number up to 1074, got 2.5"],
      [{ threshold: NaN }, "setPrintOptions: expected threshold to be a number that is not negative, got NaN"],
      [{ edgeItems: Infinity }, "setPrintOptions: expected edgeItems to be a whole number that is not negative, got Infinity"],
      [{ lineWidth: 0 }, "setPrintOptions: expected lineWidth to be a positive whole number, got 0"],
      [{ sciMode: "yes" }, "setPrintOptions: expected sciMode to be true, false or null, got yes"],
      [{ edgeItems: undefined }, "setPrintOptions: expected edgeItems to be a whole number that is not negative, got undefined"],
      [{ linewidth: 40 }, "setPrintOptions: expected precision, threshold, edgeItems, lineWidth, sciMode or profile, got linewidth"],
      [{ profile: "toString" }, "setPrintOptions: expected the profile default, short, full, got toString"],
    ];
    for (const [change, message] of wrong) {
      expect(() => setPrintOptions({ threshold: 7, ...change })).toThrow(new ArgumentError(message));
    }
    expect(getPrintOptions()).toEqual(standard);
  });
});
