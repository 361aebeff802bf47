import type { LRScheduler, ReduceLROnPlateau } from "@gradus/optim";
import { ReduceLROnPlateau as Plateau } from "@gradus/optim";
import { zeros } from "@gradus/tensor-core";
import { construct } from "../call.js";
import type { Workbench } from "../check.js";
import { Disagreement } from "../outcome.js";
import type { Json } from "../python.js";
import { decode, numberOf, PythonObject } from "../python.js";
import type { SchedulerRecord } from "../records.js";
import { makeOptimizer } from "./optim.js";

type AnyScheduler = LRScheduler | ReduceLROnPlateau;

/** Makes the schedulers of a record, in order; later ones may be made of earlier ones. */
export function makeSchedulers(bench: Workbench, optimizer: unknown, constructions: SchedulerRecord["schedulers"]): AnyScheduler[] {
  const made: AnyScheduler[] = [];
  const forms = {
    $sched: (i: Json) => made[Number(i)],
    $fn_table: (values: Json) => (at: number): number => numberOf((values as readonly Json[])[at] ?? null),
  };
  for (const { cls, kwargs } of constructions) {
    const options = Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, decode(value, [], forms)]));
    made.push(construct(bench.device, `torch.optim.${cls}`, cls === "ChainedScheduler" ? [] : [new PythonObject(optimizer)], options) as AnyScheduler);
  }
  return made;
}

/** The learning rates, and momenta where they are cycled, after every round of steps. */
export function checkScheduler(bench: Workbench, record: SchedulerRecord): void {
  const params = bench.run(() => record.optimizer.groups.map(() => zeros([1], { device: bench.device, requiresGrad: true })));
  const optimizer = makeOptimizer(bench, record.optimizer.cls, params, {}, record.optimizer.groups);
  const schedulers = makeSchedulers(bench, optimizer, record.schedulers);
  const dataOf = (round: number): number => (Array.isArray(record.mode_data) ? Number((record.mode_data as readonly number[])[round]) : Number(record.mode_data));

  for (const [t, want] of record.trace.entries()) {
    if (t > 0) {
      optimizer.step();
      for (const scheduler of stepping(record, schedulers, t - 1)) {
        if (scheduler instanceof Plateau) scheduler.step(dataOf(t - 1));
        else if (record.mode === "epoch_arg") scheduler.step(dataOf(t - 1));
        else scheduler.step();
      }
    }
    const groups = optimizer.paramGroups as unknown as readonly { readonly lr: number; readonly momentum?: number; readonly betas?: readonly number[] }[];
    const got: Readonly<Record<keyof typeof want, readonly (number | undefined)[]>> = {
      lr: groups.map(({ lr }) => lr),
      momentum: groups.map(({ momentum }) => momentum),
      beta1: groups.map(({ betas }) => betas?.[0]),
    };
    for (const [name, values] of Object.entries(want)) {
      values.forEach((value, g) => {
        const [a, b] = [got[name as keyof typeof want][g] ?? NaN, numberOf(value)];
        if (!(Math.abs(a - b) <= 1e-9 * Math.abs(b))) throw new Disagreement(`${name} of group ${String(g)} after ${String(t)} rounds: expected ${String(b)}, got ${String(a)}`);
      });
    }
  }
}

/** Which schedulers step in a round. */
function stepping({ mode, mode_data, step }: SchedulerRecord, schedulers: readonly AnyScheduler[], round: number): AnyScheduler[] {
  const chosen = step.map((i) => schedulers[i] as AnyScheduler);
  if (mode !== "swalr") return chosen;
  // The averaging's own scheduler takes over after some rounds.
  return round >= Number(mode_data) ? chosen.slice(0, 1) : chosen.slice(1, 2);
}
