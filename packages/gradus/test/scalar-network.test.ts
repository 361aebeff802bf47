import { Adam, Generator, pointDatasets } from "gradus";
import { Module, Parameter } from "@gradus/nn/module";
import { Scalar } from "@gradus/scalar-autodiff";
import { expect, test } from "vitest";

/** minitorch's Linear: one scalar for each weight and bias, between −1 and 1 at first. */
class Linear extends Module<Scalar> {
  readonly #units: readonly { readonly weights: readonly Scalar[]; readonly bias: Scalar }[];

  constructor(inSize: number, outSize: number, random: Generator) {
    super();
    const add = (name: string): Scalar => this.registerParameter(name, new Parameter(new Scalar(2 * (random.uniformDouble() - 0.5))));
    this.#units = Array.from({ length: outSize }, (_, j) => ({
      weights: Array.from({ length: inSize }, (__, i) => add(`weight_${i}_${j}`)),
      bias: add(`bias_${j}`),
    }));
  }

  forward(inputs: readonly Scalar[]): Scalar[] {
    return this.#units.map(({ weights, bias }) => inputs.reduce((sum, x, i) => sum.add(x.mul(weights[i]!)), bias));
  }
}

/** minitorch's Network: three layers, with three hidden units in each of the first two. */
class Network extends Module<Scalar> {
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
    return this.layer3.call(relu(this.layer2.call(first)))[0]!.sigmoid();
  }
}

/** Trains on all points at once until each is right, or for 300 epochs. */
function train(name: "Simple" | "Diag" | "Split" | "Xor"): number {
  const { N, X, y } = pointDatasets[name](50, { seed: 7 });
  // Three units are few: from many other starts the descent ends in a valley where one of them is dead.
  const network = new Network(3, new Generator(2));
  const optimizer = new Adam(network.parameters(), { lr: 0.02 });
  let right = 0;
  for (let epoch = 0; epoch < 300 && right < N; epoch++) {
    // The probability of the right class.
    const probabilities = X.map((point, i) => (y[i] === 1 ? network.call(point) : Scalar.from(1).sub(network.call(point))));
    right = probabilities.filter(({ data }) => data > 0.5).length;
    optimizer.zeroGrad();
    probabilities.reduce((loss, p) => loss.sub(p.log()), Scalar.from(0)).div(N).backward();
    optimizer.step();
  }
  return right / N;
}

test("the network of scalars has minitorch's parameters", () => {
  const network = new Network(3, new Generator(0));
  expect(network.namedParameters().map(([name]) => name).slice(0, 10)).toEqual([
    "layer1.weight_0_0", "layer1.weight_1_0", "layer1.bias_0", "layer1.weight_0_1", "layer1.weight_1_1", "layer1.bias_1", "layer1.weight_0_2", "layer1.weight_1_2", "layer1.bias_2",
    "layer2.weight_0_0",
  ]);
  expect(network.parameters().length).toBe(9 + 12 + 4);
});

test.each([["Simple", 1], ["Diag", 1], ["Split", 1], ["Xor", 0.95]] as const)("the network of scalars solves %s", (name, accuracy) => {
  expect(train(name)).toBeGreaterThanOrEqual(accuracy);
});
