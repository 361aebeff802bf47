import { cpu } from "@gradus/backend-cpu";
import * as nn from "@gradus/nn";
import { ArgumentError, Generator, manualSeed, ones, rand, setDefaultDevice, Tensor, tensor, zeros } from "@gradus/tensor-core";
import { expect, test } from "vitest";

setDefaultDevice(cpu());

type Given = Readonly<Record<string, unknown>>;
type AnyFunction = (...args: readonly unknown[]) => unknown;
type AnyClass = new (...args: readonly unknown[]) => nn.Module;

interface Site {
  /** The place of the options: behind these arguments. */
  readonly args: readonly unknown[];
  /** Every option, with a value that is accepted, in the order in which messages name them. */
  readonly options: Given;
  /** What has to be there besides. */
  readonly required?: Given;
  /** Who is named in messages: the export, unless another name is given. */
  readonly named?: string;
  /** What is called: the export, unless a method of it is given. */
  readonly call?: AnyFunction;
}

const index = (...values: number[]): Tensor => tensor(values, { dtype: "int64" });
const callOf = (module: nn.Module): AnyFunction => (module.call as AnyFunction).bind(module);
const convTransposeCall = (Class: new (inChannels: number, outChannels: number, kernelSize: number) => { readonly call: unknown }, n: number): Site => {
  const layer = new Class(1, 1, 2);
  return { args: [ones([1, ...new Array<number>(n).fill(2)])], options: { outputSize: new Array(n).fill(3) }, call: (layer.call as AnyFunction).bind(layer) };
};

const unpoolCall = (Class: new (kernelSize: number) => { readonly call: unknown }, n: number): Site => {
  const layer = new Class(2);
  const shape = [1, ...new Array<number>(n).fill(1)];
  return { args: [ones(shape), zeros(shape, { dtype: "int64" })], options: { outputSize: new Array(n).fill(2) }, call: (layer.call as AnyFunction).bind(layer) };
};

const learned = (): Tensor => {
  const w = ones([2], { requiresGrad: true });
  w.sum().backward();
  return w;
};

/** Where there are options: by the name of the export, or of what belongs to it. Made for every test, so that none keeps the memory of another. */
function sites(): Readonly<Record<string, Site>> {
  const made: Given = { device: cpu(), dtype: "float64" };
  const generator = { generator: new Generator() };
  const mask = zeros([3, 3]);
  const padded = zeros([1, 3], { dtype: "bool" });
  const sequence = ones([3, 1, 4]);

  const conv: Given = { stride: 2, dilation: 2, groups: 1, bias: false, padding: 1, paddingMode: "zeros", ...made };
  const convTranspose: Given = { stride: 2, dilation: 2, groups: 1, bias: false, padding: 1, outputPadding: 1, paddingMode: "zeros", ...made };
  const batchNorm: Given = { eps: 1, momentum: null, affine: false, trackRunningStats: true, ...made };
  const maxPool: Given = { stride: 1, padding: 1, ceilMode: true, dilation: 2, returnIndices: true };
  const fractional: Given = { outputSize: 1, outputRatio: 0.5, ...generator, randomSamples: rand([1, 1, 2]), returnIndices: true };
  const avgPool1d: Given = { stride: 1, padding: 1, ceilMode: true, countIncludePad: false };
  const recurrent: Given = { numLayers: 2, bias: false, batchFirst: true, dropout: 0.5, bidirectional: true, ...made };
  const transformerLayer: Given = { dimFeedforward: 4, dropout: 0, activation: "gelu", layerNormEps: 1, batchFirst: true, normFirst: true, bias: false, ...made };
  const decoderMasks: Given = { tgtMask: mask, memoryMask: mask, tgtKeyPaddingMask: padded, memoryKeyPaddingMask: padded };
  const embedding: Given = { paddingIdx: 1, maxNorm: 2, normType: 1, scaleGradByFreq: true, sparse: true };
  const bag: Given = { ...embedding, mode: "sum", includeLastOffset: true, ...made };
  const loss: Given = { reduction: "sum" };
  const weighted: Given = { weight: ones([2]), ...loss };

  const dropout: Site = { args: [0.5], options: { inplace: true } };
  const inplace: Site = { args: [], options: { inplace: true } };
  const shrink: Site = { args: [], options: { lambd: 1 } };
  const elu: Site = { args: [], options: { alpha: 2, inplace: true } };
  const batchNormSite: Site = { args: [2], options: batchNorm };
  const lazyNorm: Site = { args: [], options: batchNorm };
  const convSite: Site = { args: [2, 2, 3], options: conv };
  const lazyConv: Site = { args: [2, 3], options: conv };
  const convTransposeSite: Site = { args: [2, 2, 3], options: convTranspose };
  const lazyConvTranspose: Site = { args: [2, 3], options: convTranspose };
  const onePool: Site = { args: [2], options: maxPool };
  const unpool: Site = { args: [2], options: { stride: 1, padding: 0 } };
  const indices: Site = { args: [2], options: { returnIndices: true } };
  const plainLoss: Site = { args: [], options: loss };
  const weightedLoss: Site = { args: [], options: weighted };
  const marginLoss: Site = { args: [], options: { margin: 2, ...loss } };
  const cell: Site = { args: [2, 2], options: { bias: false, ...made } };
  const upsample2d: Given = { size: 2, scaleFactor: 2 };
  const smallLayer = { dimFeedforward: 4 };
  const encoderLayer = new nn.TransformerEncoderLayer(4, 2, smallLayer);
  const decoderLayer = new nn.TransformerDecoderLayer(4, 2, smallLayer);
  const small = { dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 4 };
  const square = [zeros([3, 3])];

  return {
    Parameter: { args: [ones([2])], options: { requiresGrad: false } },
    Linear: { args: [2, 3], options: { bias: false, ...made } },
    LazyLinear: { args: [3], options: { bias: false, ...made } },
    Bilinear: { args: [2, 2, 3], options: { bias: false, ...made } },
    Conv1d: convSite, Conv2d: convSite, Conv3d: convSite, LazyConv1d: lazyConv, LazyConv2d: lazyConv, LazyConv3d: lazyConv,
    ConvTranspose1d: convTransposeSite, ConvTranspose2d: convTransposeSite, ConvTranspose3d: convTransposeSite,
    LazyConvTranspose1d: lazyConvTranspose, LazyConvTranspose2d: lazyConvTranspose, LazyConvTranspose3d: lazyConvTranspose,
    "ConvTranspose1d.call": convTransposeCall(nn.ConvTranspose1d, 1), "ConvTranspose2d.call": convTransposeCall(nn.ConvTranspose2d, 2), "ConvTranspose3d.call": convTransposeCall(nn.ConvTranspose3d, 3),
    MaxPool1d: onePool, MaxPool2d: onePool, MaxPool3d: onePool,
    MaxUnpool1d: unpool, MaxUnpool2d: unpool, MaxUnpool3d: unpool,
    "MaxUnpool1d.call": unpoolCall(nn.MaxUnpool1d, 1), "MaxUnpool2d.call": unpoolCall(nn.MaxUnpool2d, 2), "MaxUnpool3d.call": unpoolCall(nn.MaxUnpool3d, 3),
    AvgPool1d: { args: [2], options: avgPool1d },
    AvgPool2d: { args: [2], options: { ...avgPool1d, divisorOverride: 3 } },
    AvgPool3d: { args: [2], options: { ...avgPool1d, divisorOverride: 3 } },
    LPPool1d: { args: [2, 2], options: { stride: 1, ceilMode: true } },
    LPPool2d: { args: [2, 2], options: { stride: 1, ceilMode: true } },
    FractionalMaxPool2d: { args: [2], options: fractional, required: { outputSize: 1 } },
    FractionalMaxPool3d: { args: [2], options: fractional, required: { outputSize: 1 } },
    AdaptiveMaxPool1d: indices, AdaptiveMaxPool2d: indices, AdaptiveMaxPool3d: indices,
    BatchNorm1d: batchNormSite, BatchNorm2d: batchNormSite, BatchNorm3d: batchNormSite,
    InstanceNorm1d: batchNormSite, InstanceNorm2d: batchNormSite, InstanceNorm3d: batchNormSite,
    LazyBatchNorm1d: lazyNorm, LazyBatchNorm2d: lazyNorm, LazyBatchNorm3d: lazyNorm,
    LazyInstanceNorm1d: lazyNorm, LazyInstanceNorm2d: lazyNorm, LazyInstanceNorm3d: lazyNorm,
    LayerNorm: { args: [2], options: { eps: 1, elementwiseAffine: false, bias: false, ...made } },
    RMSNorm: { args: [2], options: { eps: 1, elementwiseAffine: false, ...made } },
    GroupNorm: { args: [1, 2], options: { eps: 1, affine: false, ...made } },
    LocalResponseNorm: { args: [2], options: { alpha: 1, beta: 1, k: 2 } },
    CrossMapLRN2d: { args: [2], options: { alpha: 1, beta: 1, k: 2 } },
    Embedding: { args: [3, 2], options: { ...embedding, ...made } },
    "Embedding.fromPretrained": { args: [ones([3, 2])], options: { ...embedding, ...made, freeze: false }, named: "fromPretrained", call: nn.Embedding.fromPretrained.bind(nn.Embedding) as AnyFunction },
    EmbeddingBag: { args: [3, 2], options: bag },
    "EmbeddingBag.fromPretrained": { args: [ones([3, 2])], options: { ...bag, freeze: false }, named: "fromPretrained", call: nn.EmbeddingBag.fromPretrained.bind(nn.EmbeddingBag) as AnyFunction },
    "EmbeddingBag.call": { args: [index(0, 1), index(0)], options: { perSampleWeights: ones([2]) }, call: callOf(new nn.EmbeddingBag(3, 2, { mode: "sum" })) },
    Fold: { args: [4, 2], options: { dilation: 2, padding: 1, stride: 2 } },
    Unfold: { args: [2], options: { dilation: 2, padding: 1, stride: 2 } },
    Upsample: { args: [], options: { ...upsample2d, mode: "linear", alignCorners: true, recomputeScaleFactor: true } },
    UpsamplingNearest2d: { args: [], options: upsample2d },
    UpsamplingBilinear2d: { args: [], options: upsample2d },
    CosineSimilarity: { args: [], options: { dim: 0, eps: 1 } },
    PairwiseDistance: { args: [], options: { p: 1, eps: 1, keepdim: true } },
    AlphaDropout: dropout, Dropout: dropout, Dropout1d: dropout, Dropout2d: dropout, Dropout3d: dropout, FeatureAlphaDropout: dropout,
    ReLU: inplace, ReLU6: inplace, SELU: inplace, SiLU: inplace, Mish: inplace, Hardswish: inplace, Hardsigmoid: inplace,
    LeakyReLU: { args: [0.1], options: { inplace: true } },
    Threshold: { args: [1, 2], options: { inplace: true } },
    ELU: elu, CELU: elu,
    Hardtanh: { args: [], options: { minVal: 0, maxVal: 2, inplace: true } },
    RReLU: { args: [], options: { lower: 0, upper: 1, inplace: true } },
    Hardshrink: shrink, Softshrink: shrink,
    GELU: { args: [], options: { approximate: "tanh" } },
    Softplus: { args: [], options: { beta: 2, threshold: 10 } },
    PReLU: { args: [], options: { numParameters: 2, init: 1, ...made } },
    RNN: { args: [2, 2], options: { ...recurrent, nonlinearity: "relu" } },
    GRU: { args: [2, 2], options: recurrent },
    LSTM: { args: [2, 2], options: { ...recurrent, projSize: 1 } },
    RNNCell: { args: [2, 2], options: { bias: false, ...made, nonlinearity: "relu" } },
    GRUCell: cell, LSTMCell: cell,
    MultiheadAttention: { args: [4, 2], options: { dropout: 0.5, bias: false, addBiasKv: true, addZeroAttn: true, kdim: 3, vdim: 3, batchFirst: true, ...made } },
    "MultiheadAttention.call": { args: [sequence, sequence, sequence], options: { keyPaddingMask: padded, needWeights: false, attnMask: mask, averageAttnWeights: false }, call: callOf(new nn.MultiheadAttention(4, 2)) },
    TransformerEncoderLayer: { args: [4, 2], options: transformerLayer, required: smallLayer },
    TransformerDecoderLayer: { args: [4, 2], options: transformerLayer, required: smallLayer },
    TransformerEncoder: { args: [encoderLayer, 1], options: { norm: new nn.LayerNorm(4) } },
    TransformerDecoder: { args: [decoderLayer, 1], options: { norm: new nn.LayerNorm(4) } },
    Transformer: {
      args: [], required: small,
      options: { dModel: 4, nhead: 1, numEncoderLayers: 2, numDecoderLayers: 2, customEncoder: new nn.Identity(), customDecoder: new nn.Identity(), ...transformerLayer },
    },
    "TransformerEncoderLayer.call": { args: [sequence], options: { srcMask: mask, srcKeyPaddingMask: padded }, call: callOf(encoderLayer) },
    "TransformerDecoderLayer.call": { args: [sequence, sequence], options: decoderMasks, call: callOf(decoderLayer) },
    "TransformerEncoder.call": { args: [sequence], options: { mask, srcKeyPaddingMask: padded }, call: callOf(new nn.TransformerEncoder(encoderLayer, 1)) },
    "TransformerDecoder.call": { args: [sequence, sequence], options: decoderMasks, call: callOf(new nn.TransformerDecoder(decoderLayer, 1)) },
    "Transformer.call": { args: [sequence, sequence], options: { ...decoderMasks, srcMask: mask, srcKeyPaddingMask: padded }, call: callOf(new nn.Transformer(small)) },
    "Transformer.generateSquareSubsequentMask": { args: [2], options: made, named: "generateSquareSubsequentMask", call: nn.Transformer.generateSquareSubsequentMask.bind(nn.Transformer) as AnyFunction },
    AdaptiveLogSoftmaxWithLoss: { args: [4, 4, [2]], options: { divValue: 2, headBias: true, ...made } },
    MSELoss: plainLoss, L1Loss: plainLoss, SoftMarginLoss: plainLoss, MultiLabelMarginLoss: plainLoss,
    BCELoss: weightedLoss, MultiLabelSoftMarginLoss: weightedLoss,
    HingeEmbeddingLoss: marginLoss, CosineEmbeddingLoss: marginLoss, MarginRankingLoss: marginLoss,
    BCEWithLogitsLoss: { args: [], options: { ...weighted, posWeight: ones([2]) } },
    NLLLoss: { args: [], options: { weight: ones([2]), ignoreIndex: 1, ...loss } },
    CrossEntropyLoss: { args: [], options: { weight: ones([2]), ignoreIndex: 1, ...loss, labelSmoothing: 0.1 } },
    MultiMarginLoss: { args: [], options: { p: 2, margin: 2, weight: ones([2]), ...loss } },
    SmoothL1Loss: { args: [], options: { beta: 2, ...loss } },
    HuberLoss: { args: [], options: { delta: 2, ...loss } },
    KLDivLoss: { args: [], options: { reduction: "batchmean", logTarget: true } },
    PoissonNLLLoss: { args: [], options: { logInput: false, full: true, eps: 1, ...loss } },
    GaussianNLLLoss: { args: [], options: { full: true, eps: 1, ...loss } },
    TripletMarginLoss: { args: [], options: { margin: 2, p: 1, eps: 1, swap: true, ...loss } },
    TripletMarginWithDistanceLoss: { args: [], options: { distanceFunction: new nn.PairwiseDistance(), margin: 2, swap: true, ...loss } },
    CTCLoss: { args: [], options: { blank: 1, zeroInfinity: true, ...loss } },
    AveragedModel: { args: [new nn.Linear(1, 1)], options: { avgFn: nn.emaAverage(), useBuffers: true } },
    "init.truncNormal_": { args: square, options: { mean: 0, std: 2, a: -1, b: 1, ...generator } },
    "init.orthogonal_": { args: square, options: { gain: 2, ...generator } },
    "init.sparse_": { args: [...square, 0.5], options: { std: 1, ...generator } },
    "init.xavierUniform_": { args: square, options: { gain: 2, ...generator } },
    "init.xavierNormal_": { args: square, options: { gain: 2, ...generator } },
    "init.kaimingUniform_": { args: square, options: { a: 1, mode: "fan_out", nonlinearity: "relu", ...generator } },
    "init.kaimingNormal_": { args: square, options: { a: 1, mode: "fan_out", nonlinearity: "relu", ...generator } },
    "utils.clipGradNorm_": { args: [[learned()], 1], options: { normType: 1, errorIfNonfinite: true } },
    "utils.rnn.packPaddedSequence": { args: [ones([2, 2]), [2, 2]], options: { batchFirst: true, enforceSorted: false } },
    "utils.rnn.padPackedSequence": { args: [nn.utils.rnn.packSequence([ones([2])])], options: { batchFirst: true, paddingValue: 1, totalLength: 3 } },
    "utils.rnn.padSequence": { args: [[ones([2])]], options: { batchFirst: true, paddingValue: 1, paddingSide: "left" } },
    "utils.rnn.unpadSequence": { args: [ones([2, 2]), [2, 2]], options: { batchFirst: true } },
    "utils.rnn.packSequence": { args: [[ones([2])]], options: { enforceSorted: false } },
  };
}

const names = Object.keys(sites());

/** Everything that is exported: classes, functions, and functions of namespaces. Those of `functional` are the core's own. */
const exported: Given = { ...nn, functional: {} };
function* namedFunctions(values: Given, prefix = ""): Iterable<[name: string, value: AnyFunction]> {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "function") yield [prefix + name, value as AnyFunction];
    else yield* namedFunctions(value as Given, `${prefix}${name}.`);
  }
}
const functions = new Map(namedFunctions(exported));

/** A class and those that it extends, below `Module`. */
const lineage = (Class: unknown): readonly { readonly prototype: object }[] =>
  typeof Class !== "function" || Class === nn.Module || Class === Function.prototype ? [] : [Class, ...lineage(Object.getPrototypeOf(Class))];
const isModule = (value: unknown): value is AnyClass => typeof value === "function" && value.prototype instanceof nn.Module;

/** The source of everything that may take options, by name: constructors, methods and functions. */
function* sources(): Iterable<[site: string, source: string]> {
  for (const [name, value] of functions) {
    if (!isModule(value)) {
      yield [name, String(value)];
      continue;
    }
    const classes = lineage(value);
    const forward = String((value.prototype as { readonly forward: unknown }).forward);
    const statics = Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([key, { value: method }]) => (typeof method === "function" ? [[key, String(method)] as const] : []));
    yield [name, classes.flatMap(({ prototype }) => constructorOf(prototype)).join("\n")];
    // A lazy layer is a regular one by the time its forward runs.
    if (!name.startsWith("Lazy")) yield [`${name}.call`, forward];
    for (const [key, source] of statics) yield [`${name}.${key}`, source];
  }
}

/** What is left of a class without its methods. */
function constructorOf(prototype: object): string {
  const owners = [prototype, prototype.constructor];
  const methods = owners.flatMap((owner) => Object.entries(Object.getOwnPropertyDescriptors(owner)).flatMap(([key, described]) => (key === "constructor" || key === "prototype" ? [] : [described.value as unknown, Reflect.get(described, "get")])));
  return methods.filter((method) => typeof method === "function").reduce<string>((text, method) => text.replace(String(method), ""), String(prototype.constructor));
}

test("the table has every place where there are options, and no place takes them without looking", () => {
  const found = [...sources()];
  const withOptions = found.filter(([, source]) => /optionsOf|tracking\(/.test(source)).map(([site]) => site);
  expect([...names].sort()).toEqual(withOptions.sort());
  expect(found.filter(([, source]) => source.includes("= {}")).map(([site]) => site)).toEqual([]);
});

test.each(names)("%s refuses what it does not have and accepts what it has", (name) => {
  const { args, options, required = {}, named, call } = sites()[name]!;
  const give = (given: unknown): unknown => {
    const value = functions.get(name)!;
    if (call !== undefined) return call(...args, given);
    return isModule(value) || name === "Parameter" ? new (value as unknown as AnyClass)(...args, given) : value(...args, given);
  };
  const op = named ?? name.replace(/\.call$/, "").replace(/^.*\./, "");
  const known = Object.keys(options);
  const next = (): number => rand([1]).itemSync();

  // Nothing is drawn before the options are looked at: no parameter is made of which nobody hears again.
  manualSeed(3);
  const first = next();
  manualSeed(3);
  expect(() => give({ ...required, unheardOf: 1 })).toThrow(new ArgumentError(`${op}: expected no options but ${known.join(", ")}, got unheardOf; leave it out`));
  expect(next()).toBe(first);
  expect(() => give(7)).toThrow(new ArgumentError(`${op}: expected an object with options (${known.join(", ")}), got 7; write it by name, as in { ${known[0]!}: 7 }`));
  for (const each of known.filter((option) => /[A-Z]/.test(option))) {
    const inPython = each.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    expect(() => give({ [inPython]: options[each] })).toThrow(new RegExp(`^${op}: .*, got ${inPython}; write ${each}$`));
  }

  for (const each of known) expect(() => give({ ...required, [each]: options[each] }), each).not.toThrow();
  expect(() => give(Object.keys(required).length === 0 ? undefined : required)).not.toThrow();
});

test("a class of one's own is named in place of the one that it extends", () => {
  class Projection extends nn.Linear {
    constructor() {
      super(2, 3, { biased: true } as object);
    }
  }
  expect(() => new Projection()).toThrow("Projection: expected no options but bias, device, dtype, got biased; leave it out");
});

test("layers have no forms that write over their argument", () => {
  expect(() => new nn.GELU({ inplace: true } as object)).toThrow("GELU: expected no options but approximate, got inplace; leave it out");
});
