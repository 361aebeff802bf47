import { describe, it } from "vitest";
import { expectSameOutcomes } from "./random-programs.js";

describe("random programs", () => {
  it.each([0, 50, 100, 150, 200, 250])("from seed %i on", (seed) => {
    expectSameOutcomes(seed, 50);
  });
});
