import type { Kernel, Program } from "@gradus/kernel-ir";
import { equalExpressions, equalPrograms, ExprBuilder, expressionsOf, hashProgram, topological } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { mapExpressions } from "../src/children.js";
import * as samples from "./support/samples.js";

const convolution: samples.Convolution = { batch: 2, channels: 3, filters: 4, size: 9, kernel: 3, stride: 2, padding: 1, dilation: 1 };
const makers: Record<string, (b: ExprBuilder) => Program> = {
  add: (b) => samples.add(b),
  "add of float64": (b) => samples.add(b, "float64"),
  softmax: (b) => samples.softmax(b),
  "softmax on one lane": (b) => samples.softmax(b, 1),
  layerNorm: samples.layerNorm,
  argmax: samples.argmax,
  sum: (b) => samples.sum(b, 16),
  linear: samples.linear,
  conv1d: (b) => samples.conv1d(b, convolution),
  "conv1d without padding": (b) => samples.conv1d(b, { ...convolution, padding: 0, size: 11 }),
  conv1dInputGradient: (b) => samples.conv1dInputGradient(b, convolution),
  cumulative: samples.cumulative,
  scatterAdd: samples.scatterAdd,
  sort: (b) => samples.sort(b),
  "sort descending": (b) => samples.sort(b, true),
};

/** A builder that has made other things before, so that its nodes have other ids in another order. */
function used(): ExprBuilder {
  const b = new ExprBuilder();
  b.add(b.index(1), b.index(0));
  b.mul(b.scalar(2, "int32"), b.scalar(1, "int32"));
  b.load(1, "float32", b.index(0));
  return b;
}

describe("programs", () => {
  it.each(Object.entries(makers))("equal their copies of another builder: %s", (_, make) => {
    const [one, other] = [make(new ExprBuilder()), make(used())];
    expect(equalPrograms(one, other)).toBe(true);
    expect(hashProgram(one)).toBe(hashProgram(other));
    // Nothing of the one is found in the other.
    const nodes = new Set(topological(expressionsOf(one)));
    expect(topological(expressionsOf(other)).some((node) => nodes.has(node))).toBe(false);
  });

  it("differ from each other", () => {
    const programs = Object.values(makers).map((make) => make(new ExprBuilder()));
    for (const [i, one] of programs.entries()) for (const [j, other] of programs.entries()) expect(equalPrograms(one, other)).toBe(i === j);
    expect(new Set(programs.map(hashProgram)).size).toBe(programs.length);
  });

  it("do not differ by their names", () => {
    const program = samples.add(new ExprBuilder());
    expect(equalPrograms(program, { ...samples.add(new ExprBuilder()), name: "plus" })).toBe(true);
    expect(hashProgram({ ...program, name: "plus" })).toBe(hashProgram(program));
  });

  it("differ by a single leaf, and by each part of the frame", () => {
    const build = (change: (b: ExprBuilder, kernel: Kernel) => Partial<Kernel> = () => ({})): Kernel => {
      const b = new ExprBuilder();
      const kernel = samples.softmax(b);
      return { ...kernel, ...change(b, kernel) };
    };
    const changes: ((b: ExprBuilder, kernel: Kernel) => Partial<Kernel>)[] = [
      (b) => ({ outer: [b.scalar(1, "int32")] }),
      (b) => ({ outer: [b.int(4)] }),
      (b) => ({ inner: [b.int(4)] }),
      (_, k) => ({ params: [...k.params].reverse() }),
      (_, k) => ({ params: k.params.map((param) => ({ ...param, access: "inout" as const })) }),
      () => ({ scalars: ["int32", "int32", "int32"] }),
      (b) => ({ guards: [{ over: "outer", holds: b.lt(b.index(0), b.int(3)), message: "softmax: expected fewer rows" }] }),
      (_, k) => ({ reductions: [...k.reductions].reverse() }),
      (_, k) => ({ reductions: k.reductions.map((r, i) => ({ ...r, lanes: i === 0 ? (1 as const) : r.lanes })) }),
      (_, k) => ({ stores: k.stores.map((store) => ({ ...store, over: "outer" as const })) }),
      (_, k) => ({ stores: [...k.stores, ...k.stores] }),
      (b, k) => ({ stores: k.stores.map((store) => ({ ...store, value: b.neg(store.value) })) }),
    ];
    const programs = [build(), ...changes.map(build)];
    for (const [i, one] of programs.entries()) for (const [j, other] of programs.entries()) expect(equalPrograms(one, other)).toBe(i === j);
    expect(new Set(programs.map(hashProgram)).size).toBe(programs.length);
  });
});

describe("expressions", () => {
  it("are compared as graphs: sharing neither helps nor hurts", () => {
    const [a, b] = [new ExprBuilder(), used()];
    const chain = (k: ExprBuilder): ReturnType<ExprBuilder["int"]> => {
      let x = k.load(0, "float32", k.index(0));
      // Written out as a tree this would have 2⁶⁰ nodes.
      for (let i = 0; i < 60; i++) x = k.add(x, x);
      return x;
    };
    expect(equalExpressions(chain(a), chain(b))).toBe(true);
    expect(equalExpressions(chain(a), b.neg(chain(b)))).toBe(false);
  });

  it("tell zeros and arguments in another order apart", () => {
    const b = new ExprBuilder();
    const [x, y] = [b.scalar(0, "float32"), b.scalar(1, "float32")];
    expect(equalExpressions(b.const(0, "float32"), b.const(-0, "float32"))).toBe(false);
    expect(equalExpressions(b.sub(x, y), b.sub(y, x))).toBe(false);
  });
});

describe("mapExpressions", () => {
  it.each(Object.entries(makers))("visits what expressionsOf lists, and nothing else: %s", (_, make) => {
    const program = make(new ExprBuilder());
    const seen = new Set(expressionsOf(program));
    const copy = mapExpressions(program, (expr) => {
      expect(seen).toContain(expr);
      return expr;
    });
    expect(copy).toEqual(program);
    // A change of every root arrives at every root.
    const b = new ExprBuilder();
    const marked = mapExpressions(program, (expr) => b.const(0, expr.dtype));
    expect(expressionsOf(marked).every((expr) => expr.op === "const")).toBe(true);
    expect(expressionsOf(marked)).toHaveLength(expressionsOf(program).length);
  });
});
