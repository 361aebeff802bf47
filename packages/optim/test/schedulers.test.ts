import { readFileSync } from "node:fs";
import { cpu } from "@gradus/backend-cpu";
import { Parameter } from "@gradus/nn";
import * as optim from "@gradus/optim";
import { Adam, CosineAnnealingLR, CyclicLR, LambdaLR, MultiplicativeLR, OneCycleLR, ReduceLROnPlateau, SequentialLR, SGD, StepLR, SWALR } from "@gradus/optim";
import type { LRScheduler, Scheduled } from "@gradus/optim";
import type { Tensor } from "@gradus/tensor-core";
import { ones, setDefaultDevice } from "@gradus/tensor-core";
import { describe, expect, test } from "vitest";

setDefaultDevice(cpu());

interface Case {
  readonly optimizer: "SGD" | "Adam";
  /** Classes and their arguments after the optimizer; "all" stands for the schedulers before. */
  readonly schedulers: readonly (readonly [name: string, ...args: readonly unknown[]])[];
  /** Rate and momentum of each group, at the beginning and after each step. */
  readonly trace: readonly (readonly (readonly [lr: number, momentum: number])[])[];
}
const cases = JSON.parse(readFileSync(new URL("fixtures/schedules.json", import.meta.url), "utf8")) as readonly Case[];
const losses = [5, 4, 4, 4, 4, 3.99, 3.9, 3.9, 3.9, 3.9, 3.9, 3.9, 3.9, 3.9, 3.9];

const param = (): Tensor => new Parameter(ones([1]));

function optimizerOf(name: Case["optimizer"]): Scheduled {
  if (name === "Adam") return new Adam([{ params: [param()], lr: 0.1 }, { params: [param()], lr: 0.4 }]);
  return new SGD([{ params: [param()], lr: 0.1, momentum: 0.9 }, { params: [param()], lr: 0.4, momentum: 0.5 }]);
}

type AnyScheduler = LRScheduler | ReduceLROnPlateau | SequentialLR;

function build({ schedulers }: Case, optimizer: Scheduled): AnyScheduler[] {
  const made: AnyScheduler[] = [];
  for (const [name, ...args] of schedulers) {
    const Class = optim[name as "StepLR"] as unknown as new (...all: readonly unknown[]) => AnyScheduler;
    const given = args.map((arg) => (arg === "all" ? [...made] : arg));
    made.push(name === "ChainedScheduler" ? new Class(...given) : new Class(optimizer, ...given));
  }
  const combined = ["ChainedScheduler", "SequentialLR"].includes(schedulers.at(-1)?.[0] ?? "");
  return combined ? made.slice(-1) : made;
}

const valuesOf = ({ paramGroups }: Scheduled): number[][] =>
  (paramGroups as unknown as { lr: number; momentum?: number; betas?: number[] }[]).map(({ lr, momentum, betas }) => [lr, momentum ?? betas?.[0] ?? NaN]);

function advance(schedulers: readonly AnyScheduler[], round: number): void {
  for (const scheduler of schedulers) {
    if (scheduler instanceof ReduceLROnPlateau) scheduler.step(losses[round]!);
    else scheduler.step();
  }
}

const named = cases.map((each) => [each.schedulers.map(([name, ...args]) => `${name} ${JSON.stringify(args)}`).join(", "), each] as const);

describe("rates change as PyTorch's", () => {
  test.each(named)("%s", (_, each) => {
    const optimizer = optimizerOf(each.optimizer);
    const schedulers = build(each, optimizer);
    each.trace.forEach((values, round) => {
      if (round > 0) advance(schedulers, round - 1);
      expect(valuesOf(optimizer), `after ${round} rounds`).toEqual(values.map((group) => group.map((value) => expect.closeTo(value, 12) as number)));
    });
  });
});

describe("a state that is saved in between changes nothing", () => {
  test.each(named)("%s", (_, each) => {
    const half = 6;
    const [first, second] = [optimizerOf(each.optimizer), optimizerOf(each.optimizer)];
    const before = build(each, first);
    for (let round = 0; round < half; round++) advance(before, round);
    const after = build(each, second);
    second.loadStateDict(first.stateDict());
    after.forEach((scheduler, i) => { scheduler.loadStateDict(JSON.parse(JSON.stringify(before[i]!.stateDict())) as never); });
    for (let round = half; round < each.trace.length - 1; round++) advance(after, round);
    expect(valuesOf(second)).toEqual(each.trace.at(-1)!.map((group) => group.map((value) => expect.closeTo(value, 12) as number)));
  });
});

test("functions of the epoch, one for each group or one for all", () => {
  const first = optimizerOf("SGD");
  const lambda = new LambdaLR(first, [(epoch) => 1 / (epoch + 1), () => 2]);
  lambda.step();
  expect(lambda.getLastLr()).toEqual([0.05, 0.8]);
  const second = optimizerOf("SGD");
  const multiplicative = new MultiplicativeLR(second, (epoch) => 1 / epoch);
  multiplicative.step();
  multiplicative.step();
  expect(multiplicative.getLastLr()).toEqual([0.05, 0.2]);
});

test("an epoch may be given", () => {
  const optimizer = optimizerOf("SGD");
  const scheduler = new CosineAnnealingLR(optimizer, 10);
  scheduler.step(5);
  expect(scheduler.getLastLr()[0]).toBeCloseTo(0.05, 12);
});

test("a scheduler that begins in the middle needs the state of the optimizer", () => {
  expect(() => new StepLR(optimizerOf("SGD"), 2, { lastEpoch: 3 })).toThrow("StepLR: expected the state of an optimizer that was scheduled before with lastEpoch 3, got groups without an initial rate");
  const optimizer = optimizerOf("SGD");
  new StepLR(optimizer, 2);
  expect(new StepLR(optimizer, 2, { lastEpoch: 3, gamma: 0.5 }).getLastLr()).toEqual([0.05, 0.2]);
});

describe("what cannot be", () => {
  test.each<[string, (optimizer: Scheduled) => unknown]>([
    ["LambdaLR: expected one lrLambda for each of 2 groups, got 1", (o) => new LambdaLR(o, [() => 1])],
    ["ConstantLR: expected factor from 0 to 1, got 2", (o) => new optim.ConstantLR(o, { factor: 2 })],
    ["CosineAnnealingWarmRestarts: expected T0 to be a positive integer, got 0", (o) => new optim.CosineAnnealingWarmRestarts(o, 0)],
    ["OneCycleLR: expected totalSteps, or epochs and stepsPerEpoch, got neither", (o) => new OneCycleLR(o, 1)],
    ["OneCycleLR: expected at most 2 steps, got 4", (o) => { const s = new OneCycleLR(o, 1, { totalSteps: 2 }); for (let i = 0; i < 3; i++) s.step(); }],
    ['CyclicLR: expected mode "triangular" or "triangular2" or "exp_range", got "up"', (o) => new CyclicLR(o, 1, 2, { mode: "up" as "triangular" })],
    ["CyclicLR: expected an optimizer with momentum or betas, got one without; pass { cycleMomentum: false }", () => new CyclicLR(new optim.Adagrad([param()]), 1, 2)],
    ["SWALR: expected annealEpochs of at least 0, got -1", (o) => new SWALR(o, 1, { annealEpochs: -1 })],
    ["ReduceLROnPlateau: expected a factor below 1, got 1", (o) => new ReduceLROnPlateau(o, { factor: 1 })],
    ["SequentialLR: expected a milestone between each two of 1 schedulers, got 1", (o) => new SequentialLR(o, [new StepLR(o, 1)], [1])],
    ["SequentialLR: expected schedulers of one optimizer, got another one's at 1", (o) => new SequentialLR(o, [new StepLR(o, 1), new StepLR(optimizerOf("SGD"), 1)], [1])],
  ])("%s", (message, act) => {
    expect(() => act(optimizerOf("SGD"))).toThrow(message);
  });
});
