import { ArgumentError, AutogradError, DeviceError, DTypeError, GuardError, ShapeError } from "@gradus/tensor-core";
import { Tensor } from "@gradus/tensor-core";
import type { GradusCall } from "../call.js";
import { MissingError, translate } from "../call.js";
import type { Workbench } from "../check.js";
import { describe } from "../check.js";
import { Disagreement } from "../outcome.js";
import type { CapturedRecord, ErrorRecord } from "../records.js";
import { materialise } from "./op.js";

/** The kinds of error that a wrong call may raise. A TypeError is JavaScript's own, and no answer to a user. */
const typed = [ShapeError, DTypeError, ArgumentError, DeviceError, AutogradError, RangeError, GuardError];

/** A wrong call must be refused with an error of ours that names the op, before anything was computed. */
export async function checkError(bench: Workbench, record: ErrorRecord | CapturedRecord): Promise<void> {
  const call = bench.run(() => {
    const { args, kwargs } = materialise(bench, record, { grad: false });
    return translate(bench.device, record.fn, args, kwargs);
  });
  const before = bench.device.memoryStats().dispatches;
  const { result, error } = await outcomeOf(bench, call);
  bench.observe("raised", error);
  if (error === undefined) throw new Disagreement(`expected an error, got ${describe(result)}`);
  const shown = `${(error as Error).name}: ${(error as Error).message}`;
  if (!typed.some((type) => error instanceof type)) throw new Disagreement(`expected an error of Gradus, got ${shown}`);
  if (!new RegExp(`^${call.name.replace(/_$/, "")}_?\\b`).test((error as Error).message)) throw new Disagreement(`expected an error that names ${call.name}, got ${shown}`);
  // What depends on values is only known when it is computed.
  const work = bench.device.memoryStats().dispatches - before;
  if (work > 0 && !(error instanceof GuardError)) throw new Disagreement(`expected an error before any work, got it after ${String(work)} programs ran: ${shown}`);
}

/** On a device that cannot wait, an error of values comes with the next read. */
async function outcomeOf(bench: Workbench, call: GradusCall): Promise<{ readonly result?: unknown; readonly error?: unknown }> {
  try {
    const result = await bench.runAwaitingReads(() => call.run());
    for (const value of [result].flat()) if (value instanceof Tensor) await bench.run(() => (value as Tensor).detach().contiguous()).read();
    return { result };
  } catch (error) {
    if (error instanceof MissingError) throw error;
    return { error };
  }
}
