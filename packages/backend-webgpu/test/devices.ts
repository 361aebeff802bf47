import type { WebGpuBackend, WebGpuOptions } from "@gradus/backend-webgpu";
import { webgpu } from "@gradus/backend-webgpu";
import { afterAll, inject } from "vitest";

/** Whether this machine has an adapter. Where it should have one and has none, the tests fail; else they show as skipped. */
export const hasWebGpu = inject("webgpu");

const open: WebGpuBackend[] = [];

/** A device that is disposed after the tests of the file. */
export async function openDevice(options?: WebGpuOptions): Promise<WebGpuBackend> {
  const device = await webgpu(options);
  open.push(device);
  return device;
}

afterAll(() => {
  for (const device of open.splice(0)) device.dispose();
});

let shared: Promise<WebGpuBackend> | undefined;
let sharedOptions: WebGpuOptions = {};

/** One device for the tests of a file that do not break it. */
export const sharedDevice = (): Promise<WebGpuBackend> => (shared ??= openDevice(sharedOptions));

/** Makes the shared device another one, for files that run the tests of others on it. */
export function shareDeviceWith(options: WebGpuOptions): void {
  sharedOptions = options;
}
