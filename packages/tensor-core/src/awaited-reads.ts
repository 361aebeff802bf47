import type { Device } from "./device.js";
import { synchronous } from "./device.js";
import { Scope } from "./memory.js";
import { defaultGenerator } from "./random/default-generator.js";
import type { Tensor } from "./tensor.js";
import type { TypedArray } from "./typed-array.js";

/** What one attempt of `awaitReads` knows: the values that earlier attempts asked for, in order. */
interface Attempt {
  readonly values: readonly TypedArray[];
  next: number;
}

let attempt: Attempt | null = null;

/** Ends an attempt that needs a value which is still on the device. */
class PendingRead extends Error {
  override readonly name = "PendingRead";
  constructor(readonly value: Promise<TypedArray>) {
    super("awaitReads: expected this exception to pass, as it makes the callback run again once a value is there; do not catch it");
  }
}

/** Whether values can be read in the middle of synchronous code: the device can, or `awaitReads` is running. */
export const canReadAtOnce = ({ backend }: Device): boolean => backend.readSync !== undefined || attempt !== null;

/** Whether `awaitReads` may run what is running now again: graphs outside of it must still be there then. */
export const mayRunAgain = (): boolean => attempt !== null;

/** The values of a tensor whose device cannot be read at once; null outside of `awaitReads`. */
export function awaitedValues(x: Tensor): TypedArray | null {
  if (attempt === null) return null;
  const known = attempt.values[attempt.next++];
  if (known !== undefined) return known;
  throw new PendingRead(x.read());
}

/**
 * Runs synchronous code that needs values at once on a device that can only be read with `await`: ops whose shape depends on values
 * (`nonzero`, `unique`, a mask as an index) and those that are computed on the host (`@gradus/linalg`, `multinomial`).
 *
 * Where `body` needs a value, it ends there, the value is awaited, and `body` runs again from its start with that value at hand. So it
 * has to do the same each time. Random numbers of the default generator are drawn again; tensors of ended attempts are freed. What `body`
 * changes outside of itself every attempt changes: differentiate with `grad`, which returns gradients; `backward`, which adds them up, is an error here.
 *
 * @returns What `body` returned when nothing was missing any more. On a device that can be read at once it runs once.
 * @example
 * const x = tensor([0, 2, 0, 3]);
 * const found = await awaitReads(() => x.nonzero());
 * await found.toArray(); // [[1], [3]]
 */
export async function awaitReads<R>(body: () => R): Promise<R> {
  const generator = defaultGenerator();
  const drawn = generator.getState();
  const values: TypedArray[] = [];
  for (;;) {
    const result = attemptWith(values, body);
    if (!(result instanceof PendingRead)) return result;
    values.push(await result.value);
    generator.setState(drawn);
  }
}

function attemptWith<R>(values: readonly TypedArray[], body: () => R): R | PendingRead {
  const [outer, scope] = [attempt, new Scope()];
  attempt = { values, next: 0 };
  try {
    const result = synchronous("awaitReads", scope.run(body));
    scope.dissolve();
    return result;
  } catch (error) {
    scope.free(() => false);
    if (error instanceof PendingRead) return error;
    throw error;
  } finally {
    attempt = outer;
  }
}
