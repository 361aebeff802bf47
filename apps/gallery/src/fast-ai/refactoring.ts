import { allclose, functional as F, Linear, manualSeed, ones, randn, ReLU, Sequential, type Tensor, zeros } from "gradus";
import { digits } from "./digits.js";

/*
 * The network of `backward.ts` twice more. First each layer is a class that knows how a gradient passes back through it, and a base class keeps
 * what they have in common: inputs and output of the last call. Then the layers are the library's.
 */

/** What can be called, and asked for the gradients of what it was called with. */
abstract class Layer {
  #inputs: readonly Tensor[] = [];

  call(...inputs: readonly Tensor[]): Tensor {
    this.#inputs = inputs;
    return this.forward(...inputs);
  }

  /** @returns The gradient of the first input. */
  backward(upstream: Tensor): Tensor {
    return this.gradient(upstream, ...this.#inputs);
  }

  protected abstract forward(...inputs: readonly Tensor[]): Tensor;
  protected abstract gradient(upstream: Tensor, ...inputs: readonly Tensor[]): Tensor;
}

class Relu extends Layer {
  protected forward(x: Tensor): Tensor {
    return x.clampMin(0);
  }

  protected gradient(upstream: Tensor, x: Tensor): Tensor {
    return x.gt(0).mul(upstream);
  }
}

class Lin extends Layer {
  wGradient: Tensor | null = null;
  bGradient: Tensor | null = null;

  constructor(
    readonly w: Tensor,
    readonly b: Tensor,
  ) {
    super();
  }

  protected forward(x: Tensor): Tensor {
    return x.matmul(this.w).add(this.b);
  }

  protected gradient(upstream: Tensor, x: Tensor): Tensor {
    this.wGradient = x.t().matmul(upstream);
    this.bGradient = upstream.sum({ dim: 0 });
    return upstream.matmul(this.w.t());
  }
}

class Mse extends Layer {
  protected forward(output: Tensor, target: Tensor): Tensor {
    return output.squeeze(-1).sub(target).square().mean();
  }

  protected gradient(upstream: Tensor, output: Tensor, target: Tensor): Tensor {
    return output.squeeze(-1).sub(target).unsqueeze(-1).mul(upstream.mul(2 / target.shape[0]!));
  }
}

/** Layers, one after another, and a loss. */
class Model {
  readonly #loss = new Mse();

  constructor(readonly layers: readonly Layer[]) {}

  call(x: Tensor, target: Tensor): Tensor {
    return this.#loss.call(this.layers.reduce((y, layer) => layer.call(y), x), target);
  }

  backward(): void {
    this.layers.reduceRight((upstream, layer) => layer.backward(upstream), this.#loss.backward(ones([])));
  }
}

/** Layers that know their gradients, and layers whose gradients are recorded. */
export async function refactoring(): Promise<void> {
  const { xTrain: x, yTrain } = await digits();
  const y = yTrain.to("float32");
  manualSeed(0);
  const [inputs, hidden] = [x.shape[1]!, 50];

  const first = new Lin(randn([inputs, hidden]).mul(Math.sqrt(2 / inputs)), zeros([hidden]));
  const last = new Lin(randn([hidden, 1]).div(Math.sqrt(hidden)), zeros([1]));
  const model = new Model([first, new Relu(), last]);
  console.log("loss of our layers:", model.call(x, y));
  model.backward();

  const net = new Sequential(new Linear(inputs, hidden), new ReLU(), new Linear(hidden, 1));
  // The library's layers keep their weights as [outputs, inputs].
  net.loadStateDict({ "0.weight": first.w.t(), "0.bias": first.b, "2.weight": last.w.t(), "2.bias": last.b });
  const loss = F.mseLoss(net.call(x).squeeze(-1), y);
  console.log("loss of the library's:", loss);
  loss.backward();

  for (const [name, ours, theirs] of [
    ["w1", first.wGradient?.t(), net[0].weight.grad],
    ["b1", first.bGradient, net[0].bias?.grad],
    ["w2", last.wGradient?.t(), net[2].weight.grad],
    ["b2", last.bGradient, net[2].bias?.grad],
  ] as const) {
    console.log(`gradient of ${name}: equal to the library's:`, allclose(ours!, theirs!, { rtol: 1e-3, atol: 1e-5 }));
  }
}
