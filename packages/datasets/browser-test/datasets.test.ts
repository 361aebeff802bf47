import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core";
import { beforeAll, expect, it } from "vitest";
import { DataFileError, DataLoader, loadDigits, readIdx } from "../src/index.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

it("the digits unpack in a browser", async () => {
  const { train, test } = await loadDigits();
  expect([train.length, test.length]).toEqual([1438, 359]);
  for (const [images, labels] of new DataLoader(test, { batchSize: 5 })) {
    expect(images.shape).toEqual([5, 1, 8, 8]);
    expect(await labels.toArray()).toEqual([4, 9, 4, 9, 4]);
    return;
  }
});

it("IDX files are read and refused as in Node", async () => {
  const plain = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7);
  const packed = new Uint8Array(await new Response(new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
  expect(await readIdx(packed, "a.gz")).toEqual({ shape: [3], data: Uint8Array.of(5, 6, 7) });
  for (const damaged of [packed.slice(0, -3), packed.slice(0, 15), packed.slice(0, 2)]) {
    await expect(readIdx(damaged, "a.gz")).rejects.toThrow(DataFileError);
  }
});
