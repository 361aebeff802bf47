import type { PerGroup } from "./arguments.js";
import { checkChoice, optionsNamed, perGroup } from "./arguments.js";
import type { Scheduled, SchedulerOptions } from "./lr-scheduler.js";
import { LRScheduler } from "./lr-scheduler.js";

export interface SwaLrOptions extends SchedulerOptions {
  /** In how many epochs the rate gets there. */
  readonly annealEpochs?: number;
  readonly annealStrategy?: "cos" | "linear";
}

/** From the current rate to a fixed one, for averaging weights. @see torch.optim.swa_utils.SWALR; AveragedModel of `@gradus/nn` */
export class SWALR extends LRScheduler {
  constructor(optimizer: Scheduled, swaLr: PerGroup<number>, options?: SwaLrOptions) {
    const { annealEpochs = 10, annealStrategy = "cos", ...rest } = optionsNamed(new.target.name, ["annealEpochs", "annealStrategy", "lastEpoch"], options);
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
      rest,
    );
  }
}
