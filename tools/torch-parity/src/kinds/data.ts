import { DataLoader, type Dataset, randomSplit } from "@gradus/datasets";
import { Generator, manualSeed } from "@gradus/tensor-core";
import type { Workbench } from "../check.js";
import { Disagreement } from "../outcome.js";
import { decode, PythonFloat } from "../python.js";
import type { LoaderRecord, SplitRecord } from "../records.js";

/** Orders in which PyTorch's loaders and splits visit samples: `Dataset`s whose samples are their own numbers. */

const numbers = (length: number): Dataset<number> => ({ length, at: (i) => i });

/** The samples of each part, in order. */
export function checkSplit(bench: Workbench, record: SplitRecord): void {
  const { seed, n, lengths, ...rest } = record;
  const sizes = lengths.map((length) => {
    const value = decode(length, []);
    return value instanceof PythonFloat ? value.value : Number(value);
  });
  const expected = Object.values(rest).find((value) => Array.isArray(value));
  if (expected === undefined) throw new Error("expected a record with the indices of each part, got none");
  bench.run(() => manualSeed(BigInt(seed)));
  const parts = randomSplit(numbers(n), sizes).map(({ indices }) => indices);
  expectSame(bench, "parts", parts, expected);
}

/** The samples of each batch of each epoch, from the global generator or the loader's own. */
export function checkLoader(bench: Workbench, record: LoaderRecord): void {
  const { kind, seed, generator_seed: own = seed, n, batch_size: batchSize, drop_last: dropLast = false, epochs } = record;
  bench.run(() => manualSeed(BigInt(seed)));
  const generator = kind === "rng_dataloader_generator" ? { generator: new Generator(BigInt(own)) } : {};
  const loader = new DataLoader(numbers(n), { batchSize, dropLast, shuffle: true, collate: (samples) => samples, ...generator });
  for (const [epoch, expected] of epochs.entries()) expectSame(bench, `epoch ${String(epoch)}`, [...loader], expected);
}

function expectSame(bench: Workbench, label: string, got: readonly (readonly number[])[], want: unknown): void {
  bench.observe(`${label}: expected`, want);
  bench.observe(`${label}: got`, got);
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Disagreement(`${label}: expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
}
