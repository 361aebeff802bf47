import type { Backend } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { failing } from "@gradus/kernel-ir/testing";
import type { DeviceLike } from "@gradus/tensor-core";
import { crossEntropy, DeviceMemoryError, DisposedError, empty, keep, linear, memoryStats, noGrad, ones, openScope, reclaim, scope, tensor, type Tensor, withDefaultDevice, zeros } from "@gradus/tensor-core";
import { beforeEach, describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

const device = useDevice();
const inUse = (on: DeviceLike = device): number => memoryStats(on).storages;
beforeEach(() => reclaim());

describe("scope", () => {
  it("frees what was made in it, except what it returns", async () => {
    const before = inUse();
    const y = scope(() => {
      const x = tensor([1, 2, 3]);
      return x.mul(2).add(1);
    });
    expect(inUse() - before).toBe(1);
    expect(await y.toArray()).toEqual([3, 5, 7]);
    y.dispose();
  });

  it("finds what is returned in objects, arrays, maps and sets, also as a view", async () => {
    const result = scope(() => {
      const x = tensor([[1, 2], [3, 4]]);
      return { list: [x.add(1)], map: new Map([["a", x.add(2)]]), set: new Set([x.add(3)]), view: x.add(4).select(0, 1), number: 7 };
    });
    expect(await result.list[0]!.toArray()).toEqual([[2, 3], [4, 5]]);
    expect(await result.map.get("a")!.toArray()).toEqual([[3, 4], [5, 6]]);
    expect(await [...result.set][0]!.toArray()).toEqual([[4, 5], [6, 7]]);
    expect(await result.view.toArray()).toEqual([7, 8]);
  });

  it("nests: what an inner scope returns belongs to the outer one", () => {
    const before = inUse();
    const seen: number[] = [];
    scope(() => {
      const inner = scope(() => ones([2]).add(1));
      seen.push(inUse() - before);
      inner.add(1);
      seen.push(inUse() - before);
    });
    seen.push(inUse() - before);
    expect(seen).toEqual([1, 2, 0]);
  });

  it("frees after an error as well", () => {
    const before = inUse();
    expect(() =>
      scope(() => {
        ones([2]).add(1);
        throw new RangeError("mine");
      }),
    ).toThrow("mine");
    expect(inUse()).toBe(before);
  });

  it("refuses a promise, which would go on after it", async () => {
    expect(() => scope(async () => Promise.resolve(ones([1])))).toThrow("scope: expected a synchronous callback, got a promise; await outside and wrap only the synchronous part");
    await Promise.resolve();
  });

  it("leaves what keep was called on", async () => {
    let kept: Tensor | undefined;
    const before = inUse();
    scope(() => {
      kept = keep(ones([2]).add(1));
    });
    expect(inUse() - before).toBe(1);
    expect(await kept!.toArray()).toEqual([2, 2]);
    kept!.dispose();
  });

  it("leaves the gradients of leaves", async () => {
    const w = zeros([3], { requiresGrad: true });
    const before = inUse();
    scope(() => {
      w.add(tensor([1, 2, 3])).square().sum().backward();
    });
    expect(inUse() - before).toBe(1);
    scope(() => {
      w.sum().backward();
    });
    expect(inUse() - before).toBe(1);
    expect(await w.grad!.toArray()).toEqual([3, 5, 7]);
  });

  it("is opened by hand where work awaits in the middle", async () => {
    const before = inUse();
    const step = openScope();
    const loss = step.run(() => tensor([3]).square().sum());
    expect(await loss.item()).toBe(9);
    // Outside of run, nothing belongs to it.
    const other = ones([1]);
    const result = step.run(() => loss.add(1));
    step.close([result]);
    expect(inUse() - before).toBe(2);
    expect([await result.item(), await other.item()]).toEqual([10, 1]);
    expect(() => loss.add(1)).toThrow(DisposedError);
    {
      using again = openScope();
      again.run(() => ones([4]).add(1));
    }
    expect(inUse() - before).toBe(2);
  });
});

describe("dispose", () => {
  it("frees at once, and doing it again does nothing", () => {
    const before = inUse();
    const x = ones([4]);
    x.dispose();
    x.dispose();
    expect(inUse()).toBe(before);
    {
      using y = ones([4]);
      expect(y.numel()).toBe(4);
    }
    expect(inUse()).toBe(before);
  });

  it("makes every later use an error that names op and tensor", async () => {
    const x = ones([2, 3]);
    const view = x.select(0, 0);
    const y = ones([2, 3]);
    view.dispose();
    const message = (op: string, shape = "[2, 3]"): string => `${op}: expected a live tensor, the float32 tensor of shape ${shape} was disposed`;
    expect(() => x.add(1)).toThrow(new DisposedError(message("add")));
    expect(() => y.matmul(x.t())).toThrow(DisposedError);
    expect(() => x.sum()).toThrow(new DisposedError(message("sum")));
    expect(() => x.mul_(2)).toThrow(DisposedError);
    expect(() => y.copy_(x)).toThrow(DisposedError);
    expect(() => view.exp()).toThrow(new DisposedError(message("exp", "[3]")));
    expect(() => x.view(6)).toThrow(new DisposedError(message("view")));
    await expect(x.read()).rejects.toThrow(new DisposedError(message("read")));
    expect(x.shape).toEqual([2, 3]);
    expect(String(x)).toContain("[2, 3]");
  });

  it("of a value that a derivative needs is an error in the backward pass", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = x.exp();
    const z = y.sum();
    y.dispose();
    expect(() => z.backward()).toThrow(DisposedError);
  });
});

describe("memoryStats", () => {
  it("counts storages once, however many tensors share them", () => {
    const before = memoryStats();
    const x = ones([10]);
    const views = [x.view(2, 5), x.detach(), x.data, x.expand(3, 10)];
    const after = memoryStats();
    expect({ storages: after.storages - before.storages, bytes: after.bytes - before.bytes }).toEqual({ storages: 1, bytes: 40 });
    expect(after.peakBytes).toBeGreaterThanOrEqual(after.bytes);
    expect(views).toHaveLength(4);
  });

  it("counts programs, which are prepared once", () => {
    const run = (): void => {
      ones([3, 4]).mul(2).sum({ dim: 1 }).exp();
    };
    run();
    const { programs, prepared, dispatches } = memoryStats();
    run();
    expect(memoryStats()).toMatchObject({ programs, prepared, dispatches: dispatches + 4 });
  });

  it("does not prepare a program for each position of a loop", async () => {
    const [a, b, c] = [ones([5, 784]), ones([784, 10]), zeros([5, 10])];
    const before = memoryStats().prepared;
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 10; j++) {
        scope(() => {
          c.set([i, j], a.select(0, i).mul(b.select(1, j)).sum());
        });
      }
    }
    expect(memoryStats().prepared - before).toBeLessThan(10);
    expect(await c.sum().item()).toBe(784 * 50);
  });
});

describe("garbage", () => {
  it("is freed by reclaim, as soon as nothing refers to it", async () => {
    const before = inUse();
    (() => {
      const large = ones([2000]);
      large.add(1).mul(2);
      ones([3]).exp();
    })();
    expect(inUse()).toBeGreaterThan(before);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await reclaim();
    expect(inUse()).toBe(before);
  });

  it("is not freed while a view or a graph needs it", async () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const view = (() => x.exp().mul(2).narrow(0, 1, 2))();
    await reclaim();
    expect(await view.toArray()).toEqual([expect.closeTo(2 * Math.exp(2), 4), expect.closeTo(2 * Math.exp(3), 4)]);
    view.sum().backward();
    expect(await x.grad!.toArray()).toEqual([0, expect.closeTo(2 * Math.exp(2), 4), expect.closeTo(2 * Math.exp(3), 4)]);
  });
});

/** A device of its own, on which nothing may be left in the end. */
function separate<B extends Backend>(make: () => B): B {
  const own = make();
  return own;
}

describe("loops without any dispose", () => {
  const own = separate(() => interpreter({ capacity: 640 * 2 ** 20 }));
  /** The watermark rises while collecting takes much of the time, as in loops that do nothing else, but not beyond half of the device. */
  const most = 330 * 2 ** 20;
  /** 4 MB each, written by nobody: what counts is that they go. */
  const large = (): Tensor => empty([2 ** 20], { device: own });

  it("stay flat when they are synchronous: memory is reclaimed at the watermark", () => {
    let last = large();
    for (let i = 0; i < 1000; i++) last = large();
    const { peakBytes, collections } = memoryStats(own);
    expect(peakBytes).toBeLessThan(most);
    expect(collections).toBeGreaterThan(5);
    expect(last.numel()).toBe(2 ** 20);
  });

  it("stay flat when they await", async () => {
    for (let i = 0; i < 300; i++) {
      large();
      await tensor([i], { device: own }).item();
    }
    expect(memoryStats(own).peakBytes).toBeLessThan(most);
  });

  it("do not outgrow the count of storages either", () => {
    const other = interpreter();
    for (let i = 0; i < 250_000; i++) empty([1], { device: other });
    expect(memoryStats(other).storages).toBeLessThan(200_001);
    expect(memoryStats(other).collections).toBeGreaterThan(0);
  });

  it("find room on a device that is full of garbage", () => {
    const tight = interpreter({ capacity: 20 * 2 ** 20 });
    for (let i = 0; i < 50; i++) empty([2 ** 20], { device: tight });
    expect(memoryStats(tight).bytes).toBeLessThanOrEqual(20 * 2 ** 20);
  });
});

/** A network of two layers, with plain tensors. */
class Network {
  readonly parameters = [[3, 2], [3], [2, 3], [2]].map((shape, i) =>
    tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, j) => Math.sin(7 * i + 3 * j)), { shape, requiresGrad: true }),
  );
  readonly x = tensor(Float32Array.from({ length: 6 }, (_, j) => Math.cos(2 * j)), { shape: [3, 2] });
  readonly target = tensor([0, 1, 1], { dtype: "int64" });

  step(): number {
    const [w1, b1, w2, b2] = this.parameters as [Tensor, Tensor, Tensor, Tensor];
    for (const parameter of this.parameters) parameter.grad = null;
    const loss = crossEntropy(linear(linear(this.x, w1, b1).tanh(), w2, b2), this.target);
    loss.backward();
    noGrad(() => {
      for (const parameter of this.parameters) parameter.sub_(parameter.grad!.mul(0.1));
    });
    return loss.itemSync();
  }
}

describe("a thousand training steps", () => {
  const own = separate(() => interpreter());

  it("leave nothing behind, in scopes and without", async () => {
    const network = withDefaultDevice(own, () => new Network());
    network.step();
    await reclaim(own);
    const before = memoryStats(own);
    const losses: number[] = [];
    for (let i = 0; i < 500; i++) losses.push(network.step());
    for (let i = 0; i < 500; i++) losses.push(scope(() => network.step()));
    await reclaim(own);
    const after = memoryStats(own);
    // Small storages are collected in groups of 64.
    expect(after.storages).toBeLessThan(before.storages + 64);
    expect(after.prepared).toBe(before.prepared);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 10);
  });
});

describe("running out of memory", () => {
  const own = separate(() => failing(interpreter(), { failAt: null }));

  it("is survived when collecting garbage helps", async () => {
    own.arm({ failAt: 1 });
    expect(await tensor([1, 2], { device: own }).add(1).toArray()).toEqual([2, 3]);
    own.arm({ failAt: null });
  });

  it("of any allocation of a training step is a typed error, after which the step works as if nothing had happened", async () => {
    const fresh = (): Network => withDefaultDevice(own, () => new Network());
    const network = fresh();
    own.arm({ failAt: null });
    const expected = network.step();
    const { allocations } = own;
    expect(allocations).toBeGreaterThan(15);
    for (let k = 1; k <= allocations; k++) {
      const starved = fresh();
      const values = await Promise.all(starved.parameters.map((parameter) => parameter.read()));
      own.arm({ failAt: k, times: 2 });
      expect(() => starved.step(), `allocation ${k}`).toThrow(DeviceMemoryError);
      own.arm({ failAt: null });
      // An update that was interrupted has moved some parameters already.
      starved.parameters.forEach((parameter, i) => noGrad(() => parameter.copy_(tensor(values[i]!, { shape: parameter.shape, device: own }))));
      expect(starved.step(), `after allocation ${k}`).toBe(expected);
    }
  });
});

describe("gradients that are let go inside of a scope", () => {
  it("end with it, unless they were kept, assigned elsewhere, or let go outside", async () => {
    const leafOf = (): Tensor => ones([2], { requiresGrad: true });
    const [a, b, c, d] = [leafOf(), leafOf(), leafOf(), leafOf()] as const;
    for (const x of [a, b, c, d]) x.mul(3).sum().backward();
    const [ofA, ofB, ofC, ofD] = [a.grad!, b.grad!, c.grad!, d.grad!];
    const other = leafOf();
    d.grad = null;
    scope(() => {
      a.grad = null;
      b.grad = null;
      keep(ofB);
      other.grad = ofC;
      c.grad = null;
      // What a leaf takes in a scope outlives it.
      a.mul(5).sum().backward();
    });
    expect(ofA.storage().isDisposed).toBe(true);
    expect(await Promise.all([ofB, ofC, ofD, a.grad!].map((x) => x.toArray()))).toEqual([[3, 3], [3, 3], [3, 3], [5, 5]]);
  });
});
