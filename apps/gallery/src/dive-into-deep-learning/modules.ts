import { functional as F, Linear, manualSeed, Module, rand, ReLU, Sequential, type Tensor } from "gradus";

/** A multilayer perceptron as a class of its own. */
class MLP extends Module {
  readonly hidden = new Linear(20, 256);
  readonly out = new Linear(256, 10);

  forward(x: Tensor): Tensor {
    return this.out.call(F.relu(this.hidden.call(x)));
  }
}

/** What `Sequential` does: each module reads what the one before it gives. */
export class MySequential extends Module {
  constructor(...modules: readonly Module[]) {
    super();
    for (const [i, module] of modules.entries()) this.registerModule(String(i), module);
  }

  forward(x: Tensor): Tensor {
    return this.children().reduce((y, module) => module.call(y) as Tensor, x);
  }
}

/** Control flow in `forward` is that of the language. A loop over values awaits them, so it runs on every device. */
export class FixedHiddenMLP extends Module {
  /** Weights that are not learned. */
  readonly randWeight = this.registerBuffer("randWeight", rand([20, 20]));
  readonly linear = new Linear(20, 20);

  async forward(input: Tensor): Promise<Tensor> {
    let x = this.linear.call(input);
    x = F.relu(x.matmul(this.randWeight).add(1));
    // The same layer once more: it shares its parameters with itself.
    x = this.linear.call(x);
    while ((await x.abs().sum().item()) > 1) x = x.div(2);
    return x.sum();
  }
}

/** Modules nest. */
class NestMLP extends Module {
  readonly net = new Sequential(new Linear(20, 64), new ReLU(), new Linear(64, 32), new ReLU());
  readonly linear = new Linear(32, 16);

  forward(x: Tensor): Tensor {
    return this.linear.call(this.net.call(x));
  }
}

/** Layers and modules: five ways to build a network. */
export async function modules(): Promise<void> {
  manualSeed(0);
  const x = rand([2, 20]);

  const net = new Sequential(new Linear(20, 256), new ReLU(), new Linear(256, 10));
  console.log("Sequential:", net.call(x));

  console.log("MLP:", new MLP().call(x));

  console.log("MySequential:", new MySequential(new Linear(20, 256), new ReLU(), new Linear(256, 10)).call(x));

  const fixed = new FixedHiddenMLP();
  const sum = await fixed.call(x);
  console.log("FixedHiddenMLP:", sum);
  sum.backward();
  console.log("learns", fixed.namedParameters().map(([name]) => name).join(", "));
  console.log("gradient of its bias:", fixed.linear.bias?.grad);

  const chimera = new Sequential(new NestMLP(), new Linear(16, 20), new FixedHiddenMLP());
  console.log(chimera);
  console.log("chimera:", await chimera.call(x));
}
