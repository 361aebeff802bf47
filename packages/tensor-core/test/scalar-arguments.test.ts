import { interpreter } from "@gradus/kernel-ir/interpreter";
import { recording } from "@gradus/kernel-ir/testing";
import { arange, ArgumentError, full, pad, tensor, zeros } from "@gradus/tensor-core";
import { expect, it } from "vitest";
import { useDevice } from "./support/device.js";

const device = useDevice(() => recording(interpreter()));

/** The scalars of the last dispatch. */
const lastScalars = (): unknown => device.log.flatMap((event) => (event.kind === "dispatch" ? [event.scalars] : [])).at(-1);

it("gives bool tensors 0 or 1, as devices expect", () => {
  const x = zeros([2], { dtype: "bool" });
  x.fill_(2);
  expect(lastScalars()).toEqual([2, 0, 1]);
  x.set([0], 0.5);
  expect(lastScalars()).toContain(1);
  expect(pad(x, [1, 0], { value: 3 }).toArraySync()).toEqual([true, true, true]);
  expect(full([1], -1, { dtype: "bool" }).toArraySync()).toEqual([true]);
});

it("cuts off fractions for integers, and gives int64 bigints", () => {
  const x = zeros([1], { dtype: "int64" });
  x.fill_(-2.7);
  expect(lastScalars()).toEqual([1, 0, -2n]);
  x.fill_(2 ** 60);
  expect(x.readSync()).toEqual(BigInt64Array.of(2n ** 60n));
  x.fill_(2n ** 63n - 1n);
  expect(x.readSync()).toEqual(BigInt64Array.of(2n ** 63n - 1n));
  expect(zeros([1], { dtype: "int32" }).fill_(2.7).toArraySync()).toEqual([2]);
  expect(zeros([1], { dtype: "uint8" }).fill_(-1).toArraySync()).toEqual([255]);
  expect(arange(0.5, 3.5, 1.5, { dtype: "int32" }).toArraySync()).toEqual([0, 1]);
});

it.each([
  [() => tensor([1], { dtype: "int32" }).add(2 ** 31), "add: expected a number that int32 can hold, got 2147483648"],
  [() => tensor([1], { dtype: "int32" }).fill_(NaN), "copy: expected a number that int32 can hold, got NaN"],
  [() => full([1], Infinity, { dtype: "int64" }), "full: expected a number that int64 can hold, got Infinity"],
  [() => tensor([1], { dtype: "int64" }).mul(2n ** 64n), "mul: expected a number that int64 can hold, got 18446744073709551616"],
])("refuses what the integers cannot hold: %s", (run, message) => {
  expect(run).toThrow(ArgumentError);
  expect(run).toThrow(message);
});
