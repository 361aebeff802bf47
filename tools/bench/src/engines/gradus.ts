import { cpu } from "@gradus/backend-cpu";
import type { CpuOptions } from "@gradus/backend-cpu";
import { DataLoader, TensorDataset } from "@gradus/datasets";
import { GPT, resnet18 } from "@gradus/models";
import { Conv2d, LayerNorm, Linear, LSTM, Module, MSELoss, ReLU, Sequential } from "@gradus/nn";
import type { Parameter } from "@gradus/nn";
import { Adam, AdamW } from "@gradus/optim";
import { fuse, manualSeed, noGrad, ones, rand, randint, randn, scope, setDefaultDevice } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";
import type { CaseName } from "../cases.js";
import type { Case } from "../protocol.js";
import { serve } from "../serve.js";
import { startUp, startUpOfFunctions } from "../start-up.js";
import type { Optimizer } from "./gradus-models.js";
import { classified, crossEntropy, lenet, mlp, sgd, trainingWith } from "./gradus-models.js";
import { registerPeak } from "./register-peak.js";

setDefaultDevice(cpu(JSON.parse(process.env["BENCH_OPTIONS"] ?? "{}") as CpuOptions));
manualSeed(0);

const training = trainingWith((loss) => loss.itemSync());
const squaredErrorLoss = new MSELoss();
const squaredError = (output: Tensor, target: Tensor): Tensor => squaredErrorLoss.call(output, target);

const adam = (parameters: Iterable<Parameter>): Optimizer => new Adam(parameters, { lr: 1e-3 });

const points = (): readonly [Tensor, Tensor] => [randn([50, 2]), rand([50, 1]).round()];
const sequences = (): readonly [Tensor, Tensor] => [randint(0, 65, [8, 64]), randint(0, 65, [8, 64])];

const tiny = (): Module => new Sequential(new Linear(2, 10), new ReLU(), new Linear(10, 10), new ReLU(), new Linear(10, 1));
const gpt = (): GPT => new GPT({ vocabularySize: 65, contextLength: 64, dModel: 128, heads: 4, layers: 4 });
const residual = (): Module => resnet18({ classes: 10, smallInput: true });

class LastOfLSTM extends Module {
  readonly lstm = new LSTM(64, 128, { batchFirst: true });
  readonly head = new Linear(128, 10);

  forward(x: Tensor): Tensor {
    return this.head.call(this.lstm.call(x)[0].select(1, -1));
  }
}

/** Without gradients. */
const forward = (make: () => (...inputs: Tensor[]) => Tensor, ...inputs: (() => Tensor)[]): Case => () => {
  const f = make();
  const values = inputs.map((input) => input());
  return () => void noGrad(() => f(...values));
};
const of = (f: (...inputs: Tensor[]) => Tensor, ...shapes: number[][]): Case =>
  forward(() => f, ...shapes.map((shape) => () => randn(shape)));
const product = (m: number, k: number, n: number): Case => of((a, b) => a.matmul(b), [m, k], [k, n]);
const million = [1e6];

const forwardAndBackward = (make: () => Module, ...shape: number[]): Case => () => {
  const [module, x] = [make(), randn(shape, { requiresGrad: true })];
  return () => {
    module.zeroGrad();
    x.grad = null;
    (module.call(x) as Tensor).sum().backward();
  };
};

const gradus: Readonly<Record<CaseName, Case>> = {
  "register peak": registerPeak,
  "matmul 512": product(512, 512, 512),
  "matmul 1024": product(1024, 1024, 1024),
  "matmul 512 TN": of((a, b) => a.t().matmul(b), [512, 512], [512, 512]),
  "matmul 512 NT": of((a, b) => a.matmul(b.t()), [512, 512], [512, 512]),
  "matmul 64": product(64, 64, 64),
  "matmul 64x784x256": product(64, 784, 256),
  "matmul 16x192x512": product(16, 192, 512),
  "matmul 512x128x384": product(512, 128, 384),
  "add 1e6": of((a, b) => a.add(b), million, million),
  "relu 1e6": of((x) => x.relu(), million),
  "exp 1e6": of((x) => x.exp(), million),
  "tanh 1e6": of((x) => x.tanh(), million),
  "sigmoid 1e6": of((x) => x.sigmoid(), million),
  "gelu 1e6": of((x) => x.gelu(), million),
  "fused chain 1e6": forward(() => { const chain = fuse((x: Tensor, y: Tensor) => x.mul(y).add(x).relu()); return (a, b) => chain(a, b); }, () => randn(million), () => randn(million)),
  "sum 1e6": of((x) => x.sum(), million),
  "transpose 1024": of((x) => x.t().contiguous(), [1024, 1024]),
  "softmax 1024": of((x) => x.softmax(1), [1024, 1024]),
  "layer norm 1024": forward(() => { const norm = new LayerNorm(1024); return (x) => norm.call(x); }, () => randn([1024, 1024])),
  "convolution 1-6 forward": forward(() => { const layer = new Conv2d(1, 6, 5); return (x) => layer.call(x); }, () => randn([64, 1, 28, 28])),
  "convolution 1-6": forwardAndBackward(() => new Conv2d(1, 6, 5), 64, 1, 28, 28),
  "convolution 32-64 forward": forward(() => { const layer = new Conv2d(32, 64, 3, { padding: 1 }); return (x) => layer.call(x); }, () => randn([32, 32, 32, 32])),
  "convolution 32-64": forwardAndBackward(() => new Conv2d(32, 64, 3, { padding: 1 }), 32, 32, 32, 32),
  "add 4": () => {
    const [a, b] = [randn([4]), randn([4])];
    return () => void a.add(b);
  },
  "add 4 with grad": () => {
    const [a, b] = [randn([4], { requiresGrad: true }), randn([4])];
    return () => void a.add(b);
  },
  "backward 4": () => {
    const [a, b] = [randn([4], { requiresGrad: true }), randn([4], { requiresGrad: true })];
    return () => {
      a.grad = b.grad = null;
      a.mul(b).sum().backward();
    };
  },
  "step a (MLP)": training(mlp, sgd(0.01), classified(64, 784), crossEntropy),
  "step a (MLP), Adam": training(mlp, adam, classified(64, 784), crossEntropy),
  "step b (LeNet)": training(lenet, sgd(0.01), classified(64, 1, 28, 28), crossEntropy),
  "step c (LSTM)": training(() => new LastOfLSTM(), sgd(0.01), classified(16, 32, 64), crossEntropy),
  "step d (GPT)": training(gpt, (parameters) => new AdamW(parameters, { lr: 1e-3 }), sequences, (output, target) => crossEntropy(output.reshape(-1, 65), target.reshape(-1))),
  "step e (tiny)": training(tiny, sgd(0.1), points, squaredError),
  "step e (tiny), Adam": training(tiny, adam, points, squaredError),
  "step ResNet-18": training(residual, sgd(0.01), classified(32, 3, 32, 32), crossEntropy),
  "GPT forward": forward(() => { const model = gpt().eval(); return (tokens) => model.call(tokens); }, () => randint(0, 65, [1, 64])),
  "ResNet-18 forward": forward(() => { const model = residual().eval(); return (x) => model.call(x) as Tensor; }, () => ones([32, 3, 32, 32])),
  ...startUp("gradus"),
  ...startUpOfFunctions,
  "data loader": () => {
    const data = new TensorDataset(randn([10000, 1, 28, 28]), randint(0, 10, [10000]));
    const loader = new DataLoader(data, { batchSize: 64, shuffle: true });
    return async () => {
      let seen = 0;
      for await (const [, y] of loader) seen += y.shape[0]!;
      return seen;
    };
  },
};

/** The same cases, each run in a scope, which gives back at its end what the run made. */
const inScope = (make: Case): Case => async () => {
  const run = await make();
  return () => scope(run as () => undefined);
};
const scoped = process.env["BENCH_SCOPE"] !== undefined;
await serve(scoped ? Object.fromEntries(Object.entries(gradus).map(([name, make]) => [name, inScope(make)])) : gradus);
