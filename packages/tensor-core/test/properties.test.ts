import type { Shape } from "@gradus/tensor-core";
import { cat, gather, Layout, matmul, pad, scatterAdd, softmax, sum, tensor, Tensor, zeros } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";
import { interpreter } from "@gradus/kernel-ir/interpreter";

// Values are compared at once, thousands of times.
useDevice(() => interpreter());

const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);
const values = (x: Tensor): number[] => Array.from(x.readSync(), Number);
/** 0, 1, 2, … under a shape. */
const counting = (shape: Shape): Tensor => tensor(Float64Array.from({ length: sizeOf(shape) }, (_, i) => i), { shape });

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });
const solidShapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

/** A view op with numbers that are folded into whatever the tensor allows. */
interface ViewStep {
  readonly op: "permute" | "select" | "slice" | "unsqueeze" | "expand" | "squeeze";
  readonly a: number;
  readonly b: number;
  readonly c: number;
}
const numbers = fc.nat({ max: 1000 });
const viewSteps = fc.array(
  fc.record<ViewStep>({ op: fc.constantFrom("permute", "select", "slice", "unsqueeze", "expand", "squeeze"), a: numbers, b: numbers, c: numbers }),
  { maxLength: 6 },
);

/** `order` = the k-th permutation of 0 … rank−1. */
function permutation(rank: number, k: number): number[] {
  const rest = Array.from({ length: rank }, (_, i) => i);
  return Array.from({ length: rank }, (_, i) => rest.splice(k % (rank - i), 1)[0]!);
}

function viewed(x: Tensor, { op, a, b, c }: ViewStep): Tensor {
  const rank = x.ndim;
  const d = rank === 0 ? 0 : a % rank;
  const size = x.shape[d] ?? 1;
  switch (op) {
    case "permute":
      return x.permute(permutation(rank, a));
    case "select":
      return rank === 0 || size === 0 ? x : x.select(d, (b % (2 * size)) - size);
    case "slice":
      return rank === 0 ? x : x.slice(d, b % (size + 1), null, 1 + (c % 3));
    case "unsqueeze":
      return rank > 4 ? x : x.unsqueeze(a % (rank + 1));
    case "expand":
      return rank > 4 ? x : x.expand([1 + (a % 3), ...x.shape.map((n) => (n === 1 ? 1 + (b % 3) : n))]);
    case "squeeze":
      return x.squeeze();
  }
}

/** Any layout: permuted, sliced, expanded. */
const laidOut = fc.tuple(shapes, viewSteps).map(([shape, steps]) => steps.reduce(viewed, counting(shape)));
/** The same, of exactly `rank` dimensions of 1 to 4 elements. */
const laidOutOfRank = (rank: number): fc.Arbitrary<Tensor> =>
  fc.tuple(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: rank, maxLength: rank }), numbers, numbers, fc.boolean()).map(([shape, order, gap, expanded]) => {
    // Larger than needed, then sliced, permuted and perhaps expanded.
    const x = counting(shape.map((n, i) => (i === gap % rank ? 2 * n + 1 : n)));
    const sliced = x.slice(gap % rank, 1, null, 2);
    const permuted = sliced.permute(permutation(rank, order));
    return expanded ? permuted.narrow(0, 0, 1).expand([3, ...permuted.shape.slice(1)]) : permuted;
  });

describe("views equal copies", () => {
  it("after any chain of view ops", () => {
    fc.assert(
      fc.property(shapes, viewSteps, (shape, steps) => {
        const view = steps.reduce(viewed, counting(shape));
        const copy = steps.reduce((x, step) => viewed(x, step).clone(), counting(shape));
        expect(view.shape).toEqual(copy.shape);
        expect(values(view)).toEqual(values(copy));
        expect(values(view.contiguous())).toEqual(values(view));
        expect(values(view.reshape(-1))).toEqual(values(view));
      }),
      { numRuns: 200 },
    );
  });

  it("and share memory with what they are views of", () => {
    fc.assert(
      fc.property(solidShapes, viewSteps, (shape, steps) => {
        const base = counting(shape);
        const view = steps.reduce(viewed, base);
        if (view.numel() === 0) return;
        const seen = new Set(values(view));
        base.add_(1000);
        expect(new Set(values(view).map((value) => value - 1000))).toEqual(seen);
        expect(view.storage()).toBe(base.storage());
      }),
      { numRuns: 100 },
    );
  });
});

describe("any layout gives what the contiguous one gives", () => {
  const unary: Record<string, (x: Tensor) => Tensor> = {
    "add of itself": (x) => x.add(x),
    exp: (x) => x.mul(0.01).exp(),
    "comparison with a number": (x) => x.gt(3),
    sum: (x) => x.sum(),
    "sum of the first dimension": (x) => (x.ndim === 0 ? x : x.sum({ dim: 0 })),
    "sum of the last dimension": (x) => (x.ndim === 0 ? x : x.sum({ dim: -1, keepdim: true })),
    argmax: (x) => (x.numel() === 0 ? x : x.argmax()),
    softmax: (x) => (x.ndim === 0 ? x : softmax(x, -1)),
    "variance of the first dimension": (x) => (x.ndim === 0 || x.shape[0] === 0 ? x : x.var({ dim: 0, correction: 0 })),
    "conversion to int32": (x) => x.to("int32"),
    "concatenation with itself": (x) => (x.ndim === 0 ? x : cat([x, x], -1)),
    padding: (x) => (x.ndim === 0 ? x : pad(x, [1, 2], { value: -1 })),
    flattening: (x) => x.flatten(),
  };
  it.each(Object.entries(unary))("%s", (_, f) => {
    fc.assert(
      fc.property(laidOut, (x) => {
        const [mine, plain] = [f(x), f(x.clone())];
        expect(mine.shape).toEqual(plain.shape);
        expect(values(mine)).toEqual(values(plain));
      }),
      { numRuns: 60 },
    );
  });

  it("matmul", () => {
    fc.assert(
      fc.property(laidOutOfRank(2), laidOutOfRank(2), (a, b) => {
        const inner = Math.min(a.shape[1]!, b.shape[0]!);
        const [left, right] = [a.narrow(1, 0, inner), b.narrow(0, 0, inner)];
        expect(values(matmul(left, right))).toEqual(values(matmul(left.clone(), right.clone())));
      }),
      { numRuns: 80 },
    );
  });

  it("gather and scatterAdd", () => {
    fc.assert(
      fc.property(laidOutOfRank(2), numbers, (x, seed) => {
        const [rows, columns] = x.shape as [number, number];
        const index = tensor(BigInt64Array.from({ length: 2 * rows }, (_, i) => BigInt((i * seed) % columns)), { shape: [2, rows] }).t();
        expect(values(gather(x, 1, index))).toEqual(values(gather(x.clone(), 1, index.clone())));
        const target = counting([rows, columns]);
        expect(values(scatterAdd(target, 1, index, gather(x, 1, index)))).toEqual(values(scatterAdd(target.t().contiguous().t(), 1, index.clone(), gather(x.clone(), 1, index))));
      }),
      { numRuns: 60 },
    );
  });
});

describe("broadcasting equals explicit expansion", () => {
  /** Two shapes that broadcast: sizes of a common shape, some of them 1, the second perhaps shorter. */
  const broadcastable = fc
    .tuple(solidShapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat({ max: 3 }))
    .map(([shape, first, second, cut]) => ({
      a: shape.map((size, i) => (first[i] === true ? 1 : size)),
      b: shape.map((size, i) => (second[i] === true ? 1 : size)).slice(Math.min(cut, shape.length)),
    }));

  it.each<[string, (a: Tensor, b: Tensor) => Tensor]>([
    ["add", (a, b) => a.add(b)],
    ["mul", (a, b) => a.mul(b)],
    ["maximum", (a, b) => a.maximum(b)],
    ["lt", (a, b) => a.lt(b)],
    ["where", (a, b) => a.where(b.gt(2), b)],
    ["lerp", (a, b) => a.lerp(b, b)],
  ])("in %s", (_, f) => {
    fc.assert(
      fc.property(broadcastable, (pair) => {
        const [a, b] = [counting(pair.a), counting(pair.b).add(0.5)];
        const result = f(a, b);
        const [wideA, wideB] = [a.expand(result.shape).clone(), b.expand(result.shape).clone()];
        expect(values(result)).toEqual(values(f(wideA, wideB)));
      }),
      { numRuns: 60 },
    );
  });

  it("and its gradient is summed over what was repeated", () => {
    fc.assert(
      fc.property(broadcastable, (pair) => {
        const [a, b] = [counting(pair.a).requiresGrad_(), counting(pair.b).add(1)];
        const product = a.mul(b);
        product.sum().backward();
        const wide = b.expand(product.shape);
        // ∂/∂a Σ a·b = b, summed to a's shape.
        const repeated = product.shape.flatMap((size, d) => ((a.shape[d - product.ndim + a.ndim] ?? 1) === 1 && size !== 1 ? [d] : []));
        const expected = repeated.length === 0 ? wide : sum(wide, { dim: repeated, keepdim: true });
        expect(values(a.grad!)).toEqual(values(expected));
        expect(a.grad!.shape).toEqual(a.shape);
      }),
      { numRuns: 60 },
    );
  });
});

describe("in-place ops on overlapping views equal a naive model", () => {
  const length = 12;
  /** A view of the storage: an offset, one or two dimensions with strides. Offsets and extents are folded to fit. */
  const views = fc.record({ offset: fc.nat({ max: 6 }), size: fc.integer({ min: 1, max: 6 }), stride: fc.integer({ min: 1, max: 3 }), matrix: fc.boolean() }).map(({ offset, size, stride, matrix }): Layout => {
    const fitting = Math.min(size, Math.floor((length - 1 - offset) / stride) + 1);
    if (!matrix || fitting < 4) return new Layout([fitting], [stride], offset);
    return new Layout([2, Math.floor(fitting / 2)], [Math.floor(fitting / 2) * stride, stride], offset);
  });
  const statements = fc.array(
    fc.record({ op: fc.constantFrom("fill", "add", "mul", "copy", "addNumber", "transposed"), target: views, source: views, value: fc.integer({ min: -3, max: 3 }) }),
    { minLength: 1, maxLength: 8 },
  );
  /** Places in the storage, in row-major order. */
  const placesOf = ({ shape, strides, offset }: Layout): number[] =>
    shape.reduce<number[]>((places, size, d) => places.flatMap((place) => Array.from({ length: size }, (_, i) => place + i * strides[d]!)), [offset]);

  it("in any sequence", () => {
    fc.assert(
      fc.property(statements, (program) => {
        const base = counting([length]);
        const model = values(base);
        for (const { op, target, source, value } of program) {
          const x = base.asStrided(target.shape, target.strides, target.offset);
          const places = placesOf(target);
          // A source of as many elements, seen in the target's shape.
          const many = Math.min(sizeOf(source.shape), places.length);
          const from = op === "transposed" ? [...places].reverse().slice(0, many) : placesOf(source).slice(0, many);
          const y = base.asStrided(source.shape, source.strides, source.offset).reshape(-1).narrow(0, 0, many);
          const flat = target.shape.length === 1 ? x : null;
          const part = flat?.narrow(0, 0, many) ?? null;
          const read = from.map((place) => model[place]!);
          switch (op) {
            case "fill":
              x.fill_(value);
              for (const place of places) model[place] = value;
              break;
            case "addNumber":
              x.add_(value);
              for (const place of places) model[place]! += value;
              break;
            case "add":
              part?.add_(y);
              if (part !== null) read.forEach((each, i) => { model[places[i]!]! += each; });
              break;
            case "mul":
              part?.mul_(y);
              if (part !== null) read.forEach((each, i) => { model[places[i]!]! *= each; });
              break;
            case "copy":
              part?.copy_(y);
              if (part !== null) read.forEach((each, i) => { model[places[i]!] = each; });
              break;
            case "transposed":
              // A square part against its own transpose.
              if (target.shape.length === 2 && target.shape[0] === target.shape[1]) {
                const before = [...model];
                x.add_(x.t());
                const n = target.shape[0]!;
                places.forEach((place, i) => { model[place] = before[place]! + before[places[(i % n) * n + Math.floor(i / n)]!]!; });
              }
          }
          expect(values(base)).toEqual(model);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("laws of Layout", () => {
  const layouts = laidOut.map((x) => x.layout);
  /** The places of all elements, in row-major order. */
  const placesOf = (layout: Layout): number[] =>
    layout.shape.reduce<number[]>((places, size, d) => places.flatMap((place) => Array.from({ length: size }, (_, i) => place + i * layout.strides[d]!)), [layout.offset]);

  it("contiguous means one after the other from the offset on", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const consecutive = placesOf(layout).every((place, i) => place === layout.offset + i);
        expect(layout.isContiguous).toBe(consecutive);
      }),
    );
  });

  it("extent is one past the last place", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        expect(layout.extent).toBe(layout.numel === 0 ? layout.offset : Math.max(...placesOf(layout)) + 1);
      }),
    );
  });

  it("says that it overlaps wherever two elements share a place", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const places = placesOf(layout);
        if (new Set(places).size < places.length) expect(layout.overlaps).toBe(true);
        // Slices and permutations of contiguous memory never do.
        if (layout.strides.every((stride, d) => stride > 0 || layout.shape[d] === 1) && new Set(places).size === places.length && layout.isContiguous) expect(layout.overlaps).toBe(false);
      }),
    );
  });

  it("a view under another shape has the same places in the same order, and exists whenever one is possible", () => {
    fc.assert(
      fc.property(layouts, numbers, numbers, (layout, k, cut) => {
        if (layout.numel === 0) return;
        // Another factorisation: the sizes in another order, two of them joined.
        const sizes = permutation(layout.rank, k).map((d) => layout.shape[d]!);
        const shape = sizes.length > 1 && cut % 2 === 0 ? [sizes[0]! * sizes[1]!, ...sizes.slice(2)] : sizes;
        const view = layout.view(shape);
        if (view !== null) expect(placesOf(view)).toEqual(placesOf(layout));
        else expect(strided(placesOf(layout), shape)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("permuting back and forth, selecting and slicing pick the places that they name", () => {
    fc.assert(
      fc.property(layouts, numbers, numbers, (layout, a, b) => {
        if (layout.rank === 0) return;
        const order = permutation(layout.rank, a);
        const inverse = order.map((_, i) => order.indexOf(i));
        expect(layout.permute(order).permute(inverse).equals(layout)).toBe(true);
        const d = a % layout.rank;
        const size = layout.shape[d]!;
        if (size === 0) return;
        const i = b % size;
        const along = (x: Layout): number[][] => Array.from({ length: x.shape[d]! }, (_, j) => placesOf(x.select(d, j)));
        expect(placesOf(layout.select(d, i))).toEqual(along(layout)[i]);
        expect(along(layout.slice(d, i, size - i))).toEqual(along(layout).slice(i));
        expect(placesOf(layout.unsqueeze(d).squeeze([d]))).toEqual(placesOf(layout));
      }),
    );
  });

  /** Whether places can be laid out under a shape with some strides at all. */
  function strided(places: readonly number[], shape: Shape): boolean {
    const steps = shape.map((_, d) => sizeOf(shape.slice(d + 1)));
    const strides = steps.map((step, d) => (shape[d]! > 1 ? places[step]! - places[0]! : 0));
    return places.every((place, i) => place === places[0]! + steps.reduce((total, step, d) => total + (Math.floor(i / step) % shape[d]!) * strides[d]!, 0));
  }
});

describe("reductions equal a naive loop", () => {
  it("over any dimensions of any layout", () => {
    fc.assert(
      fc.property(laidOut, numbers, fc.boolean(), (x, mask, keepdim) => {
        const dims = x.shape.flatMap((_, d) => ((mask >> d) & 1 ? [d] : []));
        if (dims.length === 0) return;
        const kept = x.shape.map((size, d) => (dims.includes(d) ? 1 : size));
        const totals = new Array<number>(sizeOf(kept)).fill(0);
        const strides = kept.map((_, d) => sizeOf(kept.slice(d + 1)));
        values(x).forEach((value, i) => {
          let rest = i;
          let place = 0;
          for (let d = x.ndim - 1; d >= 0; d--) {
            if (!dims.includes(d)) place += (rest % x.shape[d]!) * strides[d]!;
            rest = Math.floor(rest / x.shape[d]!);
          }
          totals[place]! += value;
        });
        const result = x.sum({ dim: dims, keepdim });
        expect(result.shape).toEqual(keepdim ? kept : kept.filter((_, d) => !dims.includes(d)));
        expect(values(result)).toEqual(totals);
        expect(values(x.to("int64").sum({ dim: dims }))).toEqual(totals);
      }),
      { numRuns: 100 },
    );
  });
});

describe("inverses", () => {
  it("splitting and joining, padding and cutting, stacking and unbinding", () => {
    fc.assert(
      fc.property(laidOut, numbers, numbers, (x, a, b) => {
        if (x.ndim === 0) return;
        const d = a % x.ndim;
        expect(values(cat(x.split(1 + (b % 3), d), d))).toEqual(values(x));
        const [before, after] = [a % 3, b % 3];
        expect(values(pad(x, [before, after]).narrow(-1, before, x.shape.at(-1)!))).toEqual(values(x));
        expect(values(pad(pad(x, [before, after]), [-before, -after]))).toEqual(values(x));
        const target = zeros(x.shape, { dtype: "float64" });
        expect(values(target.copy_(x))).toEqual(values(x));
      }),
      { numRuns: 60 },
    );
  });
});
