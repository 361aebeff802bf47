import type { DeviceLike, DType, Tensor } from "@gradus/tensor-core";
import type { Leaf, Parameter as MarkedLeaf } from "@gradus/autograd";
import { Module as AnyModule, Parameter as AnyParameter } from "./module.js";
import type { ParameterConstructor } from "./module.js";

/** A tensor that a module learns. */
export type Parameter<L extends Leaf = Tensor> = MarkedLeaf<L>;
export const Parameter: ParameterConstructor = AnyParameter;

/**
 * The base of networks and layers of tensors; `module.ts` says what it is. Modules of scalars extend the `Module` of
 * `@gradus/nn/module` directly.
 *
 * @see torch.nn.Module
 * @example
 * class Net extends Module {
 *   readonly hidden = new Linear(4, 3);
 *   readonly output = new Linear(3, 2);
 *   forward(x: Tensor): Tensor {
 *     return this.output.call(this.hidden.call(x).relu());
 *   }
 * }
 * const net = new Net();
 * net.call(ones([5, 4])).shape; // [5, 2]
 * Object.keys(net.stateDict()); // ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
 */
export abstract class Module extends AnyModule<Tensor> {
  /**
   * Moves parameters and buffers to a device, or converts those that are floating to another element type, in place: an
   * optimizer that knows the parameters goes on knowing them.
   *
   * @see torch.nn.Module.to
   */
  to(target: DType | DeviceLike): this {
    for (const leaf of [...this.parameters(), ...this.buffers()]) {
      if (typeof target === "string" && !leaf.isFloatingPoint()) continue;
      leaf.data = leaf.data.to(target);
      if (leaf.grad !== null) leaf.grad.data = leaf.grad.data.to(target);
    }
    return this;
  }

  /** Converts floating parameters and buffers to float32. */
  float(): this {
    return this.to("float32");
  }

  /** Converts floating parameters and buffers to float64. */
  double(): this {
    return this.to("float64");
  }
}
