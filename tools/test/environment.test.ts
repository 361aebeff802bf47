import { create, globals } from "webgpu";
import { inject, it, expect } from "vitest";

it.skipIf(!inject("webgpu"))("Node has a WebGPU adapter", async () => {
  Object.assign(globalThis, globals);
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  expect(adapter?.info.vendor).toBeTypeOf("string");
});
