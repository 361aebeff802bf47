import { interpreter } from "@gradus/kernel-ir/interpreter";
import * as g from "@gradus/tensor-core";
import { Tensor, tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice(interpreter);

const x = (): Tensor => tensor([[3, -1, 2], [0.5, 4, -6]]);
const index = (data: number[] | number[][]): Tensor => tensor(data, { dtype: "int64" });
/** Tensors as what they hold, wherever they stand. */
const contents = (value: unknown): unknown =>
  value instanceof Tensor ? { dtype: value.dtype, holds: (value as Tensor).toArraySync() } : Array.isArray(value) ? value.map(contents) : typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, contents(inner)])) : value;

type Call = (...args: unknown[]) => unknown;
const functions = g as unknown as Readonly<Record<string, Call>>;
const call = (target: Tensor, name: string, args: readonly unknown[]): unknown => (target as unknown as Readonly<Record<string, Call>>)[name]?.call(target, ...args);

describe("methods", () => {
  it.each<[name: string, args?: () => readonly unknown[]]>([
    ["cumsum", () => [1]],
    ["cumsum", () => [0, { dtype: "float64" }]],
    ["cumprod", () => [1]],
    ["logcumsumexp", () => [1]],
    ["cummax", () => [1]],
    ["cummin", () => [0]],
    ["sort", () => [{ descending: true }]],
    ["argsort", () => [{ dim: 0 }]],
    ["topk", () => [2, { largest: false }]],
    ["kthvalue", () => [2, { keepdim: true }]],
    ["median"],
    ["median", () => [{ dim: 1 }]],
    ["unflatten", () => [1, [3, 1]]],
    ["movedim", () => [0, 1]],
    ["diagonal", () => [{ offset: 1 }]],
    ["diagEmbed"],
    ["diag", () => [1]],
    ["trace"],
    ["tril", () => [1]],
    ["triu"],
    ["flip", () => [[0, 1]]],
    ["flipud"],
    ["fliplr"],
    ["roll", () => [1, 0]],
    ["roll", () => [2]],
    ["rot90", () => [1, [0, 1]]],
    ["repeat", () => [[2, 1]]],
    ["tile", () => [[2]]],
    ["repeatInterleave", () => [2, { dim: 0 }]],
    ["nonzero"],
    ["nonzero", () => [{ asTuple: true }]],
    ["take", () => [index([0, 5])]],
    ["takeAlongDim", () => [index([[0], [1]]), 1]],
    ["indexPut", () => [[index([1])], tensor([7, 8, 9])]],
    ["maskedSelect", () => [tensor([[true, false, true], [false, false, true]])]],
    ["clampMin", () => [1]],
    ["clampMax", () => [1]],
    ["round", () => [{ decimals: -1 }]],
    ["div", () => [2, { roundingMode: "floor" }]],
    ["floorDivide", () => [2]],
  ])("%s is the function of that name", (name, make = () => []) => {
    const args = make();
    const want = contents(functions[name]?.(x(), ...args));
    expect(want).toBeDefined();
    expect(contents(call(x(), name, args))).toEqual(want);
  });

  it("take sizes and dimensions one by one as well", () => {
    expect(contents(x().flip(0, 1))).toEqual(contents(x().flip([0, 1])));
    expect(contents(x().repeat(2, 1))).toEqual(contents(x().repeat([2, 1])));
    expect(contents(x().tile(2))).toEqual(contents(x().tile([2])));
  });

  it.each<[name: string, args?: () => readonly unknown[]]>([
    ["abs"], ["sign"], ["square"], ["reciprocal"], ["rsqrt"], ["sin"], ["cos"], ["erf"],
    ["floor"], ["ceil"], ["trunc"], ["round"], ["round", () => [{ decimals: -1 }]], ["silu"],
    ["remainder", () => [2]], ["floorDivide", () => [2]], ["div", () => [2, { roundingMode: "trunc" }]], ["clampMin", () => [1]], ["clampMax", () => [1]],
    ["eq", () => [2]], ["ne", () => [2]], ["lt", () => [2]], ["le", () => [2]], ["gt", () => [2]], ["ge", () => [2]],
    ["logicalNot"], ["logicalAnd", () => [tensor([0, 1, 2])]], ["logicalOr", () => [tensor([0, 1, 2])]],
    ["indexPut", () => [[index([1])], tensor([7, 8, 9])]],
  ])("%s_ writes what the function returns, in the tensor's own type", (name, make = () => []) => {
    const args = make();
    const target = x();
    expect(call(target, `${name}_`, args)).toBe(target);
    expect(contents(target)).toEqual(contents((functions[name]?.(x(), ...args) as Tensor).to("float32")));
  });
});
