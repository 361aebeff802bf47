import { expect, test, vi } from "vitest";
import { backpropagate, GradientHooks, releasedError, type GradNode, type Observer } from "@gradus/autograd";
import { algebra, edge, leaf, op, sum, sweep } from "./toy.js";

test("the chain rule multiplies along a path and adds where paths meet", () => {
  const x = leaf();
  const a = sum("a", [x, 2]);
  const b = sum("b", [a, 3], [x, 5]);
  const c = sum("c", [b, 7], [a, 11]);
  expect(sweep(c)).toEqual([]);
  expect(x.grad).toBe(7 * 3 * 2 + 7 * 5 + 11 * 2);
});

test("an input that is used twice by one node receives both gradients", () => {
  const x = leaf();
  sweep(sum("x + x", [x, 1], [x, 1]));
  expect(x.grad).toBe(2);
});

test("each node runs once, however often its result is used", () => {
  const x = leaf();
  const rule = vi.fn((grad: number) => grad);
  let node = op("shared", [x], rule);
  for (let i = 0; i < 50; i++) node = sum("double", [node, 1], [node, 1]);
  sweep(node);
  expect(rule).toHaveBeenCalledExactlyOnceWith(2 ** 50);
  expect(x.grad).toBe(2 ** 50);
});

test("a chain of 200 000 nodes needs no stack", () => {
  const x = leaf();
  let node: GradNode<number> = x;
  for (let i = 0; i < 200_000; i++) node = op("next", [node], (grad) => () => grad + 1);
  sweep(node);
  expect(x.grad).toBe(200_001);
});

test("many roots: all gradients arrive before a node runs, also when one root leads to another", () => {
  const x = leaf();
  const rule = vi.fn((grad: number) => grad * 2);
  const inner = op("inner", [x], rule);
  const outer = sum("outer", [inner, 10]);
  backpropagate({
    roots: [
      { edge: edge(inner), grad: 1 },
      { edge: edge(outer), grad: 1 },
      { edge: edge(inner), grad: 100 },
      { edge: edge(x), grad: 1000 },
    ],
    algebra,
  });
  expect(rule).toHaveBeenCalledExactlyOnceWith(111);
  expect(x.grad).toBe(1222);
});

test("a root that is named twice runs once", () => {
  const x = leaf();
  const rule = vi.fn((grad: number) => grad);
  const root = { edge: edge(op("root", [x], rule)), grad: 1 };
  backpropagate({ roots: [root, root], algebra });
  expect(rule).toHaveBeenCalledExactlyOnceWith(2);
  expect(x.grad).toBe(2);
});

test("no roots, no work", () => {
  expect(backpropagate({ roots: [], algebra, inputs: [edge(leaf())] })).toEqual([null]);
});

test("no gradient flows through null: neither an input that is null nor a result that is", () => {
  const x = leaf("x");
  const y = leaf("y");
  const never = vi.fn();
  sweep(op("op", [x, null, y], () => null, never, () => () => null));
  expect([x.grad, y.grad]).toEqual([null, null]);
});

test("a node that no gradient reaches does not run, and what lies behind it still completes", () => {
  const x = leaf();
  const skipped = vi.fn();
  const released = vi.fn();
  const stops = { ...op("unreached", [x], skipped), release: released };
  const blocked = op("blocked", [stops], () => null);
  sweep(sum("root", [blocked, 1], [x, 3]));
  expect(skipped).not.toHaveBeenCalled();
  expect(released).toHaveBeenCalledOnce();
  expect(x.grad).toBe(3);
});

test("outputs of one node wait for each other; null stands for the zero gradient of those that nobody used", () => {
  const x = leaf();
  const vjp = vi.fn(([a, b, c]: readonly (number | null)[]) => [(a ?? 0) + (b ?? 0) + (c ?? 0)]);
  const split: GradNode<number> = { name: "split", inputs: [edge(x)], outputs: 3, vjp };
  const left: GradNode<number> = { name: "left", inputs: [edge(split, 0)], vjp: ([grad]) => [grad! * 2] };
  const right: GradNode<number> = { name: "right", inputs: [edge(split, 2)], vjp: ([grad]) => [grad! * 3] };
  sweep(sum("root", [left, 1], [right, 1]));
  expect(vjp).toHaveBeenCalledExactlyOnceWith([2, null, 3], [true]);
  expect(x.grad).toBe(5);
});

test("a node without a vector–Jacobian product ends the way", () => {
  const x = leaf();
  sweep({ name: "constant", inputs: [edge(x)] });
  expect(x.grad).toBeNull();
});

test("a vjp that gives too few or too many gradients is an error that names the op", () => {
  expect(() => sweep(op("short", [leaf(), leaf()], (grad) => grad))).toThrow(
    "short: expected one gradient for each of its 2 inputs, got 1",
  );
});

test("gradients accumulate over sweeps", () => {
  const x = leaf();
  const root = sum("root", [x, 2]);
  sweep(root);
  sweep(root);
  expect(x.grad).toBe(4);
});

test("nodes that are ready run in reverse order of creation", () => {
  const order: string[] = [];
  const record = (name: string) => (grad: number) => {
    order.push(name);
    return grad;
  };
  const x = leaf();
  const first = op("first", [x], record("first"));
  const second = op("second", [x], record("second"));
  const third = op("third", [x], record("third"));
  const ignore = (grad: number) => grad;
  sweep(op("root", [second, first, third], ignore, ignore, ignore));
  expect(order).toEqual(["third", "second", "first"]);
});

test("nodes without a place in that order run in the order of discovery", () => {
  const order: string[] = [];
  const x = leaf();
  const node = (name: string): GradNode<number> => ({
    name,
    inputs: [edge(x)],
    vjp([grad]) {
      order.push(name);
      return [grad!];
    },
  });
  const root: GradNode<number> = {
    name: "root",
    inputs: [node("a"), node("b"), node("c")].map((input) => edge(input)),
    vjp: ([grad]) => [grad!, grad!, grad!],
  };
  sweep(root);
  expect(order).toEqual(["a", "b", "c"]);
});

test("a leaf takes its gradient as soon as it is complete", () => {
  const order: string[] = [];
  const x: GradNode<number> = { name: "x", inputs: [], accumulate: () => order.push("x") };
  const y = leaf("y");
  const slow = op("slow", [y], (grad) => (order.push("slow"), grad));
  sweep(sum("root", [slow, 1], [x, 1]));
  expect(order).toEqual(["x", "slow"]);
});

test("nodes are released as the sweep passes, unless the graph is retained", () => {
  const x = leaf();
  const saving = (): GradNode<number> => {
    let saved: number | null = 3;
    return {
      name: "mul",
      inputs: [edge(x)],
      vjp([grad]) {
        if (saved === null) throw releasedError(this.name);
        return [grad! * saved];
      },
      release: () => (saved = null),
    };
  };
  const node = saving();
  sweep(node, { retainGraph: true });
  sweep(node);
  expect(x.grad).toBe(6);
  expect(() => sweep(node)).toThrow(/^mul: expected saved values .*retainGraph: true/);
  expect(x.grad).toBe(6);
});

test("a vjp may itself sweep a graph", () => {
  const x = leaf();
  // Checkpointing: the inner graph is built again in the backward pass.
  const checkpoint = op("checkpoint", [x], (grad) => {
    const inner = leaf("inner");
    const square = sum("inner op", [inner, 3], [inner, 4]);
    backpropagate({ roots: [{ edge: edge(square), grad }], algebra });
    return inner.grad;
  });
  sweep(sum("root", [checkpoint, 2], [x, 1]));
  expect(x.grad).toBe(15);
});

// ── Requested inputs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

test("with inputs: their gradients are returned and no leaf accumulates", () => {
  const x = leaf("x");
  const y = leaf("y");
  const middle = sum("middle", [x, 2], [y, 3]);
  const root = sum("root", [middle, 5], [y, 7]);
  expect(sweep(root, { inputs: [edge(y), edge(middle), edge(x)] })).toEqual([22, 5, 10]);
  expect([x.grad, y.grad]).toEqual([null, null]);
});

test("with inputs: only what leads to them runs, is released, and sees its inputs as needed", () => {
  const x = leaf("x");
  const y = leaf("y");
  const unneeded = vi.fn();
  const thunk = vi.fn();
  const release = vi.fn();
  const elsewhere: GradNode<number> = { ...op("elsewhere", [y], unneeded), release };
  const vjp = vi.fn(([grad]: readonly (number | null)[]) => [() => grad! * 2, thunk]);
  const root: GradNode<number> = { name: "root", inputs: [edge(x), edge(elsewhere)], vjp };
  expect(sweep(root, { inputs: [edge(x)] })).toEqual([2]);
  expect(vjp).toHaveBeenCalledExactlyOnceWith([1], [true, false]);
  for (const never of [unneeded, thunk, release]) expect(never).not.toHaveBeenCalled();
});

test("with inputs: what was asked for is not itself run", () => {
  const rule = vi.fn();
  const release = vi.fn();
  const middle: GradNode<number> = { ...op("middle", [leaf()], rule), release };
  expect(sweep(sum("root", [middle, 2]), { inputs: [edge(middle)] })).toEqual([2]);
  expect(rule).not.toHaveBeenCalled();
  expect(release).not.toHaveBeenCalled();
});

test("with inputs: the root itself, one asked for twice, an unused output, and one that nothing depends on", () => {
  const x = leaf();
  const pair: GradNode<number> = { name: "pair", inputs: [edge(x)], outputs: 2, vjp: ([a, b]) => [(a ?? 0) + (b ?? 0)] };
  const root = sum("root", [pair, 3]);
  expect(sweep(root, { inputs: [edge(root), edge(x), edge(x), edge(pair, 1), edge(leaf())] })).toEqual([1, 3, 3, null, null]);
});

test("with an empty list of inputs nothing runs", () => {
  const rule = vi.fn();
  expect(sweep(op("root", [leaf()], rule), { inputs: [] })).toEqual([]);
  expect(rule).not.toHaveBeenCalled();
});

// ── Hooks and observers ──────────────────────────────────────────────────────────────────────────────────────────────────────

test("a hook sees the finished gradient once and may replace it", () => {
  const x = leaf();
  const hooks = new GradientHooks<number>();
  const hooked: GradNode<number> = { ...sum("hooked", [x, 1]), hooks };
  const seen = vi.fn((grad: number): number | undefined => (grad === 5 ? 50 : undefined));
  hooks.add(0, seen);
  const remove = hooks.add(0, (grad) => grad + 1);
  const root = sum("root", [hooked, 2], [hooked, 3]);
  sweep(root);
  expect(seen).toHaveBeenCalledExactlyOnceWith(5);
  expect(x.grad).toBe(51);
  remove();
  remove();
  expect(sweep(root, { inputs: [edge(hooked), edge(x)] })).toEqual([50, 50]);
});

test("hooks of a leaf run before it accumulates; hooks of one output leave the others alone", () => {
  const hooks = new GradientHooks<number>();
  hooks.add(0, (grad) => -grad);
  const x = Object.assign(leaf(), { hooks });
  sweep(sum("root", [x, 3]));
  expect(x.grad).toBe(-3);
  expect(hooks.apply(1, 7)).toBe(7);
});

test("the same hook can be added twice, and each removal removes one", () => {
  const hooks = new GradientHooks<number>();
  const double = (grad: number): number => 2 * grad;
  const remove = hooks.add(0, double);
  hooks.add(0, double);
  expect(hooks.apply(0, 1)).toBe(4);
  remove();
  remove();
  expect(hooks.apply(0, 1)).toBe(2);
});

test("an observer sees every step in order", () => {
  const x = leaf("x");
  const a = sum("a", [x, 2]);
  const root = sum("root", [a, 3], [x, 5]);
  const steps: unknown[][] = [];
  const observer: Required<Observer<number>> = {
    seed: ({ node }, grad, total) => steps.push(["seed", node.name, grad, total]),
    visit: (node, grads) => steps.push(["visit", node.name, ...grads]),
    pass: (node, index, grad, total) => steps.push(["pass", node.name, index, grad, total]),
    accumulate: (node, grad) => steps.push(["accumulate", node.name, grad]),
  };
  sweep(root, { observer });
  expect(steps).toEqual([
    ["seed", "root", 1, 1],
    ["visit", "root", 1],
    ["pass", "root", 0, 3, 3],
    ["pass", "root", 1, 5, 5],
    ["visit", "a", 3],
    ["pass", "a", 0, 6, 11],
    ["visit", "x", 11],
    ["accumulate", "x", 11],
  ]);
});
