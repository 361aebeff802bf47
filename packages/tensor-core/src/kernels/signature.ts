import type { DType } from "@gradus/kernel-ir";

/** Element types as numbers below 15. */
export const dtypeCode: Record<DType, number> = { float32: 0, float64: 1, int64: 2, int32: 3, bool: 4, float16: 5, bfloat16: 6, int16: 7, int8: 8, uint8: 9 };

/** A list of whole numbers that tells programs apart. One object serves for many calls, so that a call makes none. */
export class Signature {
  readonly codes: number[] = [];
  length = 0;
  hash = 0;

  /** Begins a new list. */
  restart(): this {
    this.length = 0;
    this.hash = 0;
    return this;
  }

  push(code: number): void {
    this.codes[this.length++] = code;
    // Multiplying by an odd number spreads a code over the higher bits, the shift brings them back to the lower ones.
    const mixed = Math.imul(this.hash ^ code, 0x9e3779b1);
    this.hash = mixed ^ (mixed >>> 15);
  }
}

interface Entry<V> {
  readonly codes: readonly number[];
  readonly value: V;
}

/** Values by signature: the hash finds some, equality decides. */
export class SignatureMap<V> {
  readonly #buckets = new Map<number, Entry<V>[]>();

  get(signature: Signature): V | undefined {
    const bucket = this.#buckets.get(signature.hash);
    if (bucket === undefined) return undefined;
    for (const entry of bucket) if (isSame(entry.codes, signature)) return entry.value;
    return undefined;
  }

  set(signature: Signature, value: V): void {
    const others = (this.#buckets.get(signature.hash) ?? []).filter(({ codes }) => !isSame(codes, signature));
    this.#buckets.set(signature.hash, [{ codes: signature.codes.slice(0, signature.length), value }, ...others]);
  }
}

function isSame(codes: readonly number[], signature: Signature): boolean {
  if (codes.length !== signature.length) return false;
  for (let i = 0; i < codes.length; i++) if (codes[i] !== signature.codes[i]) return false;
  return true;
}
