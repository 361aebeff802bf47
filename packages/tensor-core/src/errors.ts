/**
 * Every error of a bad call reads `op: expectation, observation; remedy` and is one of these types. Messages that start
 * with `internal:` are mistakes of Gradus itself.
 */

/** Shapes, dimensions or sizes that do not fit. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** An element type that an op does not take, or types that do not go together. */
export class DTypeError extends Error {
  override readonly name = "DTypeError";
}

/** Tensors of different devices, no device, or something that a device cannot do. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
}

/** Use of a tensor after `dispose()`. */
export class DisposedError extends Error {
  override readonly name = "DisposedError";
}

/** A gradient that cannot be computed: no graph, a graph that was freed, a value changed after it was saved. */
export class AutogradError extends Error {
  override readonly name = "AutogradError";
}

/** In anomaly mode: a gradient, or the value to differentiate, that is NaN or infinite. */
export class AnomalyError extends Error {
  override readonly name = "AnomalyError";

  constructor(
    message: string,
    /** The op that gave it. */
    readonly op: string,
  ) {
    super(message);
  }
}

/** A value that an argument cannot take. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}
