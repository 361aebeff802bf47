/**
 * Learning rates that change with the epochs.
 *
 * A scheduler is a formula for the learning rate of a group. Most formulas go from the current rate to the next one, so that several
 * schedulers on one optimizer multiply; where the rate of an epoch can also be written without the one before, that is the closed
 * form, and `step(epoch)` uses it.
 *
 * @module
 */
import type { OptimizerBase, ParamGroup } from "./optimizer-base.js";

/** An optimizer whose groups have a learning rate. */
export type Scheduled = OptimizerBase<{ lr: number }>;

/** A group with the rate that it had before any scheduler changed it. */
type Group = ParamGroup<{ lr: number; initialLr: number }>;

/** One that perhaps no scheduler has changed yet. */
type FreshGroup = ParamGroup<{ lr: number; initialLr?: number }>;

/** Where a scheduler is. */
interface Position {
  readonly epoch: number;
  /** Which group of the optimizer. */
  readonly index: number;
  /** The group's rate at the beginning. */
  readonly baseLr: number;
  /** Calls of `step` so far, this one and the one of the constructor included. */
  readonly stepCount: number;
}

/** The learning rate of a group at an epoch. */
type Formula = (group: Group, position: Position) => number;

export interface Schedule {
  /** The rate that follows from the current one. */
  readonly lr: Formula;
  /** The rate of an epoch by itself. */
  readonly closedLr?: Formula;
}

export interface SchedulerOptions {
  /** The epoch that a resumed training has reached; its optimizer remembers the initial rates. */
  readonly lastEpoch?: number;
}

/** Where a scheduler is, under PyTorch's names. */
export type SchedulerStateDict = Readonly<Record<string, unknown>>;

/**
 * The base of schedulers, and a scheduler of any formula.
 *
 * @see torch.optim.lr_scheduler
 * @example
 * const optimizer = new SGD([new Parameter(ones([1]))], { lr: 1 });
 * const scheduler = new LRScheduler(optimizer, { lr: ({ lr }, { epoch }) => (epoch === 0 ? lr : lr / 2) });
 * scheduler.step();
 * optimizer.paramGroups[0]?.lr; // 0.5
 */
export class LRScheduler {
  /** −1 before the constructor has set the first rates, then the number of steps. */
  lastEpoch: number;
  readonly #schedule: Schedule;
  #stepCount = 0;
  #baseLrs: number[];
  #lastLr: number[] = [];

  constructor(
    readonly optimizer: Scheduled,
    schedule: Schedule,
    { lastEpoch = -1 }: SchedulerOptions = {},
  ) {
    this.#schedule = schedule;
    for (const group of this.#groups as FreshGroup[]) {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined) throw new RangeError(`${this.constructor.name}: expected the state of an optimizer that was scheduled before with lastEpoch ${lastEpoch}, got groups without an initial rate; load the optimizer's state first`);
    }
    this.#baseLrs = this.#groups.map(({ initialLr }) => initialLr);
    this.lastEpoch = lastEpoch;
    this.restart();
  }

  get #groups(): Group[] {
    return this.optimizer.paramGroups as Group[];
  }

  /** Sets the first rates. */
  restart(): void {
    this.#stepCount = 0;
    this.step();
  }

  /**
   * Sets the rates of the next epoch, or of the given one. Call it after the optimizer's own `step`.
   *
   * @param epoch - As PyTorch's deprecated argument; schedulers in sequence need it.
   */
  step(epoch?: number): void {
    this.#stepCount++;
    this.lastEpoch = epoch ?? this.lastEpoch + 1;
    const { lr, closedLr } = this.#schedule;
    const formula = epoch === undefined ? lr : (closedLr ?? lr);
    const stepCount = this.#stepCount;
    const rates = this.#groups.map((group, index) => formula(group, { epoch: this.lastEpoch, index, baseLr: this.#baseLrs[index]!, stepCount }));
    this.#groups.forEach((group, i) => { group.lr = rates[i]!; });
    this.#lastLr = rates;
  }

  /** The rates that the last step has set, one for each group. */
  getLastLr(): number[] {
    return [...this.#lastLr];
  }

  /** Where the scheduler is, in PyTorch's layout. What the constructor was given is not part of it. */
  stateDict(): SchedulerStateDict {
    return { base_lrs: this.#baseLrs, last_epoch: this.lastEpoch, _step_count: this.#stepCount, _last_lr: this.#lastLr };
  }

  /** Continues from a state that `stateDict()` or PyTorch has made. */
  loadStateDict(state: SchedulerStateDict): void {
    this.#baseLrs = [...((state.base_lrs as number[] | undefined) ?? this.#baseLrs)];
    this.lastEpoch = Number(state.last_epoch);
    this.#stepCount = Number(state._step_count ?? this.#stepCount);
    this.#lastLr = [...((state._last_lr as number[] | undefined) ?? this.#lastLr)];
  }
}

/** One value for all groups, or one for each. */
type PerGroup<T> = T | readonly T[];

function perGroup<T>(scheduler: string, { paramGroups }: Scheduled, name: string, value: PerGroup<T>): readonly T[] {
  if (!Array.isArray(value)) return paramGroups.map(() => value as T);
  if (value.length !== paramGroups.length) throw new RangeError(`${scheduler}: expected one ${name} for each of ${paramGroups.length} groups, got ${value.length}`);
  return value as readonly T[];
}

/** @throws {RangeError} unless 0 ≤ value ≤ 1. */
function checkShare(scheduler: string, name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${scheduler}: expected ${name} from 0 to 1, got ${value}`);
}

function checkPositiveInteger(scheduler: string, name: string, value: number): void {
  if (!(Number.isInteger(value) && value > 0)) throw new RangeError(`${scheduler}: expected ${name} to be a positive integer, got ${value}`);
}

function checkChoice(scheduler: string, name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw new RangeError(`${scheduler}: expected ${name} ${choices.map((choice) => `"${choice}"`).join(" or ")}, got "${value}"`);
}

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
  constructor(optimizer: Scheduled, lrLambda: PerGroup<Factor>, options: SchedulerOptions = {}) {
    const factors = perGroup("LambdaLR", optimizer, "lrLambda", lrLambda);
    super(optimizer, { lr: (_, { epoch, index, baseLr }) => baseLr * factors[index]!(epoch) }, options);
  }
}

/** The rate times a function of the epoch, each time. @see torch.optim.lr_scheduler.MultiplicativeLR */
export class MultiplicativeLR extends LRScheduler {
  constructor(optimizer: Scheduled, lrLambda: PerGroup<Factor>, options: SchedulerOptions = {}) {
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
  constructor(optimizer: Scheduled, stepSize: number, { gamma = 0.1, ...options }: SchedulerOptions & { readonly gamma?: number } = {}) {
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => (epoch === 0 || epoch % stepSize !== 0 ? lr : lr * gamma),
        closedLr: (_, { epoch, baseLr }) => baseLr * gamma ** Math.floor(epoch / stepSize),
      },
      options,
    );
  }
}

/** The rate times `gamma`, at each milestone. @see torch.optim.lr_scheduler.MultiStepLR */
export class MultiStepLR extends LRScheduler {
  constructor(optimizer: Scheduled, milestones: readonly number[], { gamma = 0.1, ...options }: SchedulerOptions & { readonly gamma?: number } = {}) {
    const count = (holds: (milestone: number) => boolean): number => milestones.filter(holds).length;
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => lr * gamma ** count((milestone) => milestone === epoch),
        closedLr: (_, { epoch, baseLr }) => baseLr * gamma ** count((milestone) => milestone <= epoch),
      },
      options,
    );
  }
}

/** A share of the rate for the first epochs. @see torch.optim.lr_scheduler.ConstantLR */
export class ConstantLR extends LRScheduler {
  constructor(optimizer: Scheduled, { factor = 1 / 3, totalIters = 5, ...options }: SchedulerOptions & { readonly factor?: number; readonly totalIters?: number } = {}) {
    checkShare("ConstantLR", "factor", factor);
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => (epoch === 0 ? lr * factor : epoch === totalIters ? lr * (1 / factor) : lr),
        closedLr: (_, { epoch, baseLr }) => baseLr * (epoch >= totalIters ? 1 : factor),
      },
      options,
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
  constructor(optimizer: Scheduled, { startFactor: start = 1 / 3, endFactor: end = 1, totalIters = 5, ...options }: LinearLrOptions = {}) {
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
      options,
    );
  }
}

/** The rate times `gamma`, at each epoch. @see torch.optim.lr_scheduler.ExponentialLR */
export class ExponentialLR extends LRScheduler {
  constructor(optimizer: Scheduled, gamma: number, options: SchedulerOptions = {}) {
    super(optimizer, { lr: ({ lr }, { epoch }) => (epoch === 0 ? lr : lr * gamma), closedLr: (_, { epoch, baseLr }) => baseLr * gamma ** epoch }, options);
  }
}

/** To zero in `totalIters` epochs, as (1 − t / T) to a power. @see torch.optim.lr_scheduler.PolynomialLR */
export class PolynomialLR extends LRScheduler {
  constructor(optimizer: Scheduled, { totalIters = 5, power = 1, ...options }: SchedulerOptions & { readonly totalIters?: number; readonly power?: number } = {}) {
    const left = (epoch: number): number => 1 - epoch / totalIters;
    super(
      optimizer,
      {
        lr: ({ lr }, { epoch }) => (epoch === 0 || epoch > totalIters ? lr : lr * (left(epoch) / left(epoch - 1)) ** power),
        closedLr: (_, { epoch, baseLr }) => baseLr * left(Math.min(totalIters, epoch)) ** power,
      },
      options,
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
  constructor(optimizer: Scheduled, TMax: number, { etaMin = 0, ...options }: SchedulerOptions & { readonly etaMin?: number } = {}) {
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
      options,
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
  constructor(optimizer: Scheduled, T0: number, { TMult = 1, etaMin = 0, ...options }: WarmRestartsOptions = {}) {
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
      options,
    );
  }
}

/** Sets a group's momentum, whatever its optimizer calls it. */
function setMomentum(group: Group, momentum: number): void {
  const options = group as unknown as { betas?: readonly number[]; momentum?: number };
  if (options.betas !== undefined) options.betas = [momentum, ...options.betas.slice(1)];
  else options.momentum = momentum;
}

function checkMomentum(scheduler: string, { defaults }: Scheduled): void {
  if (!("momentum" in defaults || "betas" in defaults)) throw new RangeError(`${scheduler}: expected an optimizer with momentum or betas, got one without; pass { cycleMomentum: false }`);
}

export interface CyclicLrOptions extends SchedulerOptions {
  /** Steps from the lower to the upper bound, and back (as many, unless given). */
  readonly stepSizeUp?: number;
  readonly stepSizeDown?: number | null;
  /** Whether the height stays, is halved after each cycle, or falls by `gamma` with each step. */
  readonly mode?: "triangular" | "triangular2" | "exp_range";
  readonly gamma?: number;
  /** A height of your own, of the cycle or of the step. */
  readonly scaleFn?: ((at: number) => number) | null;
  readonly scaleMode?: "cycle" | "iterations";
  /** Move the momentum the other way. */
  readonly cycleMomentum?: boolean;
  readonly baseMomentum?: PerGroup<number>;
  readonly maxMomentum?: PerGroup<number>;
}

/** Up and down between two bounds. @see torch.optim.lr_scheduler.CyclicLR; Smith, Cyclical learning rates (2017) */
export class CyclicLR extends LRScheduler {
  constructor(
    optimizer: Scheduled,
    baseLr: PerGroup<number>,
    maxLr: PerGroup<number>,
    {
      stepSizeUp = 2000, stepSizeDown = null, mode = "triangular", gamma = 1, scaleFn = null, scaleMode = "cycle",
      cycleMomentum = true, baseMomentum = 0.8, maxMomentum = 0.9, ...options
    }: CyclicLrOptions = {},
  ) {
    const each = <T>(name: string, value: PerGroup<T>): readonly T[] => perGroup("CyclicLR", optimizer, name, value);
    const [low, high] = [each("baseLr", baseLr), each("maxLr", maxLr)];
    const [calm, fast] = [each("baseMomentum", baseMomentum), each("maxMomentum", maxMomentum)];
    if (scaleFn === null) checkChoice("CyclicLR", "mode", mode, ["triangular", "triangular2", "exp_range"]);
    if (cycleMomentum) checkMomentum("CyclicLR", optimizer);
    const total = stepSizeUp + (stepSizeDown ?? stepSizeUp);
    const ratio = stepSizeUp / total;
    const scale = scaleFn ?? { triangular: () => 1, triangular2: (cycle: number) => 1 / 2 ** (cycle - 1), exp_range: (step: number) => gamma ** step }[mode];
    const ofCycles = scaleFn === null ? mode !== "exp_range" : scaleMode === "cycle";
    if ((options.lastEpoch ?? -1) === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.lr = low[i]!;
        if (cycleMomentum) setMomentum(group as Group, calm[i]!);
      });
    }
    super(
      optimizer,
      {
        lr: (group, { epoch, index }) => {
          const cycle = Math.floor(1 + epoch / total);
          const x = 1 + epoch / total - cycle;
          const height = (x <= ratio ? x / ratio : (x - 1) / (ratio - 1)) * scale(ofCycles ? cycle : epoch);
          if (cycleMomentum) setMomentum(group, fast[index]! - (fast[index]! - calm[index]!) * height);
          return low[index]! + (high[index]! - low[index]!) * height;
        },
      },
      options,
    );
  }
}

/** How a value goes from a start to an end, by the share of the way. */
const annealings = {
  cos: (start: number, end: number, share: number): number => end + ((start - end) / 2) * (Math.cos(Math.PI * share) + 1),
  linear: (start: number, end: number, share: number): number => (end - start) * share + start,
};

export interface OneCycleLrOptions extends SchedulerOptions {
  /** The number of steps; or the epochs and the steps of each. */
  readonly totalSteps?: number | null;
  readonly epochs?: number | null;
  readonly stepsPerEpoch?: number | null;
  /** The share of the steps in which the rate rises. */
  readonly pctStart?: number;
  readonly annealStrategy?: "cos" | "linear";
  /** Move the momentum the other way. */
  readonly cycleMomentum?: boolean;
  readonly baseMomentum?: PerGroup<number>;
  readonly maxMomentum?: PerGroup<number>;
  /** What the largest rate is divided by at the start, and that one at the end. */
  readonly divFactor?: number;
  readonly finalDivFactor?: number;
  /** Come down to the first rate as fast as it rose, and only then go on. */
  readonly threePhase?: boolean;
}

/**
 * Up to the largest rate and down to almost nothing, once.
 *
 * @see torch.optim.lr_scheduler.OneCycleLR; Smith and Topin, Super-convergence (2019)
 */
export class OneCycleLR extends LRScheduler {
  constructor(
    optimizer: Scheduled,
    maxLr: PerGroup<number>,
    {
      totalSteps = null, epochs = null, stepsPerEpoch = null, pctStart = 0.3, annealStrategy = "cos", cycleMomentum = true,
      baseMomentum = 0.85, maxMomentum = 0.95, divFactor = 25, finalDivFactor = 1e4, threePhase = false, ...options
    }: OneCycleLrOptions = {},
  ) {
    const name = "OneCycleLR";
    if (totalSteps !== null) checkPositiveInteger(name, "totalSteps", totalSteps);
    else if (epochs !== null && stepsPerEpoch !== null) {
      checkPositiveInteger(name, "epochs", epochs);
      checkPositiveInteger(name, "stepsPerEpoch", stepsPerEpoch);
    } else throw new RangeError("OneCycleLR: expected totalSteps, or epochs and stepsPerEpoch, got neither");
    checkShare(name, "pctStart", pctStart);
    checkChoice(name, "annealStrategy", annealStrategy, ["cos", "linear"]);
    if (cycleMomentum) checkMomentum(name, optimizer);
    const steps = totalSteps ?? epochs! * stepsPerEpoch!;
    const each = (what: string, value: PerGroup<number>): readonly number[] => perGroup(name, optimizer, what, value);
    const [calm, fast] = [each("baseMomentum", baseMomentum), each("maxMomentum", maxMomentum)];
    const rates = each("maxLr", maxLr).map((high) => ({ initial: high / divFactor, max: high, min: high / divFactor / finalDivFactor }));
    const rise = { end: pctStart * steps - 1, from: "initial", to: "max", momentum: [1, 0] } as const;
    const phases = threePhase
      ? [rise, { end: 2 * pctStart * steps - 2, from: "max", to: "initial", momentum: [0, 1] } as const, { end: steps - 1, from: "initial", to: "min", momentum: [1, 1] } as const]
      : [rise, { end: steps - 1, from: "max", to: "min", momentum: [0, 1] } as const];
    const anneal = annealings[annealStrategy];
    if ((options.lastEpoch ?? -1) === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        (group as Group).initialLr = rates[i]!.initial;
        if (cycleMomentum) setMomentum(group as Group, fast[i]!);
      });
    }
    super(
      optimizer,
      {
        lr: (group, { epoch, index }) => {
          if (epoch > steps) throw new RangeError(`OneCycleLR: expected at most ${steps} steps, got ${epoch + 1}`);
          const at = phases.findIndex(({ end }, i) => epoch <= end || i === phases.length - 1);
          const { end, from, to, momentum } = phases[at]!;
          const begin = at === 0 ? 0 : phases[at - 1]!.end;
          const share = (epoch - begin) / (end - begin);
          if (cycleMomentum) {
            const [start, stop] = momentum.map((high) => (high === 1 ? fast[index]! : calm[index]!));
            setMomentum(group, anneal(start!, stop!, share));
          }
          return anneal(rates[index]![from], rates[index]![to], share);
        },
      },
      options,
    );
  }
}

export interface SwaLrOptions extends SchedulerOptions {
  /** In how many epochs the rate gets there. */
  readonly annealEpochs?: number;
  readonly annealStrategy?: "cos" | "linear";
}

/** From the current rate to a fixed one, for averaging weights. @see torch.optim.swa_utils.SWALR; AveragedModel of `@gradus/nn` */
export class SWALR extends LRScheduler {
  constructor(optimizer: Scheduled, swaLr: PerGroup<number>, { annealEpochs = 10, annealStrategy = "cos", ...options }: SwaLrOptions = {}) {
    const targets = perGroup("SWALR", optimizer, "swaLr", swaLr);
    checkChoice("SWALR", "annealStrategy", annealStrategy, ["cos", "linear"]);
    if (!(Number.isInteger(annealEpochs) && annealEpochs >= 0)) throw new RangeError(`SWALR: expected annealEpochs of at least 0, got ${annealEpochs}`);
    const share = (step: number): number => {
      const t = Math.max(0, Math.min(1, step / Math.max(1, annealEpochs)));
      return annealStrategy === "cos" ? (1 - Math.cos(Math.PI * t)) / 2 : t;
    };
    super(
      optimizer,
      {
        lr: ({ lr }, { index, stepCount }) => {
          const target = targets[index]!;
          const step = annealEpochs === 0 ? Math.max(1, stepCount - 1) : stepCount - 1;
          const [before, now] = [share(step - 1), share(step)];
          // Other schedulers may have changed the rate since: where we started is what the last share says.
          const start = before === 1 ? target : (lr - before * target) / (1 - before);
          return target * now + start * (1 - now);
        },
      },
      options,
    );
  }
}

/** Several schedulers at once. @see torch.optim.lr_scheduler.ChainedScheduler */
export class ChainedScheduler {
  constructor(readonly schedulers: readonly LRScheduler[]) {
    checkSameOptimizer("ChainedScheduler", schedulers);
  }

  step(): void {
    for (const scheduler of this.schedulers) scheduler.step();
  }

  getLastLr(): number[] {
    return this.schedulers[0]!.optimizer.paramGroups.map(({ lr }) => lr);
  }

  stateDict(): SchedulerStateDict {
    return { _schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  loadStateDict(state: SchedulerStateDict): void {
    this.schedulers.forEach((scheduler, i) => { scheduler.loadStateDict((state._schedulers as SchedulerStateDict[])[i]!); });
  }
}

/** Schedulers one after another, each from its milestone on. @see torch.optim.lr_scheduler.SequentialLR */
export class SequentialLR {
  lastEpoch: number;

  constructor(
    readonly optimizer: Scheduled,
    readonly schedulers: readonly LRScheduler[],
    readonly milestones: readonly number[],
    { lastEpoch = -1 }: SchedulerOptions = {},
  ) {
    checkSameOptimizer("SequentialLR", schedulers, optimizer);
    if (milestones.length !== schedulers.length - 1) throw new RangeError(`SequentialLR: expected a milestone between each two of ${schedulers.length} schedulers, got ${milestones.length}`);
    this.lastEpoch = lastEpoch + 1;
    // The constructors of all have changed the rates; only the first is to begin.
    for (const group of optimizer.paramGroups as Group[]) group.lr = group.initialLr;
    for (const scheduler of schedulers) scheduler.lastEpoch--;
    schedulers[0]!.restart();
  }

  step(): void {
    this.lastEpoch++;
    const { milestones, lastEpoch } = this;
    const at = milestones.filter((milestone) => milestone <= lastEpoch).length;
    const scheduler = this.schedulers[at]!;
    if (at > 0 && milestones[at - 1] === lastEpoch) scheduler.step(0);
    else scheduler.step();
  }

  getLastLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  stateDict(): SchedulerStateDict {
    return { last_epoch: this.lastEpoch, _milestones: this.milestones, _schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  loadStateDict(state: SchedulerStateDict): void {
    this.lastEpoch = Number(state.last_epoch);
    this.schedulers.forEach((scheduler, i) => { scheduler.loadStateDict((state._schedulers as SchedulerStateDict[])[i]!); });
  }
}

function checkSameOptimizer(name: string, schedulers: readonly LRScheduler[], optimizer = schedulers[0]?.optimizer): void {
  if (schedulers.length === 0) throw new RangeError(`${name}: expected schedulers, got none`);
  const other = schedulers.findIndex((scheduler) => scheduler.optimizer !== optimizer);
  if (other !== -1) throw new RangeError(`${name}: expected schedulers of one optimizer, got another one's at ${other}`);
}

export interface PlateauOptions {
  /** Whether the metric is to fall or to rise. */
  readonly mode?: "min" | "max";
  readonly factor?: number;
  /** Epochs without improvement that are tolerated. */
  readonly patience?: number;
  /** What counts as improvement: a share of the best value, or an amount. */
  readonly threshold?: number;
  readonly thresholdMode?: "rel" | "abs";
  /** Epochs after a reduction in which nothing is counted. */
  readonly cooldown?: number;
  readonly minLr?: PerGroup<number>;
  /** Smaller changes of the rate are left out. */
  readonly eps?: number;
}

/**
 * The rate times a factor, each time a metric has stopped improving.
 *
 * @see torch.optim.lr_scheduler.ReduceLROnPlateau
 * @example
 * const optimizer = new SGD([new Parameter(ones([1]))], { lr: 1 });
 * const scheduler = new ReduceLROnPlateau(optimizer, { patience: 0 });
 * for (const loss of [3, 2, 2]) scheduler.step(loss);
 * scheduler.getLastLr(); // [0.1]
 */
export class ReduceLROnPlateau {
  readonly #settings: Required<Omit<PlateauOptions, "minLr">> & { readonly minLrs: readonly number[] };
  /** The best value so far. */
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  lastEpoch = 0;

  constructor(
    readonly optimizer: Scheduled,
    { mode = "min", factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = "rel", cooldown = 0, minLr = 0, eps = 1e-8 }: PlateauOptions = {},
  ) {
    if (!(factor < 1)) throw new RangeError(`ReduceLROnPlateau: expected a factor below 1, got ${factor}`);
    checkChoice("ReduceLROnPlateau", "mode", mode, ["min", "max"]);
    checkChoice("ReduceLROnPlateau", "thresholdMode", thresholdMode, ["rel", "abs"]);
    const minLrs = perGroup("ReduceLROnPlateau", optimizer, "minLr", minLr);
    this.#settings = { mode, factor, patience, threshold, thresholdMode, cooldown, eps, minLrs };
    this.best = mode === "min" ? Infinity : -Infinity;
  }

  /** @param metric - This epoch's value: a number, so read a loss with `await loss.item()`. */
  step(metric: number): void {
    const { patience, cooldown } = this.#settings;
    this.lastEpoch++;
    if (this.#isBetter(metric)) {
      this.best = metric;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs <= patience) return;
    this.#reduce();
    this.cooldownCounter = cooldown;
    this.numBadEpochs = 0;
  }

  #isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#settings;
    const sign = mode === "min" ? -1 : 1;
    const bar = thresholdMode === "rel" ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
    return mode === "min" ? metric < bar : metric > bar;
  }

  #reduce(): void {
    const { factor, eps, minLrs } = this.#settings;
    this.optimizer.paramGroups.forEach((group, i) => {
      const reduced = Math.max(group.lr * factor, minLrs[i]!);
      if (group.lr - reduced > eps) group.lr = reduced;
    });
  }

  getLastLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  stateDict(): SchedulerStateDict {
    return { best: this.best, num_bad_epochs: this.numBadEpochs, cooldown_counter: this.cooldownCounter, last_epoch: this.lastEpoch };
  }

  loadStateDict(state: SchedulerStateDict): void {
    this.best = Number(state.best);
    this.numBadEpochs = Number(state.num_bad_epochs);
    this.cooldownCounter = Number(state.cooldown_counter);
    this.lastEpoch = Number(state.last_epoch);
  }
}
