import type { PerGroup } from "./arguments.js";
import { checkChoice, checkPositiveInteger, checkShare, optionsNamed, perGroup } from "./arguments.js";
import type { Group, Scheduled, SchedulerOptions } from "./lr-scheduler.js";
import { LRScheduler } from "./lr-scheduler.js";

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
    options?: CyclicLrOptions,
  ) {
    const names = ["stepSizeUp", "stepSizeDown", "mode", "gamma", "scaleFn", "scaleMode", "cycleMomentum", "baseMomentum", "maxMomentum", "lastEpoch"] as const;
    const {
      stepSizeUp = 2000, stepSizeDown = null, mode = "triangular", gamma = 1, scaleFn = null, scaleMode = "cycle",
      cycleMomentum = true, baseMomentum = 0.8, maxMomentum = 0.9, ...rest
    } = optionsNamed(new.target.name, names, options);
    const each = <T>(name: string, value: PerGroup<T>): readonly T[] => perGroup("CyclicLR", optimizer, name, value);
    const [low, high] = [each("baseLr", baseLr), each("maxLr", maxLr)];
    const [calm, fast] = [each("baseMomentum", baseMomentum), each("maxMomentum", maxMomentum)];
    if (scaleFn === null) checkChoice("CyclicLR", "mode", mode, ["triangular", "triangular2", "exp_range"]);
    if (cycleMomentum) checkMomentum("CyclicLR", optimizer);
    const total = stepSizeUp + (stepSizeDown ?? stepSizeUp);
    const ratio = stepSizeUp / total;
    const scale = scaleFn ?? { triangular: () => 1, triangular2: (cycle: number) => 1 / 2 ** (cycle - 1), exp_range: (step: number) => gamma ** step }[mode];
    const ofCycles = scaleFn === null ? mode !== "exp_range" : scaleMode === "cycle";
    if ((rest.lastEpoch ?? -1) === -1) {
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
      rest,
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
    options?: OneCycleLrOptions,
  ) {
    const given = optionsNamed<OneCycleLrOptions>(new.target.name, ["totalSteps", "epochs", "stepsPerEpoch", "pctStart", "annealStrategy", "cycleMomentum", "baseMomentum", "maxMomentum", "divFactor", "finalDivFactor", "threePhase", "lastEpoch"], options);
    const { totalSteps = null, epochs = null, stepsPerEpoch = null, pctStart = 0.3, annealStrategy = "cos", cycleMomentum = true, baseMomentum = 0.85, maxMomentum = 0.95, divFactor = 25, finalDivFactor = 1e4, threePhase = false, ...rest } = given;
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
    if ((rest.lastEpoch ?? -1) === -1) {
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
      rest,
    );
  }
}
