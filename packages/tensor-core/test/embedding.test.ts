import { ArgumentError, embedding, gradcheck, gradgradcheck, ones, ShapeError, tensor } from "@gradus/tensor-core";
import { expect, test } from "vitest";
import { indices, leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice();

test("derivatives, with repeated rows, of first and second order", async () => {
  const places = indices([0, 2, 2, 1], [2, 2]);
  await gradcheck((weight) => embedding(places, weight).square(), [leaf([3, 2])]);
  await gradgradcheck((weight) => embedding(places, weight).square(), [leaf([3, 2])]);
});

test("rows of padding get no gradient, rows looked up often get their mean gradient", async () => {
  const weight = leaf([4, 1]);
  embedding(indices([0, 2, 2, 3, 2]), weight, { paddingIdx: -1, scaleGradByFreq: true }).mul(tensor([[1], [2], [3], [4], [7]], { dtype: "float64" })).sum().backward();
  expect(await weight.grad!.toArray()).toEqual([[1], [0], [4], [0]]);
});

test("only rows that are looked up are scaled down to maxNorm, in the table", async () => {
  const weight = tensor([[3, 4], [3, 4], [0.3, 0.4]]);
  const rows = await embedding(indices([0, 2]), weight, { maxNorm: 1 }).toArray();
  const expected = [[expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)], [expect.closeTo(0.3, 6), expect.closeTo(0.4, 6)]];
  expect(rows).toEqual(expected);
  expect(await weight.toArray()).toEqual([expected[0], [3, 4], expected[1]]);
  const largest = tensor([[2, -4]]);
  await embedding(indices([0]), largest, { maxNorm: 1, normType: Infinity }).read();
  expect(await largest.toArray()).toEqual([[expect.closeTo(0.5, 6), expect.closeTo(-1, 6)]]);
});

test("says what does not fit", () => {
  expect(() => embedding(indices([0]), ones([3]))).toThrow(new ShapeError("embedding: expected a weight of shape [count, size], got [3]"));
  expect(() => embedding(indices([0]), ones([3, 2]), { paddingIdx: 3 })).toThrow(new ArgumentError("embedding: expected a paddingIdx within 3 rows, got 3"));
});
