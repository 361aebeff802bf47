import { cpu } from "gradus";
import { describe, it } from "vitest";
import { expectFlat } from "./support/flat-memory.js";

describe("ten thousand eager steps without any dispose keep memory flat", () => {
  it("in a synchronous loop", () => expectFlat({ device: cpu(), steps: 10_000, awaits: false }));
  it("in a loop that awaits", () => expectFlat({ device: cpu(), steps: 10_000, awaits: true }));
});
