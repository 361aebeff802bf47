import { synchronous } from "../device.js";

let gradEnabled = true;

/** Whether ops record what a backward pass needs. @see torch.is_grad_enabled */
export const isGradEnabled = (): boolean => gradEnabled;

/** Sets the mode without a callback, for code that has its own `finally`. Returns the mode before. */
export function setGradEnabled(enabled: boolean): boolean {
  const before = gradEnabled;
  gradEnabled = enabled;
  return before;
}

function withGrad<R>(op: string, enabled: boolean, body: () => R): R {
  const before = setGradEnabled(enabled);
  try {
    return synchronous(op, body());
  } finally {
    gradEnabled = before;
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
export const noGrad = <R>(body: () => R): R => withGrad("noGrad", false, body);

/** Runs `body` with recording on, inside a `noGrad`. @see torch.enable_grad */
export const enableGrad = <R>(body: () => R): R => withGrad("enableGrad", true, body);
