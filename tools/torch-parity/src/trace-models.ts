import { LeNet } from "@gradus/models";
import type { Module } from "@gradus/nn";
import { Linear, Module as Base } from "@gradus/nn";
import type { Tensor } from "@gradus/tensor-core";

/** The networks that the traces train, by their names there. */

class MLP extends Base {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;

  constructor({ i, h, o }: Readonly<Record<"i" | "h" | "o", number>>) {
    super();
    this.fc1 = new Linear(i, h);
    this.fc2 = new Linear(h, h);
    this.fc3 = new Linear(h, o);
  }

  forward(x: Tensor): Tensor {
    return this.fc3.call(this.fc2.call(this.fc1.call(x).relu()).tanh());
  }
}

export const traceModels: Readonly<Record<string, (options: Readonly<Record<string, never>>) => Module>> = {
  MLP: (options) => new MLP(options),
  LeNet: () => new LeNet(),
};
