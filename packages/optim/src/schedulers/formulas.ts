import type { PerGroup } from "./arguments.js";
import { checkPositiveInteger, checkShare, optionsNamed, perGroup } from "./arguments.js";
import type { Formula, Scheduled, SchedulerOptions } from "./lr-scheduler.js";
import { LRScheduler } from "./lr-scheduler.js";

type Factor = (epoch: number) => number;

/**
 * The initial rate times a function of the epoch.
 *
 * @see torch.optim.lr_scheduler.LambdaLR
 * @example
 * const optimizer = new SGD([new Parameter(ones([1]))], { lr: 1 });
 * const scheduler = new LambdaLR(optimizer, (epoch) => 0.5 ** epoch);
 * scheduler.step();
 * scheduler.getLastLr(); // [0.5]
 */
export class LambdaLR extends LRScheduler {
  constructor(optimizer: Scheduled, lrLambda: PerGroup<Factor>, options?: SchedulerOptions) {
    const factors = perGroup("LambdaLR", optimizer, "lrLambda", lrLambda);
    super(optimizer, { lr: (_, { epoch, index, baseLr }) => baseLr * factors[index]!(epoch) }, options);
  }
}

/** The rate times a function of the epoch, each time. @see torch.optim.lr_scheduler.MultiplicativeLR */
export class MultiplicativeLR extends LRScheduler {
  constructor(optimizer: Scheduled, lrLambda: PerGroup<Factor>, options?: SchedulerOptions) {
    const factors = perGroup("MultiplicativeLR", optimizer, "lrLambda", lrLambda);
    super(optimizer, { lr: ({ lr }, { epoch, index }) => (epoch > 0 ? lr * factors[index]!(epoch) : lr) }, options);
  }
}

/**
 * The rate times `gamma`, every `stepSize` epochs.
 *
 * @see torch.optim.lr_scheduler.StepLR
 * @example
 * const optimizer = new SGD([new Parameter(ones([1]))], { lr: 1 });
 * const scheduler = new StepLR(optimizer, 2, { gamma: 0.5 });
 * const rates = [0, 1, 2, 3].map(() => {
 *   const [lr] = scheduler.getLastLr();
 *   scheduler.step();
 *   return lr;
 * });
 * rates; // [1, 1, 0.5, 0.5]
 */
export class StepLR extends LRScheduler {
  constructor(optimizer: Scheduled, stepSize: number, options?: SchedulerOptions & { readonly gamma?: number }) {
    const { gamma = 0.1, ...rest } = optionsNamed(new.target.name, ["gamma", "lastEpoch"], options);
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => (epoch === 0 || epoch % stepSize !== 0 ? lr : lr * gamma),
        closedLr: (_, { epoch, baseLr }) => baseLr * gamma ** Math.floor(epoch / stepSize),
      },
      rest,
    );
  }
}

/** The rate times `gamma`, at each milestone. @see torch.optim.lr_scheduler.MultiStepLR */
export class MultiStepLR extends LRScheduler {
  constructor(optimizer: Scheduled, milestones: readonly number[], options?: SchedulerOptions & { readonly gamma?: number }) {
    const { gamma = 0.1, ...rest } = optionsNamed(new.target.name, ["gamma", "lastEpoch"], options);
    const count = (holds: (milestone: number) => boolean): number => milestones.filter(holds).length;
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => lr * gamma ** count((milestone) => milestone === epoch),
        closedLr: (_, { epoch, baseLr }) => baseLr * gamma ** count((milestone) => milestone <= epoch),
      },
      rest,
    );
  }
}

/** A share of the rate for the first epochs. @see torch.optim.lr_scheduler.ConstantLR */
export class ConstantLR extends LRScheduler {
  constructor(optimizer: Scheduled, options?: SchedulerOptions & { readonly factor?: number; readonly totalIters?: number }) {
    const { factor = 1 / 3, totalIters = 5, ...rest } = optionsNamed(new.target.name, ["factor", "totalIters", "lastEpoch"], options);
    checkShare("ConstantLR", "factor", factor);
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => (epoch === 0 ? lr * factor : epoch === totalIters ? lr * (1 / factor) : lr),
        closedLr: (_, { epoch, baseLr }) => baseLr * (epoch >= totalIters ? 1 : factor),
      },
      rest,
    );
  }
}

export interface LinearLrOptions extends SchedulerOptions {
  readonly startFactor?: number;
  readonly endFactor?: number;
  readonly totalIters?: number;
}

/** From one share of the rate to another, along a straight line. @see torch.optim.lr_scheduler.LinearLR */
export class LinearLR extends LRScheduler {
  constructor(optimizer: Scheduled, options?: LinearLrOptions) {
    const given = optionsNamed(new.target.name, ["startFactor", "endFactor", "totalIters", "lastEpoch"], options);
    const { startFactor: start = 1 / 3, endFactor: end = 1, totalIters = 5, ...rest } = given;
    checkShare("LinearLR", "startFactor", start);
    checkShare("LinearLR", "endFactor", end);
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => {
          if (epoch === 0) return lr * start;
          return epoch > totalIters ? lr : lr * (1 + (end - start) / (totalIters * start + (epoch - 1) * (end - start)));
        },
        closedLr: (_, { epoch, baseLr }) => baseLr * (start + ((end - start) * Math.min(totalIters, epoch)) / totalIters),
      },
      rest,
    );
  }
}

/** The rate times `gamma`, at each epoch. @see torch.optim.lr_scheduler.ExponentialLR */
export class ExponentialLR extends LRScheduler {
  constructor(optimizer: Scheduled, gamma: number, options?: SchedulerOptions) {
    super(optimizer, { lr: ({ lr }, { epoch }) => (epoch === 0 ? lr : lr * gamma), closedLr: (_, { epoch, baseLr }) => baseLr * gamma ** epoch }, options);
  }
}

/** To zero in `totalIters` epochs, as (1 − t / T) to a power. @see torch.optim.lr_scheduler.PolynomialLR */
export class PolynomialLR extends LRScheduler {
  constructor(optimizer: Scheduled, options?: SchedulerOptions & { readonly totalIters?: number; readonly power?: number }) {
    const { totalIters = 5, power = 1, ...rest } = optionsNamed(new.target.name, ["totalIters", "power", "lastEpoch"], options);
    const left = (epoch: number): number => 1 - epoch / totalIters;
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => (epoch === 0 || epoch > totalIters ? lr : lr * (left(epoch) / left(epoch - 1)) ** power),
        closedLr: (_, { epoch, baseLr }) => baseLr * left(Math.min(totalIters, epoch)) ** power,
      },
      rest,
    );
  }
}

/**
 * Down to `etaMin` and up again along a cosine, in `TMax` epochs each way.
 *
 *   η = ηmin + ½ (η₀ − ηmin) (1 + cos(π t / T))
 *
 * @see torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov and Hutter, SGDR (2017)
 */
export class CosineAnnealingLR extends LRScheduler {
  constructor(optimizer: Scheduled, TMax: number, options?: SchedulerOptions & { readonly etaMin?: number }) {
    const { etaMin = 0, ...rest } = optionsNamed(new.target.name, ["etaMin", "lastEpoch"], options);
    const high = (epoch: number): number => 1 + Math.cos((Math.PI * epoch) / TMax);
    const closedLr: Formula = (_, { epoch, baseLr }) => etaMin + ((baseLr - etaMin) * high(epoch)) / 2;
    super(
      optimizer,
      {
        lr: (group, position) => {
          const { epoch, baseLr, stepCount } = position;
          if (epoch === 0) return group.lr;
          if (stepCount === 1) return closedLr(group, position);
          // At the bottom the ratio below is 0 / 0.
          if ((epoch - 1 - TMax) % (2 * TMax) === 0) return group.lr + ((baseLr - etaMin) * (1 - Math.cos(Math.PI / TMax))) / 2;
          return (high(epoch) / high(epoch - 1)) * (group.lr - etaMin) + etaMin;
        },
        closedLr,
      },
      rest,
    );
  }
}

export interface WarmRestartsOptions extends SchedulerOptions {
  /** By what each period is longer than the one before. */
  readonly TMult?: number;
  readonly etaMin?: number;
}

/**
 * Down to `etaMin` along half a cosine, then from the start again: first after `T0` epochs, then in periods that are `TMult` times as
 * long. `step` also takes fractions of epochs.
 *
 * @see torch.optim.lr_scheduler.CosineAnnealingWarmRestarts; Loshchilov and Hutter, SGDR (2017)
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  constructor(optimizer: Scheduled, T0: number, options?: WarmRestartsOptions) {
    const { TMult = 1, etaMin = 0, ...rest } = optionsNamed(new.target.name, ["TMult", "etaMin", "lastEpoch"], options);
    checkPositiveInteger("CosineAnnealingWarmRestarts", "T0", T0);
    checkPositiveInteger("CosineAnnealingWarmRestarts", "TMult", TMult);
    super(
      optimizer,
      {
        lr: (_, { epoch, baseLr }) => {
          if (!(epoch >= 0)) throw new RangeError(`CosineAnnealingWarmRestarts: expected an epoch of at least 0, got ${epoch}`);
          let [period, position] = [T0, epoch];
          while (position >= period) {
            position -= period;
            period *= TMult;
          }
          return etaMin + ((baseLr - etaMin) * (1 + Math.cos((Math.PI * position) / period))) / 2;
        },
      },
      rest,
    );
  }
}
