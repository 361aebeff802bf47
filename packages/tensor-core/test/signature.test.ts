import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Signature, SignatureMap } from "../src/kernels/signature.js";

const signature = new Signature();
const of = (codes: readonly number[]): Signature => {
  signature.restart();
  for (const code of codes) signature.push(code);
  return signature;
};

describe("values by signature", () => {
  // Few different codes and short lists, so that many begin alike and some are another's beginning.
  const lists = fc.array(fc.tuple(fc.array(fc.integer({ min: -1, max: 2 }), { maxLength: 6 }), fc.nat()), { maxLength: 60 });

  it("are found again, the latest for each list, and no others", () => {
    fc.assert(fc.property(lists, fc.array(fc.integer({ min: -1, max: 2 }), { maxLength: 6 }), (entries, other) => {
      const map = new SignatureMap<number>();
      for (const [codes, value] of entries) map.set(of(codes), value);
      const expected = new Map(entries.map(([codes, value]) => [codes.join(), value]));
      for (const [codes] of [...entries, [other, 0] as const]) expect(map.get(of(codes))).toBe(expected.get(codes.join()));
    }));
  });

  it("are told apart where their hashes are the same", () => {
    const map = new SignatureMap<string>();
    const collide = (codes: readonly number[]): Signature => Object.assign(new Signature(), { codes: [...codes], length: codes.length, hash: 7 });
    map.set(collide([1, 2]), "first");
    map.set(collide([2, 1]), "second");
    map.set(collide([1, 2]), "third");
    expect([[1, 2], [2, 1], [1], [1, 2, 0]].map((codes) => map.get(collide(codes)))).toEqual(["third", "second", undefined, undefined]);
  });
});
