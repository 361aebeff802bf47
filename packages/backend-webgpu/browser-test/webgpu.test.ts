// The tests of the device, in the browser's own WebGPU. They import `@gradus/backend-webgpu`, which is the browser's entry here.
import "../test/arithmetic.test.js";
import "../test/kernels.test.js";
import "../test/contractions.test.js";
import "../test/routines.test.js";
import "../test/device.test.js";
import { webgpu, WebGpuUnavailableError } from "@gradus/backend-webgpu";
import { expect, it } from "vitest";

it("without an adapter says what to switch on", async () => {
  const none = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  await expect(webgpu({ gpu: none })).rejects.toThrow(WebGpuUnavailableError);
  await expect(webgpu({ gpu: none })).rejects.toThrow("switch on hardware acceleration, or update the graphics driver");
});
