import type { Storage } from "../storage.js";
import type { Tensor } from "../tensor.js";
import type { Operand } from "./elementwise.js";
import type { ElementwiseOp } from "./elementwise-op.js";

/** Takes elementwise ops instead of the device: `fuse` is one. */
export interface Recorder {
  call(op: ElementwiseOp, args: readonly Operand[]): Tensor;
}

/** Who takes them now; null is the device. */
export let recorder: Recorder | null = null;

/** Runs `body` with another recorder. */
export function withRecorder<R>(next: Recorder | null, body: () => R): R {
  const before = recorder;
  recorder = next;
  try {
    return body();
  } finally {
    recorder = before;
  }
}

/** Storages of results that were recorded and never computed. */
export const deferred = /* @__PURE__ */ new WeakSet<Storage>();
