import { synchronous } from "../device.js";

/** What ops do beside computing: record for a backward pass, or, in inference mode, not even leave that possible. */
interface Mode {
  readonly grad: boolean;
  readonly inference: boolean;
}

let mode: Mode = { grad: true, inference: false };

/** Whether ops record what a backward pass needs. @see torch.is_grad_enabled */
export const isGradEnabled = (): boolean => mode.grad && !mode.inference;

/** Whether this is inside of {@link inferenceMode}. @see torch.is_inference_mode_enabled */
export const isInferenceModeEnabled = (): boolean => mode.inference;

function within<R>(op: string, inner: Mode, body: () => R): R {
  const before = mode;
  mode = inner;
  try {
    return synchronous(op, body());
  } finally {
    mode = before;
  }
}

/**
 * Runs `body` without recording: its results do not require gradients.
 *
 * @param body - Synchronous; a mode cannot follow `await`.
 * @throws {DeviceError} if `body` returns a promise.
 * @see torch.no_grad
 * @example
 * const w = ones([2], { requiresGrad: true });
 * noGrad(() => w.mul(2)).requiresGrad; // false
 */
export const noGrad = <R>(body: () => R): R => within("noGrad", { ...mode, grad: false }, body);

/**
 * Runs `body` with recording on, inside of a `noGrad`. Inside of `inferenceMode` nothing is recorded all the same.
 *
 * @see torch.enable_grad
 */
export const enableGrad = <R>(body: () => R): R => within("enableGrad", { ...mode, grad: true }, body);

/**
 * Switches recording on or off: for the time of `body`, or from here on where none is given.
 *
 * Without a body it is what asynchronous code uses: switch off, await, switch on again in a `finally`. It then holds for everything
 * that runs in between, other asynchronous functions included.
 *
 * @returns What `body` returns; without a body, how it was before.
 * @throws {DeviceError} if `body` returns a promise.
 * @see torch.set_grad_enabled
 * @example
 * const w = ones([2], { requiresGrad: true });
 * const isTraining = false;
 * setGradEnabled(isTraining, () => w.mul(2)).requiresGrad; // false
 */
export function setGradEnabled(enabled: boolean): boolean;
export function setGradEnabled<R>(enabled: boolean, body: () => R): R;
export function setGradEnabled<R>(enabled: boolean, body?: () => R): R | boolean {
  if (body !== undefined) return within("setGradEnabled", { ...mode, grad: enabled }, body);
  const before = mode.grad;
  mode = { ...mode, grad: enabled };
  return before;
}

/**
 * Runs `body` without recording, for results that will never take part in differentiation: such a tensor cannot be saved for a backward
 * pass or be written to outside of this mode. Unlike torch, where this mode is also faster, it is here a promise that is checked.
 *
 * @param body - Synchronous; a mode cannot follow `await`.
 * @throws {DeviceError} if `body` returns a promise.
 * @see torch.inference_mode
 * @example
 * const y = inferenceMode(() => ones([2]).mul(3));
 * y.isInference(); // true
 * y.mul(ones([2], { requiresGrad: true })); // throws AutogradError: mul: expected a tensor that a backward pass may use, …
 */
export const inferenceMode = <R>(body: () => R): R => within("inferenceMode", { grad: false, inference: true }, body);
