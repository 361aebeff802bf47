import { describe, it } from "vitest";
import { expectSameOutcomes } from "./random-programs.js";

describe("many random programs", () => {
  it.each(Array.from({ length: 50 }, (_, i) => 1000 + 100 * i))("from seed %i on", (seed) => {
    expectSameOutcomes(seed, 100);
  });
});
