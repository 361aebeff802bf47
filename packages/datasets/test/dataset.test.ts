import { readFileSync } from "node:fs";
import { cpu } from "@gradus/backend-cpu";
import { ArgumentError, defaultGenerator, Generator, manualSeed, setDefaultDevice, ShapeError, type Tensor, tensor } from "@gradus/tensor-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ArrayDataset,
  BatchSampler,
  ChainDataset,
  collate,
  ConcatDataset,
  DataLoader,
  type DataLoaderState,
  type Dataset,
  randomSplit,
  RandomSampler,
  type Sampler,
  SequentialSampler,
  Subset,
  SubsetRandomSampler,
  TensorDataset,
  WeightedRandomSampler,
} from "../src/index.js";

/** Computed by PyTorch: see fixtures/make.py. */
interface TorchOrder {
  readonly loaders: readonly {
    readonly n: number;
    readonly seed: number;
    readonly generator: number | null;
    readonly options: { readonly batch_size: number; readonly shuffle: boolean; readonly drop_last?: boolean };
    readonly epochs: readonly (readonly (readonly number[])[])[];
    readonly interrupted: readonly number[];
    readonly next: number;
  }[];
  readonly samplers: readonly {
    readonly kind: "random" | "subset" | "weighted";
    readonly seed: number;
    readonly generator: number | null;
    readonly weights: readonly number[];
    readonly options: { readonly n?: number; readonly replacement?: boolean; readonly num_samples?: number };
    readonly epochs: readonly (readonly number[])[];
    readonly next: number;
  }[];
  readonly splits: readonly { readonly n: number; readonly lengths: readonly number[]; readonly seed: number; readonly parts: readonly (readonly number[])[] }[];
}
const torch = JSON.parse(readFileSync(new URL("fixtures/torch-order.json", import.meta.url), "utf8")) as TorchOrder;

const range = (n: number): Dataset<number> => ({ length: n, at: (i) => i });
const values = (batch: Tensor): number[] => [...(batch.readSync() as Float32Array)];

beforeAll(() => {
  setDefaultDevice(cpu());
});

describe("DataLoader visits the samples in PyTorch's order", () => {
  it.each(torch.loaders)("n $n, seed $seed, generator $generator, $options", ({ n, seed, generator: ownSeed, options, epochs, interrupted, next }) => {
    manualSeed(seed);
    const generator = ownSeed === null ? undefined : new Generator(ownSeed);
    const loader = new DataLoader(range(n), {
      batchSize: options.batch_size,
      shuffle: options.shuffle,
      dropLast: options.drop_last ?? false,
      collate: (samples) => samples,
      ...(generator && { generator }),
    });
    for (const epoch of epochs) expect([...loader]).toEqual(epoch);
    for (const batch of loader) {
      expect(batch).toEqual(interrupted);
      break;
    }
    const [number] = (generator ?? defaultGenerator()).randint(new Int32Array(1), 0, 1000);
    expect(number).toBe(next);
  });
});

describe("samplers visit the samples in PyTorch's order", () => {
  it.each(torch.samplers)("$kind, seed $seed, generator $generator, $options", ({ kind, seed, generator: own, weights, options, epochs, next }) => {
    manualSeed(seed);
    const generator = own === null ? undefined : new Generator(own);
    const { n = 0, replacement, num_samples: numSamples } = options;
    const shared = { ...(replacement !== undefined && { replacement }), generator };
    const sampler = {
      random: () => new RandomSampler(n, { ...shared, ...(numSamples !== undefined && { numSamples }) }),
      subset: () => new SubsetRandomSampler([10, 20, 30, 40], shared),
      weighted: () => new WeightedRandomSampler(weights, numSamples ?? 0, shared),
    }[kind]();
    for (const epoch of epochs) {
      expect([...sampler]).toEqual(epoch);
      expect(sampler).toHaveLength(epoch.length);
    }
    expect((generator ?? defaultGenerator()).randint(new Int32Array(1), 0, 1000)[0]).toBe(next);
  });

  it("refuse what cannot be drawn", () => {
    expect(() => new WeightedRandomSampler([1, -1], 1)).toThrow(ArgumentError);
    expect(() => new WeightedRandomSampler([0, 0], 1)).toThrow(ArgumentError);
    expect(() => new WeightedRandomSampler([1, 0], 2, { replacement: false })).toThrow(ArgumentError);
    expect(() => new RandomSampler(3, { numSamples: 0 })).toThrow(ArgumentError);
    expect(() => [...new RandomSampler(0, { numSamples: 2 })]).toThrow(ArgumentError);
    expect([...new RandomSampler(0)]).toEqual([]);
  });
});

describe("datasets of datasets", () => {
  it("are rows of tensors, alone and in batches", async () => {
    const set = new TensorDataset(tensor([[1, 2], [3, 4], [5, 6]]), tensor([7n, 8n, 9n]));
    const [x, y] = set.at(2);
    expect([await x.toArray(), await y.read()]).toEqual([[5, 6], BigInt64Array.of(9n)]);
    const [batch] = [...new DataLoader(set, { batchSize: 2, sampler: { length: 2, *[Symbol.iterator]() { yield* [2, 0]; } } })];
    expect(await batch?.[0].toArray()).toEqual([[5, 6], [1, 2]]);
    expect(await batch?.[1].read()).toEqual(BigInt64Array.of(9n, 7n));
    expect(() => new TensorDataset(tensor([1, 2]), tensor([1]))).toThrow(ShapeError);
    expect(() => new TensorDataset(tensor(1))).toThrow(ShapeError);
    expect(() => set.at(3)).toThrow(ArgumentError);
  });

  it("stand one after another", () => {
    const all = new ConcatDataset([range(2), range(0), range(3)]);
    expect(Array.from({ length: all.length }, (_, i) => all.at(i))).toEqual([0, 1, 0, 1, 2]);
    expect(() => all.at(5)).toThrow(ArgumentError);
    expect(() => new ConcatDataset([])).toThrow(ArgumentError);
  });
});

describe("DataLoader of a stream", () => {
  async function* letters(): AsyncGenerator<string> {
    for (const letter of ["a", "b", "c"]) yield await Promise.resolve(letter);
  }

  it("groups what comes", async () => {
    const batches: string[][] = [];
    for await (const batch of new DataLoader(new ChainDataset<string>([letters(), ["d", "e"]]), { batchSize: 2 })) batches.push(batch);
    expect(batches).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect([...new DataLoader(["x", "y", "z"].values(), { batchSize: 2, dropLast: true })]).toEqual([["x", "y"]]);
    expect([...new DataLoader(new Set(["x", "y"]), { batchSize: null })]).toEqual(["x", "y"]);
  });

  it("has no order to choose, no length, and is awaited", () => {
    expect(() => new DataLoader(new Set([1]), { shuffle: true })).toThrow(ArgumentError);
    expect(() => new DataLoader(new Set([1])).length).toThrow(ArgumentError);
    expect(() => [...new DataLoader(letters())]).toThrow("for await");
  });
});

describe("DataLoader's position", () => {
  const options = { batchSize: 3, shuffle: true, collate: (samples: number[]) => samples };
  const sources: readonly [string, () => object][] = [["the default generator", () => ({})], ["a seed", () => ({ seed: 5 })], ["a generator", () => ({ generator: new Generator(6) })], ["no order", () => ({ shuffle: false })]];

  it.each(sources)("goes on where an epoch was left, with %s", (_, source) => {
    manualSeed(3);
    const whole = new DataLoader(range(10), { ...options, ...source() });
    const expected: (readonly number[])[] = [];
    let saved: { readonly loader: DataLoaderState; readonly random: Uint8Array } | undefined;
    for (let epoch = 0; epoch < 3; epoch++) {
      for (const batch of whole) {
        // As dropout would.
        defaultGenerator().random();
        if (saved !== undefined) expected.push(batch);
        else if (epoch === 1 && whole.stateDict().batches === 2) saved = { loader: whole.stateDict(), random: defaultGenerator().getState() };
      }
    }
    manualSeed(99);
    const resumed = new DataLoader(range(10), { ...options, ...source() });
    defaultGenerator().setState(saved!.random);
    resumed.loadStateDict(structuredClone(saved!.loader));
    const found: (readonly number[])[] = [];
    for (let epoch = 1; epoch < 3; epoch++) {
      for (const batch of resumed) {
        defaultGenerator().random();
        found.push(batch);
      }
    }
    expect(found).toEqual(expected);
    expect(found).toHaveLength(2 + 4);
  });

  it("does not load what was given, nor count what was loaded ahead", async () => {
    const asked: number[] = [];
    const set: Dataset<Promise<number>> = { length: 8, at: (i) => { asked.push(i); return Promise.resolve(i); } };
    const loader = new DataLoader(set, { batchSize: 2, prefetchFactor: 2, collate: (samples) => samples });
    for await (const batch of loader) {
      expect(batch).toEqual([0, 1]);
      expect(asked).toEqual([0, 1, 2, 3, 4, 5]);
      expect(loader.stateDict().batches).toBe(1);
      const state = loader.stateDict();
      asked.length = 0;
      const rest = new DataLoader(set, { batchSize: 2, collate: (samples) => samples });
      rest.loadStateDict(state);
      expect(rest.stateDict()).toEqual(state);
      const found = [];
      for await (const each of rest) found.push(each);
      expect(found).toEqual([[2, 3], [4, 5], [6, 7]]);
      expect(asked).toEqual([2, 3, 4, 5, 6, 7]);
      break;
    }
    expect(loader.stateDict()).toEqual({ batches: null, generator: null, random: null });
  });

  it("is refused where it cannot be one", () => {
    const loader = new DataLoader(range(4), { seed: 1 });
    expect(() => { loader.loadStateDict({ batches: 1, generator: null, random: new Uint8Array(5056) }); }).toThrow(ArgumentError);
    expect(() => { loader.loadStateDict({} as DataLoaderState); }).toThrow(ArgumentError);
  });
});

describe("DataLoader's options", () => {
  it("exclude each other", () => {
    const order = new BatchSampler(new SequentialSampler(4), 2, false);
    expect([...new DataLoader(range(4), { batchSampler: order, collate: (samples) => samples })]).toEqual([[0, 1], [2, 3]]);
    for (const wrong of [
      { batchSampler: order, batchSize: 2 }, { batchSampler: order, shuffle: true }, { batchSize: null, dropLast: true }, { numWorkers: 1 }, { numWorkers: -1 },
      { prefetchFactor: 0.5 }, { worker: () => { throw new Error("not started"); } },
    ]) expect(() => new DataLoader(range(4), wrong)).toThrow(ArgumentError); // prettier-ignore
  });
});

describe("DataLoader", () => {
  it("gives every sample once in an epoch, in batches of the size asked for", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 9 }), fc.boolean(), fc.boolean(), fc.nat(), (n, batchSize, shuffle, dropLast, seed) => {
        const loader = new DataLoader(range(n), { batchSize, shuffle, dropLast, seed, collate: (samples) => samples });
        const batches = [...loader];
        expect(batches).toHaveLength(loader.length);
        for (const [i, batch] of batches.entries()) {
          if (dropLast || i < batches.length - 1) expect(batch).toHaveLength(batchSize);
          else expect(batch.length).toBe(n - i * batchSize);
        }
        const seen = batches.flat().sort((a, b) => a - b);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toHaveLength(dropLast ? n - (n % batchSize) : n);
      }),
    );
  });

  it("takes a new order in each epoch and repeats all of them under the same seed", () => {
    const orders = () => {
      const loader = new DataLoader(range(30), { shuffle: true, seed: 4, batchSize: 30, collate: (samples) => samples });
      return [...loader, ...loader, ...loader];
    };
    const [first, second] = orders();
    expect(first).not.toEqual(second);
    expect(orders()).toEqual(orders());
  });

  it("puts samples together as tensors", () => {
    const pairs: Dataset<[number, bigint]> = { length: 3, at: (i) => [i / 2, BigInt(i)] };
    const [[x, y]] = [...new DataLoader(pairs, { batchSize: 3 })] as [[Tensor, Tensor]];
    expect([x.dtype, x.shape, values(x)]).toEqual(["float32", [3], [0, 0.5, 1]]);
    expect([y.dtype, y.shape, y.readSync()]).toEqual(["int64", [3], BigInt64Array.of(0n, 1n, 2n)]);
  });

  it("waits for samples and batches that are promises", async () => {
    const slow: Dataset<Promise<number>> = { length: 5, at: (i) => new Promise((resolve) => setTimeout(resolve, 5 - i, i * i)) };
    const batches = [];
    for await (const batch of new DataLoader(slow, { batchSize: 2 })) batches.push(values(batch));
    expect(batches).toEqual([[0, 1], [4, 9], [16]]);
    const sums = [];
    const collateLater = (samples: number[]) => Promise.resolve(samples.reduce((a, b) => a + b, 0));
    for await (const sum of new DataLoader(slow, { batchSize: 2, collate: collateLater })) sums.push(sum);
    expect(sums).toEqual([1, 13, 16]);
  });

  it("gives samples at hand to `for await` too, in the same order", async () => {
    const options = { batchSize: 4, shuffle: true, seed: 1 };
    const batches = [];
    for await (const batch of new DataLoader(range(10), options)) batches.push(values(batch));
    expect(batches).toEqual(Array.from(new DataLoader(range(10), options), values));
  });

  it("reports an error of the dataset where it is iterated", async () => {
    const broken: Dataset<Promise<number>> = { length: 2, at: (i) => (i === 1 ? Promise.reject(new Error("sample 1 is torn")) : Promise.resolve(i)) };
    const iterate = async () => {
      for await (const batch of new DataLoader(broken)) expect(values(batch)).toEqual([0]);
    };
    await expect(iterate()).rejects.toThrow("sample 1 is torn");
  });

  it("visits samples in the order of a sampler", () => {
    const backwards: Sampler = { length: 3, [Symbol.iterator]: () => [2, 1, 0].values() };
    expect([...new DataLoader(range(3), { sampler: backwards, batchSize: 2, collate: (samples) => samples })]).toEqual([[2, 1], [0]]);
  });

  it.each([
    ["a batch size of zero", () => new DataLoader(range(3), { batchSize: 0 }), "expected a batch size of at least 1, got 0"],
    ["a seed beside a generator", () => new DataLoader(range(3), { seed: 1, generator: new Generator(1) }), "expected a seed or a generator, got both"],
    ["shuffle beside a sampler", () => new DataLoader(range(3), { shuffle: true, sampler: range(3) as unknown as Sampler }), "expected shuffle or a sampler, got both"],
    ["promises in a synchronous loop", () => [...new DataLoader({ length: 1, at: () => Promise.resolve(1) })], "write `for await (const batch of loader)`"],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(message);
  });
});

describe("randomSplit", () => {
  it.each(torch.splits)("divides $n samples by $lengths under seed $seed as PyTorch does", ({ n, lengths, seed, parts }) => {
    expect(randomSplit(range(n), lengths, { seed }).map((part) => part.indices)).toEqual(parts);
    expect(randomSplit(range(n), lengths, { generator: new Generator(seed) }).map((part) => part.indices)).toEqual(parts);
  });

  it.each([
    [[5, 4], "expected lengths with the sum 10 or fractions with the sum 1, got 5 + 4 = 9"],
    [[0.5, 0.4], "got 0.5 + 0.4 = 0.9"],
    [[11, -1], "got 11 + -1 = 10"],
    [[1.5, -0.5], "got 1.5 + -0.5 = 1"],
    [[NaN], "got NaN = NaN"],
    [[], "expected lengths with the sum 10"],
  ])("refuses lengths %j", (lengths, message) => {
    expect(() => randomSplit(range(10), lengths)).toThrow(ArgumentError);
    expect(() => randomSplit(range(10), lengths)).toThrow(message);
  });
});

describe("Subset", () => {
  it("gives the samples of its indices, also of a subset and in batches", () => {
    const data = new ArrayDataset({ data: Float32Array.of(0, 10, 20, 30, 40) });
    const subset = new Subset(new Subset(data, [4, 2, 0]), [2, 0]);
    expect(subset.length).toBe(2);
    expect(values(subset.at(0)[0])).toEqual([0]);
    const [[batch]] = [...new DataLoader(subset, { batchSize: 2 })] as [[Tensor]];
    expect(values(batch)).toEqual([0, 40]);
  });

  it("refuses indices that the dataset has not", () => {
    expect(() => new Subset(range(3), [0, 3])).toThrow("Subset: expected an integer from 0 to 2, got 3");
    expect(() => new Subset(range(3), [1]).at(1)).toThrow("Subset.at: expected an integer from 0 to 0, got 1");
  });
});

describe("ArrayDataset", () => {
  const data = new ArrayDataset(
    { data: Uint8Array.of(0, 51, 102, 153, 204, 255), shape: [1, 2], dtype: "float32", scale: 1 / 255 },
    { data: Uint8Array.of(7, 8, 9), dtype: "int64" },
  );

  it("makes a tensor of each column", () => {
    const [pixels, label] = data.at(1);
    expect([pixels.dtype, pixels.shape, values(pixels)]).toEqual(["float32", [1, 2], [...Float32Array.of(0.4, 0.6)]]);
    expect([label.dtype, label.shape, label.readSync()]).toEqual(["int64", [], BigInt64Array.of(8n)]);
  });

  it("makes the same batch at once as sample by sample", () => {
    const [[quick], [slow]] = [[...new DataLoader(data, { batchSize: 3 })], [...new DataLoader(data, { batchSize: 3, collate })]];
    for (const [k, tensor] of quick!.entries()) {
      const other = slow![k]!;
      expect([tensor.dtype, tensor.shape, tensor.readSync()]).toEqual([other.dtype, other.shape, other.readSync()]);
    }
  });

  it.each([
    ["float64", Float64Array.of(1.5, -2)],
    ["float32", Float32Array.of(1.5, -2)],
    ["int64", BigInt64Array.of(-1n, 2n ** 62n)],
    ["int32", Int32Array.of(-1, 2)],
    ["int16", Int16Array.of(-1, 2)],
    ["int8", Int8Array.of(-1, 2)],
    ["uint8", Uint8Array.of(1, 2)],
  ])("takes %s as it is", (dtype, array) => {
    const [tensor] = new ArrayDataset({ data: array }).batch([1, 0]);
    expect([tensor.dtype, tensor.readSync()]).toEqual([dtype, array.slice().reverse()]);
  });

  it("does not see later changes of a batch, nor a batch those of the array", () => {
    const source = Float32Array.of(1, 2);
    const [before] = new ArrayDataset({ data: source }).batch([0, 1]);
    source.fill(9);
    expect(values(before)).toEqual([1, 2]);
  });

  it.each([
    ["columns of different lengths", () => new ArrayDataset({ data: new Uint8Array(4), shape: [2] }, { data: new Uint8Array(3) }), ShapeError, "got 4 values of shape [2] and 3 values of shape []"],
    ["a shape that does not divide its array", () => new ArrayDataset({ data: new Uint8Array(5), shape: [2] }), ShapeError, "got 5 values of shape [2]"],
    ["no column", () => new ArrayDataset(), ShapeError, "got no column"],
    ["an index past the end", () => data.at(3), ArgumentError, "ArrayDataset.at: expected an integer from 0 to 2, got 3"],
    ["a batch past the end", () => data.batch([0, -1]), ArgumentError, "expected an integer from 0 to 2, got -1"],
    ["an array without a dtype", () => new ArrayDataset({ data: new Uint16Array(2) as unknown as Uint8Array }).at(0), ArgumentError, "got Uint16Array"],
  ])("refuses %s", (_, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});

describe("collate", () => {
  it("stacks tensors", () => {
    const batch = collate([tensor([1, 2]), tensor([3, 4])]);
    expect([batch.shape, values(batch)]).toEqual([[2, 2], [1, 2, 3, 4]]);
  });

  it("makes tensors of numbers, bigints and booleans", () => {
    expect(collate([1, 2]).dtype).toBe("float32");
    expect(collate([1n, 2n]).dtype).toBe("int64");
    expect(collate([true, false]).dtype).toBe("bool");
  });

  it("makes rows of typed arrays", () => {
    const batch = collate([Int16Array.of(1, 2), Int16Array.of(3, 4), Int16Array.of(5, 6)]);
    expect([batch.dtype, batch.shape, batch.readSync()]).toEqual(["int16", [3, 2], Int16Array.of(1, 2, 3, 4, 5, 6)]);
  });

  it("goes into tuples and objects, and leaves strings as they are", () => {
    const samples: { x: number; where: [string, bigint] }[] = [
      { x: 1, where: ["a", 1n] },
      { x: 2, where: ["b", 2n] },
    ];
    const { x, where } = collate(samples);
    expect(values(x)).toEqual([1, 2]);
    expect(where[0]).toEqual(["a", "b"]);
    expect(where[1].readSync()).toEqual(BigInt64Array.of(1n, 2n));
  });

  it.each([
    ["tensors of different shapes", () => collate([tensor([1, 2]), tensor([3])]), ShapeError, "stack"],
    ["rows of different lengths", () => collate([new Int8Array(2), new Int8Array(3)]), ShapeError, "got Int8Array(2) and Int8Array(3)"],
    ["rows of different types", () => collate<Int8Array | Uint8Array>([new Int8Array(2), new Uint8Array(2)]), ShapeError, "got Int8Array(2) and Uint8Array(2)"],
    ["lists of different lengths", () => collate([[1], [1, 2]]), ShapeError, "expected lists of one length, got lengths 1 and 2"],
    ["objects with different fields", () => collate<Record<string, number>>([{ a: 1 }, { b: 1 }]), ArgumentError, "got Number and Undefined"],
    ["samples of different kinds", () => collate<number | string>([1, "a"]), ArgumentError, "got Number and String"],
    ["samples it does not know", () => collate([new Date(0)]), ArgumentError, "got Date; pass the loader a collate of your own"],
    ["no samples", () => collate([]), ArgumentError, "got no sample"],
  ])("refuses %s", (_, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});
