import type { Scan, Scatter, Sort } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import type { Run } from "./compare.js";
import { expectAgreement, runOn } from "./compare.js";
import { hasWebGpu, sharedDevice } from "./devices.js";
import type { ScatterOptions } from "./programs.js";
import { at, numbers, scan, scatter, sort, sum } from "./programs.js";

const zeros = (length: number): number[] => new Array<number>(length).fill(0);

describe.skipIf(!hasWebGpu)("routines on webgpu", () => {
  it("cumulative sums", async () => {
    const b = new ExprBuilder();
    const program = scan(b, sum(b), [b.load(0, "float32", at(b, [0, 50], [1, 1]))], 5, 50, ["float32"]);
    await expectAgreement(await sharedDevice(), { program, buffers: [numbers(250), zeros(250)] });
  });

  it("cumulative maxima with their places", async () => {
    const b = new ExprBuilder();
    const [left, right] = [b.left(0, "float32"), b.right(0, "float32")];
    const later = b.le(left, right);
    const monoid = { identity: [b.const(-Infinity, "float32"), b.int(-1)], combine: [b.select(later, right, left), b.select(later, b.right(1, "int32"), b.left(1, "int32"))] };
    const program = scan(b, monoid, [b.load(0, "float32", at(b, [0, 30], [1, 1])), b.index(1)], 4, 30, ["float32", "int32"]);
    await expectAgreement(await sharedDevice(), { program, buffers: [numbers(120).map(Math.round), zeros(120), zeros(120)] });
  });

  it("a scan over two axes, and over none", async () => {
    const device = await sharedDevice();
    const b = new ExprBuilder();
    const two: Scan = { ...scan(b, sum(b), [b.load(0, "float32", at(b, [0, 12], [1, 4], [2, 1]))], 3, 12, ["float32"]), inner: [b.int(3), b.int(4)] };
    const stores = [{ ...two.stores[0]!, index: at(b, [0, 12], [1, 4], [2, 1]) }];
    await expectAgreement(device, { program: { ...two, stores }, buffers: [numbers(36), zeros(36)] });
    const none = scan(b, sum(b), [b.load(0, "float32", b.index(1))], 3, 0, ["float32"]);
    await expectAgreement(device, { program: none, buffers: [[1], [5]] });
  });

  it("scatters that replace, add and take the largest, in source order", async () => {
    const device = await sharedDevice();
    const [rows, width, targets] = [4, 37, 6];
    const places = numbers(rows * width, 5).map((x) => BigInt(Math.abs(Math.trunc(x * 100)) % targets));
    const before = numbers(rows * targets, 8);
    const options: Record<string, ScatterOptions> = {
      replace: {},
      add: { combine: (b, left, right) => b.add(left, right) },
      amax: { combine: (b, left, right) => b.max(left, right) },
      "where positive": { combine: (b, left, right) => b.add(left, right), when: (b, value) => b.lt(b.const(0, "float32"), value) },
    };
    for (const option of Object.values(options)) {
      const program = scatter("float32", "float32", rows, width, targets, option);
      await expectAgreement(device, { program, buffers: [numbers(rows * width), places, before] });
    }
    const narrow = scatter("uint8", "int32", rows, width, targets, { combine: (b, left, right) => b.add(left, right) });
    await expectAgreement(device, { program: narrow, buffers: [numbers(rows * width).map((x) => Math.abs(Math.trunc(x * 90))), places, zeros(rows * targets)] });
  });

  it("adds rows to the rows of a table, in source order", async () => {
    const [rows, width, targets] = [700, 5, 9];
    const b = new ExprBuilder();
    const row = b.cast(b.load(1, "int64", b.index(1)), "int32");
    const program: Scatter = {
      ...scatter("float32", "float32", width, rows, targets, { combine: (k, left, right) => k.add(left, right) }),
      guards: [{ over: "inner", holds: b.and(b.le(b.int(0), row), b.lt(row, b.int(targets))), message: "add rows: expected rows in [0, 9)" }],
    };
    const target = { ...program.target, index: b.add(b.mul(row, b.int(width)), b.index(0)), value: b.load(0, "float32", at(b, [0, 1], [1, width])) };
    const places = Array.from({ length: rows }, (_, i) => BigInt((i * i) % targets));
    const device = await sharedDevice();
    const run: Run = { program: { ...program, target }, buffers: [numbers(rows * width), places, numbers(targets * width, 3)] };
    await expectAgreement(device, run);
    // A place that is none: the error says so, and no other element of the table has its value.
    const spoilt = { ...run, buffers: [run.buffers[0]!, places.map((place, i) => (i === 300 ? 99n : place)), run.buffers[2]!] };
    await expect(runOn(device, spoilt)).rejects.toThrow("add rows: expected rows in [0, 9)");
  });

  it("a scatter that reads what it has written", async () => {
    const program = scatter("float32", "float32", 2, 10, 3, {});
    const b = new ExprBuilder();
    // Each write is seen by the next point of the row.
    const value = b.add(b.load(2, "float32", at(b, [0, 3])), b.load(0, "float32", at(b, [0, 10], [1, 1])));
    const places = Array.from({ length: 20 }, (_, i) => BigInt(i % 2));
    await expectAgreement(await sharedDevice(), { program: { ...program, target: { ...program.target, value } }, buffers: [numbers(20), places, numbers(6, 4)] });
  });

  it("sorts NaNs of either sign alike", async () => {
    const device = await sharedDevice();
    for (const descending of [false, true]) {
      const b = new ExprBuilder();
      const program: Sort = { ...sort("int32", "float32", 1, 6, descending), params: [{ dtype: "int32", access: "in" }, { dtype: "float32", access: "out" }, { dtype: "int64", access: "out" }], key: b.bitcast(b.load(0, "int32", b.index(1)), "float32") };
      const keys = [0x7fc00000, 0x3f800000, -0x400000, -0x800000, 0x7f800000, -1];
      await expectAgreement(device, { program, buffers: [keys, zeros(6), keys.map(() => 0n)] });
    }
  });

  for (const descending of [false, true]) {
    it(`sorts ${descending ? "descending" : "ascending"}: stable, NaN largest, zeros alike`, async () => {
      const device = await sharedDevice();
      const special = [3, NaN, -0, 0, Infinity, -Infinity, NaN, 0, -0, 1, 1, -1e-38, 2, 3, 1, -5];
      const actual = await expectAgreement(device, { program: sort("float32", "float32", 1, special.length, descending), buffers: [special, zeros(special.length), special.map(() => 0n)] });
      expect(actual[2]?.slice(0, 3)).toEqual(descending ? [1n, 6n, 4n] : [5n, 15n, 11n]);
      for (const width of [0, 1, 2, 3, 64, 100, 511, 513, 2000]) {
        const keys = numbers(3 * width, width + 1).map((x) => Math.round(x * 20));
        await expectAgreement(device, { program: sort("float32", "float32", 3, width, descending), buffers: [keys, zeros(3 * width), keys.map(() => 0n)] });
      }
      const ints = [5, -(2 ** 31), 2 ** 31 - 1, 0, 5, -1];
      await expectAgreement(device, { program: sort("int32", "int32", 1, 6, descending), buffers: [ints, zeros(6), ints.map(() => 0n)] });
      const longs = ints.map(BigInt);
      await expectAgreement(device, { program: sort("int64", "int64", 1, 6, descending), buffers: [longs, longs, longs] });
      await expectAgreement(device, { program: sort("bool", "bool", 1, 6, descending), buffers: [[1, 0, 1, 1, 0, 0], zeros(6), ints.map(() => 0n)] });
    });
  }
});
