/** The same entry for Node, Deno and Bun: where the runtime has no WebGPU of its own, the package `webgpu` is it. */
import type { WebGpuBackend } from "./backend.js";
import { createBackend } from "./backend.js";
import type { Platform, WebGpuOptions } from "./connect.js";
import { connect } from "./connect.js";
import { WebGpuUnavailableError } from "./errors.js";

export type { WebGpuBackend, WebGpuStats } from "./backend.js";
export type { WebGpuOptions } from "./connect.js";
export { WebGpuError, WebGpuUnavailableError } from "./errors.js";
export { wgsl } from "./wgsl/shader.js";

/** Never let go: the devices of a collected instance crash the process. */
let instance: GPU | undefined;

const runtime: Platform = {
  gpu: async () => {
    const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
    if (navigator?.gpu !== undefined) return navigator.gpu;
    try {
      const { create } = await import("webgpu");
      return (instance ??= create([]));
    } catch (cause) {
      throw new WebGpuUnavailableError('webgpu: expected the optional package "webgpu", which is WebGPU for Node, could not load it; run `npm install webgpu@0.6.2`, or pass { gpu }', { cause });
    }
  },
  noAdapter: "install a Vulkan driver (on Linux also libvulkan1), or point VK_DRIVER_FILES at one; Chromium's vk_swiftshader_icd.json is one in software",
};

/** The same function as that of the default entry, with WebGPU from the runtime or from the package `webgpu`. */
export async function webgpu(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const { device, owned } = await connect(options, runtime);
  return createBackend(device, owned);
}
