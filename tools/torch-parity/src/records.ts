import { createReadStream, existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import type { DType } from "@gradus/tensor-core";
import type { TensorRecord } from "./host-values.js";
import type { Json } from "./python.js";

/** The records of a directory of cases: one JSON object per line of each `*.jsonl.gz` or `*.jsonl`, and the entries of `checkpoints/index.json`. */

interface RecordBase {
  readonly id: string;
}

/** A call in Python. */
export interface Call {
  /** Fully qualified name: `torch.add`, `torch.Tensor.add_`, `torch.nn.functional.relu`. */
  readonly fn: string;
  readonly tensors: readonly TensorRecord[];
  readonly args: readonly Json[];
  readonly kwargs: Readonly<Record<string, Json>>;
}

/** What a call returned: a structure of Python values in which `{"$o": i}` stands for `outs[i]`. */
export interface Returned {
  readonly out?: Json;
  readonly outs?: readonly TensorRecord[];
}

export interface OpRecord extends RecordBase, Call, Returned {
  readonly kind: "op";
  readonly tier: "core" | "extra";
  readonly group: string;
  readonly method?: string;
  readonly inplace?: string;
  readonly cot?: readonly (TensorRecord | null)[];
  readonly grads?: readonly (TensorRecord | null)[];
  readonly cot2?: readonly (TensorRecord | null)[];
  readonly grads2?: readonly (TensorRecord | null)[];
  readonly ref: "float64" | "float32" | "meta";
  readonly flags?: readonly string[];
}

export interface ErrorRecord extends RecordBase, Call {
  readonly kind: "error";
  readonly tier: "core" | "extra";
  readonly group: string;
}

export interface CapturedRecord extends RecordBase, Call, Returned {
  readonly kind: "captured" | "captured_error";
  readonly test: string;
  /** Contents of `tensors[i]` after the call. */
  readonly mutated?: Readonly<Record<string, TensorRecord>>;
}

/** A type, or that PyTorch refuses. */
type TypeOrError = DType | { readonly error: string; readonly message: string };

export interface PromotionRecord extends RecordBase {
  readonly kind: "promotion";
  readonly a: DType;
  readonly b: DType;
  readonly dim_dim: DType;
  readonly dim_0d: DType;
  readonly "0d_dim": DType;
  readonly "0d_0d": DType;
  readonly promote_types: DType;
  readonly can_cast_a_to_b: boolean;
  readonly ops: Readonly<Record<string, TypeOrError>>;
}

export interface UnaryPromotionRecord extends RecordBase {
  readonly kind: "promotion_unary";
  readonly a: DType;
  readonly ops: Readonly<Record<string, TypeOrError>>;
  readonly scalar: Readonly<Record<string, TypeOrError>>;
}

export interface RandomStep extends Returned {
  readonly call: Partial<Call> & {
    /** An in-place method, or a function of `torch.nn.init`, on a tensor of zeros. */
    readonly inplace?: string;
    readonly init?: string;
    readonly on?: { readonly zeros: readonly number[]; readonly dtype: DType };
  };
}

export interface RandomRecord extends RecordBase {
  readonly kind: "rng";
  readonly seed: number | string;
  readonly steps: readonly RandomStep[];
  /** How far PyTorch's scalar and vector kernels are apart. */
  readonly isa_maxdiff?: number;
}

export interface RawRandomRecord extends RecordBase {
  readonly kind: "rng_mt_low31";
  readonly seed: number | string;
  readonly values: TensorRecord;
}

/** The parts into which `random_split` divides `n` samples. Under which name they stand is open: they are its only list of lists. */
export interface SplitRecord extends RecordBase {
  readonly kind: "rng_random_split";
  readonly seed: number | string;
  readonly n: number;
  readonly lengths: readonly Json[];
}

/** The batches of a `DataLoader` that shuffles `n` samples, epoch by epoch. */
export interface LoaderRecord extends RecordBase {
  readonly kind: "rng_dataloader" | "rng_dataloader_generator";
  readonly seed: number | string;
  readonly n: number;
  readonly batch_size: number;
  readonly drop_last?: boolean;
  /** The seed of the loader's own generator, where it is another than `seed`. */
  readonly generator_seed?: number | string;
  readonly epochs: readonly (readonly (readonly number[])[])[];
}

type NamedTensor = readonly [name: string, value: TensorRecord];

/** A class and what its constructor is given. */
interface Construction {
  readonly cls: string;
  readonly kwargs: Readonly<Record<string, Json>>;
}

export interface ModuleRecord extends RecordBase, Returned {
  readonly kind: "module";
  readonly cls: string;
  readonly ctor_args: readonly Json[];
  readonly ctor_kwargs: Readonly<Record<string, Json>>;
  readonly ctor_tensors: readonly TensorRecord[];
  readonly training: boolean;
  /** Loaded before the call; the order of names is part of the contract. */
  readonly state: readonly NamedTensor[];
  readonly params: readonly string[];
  readonly tensors: readonly TensorRecord[];
  readonly args: readonly Json[];
  readonly kwargs: Readonly<Record<string, Json>>;
  readonly cot?: readonly (TensorRecord | null)[];
  readonly grads?: readonly (TensorRecord | null)[];
  readonly param_grads?: Readonly<Record<string, TensorRecord | null>>;
  /** What the call has changed. */
  readonly state_after?: readonly NamedTensor[];
  readonly flags?: readonly string[];
}

export interface ModuleInitRecord extends RecordBase {
  readonly kind: "rng_module";
  readonly seed: number | string;
  readonly cls: string;
  readonly args: readonly Json[];
  readonly kwargs: Readonly<Record<string, Json>>;
  readonly state: readonly NamedTensor[];
  readonly next_rand: TensorRecord;
  readonly isa_maxdiff?: number;
}

export interface NetworkInitRecord extends RecordBase {
  readonly kind: "rng_module_sums";
  readonly seed: number | string;
  /** `Sequential(Conv2d(1,6,5),ReLU,…)` */
  readonly arch: string;
  readonly first5: readonly (readonly [name: string, values: readonly number[]])[];
  readonly sums64: readonly (readonly [name: string, sum: number])[];
  readonly next_rand: TensorRecord;
  readonly isa_maxdiff?: number;
}

export interface OptimRecord extends RecordBase, Construction {
  readonly kind: "optim";
  /** Options of each group; null for one group without options of its own. */
  readonly groups: readonly Readonly<Record<string, Json>>[] | null;
  /** Which parameters are in which group. */
  readonly group_params: readonly (readonly number[])[] | null;
  readonly params: readonly TensorRecord[];
  /** By step and parameter. */
  readonly grads: readonly (readonly (TensorRecord | null)[])[];
  readonly after: readonly (readonly TensorRecord[])[];
  readonly final_state_dict: { readonly state: Readonly<Record<string, Readonly<Record<string, Json>>>>; readonly param_groups: readonly Readonly<Record<string, Json>>[] };
  readonly e_abs_last?: number;
}

export interface OptimClosureRecord extends RecordBase, Construction {
  readonly kind: "optim_closure";
  readonly problem: "rosenbrock" | "quadratic";
  readonly A: TensorRecord | null;
  readonly b: TensorRecord | null;
  readonly x0: TensorRecord;
  readonly step_loss: readonly number[];
  readonly closure_calls: readonly number[];
  readonly after: readonly TensorRecord[];
}

export interface OptimErrorRecord extends RecordBase, Construction {
  readonly kind: "optim_error";
}

export interface ClipNormRecord extends RecordBase {
  readonly kind: "clip_grad_norm";
  readonly grads: readonly (TensorRecord | null)[];
  readonly max_norm: Json;
  readonly norm_type: Json;
  readonly total_norm: Json;
  readonly after: readonly (TensorRecord | null)[];
}

export interface ClipValueRecord extends RecordBase {
  readonly kind: "clip_grad_value";
  readonly grads: readonly (TensorRecord | null)[];
  readonly clip_value: Json;
  readonly after: readonly (TensorRecord | null)[];
}

export interface SchedulerRecord extends RecordBase {
  readonly kind: "lr_scheduler";
  readonly optimizer: { readonly cls: string; readonly groups: readonly Readonly<Record<string, Json>>[] };
  /** Made in this order, on the same optimizer. */
  readonly schedulers: readonly Construction[];
  /** Which of them step in each round. */
  readonly step: readonly number[];
  readonly mode: "step" | "metric" | "epoch_arg" | "swalr";
  readonly mode_data: readonly number[] | number | null;
  /** The values of each group after the constructors, then after each round. */
  readonly trace: readonly Readonly<Record<"lr" | "momentum" | "beta1", readonly Json[]>>[];
}

export interface TraceRecord extends RecordBase {
  readonly kind: "trace";
  readonly model: string;
  readonly model_kwargs: Readonly<Record<string, Json>>;
  readonly init: readonly (readonly [name: string, value: TensorRecord | { readonly tied_to: string }])[];
  readonly batches: readonly (readonly [x: TensorRecord, y: TensorRecord])[];
  readonly steps: number;
  readonly loss: string;
  readonly optimizer: Construction;
  readonly scheduler: Construction | null;
  readonly clip_grad_norm: number | null;
  readonly lr: readonly number[];
  readonly loss_float64: readonly number[];
  readonly grad_norm_float64: readonly number[];
  readonly max_rel_drift_float32: number;
  readonly final_float32_maxdiff: number;
  readonly final_float64: readonly (readonly [name: string, value: TensorRecord | { readonly sum: number }])[];
}

/** What a model of `trace-models.ts` gives with the weights of a file. */
export interface ModelRecord extends RecordBase {
  readonly kind: "model_io";
  /** The directory of the file. */
  readonly directory: string;
  readonly model_io: string;
  readonly weights: string;
  readonly input: TensorRecord;
  /** Classes, where the cross-entropy of the output is known too. */
  readonly target?: TensorRecord;
  readonly output_float64: TensorRecord;
  readonly loss_float64?: number;
  readonly e_abs: number;
}

/** A file of `checkpoints/index.json`, and what it holds. */
export interface CheckpointRecord extends RecordBase {
  readonly kind: "checkpoint";
  /** The directory of the file. */
  readonly directory: string;
  readonly file: string;
  readonly format: string;
  /** The object that was saved; tensors are `{"$tensor": …}`, dictionaries `{"$dict": [[key, value]]}`. */
  readonly content?: Json;
  readonly metadata?: Readonly<Record<string, string>> | null;
  /** "error": the file must be refused. */
  readonly expect?: string;
}

/** Records that this runner checks. */
export type CheckedRecord =
  | ModuleRecord | ModuleInitRecord | NetworkInitRecord | OptimRecord | OptimClosureRecord | OptimErrorRecord | ClipNormRecord | ClipValueRecord
  | SchedulerRecord | TraceRecord
  | OpRecord | ErrorRecord | CapturedRecord | PromotionRecord | UnaryPromotionRecord | RandomRecord | RawRandomRecord | SplitRecord | LoaderRecord | CheckpointRecord | ModelRecord;

/** Any record, also of kinds that are not checked. */
export type AnyRecord = CheckedRecord | (RecordBase & { readonly kind: "unknown to this runner" });

const suffix = /\.jsonl(\.gz)?$/;

/** The list of a directory of files that are to be loaded. */
const index = /[/\\]index\.json$/;

/** Name of a file without folder and suffix, or of the folder that an index describes, as reports show it. */
export const nameOf = (file: string): string => basename(file.replace(index, "")).replace(suffix, "");

/**
 * The files of a directory that hold cases, sorted.
 *
 * @param only - Names to keep, with or without suffix; all if empty.
 * @throws {Error} if a name has no file.
 */
export async function caseFiles(directory: string, only: readonly string[]): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const files = entries.flatMap((entry) => (suffix.test(entry.name) ? [entry.name] : entry.isDirectory() && existsSync(join(directory, entry.name, "index.json")) ? [join(entry.name, "index.json")] : [])).sort();
  const unknown = only.find((name) => !files.some((file) => nameOf(file) === nameOf(name)));
  if (unknown !== undefined) throw new Error(`--only: expected one of ${files.map(nameOf).join(", ")}, got ${unknown}`);
  const wanted = new Set(only.map(nameOf));
  return files.filter((file) => wanted.size === 0 || wanted.has(nameOf(file))).map((file) => join(directory, file));
}

/** Reads a file line by line, so that no file needs to fit into memory. */
export async function* readRecords(file: string): AsyncGenerator<AnyRecord> {
  if (index.test(file)) {
    for (const entry of JSON.parse(await readFile(file, "utf8")) as readonly { readonly file: string | null; readonly model_io?: string }[]) {
      const id = `${nameOf(file)}/${entry.file ?? `${entry.model_io ?? ""}_io`}`;
      yield { ...entry, id, kind: entry.file === null ? "model_io" : "checkpoint", directory: dirname(file) } as unknown as AnyRecord;
    }
    return;
  }
  const bytes = createReadStream(file);
  const text = file.endsWith(".gz") ? bytes.pipe(createGunzip()) : bytes;
  for await (const line of createInterface({ input: text, crlfDelay: Infinity })) {
    // A seed may be any 64-bit integer, of which JSON.parse would only keep the first 53 bits.
    if (line.trim() !== "") yield JSON.parse(line.replace(/"seed":\s*(-?\d{16,})/, '"seed":"$1"')) as AnyRecord;
  }
}
