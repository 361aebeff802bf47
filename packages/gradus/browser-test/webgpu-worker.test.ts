import { webgpu } from "@gradus/backend-webgpu";
import { MLP } from "@gradus/models";
import { functional as F, manualSeed, ones, randint, randn, SGD, withDefaultDevice } from "gradus";
import { expect, it } from "vitest";
import type { Answer } from "./fixtures/webgpu-worker.js";

/** The losses of the worker's training on the default device, the CPU. */
async function losses(): Promise<number[]> {
  manualSeed(4);
  const net = new MLP([6, 12, 3]);
  const optimizer = new SGD(net.parameters(), { lr: 0.1 });
  const [x, y] = [randn([8, 6]), randint(0, 3, [8])];
  const read: number[] = [];
  for (let i = 0; i < 5; i++) {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net.call(x), y);
    loss.backward();
    optimizer.step();
    read.push(await loss.item());
  }
  return read;
}

it("a dedicated worker trains on WebGPU, and draws on a canvas of the page", async () => {
  const worker = new Worker(new URL("./fixtures/webgpu-worker.ts", import.meta.url), { type: "module" });
  const canvas = Object.assign(document.createElement("canvas"), { width: 2, height: 1 }).transferControlToOffscreen();
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Answer>) => { resolve(data); };
      worker.onerror = (event) => { reject(new Error(event.message)); };
      worker.postMessage(canvas, [canvas]);
    });
    const expected = await losses();
    answer.losses.forEach((loss, i) => { expect(Math.abs(loss - expected[i]!), `step ${i}`).toBeLessThan(1e-4); });
    expect(answer.losses).toHaveLength(5);
    expect(answer.pixels).toEqual([0, 155, 255, 255, 0, 155, 255, 255]);
    expect(answer.left).toBeLessThan(20);
  } finally {
    worker.terminate();
  }
});

it("a device of the page's own computes and draws, and outlives the backend", async () => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const own = await adapter.requestDevice();
  const device = await webgpu({ device: own });
  expect(device.device).toBe(own);
  const half = await withDefaultDevice(device, () => ones([4]).mul(0.5).sum()).item();
  // The page's own frame on the same device: one pass that fills a texture with what was computed.
  const frame = async (red: number): Promise<number[]> => {
    const texture = own.createTexture({ size: [64, 1], format: "rgba8unorm", usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC });
    const result = own.createBuffer({ size: 256, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = own.createCommandEncoder();
    encoder.beginRenderPass({ colorAttachments: [{ view: texture.createView(), loadOp: "clear", storeOp: "store", clearValue: [red, 0, 0, 1] }] }).end();
    encoder.copyTextureToBuffer({ texture }, { buffer: result, bytesPerRow: 256 }, [64, 1]);
    own.queue.submit([encoder.finish()]);
    await result.mapAsync(GPUMapMode.READ);
    const first = [...new Uint8Array(result.getMappedRange(0, 4))];
    result.destroy();
    texture.destroy();
    return first;
  };
  expect(await frame(half / 10)).toEqual([51, 0, 0, 255]);
  device.dispose();
  expect(await frame(1)).toEqual([255, 0, 0, 255]);
  const next = await webgpu({ device: own });
  expect(await ones([3], { device: next }).sum().item()).toBe(3);
  next.dispose();
  own.destroy();
});
