import { cpu } from "@gradus/backend-cpu";
import { Conv2d, CrossEntropyLoss, Flatten, LayerNorm, Linear, MaxPool2d, MSELoss, ReLU, Sequential } from "@gradus/nn";
import { SGD } from "@gradus/optim";
import { fuse, manualSeed, noGrad, rand, randint, randn, setDefaultDevice } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";
import type { CaseName } from "../cases.js";
import type { Case, Run } from "../protocol.js";
import { serve } from "../protocol.js";

// One thread beside PyTorch's one, unless the parent says otherwise.
setDefaultDevice(cpu({ threads: Number(process.env["GRADUS_THREADS"] ?? 1) }));
manualSeed(0);

/** One training step as PyTorch's users write it: no scope, no dispose, the loss read at the end. */
function training(model: Sequential, x: Tensor, y: Tensor, loss: (output: Tensor, target: Tensor) => Tensor, lr: number): Run {
  const optimizer = new SGD(model.parameters(), { lr });
  return () => {
    optimizer.zeroGrad();
    const value = loss(model.call(x), y);
    value.backward();
    optimizer.step();
    return value.itemSync();
  };
}

const labels = (count: number): Tensor => randint(0, 10, [count]);

const crossEntropy = new CrossEntropyLoss();
const squaredError = new MSELoss();

const product = (m: number, k: number, n: number): Case => () => {
  const [a, b] = [randn([m, k]), randn([k, n])];
  return () => void a.matmul(b);
};
const ofMillion = (f: (x: Tensor) => Tensor): Case => () => {
  const x = randn([1e6]);
  return () => void f(x);
};

const gradus: Record<CaseName, Case> = {
  "matmul 512": () => {
    const [a, b] = [randn([512, 512]), randn([512, 512])];
    return () => void a.matmul(b);
  },
  "matmul 512 TN": () => {
    const [a, b] = [randn([512, 512]), randn([512, 512])];
    return () => void a.t().matmul(b);
  },
  "matmul 512 NT": () => {
    const [a, b] = [randn([512, 512]), randn([512, 512])];
    return () => void a.matmul(b.t());
  },
  "matmul 64": product(64, 64, 64),
  "matmul 64x784x256": product(64, 784, 256),
  "matmul 16x192x512": product(16, 192, 512),
  "matmul 512x128x384": product(512, 128, 384),
  "exp 1e6": ofMillion((x) => x.exp()),
  "tanh 1e6": ofMillion((x) => x.tanh()),
  "sum 1e6": ofMillion((x) => x.sum()),
  "softmax 1024": () => {
    const x = randn([1024, 1024]);
    return () => void x.softmax(1);
  },
  "layer norm 1024": () => {
    const [norm, x] = [new LayerNorm(1024), randn([1024, 1024])];
    return () => void noGrad(() => norm.call(x));
  },
  "convolution 32-64": () => {
    const [convolution, x] = [new Conv2d(32, 64, 3, { padding: 1 }), randn([32, 32, 32, 32], { requiresGrad: true })];
    return () => {
      convolution.zeroGrad();
      x.grad = null;
      convolution.call(x).sum().backward();
    };
  },
  "fused chain 1e6": () => {
    const [a, b] = [randn([1e6]), randn([1e6])];
    const chain = fuse((x: Tensor, y: Tensor) => x.mul(y).add(x).relu());
    return () => void chain(a, b);
  },
  "add 4": () => {
    const [a, b] = [randn([4]), randn([4])];
    return () => void a.add(b);
  },
  "add 4 with grad": () => {
    const [a, b] = [randn([4], { requiresGrad: true }), randn([4])];
    return () => void a.add(b);
  },
  "step a (MLP)": () =>
    training(
      new Sequential(new Linear(784, 256), new ReLU(), new Linear(256, 128), new ReLU(), new Linear(128, 10)),
      randn([64, 784]), labels(64), (output, target) => crossEntropy.call(output, target), 0.01,
    ),
  "step b (LeNet)": () =>
    training(
      new Sequential(
        new Conv2d(1, 6, 5, { padding: 2 }), new ReLU(), new MaxPool2d(2),
        new Conv2d(6, 16, 5), new ReLU(), new MaxPool2d(2), new Flatten(),
        new Linear(400, 120), new ReLU(), new Linear(120, 84), new ReLU(), new Linear(84, 10),
      ),
      randn([64, 1, 28, 28]), labels(64), (output, target) => crossEntropy.call(output, target), 0.01,
    ),
  "step e (tiny)": () =>
    training(
      new Sequential(new Linear(2, 10), new ReLU(), new Linear(10, 10), new ReLU(), new Linear(10, 1)),
      randn([50, 2]), rand([50, 1]).round(), (output, target) => squaredError.call(output, target), 0.1,
    ),
};

await serve(gradus);
