import { Module, Parameter } from "@gradus/nn/module";
import { Scalar } from "@gradus/scalar-autodiff";
import { Adam, Generator, pointDatasets, type PointDataset, type PointDatasetName } from "gradus";

/** One number for each weight and bias, between −1 and 1 at first. */
class Linear extends Module<Scalar> {
  readonly #weights: readonly (readonly Scalar[])[];
  readonly #bias: readonly Scalar[];

  constructor(inSize: number, outSize: number, random: Generator) {
    super();
    const add = (name: string): Scalar => this.registerParameter(name, new Parameter(new Scalar(2 * (random.uniformDouble() - 0.5))));
    this.#weights = Array.from({ length: inSize }, (_, i) => Array.from({ length: outSize }, (__, j) => add(`weight_${i}_${j}`)));
    this.#bias = Array.from({ length: outSize }, (_, j) => add(`bias_${j}`));
  }

  forward(inputs: readonly Scalar[]): Scalar[] {
    return this.#bias.map((bias, j) => inputs.reduce((sum, x, i) => sum.add(x.mul(this.#weights[i]![j]!)), bias));
  }
}

/** Three layers, with rectifiers between them and the probability of class 1 at the end. */
export class Network extends Module<Scalar> {
  readonly layer1: Linear;
  readonly layer2: Linear;
  readonly layer3: Linear;

  constructor(hidden: number, random: Generator) {
    super();
    this.layer1 = new Linear(2, hidden, random);
    this.layer2 = new Linear(hidden, hidden, random);
    this.layer3 = new Linear(hidden, 1, random);
  }

  forward(point: readonly number[]): Scalar {
    const relu = (values: readonly Scalar[]): Scalar[] => values.map((value) => value.relu());
    const first = relu(this.layer1.call(point.map((x) => Scalar.from(x))));
    const second = relu(this.layer2.call(first));
    return this.layer3.call(second)[0]!.sigmoid();
  }
}

/** Trains on all points at once, until each of them is right. */
function train({ N, X, y }: PointDataset, network: Network, epochs: number): void {
  const optimizer = new Adam(network.parameters(), { lr: 0.03 });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    optimizer.zeroGrad();
    let [loss, correct] = [0, 0];
    for (const [i, point] of X.entries()) {
      const out = network.call(point);
      // The probability of the class that the point has.
      const probability = y[i] === 1 ? out : Scalar.from(1).sub(out);
      const surprise = probability.log().neg();
      surprise.div(N).backward();
      loss += surprise.data;
      if (probability.data > 0.5) correct++;
    }
    optimizer.step();
    if (epoch % 50 === 0 || correct === N) console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, correct ${correct} of ${N}`);
    if (correct === N) return;
  }
}

/** How many units a problem needs, in each of two layers. */
export const hiddenSizes: Readonly<Record<PointDatasetName, number>> = { Simple: 10, Diag: 10, Split: 10, Xor: 10, Circle: 10, Spiral: 20 };

/** Networks of single numbers learn minitorch's problems in the plane. */
export function scalars(names = Object.keys(hiddenSizes) as readonly PointDatasetName[]): void {
  for (const name of names) {
    console.log(`${name}:`);
    train(pointDatasets[name](50, { seed: 1 }), new Network(hiddenSizes[name], new Generator(0)), 500);
  }
}
