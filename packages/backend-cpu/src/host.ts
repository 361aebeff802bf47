/**
 * The little that this device asks of its host beyond the language. Node's modules are reached through `process.getBuiltinModule`, so
 * that no import names them and bundles for browsers stay whole. Nothing here runs at import.
 */
interface NodeModules {
  readonly "node:v8": { setFlagsFromString(flags: string): void };
  readonly "node:os": { availableParallelism(): number };
  readonly "node:worker_threads": { readonly Worker: new (source: string, options: object) => NodeWorker };
}

interface NodeWorker {
  on(event: "exit" | "error", listener: () => void): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

const host = globalThis as {
  process?: {
    getBuiltinModule?(name: string): unknown;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly versions?: { readonly v8?: string };
  };
  navigator?: { hardwareConcurrency?: number };
  crossOriginIsolated?: boolean;
};

/** A module of Node's; undefined elsewhere. */
export function builtin<N extends keyof NodeModules>(name: N): NodeModules[N] | undefined {
  return host.process?.getBuiltinModule?.(name) as NodeModules[N] | undefined;
}

/** A variable of the environment, where there is one. */
export const environment = (name: string): string | undefined => host.process?.env?.[name];

/** The first number of V8's version; 0 where the engine is another one, or does not say. */
export const v8Version = (): number => Number.parseInt(host.process?.versions?.v8 ?? "0", 10);

/** A thread that was started. */
export interface WorkerThread {
  stop(): void;
}

/**
 * Whether memory can be shared with other threads: in Node, and on pages that are isolated from other origins. Node's module of threads is not
 * loaded for the answer: that takes milliseconds, and many a program starts none.
 */
export function hasThreads(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  return host.process?.getBuiltinModule !== undefined || (host.crossOriginIsolated === true && typeof Worker !== "undefined");
}

/** Threads that run at the same time on this machine, as far as the host tells. */
export function processors(): number {
  return builtin("node:os")?.availableParallelism() ?? host.navigator?.hardwareConcurrency ?? 1;
}

/**
 * Starts a thread that runs `source`; null where the host refuses. It does not keep a program alive.
 *
 * @param onEnd - Called when the thread has ended without having been stopped.
 */
export function startWorker(source: string, data: unknown, onEnd: () => void): WorkerThread | null {
  let stopped = false;
  const ended = (): void => {
    if (!stopped) onEnd();
    stopped = true;
  };
  try {
    const node = builtin("node:worker_threads");
    if (node !== undefined) {
      // Without the flags of the main thread, which may load all sorts of things.
      const worker = new node.Worker(source, { eval: true, workerData: data, execArgv: [], name: "gradus" });
      worker.on("error", ended);
      worker.on("exit", ended);
      worker.unref();
      return {
        stop: () => {
          stopped = true;
          void worker.terminate();
        },
      };
    }
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url, { name: "gradus" });
    URL.revokeObjectURL(url);
    worker.onerror = ended;
    worker.postMessage(data);
    return {
      stop: () => {
        stopped = true;
        worker.terminate();
      },
    };
  } catch {
    // A page may forbid workers, and a system may have no more threads: then there are none.
    return null;
  }
}
