import { Generator, manualSeed } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { type PointDatasetName, pointDatasets } from "../src/index.js";

describe("pointDatasets", () => {
  /** The definitions of minitorch, written once more. */
  const LABELS: Record<Exclude<PointDatasetName, "Spiral">, (x1: number, x2: number) => boolean> = {
    Simple: (x1) => x1 < 0.5,
    Diag: (x1, x2) => x1 + x2 < 0.5,
    Split: (x1) => x1 < 0.2 || x1 > 0.8,
    Xor: (x1, x2) => x1 < 0.5 !== x2 < 0.5,
    Circle: (x1, x2) => Math.hypot(x1 - 0.5, x2 - 0.5) > Math.sqrt(0.1),
  };
  /** The share of class 1 in the unit square. */
  const SHARES = { Simple: 0.5, Diag: 0.125, Split: 0.4, Xor: 0.5, Circle: 1 - Math.PI / 10 };

  it.each(Object.keys(LABELS) as (keyof typeof LABELS)[])("%s labels uniform points of the unit square", (name) => {
    const { N, X, y } = pointDatasets[name](5000, { seed: 1 });
    expect([N, X.length, y.length]).toEqual([5000, 5000, 5000]);
    for (const coordinate of X.flat()) {
      expect(coordinate).toBeGreaterThanOrEqual(0);
      expect(coordinate).toBeLessThan(1);
    }
    expect(y).toEqual(X.map(([x1, x2]) => (LABELS[name](x1, x2) ? 1 : 0)));
    const share = y.reduce((a, b) => a + b, 0) / N;
    expect(Math.abs(share - SHARES[name])).toBeLessThan(0.025);
  });

  it("Spiral winds two arms around the centre", () => {
    const { N, X, y } = pointDatasets.Spiral(8);
    expect(N).toBe(8);
    expect(y).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    // minitorch.datasets.spiral(8), computed by it in Python.
    const expected = [
      [1.1236239244866129, 0.4585488141554996],
      [-0.06976593464411596, 0.9877158801178376],
      [0.6920099678100269, -0.3536727547846379],
      [0.9080820618133919, 1.4129452507276277],
      [0.4585488141554996, -0.12362392448661297],
      [0.9877158801178376, 1.069765934644116],
      [-0.3536727547846379, 0.3079900321899731],
      [1.4129452507276277, 0.0919179381866081],
    ] as const;
    for (const [i, [x1, x2]] of X.entries()) {
      expect(x1).toBeCloseTo(expected[i]![0], 12);
      expect(x2).toBeCloseTo(expected[i]![1], 12);
    }
    expect(pointDatasets.Spiral(9)).toEqual(pointDatasets.Spiral(8));
  });

  it("repeats itself under a seed, and goes on with a generator", () => {
    expect(pointDatasets.Xor(20, { seed: 3 })).toEqual(pointDatasets.Xor(20, { seed: 3 }));
    expect(pointDatasets.Xor(20, { seed: 3 })).not.toEqual(pointDatasets.Xor(20, { seed: 4 }));
    const generator = new Generator(3);
    const first = pointDatasets.Xor(20, { generator });
    expect(first).toEqual(pointDatasets.Xor(20, { seed: 3 }));
    expect(pointDatasets.Xor(20, { generator })).not.toEqual(first);
  });

  it("follows manualSeed when nothing else is given", () => {
    manualSeed(9);
    const points = pointDatasets.Simple(5);
    expect(points).toEqual(pointDatasets.Simple(5, { seed: 9 }));
  });
});
