/**
 * Doubles that keep the seam honest: backends that stand in front of another one, and do what a careless caller would not
 * survive. They need only `Backend`, so they go around every device and around each other:
 *
 * ```ts
 * const device = asynchronous(canaries(interpreter()));
 * ```
 */
export { asynchronous } from "./testing/asynchronous.js";
export { canaries } from "./testing/canaries.js";
export { failing } from "./testing/failing.js";
export type { FailingBackend, FailingOptions } from "./testing/failing.js";
export { recording, replay } from "./testing/recording.js";
export type { BackendEvent, EventKind, RecordingBackend, ReplayOptions } from "./testing/recording.js";
