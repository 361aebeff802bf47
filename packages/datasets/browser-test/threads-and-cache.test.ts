import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice, type Tensor } from "@gradus/tensor-core";
import { beforeAll, expect, it } from "vitest";
import { privateCache } from "../src/browser.js";
import { cachedFile } from "../src/download.js";
import { DataFileError, DataLoader, type Dataset } from "../src/index.js";
import { Md5 } from "../src/md5.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

it("threads of a browser load samples, and tell what went wrong", async () => {
  const remote: Dataset<[Tensor, string]> = { length: 6, at: () => { throw new Error("expected the worker to load it"); } };
  const worker = () => new Worker(new URL("./fixtures/worker.ts", import.meta.url), { type: "module" });
  const found: unknown[] = [];
  const run = async (): Promise<void> => {
    for await (const [x, names] of new DataLoader(remote, { batchSize: 2, numWorkers: 2, worker })) found.push([await x.toArray(), names]);
  };
  await expect(run()).rejects.toThrow("RangeError: there is no sixth (sample 5)");
  expect(found).toEqual([
    [[[0, 0], [1, 1]], ["sample 0", "sample 1"]],
    [[[2, 4], [3, 9]], ["sample 2", "sample 3"]],
  ]);
});

it("downloads are kept on the private file system, whole and right or not at all", async () => {
  const content = crypto.getRandomValues(new Uint8Array(50_000));
  const md5 = new Md5().update(content).hex();
  const url = URL.createObjectURL(new Blob([content]));
  const cache = privateCache(`test-${crypto.randomUUID()}`);
  const file = { name: "file.bin", urls: [url], md5 };
  expect(await cachedFile(file, cache)).toEqual(content);
  URL.revokeObjectURL(url);
  // Out of the cache: the address leads nowhere any more.
  expect(await cachedFile(file, cache)).toEqual(content);
  const wrong = { name: "wrong.bin", urls: [URL.createObjectURL(new Blob(["something else"]))], md5 };
  await expect(cachedFile(wrong, cache)).rejects.toThrow(DataFileError);
  expect(await cache.read("wrong.bin")).toBeNull();
  // What was received of it was removed, so nothing is left to go on from.
  const pieces = [];
  for await (const piece of cache.received("wrong.bin")) pieces.push(piece);
  expect(pieces).toEqual([]);
});
