/**
 * The little that this device asks of its host beyond the language. Node's modules are reached through `process.getBuiltinModule`, so
 * that no import names them and bundles for browsers stay whole. Nothing here runs at import.
 */
interface NodeModules {
  readonly "node:v8": { setFlagsFromString(flags: string): void };
}

const host = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };

/** A module of Node's; undefined elsewhere. */
export function builtin<N extends keyof NodeModules>(name: N): NodeModules[N] | undefined {
  return host.process?.getBuiltinModule?.(name) as NodeModules[N] | undefined;
}
