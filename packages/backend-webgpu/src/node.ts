/** The same entry for Node, Deno and Bun: where the runtime has no WebGPU of its own, the package `webgpu` is it. */
import { existsSync } from "node:fs";
import type { WebGpuBackend } from "./backend.js";
import { createBackend } from "./backend.js";
import type { Platform, WebGpuOptions } from "./connect.js";
import { connect, cooperationOn } from "./connect.js";
import { WebGpuUnavailableError } from "./errors.js";

export type { WarmupOptions, WebGpuBackend, WebGpuStats } from "./backend.js";
export type { WebGpuOptions } from "./connect.js";
export type { ProfileRow } from "./profiler.js";
export { WebGpuError, WebGpuUnavailableError } from "./errors.js";
export { wgsl } from "./wgsl/shader.js";
export type { Cooperation, Variant } from "./wgsl/variants.js";

/** Never let go: the devices of a collected instance crash the process. */
let instance: GPU | undefined;

const ownGpu = (): GPU | undefined => (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu;

/** Where Chromium and Chrome put SwiftShader, a Vulkan driver in software. */
const softwareDrivers = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome", "/opt/chromium.org/chromium"].map((folder) => `${folder}/vk_swiftshader_icd.json`);

const runtime: Platform = {
  gpu: async () => {
    const own = ownGpu();
    if (own !== undefined) return own;
    try {
      const { create } = await import("webgpu");
      return (instance ??= create([]));
    } catch (cause) {
      throw new WebGpuUnavailableError('webgpu: expected the optional package "webgpu", which is WebGPU for Node, could not load it; run `npm install webgpu@0.6.2`, or pass { gpu }', { cause });
    }
  },
  software: async () => {
    // Who names drivers wants these and no others.
    if (ownGpu() !== undefined || process.env.VK_DRIVER_FILES !== undefined) return null;
    const driver = softwareDrivers.find((path) => existsSync(path));
    if (driver === undefined) return null;
    // The Vulkan loader reads it when an instance is made.
    process.env.VK_DRIVER_FILES = driver;
    const { create } = await import("webgpu");
    return (instance = create([]));
  },
  noAdapter: "install a Vulkan driver (on Linux also libvulkan1), or point VK_DRIVER_FILES at one; Chromium's vk_swiftshader_icd.json is one in software",
};

/** The same function as that of the default entry, with WebGPU from the runtime or from the package `webgpu`. */
export async function webgpu(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const { device, owned } = await connect(options, runtime);
  return createBackend(device, owned, options.cooperation ?? cooperationOn(device), options);
}
