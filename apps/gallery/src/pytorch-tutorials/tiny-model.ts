import { Linear, manualSeed, Module, ReLU, Softmax, type Tensor } from "gradus";

/** A model is a class: its layers are its fields, and `forward` says how they are joined. */
class TinyModel extends Module {
  readonly linear1 = new Linear(100, 200);
  readonly activation = new ReLU();
  readonly linear2 = new Linear(200, 10);
  readonly softmax = new Softmax();

  forward(x: Tensor): Tensor {
    const hidden = this.activation.call(this.linear1.call(x));
    return this.softmax.call(this.linear2.call(hidden));
  }
}

export function tinyModel(): void {
  manualSeed(0);
  const model = new TinyModel();

  console.log("The model:");
  console.log(model);

  console.log("\nJust one layer:");
  console.log(model.linear2);

  console.log("\nModel params:");
  for (const parameter of model.parameters()) console.log(parameter);

  console.log("\nLayer params:");
  for (const parameter of model.linear2.parameters()) console.log(parameter);
}
