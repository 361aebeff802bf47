import { cpu } from "@gradus/backend-cpu";
import { webgpu } from "@gradus/backend-webgpu";
import { setDefaultDevice } from "@gradus/tensor-core";

/** How each device is opened. */
const devices = {
  cpu: () => Promise.resolve(cpu()),
  webgpu: () => webgpu(),
} as const;

export type DeviceName = keyof typeof devices;

export const deviceNames = Object.keys(devices) as readonly DeviceName[];

/**
 * Makes a device the one that all tensors live on while `work` runs. Everything else in this program is the same on every device,
 * because it awaits each value that it reads.
 *
 * @throws {WebGpuUnavailableError} where there is no WebGPU.
 */
export async function withDevice<R>(name: DeviceName, work: () => Promise<R>): Promise<R> {
  const backend = await devices[name]();
  setDefaultDevice(backend);
  try {
    return await work();
  } finally {
    setDefaultDevice(null);
    backend.dispose();
  }
}
