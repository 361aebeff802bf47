import { cpu } from "gradus";
import { describe, it } from "vitest";
import { expectFlat } from "./support/flat-memory.js";

describe("a thousand eager steps without any dispose keep memory flat", () => {
  it("in a synchronous loop", () => expectFlat({ device: cpu(), steps: 1000, batch: 512, awaits: false }));
  it("in a loop that awaits", () => expectFlat({ device: cpu(), steps: 1000, batch: 512, awaits: true }));
});
