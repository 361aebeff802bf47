import type { DType } from "@gradus/tensor-core";
import { canCast, promoteTypes, resultType } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import recorded from "./fixtures/promotion.json" with { type: "json" };

/** Whatever has a type and a shape can be asked about. */
const vector = (dtype: DType): { dtype: DType; shape: number[] } => ({ dtype, shape: [1] });
const scalar = (dtype: DType): { dtype: DType; shape: number[] } => ({ dtype, shape: [] });
const names = recorded.names as DType[];
const table = <T>(answer: (a: DType, b: DType) => T): T[][] => names.map((a) => names.map((b) => answer(a, b)));

describe("element types as PyTorch 1.13 promotes them", () => {
  it("of two types", () => expect(table(promoteTypes)).toEqual(recorded.promoteTypes));
  it("of two vectors", () => expect(table((a, b) => resultType(vector(a), vector(b)))).toEqual(recorded.promoteTypes));
  it("of a vector and a scalar tensor, in either order", () => {
    expect(table((a, b) => resultType(vector(a), scalar(b)))).toEqual(recorded.vectorAndScalar);
    expect(table((a, b) => resultType(scalar(b), vector(a)))).toEqual(recorded.vectorAndScalar);
  });
  it("of two scalar tensors", () => expect(table((a, b) => resultType(scalar(a), scalar(b)))).toEqual(recorded.twoScalars));
  it.each([["true", true], ["2", 2], ["2", 2n], ["2.5", 2.5]] as const)("of a tensor and %s", (text, number) => {
    expect([vector, scalar].map((tensor) => names.map((a) => resultType(tensor(a), number)))).toEqual(recorded.numbers[text]);
  });
  it("can cast within or up the categories bool, integer, float", () => expect(table(canCast)).toEqual(recorded.canCast));
});
