import { cpu } from "@gradus/backend-cpu";
import type { Tensor } from "@gradus/tensor-core";
import { setDefaultDevice, tensor, zeros } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { MissingError, translate } from "../src/call.js";
import type { PythonValue } from "../src/python.js";
import { PythonFloat, PythonName, PythonSlice, PythonTuple } from "../src/python.js";
import { camelCase, chooseOverload, findEntry, parseTable } from "../src/signature.js";

setDefaultDevice(cpu());

const py = { float: (x: number) => new PythonFloat(x), tuple: (...items: PythonValue[]) => new PythonTuple(items), dtype: (name: string) => new PythonName("dtype", name) };

/** What the table makes of a call, as Gradus would be called: `softmax(x, 0, {…})`. */
function written(fn: string, args: readonly PythonValue[], kwargs: Record<string, PythonValue> = {}): string {
  const { name, args: out } = translate(zeros([0]).device, fn, args, kwargs);
  const show = (value: unknown): string =>
    typeof value === "object" && value !== null && "layout" in value ? "x" : Array.isArray(value) ? `[${value.map(show).join(", ")}]` : typeof value === "object" && value !== null ? `{ ${Object.entries(value).map(([key, inner]) => `${key}: ${show(inner)}`).join(", ")} }` : (value === undefined ? "undefined" : JSON.stringify(value));
  return `${name}(${out.map(show).join(", ")})`;
}

describe("PyTorch's calls, written for Gradus", () => {
  const x = (): Tensor => tensor([1, 2]);

  it.each<[fn: string, args: () => readonly PythonValue[], kwargs: Record<string, PythonValue>, text: string]>([
    ["torch.softmax", () => [x()], { dim: 0, dtype: py.dtype("float64") }, 'softmax(x, 0, { dtype: "float64" })'],
    ["torch.softmax", () => [x(), 0], {}, "softmax(x, 0)"],
    ["torch.sum", () => [x(), 0, true], {}, "sum(x, { dim: 0, keepdim: true })"],
    ["torch.sum", () => [x()], { axis: 0, dim: null }, "sum(x)"],
    ["torch.add", () => [x(), x()], { alpha: py.float(2) }, "add(x, x, { alpha: 2 })"],
    ["torch.rsub", () => [x(), 3], {}, "sub(3, x)"],
    ["torch.max", () => [x(), x()], {}, "maximum(x, x)"],
    ["torch.max", () => [x(), 0], {}, "max(x, { dim: 0 })"],
    ["torch.std", () => [x(), false], {}, "std(x, { correction: 0 })"],
    ["torch.std", () => [x(), 0, true, true], {}, "std(x, { dim: 0, keepdim: true, correction: 1 })"],
    ["torch.std", () => [x(), 0], { correction: 2, keepdim: true }, "std(x, { dim: 0, keepdim: true, correction: 2 })"],
    ["torch.Tensor.permute", () => [x(), 1, 0], {}, "permute(x, [1, 0])"],
    ["torch.Tensor.permute", () => [x(), py.tuple(1, 0)], {}, "permute(x, [1, 0])"],
    ["torch.nn.functional.conv1d", () => [x(), x()], { stride: py.tuple(2), bias: null }, "conv1d(x, x, undefined, { stride: [2] })"],
    ["torch.nn.functional.conv1d", () => [x(), x()], { stride: 2 }, "conv1d(x, x, undefined, { stride: 2 })"],
    ["torch.nn.functional.nll_loss", () => [x(), x()], { size_average: null, ignore_index: 1 }, "nllLoss(x, x, { ignoreIndex: 1 })"],
    ["torch.Tensor.clone", () => [x()], { memory_format: new PythonName("memory_format", "preserve_format") }, "clone(x)"],
    // Where JavaScript would not know, the element type is written out.
    ["torch.arange", () => [py.float(3)], {}, 'arange(3, { dtype: "float32" })'],
    ["torch.arange", () => [1, 3], {}, 'arange(1, 3, { dtype: "int64" })'],
    ["torch.full", () => [py.tuple(2), 1], {}, 'full([2], 1, { dtype: "int64" })'],
    ["torch.full", () => [py.tuple(2), 1], { dtype: py.dtype("int8") }, 'full([2], 1, { dtype: "int8" })'],
    ["torch.add", () => [x(), py.float(2)], {}, "add(x, 2)"],
    ["torch.add", () => [tensor([1], { dtype: "int32" }), py.float(2)], {}, "add(x, x)"],
    ["torch.add", () => [tensor([1], { dtype: "int32" }), py.float(2.5)], {}, "add(x, 2.5)"],
    ["torch.ones", () => [py.tuple(tensor(2, { dtype: "int64" }), 3)], {}, "ones([2, 3])"],
    ["torch.Tensor.__getitem__", () => [x(), py.tuple(0, new PythonSlice(1, null, 2), null, new PythonName("ellipsis", ""), [0, 1])], {}, 'get(x, 0, "1::2", null, "...", x)'],
    ["torch.Tensor.__setitem__", () => [x(), 0, py.float(5)], {}, "set(x, [0], 5)"],
  ])("%s", (fn, args, kwargs, text) => {
    expect(written(fn, args(), kwargs)).toBe(text);
  });

  it("calls in-place forms by their name, or by inplace=True", () => {
    expect(written("torch.Tensor.add_", [x(), x()])).toBe("add_(x, x)");
    expect(written("torch.nn.functional.relu", [x()], { inplace: true })).toBe("relu_(x)");
    const y = x();
    translate(zeros([0]).device, "torch.Tensor.mul_", [y, 3], {}).run();
    expect(y.toArraySync()).toEqual([3, 6]);
  });

  it("calls a method by the function's arguments", () => {
    const mask = tensor([true, false]);
    const call = translate(zeros([0]).device, "torch.where", [mask, x(), tensor([5, 5])], {}, "where");
    expect((call.run() as Tensor).toArraySync()).toEqual([1, 5]);
  });

  it("reads properties", () => {
    expect((translate(zeros([0]).device, "torch.Tensor.T", [zeros([2, 3])], {}).run() as Tensor).shape).toEqual([3, 2]);
  });

  it("says what is missing, and which arguments fit no line", () => {
    expect(() => translate(zeros([0]).device, "torch.linalg.eig", [x()], {})).toThrow(new MissingError("linalg.eig does not exist"));
    expect(() => translate(zeros([0]).device, "torch.exp", [x(), 1, 2], {})).toThrow("no line of the table for torch.exp takes 3 arguments");
  });
});

describe("the table", () => {
  it("turns snake_case into camelCase and keeps what is not", () => {
    expect(["log_softmax", "atleast_1d", "adaptive_avg_pool2d", "add_", "UPLO", "max_pool2d_with_indices", "xavier_uniform_"].map(camelCase)).toEqual(["logSoftmax", "atleast1d", "adaptiveAvgPool2d", "add_", "UPLO", "maxPool2dWithIndices", "xavierUniform_"]);
  });

  it("finds functions, methods, in-place forms and other names of one thing", () => {
    for (const name of ["torch.div", "torch.divide", "torch.Tensor.div", "torch.Tensor.divide_", "torch.Tensor.__truediv__"]) expect(findEntry(name)?.signatures[0]?.target, name).toBe("div");
    expect(findEntry("torch.Tensor.__frobnicate__")).toBeUndefined();
  });

  it.each([
    ["f => g(a)", /^table, line 1 .*expected `name\(parameters\)`/],
    ["f(a) => g(b)", /expected arguments that are parameters, got "b"/],
    ["f(a: sometype)", /expected a known type, got "a: sometype"/],
    ["f(a; b; c)", /expected one semicolon/],
    ["f = g", /expected "g" to exist/],
  ])("refuses %s", (text, message) => {
    expect(() => parseTable(text)).toThrow(message);
  });

  it("takes the first overload whose types fit, and lets wrong calls through to Gradus", () => {
    const overload = (...args: PythonValue[]): string | undefined => {
      const entry = findEntry("torch.max");
      return entry && chooseOverload(entry, args, new Map())?.signature.target;
    };
    expect(overload(tensor([1]), tensor([2]))).toBe("maximum");
    expect(overload(tensor([1]), 0)).toBe("max");
    expect(chooseOverload(findEntry("torch.where") ?? { signatures: [], isMethod: false, inPlace: false }, [1, 2, 3], new Map())?.signature.target).toBe("where");
  });
});
