import { cpu } from "@gradus/backend-cpu";
import type { Tensor } from "@gradus/tensor-core";
import { defaultGenerator, manualSeed, noGrad, ones, setDefaultDevice, tensor, zeros } from "@gradus/tensor-core";
import { BatchNorm1d, BatchNorm2d, Dropout, Identity, Linear, Module, ModuleDict, ModuleList, Parameter, ReLU, Sequential, StateDictError } from "@gradus/nn";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

setDefaultDevice(cpu());

/** A parameter, a buffer that is saved and one that is not, and two children. */
class Net extends Module {
  readonly scale = new Parameter(ones([1]));
  readonly first = new Linear(2, 3);
  readonly mask = this.registerBuffer("mask", tensor([1, 0, 1]));
  readonly cache = this.registerBuffer("cache", zeros([2]), { persistent: false });
  readonly last = new Linear(3, 1, { bias: false });

  forward(x: Tensor): Tensor {
    return this.last.call(this.first.call(x).relu().mul(this.mask)).mul(this.scale);
  }
}

const names = (members: readonly (readonly [string, unknown])[]): string[] => members.map(([name]) => name);

describe("Parameter", () => {
  test("is a tensor that shares the storage of its value, and requires grad", () => {
    const value = ones([2]);
    const parameter = new Parameter(value);
    expect(parameter.storage()).toBe(value.storage());
    expect([parameter.requiresGrad, parameter.isLeaf, value.requiresGrad]).toEqual([true, true, false]);
  });

  test("is told from other tensors by instanceof", () => {
    const values: readonly unknown[] = [new Parameter(ones([1])), ones([1], { requiresGrad: true }), null, 1, {}];
    expect(values.map((value) => value instanceof Parameter)).toEqual([true, false, false, false, false]);
  });

  test("can be frozen from the start", () => {
    expect(new Parameter(ones([1]), { requiresGrad: false }).requiresGrad).toBe(false);
  });

  test("cuts the history of its value", () => {
    const x = ones([1], { requiresGrad: true });
    const parameter = new Parameter(x.mul(2));
    parameter.mul(3).backward();
    expect([x.grad, parameter.grad?.itemSync()]).toEqual([null, 3]);
  });
});

describe("the tree", () => {
  test("consists of the fields, in their order", () => {
    const net = new Net();
    expect(names(net.namedParameters())).toEqual(["scale", "first.weight", "first.bias", "last.weight"]);
    expect(names(net.namedBuffers())).toEqual(["mask", "cache"]);
    expect(names(net.namedModules())).toEqual(["", "first", "last"]);
    expect(names(net.namedChildren())).toEqual(["first", "last"]);
    expect(net.parameters()).toEqual([net.scale, net.first.weight, net.first.bias, net.last.weight]);
    expect(net.children()).toEqual([net.first, net.last]);
    expect(net.modules()).toEqual([net, net.first, net.last]);
    expect(net.buffers()).toEqual([net.mask, net.cache]);
  });

  test("names what is shared once, or under each name", () => {
    const shared = new Linear(2, 2);
    const net = new Sequential(shared, new ReLU(), shared);
    expect(names(net.namedParameters())).toEqual(["0.weight", "0.bias"]);
    expect(names(net.namedParameters({ removeDuplicate: false }))).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    expect(names(net.namedModules())).toEqual(["", "0", "1"]);
    expect(names(net.namedModules({ removeDuplicate: false }))).toEqual(["", "0", "1", "2"]);
    expect(names(net.namedChildren())).toEqual(["0", "1"]);
    expect(Object.keys(net.stateDict())).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
  });

  test("a parameter tied to another one is named once", () => {
    class Tied extends Module {
      readonly encoder = new Linear(2, 2, { bias: false });
      readonly weight = this.encoder.weight;
      forward(x: Tensor): Tensor {
        return this.encoder.call(x).matmul(this.weight);
      }
    }
    const net = new Tied();
    expect(net.parameters()).toEqual([net.weight]);
    // Own parameters come before those of children.
    expect(names(net.namedParameters())).toEqual(["weight"]);
    expect(Object.keys(net.stateDict())).toEqual(["weight", "encoder.weight"]);
  });

  test("may contain itself", () => {
    class Node extends Module {
      readonly weight = new Parameter(ones([1]));
      child: Node | null = null;
      forward(): void {
        return;
      }
    }
    const [parent, child] = [new Node(), new Node()];
    parent.child = child;
    child.child = parent;
    expect(names(parent.namedModules())).toEqual(["", "child"]);
    expect(names(parent.namedModules({ removeDuplicate: false }))).toEqual(["", "child"]);
    expect(Object.keys(parent.stateDict())).toEqual(["weight", "child.weight"]);
    let visits = 0;
    parent.apply(() => visits++);
    expect(visits).toBe(2);
  });

  test("private fields do not belong to it", () => {
    class Secret extends Module {
      readonly #linear = new Linear(1, 1);
      forward(x: Tensor): Tensor {
        return this.#linear.call(x);
      }
    }
    expect(new Secret().parameters()).toEqual([]);
  });

  test("is looked up by path", () => {
    const net = new Sequential(new Net(), new ReLU());
    expect(net.getSubmodule("0.first")).toBe(net[0].first);
    expect(net.getSubmodule("")).toBe(net);
    expect(net.getParameter("0.first.weight")).toBe(net[0].first.weight);
    expect(net[0].getParameter("scale")).toBe(net[0].scale);
    expect(() => net.getSubmodule("0.second")).toThrow('getSubmodule: expected "0.second" to lead there, but Net has no "second"; it has first, last');
    expect(() => net.getParameter("1.weight")).toThrow('getParameter: expected "1.weight" to lead there, but ReLU has no "weight"; it has nothing of that kind');
  });

  test("is visited by apply, children before parents, left to right", () => {
    const visited: string[] = [];
    const net = new Sequential(new Sequential(new Linear(1, 1)), new ReLU());
    expect(net.apply((module) => visited.push(module.constructor.name))).toBe(net);
    expect(visited).toEqual(["Linear", "Sequential", "ReLU", "Sequential"]);
  });
});

describe("members without a field in the class", () => {
  test("are fields from then on", () => {
    const net = new ReLU();
    const weight = net.registerParameter("weight_ih_l0", new Parameter(ones([1])));
    net.registerParameter("bias", null);
    net.registerModule("inner", new Linear(1, 1));
    net.registerBuffer("none", null);
    expect(net).toHaveProperty("weight_ih_l0", weight);
    expect(Object.keys(net.stateDict())).toEqual(["weight_ih_l0", "inner.weight", "inner.bias"]);
  });

  test("may be replaced by their kind; a buffer that is assigned anew stays one", () => {
    const net = new Net();
    const mask = ones([3]);
    net.registerBuffer("mask", mask);
    expect(net.stateDict().mask!.storage()).toBe(mask.storage());
    const other = zeros([3]);
    (net as { mask: Tensor }).mask = other;
    expect(net.buffers()).toContain(other);
  });

  test.each([
    ['registerBuffer: expected a name without dots, got "a.b"', (net: Net) => net.registerBuffer("a.b", null)],
    ['registerParameter: expected a name without dots, got ""', (net: Net) => net.registerParameter("", null)],
    ['registerBuffer: expected a name that is free, Net already has "forward"; choose another', (net: Net) => net.registerBuffer("forward", null)],
    ['registerModule: expected a name that is free, Net already has "training"; choose another', (net: Net) => net.registerModule("training", new ReLU())],
    ['registerParameter: expected a parameter for "w", got another value; wrap it in new Parameter(…)', (net: Net) => net.registerParameter("w", ones([1]) as Parameter)],
    ['registerModule: expected a module for "m", got 3', (net: Net) => net.registerModule("m", 3 as unknown as Module)],
  ])("%s", (message, act) => {
    expect(() => act(new Net())).toThrow(message);
  });
});

describe("what the walk passes by", () => {
  const warn = vi.fn();
  beforeEach(() => {
    vi.spyOn(console, "warn").mockImplementation(warn);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    warn.mockClear();
  });

  test("is said once for each class and field, with the remedy", () => {
    class Careless extends Module {
      readonly layers = [new Linear(1, 1), new Linear(1, 1)];
      readonly weights = [new Parameter(ones([1]))];
      readonly mask = ones([2]);
      readonly sizes = [1, 2];
      readonly names = ["a"];
      readonly fine = new Parameter(ones([1]));
      forward(): void {
        return;
      }
    }
    for (const net of [new Careless(), new Careless()]) expect(names(net.namedParameters())).toEqual(["fine"]);
    expect(warn.mock.calls.flat()).toEqual([
      'Careless: "layers" is not part of the module\'s state; wrap the array in new ModuleList(…), or make it a private #field if that is meant',
      'Careless: "weights" is not part of the module\'s state; give each parameter a field, or use registerParameter, or make it a private #field if that is meant',
      'Careless: "mask" is not part of the module\'s state; use registerBuffer("mask", …) or new Parameter(…), or make it a private #field if that is meant',
    ]);
  });

  test("is silent about registered buffers and containers", () => {
    new Sequential(new Net(), new BatchNorm2d(2), new ModuleList([new ReLU()]).at(0), new Dropout()).stateDict();
    expect(warn).not.toHaveBeenCalled();
  });
});

describe("calls", () => {
  test("run hooks around forward", () => {
    const net = new Linear(2, 1, { bias: false });
    noGrad(() => net.weight.fill_(1));
    const x = tensor([[1, 2]]);
    const removePre = net.registerForwardPreHook((module, [input]) => {
      expect(module).toBe(net);
      return [input.mul(10)];
    });
    const seen: number[] = [];
    const remove = net.registerForwardHook((_, [input], output) => {
      seen.push(input.sum().itemSync(), output.itemSync());
      return output.add(1);
    });
    const watch = net.registerForwardHook((_, __, output) => {
      seen.push(output.itemSync());
      return undefined;
    });
    expect(net.call(x).itemSync()).toBe(31);
    expect(seen).toEqual([30, 30, 31]);
    removePre();
    expect(net.call(x).itemSync()).toBe(4);
    remove();
    watch();
    expect(net.call(x).itemSync()).toBe(3);
    expect(seen.length).toBe(6);
  });

  test("the same hook may be added twice", () => {
    const net = new ReLU();
    const increment = (_: ReLU, __: unknown, output: Tensor): Tensor => output.add(1);
    const remove = net.registerForwardHook(increment);
    net.registerForwardHook(increment);
    expect(net.call(zeros([])).itemSync()).toBe(2);
    remove();
    remove();
    expect(net.call(zeros([])).itemSync()).toBe(1);
  });

  test("give back the promise of an asynchronous forward; hooks see what it resolves to", async () => {
    class Later extends Module {
      async forward(x: Tensor): Promise<Tensor> {
        // A loop that depends on a value of the device.
        let y = x;
        while ((await y.sum().item()) > 1) y = y.div(2);
        return y;
      }
    }
    const net = new Later();
    expect(await (await net.call(tensor([8]))).item()).toBe(1);
    net.registerForwardHook((_, __, output) => output.add(0.5));
    expect(await (await net.call(tensor([8]))).item()).toBe(1.5);
  });

  test("keep the types of forward", () => {
    class Pair extends Module {
      forward(x: Tensor, factor: number): { readonly y: Tensor; readonly factor: number } {
        return { y: x.mul(factor), factor };
      }
    }
    const { y, factor } = new Pair().call(ones([1]), 3);
    expect([y.itemSync(), factor]).toEqual([3, 3]);
    // @ts-expect-error The second argument is missing.
    new Pair().call(ones([1]));
  });
});

describe("state", () => {
  test("holds parameters and persistent buffers, which share memory with the module", () => {
    const net = new Net();
    const state = net.stateDict();
    expect(Object.keys(state)).toEqual(["scale", "mask", "first.weight", "first.bias", "last.weight"]);
    expect(Object.values(state).some((value) => value.requiresGrad)).toBe(false);
    state.scale!.set(0, 5);
    expect(net.scale.itemSync()).toBe(5);
  });

  test("is loaded in place", () => {
    manualSeed(1);
    const [net, other] = [new Net(), new Net()];
    const { weight } = net.first;
    const before = net.first.weight.storage();
    expect(net.loadStateDict(other.stateDict())).toEqual({ missing: [], unexpected: [] });
    expect(net.first.weight).toBe(weight);
    expect(weight.storage()).toBe(before);
    const x = ones([1, 2]);
    expect(net.call(x).toArraySync()).toEqual(other.call(x).toArraySync());
    // A copy: the modules stay apart.
    other.first.weight.data.fill_(0);
    expect(weight.toArraySync()).not.toEqual(other.first.weight.toArraySync());
  });

  test("that does not fit is refused with everything that is wrong, and nothing is loaded", () => {
    const net = new Net();
    const before = net.scale.itemSync();
    const state: Record<string, Tensor> = { ...net.stateDict(), scale: tensor([7]), "first.weight": ones([3]), extra: ones([1]), "last.bias": ones([1]) };
    delete state.mask;
    delete state["first.bias"];
    let error: unknown;
    try {
      net.loadStateDict(state);
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(StateDictError);
    expect((error as StateDictError).message).toBe(
      [
        "loadStateDict: expected the state of this Net, got one that differs; check that it was saved from the same model",
        "  missing: mask; first.bias",
        "  unexpected: extra; last.bias",
        "  other shapes: first.weight expected [3, 2], got [3]",
      ].join("\n"),
    );
    expect(error).toMatchObject({ missing: ["mask", "first.bias"], unexpected: ["extra", "last.bias"], misshapen: ["first.weight expected [3, 2], got [3]"] });
    expect(net.scale.itemSync()).toBe(before);
  });

  test("may be loaded in part, unless shapes differ", () => {
    const net = new Net();
    expect(net.loadStateDict({ scale: tensor([7]), extra: ones([1]) }, { strict: false })).toEqual({
      missing: ["mask", "first.weight", "first.bias", "last.weight"],
      unexpected: ["extra"],
    });
    expect(net.scale.itemSync()).toBe(7);
    expect(() => net.loadStateDict({ scale: ones([2]) }, { strict: false })).toThrow(StateDictError);
    expect(() => net.loadStateDict({})).toThrow("pass { strict: false } to load what fits");
  });

  test("does not confuse names with what every object has", () => {
    class Odd extends Module {
      forward(): void {
        return;
      }
    }
    const net = new Odd();
    expect(() => net.loadStateDict({ constructor: ones([1]) })).toThrow("unexpected: constructor");
    expect(() => net.registerBuffer("toString", null)).toThrow("is free");
  });

  test("of another element type is converted", () => {
    const net = new Linear(1, 1, { bias: false });
    net.loadStateDict({ weight: tensor([[2.5]], { dtype: "float64" }) });
    expect([net.weight.dtype, net.weight.itemSync()]).toEqual(["float32", 2.5]);
  });
});

describe("modes", () => {
  test("train and eval reach every module", () => {
    const net = new Sequential(new Dropout(), new Sequential(new BatchNorm2d(1)));
    const modes = (): boolean[] => net.modules().map(({ training }) => training);
    expect(modes()).toEqual([true, true, true, true]);
    expect(net.eval()).toBe(net);
    expect(modes()).toEqual([false, false, false, false]);
    net[1].train();
    expect(modes()).toEqual([false, false, true, true]);
  });

  test("zeroGrad forgets gradients, requiresGrad_ freezes", () => {
    const net = new Linear(2, 1);
    const x = ones([1, 2]);
    net.call(x).sum().backward();
    expect(net.weight.grad?.toArraySync()).toEqual([[1, 1]]);
    net.zeroGrad();
    expect(net.parameters().map(({ grad }) => grad)).toEqual([null, null]);
    expect(net.requiresGrad_(false).call(x).requiresGrad).toBe(false);
    expect(net.requiresGrad_().call(x).requiresGrad).toBe(true);
  });

  test("to converts what is floating, in place, gradients too", () => {
    const net = new Sequential(new BatchNorm2d(1), new Linear(2, 1));
    const { weight } = net[1];
    net.call(ones([2, 1, 2, 2])).sum().backward();
    expect(net.double()).toBe(net);
    expect(net[1].weight).toBe(weight);
    expect([weight.dtype, weight.grad?.dtype, net[0].running_mean?.dtype, net[0].num_batches_tracked?.dtype]).toEqual(["float64", "float64", "float64", "int64"]);
    expect(net.call(ones([2, 1, 2, 2], { dtype: "float64" })).dtype).toBe("float64");
    expect(net.float()[1].weight.dtype).toBe("float32");
  });

  test("to moves to another device", () => {
    const device = cpu({ name: "other" });
    const net = new Linear(2, 1);
    const expected = net.call(ones([1, 2])).itemSync();
    net.to(device);
    expect(net.weight.device.backend).toBe(device);
    expect(net.call(ones([1, 2], { device })).itemSync()).toBeCloseTo(expected, 6);
    expect(() => net.call(ones([1, 2]))).toThrow("same device");
    expect(new Linear(2, 1, { device }).weight.device.name).toBe("other");
  });
});

describe("sharing", () => {
  test("what is written to a shared weight is seen by each user of it", () => {
    const shared = new Linear(8, 8);
    const net = new Sequential(new Linear(4, 8), new ReLU(), shared, new ReLU(), shared, new ReLU(), new Linear(8, 1));
    net[2].weight.data.set([0, 0], 99);
    expect(net[4].weight.get(0, 0).itemSync()).toBe(99);
    expect(net[2].weight).toBe(net[4].weight);
  });

  test("gradients of a shared parameter add up", () => {
    const shared = new Linear(1, 1, { bias: false });
    noGrad(() => shared.weight.fill_(3));
    const net = new Sequential(shared, shared);
    net.call(tensor([[2]])).backward();
    // y = w · w · x
    expect(shared.weight.grad?.itemSync()).toBe(12);
  });
});

describe("containers", () => {
  test("Sequential can be indexed, extended and run through", () => {
    const net = new Sequential(new Linear(2, 3));
    expect(net.append(new ReLU()).extend([new Linear(3, 1)]).length).toBe(3);
    expect([...net].map((module) => module.constructor.name)).toEqual(["Linear", "ReLU", "Linear"]);
    expect(net.at(-1)).toBe(net[2]);
    expect(net.call(ones([5, 2])).shape).toEqual([5, 1]);
    expect(new Sequential().call(ones([1])).shape).toEqual([1]);
    expect(() => net.at(3)).toThrow("Sequential: expected an index from -3 to 2, got 3");
  });

  test("ModuleList and ModuleDict are run through by forward", () => {
    const list = new ModuleList([new Linear(2, 2), new Linear(2, 2)]);
    expect([list.length, list[1] === list.at(1), names(list.namedParameters())]).toEqual([2, true, ["0.weight", "0.bias", "1.weight", "1.bias"]]);
    const dict = new ModuleDict({ linear: new Linear(2, 2), act: new ReLU() });
    expect(dict.linear.weight.shape).toEqual([2, 2]);
    expect([dict.keys(), dict.has("act"), dict.get("act") === dict.act, dict.get("none"), dict.has("forward")]).toEqual([["linear", "act"], true, true, undefined, false]);
    dict.set("act", new Dropout());
    expect(names(dict.namedModules())).toEqual(["", "linear", "act"]);
    expect(() => list.call()).toThrow("ModuleList: expected a call of one of its modules");
    expect(() => dict.call()).toThrow("ModuleDict: expected a call of one of its modules");
    expect(() => new ModuleDict({ forward: new ReLU() })).toThrow('ModuleDict already has "forward"');
  });
});

test("a chain with an async module gives a promise, and goes on behind it", async () => {
  class Halved extends Module {
    async forward(x: Tensor): Promise<Tensor> {
      let y = x;
      while ((await y.sum().item()) > 1) y = y.div(2);
      return y;
    }
  }
  const promised: Promise<Tensor> = new Sequential(new Identity(), new Halved(), new ReLU()).call(tensor([3, 5]));
  expect((await promised).toArraySync()).toEqual([0.375, 0.625]);
  const known: Tensor = new Sequential(new Identity()).call(tensor([3]));
  expect(known.toArraySync()).toEqual([3]);
});

test("a summary changes neither statistics nor modes nor what is drawn next", () => {
  const net = new Sequential(new Linear(2, 3), new BatchNorm1d(3), new Dropout(0.5).eval());
  const state = (): unknown => [net[1].running_mean?.toArraySync(), net[1].num_batches_tracked?.itemSync(), net.modules().map(({ training }) => training), Array.from(defaultGenerator().getState())];
  const before = state();
  expect(net.summary(ones([4, 2])).parameters).toBe(15);
  expect(state()).toEqual(before);
  class Later extends Module {
    async forward(x: Tensor): Promise<Tensor> {
      return Promise.resolve(x);
    }
  }
  expect(() => new Later().summary(ones([1]))).toThrow(/promise/);
});

test("a slice of a chain or a list shares its modules", () => {
  const layers = [new Linear(2, 3), new ReLU(), new Linear(3, 1)] as const;
  const [chain, list] = [new Sequential(...layers), new ModuleList(layers)];
  expect([...chain.slice(0, 2)]).toEqual([layers[0], layers[1]]);
  expect(chain.slice(-1)[0]).toBe(layers[2]);
  expect(chain.slice(0, -1).call(ones([4, 2])).shape).toEqual([4, 3]);
  expect([...list.slice(1)]).toEqual([layers[1], layers[2]]);
});
