import { webgpu } from "@gradus/backend-webgpu";
import { fromImage, toCanvas } from "@gradus/datasets/browser";
import type { DeviceLike } from "gradus";
import { ArgumentError, cpu, ShapeError, tensor, zeros } from "gradus";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Three columns and two rows: red, green, blue; black, white, (10, 20, 30). */
const pixels = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 0, 0, 0, 255, 255, 255, 255, 255, 10, 20, 30, 255];
const picture = (): ImageData => new ImageData(Uint8ClampedArray.from(pixels), 3, 2);
const planes = [
  [[255, 0, 0], [0, 255, 10]],
  [[0, 255, 0], [0, 255, 20]],
  [[0, 0, 255], [0, 255, 30]],
];

const pixelsOf = (canvas: HTMLCanvasElement | OffscreenCanvas): number[] => {
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
};

describe.each([["cpu", () => Promise.resolve(cpu())], ["webgpu", () => webgpu()]] as const)("pictures on %s", (_, make) => {
  let device: DeviceLike & { dispose(): void };
  beforeAll(async () => { device = await make(); });
  afterAll(() => { device.dispose(); });

  it("come from bitmaps, canvases and pixels, with their channels first or last", async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3, 2];
    canvas.getContext("2d")!.putImageData(picture(), 0, 0);
    const offscreen = new OffscreenCanvas(3, 2);
    offscreen.getContext("2d")!.putImageData(picture(), 0, 0);
    for (const source of [picture(), await createImageBitmap(picture()), canvas, offscreen, new VideoFrame(canvas, { timestamp: 0 })]) {
      const image = fromImage(source, { device });
      expect([image.dtype, image.shape]).toEqual(["uint8", [3, 2, 3]]);
      expect(await image.toArray()).toEqual(planes);
      if (source instanceof VideoFrame) source.close();
    }
    const last = fromImage(picture(), { device, layout: "hwc", channels: 4 });
    expect(last.shape).toEqual([2, 3, 4]);
    expect([...await last.read()].map(Number)).toEqual(pixels);
    const floats = fromImage(picture(), { device, dtype: "float32" });
    expect([...await floats.read()]).toEqual(planes.flat(2).map((value) => Math.fround(value / 255)));
    // As PIL converts to "L".
    expect(await fromImage(picture(), { device, channels: 1 }).toArray()).toEqual([[[76, 150, 29], [0, 255, 18]]]);
  });

  it("go back to canvases", async () => {
    const offscreen = new OffscreenCanvas(1, 1);
    await toCanvas(fromImage(picture(), { device }), offscreen);
    expect([offscreen.width, offscreen.height]).toEqual([3, 2]);
    expect(pixelsOf(offscreen)).toEqual(pixels);
    const canvas = document.createElement("canvas");
    await toCanvas(fromImage(picture(), { device, dtype: "float32", layout: "hwc" }), canvas, { layout: "hwc" });
    expect(pixelsOf(canvas)).toEqual(pixels);
    // A plane is grey, what lies outside is clamped, a view is read as it looks.
    await toCanvas(tensor([[-1, 0], [0.2, 7]], { device }).t(), canvas);
    expect(pixelsOf(canvas)).toEqual([0, 0, 0, 255, 51, 51, 51, 255, 0, 0, 0, 255, 255, 255, 255, 255]);
    await toCanvas(fromImage(picture(), { device, channels: 4 }), canvas);
    expect(pixelsOf(canvas)).toEqual(pixels);
  });

  it("are refused where they are none", async () => {
    const canvas = new OffscreenCanvas(2, 2);
    await expect(toCanvas(zeros([2, 4, 4], { device }), canvas)).rejects.toThrow("toCanvas: expected [channels, height, width] with 1, 3 or 4 channels, or [height, width], got [2, 4, 4]");
    await expect(toCanvas(zeros([4], { device }), canvas)).rejects.toThrow(ShapeError);
    await expect(toCanvas(zeros([3, 0, 4], { device }), canvas)).rejects.toThrow(ShapeError);
    canvas.getContext("webgpu");
    await expect(toCanvas(zeros([3, 4, 4], { device }), canvas)).rejects.toThrow(ArgumentError);
    expect(() => fromImage(document.createElement("video"), { device })).toThrow("fromImage: expected a picture with pixels, got 0 x 0; wait until it is loaded");
  });
});
