import { AutogradError, batchNorm, checkpoint, checkpointSequential, defaultGenerator, dropout, grad, gradgradcheck, manualSeed, memoryStats, noGrad, ones, randn, reclaim, tensor, type Tensor, zeros } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice();

describe("a checkpoint", () => {
  /** A part with parameters of its own and a mask drawn at random; two results. */
  const part = (w: Tensor) => (x: Tensor, scale: number): readonly [Tensor, Tensor] => {
    const y = dropout(x.matmul(w).tanh(), 0.5).mul(scale);
    return [y, y.square().sum()];
  };
  const run = (through: typeof checkpoint | null): { readonly results: Tensor[]; readonly next: Tensor } => {
    manualSeed(5);
    const [x, w] = [leaf([3, 4]), leaf([4, 2], 2)];
    const f = part(w);
    const start = x.mul(1);
    const [y, total] = through === null ? f(start, 3) : through(f, start, 3);
    const loss = y.exp().sum().add(total);
    const next = randn([2]);
    loss.backward();
    return { results: [loss.detach(), x.grad!, w.grad!], next };
  };

  it("gives the same loss, gradients and random numbers as the function itself", async () => {
    const [plain, checked] = [run(null), run(checkpoint)];
    for (const [i, x] of checked.results.entries()) expect(await x.toArray()).toEqual(await plain.results[i]!.toArray());
    expect(await checked.next.toArray()).toEqual(await plain.next.toArray());
  });

  it("leaves the default generator where it was before the backward pass", () => {
    manualSeed(5);
    const loss = checkpoint((x: Tensor) => dropout(x, 0.5).sum(), leaf([4]));
    const state = defaultGenerator().getState();
    loss.backward();
    expect(defaultGenerator().getState()).toEqual(state);
  });

  it("runs the function again for each backward pass, and is one node of the graph", () => {
    let runs = 0;
    const x = leaf([2]);
    const y = checkpoint((a: Tensor) => {
      runs++;
      return a.exp().sin();
    }, x);
    expect([y.gradFn?.name, runs]).toEqual(["checkpoint", 1]);
    y.sum().backward(null, { retainGraph: true });
    expect(runs).toBe(2);
    y.sum().backward();
    expect(runs).toBe(3);
    expect(() => y.sum().backward()).toThrow("an earlier backward pass released them");
  });

  it("reaches everything that the function uses, with grad() as well, and no more than that", async () => {
    const [x, w, unused] = [leaf([2]), leaf([2], 2), leaf([2], 3)];
    const inner = w.mul(2);
    const y = checkpoint((a: Tensor) => a.mul(inner).exp(), x.detach()).sum();
    const [dw, dInner] = grad(y, [w, inner], { retainGraph: true });
    const [expected] = grad(x.detach().mul(w.mul(2)).exp().sum(), [w]);
    expect(await dw.toArray()).toEqual(await expected.toArray());
    expect(await dInner.mul(2).toArray()).toEqual(await expected.toArray());
    expect(grad(y, [unused], { allowUnused: true })).toEqual([null]);
    expect([w.grad, x.grad]).toEqual([null, null]);
  });

  it("can be nested, and differentiated again", async () => {
    const nested = (x: Tensor): Tensor => checkpoint((a: Tensor) => checkpoint((b: Tensor) => b.square().sin(), a.exp()).mul(a), x);
    await gradgradcheck((x) => nested(x), [leaf([3])]);
    const [a, b] = [leaf([3]), leaf([3])];
    nested(a).sum().backward();
    b.exp().square().sin().mul(b).sum().backward();
    expect(await a.grad!.toArray()).toEqual(await b.grad!.toArray());
  });

  it("is the function itself where nothing needs a gradient", () => {
    expect(checkpoint((x: Tensor) => x.exp(), ones([2])).requiresGrad).toBe(false);
    expect(noGrad(() => checkpoint((x: Tensor) => x.exp(), leaf([2]))).requiresGrad).toBe(false);
    const x = leaf([2]);
    const [same, count] = checkpoint((a: Tensor) => [a, a.argmax()] as const, x);
    expect([same.requiresGrad, count.requiresGrad]).toEqual([true, false]);
  });

  it("says when the second run gives something else", () => {
    let runs = 0;
    const y = checkpoint((x: Tensor) => x.narrow(0, 0, 2 + runs++).exp(), leaf([4]));
    expect(() => y.sum().backward()).toThrow(
      new AutogradError("checkpoint: expected the second run to give the results of the first, float64 [2], got float64 [3]; fn must be deterministic"),
    );
  });

  it("changes twice what the function changes, as in PyTorch", async () => {
    const runningMean = zeros([1]);
    const x = tensor([[1], [3]], { requiresGrad: true });
    const y = checkpoint((a: Tensor) => batchNorm(a, { runningMean, runningVar: ones([1]), training: true, momentum: 0.5 }), x);
    expect(await runningMean.item()).toBe(1);
    y.sum().backward();
    expect(await runningMean.item()).toBe(1.5);
  });

  it("holds nothing but its arguments until the backward pass", async () => {
    // Large enough that each storage is collected by itself.
    const [x, w] = [randn([32, 40]), randn([32, 40]).requiresGrad_()];
    const chain = (a: Tensor): Tensor => Array.from({ length: 4 }).reduce<Tensor>((y) => y.mul(w).tanh(), a);
    await reclaim();
    const before = memoryStats().storages;
    const loss = checkpoint(chain, x).sum();
    await reclaim();
    // Beside the loss at most the result, which the sum does not need.
    expect(memoryStats().storages - before).toBeLessThanOrEqual(2);
    loss.backward();
    const direct = w.grad!;
    w.grad = null;
    chain(x).sum().backward();
    expect(await w.grad!.toArray()).toEqual(await direct.toArray());
  });
});

describe("checkpointSequential", () => {
  it("gives what the functions give one after the other", async () => {
    const weights = Array.from({ length: 5 }, (_, i) => leaf([3, 3], i + 1));
    const functions = weights.map((w) => (x: Tensor): Tensor => x.matmul(w).tanh());
    const x = leaf([2, 3], 9);
    functions.reduce((y, f) => f(y), x).sum().backward();
    const expected = await Promise.all([x, ...weights].map((leafOne) => leafOne.grad!.toArray()));
    for (const segments of [1, 2, 5]) {
      for (const leafOne of [x, ...weights]) leafOne.grad = null;
      checkpointSequential(functions, segments, x).sum().backward();
      expect(await Promise.all([x, ...weights].map((leafOne) => leafOne.grad!.toArray()))).toEqual(expected);
    }
    expect(() => checkpointSequential(functions, 6, x)).toThrow("checkpointSequential: expected 1 to 5 segments for 5 functions, got 6");
  });
});
