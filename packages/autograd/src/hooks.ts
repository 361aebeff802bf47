/** Sees a finished gradient; what it returns, unless undefined, takes the gradient's place. */
export type GradientHook<G> = (grad: G) => G | undefined;

/** The gradient hooks of one node, by output slot, called in the order in which they were added. */
export class GradientHooks<G> {
  readonly #slots = new Map<number, Set<{ readonly hook: GradientHook<G> }>>();

  /** Adds a hook and returns the function that removes it again. */
  add(slot: number, hook: GradientHook<G>): () => void {
    let entries = this.#slots.get(slot);
    if (entries === undefined) this.#slots.set(slot, (entries = new Set()));
    // An entry of its own for each call: the same function may be added twice, and each removal removes one.
    const entry = { hook };
    entries.add(entry);
    return () => void entries.delete(entry);
  }

  /** Passes a gradient through the hooks of an output. */
  apply(slot: number, grad: G): G {
    let result = grad;
    for (const { hook } of this.#slots.get(slot) ?? []) result = hook(result) ?? result;
    return result;
  }
}
