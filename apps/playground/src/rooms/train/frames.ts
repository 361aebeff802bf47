/** What the worker tells the page. Everything is plain data. */
export interface Points {
  /** x₁, x₂ of each point, in [−1, 1] without noise. */
  readonly coordinates: Float64Array;
  /** The class, 0 or 1; in regression the value, in [−1, 1]. */
  readonly targets: Float64Array;
}

export interface Opening {
  readonly train: Points;
  readonly test: Points;
  /** Surfaces have `resolution`² values, from the upper left corner, row after row. */
  readonly resolution: number;
  /** Each input feature over the plane. */
  readonly features: readonly Float32Array[];
  readonly parameters: number;
  readonly frame: Frame;
}

export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
  /** Share of the values that are exactly zero. */
  readonly zeros: number;
}

export interface Score {
  readonly loss: number;
  /** Share of right answers; null in regression. */
  readonly accuracy: number | null;
}

/** The space after a hidden layer, in two coordinates. */
export interface HiddenSpace {
  /** x, y of each training point. */
  readonly points: Float32Array;
  /** x, y of the corners of a square grid over the plane, row after row. */
  readonly grid: Float32Array;
  readonly gridSize: number;
  /** Units as they are, or the two directions in which the points differ most. */
  readonly axes: "units" | "principal";
}

/** Everything that is seen of a network at one moment. */
export interface Frame {
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
  readonly train: Score;
  readonly test: Score;
  /** Over the plane, −1 to 1: for classes 2p − 1, in regression the value. */
  readonly outputs: readonly Float32Array[];
  /** Activations of each unit of each hidden layer over the plane, without what the activation gives for 0. */
  readonly hidden: readonly (readonly Float32Array[])[];
  /** Layer by layer: `[out, in]` row after row. */
  readonly weights: readonly Float32Array[];
  readonly biases: readonly Float32Array[];
  readonly activations: readonly Histogram[];
  /** Of the weights' gradients in the last step; empty before the first. */
  readonly gradients: readonly Histogram[];
  readonly space: HiddenSpace | null;
  readonly stepsPerSecond: number;
  /** Bytes that the engine's values occupy; for scalars, how many scalars a step makes. */
  readonly memory: { readonly bytes: number; readonly tensors: number } | { readonly scalars: number };
  /** The loss is no number any more since this step; training has stopped. */
  readonly diverged: number | null;
}

export interface Advance {
  /** At most so many steps … */
  readonly steps: number;
  /** … and no new one after so long. */
  readonly milliseconds: number;
  /** The hidden layer whose space is shown. */
  readonly spaceLayer: number;
}
