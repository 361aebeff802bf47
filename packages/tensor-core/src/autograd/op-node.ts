import type { Edge, GradNode, InputGradient } from "@gradus/autograd";
import { nextSequence, releasedError } from "@gradus/autograd";
import { AutogradError } from "../errors.js";
import type { Birth } from "./anomaly.js";
import { anomalyWatch } from "./anomaly-watch.js";
import type { Tensor } from "../tensor.js";
import { showShape } from "../shape.js";

/** One gradient per input: null where none flows, or a thunk that is called only if the gradient is needed. */
export type Vjp = (grads: readonly (Tensor | null)[], needed: readonly boolean[]) => readonly InputGradient<Tensor>[];

/** A step of a recorded computation. It owns the values that its derivative needs until a backward pass has used them. */
export class OpNode implements GradNode<Tensor> {
  readonly sequence = nextSequence();
  #inputs: readonly (Edge<Tensor> | null)[] | null;
  #vjp: Vjp | null;
  hooks: GradNode<Tensor>["hooks"];
  /** In anomaly mode: where the op was called, */
  readonly callSite = anomalyWatch?.callSite() ?? null;
  /** and where the first value that is not finite came from, if this op's result has any. */
  birth: Birth | null = null;

  constructor(
    readonly name: string,
    inputs: readonly (Edge<Tensor> | null)[],
    vjp: Vjp,
    readonly outputs = 1,
  ) {
    this.#inputs = inputs;
    this.#vjp = vjp;
  }

  get inputs(): readonly (Edge<Tensor> | null)[] {
    if (this.#inputs === null) throw releasedError(this.name);
    return this.#inputs;
  }

  vjp(grads: readonly (Tensor | null)[], needed: readonly boolean[]): readonly InputGradient<Tensor>[] {
    if (this.#vjp === null) throw releasedError(this.name);
    return this.#vjp(grads, needed);
  }

  release(): void {
    this.#vjp = null;
    this.#inputs = null;
  }
}

/** A value that a derivative will need, with the version it had. */
export class Saved {
  readonly #version: number;

  /** @param version - The one at which the value is right, where that is not the present one. */
  constructor(
    readonly op: string,
    readonly tensor: Tensor,
    version = tensor.version,
  ) {
    if (tensor.elements.inference) {
      throw new AutogradError(`${op}: expected a tensor that a backward pass may use, got one of shape ${showShape(tensor.shape)} that was made in inferenceMode; clone() it first`);
    }
    this.#version = version;
  }

  /** @throws {AutogradError} if the value was changed in place after it was saved. */
  get value(): Tensor {
    const { tensor } = this;
    if (tensor.version !== this.#version) {
      throw new AutogradError(
        `${this.op}: expected the ${tensor.dtype} tensor ${showShape(tensor.shape)} that its gradient needs at version ${String(this.#version)}, it was changed in place and is at version ${String(tensor.version)}; use the op that returns a new tensor, or clone() first`,
      );
    }
    return tensor;
  }
}
