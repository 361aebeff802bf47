import { cpu } from "@gradus/backend-cpu";
import type { Device, DeviceLike, DType } from "@gradus/tensor-core";
import { setDefaultDevice, zeros } from "@gradus/tensor-core";
import { interpreter } from "@gradus/kernel-ir/interpreter";

/** The devices that cases can run on, by name; the GPU's package is only loaded when it is asked for. */
const backends: Readonly<Record<string, () => Promise<DeviceLike>>> = {
  cpu: () => Promise.resolve(cpu()),
  interpreter: () => Promise.resolve(interpreter()),
  webgpu: async () => (await import("@gradus/backend-webgpu/node")).webgpu(),
};

export const deviceNames = Object.keys(backends);

/** A GPU computes in 32 bits: cases with other types are none of its own. */
const types: Readonly<Record<string, readonly DType[]>> = { webgpu: ["float32", "int32", "int64", "bool"] };

/** Opens a device and makes it the default. @throws {Error} on a name that is none of `deviceNames`. */
export async function openDevice(name: string): Promise<{ readonly device: Device; readonly dtypes: readonly DType[] | null }> {
  const open = backends[name];
  if (open === undefined) throw new Error(`--device: expected one of ${deviceNames.join(", ")}, got ${name}`);
  setDefaultDevice(await open());
  return { device: zeros([0]).device, dtypes: types[name] ?? null };
}
