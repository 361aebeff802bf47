import { webgpu } from "@gradus/backend-webgpu";
import type { WebGpuBackend } from "@gradus/backend-webgpu";
import type { Tensor } from "gradus";
import { cat, DeviceMemoryError, empty, fuse, ones, softmax, stack, withDefaultDevice } from "gradus";
import { beforeAll, describe, expect, inject, it, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 });

describe.skipIf(!inject("webgpu"))("what is larger than a dispatch of WebGPU", () => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu();
    return () => { device.dispose(); };
  });
  const on = (make: () => Tensor): Promise<unknown> => withDefaultDevice(device, make).item();

  it("joins and adds more tensors than a program binds", async () => {
    expect(device.limits.buffersPerProgram).toBeLessThan(20);
    const many = (count: number): Tensor[] => Array.from({ length: count }, (_, i) => ones([2, 3]).mul(i));
    expect(await on(() => cat(many(30)).sum())).toBe(6 * 435);
    expect(await on(() => stack(many(30), 1).sum())).toBe(6 * 435);
    const total = fuse((...xs: Tensor[]) => xs.reduce((a, b) => a.add(b)));
    expect(await on(() => total(...many(20)).sum())).toBe(6 * 190);
  });

  it("does seventy thousand rows, and five million points", async () => {
    expect(await on(() => softmax(ones([70_000, 3]), 1).sum())).toBeCloseTo(70_000, -1);
    // More than 65 535 workgroups of 64.
    expect(await on(() => ones([5_000_000]).add(1).get(-1))).toBe(2);
  });

  it("refuses a tensor that no buffer holds before it does anything, and one that memory does not hold by its name", async () => {
    const { dispatches, buffersCreated } = device.stats();
    const floats = device.limits.bytesPerBuffer / 4;
    expect(() => withDefaultDevice(device, () => empty([floats + 1]))).toThrow(DeviceMemoryError);
    expect(device.stats()).toMatchObject({ dispatches, buffersCreated });
    // A gigabyte, nearly: SwiftShader has no room for it, and a GPU does.
    const large = withDefaultDevice(device, () => empty([2 ** 28 - 1]).fill_(3));
    const [outcome] = await Promise.allSettled([large.get(-1).item()]);
    if (outcome.status === "fulfilled") expect(outcome.value).toBe(3);
    else expect(outcome.reason).toBeInstanceOf(DeviceMemoryError);
    large.dispose();
    expect(await on(() => ones([4]).sum())).toBe(4);
  });
});
