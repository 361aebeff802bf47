/**
 * Anomaly mode: where a NaN or an infinity was born.
 *
 * While it is on, each recorded op remembers where it was called, and a backward pass stops at the first gradient that is not finite. Outside
 * of it nothing of this is paid for.
 *
 * @module
 */
import type { Edge, GradNode, Observer } from "@gradus/autograd";
import { dtypeInfo } from "@gradus/kernel-ir";
import { synchronous } from "../device.js";
import { AnomalyError } from "../errors.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { Layout } from "../layout.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import type { Tensor } from "../tensor.js";
import { setAnomalyWatch } from "./anomaly-watch.js";
import { OpNode } from "./op-node.js";

/** The op from which the first value that is not finite came. */
export interface Birth {
  readonly op: string;
  readonly value: string;
  readonly callSite: string;
}

export const AnomalyOptions = class {
  /** Look for NaN and infinities. Without it only call sites are recorded, for the errors of gradients themselves. Defaults to true. */
  readonly checkNan?: boolean;
};
export type AnomalyOptions = Options<typeof AnomalyOptions>;

interface AnomalyMode {
  readonly checkNan: boolean;
  /** Checks for devices that cannot be read at once, by what they say. */
  readonly guards: Map<string, KernelOp>;
}

let mode: AnomalyMode | null = null;

const modeOf = (enabled: boolean, { checkNan = true }: AnomalyOptions): AnomalyMode | null => (enabled ? { checkNan, guards: new Map() } : null);

function switchTo(next: AnomalyMode | null): void {
  mode = next;
  setAnomalyWatch(next === null ? null : { callSite, noteResult, observer });
}

/** Whether anomaly mode is on. @see torch.is_anomaly_enabled */
export const isAnomalyEnabled = (): boolean => mode !== null;

/**
 * Switches anomaly mode on or off from here on; for asynchronous training loops. See {@link detectAnomaly}.
 *
 * @see torch.autograd.set_detect_anomaly
 */
export function setDetectAnomaly(enabled: boolean, options?: AnomalyOptions): void {
  switchTo(modeOf(enabled, optionsOf("setDetectAnomaly", AnomalyOptions, options)));
}

/**
 * Runs `body` in anomaly mode: a backward pass stops at the first gradient that is NaN or infinite, and the error names the op, where
 * the op was called, and where the first value that is not finite came from. Slow: each result and gradient is looked at.
 *
 * On devices that cannot be read at once the next read throws, a `GuardError` with the op and its call site; values of the forward
 * pass are not looked at there. Unlike torch, infinities count, and a loss that is not finite is an error before the pass begins.
 *
 * @param body - Forward and backward pass, synchronous; a mode cannot follow `await` (see {@link setDetectAnomaly}).
 * @throws {AnomalyError} at the first gradient that is not finite.
 * @see torch.autograd.detect_anomaly
 * @example
 * const x = tensor([4, 0], { requiresGrad: true });
 * detectAnomaly(() => x.sqrt().sum().backward()); // throws AnomalyError: sqrt: expected finite gradients, got Infinity for input 0; …
 */
export function detectAnomaly<R>(body: () => R, options?: AnomalyOptions): R {
  const before = mode;
  switchTo(modeOf(true, optionsOf("detectAnomaly", AnomalyOptions, options)));
  try {
    return synchronous("detectAnomaly", body());
  } finally {
    switchTo(before);
  }
}

/** Frames of a call site that are shown: the layers between the user's code and the op, and who called it. */
const framesShown = 5;

/** Where code outside of this package called into it, innermost frame first, one a line. */
function callSite(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  // Engines write frames in different ways, but each ends in line and column.
  const frames = stack.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line)).map((line) => line.trim().replace(/^at /, ""));
  // In two steps: in one expression, bundlers take it for the address of a file that they have to ship.
  const here = import.meta.url;
  const packageFolder = new URL("..", here).pathname;
  const outside = frames.filter((frame) => !frame.includes(packageFolder));
  // Bundled together with the user's code, this package has no folder of its own.
  return (outside.length === 0 ? frames : outside).slice(0, framesShown).join("\n    ");
}

const isWatched = (x: Tensor): boolean => mode?.checkNan === true && x.isFloatingPoint() && x.numel() > 0;

/** The first element that is NaN or infinite; null if there is none, or the device cannot be read at once. */
function firstAnomaly(x: Tensor): number | null {
  if (!isWatched(x) || x.device.backend.readSync === undefined) return null;
  return (x.detach().readSync() as Float64Array).find((value) => !Number.isFinite(value)) ?? null;
}

/** A recorded op has a result: if it is the first that is not finite on the way here, the op is where that was born. */
function noteResult(x: Tensor, node: GradNode<Tensor>): void {
  if (!(node instanceof OpNode)) return;
  const value = firstAnomaly(x);
  if (value === null) return;
  const inherited = node.inputs.map((edge) => birthOf(edge)).find((birth) => birth !== null);
  node.birth = inherited ?? { op: node.name, value: String(value), callSite: node.callSite ?? "" };
}

const birthOf = (edge: Edge<Tensor> | null): Birth | null => (edge?.node instanceof OpNode ? edge.node.birth : null);

const told = (birth: Birth | null | undefined): string =>
  birth === null || birth === undefined ? "" : `\nThe first value that is not finite, ${birth.value}, came from ${birth.op}, called at\n    ${birth.callSite}`;

function observer(): Observer<Tensor> | null {
  if (mode?.checkNan !== true) return null;
  return {
    seed(edge, grad) {
      const birth = birthOf(edge);
      if (birth !== null) throw new AnomalyError(`backward: expected a finite value to differentiate, got ${birth.value}; change the op that it comes from${told(birth)}`, birth.op);
      checkFinite(grad, edge.node.name, "backward: expected a finite gradient to begin with", "");
    },
    pass(node, index, grad) {
      const site = node instanceof OpNode && node.callSite !== null ? `; ${node.name} was called at\n    ${node.callSite}` : "; the op was recorded before anomaly mode began";
      const birth = birthOf({ node, slot: 0 }) ?? birthOf(node.inputs[index] ?? null);
      checkFinite(grad, node.name, `${node.name}: expected finite gradients`, `for input ${index}${site}${told(birth)}`);
    },
  };
}

function checkFinite(grad: Tensor, op: string, expectation: string, rest: string): void {
  if (!isWatched(grad)) return;
  if (grad.device.backend.readSync === undefined) {
    guardFinite(grad, `${expectation}, got one that is NaN or infinite ${rest}`);
    return;
  }
  const value = firstAnomaly(grad);
  if (value !== null) throw new AnomalyError(`${expectation}, got ${String(value)} ${rest}`.trimEnd(), op);
}

/** Has the device check by itself; the next read tells. */
function guardFinite(x: Tensor, message: string): void {
  const guards = mode!.guards;
  let guard = guards.get(message);
  if (guard === undefined) {
    guard = new KernelOp({
      name: "anomaly",
      build: (b) => {
        const value = b.input(0);
        // x − x is 0 for finite x and NaN for all others.
        const finite = b.k.eq(b.k.sub(value, value), b.k.like(0, value));
        b.guard(finite, message);
        b.store(0, finite);
      },
    });
    guards.set(message, guard);
  }
  const { strides } = Layout.contiguous(x.shape);
  const out = x.device.memory.alloc(x.numel(), "bool");
  guard.run(x.device, { outer: x.shape, inner: [] }, [{ storage: x.elements, offset: x.layout.offset, strides: x.layout.strides }], [{ storage: out, offset: 0, strides }], dtypeInfo[x.dtype].compute, []);
  x.device.memory.free(out);
}
