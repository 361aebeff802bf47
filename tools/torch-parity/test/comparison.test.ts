import { describe, expect, it } from "vitest";
import type { Tolerance } from "../src/comparison.js";
import { difference } from "../src/comparison.js";
import type { HostTensor } from "../src/host-values.js";

const tensor = (dtype: HostTensor["dtype"], values: HostTensor["values"]): HostTensor => ({ dtype, shape: [values.length], values });
const compare = (dtype: HostTensor["dtype"], got: HostTensor["values"], want: HostTensor["values"], tolerance?: Tolerance): string | null => difference(tensor(dtype, got), tensor(dtype, want), tolerance);

describe("the rule of comparison", () => {
  it.each<[number, number, boolean]>([
    [1 + 2.1e-5, 1, true],
    [1 + 2.3e-5, 1, false],
    // 2e-6 of the largest magnitude, at least 1
    [2e-6, 0, true],
    [2.1e-6, 0, false],
  ])("float32: %d for %d", (got, want, agrees) => {
    expect(compare("float32", [got], [want]) === null).toBe(agrees);
  });
  it("allows small values the error of the largest", () => {
    expect(compare("float32", [100, 1.9e-4], [100, 0])).toBeNull();
    expect(compare("float32", [100, 2.1e-4], [100, 0])).toMatch("at element 1");
  });
  it("allows ten times PyTorch's own error", () => {
    expect(compare("float32", [1.01], [1], { ownError: 1e-3 })).toBeNull();
    expect(compare("float32", [1.011], [1], { ownError: 1e-3 })).not.toBeNull();
  });
  it("allows the halves their width", () => {
    expect(compare("float16", [1.001], [1])).toBeNull();
    expect(compare("float16", [1.002], [1])).not.toBeNull();
    expect(compare("bfloat16", [1.01], [1])).toBeNull();
    expect(compare("bfloat16", [1.02], [1])).not.toBeNull();
  });
  it("wants NaN and the infinities in the same places", () => {
    expect(compare("float32", [NaN, Infinity, -Infinity], [NaN, Infinity, -Infinity])).toBeNull();
    for (const [got, want] of [[NaN, 0], [0, NaN], [Infinity, -Infinity], [3.4e38, Infinity], [Infinity, 3.4e38]] as const) expect(compare("float32", [got], [want]), String(got)).not.toBeNull();
    // An infinity is no measure of magnitude.
    expect(compare("float32", [Infinity, 1e-3], [Infinity, 0])).not.toBeNull();
  });
  it("wants integers exactly, beyond 2^53 too", () => {
    expect(compare("int64", [2n ** 53n + 1n], [2n ** 53n + 1n])).toBeNull();
    expect(compare("int64", [2n ** 53n], [2n ** 53n + 1n])).toBe("values: expected 9007199254740993, got 9007199254740992 at element 0");
    expect(compare("bool", [1, 0], [1, 1])).toMatch("at element 1");
  });
  it("can leave values open, or allow only a given difference", () => {
    expect(difference(tensor("float32", [1]), tensor("float32", []), { valuesOpen: true })).toMatch(/^shape/);
    expect(compare("float32", [1], [2], { valuesOpen: true })).toBeNull();
    expect(compare("float32", [1 + 1e-7], [1], { exactWithin: 0 })).not.toBeNull();
    expect(compare("float32", [1 + 1e-7], [1], { exactWithin: 2e-7 })).toBeNull();
  });
});
