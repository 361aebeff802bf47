import { functional as F, Linear, manualSeed, Module, Parameter, rand, randn, Sequential, type Tensor, tensor } from "gradus";

/** A layer without parameters. */
export class CenteredLayer extends Module {
  forward(x: Tensor): Tensor {
    return x.sub(x.mean());
  }
}

/** A layer with parameters of its own. */
export class MyLinear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inUnits: number, units: number) {
    super();
    this.weight = new Parameter(randn([inUnits, units]));
    this.bias = new Parameter(randn([units]));
  }

  forward(x: Tensor): Tensor {
    return F.relu(x.matmul(this.weight).add(this.bias));
  }
}

/** A layer is a class with a `forward`, and stands in a network like those that come with the library. */
export function customLayers(): void {
  manualSeed(0);
  console.log(new CenteredLayer().call(tensor([1, 2, 3, 4, 5])));
  const centered = new Sequential(new Linear(8, 128), new CenteredLayer());
  console.log("mean of what is centred is about 0:", centered.call(rand([4, 8])).mean().abs().lt(1e-6));

  const linear = new MyLinear(5, 3);
  console.log(linear.weight);
  console.log(linear.call(rand([2, 5])));
  const net = new Sequential(new MyLinear(64, 8), new MyLinear(8, 1));
  console.log(net);
  console.log(net.call(rand([2, 64])));
}
