import { Adam, manualSeed, Module, Parameter, type PointDataset, type PointDatasetName, pointDatasets, rand, type Tensor, tensor } from "gradus";
import { hiddenSizes } from "./scalars.js";

/** As exact as the numbers of `scalars.ts`. */
const float64 = { dtype: "float64" } as const;

/** The layer of `scalars.ts` with all its numbers in two tensors. */
class Linear extends Module {
  readonly weights: Parameter;
  readonly bias: Parameter;

  constructor(inSize: number, outSize: number) {
    super();
    this.weights = new Parameter(rand([inSize, outSize], float64).sub(0.5).mul(2));
    this.bias = new Parameter(rand([outSize], float64).sub(0.5).mul(2));
  }

  forward(x: Tensor): Tensor {
    return x.matmul(this.weights).add(this.bias);
  }
}

class Network extends Module {
  readonly layer1: Linear;
  readonly layer2: Linear;
  readonly layer3: Linear;

  constructor(hidden: number) {
    super();
    this.layer1 = new Linear(2, hidden);
    this.layer2 = new Linear(hidden, hidden);
    this.layer3 = new Linear(hidden, 1);
  }

  /** Points, `[N, 2]`, to the probabilities of class 1, `[N]`. */
  forward(points: Tensor): Tensor {
    const first = this.layer1.call(points).relu();
    const second = this.layer2.call(first).relu();
    return this.layer3.call(second).sigmoid().flatten();
  }
}

/** Trains on all points at once, until each of them is right. */
async function train({ N, X, y }: PointDataset, network: Network, epochs: number): Promise<void> {
  const [points, classes] = [tensor(X.map(([x1, x2]) => [x1, x2]), float64), tensor([...y], float64)];
  const optimizer = new Adam(network.parameters(), { lr: 0.03 });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    optimizer.zeroGrad();
    const out = network.call(points);
    // The probability of the class that each point has.
    const probabilities = out.mul(classes).add(out.neg().add(1).mul(classes.neg().add(1)));
    const loss = probabilities.log().neg();
    loss.mean().backward();
    optimizer.step();
    const correct = await probabilities.gt(0.5).sum().item();
    if (epoch % 50 === 0 || correct === N) console.log(`epoch ${epoch}: loss ${(await loss.sum().item()).toFixed(3)}, correct ${correct} of ${N}`);
    if (correct === N) return;
  }
}

/** The networks of `scalars.ts` from the same numbers on, so that they end at the same losses; but sooner. */
export async function tensors(names = Object.keys(hiddenSizes) as readonly PointDatasetName[]): Promise<void> {
  for (const name of names) {
    console.log(`${name}:`);
    manualSeed(0);
    await train(pointDatasets[name](50, { seed: 1 }), new Network(hiddenSizes[name]), 500);
  }
}
