import { decodeBytes, type DType, encodeValues, Tensor, tensor } from "@gradus/tensor-core";

/** What a loader and its threads say to each other. */
export type Request =
  | { readonly kind: "epoch"; readonly seed: bigint }
  | { readonly kind: "load"; readonly id: number; readonly indices: readonly number[]; readonly wantsBatch: boolean };

export type Answer =
  | { readonly kind: "content"; readonly id: number; readonly isBatch: boolean; readonly content: unknown }
  | { readonly kind: "error"; readonly id: number; readonly index: number | null; readonly name: string; readonly message: string; readonly stack: string };

/** A tensor on its way to another thread. */
class PackedTensor {
  // A class does not survive the way; this mark does.
  readonly gradusTensor = true;

  constructor(
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly bytes: Uint8Array,
  ) {}
}

const isPacked = (value: object): value is PackedTensor => "gradusTensor" in value;

/** Samples with their tensors as bytes. */
export async function pack(value: unknown): Promise<unknown> {
  if (value instanceof Tensor) {
    const x = value as Tensor;
    const { dtype, shape } = x;
    const bytes = encodeValues(dtype, await x.read());
    return new PackedTensor(dtype, shape, bytes);
  }
  return mapParts(value, (parts) => Promise.all(parts.map(pack)));
}

/** Samples with their tensors on the default device of this thread. */
export function unpack(value: unknown): unknown {
  if (typeof value === "object" && value !== null && isPacked(value)) {
    const { dtype, shape, bytes } = value;
    return tensor(decodeBytes(dtype, bytes), { dtype, shape });
  }
  const parts = partsOf(value);
  return parts === null ? value : parts.rebuild(parts.items.map(unpack));
}

async function mapParts(value: unknown, map: (items: readonly unknown[]) => Promise<readonly unknown[]>): Promise<unknown> {
  const parts = partsOf(value);
  return parts === null ? value : parts.rebuild(await map(parts.items));
}

/** What lists and plain objects are made of; null for anything else. */
function partsOf(value: unknown): { readonly items: readonly unknown[]; readonly rebuild: (items: readonly unknown[]) => unknown } | null {
  if (Array.isArray(value)) return { items: value as readonly unknown[], rebuild: (items) => items };
  if (typeof value !== "object" || value === null) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return null;
  const keys = Object.keys(value);
  return { items: Object.values(value) as unknown[], rebuild: (items) => Object.fromEntries(keys.map((key, i) => [key, items[i]])) };
}

/** @internal For a thread that cannot answer with the content itself. */
export function errorAnswer(id: number, index: number | null, error: unknown): Answer {
  const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  return { kind: "error", id, index, name, message, stack };
}
