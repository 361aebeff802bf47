import type { Backend } from "../backend.js";

/** A backend that does everything as `inner` does, except reading at once. Methods of a backend may not be called without it, so each is wrapped. */
export function delegate(inner: Backend): Omit<Backend, "readSync"> {
  return {
    name: inner.name,
    limits: inner.limits,
    alloc: (byteLength, dtype) => inner.alloc(byteLength, dtype),
    free: (buffer) => inner.free(buffer),
    write: (buffer, byteOffset, bytes) => inner.write(buffer, byteOffset, bytes),
    read: (buffer, byteOffset, byteLength) => inner.read(buffer, byteOffset, byteLength),
    prepare: (program) => inner.prepare(program),
    dispatch: (executable, buffers, scalars) => inner.dispatch(executable, buffers, scalars),
    sync: () => inner.sync(),
    ...(inner.setNumThreads === undefined ? {} : { setNumThreads: (count: number) => inner.setNumThreads?.(count) }),
    get numThreads() {
      return inner.numThreads ?? 1;
    },
    stats: () => inner.stats(),
    lost: inner.lost,
    dispose: () => inner.dispose(),
  };
}

type ReadSync = NonNullable<Backend["readSync"]>;

/** The member `readSync`, made from that of `inner`; nothing where `inner` has none. */
export function readingSync(inner: Backend, make: (read: ReadSync) => ReadSync = (read) => read): Pick<Backend, "readSync"> {
  const read = inner.readSync?.bind(inner);
  return read === undefined ? {} : { readSync: make(read) };
}
