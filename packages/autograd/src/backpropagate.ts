/**
 * Reverse-mode automatic differentiation, for every kind of value.
 *
 * A computation leaves a graph of nodes behind, each pointing at the nodes that it was computed from. The sweep below walks the
 * graph from the results towards the leaves and applies the chain rule at each node:
 *
 *   ∂L/∂inputᵢ  =  Σ over the uses of inputᵢ of  (∂L/∂output) · (∂output/∂inputᵢ)
 *
 * A node runs once, when the gradients from all of its uses have met in a sum, and its vector–Jacobian product (`vjp`) turns that
 * sum into one gradient for each of its inputs. Nothing here knows whether a gradient is a number or a tensor.
 *
 * @module
 */
import type { Edge, GradNode } from "./grad-node.js";
import { ReadyQueue } from "./ready-queue.js";

/** What the sweep must be able to do with gradients. The optional calls let an owner of device memory count. */
export interface GradientAlgebra<G> {
  add(a: G, b: G): G;
  /** A gradient is now waiting at a node, or is among the results. */
  hold?(grad: G): void;
  /** A gradient that was waiting has been consumed. */
  release?(grad: G): void;
  /** A node is done: whatever it allocated and nobody holds may be freed. */
  settle?(): void;
}

/** Sees each step of a sweep. What it is handed belongs to the sweep: an observer that keeps a device's gradient must copy it. */
export interface Observer<G> {
  /** The sweep starts with `grad` at a root; all that has come to that edge so far is `total`. */
  seed?(edge: Edge<G>, grad: G, total: G): void;
  /** The finished gradients of a node's outputs (null: none came), before the chain rule is applied. */
  visit?(node: GradNode<G>, grads: readonly (G | null)[]): void;
  /** The chain rule gave input `index` of `node` the gradient `grad`; all that has come to that input's edge so far is `total`. */
  pass?(node: GradNode<G>, index: number, grad: G, total: G): void;
  /** A leaf has taken its gradient. */
  accumulate?(leaf: GradNode<G>, grad: G): void;
}

export interface BackpropagateOptions<G> {
  /** Where the sweep starts, and with which gradients. */
  readonly roots: readonly { readonly edge: Edge<G>; readonly grad: G }[];
  readonly algebra: GradientAlgebra<G>;
  /**
   * With `inputs` the sweep visits only what leads to them, accumulates into no leaf, and returns their gradients
   * (`torch.autograd.grad`).
   */
  readonly inputs?: readonly Edge<G>[] | undefined;
  /** Keep the values that nodes saved, so that the same graph can be swept again. */
  readonly retainGraph?: boolean | undefined;
  readonly observer?: Observer<G> | undefined;
}

/**
 * Sweeps a graph from its roots towards its leaves.
 *
 * Iterative, so that depth costs no stack; without state of its own, so that a `vjp` may itself call `backpropagate`.
 * Should a node throw, everything that still waits is released and the error passes on unchanged.
 *
 * @returns One gradient for each requested input, null where no root depends on it; still held, for the caller to release.
 *   Without `inputs`, an empty array.
 */
export function backpropagate<G>(options: BackpropagateOptions<G>): readonly (G | null)[] {
  return new Sweep(options).run();
}

/** The sweep's notes on one node. */
class Task<G> {
  /** The tasks of the node's inputs. */
  producers: readonly (Task<G> | null)[] = [];
  /** How many uses of this node's outputs have not passed their gradients yet. */
  pending = 0;
  /** The sums of the gradients that have arrived, by output; null while none has. */
  waiting: (G | null)[] | null = null;
  /** Whether the node's own step is to be taken. Otherwise at most its gradient is read. */
  runs = true;
  /** Whether somebody asked for the gradient of one of its outputs. */
  requested = false;
  readonly priority: number;

  constructor(
    readonly node: GradNode<G>,
    readonly index: number,
  ) {
    // A leaf only hands its gradient over: the sooner, the sooner memory is free.
    this.priority = node.accumulate === undefined ? (node.sequence ?? 0) : Infinity;
  }

  get wanted(): boolean {
    return this.runs || this.requested;
  }
}

class Sweep<G> {
  readonly #options: BackpropagateOptions<G>;
  readonly #algebra: GradientAlgebra<G>;
  readonly #tasks = new Map<GradNode<G>, Task<G>>();
  readonly #results: (G | null)[];

  constructor(options: BackpropagateOptions<G>) {
    this.#options = options;
    this.#algebra = options.algebra;
    this.#results = (options.inputs ?? []).map(() => null);
  }

  run(): readonly (G | null)[] {
    this.#discover();
    if (this.#options.inputs !== undefined) this.#keepOnlyWhatLeadsTo(this.#options.inputs);
    try {
      this.#walk();
    } catch (error) {
      this.#releaseEverything();
      throw error;
    }
    return this.#results;
  }

  /** Finds every node behind the roots and counts how many uses each has. */
  #discover(): void {
    const tasks = this.#tasks;
    const open: Task<G>[] = [];
    const taskOf = (node: GradNode<G>): Task<G> => {
      let task = tasks.get(node);
      if (task === undefined) {
        task = new Task(node, tasks.size);
        tasks.set(node, task);
        open.push(task);
      }
      return task;
    };
    for (const { edge } of this.#options.roots) taskOf(edge.node);
    for (let task = open.pop(); task !== undefined; task = open.pop()) {
      task.producers = task.node.inputs.map((edge) => {
        if (edge === null) return null;
        const producer = taskOf(edge.node);
        producer.pending++;
        return producer;
      });
    }
  }

  /** Marks the way from the roots to the requested inputs; all else neither runs nor receives a gradient. */
  #keepOnlyWhatLeadsTo(inputs: readonly Edge<G>[]): void {
    const consumers = new Map<Task<G>, Task<G>[]>();
    for (const task of this.#tasks.values()) {
      task.runs = false;
      for (const producer of task.producers) {
        if (producer === null) continue;
        const list = consumers.get(producer);
        if (list === undefined) consumers.set(producer, [task]);
        else list.push(task);
      }
    }
    const open: Task<G>[] = [];
    for (const { node } of inputs) {
      const task = this.#tasks.get(node);
      if (task === undefined || task.requested) continue;
      task.requested = true;
      open.push(task);
    }
    for (let task = open.pop(); task !== undefined; task = open.pop()) {
      for (const consumer of consumers.get(task) ?? []) {
        if (consumer.runs) continue;
        consumer.runs = true;
        open.push(consumer);
      }
    }
  }

  /** Runs each node once, after all nodes that use it. */
  #walk(): void {
    const ready = new ReadyQueue<Task<G>>();
    for (const { edge, grad } of this.#options.roots) {
      const task = this.#tasks.get(edge.node)!;
      if (!task.wanted) continue;
      const total = this.#deliver(task, edge.slot, grad);
      this.#options.observer?.seed?.(edge, grad, total);
    }
    for (const { edge } of this.#options.roots) {
      const task = this.#tasks.get(edge.node)!;
      // A root that another root uses becomes ready later; -1 keeps a root that is named twice from entering twice.
      if (task.pending !== 0 || !task.wanted) continue;
      task.pending = -1;
      ready.push(task);
    }
    for (let task = ready.pop(); task !== undefined; task = ready.pop()) {
      this.#take(task);
      for (const producer of task.producers) {
        if (producer !== null && --producer.pending === 0 && producer.wanted) ready.push(producer);
      }
    }
  }

  /** Adds a gradient to what already waits at an output, and returns the sum. */
  #deliver(task: Task<G>, slot: number, grad: G): G {
    const algebra = this.#algebra;
    task.waiting ??= task.node.outputs === undefined ? [null] : new Array<null>(task.node.outputs).fill(null);
    const waiting = task.waiting[slot] ?? null;
    const total = waiting === null ? grad : algebra.add(waiting, grad);
    algebra.hold?.(total);
    task.waiting[slot] = total;
    if (waiting !== null) algebra.release?.(waiting);
    return total;
  }

  /** All gradients of this node have come: use them. */
  #take(task: Task<G>): void {
    const { node, waiting: grads } = task;
    if (grads !== null) {
      if (node.hooks !== undefined) this.#applyHooks(node.hooks, grads);
      if (task.requested) this.#collect(node, grads);
      if (task.runs) this.#step(task, grads);
      task.waiting = null;
      for (const grad of grads) if (grad !== null) this.#algebra.release?.(grad);
    }
    if (task.runs && this.#options.retainGraph !== true) node.release?.();
    this.#algebra.settle?.();
  }

  #applyHooks(hooks: NonNullable<GradNode<G>["hooks"]>, grads: (G | null)[]): void {
    for (const [slot, grad] of grads.entries()) {
      if (grad === null) continue;
      const replacement = hooks.apply(slot, grad);
      if (replacement === grad) continue;
      this.#algebra.hold?.(replacement);
      grads[slot] = replacement;
      this.#algebra.release?.(grad);
    }
  }

  #collect(node: GradNode<G>, grads: readonly (G | null)[]): void {
    for (const [i, edge] of this.#options.inputs!.entries()) {
      const grad = edge.node === node ? (grads[edge.slot] ?? null) : null;
      if (grad === null) continue;
      this.#algebra.hold?.(grad);
      this.#results[i] = grad;
    }
  }

  /** The chain rule at one node. */
  #step(task: Task<G>, grads: readonly (G | null)[]): void {
    const { node, producers } = task;
    const { observer } = this.#options;
    observer?.visit?.(node, grads);
    if (node.accumulate !== undefined) {
      node.accumulate(grads[0]!);
      observer?.accumulate?.(node, grads[0]!);
      return;
    }
    if (node.vjp === undefined) return;
    const needed = producers.map((producer) => producer?.wanted === true);
    // Read before vjp: a nested sweep over the same nodes may release them.
    const edges = node.inputs;
    const results = node.vjp(grads, needed);
    if (results.length !== edges.length) {
      throw new Error(`${node.name}: expected one gradient for each of its ${edges.length} inputs, got ${results.length}`);
    }
    for (let i = 0; i < results.length; i++) {
      if (!needed[i]) continue;
      const result = results[i] as G | null | (() => G | null);
      const grad = typeof result === "function" ? (result as () => G | null)() : result;
      if (grad === null) continue;
      const total = this.#deliver(producers[i]!, edges[i]!.slot, grad);
      observer?.pass?.(node, i, grad, total);
    }
  }

  /** After an error: nothing that still waits will be consumed. */
  #releaseEverything(): void {
    const algebra = this.#algebra;
    for (const { waiting } of this.#tasks.values()) {
      for (const grad of waiting ?? []) if (grad !== null) algebra.release?.(grad);
    }
    for (const grad of this.#results) if (grad !== null) algebra.release?.(grad);
    algebra.settle?.();
  }
}
