import { interpreter } from "@gradus/kernel-ir/interpreter";
import type { Index, Shape } from "@gradus/tensor-core";
import { tensor, Tensor } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice(() => interpreter());

/** What stands in one place of an index, as data that both the model and Gradus can read. */
type Item =
  | { readonly kind: "position"; readonly at: number }
  | { readonly kind: "slice"; readonly from: number | null; readonly to: number | null; readonly step: number }
  | { readonly kind: "new" }
  | { readonly kind: "rest"; readonly count: number }
  | { readonly kind: "indices"; readonly shape: Shape; readonly values: readonly number[] }
  | { readonly kind: "mask"; readonly shape: Shape; readonly values: readonly boolean[] };

const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);
const values = (x: Tensor): number[] => Array.from(x.detach().readSync(), Number);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Row-major coordinates of a shape. */
function* coordinates(shape: Shape): Generator<number[]> {
  for (let i = 0; i < sizeOf(shape); i++) {
    let rest = i;
    yield shape.map((_, d) => {
      const inner = sizeOf(shape.slice(d + 1));
      const at = Math.floor(rest / inner);
      rest %= inner;
      return at;
    });
  }
}

/**
 * The naive model: which place of a row-major tensor each element of the result comes from. Positions are taken first and their dimensions go away;
 * masks are the coordinates where they hold; index arrays broadcast, and their common shape stands where they stood, or in front if they were apart.
 */
function model(shape: Shape, items: readonly Item[]): { readonly shape: number[]; readonly places: number[] } {
  const strides = shape.map((_, d) => sizeOf(shape.slice(d + 1)));
  let base = 0;
  let dim = 0;
  /** What makes a dimension of the result: places to step to, or an index array. */
  const axes: ({ readonly steps: readonly number[] } | { readonly shape: Shape; readonly steps: readonly number[] })[] = [];
  const whole = (d: number): void => { axes.push({ steps: range(shape[d]!).map((i) => i * strides[d]!) }); };
  for (const item of items) {
    switch (item.kind) {
      case "position":
        base += ((item.at + shape[dim]!) % shape[dim]!) * strides[dim]!;
        dim++;
        break;
      case "slice":
        axes.push({ steps: range(shape[dim]!).slice(item.from ?? 0, item.to ?? shape[dim]!).filter((_, i) => i % item.step === 0).map((i) => i * strides[dim]!) });
        dim++;
        break;
      case "new":
        axes.push({ steps: [0] });
        break;
      case "rest":
        for (let i = 0; i < item.count; i++) whole(dim++);
        break;
      case "indices": {
        const [size, stride] = [shape[dim]!, strides[dim]!];
        axes.push({ shape: item.shape, steps: item.values.map((i) => ((i + size) % size) * stride) });
        dim++;
        break;
      }
      case "mask": {
        const holds = [...coordinates(item.shape)].filter((_, i) => item.values[i]);
        item.shape.forEach((_, d) => { axes.push({ shape: [holds.length], steps: holds.map((at) => at[d]! * strides[dim + d]!) }); });
        dim += item.shape.length;
      }
    }
  }
  while (dim < shape.length) whole(dim++);

  const arrays = axes.flatMap((axis, a) => ("shape" in axis ? [{ ...axis, a }] : []));
  const rank = Math.max(0, ...arrays.map((array) => array.shape.length));
  const common = range(rank).map((d) => {
    const sizes = arrays.map((array) => array.shape[d - rank + array.shape.length] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
  const adjacent = arrays.every(({ a }, i) => i === 0 || a === arrays[i - 1]!.a + 1);
  const plain = axes.flatMap((axis, a) => ("shape" in axis ? [] : [a]));
  const before = arrays.length === 0 ? plain.length : adjacent ? plain.filter((a) => a < arrays[0]!.a).length : 0;
  const lengths = plain.map((a) => axes[a]!.steps.length);
  const result = [...lengths.slice(0, before), ...(arrays.length === 0 ? [] : common), ...lengths.slice(before)];
  const places = [...coordinates(result)].map((at) => {
    const inCommon = arrays.length === 0 ? [] : at.slice(before, before + rank);
    const own = [...at.slice(0, before), ...at.slice(before + inCommon.length)];
    const fromPlain = plain.reduce((sum, a, i) => sum + axes[a]!.steps[own[i]!]!, 0);
    return arrays.reduce((sum, { shape: s, steps }) => sum + steps[s.reduce((p, size, d) => p * size + (size === 1 ? 0 : inCommon[rank - s.length + d]!), 0)]!, base + fromPlain);
  });
  return { shape: result, places };
}

const write = (item: Item): Index => {
  switch (item.kind) {
    case "position":
      return item.at;
    case "slice":
      return `${item.from ?? ""}:${item.to ?? ""}${item.step === 1 ? "" : `:${item.step}`}`;
    case "new":
      return null;
    case "rest":
      return "...";
    case "indices":
      return tensor(BigInt64Array.from(item.values, BigInt), { shape: item.shape });
    case "mask":
      return tensor(Uint8Array.from(item.values, Number), { shape: item.shape, dtype: "bool" });
  }
};

const nat = fc.nat({ max: 1000 });
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

/** Any index that fits a shape. */
const indexed = fc.tuple(shapes, fc.array(fc.tuple(nat, nat, nat, nat), { minLength: 12, maxLength: 12 }), fc.integer({ min: 1, max: 3 }), fc.boolean()).map(([shape, choices, width, masks]) => {
  const items: Item[] = [];
  let [dim, c, masked, rest] = [0, 0, false, false];
  while (dim < shape.length && c < choices.length) {
    const [what, p, q, r] = choices[c++]!;
    const size = shape[dim]!;
    switch (what % 8) {
      case 0:
        items.push({ kind: "position", at: (p % (2 * size)) - size });
        dim++;
        break;
      case 1:
      case 2:
        items.push({ kind: "slice", from: q % 3 === 0 ? null : (p % (2 * size + 2)) - size - 1, to: r % 3 === 0 ? null : (q % (2 * size + 2)) - size - 1, step: 1 + (r % 3) });
        dim++;
        break;
      case 3:
        if (items.filter(({ kind }) => kind === "new").length < 2) items.push({ kind: "new" });
        break;
      case 4:
        if (!rest) {
          const count = p % (shape.length - dim + 1);
          items.push({ kind: "rest", count });
          dim += count;
          rest = true;
        }
        break;
      case 5:
        // The rest is left out; after "..." every dimension has to be named.
        if (!rest) return { shape, items };
        break;
      default: {
        if (masks) {
          if (masked) break;
          masked = true;
          const covered = shape.slice(dim, dim + 1 + (p % 2));
          items.push({ kind: "mask", shape: covered, values: range(sizeOf(covered)).map((i) => ((q + 1) * (i + 3) * 7919) % 5 < 3) });
          dim += covered.length;
        } else {
          const own = [[width], [1], [2, width], [2, 1], []][p % 5]!;
          items.push({ kind: "indices", shape: own, values: range(sizeOf(own)).map((i) => ((q + i * 13 + r) % (2 * size)) - size) });
          dim++;
        }
      }
    }
  }
  // Whatever "..." did not cover has to be named after it.
  while (rest && dim < shape.length) {
    items.push({ kind: "slice", from: null, to: null, step: 1 });
    dim++;
  }
  return { shape, items };
});

/** 0, 1, 2, … under a shape: each element says its own place. */
const places = (shape: Shape, permuted = false): Tensor => {
  const x = tensor(Float64Array.from(range(sizeOf(shape))), { shape });
  return permuted ? x.permute(shape.map((_, d) => shape.length - 1 - d)).contiguous().permute(shape.map((_, d) => shape.length - 1 - d)) : x;
};

describe("indexing equals a naive model", () => {
  it("reading", () => {
    fc.assert(
      fc.property(indexed, fc.boolean(), ({ shape, items }, permuted) => {
        const want = model(shape, items);
        const got = places(shape, permuted).get(...items.map(write));
        expect(got.shape).toEqual(want.shape);
        expect(values(got)).toEqual(want.places);
      }),
      { numRuns: 400 },
    );
  });

  it("writing, one value and as many as there are places", () => {
    fc.assert(
      fc.property(indexed, fc.boolean(), fc.boolean(), ({ shape, items }, permuted, single) => {
        const { shape: into, places: at } = model(shape, items);
        const x = places(shape, permuted);
        const source = tensor(Float64Array.from(range(sizeOf(into)), (i) => -1 - i), { shape: into });
        x.set(items.map(write), single ? -5 : source);
        const want = range(sizeOf(shape));
        at.forEach((place, i) => { want[place] = single ? -5 : -1 - i; });
        expect(values(x)).toEqual(want);
      }),
      { numRuns: 300 },
    );
  });

  it("gradients come back to the places that were read, and add up where one was read twice", () => {
    fc.assert(
      fc.property(indexed, ({ shape, items }) => {
        const { shape: into, places: at } = model(shape, items);
        const x = places(shape).requiresGrad_();
        const weights = range(sizeOf(into)).map((i) => i + 1);
        x.get(...items.map(write)).backward(tensor(Float64Array.from(weights), { shape: into }));
        const want = range(sizeOf(shape)).map(() => 0);
        at.forEach((place, i) => { want[place]! += weights[i]!; });
        expect(values(x.grad!)).toEqual(want);
      }),
      { numRuns: 200 },
    );
  });

  it("gradients of what is written go to the source, and none to what it replaced", () => {
    fc.assert(
      fc.property(indexed, ({ shape, items }) => {
        const { shape: into, places: at } = model(shape, items);
        // Where a place is written twice, which write counts is not said.
        fc.pre(new Set(at).size === at.length);
        const x = places(shape).requiresGrad_();
        const source = tensor(new Float64Array(sizeOf(into)), { shape: into, requiresGrad: true });
        const y = x.mul(1);
        y.set(items.map(write), source);
        const weights = range(sizeOf(shape)).map((i) => i + 1);
        y.backward(tensor(Float64Array.from(weights), { shape }));
        expect(values(x.grad!)).toEqual(weights.map((weight, place) => (at.includes(place) ? 0 : weight)));
        expect(values(source.grad!)).toEqual(at.map((place) => weights[place]!));
      }),
      { numRuns: 150 },
    );
  });
});
