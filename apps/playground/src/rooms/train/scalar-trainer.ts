/**
 * The same training on scalars: each weight, each sum, each activation is a number that remembers how it was made. Slow, and nothing is hidden:
 * a layer is two loops, batch normalisation is its formula.
 *
 * @module
 */
import type { Parameter as MarkedLeaf } from "@gradus/autograd";
import { Module, Parameter } from "@gradus/nn/module";
import { Scalar } from "@gradus/scalar-autodiff";
import type { Generator } from "@gradus/tensor-core";
import { losses, optimizers, rateAt } from "./network.js";
import { type ActivationName, isRegression, type LossName, type Setup, widthsOf } from "./setup.js";
import type { Samples, Trainer, Weights } from "./trainer.js";

type Weight = MarkedLeaf<Scalar>;
/** Rows of a batch. */
type Matrix = readonly (readonly Scalar[])[];

const sum = (values: readonly Scalar[]): Scalar => values.reduce((a, b) => a.add(b));
const mean = (values: readonly Scalar[]): Scalar => sum(values).div(values.length);
const absolute = (x: Scalar): Scalar => x.relu().add(x.neg().relu());

/** ln(1 + eˣ), by the formula of the two that does not overflow; both have the same derivative where they meet. */
const softplus = (x: Scalar): Scalar => (x.data > 0 ? x.add(x.neg().exp().add(1).log()) : x.exp().add(1).log());

const activations: Readonly<Record<ActivationName, (x: Scalar) => Scalar>> = {
  relu: (x) => x.relu(),
  leakyRelu: (x) => x.relu().sub(x.neg().relu().mul(0.01)),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  gelu: (x) => x.mul(normalShare(x)),
  silu: (x) => x.mul(x.sigmoid()),
  identity: (x) => x,
};

/**
 * Φ(x), the share of a normal distribution below x, by Abramowitz and Stegun's formula 7.1.26: wrong by 10⁻⁷ at most, and made of what
 * scalars have.
 */
function normalShare(x: Scalar): Scalar {
  const a = absolute(x).mul(Math.SQRT1_2);
  const t = Scalar.from(1).div(a.mul(0.3275911).add(1));
  const series = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].reduce<Scalar>((rest, c) => rest.mul(t).add(c), Scalar.from(0)).mul(t);
  const tail = series.mul(a.mul(a).neg().exp()).mul(0.5);
  return x.data < 0 ? tail : Scalar.from(1).sub(tail);
}

/** The loss of one sample: from its outputs and its target. */
const lossesOf: Readonly<Record<LossName, (outputs: readonly Scalar[], target: number) => Scalar>> = {
  // −log σ(z) or −log(1 − σ(z))
  bce: ([z], target) => softplus(z!).sub(z!.mul(target)),
  crossEntropy: (z, target) => {
    const highest = Math.max(...z.map(({ data }) => data));
    return sum(z.map((each) => each.sub(highest).exp())).log().add(highest).sub(z[target]!);
  },
  mse: ([z], target) => z!.sub(target).mul(z!.sub(target)),
  l1: ([z], target) => absolute(z!.sub(target)),
};

/** A layer by the names that its numbers have in the state of a layer of tensors, each list in the order of the tensor. */
abstract class ScalarLayer extends Module<Scalar> {
  abstract state(): Readonly<Record<string, readonly Scalar[]>>;

  protected parameter(name: string): Weight {
    return this.registerParameter(name, new Parameter(new Scalar(0, { name })));
  }
}

/** `y = x Wᵀ + b`, each weight a parameter of its own. */
class ScalarLinear extends ScalarLayer {
  readonly #weights: readonly (readonly Weight[])[];
  readonly #biases: readonly Weight[];

  constructor(inputs: number, outputs: number) {
    super();
    this.#weights = Array.from({ length: outputs }, (_, o) => Array.from({ length: inputs }, (_, i) => this.parameter(`weight[${o}][${i}]`)));
    this.#biases = Array.from({ length: outputs }, (_, o) => this.parameter(`bias[${o}]`));
  }

  forward(rows: Matrix): Matrix {
    return rows.map((row) => this.#weights.map((weights, o) => weights.reduce<Scalar>((total, w, i) => total.add(w.mul(row[i]!)), this.#biases[o]!)));
  }

  state(): { readonly weight: readonly Scalar[]; readonly bias: readonly Scalar[] } {
    return { weight: this.#weights.flat(), bias: this.#biases };
  }
}

class ScalarBatchNorm extends ScalarLayer {
  readonly #weights: readonly Weight[];
  readonly #biases: readonly Weight[];
  readonly #means: readonly Scalar[];
  readonly #variances: readonly Scalar[];

  constructor(width: number) {
    super();
    const each = <T>(make: (c: number) => T): T[] => Array.from({ length: width }, (_, c) => make(c));
    this.#weights = each((c) => this.parameter(`weight[${c}]`));
    this.#biases = each((c) => this.parameter(`bias[${c}]`));
    this.#means = each(() => Scalar.from(0));
    this.#variances = each(() => Scalar.from(1));
  }

  forward(rows: Matrix): Matrix {
    const n = rows.length;
    const columns = this.#weights.map((weight, c) => {
      const column = rows.map((row) => row[c]!);
      const centre = mean(column);
      const variance = mean(column.map((x) => x.sub(centre).mul(x.sub(centre))));
      this.#means[c]!.data += 0.1 * (centre.data - this.#means[c]!.data);
      this.#variances[c]!.data += 0.1 * ((variance.data * n) / (n - 1) - this.#variances[c]!.data);
      const scale = variance.add(1e-5).pow(-0.5).mul(weight);
      return column.map((x) => x.sub(centre).mul(scale).add(this.#biases[c]!));
    });
    return rows.map((_, i) => columns.map((column) => column[i]!));
  }

  state(): Readonly<Record<string, readonly Scalar[]>> {
    return { weight: this.#weights, bias: this.#biases, running_mean: this.#means, running_var: this.#variances };
  }
}

/** A network of scalars, from the weights that a network of tensors starts with. */
class ScalarNetwork extends Module<Scalar> {
  readonly #setup: Setup;
  readonly #generator: Generator;
  readonly #layers: readonly { readonly linear: ScalarLinear; readonly norm: ScalarBatchNorm | null }[];
  /** By the names that the state of the tensors' network has. */
  readonly #state = new Map<string, readonly Scalar[]>();

  constructor(setup: Setup, generator: Generator, start: Weights) {
    super();
    [this.#setup, this.#generator] = [setup, generator];
    const widths = widthsOf(setup);
    let place = 0;
    const add = <L extends ScalarLayer>(layer: L): L => {
      this.registerModule(String(place), layer);
      for (const [name, values] of Object.entries(layer.state())) {
        values.forEach((value, i) => (value.data = start[`${place}.${name}`]![i]!));
        this.#state.set(`${place}.${name}`, values);
      }
      place++;
      return layer;
    };
    this.#layers = widths.slice(1).map((width, i) => {
      const linear = add(new ScalarLinear(widths[i]!, width));
      const norm = setup.batchNorm && i < setup.layers.length ? add(new ScalarBatchNorm(width)) : null;
      // Activation and dropout have places of their own.
      place += setup.dropout > 0 ? 2 : 1;
      return { linear, norm };
    });
  }

  forward(rows: Matrix): Matrix {
    const { activation, dropout } = this.#setup;
    return this.#layers.reduce((input, { linear, norm }, i) => {
      const sums = linear.call(input);
      if (i === this.#layers.length - 1) return sums;
      const active = (norm?.call(sums) ?? sums).map((row) => row.map(activations[activation]));
      return dropout === 0 ? active : active.map((row) => row.map((x) => x.mul(this.#generator.uniformDouble() < dropout ? 0 : 1 / (1 - dropout))));
    }, rows);
  }

  /** The weights of the linear layers, biases left out. */
  weights(): readonly Scalar[] {
    return this.#layers.flatMap(({ linear }) => linear.state().weight);
  }

  state(): readonly (readonly [name: string, values: readonly Scalar[]])[] {
    return [...this.#state];
  }
}

const floats = (values: readonly number[]): Float32Array => Float32Array.from(values);

export function scalarTrainer(setup: Setup, samples: Samples, start: Weights, generator: Generator): Trainer {
  const net = new ScalarNetwork(setup, generator, start);
  const optimizer = optimizers[setup.optimizer](net.parameters(), setup.learningRate);
  const { target } = losses[setup.loss];
  const lossOf = lossesOf[setup.loss];
  let scalars = net.parameters().length;

  const penalty = (): Scalar | null => {
    if (setup.regularization === "none" || setup.regularizationRate === 0) return null;
    return sum(net.weights().map((w) => (setup.regularization === "l1" ? absolute(w) : w.mul(w).mul(0.5)))).mul(setup.regularizationRate);
  };

  return {
    step(step, batch) {
      for (const group of optimizer.paramGroups) group.lr = rateAt(setup, step);
      optimizer.zeroGrad();
      const inputs = batch.map((row) => Array.from({ length: samples.width }, (_, f) => Scalar.from(samples.features[row * samples.width + f]!)));
      const outputs = net.call(inputs);
      const loss = mean(outputs.map((row, i) => lossOf(row, target(samples.targets[batch[i]!]!, isRegression(setup.dataset)))));
      const extra = penalty();
      // The pass meets every node once; counting them there costs nothing.
      let nodes = 0;
      (extra === null ? loss : loss.add(extra)).backward(1, { observer: { visit: () => { nodes++; } } });
      scalars = nodes;
      optimizer.step();
      return loss.data;
    },
    read() {
      const entries = net.state();
      const weights = Object.fromEntries(entries.map(([name, values]) => [name, floats(values.map(({ data }) => data))]));
      const moved = entries.filter(([, [first]]) => first?.derivative != null);
      const gradients = Object.fromEntries(moved.map(([name, values]) => [name, floats(values.map(({ derivative }) => derivative ?? 0))]));
      return Promise.resolve({ weights, gradients });
    },
    memory: () => ({ scalars }),
    dispose: () => undefined,
  };
}
