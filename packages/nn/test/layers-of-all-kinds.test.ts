import { cpu } from "@gradus/backend-cpu";
import type { Module as AnyModule } from "@gradus/nn";
import {
  AveragedModel, BatchNorm1d, BatchNorm2d, Conv2d, Dropout, emaAverage, Embedding, GRU, init, LazyBatchNorm2d, LazyConv2d, LazyConvTranspose2d, LazyLinear,
  Linear, LogSoftmax, LSTM, Module, MultiheadAttention, Parameter, ParameterDict, ParameterList, ReLU, RNN, Sequential, Softmax, Softmin, StateDictError, Transformer, TransformerEncoder,
  TransformerEncoderLayer, updateBn, utils,
} from "@gradus/nn";
import { arange, gradcheck, gradgradcheck, manualSeed, ones, rand, randn, recurrentLayer, setDefaultDevice, tensor, zeros } from "@gradus/tensor-core";
import type { CellName, Tensor } from "@gradus/tensor-core";
import { describe, expect, test } from "vitest";

setDefaultDevice(cpu());

const numbers = (x: Tensor): number[] => (x.flatten().toArraySync() as number[]);
const close = (values: readonly number[], digits = 5): number[] => values.map((value) => expect.closeTo(value, digits) as number);

describe("recurrent layers", () => {
  const double = (...shape: number[]): Tensor => randn(shape, { dtype: "float64", requiresGrad: true });

  test.each<[CellName, number]>([["rnnTanh", 1], ["rnnRelu", 1], ["gru", 3], ["lstm", 4]])("%s has first and second derivatives, in both directions", async (cell, gates) => {
    manualSeed(1);
    for (const reverse of [false, true]) {
      const run = (p: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor): Tensor[] => {
        const { output, c: last } = recurrentLayer(cell, p, h, c, { weightHh: w, biasHh: b }, { reverse });
        return cell === "lstm" ? [output, last] : [output];
      };
      const inputs = [double(3, 2, gates * 2), double(2, 2), double(2, 2), double(gates * 2, 2), double(gates * 2)];
      const differentiable = (...[p, h, c, w, b]: Tensor[]): Tensor => run(p!, h!, c!, w!, b!).map((x) => x.square().sum()).reduce((x, y) => x.add(y));
      const used = cell === "lstm" ? inputs : inputs.filter((_, i) => i !== 2);
      const call = (...given: Tensor[]): Tensor => (cell === "lstm" ? differentiable(...given) : differentiable(given[0]!, given[1]!, inputs[2]!.detach(), given[2]!, given[3]!));
      await gradcheck(call, used);
      await gradgradcheck(call, used);
    }
  });

  test("a projection has derivatives as well", async () => {
    manualSeed(2);
    const call = (...[p, h, c, w, r]: Tensor[]): Tensor => recurrentLayer("lstm", p!, h!, c!, { weightHh: w!, weightHr: r! }).output.square().sum();
    const inputs = [double(2, 2, 12), double(2, 2), double(2, 3), double(12, 2), double(2, 3)];
    await gradcheck(call, inputs);
    await gradgradcheck(call, inputs);
  });

  test("batchFirst only changes the order, and one sequence needs no batch", () => {
    manualSeed(3);
    const x = randn([4, 2, 3]);
    const lstm = new LSTM(3, 2, { numLayers: 2, bidirectional: true });
    const other = new LSTM(3, 2, { numLayers: 2, bidirectional: true, batchFirst: true });
    other.loadStateDict(lstm.stateDict());
    const [output, [h]] = lstm.call(x);
    const [swapped, [sameH]] = other.call(x.transpose(0, 1));
    expect(numbers(swapped.transpose(0, 1))).toEqual(close(numbers(output)));
    expect(numbers(sameH)).toEqual(close(numbers(h)));
    const [single] = lstm.call(x.select(1, 0));
    expect(numbers(single)).toEqual(close(numbers(output.select(1, 0))));
  });

  test("dropout stands between layers, in training only", () => {
    manualSeed(4);
    const net = new GRU(2, 8, { numLayers: 2, dropout: 0.5 });
    const x = ones([3, 1, 2]);
    const twice = (): boolean => numbers(net.call(x)[0]).join() === numbers(net.call(x)[0]).join();
    const training = twice();
    net.eval();
    expect([training, twice()]).toEqual([false, true]);
  });

  test.each<[string, () => unknown]>([
    ["LSTM: expected a projSize from 0 to below the hiddenSize 3, got 3", () => new LSTM(2, 3, { projSize: 3 })],
    ["RNN: expected dropout between 0 and 1, got 2", () => new RNN(2, 3, { dropout: 2 })],
    ['RNN: expected nonlinearity "tanh" or "relu", got "sine"', () => new RNN(2, 3, { nonlinearity: "sine" as "tanh" })],
    ["RNN: expected inputs of size 2, got shape [1, 1, 3]", () => new RNN(2, 3).call(ones([1, 1, 3]))],
    ["RNN: expected a state of shape [1, 1, 3], got [1, 2, 3]", () => new RNN(2, 3).call(ones([4, 1, 2]), ones([1, 2, 3]))],
    ["MultiheadAttention: expected an embedDim that the heads divide, got 5 and 2 heads", () => new MultiheadAttention(5, 2)],
  ])("%s", (message, act) => {
    expect(act).toThrow(message);
  });
});

describe("transformers", () => {
  test("the layers of an encoder start alike and learn by themselves", () => {
    const encoder = new TransformerEncoder(new TransformerEncoderLayer(4, 2, { dimFeedforward: 3 }), 2);
    const [first, second] = [...encoder.layers];
    expect(numbers(first!.linear1.weight)).toEqual(numbers(second!.linear1.weight));
    expect(encoder.parameters()).toHaveLength(24);
    first!.linear1.weight.data.fill_(0);
    expect(numbers(second!.linear1.weight).some((value) => value !== 0)).toBe(true);
  });

  test("with the mask of later positions a position does not see them", () => {
    manualSeed(0);
    const net = new TransformerEncoderLayer(4, 2, { dimFeedforward: 3, batchFirst: true }).eval();
    const x = randn([1, 3, 4]);
    const changed = x.clone();
    changed.set([0, 2], 9);
    const srcMask = Transformer.generateSquareSubsequentMask(3);
    const [before, after] = [x, changed].map((input) => numbers(net.call(input, { srcMask }).narrow(1, 0, 2)));
    expect(after).toEqual(before);
    expect(numbers(srcMask)).toEqual([0, -Infinity, -Infinity, 0, 0, -Infinity, 0, 0, 0]);
  });
});

describe("lazy layers", () => {
  test("take their size from the first input, stay the same objects and become regular", () => {
    const net = new Sequential(new LazyConv2d(4, 3), new LazyBatchNorm2d(), new ReLU(), new LazyConvTranspose2d(2, 2), new LazyLinear(3));
    const parameters = net.parameters();
    expect(String(net[4])).toBe("LazyLinear(in_features=0, out_features=3, bias=True)");
    expect(net.call(ones([2, 1, 5, 5])).shape).toEqual([2, 2, 4, 3]);
    expect(String(net)).toBe(
      `Sequential(
  (0): Conv2d(1, 4, kernel_size=(3, 3), stride=(1, 1))
  (1): BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (2): ReLU()
  (3): ConvTranspose2d(4, 2, kernel_size=(2, 2), stride=(1, 1))
  (4): Linear(in_features=4, out_features=3, bias=True)
)`,
    );
    expect(net.parameters().every((parameter, i) => parameter === parameters[i])).toBe(true);
    expect(net[0]).toBeInstanceOf(Conv2d);
  });

  test("start as regular layers do, and draw nothing before", () => {
    manualSeed(7);
    const lazy = new LazyLinear(3);
    const before = rand([1]).itemSync();
    manualSeed(7);
    expect(rand([1]).itemSync()).toBe(before);
    lazy.call(ones([1, 4]));
    manualSeed(7);
    rand([1]);
    expect(numbers(new Linear(4, 3).weight)).toEqual(numbers(lazy.weight));
  });

  test("take their size from a state that is loaded", () => {
    const saved = new Sequential(new Linear(4, 3), new BatchNorm2d(3), new Conv2d(6, 4, 1, { groups: 2 })).stateDict();
    const net = new Sequential(new LazyLinear(3), new LazyBatchNorm2d(), new LazyConv2d(4, 1, { groups: 2 }));
    net.loadStateDict(saved);
    expect([net[0].inFeatures, net[1].numFeatures, net[2].inChannels]).toEqual([4, 3, 6]);
    expect(numbers(net[0].weight)).toEqual(numbers(saved["0.weight"] as Tensor));
  });
});

describe("containers of parameters", () => {
  test("a list numbers them, a dictionary names them", () => {
    class Net extends Module {
      readonly list = new ParameterList([ones([2]), new Parameter(zeros([3]))]);
      readonly named = new ParameterDict({ left: ones([1]), right: ones([2]) });
      forward(x: Tensor): Tensor {
        return x.mul(this.list[0]!).mul(this.named.right);
      }
    }
    const net = new Net();
    expect(net.namedParameters().map(([name]) => name)).toEqual(["list.0", "list.1", "named.left", "named.right"]);
    expect(String(net)).toBe(`Net(
  (list): ParameterList(
      (0): Parameter containing: [torch.float32 of size 2]
      (1): Parameter containing: [torch.float32 of size 3]
  )
  (named): ParameterDict(
      (left): Parameter containing: [torch.FloatTensor of size 1]
      (right): Parameter containing: [torch.FloatTensor of size 2]
  )
)`);
    net.call(ones([2])).sum().backward();
    expect(numbers(net.list[0]!.grad!)).toEqual([1, 1]);
    net.list.append(new Parameter(ones([4])));
    expect([net.list.length, net.list.at(-1).shape]).toEqual([3, [4]]);
    expect([net.list.pop(0).shape, net.list.length, net.list.at(0).shape]).toEqual([[2], 2, [3]]);
    net.list.insert(0, new Parameter(ones([7])));
    expect([...net.list].map(({ shape }) => shape)).toEqual([[7], [3], [4]]);
    expect([net.named.delete("left"), net.named.delete("left"), net.named.keys()]).toEqual([true, false, ["right"]]);
    expect(() => net.list.call()).toThrow("ParameterList: expected its parameters to be used");
  });
});

describe("copies, averages and statistics", () => {
  test("a copy has values of its own, and what is shared inside stays shared", () => {
    const shared = new Linear(2, 2);
    const net = new Sequential(shared, new BatchNorm1d(2), shared, new Dropout(0.25)).eval();
    net.requiresGrad_(false);
    const copy = net.clone();
    expect(String(copy)).toBe(String(net));
    expect(copy[0]).toBe(copy[2]);
    expect(copy[0]).not.toBe(net[0]);
    expect([copy.training, copy[0].weight.requiresGrad, copy.parameters().length, copy.buffers().length]).toEqual([false, false, 4, 3]);
    copy[0].weight.data.fill_(5);
    copy[1].running_mean!.fill_(3);
    expect(numbers(net[0].weight)).not.toContain(5);
    expect(numbers(net[1].running_mean!)).toEqual([0, 0]);
    expect(Object.keys(copy.stateDict())).toEqual(Object.keys(net.stateDict()));
  });

  test("averages of weights: plain, forgetting, and from a saved state", () => {
    const model = new Linear(1, 1, { bias: false });
    const [plain, forgetting] = [new AveragedModel(model), new AveragedModel(model, { avgFn: emaAverage(0.5) })];
    for (const value of [1, 3, 5]) {
      model.weight.data.fill_(value);
      plain.updateParameters(model);
      forgetting.updateParameters(model);
    }
    expect([plain.module.weight.itemSync(), forgetting.module.weight.itemSync()]).toEqual([3, 3.5]);
    expect(Object.keys(plain.stateDict())).toEqual(["n_averaged", "module.weight"]);
    const resumed = new AveragedModel(model);
    resumed.loadStateDict(plain.stateDict());
    model.weight.data.fill_(7);
    resumed.updateParameters(model);
    expect([resumed.module.weight.itemSync(), resumed.call(ones([1, 1])).itemSync(), resumed.n_averaged.itemSync()]).toEqual([4, 4, 4]);
  });

  test("running statistics are computed anew", () => {
    const net = new Sequential(new BatchNorm1d(1)).eval();
    updateBn([tensor([[1], [3]]), [tensor([[5], [7]])]], net);
    expect([numbers(net[0].running_mean!), numbers(net[0].running_var!), net[0].momentum, net.training]).toEqual([[4], [2], 0.1, false]);
  });

  test("parameters as one vector and back", () => {
    const net = new Linear(2, 1);
    const vector = utils.parametersToVector(net.parameters());
    expect(vector.shape).toEqual([3]);
    utils.vectorToParameters(tensor([1, 2, 3]), net.parameters());
    expect([numbers(net.weight), numbers(net.bias!)]).toEqual([[1, 2], [3]]);
    expect(() => { utils.vectorToParameters(tensor([1]), net.parameters()); }).toThrow("vectorToParameters: expected a vector of 3 elements, got shape [1]");
  });

  test("gradients are clipped together, whatever the norm", () => {
    const leaves = [tensor([3, 4], { requiresGrad: true }), tensor([1], { requiresGrad: true }), tensor([12], { requiresGrad: true })];
    const set = (): void => { leaves.forEach((leaf, i) => { leaf.grad = i === 1 ? null : leaf.detach().clone(); }); };
    set();
    expect(utils.clipGradNorm_(leaves, 6.5).itemSync()).toBeCloseTo(13, 5);
    expect(numbers(leaves[2]!.grad!)).toEqual(close([6]));
    set();
    expect(utils.clipGradNorm_(leaves, 100, { normType: Infinity }).itemSync()).toBe(12);
    expect(numbers(leaves[0]!.grad!)).toEqual([3, 4]);
    utils.clipGradValue_(leaves, 3.5);
    expect([numbers(leaves[0]!.grad!), numbers(leaves[2]!.grad!)]).toEqual([[3, 3.5], [3.5]]);
    leaves[0]!.grad!.fill_(NaN);
    expect(() => utils.clipGradNorm_(leaves, 1, { errorIfNonfinite: true })).toThrow("clipGradNorm_: expected gradients of a finite norm, got NaN");
    expect(utils.clipGradNorm_([], 1).itemSync()).toBe(0);
  });
});

describe("hooks", () => {
  test("on gradients see those of inputs and outputs, and may replace them", () => {
    const net = new Sequential(new Linear(2, 2, { bias: false }), new Linear(2, 1, { bias: false }));
    net[0].weight.data.copy_(tensor([[1, 0], [0, 1]]));
    net[1].weight.data.copy_(tensor([[2, 3]]));
    const seen: unknown[] = [];
    const remove = net[1].registerFullBackwardHook((module, [gradInput], [gradOutput]) => {
      seen.push(module === net[1], numbers(gradInput!), numbers(gradOutput!));
      return [gradInput!.mul(10)];
    });
    const removePre = net[1].registerFullBackwardPreHook((_, [gradOutput]) => [gradOutput!.mul(2)]);
    const x = ones([1, 2], { requiresGrad: true });
    net.call(x).sum().backward();
    expect(seen).toEqual([true, [4, 6], [2]]);
    expect(numbers(x.grad!)).toEqual([40, 60]);
    remove();
    removePre();
    x.grad = null;
    net.call(x).sum().backward();
    expect([numbers(x.grad!), seen.length]).toEqual([[2, 3], 3]);
  });

  test("on gradients are called where no input needs one", () => {
    const layer = new Embedding(3, 2);
    const seen: unknown[] = [];
    layer.registerFullBackwardHook((_, gradInput, [gradOutput]) => {
      seen.push(gradInput.length, gradOutput!.shape);
      return undefined;
    });
    layer.call(arange(2)).sum().backward();
    expect(seen).toEqual([0, [2, 2]]);
  });

  test("on states rename, add and see what did not fit", () => {
    class Renamed extends Module {
      readonly inner = new Linear(1, 1, { bias: false });
      forward(x: Tensor): Tensor {
        return this.inner.call(x);
      }
    }
    const net = new Sequential(new Renamed());
    const seen: unknown[] = [];
    net[0].registerStateDictHook((_, state, prefix) => ({ ...state, [`${prefix}version`]: 2 }));
    net[0].registerLoadStateDictPreHook((_, state, prefix) => {
      if (`${prefix}old.weight` in state) {
        state[`${prefix}inner.weight`] = state[`${prefix}old.weight`];
        Reflect.deleteProperty(state, `${prefix}old.weight`);
      }
      Reflect.deleteProperty(state, `${prefix}version`);
    });
    const remove = net.registerLoadStateDictPostHook((_, { missing, unexpected }) => void seen.push(missing, unexpected));
    expect(Object.keys(net.stateDict())).toEqual(["0.inner.weight", "0.version"]);
    const old = { "0.old.weight": tensor([[4]]) };
    net.loadStateDict(old);
    expect([net[0].inner.weight.itemSync(), Object.keys(old), seen]).toEqual([4, ["0.old.weight"], [[], []]]);
    net.loadStateDict(net.stateDict());
    remove();
    net.loadStateDict({}, { strict: false });
    expect(seen).toHaveLength(4);
    expect(() => net.loadStateDict({ other: ones([1]) })).toThrow(StateDictError);
  });
});

test("a summary counts parameters and shows what layers give", () => {
  const net = new Sequential(new Conv2d(1, 2, 3), new ReLU(), new Linear(2, 5, { bias: false }));
  net[2].requiresGrad_(false);
  const summary = net.summary(ones([1, 1, 4, 4]));
  expect([summary.parameters, summary.trainableParameters, summary.parameterBytes, summary.outputBytes]).toEqual([30, 20, 120, 4 * (8 + 8 + 20)]);
  expect(String(summary)).toBe(`Layer        Output        Parameters
─────────────────────────────────────
Sequential   [1, 2, 2, 5]           –
  0: Conv2d  [1, 2, 2, 2]          20
  1: ReLU    [1, 2, 2, 2]           –
  2: Linear  [1, 2, 2, 5]          10
─────────────────────────────────────
Parameters: 30 (20 trainable), 0.00 MiB
Outputs: 0.00 MiB`);
});

test("the Builder's Guide's FixedHiddenMLP: constants, shared weights and control flow", async () => {
  class FixedHiddenMLP extends Module {
    readonly randWeight = this.registerBuffer("rand_weight", rand([20, 20]));
    readonly linear = new LazyLinear(20);
    async forward(x: Tensor): Promise<Tensor> {
      const hidden = this.linear.call(x).matmul(this.randWeight).add(1).relu();
      let y = this.linear.call(hidden);
      while ((await y.abs().sum().item()) > 1) y = y.div(2);
      return y.sum();
    }
  }
  manualSeed(0);
  const net = new Sequential(new Linear(20, 20), new ReLU());
  const nested = new FixedHiddenMLP();
  const value = await nested.call(net.call(rand([2, 20])));
  expect(Math.abs(value.itemSync())).toBeLessThanOrEqual(1);
  value.backward();
  expect(nested.linear.weight.grad?.shape).toEqual([20, 20]);
  expect(Object.keys((nested as AnyModule).stateDict())).toEqual(["rand_weight", "linear.weight", "linear.bias"]);
});

describe("initialisation", () => {
  test("orthogonal, the identity, Dirac's kernels and sparse columns", () => {
    manualSeed(0);
    for (const shape of [[3, 5], [5, 3], [4, 2, 2]]) {
      const w = init.orthogonal_(zeros(shape), { gain: 2 }).flatten(1);
      const product = w.shape[0]! <= w.shape[1]! ? w.matmul(w.t()) : w.t().matmul(w);
      const size = product.shape[0]!;
      expect(numbers(product)).toEqual(close(Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 4 : 0)), 4));
    }
    expect(init.eye_(ones([2, 3])).toArraySync()).toEqual([[1, 0, 0], [0, 1, 0]]);
    expect(init.dirac_(ones([2, 1, 3]), 2).toArraySync()).toEqual([[[0, 1, 0]], [[0, 1, 0]]]);
    expect(init.dirac_(ones([2, 2, 1, 3])).toArraySync()).toEqual([[[[0, 1, 0]], [[0, 0, 0]]], [[[0, 0, 0]], [[0, 1, 0]]]]);
    const sparse = init.sparse_(ones([10, 3]), 0.35);
    expect(numbers(sparse.eq(0).sum({ dim: 0 }))).toEqual([4, 4, 4]);
  });

  test("a truncated normal distribution, as PyTorch draws it", () => {
    manualSeed(0);
    // torch.manual_seed(0); torch.nn.init.trunc_normal_(torch.zeros(4), mean=1., std=0.5, a=0.5, b=2.)
    expect(numbers(init.truncNormal_(zeros([4]), { mean: 1, std: 0.5, a: 0.5, b: 2 }))).toEqual(close([1.081687, 1.398919, 0.632357, 0.688641]));
  });

  test.each<[string, () => unknown]>([
    ["eye_: expected a matrix, got shape [2]", () => init.eye_(ones([2]))],
    ["dirac_: expected a weight of 3, 4 or 5 dimensions, got shape [2, 2]", () => init.dirac_(ones([2, 2]))],
    ["dirac_: expected outputs that groups divide, got 3 and 2 groups", () => init.dirac_(ones([3, 2, 1]), 2)],
    ["orthogonal_: expected at least 2 dimensions, got shape [2]", () => init.orthogonal_(ones([2]))],
    ["sparse_: expected a matrix, got shape [2]", () => init.sparse_(ones([2]), 0.5)],
  ])("%s", (message, act) => {
    expect(act).toThrow(message);
  });
});

test("softmax without a dimension takes the one that PyTorch takes", () => {
  for (const [shape, dim] of [[[3], 0], [[2, 3], 1], [[2, 3, 4], 0], [[2, 3, 4, 5], 1]] as const) {
    const x = rand(shape);
    for (const Layer of [Softmax, Softmin, LogSoftmax]) expect(new Layer().call(x).flatten().toArraySync(), Layer.name).toEqual(new Layer(dim).call(x).flatten().toArraySync());
  }
  expect(String(new Softmax())).toBe("Softmax(dim=None)");
});
