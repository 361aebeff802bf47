import type { Device, DType } from "@gradus/tensor-core";
import { UnsupportedError } from "@gradus/tensor-core";
import { MissingError } from "./call.js";
import type { Observer, Workbench } from "./check.js";
import { onWorkbench } from "./check.js";
import type { TensorRecord } from "./host-values.js";
import { isTensorRecord, valuesOf } from "./host-values.js";
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
      if (dtypes !== null && !fitsTypes(record, dtypes)) {
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

/** The element types that a record is about, beside those of its tensors: a pair that is promoted, or the type that closures compute in. */
function typesOf(record: AnyRecord): readonly DType[] {
  if (record.kind === "optim_closure") return ["float64"];
  const { a, b } = record as unknown as { readonly a?: DType; readonly b?: DType };
  return record.kind === "promotion" ? [a, b].flatMap((type) => type ?? []) : [];
}

/** Whether a device computes in all types of a record, where int64 has 32 bits. */
const fitsTypes = (record: AnyRecord, dtypes: readonly DType[]): boolean => typesOf(record).every((type) => dtypes.includes(type)) && tensorsFit(tensorsOf(record), dtypes);

function tensorsFit(value: unknown, dtypes: readonly DType[]): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (isTensorRecord(value)) return dtypes.includes(value.out_dtype ?? value.dtype) && (value.dtype !== "int64" || fits32Bits(value));
  // What is returned without values, such as memory that nobody wrote, and arguments that name a type.
  const { dtype, $dtype } = value as { readonly dtype?: DType; readonly $dtype?: DType };
  return [dtype, $dtype].every((type) => typeof type !== "string" || dtypes.includes(type)) && Object.values(value).every((inner) => tensorsFit(inner, dtypes));
}

/** Whether all values of an int64 tensor fit 32 bits. */
const fits32Bits = (record: TensorRecord): boolean => Array.from(valuesOf(record)).every((value) => BigInt.asIntN(32, BigInt(value)) === BigInt(value));

/** What goes in and comes out. Gradients are kept in float64, whatever they were computed in. */
function tensorsOf(record: AnyRecord): unknown {
  const { tensors, ctor_tensors, content, outs, mutated, steps, values, params, x0, args, kwargs } = record as unknown as Readonly<Record<string, unknown>>;
  return { tensors, ctor_tensors, content, outs, mutated, steps, values, params, x0, args, kwargs };
}

/** Runs one record and says what became of it. */
async function runRecord(device: Device, record: AnyRecord, observe: Observer = () => undefined): Promise<Outcome> {
  const check = (checks as unknown as Readonly<Record<string, ((bench: Workbench, record: AnyRecord) => Promise<void> | void) | undefined>>)[record.kind];
  if (check === undefined) return unsupported(`no check for records of kind "${record.kind}"`);
  try {
    return await onWorkbench(device, observe, async (bench) => {
      await check(bench, record);
      return passed(bench.lacking);
    });
  } catch (error) {
    if (error instanceof Disagreement) return failed(error.message);
    if (error instanceof MissingError || error instanceof UnsupportedError) return unsupported(error.message);
    const { name, message } = error as Error;
    observe("stack", (error as Error).stack);
    return failed(`${name}: ${message}`);
  }
}
