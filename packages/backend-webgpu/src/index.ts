/**
 * The WebGPU device: programs of kernel-ir as WGSL, one invocation for each point of the result.
 *
 * `wgsl/shader.ts` writes the shaders, `backend.ts` keeps the order of things on an asynchronous device.
 */
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

const browser: Platform = {
  gpu: () => {
    const { gpu } = navigator as { readonly gpu?: GPU };
    if (gpu !== undefined) return Promise.resolve(gpu);
    const remedy = isSecureContext ? "use a browser that has it, or switch it on" : "serve the page from https or localhost";
    return Promise.reject(new WebGpuUnavailableError(`webgpu: expected a browser with WebGPU, found no navigator.gpu; ${remedy}`));
  },
  noAdapter: "switch on hardware acceleration, or update the graphics driver",
};

/**
 * A device that computes with WebGPU: the GPU of this machine, or the device that is handed in.
 *
 * Numbers are float32 and int32; bool, int8, int16, uint8, bfloat16 and, on adapters without half floats, float16 occupy 32 bits and are rounded when they are
 * stored, int64 holds what fits 32 bits, float64 does not exist. Failures of the device are told by the next `read` or `sync`.
 *
 * @throws {WebGpuUnavailableError} where there is no WebGPU; it says what to install or switch on.
 */
export async function webgpu(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const { device, owned } = await connect(options, browser);
  return createBackend(device, owned, options.cooperation ?? cooperationOn(device), options);
}
