/** Sees a finished gradient; what it returns, unless undefined, takes the gradient's place. */
export type GradientHook<G> = (grad: G) => G | undefined;

/** Functions by output slot, in the order in which they were added. */
class Slots<F> {
  readonly #slots = new Map<number, Set<{ readonly call: F }>>();

  add(slot: number, call: F): () => void {
    let entries = this.#slots.get(slot);
    if (entries === undefined) this.#slots.set(slot, (entries = new Set()));
    // An entry of its own for each call: the same function may be added twice, and each removal removes one.
    const entry = { call };
    entries.add(entry);
    return () => void entries.delete(entry);
  }

  at(slot: number): Iterable<{ readonly call: F }> {
    return this.#slots.get(slot) ?? [];
  }
}

/** The gradient hooks of one node, by output slot. */
export class GradientHooks<G> {
  readonly #hooks = new Slots<GradientHook<G>>();
  readonly #observers = new Slots<(grad: G) => void>();

  /** Adds a hook, to be called after those that are there, and returns the function that removes it again. */
  add(slot: number, hook: GradientHook<G>): () => void {
    return this.#hooks.add(slot, hook);
  }

  /** Adds a function that sees the gradient as all hooks have left it, also those added later; returns the one that removes it. */
  observe(slot: number, observer: (grad: G) => void): () => void {
    return this.#observers.add(slot, observer);
  }

  /** Passes a gradient through the hooks of an output. */
  apply(slot: number, grad: G): G {
    let result = grad;
    for (const { call } of this.#hooks.at(slot)) result = call(result) ?? result;
    for (const { call } of this.#observers.at(slot)) call(result);
    return result;
  }
}
