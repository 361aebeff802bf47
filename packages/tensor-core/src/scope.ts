import { Scope } from "./memory.js";
import { Tensor } from "./tensor.js";
import { synchronous } from "./device.js";

/** Calls `visit` with every tensor in a value: the value itself, or those in arrays, maps, sets and plain objects. */
function forEachTensor(value: unknown, visit: (x: Tensor) => void, seen = new Set<unknown>()): void {
  if (value instanceof Tensor) {
    visit(value as Tensor);
    return;
  }
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Map) for (const entry of value.values()) forEachTensor(entry, visit, seen);
  else if (Array.isArray(value) || value instanceof Set) for (const entry of value) forEachTensor(entry, visit, seen);
  else for (const entry of Object.values(value)) forEachTensor(entry, visit, seen);
}

/**
 * Keeps a tensor beyond the scopes that are open.
 *
 * @returns The tensor.
 */
export function keep<T extends Tensor>(x: T): T {
  x.elements.scope = null;
  return x;
}

function close(scope: Scope, result: unknown): void {
  // What is returned belongs to the enclosing scope now.
  forEachTensor(result, (x) => { scope.release(x.elements); });
  scope.free(() => false);
}

/**
 * Runs `body` and frees every tensor that was made in it, except what it returns, what `keep` was called on, and the
 * gradients and optimizer states that leaves took over. A gradient that a leaf lets go inside of it (`zeroGrad()`) ends with it. Training
 * steps in a scope use the same memory each time.
 *
 * @param body - Synchronous, or given a handle to run parts of asynchronous work in (see `openScope`).
 * @example
 * const y = scope(() => tensor([1, 2]).mul(3).add(1));
 * y.toArraySync(); // [4, 7]
 */
export function scope<R>(body: () => R): R {
  const own = new Scope();
  let result: R | undefined;
  try {
    result = synchronous("scope", own.run(body));
    return result;
  } finally {
    close(own, result);
  }
}

/** A scope that may span `await`: `run` each synchronous part in it, and `close` it at the end. */
export interface ScopeHandle {
  /** Runs a synchronous part; the tensors that it makes belong to the scope. */
  run<R>(body: () => R): R;
  /** Frees what belongs to the scope, except what `result` holds. */
  close(result?: unknown): void;
  [Symbol.dispose](): void;
}

/**
 * Opens a scope by hand, for work that awaits between its parts.
 *
 * @example
 * const step = openScope();
 * const loss = step.run(() => tensor([3]).square().sum());
 * await loss.item(); // 9
 * step.close();
 */
export function openScope(): ScopeHandle {
  const own = new Scope();
  return {
    run: (body) => synchronous("scope", own.run(body)),
    close: (result) => { close(own, result); },
    [Symbol.dispose]: () => { close(own, undefined); },
  };
}
