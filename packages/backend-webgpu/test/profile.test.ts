import { UnsupportedError } from "@gradus/kernel-ir";
import { webgpu, WebGpuUnavailableError } from "@gradus/backend-webgpu";
import { describe, expect, it } from "vitest";
import { hasWebGpu, openDevice } from "./devices.js";
import { elementwise } from "./programs.js";

const program = (name: string) => elementwise(name, ["float32"], "float32", 1000, (b, x) => b.exp(x));

describe.skipIf(!hasWebGpu)("a profile", () => {
  it("counts and times the dispatches of each op, over several batches, and changes no result", async () => {
    const device = await openDevice({ profile: true });
    const [x, y] = [device.alloc(4000, "float32"), device.alloc(4000, "float32")];
    device.write(x, 0, new Uint8Array(new Float32Array(1000).fill(1).buffer));
    const [often, once] = [device.prepare(program("often")), device.prepare(program("once"))];
    for (let i = 0; i < 600; i++) device.dispatch(often, [x, y], []);
    device.dispatch(once, [x, y], []);
    const rows = await device.profile();
    expect(Object.fromEntries(rows.map(({ name, dispatches }) => [name, dispatches]))).toEqual({ often: 600, once: 1 });
    expect(rows.every(({ milliseconds }) => Number.isFinite(milliseconds) && milliseconds >= 0)).toBe(true);
    expect([...rows].sort((a, b) => b.milliseconds - a.milliseconds)).toEqual(rows);
    expect(new Float32Array((await device.read(y)).buffer)[999]).toBeCloseTo(Math.E, 6);
    device.dispatch(once, [x, y], []);
    expect((await device.profile()).find(({ name }) => name === "once")?.dispatches).toBe(2);
  });

  it("is for devices that were made to measure, and says so", async () => {
    const device = await openDevice();
    await expect(device.profile()).rejects.toThrow(UnsupportedError);
    await expect(webgpu({ device: device.device, profile: true })).rejects.toThrow(
      new WebGpuUnavailableError('webgpu: expected a GPU with the feature "timestamp-query" to profile on, this one does not have it; request the device with it, or leave out profile'),
    );
  });
});
