import { useEffect, useMemo } from "preact/hooks";
import { connect, type Remote } from "./protocol.js";
import type { ServiceName, ServiceOf } from "./services.js";

/**
 * The engine of a room: a worker that starts when the room opens and ends when it is left. All that it had in memory ends with it.
 */
export function useEngine<N extends ServiceName>(room: N): Remote<ServiceOf<N>> {
  const { worker, remote } = useMemo(() => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: room });
    return { worker, remote: connect<ServiceOf<N>>(worker) };
  }, []);
  useEffect(() => () => worker.terminate(), []);
  return remote;
}
