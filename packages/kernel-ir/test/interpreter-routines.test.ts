import { ExprBuilder } from "@gradus/kernel-ir";
import type { Scatter } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { execute } from "./support/execute.js";
import { cumulative, scatterAdd, sort } from "./support/samples.js";

describe("scans", () => {
  it("run along the inner axis and start again with each outer point", () => {
    const [, sums, places] = execute(cumulative(new ExprBuilder()), [[1, 5, 2, 5, -1, -2, 7, 0], 8, 8], [2, 4]);
    expect(sums).toEqual([1, 6, 8, 13, -1, -3, 4, 4]);
    expect(places).toEqual([0, 1, 1, 3, 0, 0, 2, 2]);
  });

  it("take rows of one element and of none", () => {
    expect(execute(cumulative(new ExprBuilder()), [[4, 5], 2, 2], [2, 1])[1]).toEqual([4, 5]);
    expect(execute(cumulative(new ExprBuilder()), [[], 0, 0], [3, 0])[1]).toEqual([]);
  });
});

describe("scatters", () => {
  it("add duplicates in source order, and leave out what `when` excludes", () => {
    const ids = [2n, 0n, 2n, -1n];
    const x = [1e8, 10, 1, 20, -1e8, 30, 99, 99];
    const [, , table] = execute(scatterAdd(new ExprBuilder()), [ids, x, [0, 0, 5, 6, 0, 0]], [2, 4, 3]);
    // Column 0 of row 2 is (0 + 1e8) − 1e8.
    expect(table).toEqual([1, 20, 5, 6, 0, 40]);
  });

  it("keep the last of several writes to one place", () => {
    const b = new ExprBuilder();
    const base = scatterAdd(b);
    const replace: Scatter = { ...base, target: { ...base.target, combine: null, when: null } };
    expect(execute(replace, [[1n, 0n, 1n], [1, 2, 3], [7, 7, 7]], [1, 3, 3])[2]).toEqual([2, 3, 7]);
  });

  it("stop at a guard", () => {
    expect(() => execute(scatterAdd(new ExprBuilder()), [[5n], [1], [0, 0]], [1, 1, 2])).toThrow("scatterAdd: expected ids below the number of rows");
  });

  it("do nothing without points", () => {
    expect(execute(scatterAdd(new ExprBuilder()), [[], [], [1, 2]], [1, 0, 2])[2]).toEqual([1, 2]);
  });
});

describe("sorts", () => {
  const row = [3, NaN, -0, 7, 0, -Infinity, NaN, 3];

  it("are stable, and take NaN for the largest", () => {
    const [, values, places] = execute(sort(new ExprBuilder()), [row, 8, 8], [1, 8]);
    expect(values).toEqual([-Infinity, -0, 0, 3, 3, 7, NaN, NaN]);
    expect(places).toEqual([5n, 2n, 4n, 0n, 7n, 3n, 1n, 6n]);
  });

  it("are stable in descending order too", () => {
    const [, values, places] = execute(sort(new ExprBuilder(), true), [row, 8, 8], [1, 8]);
    expect(values).toEqual([NaN, NaN, 7, 3, 3, -0, 0, -Infinity]);
    expect(places).toEqual([1n, 6n, 3n, 0n, 7n, 2n, 4n, 5n]);
  });

  it("sort each row by itself", () => {
    expect(execute(sort(new ExprBuilder()), [[3, 1, 2, 9, 8, 7], 6, 6], [2, 3])[1]).toEqual([1, 2, 3, 7, 8, 9]);
    expect(execute(sort(new ExprBuilder()), [[], 0, 0], [2, 0])[1]).toEqual([]);
  });
});
