import { LazyLinear, manualSeed, rand, ReLU, Sequential } from "gradus";

/** Layers that learn the size of their input from the first input. */
export function lazy(): void {
  manualSeed(0);
  const net = new Sequential(new LazyLinear(256), new ReLU(), new LazyLinear(10));
  console.log(net);
  net.call(rand([2, 20]));
  console.log(net);
  for (const [name, parameter] of net.namedParameters()) console.log(name, parameter.shape);
}
