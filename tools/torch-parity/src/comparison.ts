import type { HostTensor } from "./host-values.js";

/** The rule by which a result agrees with PyTorch's. PyTorch's own float32 results pass all of it. */

export interface Tolerance {
  /** How far PyTorch's own result is from the expected values. */
  readonly ownError?: number;
  /** Compare shapes and types only: the values are not determined. */
  readonly valuesOpen?: boolean;
  /** The largest difference between values, where the rule is not the usual one. */
  readonly exactWithin?: number;
}

const halfPrecision: Readonly<Partial<Record<HostTensor["dtype"], number>>> = { float16: 1e-3, bfloat16: 1e-2 };

const show = (value: number | bigint | undefined): string => (value === undefined ? "nothing" : Object.is(value, -0) ? "-0" : String(value));

/** @returns why `got` does not agree with `want`, or null. */
export function difference(got: HostTensor, want: HostTensor, { ownError = 0, valuesOpen = false, exactWithin }: Tolerance = {}): string | null {
  if (got.shape.length !== want.shape.length || got.shape.some((size, d) => size !== want.shape[d])) return `shape: expected [${want.shape.join(", ")}], got [${got.shape.join(", ")}]`;
  if (got.dtype !== want.dtype) return `dtype: expected ${want.dtype}, got ${got.dtype}`;
  if (valuesOpen) return null;
  const count = want.values.length;
  if (got.values.length !== count) return `elements: expected ${String(count)}, got ${String(got.values.length)}`;
  const isFloat = want.dtype.startsWith("float") || want.dtype === "bfloat16";
  let largest = 1;
  if (isFloat) for (let i = 0; i < count; i++) if (Number.isFinite(want.values[i])) largest = Math.max(largest, Math.abs(Number(want.values[i])));
  const relative = 2e-5 + (halfPrecision[want.dtype] ?? 0);
  const agree = (a: number | bigint | undefined, b: number | bigint | undefined): boolean => {
    if (!isFloat) return a !== undefined && b !== undefined && BigInt(a) === BigInt(b);
    if (!Number.isFinite(b) || !Number.isFinite(a)) return Object.is(a, b);
    const [x, y] = [Number(a), Number(b)];
    return Math.abs(x - y) <= (exactWithin ?? relative * Math.abs(y) + 2e-6 * largest + 10 * ownError);
  };
  let wrong = 0;
  let first = "";
  for (let i = 0; i < count; i++) {
    if (agree(got.values[i], want.values[i])) continue;
    if (wrong++ === 0) first = `expected ${show(want.values[i])}, got ${show(got.values[i])} at element ${String(i)}`;
  }
  return wrong === 0 ? null : `values: ${first}${wrong > 1 ? ` (${String(wrong)} of ${String(count)} differ)` : ""}`;
}
