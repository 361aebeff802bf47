import type { Backend } from "../backend.js";

/** A backend that does everything as `inner` does. Methods of backends may be called on it alone, so each is bound. */
export function delegate(inner: Backend): Backend {
  return {
    name: inner.name,
    limits: inner.limits,
    alloc: (byteLength, dtype) => inner.alloc(byteLength, dtype),
    free: (buffer) => inner.free(buffer),
    write: (buffer, byteOffset, bytes) => inner.write(buffer, byteOffset, bytes),
    read: (buffer, byteOffset, byteLength) => inner.read(buffer, byteOffset, byteLength),
    ...(inner.readSync === undefined ? {} : { readSync: inner.readSync.bind(inner) }),
    prepare: (program) => inner.prepare(program),
    dispatch: (executable, buffers, scalars) => inner.dispatch(executable, buffers, scalars),
    sync: () => inner.sync(),
    stats: () => inner.stats(),
    lost: inner.lost,
    dispose: () => inner.dispose(),
  };
}
