import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choice, decode, encode, flag, initialState, integer, list, number, text } from "../src/codec.js";
import * as train from "../src/rooms/train/setup.js";

const fields = {
  word: choice(["a", "b"], "a"),
  rate: number({ min: 0, max: 10, initial: 0.5 }),
  count: integer({ min: -3, max: 3, initial: 1 }),
  sizes: list(integer({ min: 1, max: 8, initial: 1 }), [4, 2], { most: 3 }),
  on: flag(true),
  line: text("x", 12),
};

const states = fc.record({
  word: fc.constantFrom("a" as const, "b" as const),
  rate: fc.double({ min: 0, max: 10, noNaN: true }).map((rate) => rate + 0), // −0 is written as 0
  count: fc.integer({ min: -3, max: 3 }),
  sizes: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
  on: fc.boolean(),
  line: fc.string({ maxLength: 12, unit: "grapheme" }).filter((line) => line.length <= 12),
});

describe("an address", () => {
  it("brings back every state", () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(decode(fields, encode(fields, state))).toEqual(state);
      }),
    );
  });

  it("says only what differs from the first state", () => {
    expect(encode(fields, initialState(fields))).toBe("");
    expect(encode(fields, { ...initialState(fields), sizes: [8, 1], on: false })).toBe("sizes=8,1&on=0");
    expect(encode(fields, { ...initialState(fields), sizes: [] })).toBe("sizes=");
  });

  it("is not believed where it cannot be", () => {
    expect(decode(fields, "word=c&rate=11&count=1.5&sizes=1,2,3,4&on=yes&line=longer than twelve&unknown=1")).toEqual(initialState(fields));
    expect(decode(fields, "rate=&count=NaN&sizes=1,,2")).toEqual(initialState(fields));
    expect(decode(fields, "rate=1e1&sizes=9")).toEqual({ ...initialState(fields), rate: 10 });
  });

  it("of any kind opens the room with a setup that can be built", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(train.roomFields)), fc.string()), (query) => {
        const setup = train.tidy(decode(train.roomFields, new URLSearchParams(query).toString()));
        expect(setup.features.length).toBeGreaterThan(0);
        expect(train.lossesFor(setup.dataset)).toContain(setup.loss);
        expect(train.batchesOf(setup)).toBeGreaterThan(0);
      }),
    );
  });
});
