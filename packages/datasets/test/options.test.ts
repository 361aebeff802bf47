import { cpu } from "@gradus/backend-cpu";
import * as datasets from "@gradus/datasets";
import { fromImage, toCanvas } from "@gradus/datasets/browser";
import { fetchCifar10, fetchFashionMnist, fetchMnist } from "@gradus/datasets/node";
import { ArgumentError, Generator, setDefaultDevice, zeros } from "@gradus/tensor-core";
import { expect, test } from "vitest";

setDefaultDevice(cpu());

type Given = Readonly<Record<string, unknown>>;
type Call = (options: Given) => unknown;

const { transforms, pointDatasets } = datasets;
const squares = { length: 3, at: (i: number): number => i * i };
const generator = new Generator(0);
const source = { generator, seed: 1 };
const resizing = { interpolation: "nearest", antialias: false };
const padding = { fill: 1, paddingMode: "edge" };
const loading = {
  batchSize: 2, shuffle: false, sampler: new datasets.SequentialSampler(3), batchSampler: undefined, dropLast: true, collate: (samples: number[]) => samples,
  numWorkers: 0, worker: undefined, prefetchFactor: 1, persistentWorkers: false, generator, seed: undefined,
};
const download = { onProgress: () => undefined, signal: undefined, cache: undefined };
const drawn = (f: (p: number, options: Given) => unknown): Call => (options) => f(0.5, options);

/** What is called with options, and all of them. */
const calls: Readonly<Record<string, readonly [call: Call, options: Given]>> = {
  DataLoader: [(options) => new datasets.DataLoader(squares, options), loading],
  RandomSampler: [(options) => new datasets.RandomSampler(3, options), { replacement: true, numSamples: 2, generator }],
  SubsetRandomSampler: [(options) => new datasets.SubsetRandomSampler([1], options), { generator }],
  WeightedRandomSampler: [(options) => new datasets.WeightedRandomSampler([1, 2], 1, options), { replacement: false, generator }],
  randomSplit: [(options) => datasets.randomSplit(squares, [1, 2], options), source],
  pointDatasets: [(options) => (["Simple", "Diag", "Split", "Xor", "Circle"] as const).map((name) => pointDatasets[name](2, options)), source],
  Vocabulary: [(options) => new datasets.Vocabulary(["a"], options), { unknown: "a" }],
  buildVocabulary: [(options) => datasets.buildVocabulary([["a", "b"]], options), { minFreq: 1, maxTokens: 2, specials: ["b"], unknown: "b" }],
  resize: [(options) => transforms.resize(2, options), resizing],
  pad: [(options) => transforms.pad(2, options), padding],
  randomCrop: [(options) => transforms.randomCrop(2, options), { ...padding, padding: 1, generator }],
  randomResizedCrop: [(options) => transforms.randomResizedCrop(2, options), { ...resizing, scale: [0.5, 1], ratio: [1, 1], generator }],
  randomHorizontalFlip: [drawn(transforms.randomHorizontalFlip), { generator }],
  randomVerticalFlip: [drawn(transforms.randomVerticalFlip), { generator }],
};

/** What works in other places than this: what it has is tried there. */
const elsewhere: typeof calls = {
  fetchMnist: [fetchMnist, download],
  fetchFashionMnist: [fetchFashionMnist, download],
  fetchCifar10: [fetchCifar10, download],
  fromImage: [(options) => fromImage(null as unknown as ImageData, options), { dtype: "uint8", channels: 3, layout: "hwc", device: cpu() }],
  toCanvas: [(options) => toCanvas(zeros([1]), null as unknown as OffscreenCanvas, options), { layout: "hwc" }],
};

test.each(Object.entries({ ...calls, ...elsewhere }))("%s refuses what it does not have", async (name, [call, options]) => {
  const asked = Promise.resolve({ unheardOf: 1 }).then(call);
  await expect(asked).rejects.toThrow(new ArgumentError(`${name}: expected no options but ${Object.keys(options).join(", ")}, got unheardOf; leave it out`));
});

test.each(Object.entries(calls))("%s accepts what it has", (_, [call, options]) => {
  for (const [name, value] of Object.entries(options)) expect(() => call({ [name]: value }), name).not.toThrow();
});

test("nothing else takes options without looking at them", () => {
  function* functionsOf(values: object): Iterable<[name: string, source: string]> {
    for (const [name, value] of Object.entries(values) as [string, unknown][]) {
      if (typeof value === "function") yield [name, String(value)];
      else yield* functionsOf(value as object);
    }
  }
  expect([...functionsOf({ ...datasets })].filter(([, text]) => /\} = \{\}\)/.test(text)).map(([name]) => name)).toEqual([]);
});

test("what a user of PyTorch writes is told the name here", () => {
  expect(() => new datasets.DataLoader(squares, { batch_size: 32 } as object)).toThrow(/^DataLoader: .*, got batch_size; write batchSize$/);
  expect(() => new datasets.DataLoader(squares, 32 as unknown as object)).toThrow(/as in \{ batchSize: 32 \}$/);
});
