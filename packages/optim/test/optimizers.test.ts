import { readFileSync } from "node:fs";
import { cpu } from "@gradus/backend-cpu";
import { Linear, Parameter } from "@gradus/nn";
import type { Optimizer, OptimizerStateDict } from "@gradus/optim";
import { Adadelta, Adagrad, Adam, Adamax, AdamW, ASGD, LBFGS, NAdam, RAdam, RMSprop, Rprop, SGD } from "@gradus/optim";
import { Scalar } from "@gradus/scalar-autodiff";
import type { NestedArray, Tensor } from "@gradus/tensor-core";
import { manualSeed, ones, scope, setDefaultDevice, tensor, zeros } from "@gradus/tensor-core";
import { describe, expect, test } from "vitest";

const device = cpu();
setDefaultDevice(device);

const optimizers = { SGD, Adam, AdamW, Adamax, NAdam, RAdam, Adagrad, Adadelta, RMSprop, Rprop, ASGD };
type Options = Readonly<Record<string, unknown>>;

/** What PyTorch did, in float64. */
interface Case {
  readonly optimizer: keyof typeof optimizers;
  readonly options: Options;
  /** Options of a group for each parameter; null: one group. */
  readonly groups: readonly Options[] | null;
  readonly after: readonly (readonly NestedArray[])[];
  readonly state: Readonly<Record<string, Readonly<Record<string, NestedArray>>>>;
  readonly paramGroups: OptimizerStateDict["param_groups"];
}
const torch = JSON.parse(readFileSync(new URL("fixtures/steps.json", import.meta.url), "utf8")) as {
  readonly start: readonly NestedArray[];
  readonly gradients: readonly (readonly (NestedArray | null)[])[];
  readonly cases: readonly Case[];
};
const named = torch.cases.map((each) => [`${each.optimizer} ${JSON.stringify(each.options)}${each.groups === null ? "" : `, groups ${JSON.stringify(each.groups)}`}`, each] as const);

/** Numbers in any depth of arrays, in order. */
const flat = (values: NestedArray): number[] => (Array.isArray(values) ? (values as readonly NestedArray[]).flatMap(flat) : [Number(values)]);

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const wrong = expected.flatMap((value, i) => (Math.abs(actual[i]! - value) <= tolerance * Math.max(1, Math.abs(value)) ? [] : [{ i, value, actual: actual[i] }]));
  expect(wrong, what).toEqual([]);
}

/** A kind of parameter: how to make one from numbers, set its gradient, and read it. */
interface Kind<P> {
  readonly name: string;
  readonly make: (values: NestedArray) => P;
  readonly setGradient: (param: P, values: NestedArray | null) => void;
  readonly read: (param: P) => number[];
  readonly numbers: (piece: unknown) => number[];
  readonly tolerance: number;
}

const tensors = (dtype: "float32" | "float64", tolerance: number): Kind<Tensor> => ({
  name: dtype,
  make: (values) => new Parameter(tensor(values, { dtype })),
  setGradient: (param, values) => {
    param.grad = values === null ? null : tensor(values, { dtype });
  },
  read: (param) => flat(param.toArraySync()),
  numbers: (piece) => (typeof piece === "number" ? [piece] : flat((piece as Tensor).toArraySync())),
  tolerance,
});

/** A list of scalars, one for each element. */
const scalars: Kind<readonly Scalar[]> = {
  name: "scalars",
  make: (values) => flat(values).map((value) => new Parameter(new Scalar(value))),
  setGradient: (param, values) => param.forEach((scalar, i) => {
    scalar.grad = values === null ? null : flat(values)[i]!;
  }),
  read: (param) => param.map(({ data }) => data),
  numbers: (piece) => [piece as number],
  tolerance: 1e-13,
};

function build({ optimizer, options, groups }: Case, params: readonly unknown[]): Optimizer {
  const Class = optimizers[optimizer] as new (params: unknown, options: Options) => Optimizer;
  const leaves = params.map((param) => [param].flat());
  return new Class(groups === null ? leaves.flat() : leaves.map((own, i) => ({ ...groups[i], params: own })), options);
}

/** @param reload - The step before which the optimizer is replaced by a new one that loads its state. */
function run<P>(each: Case, { make, setGradient, read, tolerance }: Kind<P>, reload?: number): Optimizer {
  const params = torch.start.map(make);
  let optimizer = build(each, params);
  for (const [step, gradients] of torch.gradients.entries()) {
    if (step === reload) {
      const saved = optimizer.stateDict();
      optimizer = build(each, params);
      optimizer.loadStateDict(saved);
    }
    gradients.forEach((values, i) => {
      setGradient(params[i]!, values);
    });
    optimizer.step();
    params.forEach((param, i) => {
      expectClose(read(param), flat(each.after[step]![i]!), tolerance, `parameter ${i} after step ${step}`);
    });
  }
  return optimizer;
}

describe.each([tensors("float64", 1e-13), tensors("float32", 2e-6)])("tensors of $name move as PyTorch's", (kind) => {
  test.each(named)("%s", (_, each) => {
    const { state, param_groups } = run(each, kind).stateDict();
    expect(param_groups).toEqual(each.paramGroups);
    for (const [number, pieces] of Object.entries(each.state)) {
      expect(Object.keys(state[number]!).sort()).toEqual(Object.keys(pieces).sort());
      for (const [name, piece] of Object.entries(pieces)) expectClose(kind.numbers(state[number]![name]), flat(piece), kind.tolerance, `${name} of ${number}`);
    }
  });
});

describe("scalars move by the same rules", () => {
  test.each(named)("%s", (_, each) => {
    run(each, scalars);
  });
});

describe("a state that is saved in between changes nothing", () => {
  test.each(named)("%s", (_, each) => {
    run(each, tensors("float64", 1e-13), 3);
    run(each, scalars, 5);
  });
});

describe("state", () => {
  const oneStep = (optimizer: Optimizer, param: Tensor): void => {
    param.grad = ones(param.shape);
    optimizer.step();
  };

  test("that is loaded is a copy", () => {
    const [a, b] = [new Parameter(zeros([2])), new Parameter(zeros([2]))];
    const [first, second] = [new SGD([a], { lr: 1, momentum: 1 }), new SGD([b], { lr: 1, momentum: 1 })];
    oneStep(first, a);
    second.loadStateDict(first.stateDict());
    oneStep(second, b);
    oneStep(first, a);
    expect([a.toArraySync(), b.toArraySync()]).toEqual([[-3, -3], [-2, -2]]);
  });

  test("of PyTorch's making is understood: steps in tensors, null for what is not there yet", () => {
    const param = new Parameter(zeros([1]));
    const adam = new Adam([param]);
    const [group] = adam.stateDict().param_groups;
    adam.loadStateDict({ state: { 0: { step: tensor(7), exp_avg: tensor([1], { dtype: "float64" }), exp_avg_sq: tensor([4]) } }, param_groups: [{ ...group, lr: 0.5, weight_decay: 0.25 }] });
    expect(adam.state.get(param)).toMatchObject({ step: 7 });
    expect((adam.state.get(param)?.expAvg as Tensor).dtype).toBe("float32");
    expect(adam.paramGroups[0]).toMatchObject({ lr: 0.5, weightDecay: 0.25 });
    const sgd = new SGD([param], { momentum: 0.5, dampening: 0.5 });
    sgd.loadStateDict({ ...sgd.stateDict(), state: { 0: { momentum_buffer: null } } });
    oneStep(sgd, param);
    // The first step takes all of the gradient.
    expect((sgd.state.get(param)?.momentumBuffer as Tensor).toArraySync()).toEqual([1]);
  });

  test("of other groups is refused, and nothing is taken over", () => {
    const adam = new Adam([{ params: [new Parameter(zeros([1]))], lr: 0.5 }]);
    expect(() => adam.loadStateDict({ state: {}, param_groups: [] })).toThrow("loadStateDict: expected groups of [1] parameters, got []; load what was saved from the same optimizer");
    expect(() => adam.loadStateDict({ state: {}, param_groups: [{ params: [0, 1] }] })).toThrow("expected groups of [1] parameters, got [2]");
    expect(() => adam.loadStateDict({ state: {}, param_groups: [{ params: [0], lr: -1 }] })).toThrow("Adam: expected lr of at least 0, got -1");
    expect(adam.paramGroups[0]?.lr).toBe(0.5);
  });

  test("outlives the scope that a step runs in", () => {
    const param = new Parameter(ones([2]));
    const adam = new Adam([param], { lr: 0.1 });
    for (let step = 0; step < 3; step++) {
      scope(() => {
        adam.zeroGrad();
        param.square().sum().backward();
        adam.step();
      });
    }
    expect((adam.state.get(param)?.expAvg as Tensor).toArraySync()).toEqual([expect.closeTo(0.5, 1), expect.closeTo(0.5, 1)]);
  });
});

describe("groups", () => {
  test("take the optimizer's options where they bring none, and may be changed between steps", () => {
    const [a, b] = [new Parameter(zeros([1])), new Parameter(zeros([1]))];
    const sgd = new SGD([{ params: [a] }], { lr: 1 });
    sgd.addParamGroup({ params: new Set([b]), lr: 2 });
    for (const param of [a, b]) param.grad = ones([1]);
    sgd.step();
    sgd.paramGroups[0]!.lr = 10;
    sgd.step();
    expect([a.itemSync(), b.itemSync()]).toEqual([-11, -4]);
  });

  test("zeroGrad forgets all gradients; a parameter without one stays", () => {
    const net = new Linear(2, 1);
    const sgd = new SGD(net.parameters(), { lr: 1, weightDecay: 1 });
    const before = net.weight.toArraySync();
    net.call(ones([1, 2])).backward();
    sgd.zeroGrad();
    sgd.step();
    expect([net.weight.grad, net.bias?.grad, net.weight.toArraySync()]).toEqual([null, null, before]);
    expect(sgd.state.size).toBe(0);
  });

  test("step computes the loss first, if it is given how", () => {
    const w = new Parameter(tensor([4]));
    const sgd = new SGD([w], { lr: 0.25 });
    const loss = sgd.step(() => {
      sgd.zeroGrad();
      const value = w.square().sum();
      value.backward();
      return value;
    });
    expect([loss.itemSync(), w.itemSync()]).toEqual([16, 2]);
  });
});

test("tensors and scalars minimise the same function to the same point", () => {
  const w = new Parameter(tensor([3, -2], { dtype: "float64" }));
  const s = [new Parameter(new Scalar(3)), new Parameter(new Scalar(-2))];
  const [ofTensors, ofScalars] = [new AdamW([w], { lr: 0.1 }), new AdamW(s, { lr: 0.1 })];
  for (let step = 0; step < 50; step++) {
    ofTensors.zeroGrad();
    ofScalars.zeroGrad();
    w.square().sum().backward();
    s[0]!.mul(s[0]!).add(s[1]!.mul(s[1]!)).backward();
    ofTensors.step();
    ofScalars.step();
  }
  expectClose(s.map(({ data }) => data), flat(w.toArraySync()), 1e-12, "where they are");
});

test("after its first step an optimizer prepares no more programs", () => {
  manualSeed(0);
  const net = new Linear(3, 2);
  const adam = new Adam(net.parameters(), { lr: 0.1 });
  const step = (): void => {
    adam.zeroGrad();
    net.call(ones([4, 3])).square().sum().backward();
    adam.step();
  };
  step();
  const { prepared } = device.stats();
  step();
  adam.paramGroups[0]!.lr = 0.01;
  step();
  expect(device.stats().prepared).toBe(prepared);
});

describe("what cannot be", () => {
  const one = (): Tensor[] => [new Parameter(ones([1]))];
  test.each([
    ["SGD: expected lr of at least 0, got -0.1", () => new SGD(one(), { lr: -0.1 })],
    ["SGD: expected lr of at least 0, got NaN", () => new SGD(one(), { lr: NaN })],
    ["SGD: expected momentum of at least 0, got -0.5", () => new SGD(one(), { momentum: -0.5 })],
    ["SGD: expected weightDecay of at least 0, got -1", () => new SGD(one(), { weightDecay: -1 })],
    ["SGD: expected momentum above 0 and no dampening with nesterov, got 0 and 0", () => new SGD(one(), { nesterov: true })],
    ["SGD: expected momentum above 0 and no dampening with nesterov, got 0.9 and 0.1", () => new SGD(one(), { nesterov: true, momentum: 0.9, dampening: 0.1 })],
    ["SGD: expected no options but lr, momentum, dampening, weightDecay, nesterov, maximize, got weight_decay; write weightDecay", () => new SGD(one(), { weight_decay: 1 } as object)],
    ["LBFGS: expected no options but lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn, got momentum; leave it out", () => new LBFGS(one(), { momentum: 1 } as object)],
    ["Adam: expected lr of at least 0, got -1", () => new Adam(one(), { lr: -1 })],
    ["Adam: expected betas[1] from 0 to below 1, got 1", () => new Adam(one(), { betas: [0.9, 1] })],
    ["AdamW: expected betas[0] from 0 to below 1, got -0.1", () => new AdamW(one(), { betas: [-0.1, 0.9] })],
    ["AdamW: expected eps of at least 0, got -1", () => new AdamW(one(), { eps: -1 })],
    ["Adam: expected weightDecay of at least 0, got -1", () => new Adam([{ params: one(), weightDecay: -1 }])],
    ["Adadelta: expected rho from 0 to 1, got 1.5", () => new Adadelta(one(), { rho: 1.5 })],
    ["Adagrad: expected lrDecay of at least 0, got -0.5", () => new Adagrad(one(), { lrDecay: -0.5 })],
    ["Adagrad: expected initialAccumulatorValue of at least 0, got -1", () => new Adagrad(one(), { initialAccumulatorValue: -1 })],
    ["NAdam: expected momentumDecay of at least 0, got -1", () => new NAdam(one(), { momentumDecay: -1 })],
    ["RMSprop: expected alpha of at least 0, got -1", () => new RMSprop(one(), { alpha: -1 })],
    ["Rprop: expected etas between 0 and 1 and above 1, got 0.5 and 0.9", () => new Rprop(one(), { etas: [0.5, 0.9] })],
    ["Adam: expected parameters, got none; pass net.parameters()", () => new Adam([])],
    ["Adam: expected parameters, got number; pass net.parameters()", () => new Adam([3 as unknown as Tensor])],
    ["SGD: expected leaves, got the result of an operation", () => new SGD([ones([1], { requiresGrad: true }).mul(2)])],
    ["SGD: expected leaves, got the result of an operation", () => new SGD([new Scalar(1).mul(2)])],
    ["SGD: expected each parameter once, got one in two places; parameters() lists shared ones once", () => new SGD([...one(), ...one()].flatMap((p) => [p, p]))],
  ])("%s", (message, act) => {
    expect(act).toThrow(message);
  });
});

test("an optimizer prints the options of its groups", () => {
  const params = [new Parameter(ones([1]))];
  const adam = new Adam([{ params, lr: 0.5 }]);
  adam.addParamGroup({ params: [new Parameter(ones([1]))] });
  const group = (i: number, lr: number): string => `Parameter Group ${i}
    amsgrad: false
    betas: [0.9, 0.999]
    eps: 1e-8
    lr: ${lr}
    maximize: false
    weightDecay: 0
`;
  expect(String(adam)).toBe(`Adam (\n${group(0, 0.5)}\n${group(1, 0.001)})`);
});
