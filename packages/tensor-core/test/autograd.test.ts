import { AutogradError, DeviceError, DTypeError, enableGrad, grad, isGradEnabled, memoryStats, noGrad, ones, reclaim, ShapeError, tensor, type Tensor, where, zeros } from "@gradus/tensor-core";
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
