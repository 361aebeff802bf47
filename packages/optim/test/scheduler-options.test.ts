import { cpu } from "@gradus/backend-cpu";
import { Parameter } from "@gradus/nn";
import * as optim from "@gradus/optim";
import { ones, setDefaultDevice } from "@gradus/tensor-core";
import { expect, test } from "vitest";

setDefaultDevice(cpu());

type Given = Readonly<Record<string, unknown>>;

const optimizer = (): optim.SGD => new optim.SGD([new Parameter(ones([1]))], { lr: 1, momentum: 0.9 });
const lastEpoch = { lastEpoch: -1 };
const momenta = { cycleMomentum: false, baseMomentum: 0.5, maxMomentum: 0.6 };
const run = { totalSteps: 8, epochs: 2, stepsPerEpoch: 4 };

/** Every scheduler with options, and all of them. */
const schedulers: Readonly<Record<string, readonly [make: (options: Given) => unknown, options: Given, required?: Given]>> = {
  LRScheduler: [(options) => new optim.LRScheduler(optimizer(), { lr: ({ lr }) => lr }, options), lastEpoch],
  LambdaLR: [(options) => new optim.LambdaLR(optimizer(), () => 1, options), lastEpoch],
  MultiplicativeLR: [(options) => new optim.MultiplicativeLR(optimizer(), () => 1, options), lastEpoch],
  StepLR: [(options) => new optim.StepLR(optimizer(), 2, options), { gamma: 0.5, ...lastEpoch }],
  MultiStepLR: [(options) => new optim.MultiStepLR(optimizer(), [2], options), { gamma: 0.5, ...lastEpoch }],
  ConstantLR: [(options) => new optim.ConstantLR(optimizer(), options), { factor: 0.5, totalIters: 2, ...lastEpoch }],
  LinearLR: [(options) => new optim.LinearLR(optimizer(), options), { startFactor: 0.5, endFactor: 0.5, totalIters: 2, ...lastEpoch }],
  ExponentialLR: [(options) => new optim.ExponentialLR(optimizer(), 0.5, options), lastEpoch],
  PolynomialLR: [(options) => new optim.PolynomialLR(optimizer(), options), { totalIters: 2, power: 2, ...lastEpoch }],
  CosineAnnealingLR: [(options) => new optim.CosineAnnealingLR(optimizer(), 2, options), { etaMin: 0.1, ...lastEpoch }],
  CosineAnnealingWarmRestarts: [(options) => new optim.CosineAnnealingWarmRestarts(optimizer(), 2, options), { TMult: 2, etaMin: 0.1, ...lastEpoch }],
  CyclicLR: [
    (options) => new optim.CyclicLR(optimizer(), 0.1, 1, options),
    { stepSizeUp: 2, stepSizeDown: 2, mode: "triangular2", gamma: 0.5, scaleFn: () => 1, scaleMode: "iterations", ...momenta, ...lastEpoch },
  ],
  OneCycleLR: [
    (options) => new optim.OneCycleLR(optimizer(), 1, options),
    { ...run, pctStart: 0.5, annealStrategy: "linear", ...momenta, divFactor: 2, finalDivFactor: 2, threePhase: true, ...lastEpoch }, run,
  ],
  SWALR: [(options) => new optim.SWALR(optimizer(), 0.1, options), { annealEpochs: 2, annealStrategy: "linear", ...lastEpoch }],
  SequentialLR: [(options) => {
    const one = optimizer();
    return new optim.SequentialLR(one, [new optim.StepLR(one, 2)], [], options);
  }, lastEpoch],
  ReduceLROnPlateau: [
    (options) => new optim.ReduceLROnPlateau(optimizer(), options),
    { mode: "max", factor: 0.5, patience: 1, threshold: 0.1, thresholdMode: "abs", cooldown: 1, minLr: 0.1, eps: 0.1 },
  ],
};

test.each(Object.entries(schedulers))("%s refuses what it does not have and accepts what it has", (name, [make, options, required]) => {
  const known = Object.keys(options).join(", ");
  expect(() => make({ ...required, unheardOf: 1 })).toThrow(new RangeError(`${name}: expected no options but ${known}, got unheardOf; leave it out`));
  expect(() => make(0.5 as unknown as Given)).toThrow(new RangeError(`${name}: expected an object with options (${known}), got 0.5; write it by name, as in { ${Object.keys(options)[0]!}: 0.5 }`));
  for (const [option, value] of Object.entries(options)) expect(() => make({ ...required, [option]: value }), option).not.toThrow();
});

test("every scheduler is here", () => {
  const withoutOptions = ["ChainedScheduler"];
  const exported = Object.keys(optim).filter((name) => /LR|Scheduler|WarmRestarts/.test(name));
  expect([...Object.keys(schedulers), ...withoutOptions].sort()).toEqual(exported.sort());
});

test("an optimizer says what to write for an option in another spelling or without a name", () => {
  expect(() => new optim.CosineAnnealingLR(optimizer(), 2, { eta_min: 0.1 } as object)).toThrow(/, got eta_min; write etaMin$/);
  expect(() => new optim.SGD([new Parameter(ones([1]))], 0.1 as unknown as object)).toThrow(/^SGD: expected an object with options \(lr, .*\), got 0.1; write it by name, as in \{ lr: 0.1 \}$/);
});
