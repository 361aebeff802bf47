import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { cpu } from "@gradus/backend-cpu";
import { ArgumentError, Generator, setDefaultDevice, type Tensor } from "@gradus/tensor-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataLoader, type Dataset, WorkerError, type WorkerLike } from "../src/index.js";
import { serveDataset } from "../src/worker.js";

interface Sample {
  readonly x: Tensor;
  readonly draw: bigint;
  readonly name: string;
  readonly pixels: Uint8Array;
}

let directory: string;

beforeAll(async () => {
  setDefaultDevice(cpu());
  // Threads run JavaScript: the file of the thread, and what it imports.
  directory = await mkdtemp(join(tmpdir(), "gradus-worker-"));
  await build({
    configFile: false,
    logLevel: "silent",
    ssr: { noExternal: true, resolve: { conditions: ["@gradus/source"] } },
    build: {
      outDir: directory,
      minify: false,
      target: "node20",
      ssr: fileURLToPath(new URL("fixtures/worker-dataset.ts", import.meta.url)),
      rolldownOptions: { output: { entryFileNames: "worker.mjs", chunkFileNames: "[name].mjs" } },
    },
  });
});
afterAll(() => rm(directory, { recursive: true }));

const started: Worker[] = [];
const worker = (): WorkerLike => {
  const made = new Worker(join(directory, "worker.mjs"));
  started.push(made);
  return made;
};

/** What this thread knows of the dataset: how long it is. */
const remote: Dataset<Sample> = {
  length: 100,
  at: () => {
    throw new Error("expected the worker to load it");
  },
};
const subset = (indices: readonly number[]) => ({ length: indices.length, [Symbol.iterator]: () => indices.values() });

async function batchesOf<B>(loader: DataLoader<Sample, B>): Promise<Awaited<B>[]> {
  const batches: Awaited<B>[] = [];
  for await (const batch of loader) batches.push(batch);
  return batches;
}

describe("DataLoader with workers", () => {
  it("gives the batches in order, whoever loaded them", async () => {
    const loader = new DataLoader(remote, { batchSize: 3, numWorkers: 2, worker, sampler: subset([5, 1, 4, 2, 9, 8, 7]) });
    const batches = await batchesOf(loader);
    expect(batches.map(({ name }) => name)).toEqual([["sample 5", "sample 1", "sample 4"], ["sample 2", "sample 9", "sample 8"], ["sample 7"]]);
    expect(await batches[1]?.x.toArray()).toEqual([[2, 0.5], [9, 0.5], [8, 0.5]]);
    expect(await batches[1]?.pixels.toArray()).toEqual([[2], [9], [8]]);
  });

  it("draws the same numbers in the threads in every run, others in every thread and epoch", async () => {
    const draws = async () => {
      const loader = new DataLoader(remote, { numWorkers: 2, worker, persistentWorkers: true, generator: new Generator(4), sampler: subset([0, 1, 2, 3]), collate: ([sample]) => sample?.draw });
      const all = [...(await batchesOf(loader)), ...(await batchesOf(loader))];
      await loader.close();
      return all;
    };
    const first = await draws();
    expect(await draws()).toEqual(first);
    expect(new Set(first).size).toBe(8);
  });

  it("passes on what went wrong, with the sample and the stack of the thread", async () => {
    const loader = new DataLoader(remote, { batchSize: 2, numWorkers: 1, worker, sampler: subset([0, 1, 12, 13]) });
    const found: unknown[] = [];
    const error: unknown = await (async () => {
      for await (const { name } of loader) found.push(name);
    })().catch((thrown: unknown) => thrown);
    expect(found).toEqual([["sample 0", "sample 1"]]);
    expect(error).toBeInstanceOf(WorkerError);
    expect(error).toMatchObject({
      worker: 0,
      index: 13,
      message: "DataLoader: expected a batch from worker 0, got RangeError: the file of this sample is missing (sample 13); its stack is in the cause",
      cause: { name: "RangeError", message: "the file of this sample is missing" },
    });
    expect(((error as Error).cause as Error).stack).toContain("worker.mjs");
  });

  it("says when a thread is gone, or a sample cannot be sent", async () => {
    await expect(batchesOf(new DataLoader(remote, { numWorkers: 1, worker, sampler: subset([1, 66, 2]) }))).rejects.toThrow("the thread ended with exit code 7");
    await expect(batchesOf(new DataLoader(remote, { numWorkers: 1, worker, sampler: subset([77]) }))).rejects.toThrow("could not be cloned");
    const broken = () => new Worker(new URL("data:text/javascript,throw new Error('no dataset here')"));
    await expect(batchesOf(new DataLoader(remote, { numWorkers: 2, worker: broken }))).rejects.toThrow("no dataset here");
  });

  it("ends its threads with the epoch, also one that was left", async () => {
    started.length = 0;
    for await (const { name } of new DataLoader(remote, { numWorkers: 2, worker })) {
      expect(name).toEqual(["sample 0"]);
      break;
    }
    expect(started.map(({ threadId }) => threadId)).toEqual([-1, -1]);
  });

  it("is awaited, and served in a thread only", () => {
    expect(() => [...new DataLoader(remote, { numWorkers: 1, worker })]).toThrow(ArgumentError);
    expect(() => { serveDataset(remote); }).toThrow("expected to run in a worker thread");
  });
});
