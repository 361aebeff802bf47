import { DataLoader, functional as F, Linear, manualSeed, Module, noGrad, Parameter, randn, SGD, type Tensor, TensorDataset, zeros } from "gradus";
import { digits } from "./digits.js";
import { fit } from "./fit.js";

const [batchSize, epochs, lr] = [64, 2, 0.1];
const classes = 10;

/** Logistic regression, six times: each says the same in fewer words than the one before it, so all end at the same loss. */
export async function trainingLoop(): Promise<void> {
  const { xTrain, yTrain, xValid, yValid } = await digits();
  const [count, inputs] = xTrain.shape as [number, number];
  manualSeed(0);
  const start = randn([inputs, classes]).div(Math.sqrt(inputs));

  /** Batches in the order of the images. */
  const batches = function* (): Iterable<[x: Tensor, y: Tensor]> {
    for (let i = 0; i < count; i += batchSize) yield [xTrain.slice(0, i, i + batchSize), yTrain.slice(0, i, i + batchSize)];
  };
  const report = (name: string, model: (x: Tensor) => Tensor): void => {
    const output = noGrad(() => model(xValid));
    const accuracy = output.argmax({ dim: 1 }).eq(yValid).to("float32").mean();
    console.log(name.padEnd(28), "loss", F.crossEntropy(output, yValid).itemSync().toFixed(4), "accuracy", accuracy.itemSync().toFixed(4));
  };

  // 1. Nothing but tensors.
  {
    const weights = start.clone().requiresGrad_();
    const bias = zeros([classes], { requiresGrad: true });
    const logSoftmax = (x: Tensor): Tensor => x.sub(x.exp().sum({ dim: -1, keepdim: true }).log());
    const nll = (output: Tensor, y: Tensor): Tensor => output.gather(1, y.unsqueeze(1)).mean().neg();
    const model = (x: Tensor): Tensor => logSoftmax(x.matmul(weights).add(bias));
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const [x, y] of batches()) {
        nll(model(x), y).backward();
        noGrad(() => {
          for (const parameter of [weights, bias]) {
            parameter.sub_(parameter.grad!.mul(lr));
            parameter.grad = null;
          }
        });
      }
    }
    report("tensors", model);
  }

  // 2. The functions of the library.
  {
    const weights = start.clone().requiresGrad_();
    const bias = zeros([classes], { requiresGrad: true });
    const model = (x: Tensor): Tensor => x.matmul(weights).add(bias);
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const [x, y] of batches()) {
        F.crossEntropy(model(x), y).backward();
        noGrad(() => {
          for (const parameter of [weights, bias]) {
            parameter.sub_(parameter.grad!.mul(lr));
            parameter.grad = null;
          }
        });
      }
    }
    report("functional", model);
  }

  // 3. A module knows its parameters.
  {
    class Logistic extends Module {
      readonly weights = new Parameter(start.clone());
      readonly bias = new Parameter(zeros([classes]));

      forward(x: Tensor): Tensor {
        return x.matmul(this.weights).add(this.bias);
      }
    }
    const model = new Logistic();
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const [x, y] of batches()) {
        F.crossEntropy(model.call(x), y).backward();
        noGrad(() => {
          for (const parameter of model.parameters()) parameter.sub_(parameter.grad!.mul(lr));
        });
        model.zeroGrad();
      }
    }
    report("Module", (x) => model.call(x));
  }

  /** The library's layer, with the weights from above. */
  const linear = (): Linear => {
    const model = new Linear(inputs, classes);
    model.loadStateDict({ weight: start.t(), bias: zeros([classes]) });
    return model;
  };

  // 4. An optimizer moves them.
  {
    const model = linear();
    const optimizer = new SGD(model.parameters(), { lr });
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const [x, y] of batches()) {
        F.crossEntropy(model.call(x), y).backward();
        optimizer.step();
        optimizer.zeroGrad();
      }
    }
    report("Linear and SGD", (x) => model.call(x));
  }

  // 5. A dataset and a loader cut the batches.
  const train = new TensorDataset(xTrain, yTrain);
  {
    const model = linear();
    const optimizer = new SGD(model.parameters(), { lr });
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const [x, y] of new DataLoader(train, { batchSize })) {
        F.crossEntropy(model.call(x), y).backward();
        optimizer.step();
        optimizer.zeroGrad();
      }
    }
    report("TensorDataset, DataLoader", (x) => model.call(x));
  }

  // 6. What all trainings have in common is a function.
  {
    const model = linear();
    const optimizer = new SGD(model.parameters(), { lr });
    const valid = new DataLoader(new TensorDataset(xValid, yValid), { batchSize: 2 * batchSize });
    await fit(epochs, model, F.crossEntropy, optimizer, new DataLoader(train, { batchSize }), valid);
    report("fit", (x) => model.call(x));
  }
}
