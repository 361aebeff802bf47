import type { Device, DType } from "@gradus/tensor-core";
import { UnsupportedError } from "@gradus/tensor-core";
import type { GradusCall } from "./call.js";
import { MissingError } from "./call.js";
import type { Observer, Workbench } from "./check.js";
import { onWorkbench } from "./check.js";
import { isTensorRecord } from "./host-values.js";
import { checkCaptured } from "./kinds/captured.js";
import { checkCheckpoint, checkModel } from "./kinds/checkpoint.js";
import { checkLoader, checkSplit } from "./kinds/data.js";
import { checkError } from "./kinds/error.js";
import { checkModule, checkModuleInit, checkNetworkInit } from "./kinds/module.js";
import { checkOp } from "./kinds/op.js";
import { checkClipNorm, checkClipValue, checkOptim, checkOptimClosure, checkOptimError } from "./kinds/optim.js";
import { checkPromotion, checkUnaryPromotion } from "./kinds/promotion.js";
import { checkRandom, checkRawRandom } from "./kinds/random.js";
import { checkScheduler } from "./kinds/scheduler.js";
import { checkTrace } from "./kinds/trace.js";
import type { Outcome } from "./outcome.js";
import { Disagreement, failed, passed, unsupported } from "./outcome.js";
import type { AnyRecord, CheckedRecord } from "./records.js";
import { caseFiles, readRecords } from "./records.js";
import { Report } from "./report.js";

/** How a record of each kind is checked: it agrees unless its check throws. */
const checks: { readonly [K in CheckedRecord["kind"]]: (bench: Workbench, record: Extract<CheckedRecord, { kind: K }>) => Promise<void> | void } = {
  op: checkOp,
  error: checkError,
  captured: checkCaptured,
  captured_error: checkError,
  promotion: checkPromotion,
  promotion_unary: checkUnaryPromotion,
  module: checkModule,
  rng_module: checkModuleInit,
  rng_module_sums: checkNetworkInit,
  optim: checkOptim,
  optim_closure: checkOptimClosure,
  optim_error: checkOptimError,
  clip_grad_norm: checkClipNorm,
  clip_grad_value: checkClipValue,
  lr_scheduler: checkScheduler,
  trace: checkTrace,
  rng: checkRandom,
  rng_mt_low31: checkRawRandom,
  checkpoint: checkCheckpoint,
  model_io: checkModel,
  rng_random_split: checkSplit,
  rng_dataloader: checkLoader,
  rng_dataloader_generator: checkLoader,
};

export interface RunOptions {
  /** Names of the files to read; all if empty. */
  readonly only?: readonly string[];
  /** The only record to run. */
  readonly id?: string | undefined;
  /** Element types that the device computes in; records with others are counted apart. Null for all. */
  readonly dtypes?: readonly DType[] | null;
  /** Is told what is seen of each record. */
  readonly observe?: Observer;
}

/** Runs the records of a directory, one after the other. */
export async function runCases(directory: string, device: Device, { only = [], id, dtypes = null, observe }: RunOptions = {}): Promise<Report> {
  const report = new Report();
  for (const file of await caseFiles(directory, only)) {
    for await (const record of readRecords(file)) {
      if (id !== undefined && record.id !== id) continue;
      if (dtypes !== null && !fitsTypes(tensorsOf(record), dtypes)) {
        report.leaveOut(file);
        continue;
      }
      observe?.("record", JSON.stringify(record).slice(0, 2000));
      const outcome = await runRecord(device, record, observe);
      observe?.("outcome", outcome);
      report.add(file, record, outcome);
    }
  }
  return report;
}

/** Whether all tensors in a value have types of the device. */
function fitsTypes(value: unknown, dtypes: readonly DType[]): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (isTensorRecord(value)) return dtypes.includes(value.out_dtype ?? value.dtype);
  return Object.values(value).every((inner) => fitsTypes(inner, dtypes));
}

/** What goes in and comes out. Gradients are kept in float64, whatever they were computed in. */
function tensorsOf(record: AnyRecord): unknown {
  const { tensors, outs, mutated, steps, values, params, x0 } = record as unknown as Readonly<Record<string, unknown>>;
  return { tensors, outs, mutated, steps, values, params, x0 };
}

/** Runs one record and says what became of it. */
async function runRecord(device: Device, record: AnyRecord, observe: Observer = () => undefined): Promise<Outcome> {
  const check = (checks as unknown as Readonly<Record<string, ((bench: Workbench, record: AnyRecord) => Promise<void> | void) | undefined>>)[record.kind];
  if (check === undefined) return unsupported(`no check for records of kind "${record.kind}"`);
  let call: GradusCall | undefined;
  try {
    return await onWorkbench(device, observe, async (bench) => {
      try {
        await check(bench, record);
        return passed(bench.lacking);
      } finally {
        call = bench.call;
      }
    });
  } catch (error) {
    if (error instanceof Disagreement) {
      const unread = [...(call?.unread ?? [])];
      return failed(error.message + (unread.length === 0 ? "" : ` (${call?.name ?? ""} does not look at its option ${unread.join(", ")})`));
    }
    if (error instanceof MissingError || error instanceof UnsupportedError) return unsupported(error.message);
    const { name, message } = error as Error;
    observe("stack", (error as Error).stack);
    return failed(`${name}: ${message}`);
  }
}
