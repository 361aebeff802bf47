/** Models of the gallery as trees: what they are built from, and the numbers in them. */
import { cpu } from "@gradus/backend-cpu";
import { GPT, inceptionV3, LeNet, LSTMTagger, MLP, resnet18, resnet50 } from "@gradus/models";
import { Embedding, Linear, LSTM, type Module, Sequential, TransformerEncoder, TransformerEncoderLayer } from "@gradus/nn";
import type { Module as AnyModule } from "@gradus/nn/module";
import { manualSeed, scope, setDefaultDevice, type Tensor } from "@gradus/tensor-core";
import type { ModelName } from "./fields.js";

setDefaultDevice(cpu());

const models: Readonly<Record<ModelName, () => Module>> = {
  mlp: () => new MLP([2, 16, 16, 1]),
  lenetDigits: () => LeNet.forDigits(),
  lenet: () => new LeNet(),
  resnet18: () => resnet18(),
  resnet50: () => resnet50(),
  inception: () => inceptionV3(),
  tagger: () => new LSTMTagger(1000, 32, 64, 12),
  gpt: () => new GPT({ vocabularySize: 65, contextLength: 64, dModel: 64, heads: 4, layers: 4 }),
  lstm: () => new Sequential(new Embedding(28, 32), new LSTM(32, 64, { numLayers: 2, batchFirst: true }), new Linear(64, 28)),
  transformer: () => new TransformerEncoder(new TransformerEncoderLayer(64, 4, { dimFeedforward: 128, batchFirst: true }), 2),
};

interface Leaf {
  /** From the root, as in the state: `conv1.weight`. */
  readonly path: string;
  readonly name: string;
  readonly kind: "parameter" | "buffer";
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly count: number;
}

export interface TreeNode {
  /** Empty for the root. */
  readonly path: string;
  readonly name: string;
  readonly type: string;
  /** The layer's arguments, as PyTorch prints them. */
  readonly text: string;
  readonly training: boolean;
  /** Of this module and all below it, what is shared counted once. */
  readonly parameters: number;
  readonly leaves: readonly Leaf[];
  readonly children: readonly TreeNode[];
}

export interface Values {
  readonly shape: readonly number[];
  /** The first rows and columns. */
  readonly rows: readonly (readonly number[])[];
  readonly mean: number;
  readonly deviation: number;
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
}

let model: Module | undefined;
const current = (): Module => {
  if (model === undefined) throw new Error("internal: open a model first");
  return model;
};

/** Members whose path leads from a module directly to them. */
const own = (entries: readonly (readonly [string, Tensor])[]): (readonly [string, Tensor])[] => entries.filter(([name]) => !name.includes("."));

function describe(module: AnyModule<Tensor>, path: string, name: string): TreeNode {
  const join = (last: string): string => (path === "" ? last : `${path}.${last}`);
  const leaf = (kind: Leaf["kind"]) => ([each, x]: readonly [string, Tensor]): Leaf => ({ path: join(each), name: each, kind, shape: x.shape, dtype: x.dtype, count: x.numel() });
  return {
    path,
    name,
    type: module.constructor.name,
    text: module.extraRepr(),
    training: module.training,
    parameters: module.parameters().reduce((total, parameter) => total + parameter.numel(), 0),
    leaves: [...own(module.namedParameters()).map(leaf("parameter")), ...own(module.namedBuffers()).map(leaf("buffer"))],
    children: module.namedChildren().map(([child, each]) => describe(each, join(child), child)),
  };
}

const [MOST_ROWS, MOST_COLUMNS, BINS] = [8, 10, 40];

export const service = {
  open(name: ModelName, seed: number): TreeNode {
    service.close();
    manualSeed(seed);
    model = scope(() => models[name]());
    return describe(model, "", "");
  },

  /** Frees the model. A page need not ask for it, as its worker ends. */
  close(): void {
    for (const leaf of [...(model?.parameters() ?? []), ...(model?.buffers() ?? [])]) leaf.dispose();
    model = undefined;
  },

  /** Sets a module and all below it to training or to evaluation. */
  train(path: string, mode: boolean): TreeNode {
    current().getSubmodule(path).train(mode);
    return describe(current(), "", "");
  },

  /** What stands in a parameter or buffer; null where the model has none of that name. */
  values(path: string): Values | null {
    const x = new Map<string, Tensor>([...current().namedParameters(), ...current().namedBuffers()]).get(path);
    if (x === undefined) return null;
    const values = Float64Array.from(x.readSync(), Number);
    const width = x.shape.length === 0 ? 1 : x.shape.length === 1 ? values.length : values.length / x.shape[0]!;
    const rows = Array.from({ length: Math.min(MOST_ROWS, values.length / Math.max(1, width)) }, (_, r) => [...values.subarray(r * width, r * width + Math.min(width, MOST_COLUMNS))]);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const [from, to] = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
    const counts = new Array<number>(BINS).fill(0);
    for (const value of values) counts[Math.min(BINS - 1, Math.floor(((value - from) / (to - from || 1)) * BINS))]! += 1;
    return { shape: x.shape, rows, mean, deviation: Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length), from, to, counts };
  },
};
