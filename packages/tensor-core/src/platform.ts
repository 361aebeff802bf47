/**
 * The little that tensor-core asks of its host beyond the language: making the garbage collector run, and a turn of the
 * event loop. Node's modules are reached through `process.getBuiltinModule`, so that no import names them and bundles
 * for browsers stay whole. Nothing here runs at import.
 */

interface NodeV8 {
  setFlagsFromString(flags: string): void;
}
interface NodeVm {
  runInNewContext(code: string): unknown;
  createContext(sandbox: object, options: { microtaskMode: "afterEvaluate" }): object;
  Script: new (code: string) => { runInContext(context: object): unknown };
}
interface HostProcess {
  getBuiltinModule?(name: string): unknown;
}

const host = globalThis as { process?: HostProcess; setImmediate?: (callback: () => void) => void };

/** Collects garbage before it returns, and clears every WeakRef whose target nothing else holds. Null where that cannot be done. */
export type SynchronousCollector = (() => void) | null;

let collector: SynchronousCollector | undefined;

export function synchronousCollector(): SynchronousCollector {
  collector ??= makeCollector();
  return collector;
}

function makeCollector(): SynchronousCollector {
  const builtin = (name: string): unknown => host.process?.getBuiltinModule?.(name);
  const v8 = builtin("node:v8") as NodeV8 | undefined;
  const vm = builtin("node:vm") as NodeVm | undefined;
  if (v8 === undefined || vm === undefined) return null;
  v8.setFlagsFromString("--expose-gc");
  const gc = vm.runInNewContext("typeof gc === 'function' ? gc : null") as (() => void) | null;
  if (gc === null) return null;
  // V8 keeps the target of a WeakRef alive until the job that made or read it ends. Running an empty script in a context
  // that has its own microtask queue empties that list, so that a synchronous loop can be collected too.
  const context = vm.createContext({}, { microtaskMode: "afterEvaluate" });
  const nothing = new vm.Script("0");
  return () => {
    nothing.runInContext(context);
    gc();
    nothing.runInContext(context);
  };
}

/** A turn of the event loop: after it, WeakRefs of collected objects are cleared. Resolved promises do not give one. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    if (host.setImmediate !== undefined) {
      host.setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Asks the engine for a full collection in the only way that a page has: an allocation that must fail. */
export function provokeCollection(): void {
  try {
    new ArrayBuffer(31 * 2 ** 30);
  } catch {
    // Failing is the point: before it gives up, the engine collects.
  }
}

/** A clock in milliseconds, only used to bound the share of time that collecting takes. */
export const now = (): number => performance.now();
