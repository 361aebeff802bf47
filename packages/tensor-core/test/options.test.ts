import { ArgumentError, add, cat, clamp, gather, gumbelSoftmax, huberLoss, matmul, relu, sum, take, tensor, uniqueConsecutive, variance, zeros } from "../src/index.js";
import type { Tensor } from "../src/index.js";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { describe, expect, it } from "vitest";
import { joinOptions, optionsOf } from "../src/options.js";
import { useDevice } from "./support/device.js";

useDevice(interpreter);

/** A call as JavaScript may write it, where no compiler objects. */
const loosely = (f: unknown): ((...args: unknown[]) => unknown) => f as (...args: unknown[]) => unknown;
const x = (): Tensor => tensor([[1, 2], [3, 4]]);

describe("options", () => {
  it("are refused by name where a function does not have them", () => {
    expect(() => loosely(sum)(x(), { dims: 1 })).toThrow(new ArgumentError("sum: expected no options but dim, keepdim, dtype, got dims; leave it out"));
    expect(() => loosely(gumbelSoftmax)(x(), { temperature: 2 })).toThrow(/^gumbelSoftmax: expected no options but tau, hard, dim, generator, got temperature;/);
    expect(() => loosely(zeros)([2], { type: "int64" })).toThrow(/^zeros: .* got type;/);
    expect(() => loosely(add)(x(), x(), { beta: 2 })).toThrow(/^add: expected no options but alpha, got beta;/);
    expect(() => loosely(uniqueConsecutive)(x(), { sorted: true })).toThrow(/^uniqueConsecutive: .* got sorted;/);
  });

  it("come with a remedy for names that are nearly right, or PyTorch's", () => {
    expect(() => loosely(sum)(x(), { keep_dim: true })).toThrow(/write keepdim$/);
    expect(() => loosely(sum)(x(), { axis: 0 })).toThrow(/write dim$/);
    expect(() => loosely(sum)(x(), { out: x() })).toThrow(/use the tensor that is returned, or write it into another one with copy_$/);
    expect(() => loosely(relu)(x(), { inplace: true })).toThrow("relu: expected no options, got inplace; the form that writes over its argument is relu_");
    expect(() => loosely(variance)(x(), { unbiased: true })).toThrow(/write correction: 1 for true, 0 for false$/);
    // There is nothing to write in place of these.
    expect(() => loosely(add)(x(), x(), { axis: 1 })).toThrow("add: expected no options but alpha, got axis; leave it out");
    expect(() => loosely(optionsOf)("Layer", class { readonly bias?: boolean; }, { inplace: true })).toThrow("Layer: expected no options but bias, got inplace; leave it out");
  });

  it("are refused by functions that have none, and by methods", () => {
    expect(() => loosely(take)(x(), tensor([0], { dtype: "int64" }), { out: x() })).toThrow(/^take: expected no options, got out;/);
    expect(() => loosely(cat)([x()], 0, { out: x() })).toThrow(/^cat: expected no options, got out;/);
    expect(() => loosely(matmul)(x(), x(), { out: x() })).toThrow(/^matmul: expected no options, got out;/);
    expect(() => loosely(gather)(x(), 0, tensor([[0]], { dtype: "int64" }), { out: x() })).toThrow(/^gather: expected no options but sparseGrad, got out;/);
    const a = x();
    expect(() => (loosely(a.exp.bind(a)))({ out: a })).toThrow(/^exp: expected no options, got out;/);
  });

  it("are not taken for arguments: PyTorch's sum(x, 0) does not sum everything", () => {
    expect(() => loosely(sum)(x(), 0)).toThrow("sum: expected an object with options (dim, keepdim, dtype), got 0; write it by name, as in { dim: 0 }");
    expect(() => loosely(sum)(x(), [0, 1])).toThrow(/got \[0,1\]; write it by name, as in \{ dim: \[0,1\] \}$/);
    expect(() => loosely(sum)(x(), null)).toThrow(/got null;/);
    expect(() => loosely(clamp)(x(), 0, 1)).toThrow(/^clamp: expected an object with options \(min, max\), got 0; write it by name, as in \{ min: 0 \}$/);
    expect(() => loosely(add)(x(), x(), x())).toThrow(/^add: expected an object with options \(alpha\), got Tensor;/);
  });

  it("may be undefined one by one, or all", () => {
    expect(loosely(sum)(x(), undefined)).toMatchObject({ shape: [] });
    expect(loosely(sum)(x(), { dim: undefined, keepdim: undefined })).toMatchObject({ shape: [] });
  });

  it("do not keep functions from map and reduce, which pass an index too", () => {
    expect([x(), x()].map(relu).map((y) => y.toArraySync())).toEqual([[[1, 2], [3, 4]], [[1, 2], [3, 4]]]);
    expect([x(), x()].reduce(matmul).toArraySync()).toEqual([[7, 10], [15, 22]]);
  });

  it("are given back as they are", () => {
    class Both {
      readonly first?: number;
      readonly second?: number;
    }
    const given = { second: 2 };
    expect(optionsOf("f", Both, given)).toBe(given);
    expect(optionsOf("f", Both, undefined)).toEqual({});
  });

  it("of two sets are those of the first and then those of the second", () => {
    const Both = joinOptions(class { readonly delta?: number; }, class { readonly reduction?: string; });
    const given = { reduction: "sum", delta: 2 };
    expect(optionsOf("f", Both, given)).toBe(given);
    expect(() => loosely(optionsOf)("f", class extends Both { readonly more?: number; }, { less: 1 })).toThrow("f: expected no options but delta, reduction, more, got less; leave it out");
    expect(() => loosely(huberLoss)(x(), x(), 2)).toThrow("huberLoss: expected an object with options (delta, reduction), got 2; write it by name, as in { delta: 2 }");
  });

  it("may be fields of an object of a class, which has others too", () => {
    class Layer {
      readonly training = true;
      readonly keepdim = true;
      readonly dim = 0;
    }
    expect(loosely(sum)(x(), new Layer())).toMatchObject({ shape: [1, 2] });
  });
});
