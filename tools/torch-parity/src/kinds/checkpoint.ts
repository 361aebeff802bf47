import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { FileFormatError, loadNpy, loadNpz, loadSafetensors, loadTorch, parseSafetensors, saveSafetensors } from "@gradus/serialization";
import { crossEntropy, manualSeed, Tensor } from "@gradus/tensor-core";
import { MissingError } from "../call.js";
import type { Workbench } from "../check.js";
import { describe, expectTensor } from "../check.js";
import { isTensorRecord, makeTensor, type TensorRecord } from "../host-values.js";
import { Disagreement } from "../outcome.js";
import type { Json } from "../python.js";
import { isArray, numberOf } from "../python.js";
import type { CheckpointRecord, ModelRecord } from "../records.js";
import { traceModels } from "../trace-models.js";

/** How files are loaded, by the end of their names. */
const loaders: Readonly<Record<string, (bytes: Uint8Array, file: string) => unknown>> = {
  ".pt": (bytes, file) => loadTorch(bytes, { file }),
  ".pth": (bytes, file) => loadTorch(bytes, { file }),
  ".safetensors": (bytes, file) => loadSafetensors(bytes, { file }),
  ".npy": (bytes, file) => loadNpy(bytes, { file }),
  ".npz": (bytes, file) => loadNpz(bytes, { file }),
};

/** A tensor of a file. Of a large one only a digest of its bytes is written down. */
interface StoredTensor extends TensorRecord {
  readonly strides_in_file?: readonly number[];
  readonly sha256?: string;
}

/** A file is loaded to the same tensors and values, or refused where it must be. */
export async function checkCheckpoint(bench: Workbench, { directory, file, content, metadata, expect }: CheckpointRecord): Promise<void> {
  const bytes = await readFile(join(directory, file));
  const load = loaders[extname(file)];
  if (load === undefined) throw new Error(`expected a file of ${Object.keys(loaders).join(", ")}, got ${file}`);
  if (expect === "error") {
    try {
      await load(bytes, file);
    } catch (error) {
      if (error instanceof FileFormatError) return;
      throw error;
    }
    throw new Disagreement("expected it to be refused, it was loaded");
  }
  const found = await load(bytes, file);
  bench.observe("content", found);
  const withStrides = file.includes(".pt");
  await compare(bench, "content", found, content ?? null, withStrides);
  if (metadata !== undefined) {
    const own = Object.fromEntries(parseSafetensors(bytes, file).metadata);
    if (JSON.stringify(Object.entries(own).sort()) !== JSON.stringify(Object.entries(metadata ?? {}).sort())) throw new Disagreement(`metadata: expected ${JSON.stringify(metadata)}, got ${JSON.stringify(own)}`);
  }
}

async function compare(bench: Workbench, label: string, got: unknown, want: Json, withStrides: boolean): Promise<void> {
  if (isTensorRecord(want)) {
    await expectTensor(bench, label, got, want);
    return;
  }
  if (isArray(want)) {
    if (!Array.isArray(got) || got.length !== want.length) throw new Disagreement(`${label}: expected ${String(want.length)} items, got ${describe(got)}`);
    for (const [i, item] of want.entries()) await compare(bench, `${label}[${String(i)}]`, (got as readonly unknown[])[i], item, withStrides);
    return;
  }
  if (want !== null && typeof want === "object") {
    if ("$tensor" in want) return compareTensor(bench, label, got, want.$tensor as unknown as StoredTensor, withStrides);
    if ("$tuple" in want) return compare(bench, label, got, want.$tuple ?? null, withStrides);
    if ("$f" in want || "$i" in want) {
      compareValue(label, got, "$f" in want ? numberOf(want.$f ?? null) : BigInt(want.$i as string));
      return;
    }
    const entries = "$dict" in want ? (want.$dict as readonly (readonly [string | number, Json])[]) : Object.entries(want);
    const own = new Map<string | number, unknown>(got instanceof Map ? (got as ReadonlyMap<string | number, unknown>) : Object.entries(got ?? {}));
    const keys = entries.map(([key]) => String(key)).sort();
    if (JSON.stringify([...own.keys()].map(String).sort()) !== JSON.stringify(keys)) throw new Disagreement(`${label}: expected the keys ${keys.join(", ")}, got ${[...own.keys()].join(", ")}`);
    for (const [key, value] of entries) await compare(bench, `${label}.${String(key)}`, own.get(key) ?? own.get(String(key)), value, withStrides);
    return;
  }
  compareValue(label, got, want);
}

function compareValue(label: string, got: unknown, want: unknown): void {
  if (!Object.is(got, want)) throw new Disagreement(`${label}: expected ${String(want)}, got ${describe(got)}`);
}

async function compareTensor(bench: Workbench, label: string, got: unknown, want: StoredTensor, withStrides: boolean): Promise<void> {
  if (!(got instanceof Tensor)) throw new Disagreement(`${label}: expected a tensor, got ${describe(got)}`);
  const x = got as Tensor;
  if (withStrides && want.strides_in_file !== undefined && x.numel() > 0 && JSON.stringify(x.stride()) !== JSON.stringify(want.strides_in_file)) {
    throw new Disagreement(`${label}: expected strides [${want.strides_in_file.join(", ")}], got [${x.stride().join(", ")}]`);
  }
  if (want.data !== undefined || want.b64 !== undefined) await expectTensor(bench, label, x, want);
  else if (x.dtype !== want.dtype || JSON.stringify(x.shape) !== JSON.stringify(want.shape)) throw new Disagreement(`${label}: expected ${want.dtype} [${want.shape.join(", ")}], got ${describe(x)}`);
  // Bit for bit, which values of NaN are not.
  const raw = parseSafetensors(await saveSafetensors({ x })).tensors.get("x");
  const digest = createHash("sha256").update(raw?.bytes ?? "").digest("hex");
  if (want.sha256 !== undefined && digest !== want.sha256) throw new Disagreement(`${label}: expected bytes with the digest ${want.sha256}, got ${digest}`);
}

type State = Readonly<Record<string, Tensor>>;

/** What a model was built with, from the shapes of its weights. */
const optionsOf: Readonly<Record<string, (state: State) => Readonly<Record<string, unknown>>>> = {
  MLP: (state) => ({ i: size(state, "fc1.weight", 1), h: size(state, "fc1.weight", 0), o: size(state, "fc3.weight", 0) }),
  LSTMTagger: (state) => ({
    vocab: size(state, "embedding.weight", 0),
    emb: size(state, "embedding.weight", 1),
    hidden: size(state, "lstm.weight_hh_l0", 1),
    tags: size(state, "hidden2tag.weight", 0),
  }),
  TinyGPT: (state) => ({
    vocab: size(state, "tok.weight", 0),
    d: size(state, "tok.weight", 1),
    ctx: size(state, "pos.weight", 0),
    layers: new Set(Object.keys(state).flatMap((name) => /^blocks\.(\d+)\./.exec(name)?.[1] ?? [])).size,
    // No weight tells it; all models of this kind have two.
    heads: 2,
    tie: state["head.weight"]?.elements === state["tok.weight"]?.elements,
  }),
};

const size = (state: State, name: string, dim: number): number => state[name]?.shape[dim] ?? 0;

/** With the weights of a file, a model gives PyTorch's output. */
export async function checkModel(bench: Workbench, record: ModelRecord): Promise<void> {
  const { directory, model_io: name, weights, input, target } = record;
  const make = traceModels[name];
  if (make === undefined) throw new MissingError(`no model ${name}`);
  const state = (await loadTorch(await readFile(join(directory, weights)), { file: weights })) as State;
  const [output, loss] = bench.run(() => {
    manualSeed(0);
    const model = make((optionsOf[name]?.(state) ?? {}) as Readonly<Record<string, never>>);
    model.loadStateDict(state);
    model.eval();
    const result = (model.call as (x: Tensor) => Tensor)(makeTensor(input, bench.device, { grad: false })).detach();
    return [result, target === undefined ? undefined : crossEntropy(result, makeTensor(target, bench.device, { grad: false }))];
  });
  const ownError = { ownError: record.e_abs };
  await expectTensor(bench, "output", output, record.output_float64, ownError, output.dtype);
  if (loss !== undefined && record.loss_float64 !== undefined) await expectTensor(bench, "loss", loss, { dtype: "float64", shape: [], data: [record.loss_float64] }, ownError, loss.dtype);
}
