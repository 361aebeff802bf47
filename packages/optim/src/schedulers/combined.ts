import { optionsNamed } from "./arguments.js";
import type { Group, LRScheduler, Scheduled, SchedulerOptions, SchedulerStateDict } from "./lr-scheduler.js";

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
    options?: SchedulerOptions,
  ) {
    const { lastEpoch = -1 } = optionsNamed(new.target.name, ["lastEpoch"], options);
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
