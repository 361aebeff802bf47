import { Linear, manualSeed, type Module, rand, ReLU, Sequential } from "gradus";

/** How to reach the parameters of a network, and how layers share them. */
export function parameters(): void {
  manualSeed(0);
  const net = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 1));
  const x = rand([2, 4]);
  console.log(net.call(x).shape);

  console.log("\nOne layer:");
  for (const [name, value] of Object.entries(net[2].stateDict())) console.log(name, value);
  console.log(net[2].bias);
  console.log(net[2].bias?.data);
  console.log("has a gradient:", net[2].weight.grad !== null);

  console.log("\nAll at once:");
  for (const [name, parameter] of net.namedParameters()) console.log(name, parameter.shape);
  console.log(net.stateDict()["2.bias"]);

  console.log("\nOf blocks in blocks:");
  const block = (): Module => new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 4), new ReLU());
  const blocks = new Sequential();
  for (let i = 0; i < 4; i++) blocks.registerModule(`block ${i}`, block());
  const nested = new Sequential(blocks, new Linear(4, 1));
  console.log(nested);
  console.log(nested.getParameter("0.block 1.0.bias").data);

  console.log("\nShared:");
  const shared = new Linear(8, 8);
  const tied = new Sequential(new Linear(4, 8), new ReLU(), shared, new ReLU(), shared, new ReLU(), new Linear(8, 1));
  tied[2].weight.data.set([0, 0], 100);
  console.log("one object, not two that are equal:", tied[2].weight === tied[4].weight, tied[4].weight.get(0, 0));
  console.log(tied.parameters().length, "parameters,", Object.keys(tied.stateDict()).length, "names");
  tied.call(x).sum().backward();
  // The layer is used twice, so two gradients have been added up.
  console.log(shared.bias?.grad);
}
