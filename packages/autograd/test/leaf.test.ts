import { expect, test, vi } from "vitest";
import * as autograd from "@gradus/autograd";
import { isParameter, markParameter, type Leaf } from "@gradus/autograd";

const anyLeaf = (): Leaf<number, number> => ({
  data: 1,
  grad: null,
  requiresGrad: true,
  detach: () => 1,
  [autograd.copyFrom]: () => undefined,
  [autograd.update]: () => undefined,
});

test("a marked leaf is a parameter; nothing else is", () => {
  const plain = anyLeaf();
  const parameter = markParameter(anyLeaf());
  expect([parameter, plain, null, undefined, 3, "w", () => 0].map(isParameter)).toEqual([true, false, false, false, false, false, false]);
});

test("the mark shows neither in keys nor in copies", () => {
  const parameter = markParameter(anyLeaf());
  expect(Object.keys(parameter)).toEqual(Object.keys(anyLeaf()));
  expect(isParameter({ ...parameter })).toBe(false);
});

test("two copies of the package agree", async () => {
  vi.resetModules();
  const copy = await import("@gradus/autograd");
  expect(copy.markParameter).not.toBe(markParameter);
  expect(isParameter(copy.markParameter(anyLeaf()))).toBe(true);
  expect([copy.asLeaf, copy.copyFrom, copy.update]).toEqual([autograd.asLeaf, autograd.copyFrom, autograd.update]);
});
