import { createRequire } from "node:module";
import type { Case, Run } from "../protocol.js";
import { serve } from "../serve.js";

/** What is used of js-pytorch, which is in the folder of peers. */
interface JsTensor {
  backward(): void;
}
interface Layer {
  forward(...inputs: JsTensor[]): JsTensor;
}
interface JsPyTorch {
  randn(shape: number[], requiresGrad?: boolean): JsTensor;
  randint(low: number, high: number, shape: number[]): JsTensor;
  matmul(a: JsTensor, b: JsTensor): JsTensor;
  add(a: JsTensor, b: JsTensor): JsTensor;
  exp(a: JsTensor): JsTensor;
  readonly nn: {
    readonly Module: new () => Layer & { parameters(): unknown[] };
    readonly Linear: new (inputs: number, outputs: number) => Layer;
    readonly ReLU: new () => Layer;
    readonly CrossEntropyLoss: new () => Layer;
  };
  readonly optim: { readonly Adam: new (parameters: unknown[], lr: number, decay: number) => { step(): void; zero_grad(): void } };
}

const { torch } = createRequire(new URL("../../peers/package.json", import.meta.url))("js-pytorch") as { readonly torch: JsPyTorch };
const { nn } = torch;

function network(sizes: readonly number[]): InstanceType<typeof nn.Module> {
  class Network extends nn.Module {
    readonly layers: Layer[] = [];

    constructor() {
      super();
      // Parameters are found in properties that are modules, not in arrays.
      const own = this as unknown as Record<string, Layer>;
      sizes.slice(1).forEach((outputs, i) => {
        this.layers.push((own[`linear${i}`] = new nn.Linear(sizes[i]!, outputs)));
        if (i < sizes.length - 2) this.layers.push((own[`relu${i}`] = new nn.ReLU()));
      });
    }

    override forward(x: JsTensor): JsTensor {
      return this.layers.reduce((y, layer) => layer.forward(y), x);
    }
  }
  return new Network();
}

const training = (sizes: readonly number[], batch: number): Case => (): Run => {
  const model = network(sizes);
  const optimizer = new torch.optim.Adam(model.parameters(), 1e-3, 0);
  const loss = new nn.CrossEntropyLoss();
  const [x, y] = [torch.randn([batch, sizes[0]!]), torch.randint(0, sizes.at(-1)!, [batch])];
  return () => {
    loss.forward(model.forward(x), y).backward();
    optimizer.step();
    optimizer.zero_grad();
  };
};

const of = (f: (...inputs: JsTensor[]) => JsTensor, ...shapes: number[][]): Case => () => {
  const inputs = shapes.map((shape) => torch.randn(shape));
  return () => void f(...inputs);
};

await serve({
  "matmul 512": of((a, b) => torch.matmul(a, b), [512, 512], [512, 512]),
  "matmul 64": of((a, b) => torch.matmul(a, b), [64, 64], [64, 64]),
  "add 1e6": of((a, b) => torch.add(a, b), [1000, 1000], [1000, 1000]),
  "exp 1e6": of((x) => torch.exp(x), [1000, 1000]),
  "add 4": of((a, b) => torch.add(a, b), [4], [4]),
  "add 4 with grad": () => {
    const [a, b] = [torch.randn([4], true), torch.randn([4])];
    return () => void torch.add(a, b);
  },
  "step a (MLP), Adam": training([784, 256, 128, 10], 64),
  // It has no mean squared error: cross-entropy of two classes.
  "step e (tiny), Adam": training([2, 10, 10, 2], 50),
});
