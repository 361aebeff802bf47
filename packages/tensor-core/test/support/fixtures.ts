import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { DType } from "@gradus/tensor-core";
import { tensor, type Tensor } from "@gradus/tensor-core";
import { expect } from "vitest";

/** A tensor as scripts/fixtures.py writes it. */
export interface Recorded {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly (number | boolean | "nan" | "inf" | "-inf")[];
}

/** The cases of a file in test/fixtures, one a line. */
export function fixture(name: string): unknown[] {
  const text = gunzipSync(readFileSync(new URL(`../fixtures/${name}`, import.meta.url))).toString("utf8");
  return text.trimEnd().split("\n").map((line): unknown => JSON.parse(line));
}

const parsed = { nan: NaN, inf: Infinity, "-inf": -Infinity } as const;
export const valuesOf = ({ data }: Recorded): number[] => data.map((value) => (typeof value === "string" ? parsed[value] : Number(value)));

/** The tensor, as it is recorded or with another floating type. */
export const load = (recorded: Recorded, float: DType = recorded.dtype): Tensor =>
  tensor(valuesOf(recorded), { dtype: recorded.dtype.startsWith("float") ? float : recorded.dtype, shape: recorded.shape });

export interface Closeness {
  /** Relative to the value, and to the largest value of the tensor. */
  readonly relative: number;
  /** Beside that. */
  readonly absolute?: number;
}

/** Fails unless shape and values are as recorded: NaN and infinities in the same places, finite numbers as close as asked for. */
export async function expectClose(name: string, actual: Tensor, recorded: Recorded, { relative, absolute = 0 }: Closeness): Promise<void> {
  expect(actual.shape, name).toEqual(recorded.shape);
  const want = valuesOf(recorded);
  const got = Array.from(await actual.detach().read(), Number);
  const largest = want.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  const wrong = want.flatMap((value, i) => {
    const mine = got[i]!;
    const same = Object.is(mine, value) || mine === value || Math.abs(mine - value) <= relative * (Math.abs(value) + 0.1 * largest) + absolute;
    return same ? [] : [`element ${i}: expected ${value}, got ${mine}`];
  });
  expect(wrong.slice(0, 4), `${name}, ${wrong.length} of ${want.length} differ`).toEqual([]);
}
