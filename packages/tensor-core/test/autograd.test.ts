import { AutogradError, backward, DeviceError, DTypeError, enableGrad, grad, inferenceMode, isGradEnabled, isInferenceModeEnabled, memoryStats, noGrad, ones, reclaim, setGradEnabled, ShapeError, tensor, type Tensor, where, zeros } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice();

const leaf = (values: number | readonly number[], dtype: "float32" | "float64" = "float32"): Tensor =>
  tensor(typeof values === "number" ? values : [...values], { dtype, requiresGrad: true });

describe("backward", () => {
  it("adds to the gradients of leaves, again with each pass", async () => {
    const x = leaf([1, 2]);
    x.square().sum().backward();
    expect(await x.grad!.toArray()).toEqual([2, 4]);
    x.mul(10).sum().backward();
    expect(await x.grad!.toArray()).toEqual([12, 14]);
    x.grad = null;
    x.sum().backward();
    expect(await x.grad!.toArray()).toEqual([1, 1]);
  });

  it("needs a scalar, or a gradient of the output's shape", async () => {
    const x = leaf([1, 2]);
    expect(() => x.mul(2).backward()).toThrow(new AutogradError("backward: expected a scalar (1 element), got shape [2]; pass a gradient, or reduce with sum() or mean() first"));
    expect(() => x.mul(2).backward(ones([3]))).toThrow(new ShapeError("backward: expected a gradient of the output's shape [2], got [3]"));
    expect(() => x.mul(2).backward(ones([2], { dtype: "int64" }))).toThrow(new DTypeError("backward: expected a floating gradient, got int64"));
    x.mul(2).backward(tensor([1, 10]));
    expect(await x.grad!.toArray()).toEqual([2, 20]);
    x.select(0, 1).view(1, 1).backward();
    expect(await x.grad!.toArray()).toEqual([2, 21]);
  });

  it("is an error where nothing was recorded", () => {
    expect(() => ones([1]).backward()).toThrow(
      new AutogradError("backward: expected a tensor that requires grad, got one of shape [1] that does not; set requiresGrad on an input, or leave noGrad"),
    );
  });

  it("releases the graph, and says so when it is wanted again", async () => {
    const x = leaf([1, 2]);
    const y = x.exp().sum();
    y.backward(null, { retainGraph: true });
    y.backward();
    expect(await x.grad!.toArray()).toEqual([2 * Math.fround(Math.E), 2 * Math.fround(Math.exp(2))].map((v) => expect.closeTo(v, 5) as number));
    expect(() => y.backward()).toThrow("expected saved values for the backward pass, but an earlier backward pass released them; pass { retainGraph: true } to every backward pass but the last");
  });

  it("gives the gradient of a part of the graph again, where that part saved nothing", async () => {
    const x = leaf([1, 2]);
    const shared = x.add(1);
    shared.sum().backward();
    expect(() => shared.mul(2).sum().backward()).toThrow("released");
    expect(await x.grad!.toArray()).toEqual([1, 1]);
  });

  it("sums over all uses, and gives each leaf a gradient of its own", async () => {
    const [x, y] = [leaf([1, 2]), leaf([3, 4])];
    x.add(y).sum().backward();
    expect(x.grad!.storage()).not.toBe(y.grad!.storage());
    x.grad!.fill_(7);
    expect(await y.grad!.toArray()).toEqual([1, 1]);
    const z = leaf([3]);
    z.mul(z).add(z.mul(2)).add(z).backward();
    expect(await z.grad!.toArray()).toEqual([9]);
  });

  it("keeps its hands off the gradient that it is given", async () => {
    const x = leaf([1, 2]);
    const v = tensor([1, 10]);
    x.view(2).backward(v);
    expect(x.grad!.storage()).not.toBe(v.storage());
    x.sum().backward();
    expect(await v.toArray()).toEqual([1, 10]);
    v.fill_(0);
    expect(await x.grad!.toArray()).toEqual([2, 11]);
  });

  it("goes through views, conversions and branches that are not taken", async () => {
    const x = leaf([1, 2, 3]);
    where(tensor([true, false, true]), x.to("float64"), tensor(5, { dtype: "float64" })).narrow(0, 1, 2).sum().backward();
    expect(x.grad!.dtype).toBe("float32");
    expect(await x.grad!.toArray()).toEqual([0, 0, 1]);
  });

  it("gives each argument a gradient of its own type, where types are mixed", async () => {
    const [a, b] = [leaf([1, 2]), leaf([3, 4], "float64")];
    const y = a.mul(b);
    expect(y.dtype).toBe("float64");
    y.sum().backward();
    expect([a.grad!.dtype, b.grad!.dtype]).toEqual(["float32", "float64"]);
    expect(await b.grad!.toArray()).toEqual([1, 2]);
  });

  it("walks a chain of five thousand ops", async () => {
    const x = leaf([1]);
    let y = x;
    for (let i = 0; i < 5000; i++) y = y.add(0);
    y.backward();
    expect(await x.grad!.toArray()).toEqual([1]);
  });
});

describe("grad", () => {
  it("gives gradients without touching any leaf", async () => {
    const [x, y] = [leaf([1, 2]), leaf([3, 4])];
    const middle = x.mul(y);
    const [dx, dMiddle] = grad(middle.square().sum(), [x, middle]);
    expect(await dx.toArray()).toEqual([18, 64]);
    expect(await dMiddle.toArray()).toEqual([6, 16]);
    expect([x.grad, y.grad]).toEqual([null, null]);
  });

  it("adds over several outputs, each with its own gradient", async () => {
    const x = leaf([1, 2]);
    const [dx] = grad([x.mul(2), x.square().sum()], [x], { gradOutputs: [tensor([1, 10]), null] });
    expect(await dx.toArray()).toEqual([4, 24]);
  });

  it("says which input is not part of the graph, or gives null for it", () => {
    const [x, y] = [leaf([1]), leaf([2])];
    expect(() => grad(x.mul(2), [y])).toThrow(
      new AutogradError("grad: expected outputs that depend on every input, none depends on input 0; pass { allowUnused: true } to get null for it"),
    );
    expect(grad(x.mul(2), [x, y], { allowUnused: true })[1]).toBeNull();
    expect(() => grad(x.mul(2), [ones([1])])).toThrow(new AutogradError("grad: expected inputs that require grad, input 0 of shape [1] does not"));
  });

  it("runs no more of the graph than leads to its inputs", () => {
    const [x, y] = [leaf([1, 2]), leaf([3, 4])];
    const z = x.exp();
    const total = z.add(y.sin()).sum();
    grad(total, [z], { retainGraph: true });
    const dispatched = memoryStats().dispatches;
    grad(total, [z], { retainGraph: true });
    // Ones for the root; what the sum gives is a view of it, which the addition passes on.
    expect(memoryStats().dispatches - dispatched).toBe(1);
  });
});

describe("backward of several tensors, and into some", () => {
  it("adds up over the tensors, each with its own gradient", async () => {
    const x = leaf([1, 2]);
    backward([x.square(), x.sum()], [tensor([1, 10]), null]);
    expect(await x.grad!.toArray()).toEqual([3, 41]);
    expect(() => { backward([x.sum(), x.mul(2).sum()], [ones([])]); }).toThrow("backward: expected one gradient for each of 2 outputs, got 1");
  });

  it("with inputs accumulates in these only, leaves or not", async () => {
    const [x, y] = [leaf([1, 2]), leaf([3, 4])];
    const z = x.mul(y);
    let accumulated = 0;
    x.registerPostAccumulateGradHook(() => accumulated++);
    for (let i = 0; i < 2; i++) z.square().sum().backward(null, { inputs: [x, z, x], retainGraph: true });
    expect(await x.grad!.toArray()).toEqual([36, 128]);
    expect(await z.grad!.toArray()).toEqual([12, 32]);
    expect([y.grad, accumulated]).toEqual([null, 2]);
    expect(x.grad!.storage()).not.toBe(z.grad!.storage());
    expect(() => { z.sum().backward(null, { inputs: [] }); }).toThrow("backward: expected at least one tensor in inputs, got none");
    expect(() => { z.sum().backward(null, { inputs: [ones([1])] }); }).toThrow("backward: expected inputs that require grad, input 0 of shape [1] does not");
  });
});

describe("grad takes", () => {
  it("one input, one gradient, and zeros for what nothing depends on", async () => {
    const [x, y] = [leaf([1, 2]), leaf([3])];
    expect(await grad(x.square(), x, { gradOutputs: tensor([1, 10]) })[0].toArray()).toEqual([2, 40]);
    const [, zero] = grad(x.sum(), [x, y], { materializeGrads: true });
    expect([await zero.toArray(), zero.dtype]).toEqual([[0], "float32"]);
    expect(() => grad(x.sum(), [x], { materializeGrads: true, allowUnused: false } as object)).toThrow("grad: expected allowUnused to be set with materializeGrads");
  });
});

describe("derivatives of derivatives", () => {
  it("of every order, with createGraph", async () => {
    const x = leaf([2], "float64");
    let y = x.pow(4);
    const values: unknown[] = [];
    for (let order = 1; order <= 5; order++) {
      [y] = grad(y, [x], { createGraph: true }) as [Tensor];
      values.push(await y.item());
    }
    expect(values).toEqual([32, 48, 48, 24, 0]);
  });

  it("reach leaves through backward, as in a gradient penalty", async () => {
    const w = leaf([1, 2], "float64");
    const x = leaf([3, 5], "float64");
    const [dx] = grad(w.mul(x).square().sum(), [x], { createGraph: true });
    dx.sum().backward();
    // dx = 2 w² x, so d(Σ dx)/dw = 4 w x and d/dx = 2 w²
    expect(await w.grad!.toArray()).toEqual([12, 40]);
    expect(await x.grad!.toArray()).toEqual([2, 8]);
  });

  it("accumulate with createGraph without overwriting what is part of a graph", async () => {
    const x = leaf([3], "float64");
    x.square().sum().backward(null, { createGraph: true });
    const first = x.grad!;
    expect(first.requiresGrad).toBe(true);
    x.pow(3).sum().backward(null, { createGraph: true });
    expect(await first.toArray()).toEqual([6]);
    expect(await x.grad!.toArray()).toEqual([33]);
    const [second] = grad(x.grad!.sum(), [x]);
    // 2 + 6x
    expect(await second.toArray()).toEqual([20]);
  });
});

describe("recording", () => {
  it("is off inside of noGrad, on inside of enableGrad, and restored after an error", () => {
    const x = leaf([1]);
    expect(noGrad(() => [isGradEnabled(), x.mul(2).requiresGrad, enableGrad(() => x.mul(2).requiresGrad)])).toEqual([false, false, true]);
    expect(() => noGrad(() => { throw new RangeError("mine"); })).toThrow("mine");
    expect(isGradEnabled()).toBe(true);
  });

  it("is switched for a callback or from here on by setGradEnabled", () => {
    const x = leaf([1]);
    expect([false, true].map((enabled) => setGradEnabled(enabled, () => x.mul(2).requiresGrad))).toEqual([false, true]);
    expect(setGradEnabled(false)).toBe(true);
    try {
      expect(x.mul(2).requiresGrad).toBe(false);
    } finally {
      expect(setGradEnabled(true)).toBe(false);
    }
    expect(() => setGradEnabled(false, async () => Promise.resolve(1))).toThrow("setGradEnabled: expected a synchronous callback");
    expect(isGradEnabled()).toBe(true);
  });

  it("refuses a callback that would go on after it", async () => {
    expect(() => noGrad(async () => Promise.resolve(1))).toThrow(
      new DeviceError("noGrad: expected a synchronous callback, got a promise; await outside and wrap only the synchronous part"),
    );
    expect(isGradEnabled()).toBe(true);
    await Promise.resolve();
  });

  it("knows leaves, results and constants", () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    expect([x.isLeaf, y.isLeaf, ones([1]).isLeaf]).toEqual([true, false, true]);
    expect([x.gradFn, y.gradFn?.name]).toEqual([null, "mul"]);
    expect([x.requiresGrad, y.requiresGrad, y.detach().requiresGrad, x.gt(1).requiresGrad, x.argmax().requiresGrad]).toEqual([true, true, false, false, false]);
    expect(x.max({ dim: 0 }).indices.requiresGrad).toBe(false);
    expect(y.detach().storage()).toBe(y.storage());
  });

  it("is for floating tensors, and can be switched for leaves only", () => {
    expect(() => tensor([1], { dtype: "int64", requiresGrad: true })).toThrow(new DTypeError('requiresGrad_: expected a floating tensor, got int64; convert it with to("float32")'));
    const y = leaf([1]).mul(2);
    expect(() => y.requiresGrad_(false)).toThrow(new AutogradError("requiresGrad_: expected a leaf, got the result of an op; use detach() for a tensor without history"));
    y.requiresGrad = true;
    const x = ones([1]);
    x.requiresGrad = true;
    expect(x.mul(2).requiresGrad).toBe(true);
    x.requiresGrad = false;
    expect(x.mul(2).requiresGrad).toBe(false);
  });

  it("does not reach through detach, and a frozen leaf gets nothing", async () => {
    const [x, w] = [leaf([3]), leaf([2])];
    w.requiresGrad_(false);
    x.mul(w).add(x.detach().mul(5)).backward();
    expect(await x.grad!.toArray()).toEqual([2]);
    expect(w.grad).toBeNull();
  });
});

describe("inference mode", () => {
  const made = (): Tensor => inferenceMode(() => ones([2]).mul(3));

  it("records nothing, whatever is switched on inside", () => {
    const x = leaf([1]);
    expect(inferenceMode(() => [isInferenceModeEnabled(), isGradEnabled(), enableGrad(() => isGradEnabled()), enableGrad(() => x.mul(2).requiresGrad)])).toEqual([true, false, false, false]);
    expect([isInferenceModeEnabled(), isGradEnabled()]).toEqual([false, true]);
    expect(() => inferenceMode(async () => Promise.resolve(1))).toThrow("inferenceMode: expected a synchronous callback");
  });

  it("marks what it makes, but not views of what was there", () => {
    const [x, y] = [ones([2]), made()];
    expect([x.isInference(), y.isInference(), y.view(2).isInference(), inferenceMode(() => x.view(2)).isInference(), y.clone().isInference()]).toEqual([false, true, true, false, false]);
  });

  it("keeps its results out of backward passes, where they would be saved", async () => {
    const x = leaf([1, 2]);
    expect(() => x.mul(made())).toThrow(new AutogradError("mul: expected a tensor that a backward pass may use, got one of shape [2] that was made in inferenceMode; clone() it first"));
    // An addition saves nothing.
    x.add(made()).sum().backward();
    x.mul(made().clone()).sum().backward();
    expect(await x.grad!.toArray()).toEqual([4, 4]);
    expect(() => made().requiresGrad_()).toThrow("requiresGrad_: expected a tensor that a backward pass may use, got one that was made in inferenceMode");
  });

  it("alone may write to its results", async () => {
    const y = made();
    expect(() => y.add_(1)).toThrow(new AutogradError("add_: expected a tensor that may be overwritten, got one that was made in inferenceMode; clone() it first"));
    inferenceMode(() => y.add_(1));
    expect(await y.toArray()).toEqual([4, 4]);
  });
});

describe("views that are made without recording", () => {
  it("share elements and are written to outside, but not with a history", async () => {
    const w = leaf([1, 2]);
    const base = zeros([2]);
    const view = noGrad(() => base.view(2, 1));
    view.add_(1);
    expect(await base.toArray()).toEqual([1, 1]);
    expect(() => view.add_(w.view(2, 1))).toThrow("add_: expected a tensor whose history can take this write, got a view that was made where nothing is recorded (noGrad, or a custom Function)");
    expect(base.requiresGrad).toBe(false);
    noGrad(() => w.view(2)).zero_();
    expect(await w.toArray()).toEqual([0, 0]);
  });
});

describe("hooks", () => {
  it("see a gradient before it is used, and may replace it", async () => {
    const x = leaf([1, 2]);
    const y = x.mul(3);
    const seen: Tensor[] = [];
    y.registerHook((g) => {
      seen.push(g);
      return g.mul(10);
    });
    const remove = x.registerHook((g) => g.add(1));
    y.sum().backward();
    expect(await seen[0]!.toArray()).toEqual([1, 1]);
    expect(await x.grad!.toArray()).toEqual([31, 31]);
    remove();
    x.sum().backward();
    expect(await x.grad!.toArray()).toEqual([32, 32]);
  });

  it("keep the gradients of results with retainGrad", async () => {
    const x = leaf([1, 2]);
    const y = x.mul(3);
    y.retainGrad();
    y.square().sum().backward();
    expect(await y.grad!.toArray()).toEqual([6, 12]);
    expect(await x.grad!.toArray()).toEqual([18, 36]);
    x.retainGrad();
  });

  it("need a tensor that requires grad", () => {
    expect(() => ones([1]).registerHook(() => undefined)).toThrow(new AutogradError("registerHook: expected a tensor that requires grad, got one that does not"));
    expect(() => ones([1]).retainGrad()).toThrow(new AutogradError("retainGrad: expected a tensor that requires grad, got one that does not"));
  });

  it("are called in the order in which they were added, each with what the one before it gave, and removed one by one", async () => {
    const x = leaf([1]);
    const log: string[] = [];
    const noting = (name: string, factor: number) => (g: Tensor): Tensor => {
      log.push(name);
      return g.mul(factor).add(1);
    };
    const twice = noting("twice", 2);
    const removals = [x.registerHook(noting("a", 3)), x.registerHook(twice), x.registerHook(twice), x.registerHook(noting("b", 5))];
    x.sum().backward();
    expect(log).toEqual(["a", "twice", "twice", "b"]);
    // ((1·3 + 1)·2 + 1)·2 + 1 = 19, and 19·5 + 1
    expect(await x.grad!.toArray()).toEqual([96]);
    removals[1]!();
    removals[1]!();
    removals[0]!();
    x.grad = null;
    log.length = 0;
    x.sum().backward();
    expect(log).toEqual(["twice", "b"]);
    expect(await x.grad!.toArray()).toEqual([16]);
  });

  it("also see the gradients that grad() asks for", async () => {
    const x = leaf([1, 2]);
    const y = x.mul(3);
    y.registerHook((g) => g.mul(10));
    x.registerHook((g) => g.add(1));
    expect(await grad(y.sum(), [y, x])[0].toArray()).toEqual([10, 10]);
    expect(await grad(x.mul(3).sum(), [x])[0].toArray()).toEqual([4, 4]);
  });

  it("keep what they make for as long as they want it", async () => {
    const x = leaf([1, 2]);
    const y = x.mul(3);
    const norms: Tensor[] = [];
    y.registerHook((g) => void norms.push(g.square().sum()));
    x.registerPostAccumulateGradHook((p) => norms.push(p.grad!.square().sum()));
    y.square().sum().backward();
    expect(await Promise.all(norms.map((norm) => norm.item()))).toEqual([180, 1620]);
  });

  it("must return a gradient like the one that they are given", () => {
    const refusing = (hook: (g: Tensor) => unknown) => (): void => {
      const x = leaf([1, 2]);
      x.registerHook(hook as (g: Tensor) => Tensor);
      x.sum().backward();
    };
    expect(refusing((g) => g.sum())).toThrow("registerHook: expected a hook that returns a gradient like the one it is given, float32 of shape [2] on");
    expect(refusing((g) => g.to("float64"))).toThrow("got float64 of shape [2]");
    expect(refusing(async () => Promise.resolve())).toThrow("registerHook: expected a hook that returns a tensor or nothing, got object; await outside of the hook");
  });

  it("stay with the value that they were added for; retainGrad goes along with an in-place op", async () => {
    const x = leaf([1, 2]);
    const y = x.mul(3);
    const seen: Tensor[] = [];
    y.registerHook((g) => void seen.push(g));
    y.retainGrad();
    y.mul_(2);
    y.registerHook((g) => g.mul(1));
    y.square().sum().backward();
    // y = 6x: d/dy = 2y; what y was before it was doubled has twice that.
    expect(await y.grad!.toArray()).toEqual([12, 24]);
    expect(await seen[0]!.toArray()).toEqual([24, 48]);
    expect(await x.grad!.toArray()).toEqual([72, 144]);
  });

  it("with retainGrad adds up, sees what the hooks gave, and is asked for once", async () => {
    const x = leaf([1, 2]);
    const y = x.mul(3);
    expect(y.retainsGrad).toBe(false);
    y.retainGrad();
    y.retainGrad();
    y.registerHook((g) => g.mul(10));
    expect([y.retainsGrad, x.retainsGrad]).toEqual([true, false]);
    y.sum().backward(null, { retainGraph: true });
    y.sum().backward();
    expect(await y.grad!.toArray()).toEqual([20, 20]);
    expect(await x.grad!.toArray()).toEqual([60, 60]);
  });

  it("run once a leaf has taken its gradient, so that a step may be taken there and then", async () => {
    const [a, b] = [leaf([1]), leaf([2])];
    const order: number[] = [];
    for (const p of [a, b]) {
      p.registerPostAccumulateGradHook((q) => {
        order.push(p === a ? 0 : 1);
        q.data.sub_(q.grad!);
        q.grad = null;
      });
    }
    const remove = a.registerPostAccumulateGradHook(() => order.push(2));
    a.mul(b).sum().backward();
    expect([await a.item(), await b.item(), a.grad, b.grad]).toEqual([-1, 1, null, null]);
    expect(order.filter((i) => i !== 1)).toEqual([0, 2]);
    remove();
    a.sum().backward();
    expect(order).toHaveLength(4);
    // Nothing accumulates where gradients are only asked for.
    grad(a.mul(2).sum(), [a]);
    expect(order).toHaveLength(4);
    expect(() => a.mul(2).registerPostAccumulateGradHook(() => undefined)).toThrow("registerPostAccumulateGradHook: expected a leaf that requires grad");
  });
});

describe("memory of a backward pass", () => {
  it("is given back but for the gradients of leaves", async () => {
    // Large enough that each storage is collected by itself.
    const [x, w] = [ones([32, 64]), zeros([64, 40], { requiresGrad: true })];
    await reclaim();
    const before = memoryStats().storages;
    const loss = x.matmul(w).tanh().square().mean();
    const forward = memoryStats().storages;
    loss.backward();
    // Nothing that the sweep itself made is left, except the gradient.
    expect(memoryStats().storages - forward).toBe(1);
    expect(w.grad!.shape).toEqual([64, 40]);
    await reclaim();
    // The released graph holds no values any more: x, w, its gradient and the loss are left.
    expect(memoryStats().storages - before).toBe(2);
    expect(await loss.item()).toBe(0);
    expect(await x.sum().item()).toBe(2048);
  });

  it("is given back when a hook throws in the middle", async () => {
    const x = leaf([1, 2]);
    const y = x.exp();
    y.registerHook(() => {
      throw new RangeError("mine");
    });
    const loss = y.sin().sum();
    const forward = memoryStats().storages;
    expect(() => loss.backward()).toThrow("mine");
    // The hook was handed one gradient, which the collector owns from then on.
    expect(memoryStats().storages - forward).toBeLessThanOrEqual(1);
    expect(x.grad).toBeNull();
    await reclaim();
    expect(await y.sum().item()).toBeCloseTo(Math.E + Math.exp(2), 5);
  });
});
