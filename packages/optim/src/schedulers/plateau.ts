import type { PerGroup } from "./arguments.js";
import { checkChoice, optionsNamed, perGroup } from "./arguments.js";
import type { Scheduled, SchedulerStateDict } from "./lr-scheduler.js";

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
    options?: PlateauOptions,
  ) {
    const given = optionsNamed(new.target.name, ["mode", "factor", "patience", "threshold", "thresholdMode", "cooldown", "minLr", "eps"], options);
    const { mode = "min", factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = "rel", cooldown = 0, minLr = 0, eps = 1e-8 } = given;
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
