import { webgpu } from "@gradus/backend-webgpu";
import { cpu } from "gradus";
import { describe, it } from "vitest";
import { expectFlat } from "../test/support/flat-memory.js";

describe("eager steps without any dispose keep memory flat on a page, in a loop that awaits", () => {
  it("on the CPU", () => expectFlat({ device: cpu(), steps: 10_000, batch: 256, awaits: true }));

  // In software, where a step takes a tenth of a second, a thousand steps are what fits into some minutes.
  it("on WebGPU", async () => {
    const device = await webgpu();
    await expectFlat({ device, steps: 1000, batch: 512, awaits: true });
    device.dispose();
  });
});
