/** What the services of rooms that train have in common. */
import type { Module } from "@gradus/nn";
import type { Scheduled } from "@gradus/optim";
import type { Tensor } from "@gradus/tensor-core";

/** Frees the gradients now. Between two frames nobody would collect them. */
export function forgetGradients(net: Module, optimizer: Scheduled): void {
  for (const parameter of net.parameters()) parameter.grad?.dispose();
  optimizer.zeroGrad();
}

/** Frees all that a network and its optimizer hold. */
export function disposeAll(net: Module, optimizer: Scheduled): void {
  forgetGradients(net, optimizer);
  for (const state of optimizer.state.values()) for (const value of Object.values(state)) (value as Partial<Tensor>).dispose?.();
  for (const leaf of [...net.parameters(), ...net.buffers()]) leaf.dispose();
}

/** Things in a second, without the leaps from one measurement to the next; 0 before the first. */
export class Speed {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  note(things: number, milliseconds: number): void {
    const now = (1000 * things) / Math.max(milliseconds, 0.001);
    this.#value = this.#value === 0 ? now : 0.85 * this.#value + 0.15 * now;
  }
}
