import { webgpu, WebGpuUnavailableError } from "@gradus/backend-webgpu";
import { webgpu as webgpuForNode } from "@gradus/backend-webgpu/node";
import { describe, expect, it, vi } from "vitest";
import { existsSync } from "node:fs";
import { hasWebGpu } from "./devices.js";

const without = (adapter: GPUAdapter | null): GPU => ({ requestAdapter: () => Promise.resolve(adapter) }) as unknown as GPU;

const chromiumDriver = "/usr/lib/chromium/vk_swiftshader_icd.json";

describe("connecting", () => {
  it("is the same function from both entries in Node", () => {
    expect(webgpu).toBe(webgpuForNode);
  });

  it("without an adapter says what to install", async () => {
    const attempt = webgpu({ gpu: without(null) });
    await expect(attempt).rejects.toThrow(WebGpuUnavailableError);
    await expect(attempt).rejects.toThrow("webgpu: expected a GPU adapter, found none; install a Vulkan driver");
  });

  it("without the package `webgpu` says what to install", async () => {
    vi.doMock("webgpu", () => {
      throw new Error("Cannot find package");
    });
    const attempt = webgpu();
    await expect(attempt).rejects.toThrow(WebGpuUnavailableError);
    await expect(attempt).rejects.toThrow('could not load it; run `npm install webgpu@0.6.2`, or pass { gpu }');
    vi.doUnmock("webgpu");
  });

  it.skipIf(!existsSync(chromiumDriver))("finds Chromium's driver in software where there is no other, unless drivers are named", async () => {
    const drivers: (string | undefined)[] = [];
    vi.doMock("webgpu", async (importOriginal) => {
      const original = await importOriginal<{ create(flags: string[]): GPU }>();
      const create = (flags: string[]): GPU => {
        const { VK_DRIVER_FILES: named } = process.env;
        drivers.push(named);
        return named === chromiumDriver ? original.create(flags) : without(null);
      };
      return { create };
    });
    try {
      vi.resetModules();
      const { webgpu: fresh } = await import("../src/node.js");
      vi.stubEnv("VK_DRIVER_FILES", "/elsewhere.json");
      await expect(fresh()).rejects.toThrow("expected a GPU adapter, found none");
      vi.stubEnv("VK_DRIVER_FILES", undefined);
      const device = await fresh();
      expect(drivers).toEqual(["/elsewhere.json", chromiumDriver]);
      device.dispose();
    } finally {
      vi.unstubAllEnvs();
      vi.doUnmock("webgpu");
    }
  });

  it.skipIf(!hasWebGpu)("asks for the limits that the adapter has", async () => {
    const { create } = await import("webgpu");
    const gpu = create([]);
    const adapter = await gpu.requestAdapter();
    const device = await webgpu({ gpu, powerPreference: "low-power" });
    expect(device.device.limits.maxStorageBuffersPerShaderStage).toBe(adapter?.limits.maxStorageBuffersPerShaderStage);
    expect(device.limits.bytesPerBuffer).toBeGreaterThan(128 * 2 ** 20);
    expect(device.name).toBe("webgpu");
    device.dispose();
    expect(gpu).toBeDefined();
  });
});
