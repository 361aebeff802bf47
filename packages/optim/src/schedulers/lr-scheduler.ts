/**
 * Learning rates that change with the epochs.
 *
 * A scheduler is a formula for the learning rate of a group. Most formulas go from the current rate to the next one, so that several
 * schedulers on one optimizer multiply; where the rate of an epoch can also be written without the one before, that is the closed
 * form, and `step(epoch)` uses it.
 *
 * @module
 */
import type { OptimizerBase, ParamGroup } from "../optimizer-base.js";
import { optionsNamed } from "./arguments.js";

/** An optimizer whose groups have a learning rate. */
export type Scheduled = OptimizerBase<{ lr: number }>;

/** A group with the rate that it had before any scheduler changed it. */
export type Group = ParamGroup<{ lr: number; initialLr: number }>;

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
export type Formula = (group: Group, position: Position) => number;

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
    options?: SchedulerOptions,
  ) {
    const { lastEpoch = -1 } = optionsNamed(new.target.name, ["lastEpoch"], options);
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
