import { buffer } from "node:stream/consumers";
import { memoryStats } from "@gradus/tensor-core";
import { afterAll, describe, expect, inject, it } from "vitest";
import { asImage, service } from "../src/rooms/images/service.js";
import { eventually, usePage, valueOf } from "./page.js";

afterAll(() => service.close());

const options = { rate: 0.003, batchSize: 32, seed: 1 };
const view = { image: 3, drawing: new Float32Array(4), side: 2 };

/** An IDX file of bytes. */
function idx(shape: readonly number[], data: readonly number[]): Uint8Array<ArrayBuffer> {
  const head = [0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, size >> 8, size & 255])];
  return Uint8Array.from([...head, ...data]);
}

describe("learning images", () => {
  it("reads the digits after two epochs, and shows what it sees", async () => {
    const { frame: first, trainCount, testCount } = await service.openDigits(options, view);
    expect([trainCount, testCount]).toEqual([1438, 359]);
    expect(first.loss).toBeNull();
    const after = service.advance(90, Infinity, view);
    expect(after.accuracy).toBeGreaterThan(0.9);
    expect(after.confusion.flat().reduce((a, b) => a + b)).toBe(359);
    expect(after.confusion.reduce((right, row, i) => right + row[i]!, 0) / 359).toBeCloseTo(after.accuracy, 12);

    const { look } = after;
    expect(look.probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(look.layers.map(({ height, width, maps }) => [maps.length, height, width])).toEqual([[16, 8, 8], [32, 4, 4], [1, 2, 60], [1, 2, 42]]);
    expect(look.layers.every(({ maps }) => maps.flatMap((map) => [...map]).every((value) => value >= 0))).toBe(true);
  });

  it("saves weights that give the same answers when they are loaded", async () => {
    await service.openDigits(options, view);
    service.advance(40, Infinity, view);
    const [bytes, { accuracy }] = [await service.save(), service.advance(0, 0, view)];
    const { frame } = await service.openDigits({ ...options, seed: 2 }, view);
    expect(frame.accuracy).not.toBe(accuracy);
    expect(service.load(bytes as Uint8Array<ArrayBuffer>, view).accuracy).toBe(accuracy);
    expect(() => service.load(Uint8Array.of(1, 2, 3), view)).toThrow(/expected/);
  });

  it("does not grow", async () => {
    await service.openDigits(options, view);
    service.advance(20, Infinity, view);
    const { storages } = memoryStats();
    service.advance(60, Infinity, view);
    service.advance(0, 0, { ...view, image: -1 });
    expect(memoryStats().storages).toBe(storages);
    for (let i = 0; i < 3; i++) {
      await service.open(options, view);
      service.advance(20, Infinity, view);
    }
    expect(memoryStats().storages).toBe(storages);
  });

  it("learns from the four files of an image set, and says what is missing", async () => {
    const file = (name: string, bytes: Uint8Array<ArrayBuffer>) => ({ name, bytes });
    const pixels = Array.from({ length: 4 * 28 * 28 }, (_, i) => i % 256);
    const files = [
      file("train-images-idx3-ubyte", idx([4, 28, 28], pixels)),
      file("train-labels-idx1-ubyte", idx([4], [0, 1, 2, 3])),
      file("t10k-images-idx3-ubyte", idx([2, 28, 28], pixels.slice(0, 2 * 784))),
      file("t10k-labels-idx1-ubyte", idx([2], [0, 1])),
    ];
    await expect(service.openFiles(files.slice(1), options, view)).rejects.toThrow("expected train-images, train-labels, t10k-images and t10k-labels");
    await expect(service.openFiles([files[0]!, file("train-labels", idx([3], [0, 1, 2])), ...files.slice(2)], options, view)).rejects.toThrow("a label for each of 4 images");
    await expect(service.openFiles([files[0]!, file("train-labels", Uint8Array.of(9, 9)), ...files.slice(2)], options, view)).rejects.toThrow("train-labels: expected an IDX file");
    const { size, trainCount } = await service.openFiles(files, options, view);
    expect([size, trainCount]).toEqual([28, 4]);
    // Labels as Fashion-MNIST's test images have them, under names that MNIST's files have as well.
    const test = [file("t10k-images", idx([10, 28, 28], Array<number>(7840).fill(1))), file("t10k-labels", idx([10], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]))];
    expect(await service.openFiles([...files.slice(0, 2), ...test], options, view)).toMatchObject({ name: "Fashion-MNIST", classes: expect.arrayContaining(["sneaker"]) as string[] });
    await expect(service.openFiles([...files.slice(0, 3), file("t10k-labels", idx([2], [0, 44]))], options, view)).rejects.toThrow("expected labels from 0 to 9, got 44");
    expect(service.advance(2, Infinity, view).loss).toBeGreaterThan(0);
  });
});

describe("a drawing", () => {
  const side = 16;
  const mask = (covered: (x: number, y: number) => boolean): Float32Array => Float32Array.from({ length: side * side }, (_, i) => (covered(i % side, Math.floor(i / side)) ? 1 : 0));

  it("becomes as high as the images are, and stands in their middle", () => {
    const small = asImage(mask((x, y) => x >= 3 && x < 5 && y >= 2 && y < 6), side, 8);
    const large = asImage(mask((x, y) => x >= 4 && x < 8 && y >= 4 && y < 12), side, 8);
    expect(small).toEqual(large);
    expect(small.reduce((a, b) => a + b)).toBe(4 * 8);
    expect([...small.subarray(0, 8)]).toEqual([0, 0, 1, 1, 1, 1, 0, 0]);
  });

  it("of nothing is nothing", () => {
    expect(asImage(new Float32Array(side * side), side, 8).every((value) => value === 0)).toBe(true);
  });
});

describe.skipIf(inject("chromium") === null)("the room Images", () => {
  const { visit } = usePage();

  it("classifies a digit that is drawn, saves its weights and loads them", async () => {
    const page = await visit("#/images?rate=0.003");
    await page.getByTestId("prediction").waitFor();
    await page.getByRole("button", { name: "Play" }).click();
    await eventually(() => valueOf(page, "accuracy")).toBeGreaterThan(0.97);
    await page.getByRole("button", { name: "Pause" }).click();

    const { x, y, width } = (await page.locator(".paper").boundingBox())!;
    const draw = async (points: readonly (readonly [number, number])[]): Promise<string | null> => {
      await page.getByRole("button", { name: "Clear the paper" }).click();
      const at = ([u, v]: readonly [number, number]): [number, number] => [x + u * width, y + v * width];
      await page.mouse.move(...at(points[0]!));
      await page.mouse.down();
      for (const point of points) await page.mouse.move(...at(point), { steps: 4 });
      await page.mouse.up();
      await page.waitForTimeout(300);
      return page.getByTestId("prediction").getAttribute("data-value");
    };
    const round = Array.from({ length: 25 }, (_, i) => [0.5 + 0.24 * Math.cos((i * Math.PI) / 12), 0.5 + 0.38 * Math.sin((i * Math.PI) / 12)] as const);
    expect(await draw(round)).toBe("0");
    expect(await draw([[0.2, 0.15], [0.8, 0.15], [0.45, 0.88]])).toBe("7");

    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save weights" }).click()]);
    const accuracy = await valueOf(page, "accuracy");
    const other = await visit("#/images?seed=5");
    await other.getByTestId("prediction").waitFor();
    expect(await valueOf(other, "accuracy")).toBeLessThan(0.6);
    await other.getByLabel("Load weights").setInputFiles({ name: download.suggestedFilename(), mimeType: "", buffer: await buffer(await download.createReadStream()) });
    await eventually(() => valueOf(other, "accuracy")).toBe(accuracy);
    await other.getByLabel("Load weights").setInputFiles({ name: "no.safetensors", mimeType: "", buffer: Buffer.from("nothing") });
    await other.getByRole("alert").waitFor();
  });

  it("gets the same numbers on threads, where the page may share memory", async () => {
    const afterSteps = async (isolated: boolean) => {
      const page = await visit("#/images?batchSize=128", { isolated });
      await page.getByTestId("prediction").waitFor();
      for (let step = 1; step <= 3; step++) {
        await page.getByRole("button", { name: "Step" }).click();
        await eventually(() => page.getByTestId("step").textContent()).toBe(String(step));
      }
      const threads = await page.evaluate(() => (crossOriginIsolated ? navigator.hardwareConcurrency : 1));
      // The engine, and its threads.
      expect(page.workers().length).toBeGreaterThanOrEqual(Math.min(threads, 2));
      return [await valueOf(page, "accuracy"), await page.locator(".bar-value").allTextContents()];
    };
    expect(await afterSteps(true)).toEqual(await afterSteps(false));
  });
});
