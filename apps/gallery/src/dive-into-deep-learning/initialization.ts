import { init, Linear, manualSeed, type Module, noGrad, rand, ReLU, Sequential } from "gradus";

/** Functions that `apply` calls with every module of a network, or of a part of it. */
type Initializer = (module: Module) => void;

const initNormal: Initializer = (module) => {
  if (!(module instanceof Linear)) return;
  init.normal_(module.weight, 0, 0.01);
  init.zeros_(module.bias!);
};

const initConstant: Initializer = (module) => {
  if (!(module instanceof Linear)) return;
  init.constant_(module.weight, 1);
  init.zeros_(module.bias!);
};

const initXavier: Initializer = (module) => {
  if (module instanceof Linear) init.xavierUniform_(module.weight);
};

const init42: Initializer = (module) => {
  if (module instanceof Linear) init.constant_(module.weight, 42);
};

/** w ~ U(5, 10) with probability 1/4, U(−10, −5) with probability 1/4, else 0. */
const myInit: Initializer = (module) => {
  if (!(module instanceof Linear)) return;
  console.log("Init", module.namedParameters().map(([name, { shape }]) => `${name} ${shape.join("×")}`)[0]);
  init.uniform_(module.weight, -10, 10);
  const { data } = module.weight;
  data.mul_(data.abs().ge(5));
};

/** How parameters start. */
export function initialization(): void {
  manualSeed(0);
  const net = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 1));

  net.apply(initNormal);
  console.log("normal:", net[0].weight.data.get(0), net[0].bias?.data.get(0));

  net.apply(initConstant);
  console.log("constant:", net[0].weight.data.get(0), net[0].bias?.data.get(0));

  net[0].apply(initXavier);
  net[2].apply(init42);
  console.log("Xavier:", net[0].weight.data.get(0));
  console.log("42:", net[2].weight.data);

  net.apply(myInit);
  console.log("my own:", net[0].weight.slice(0, 0, 2));

  // Whatever else there is to do to a parameter.
  noGrad(() => net[0].weight.add_(1));
  net[0].weight.data.set([0, 0], 42);
  console.log("by hand:", net[0].weight.data.get(0));
  console.log(net.call(rand([2, 4])).shape);
}
