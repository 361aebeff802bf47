import type { Device } from "@gradus/tensor-core";
import { awaitReads, openScope, Tensor } from "@gradus/tensor-core";
import type { Tolerance } from "./comparison.js";
import { difference } from "./comparison.js";
import type { TensorRecord } from "./host-values.js";
import { readTensor, valuesOf } from "./host-values.js";
import { Disagreement } from "./outcome.js";
import type { Json } from "./python.js";
import { isArray, numberOf } from "./python.js";
import type { Returned } from "./records.js";

/** What the checks of all kinds share: where they run, and how a returned value is compared. */

/** Is told what is seen of a record, for whoever looks at a single one. */
export type Observer = (label: string, value: unknown) => void;

export interface Workbench {
  readonly device: Device;
  /** Runs synchronous work; the tensors that it makes are freed at the end of the record. */
  run<R>(body: () => R): R;
  /** The same for work that may need values at once: on a device that cannot give them it runs again when they have come. */
  runAwaitingReads<R>(body: () => R): Promise<R>;
  readonly observe: Observer;
  /** Methods of PyTorch that Gradus was found not to have. */
  readonly lacking: string[];
}

/** Runs a check and frees all that it made. */
export async function onWorkbench<R>(device: Device, observe: Observer, body: (bench: Workbench) => Promise<R>): Promise<R> {
  const handle = openScope();
  try {
    const run = <T>(work: () => T): T => handle.run(work);
    return await body({ device, observe, run, runAwaitingReads: (work) => awaitReads(() => run(work)), lacking: [] });
  } finally {
    handle.close();
  }
}

/** @throws {Disagreement} unless the tensor agrees with the record. */
export async function expectTensor(bench: Workbench, label: string, got: unknown, want: TensorRecord, tolerance: Tolerance = {}, dtype = want.out_dtype ?? want.dtype): Promise<void> {
  if (!(got instanceof Tensor)) throw new Disagreement(`${label}: expected a tensor of shape [${want.shape.join(", ")}], got ${describe(got)}`);
  // Reading a view copies it: that belongs to the record as well.
  const host = await readTensor(bench.run(() => (got as Tensor).detach().contiguous()));
  // A record whose values are open has none.
  const expected = { dtype, shape: want.shape, values: tolerance.valuesOpen === true ? [] : valuesOf(want) };
  bench.observe(`${label}: expected`, expected);
  bench.observe(`${label}: got`, host);
  const reason = difference(host, expected, { ownError: want.e_abs ?? 0, ...tolerance });
  if (reason !== null) throw new Disagreement(`${label}: ${reason}`);
}

/**
 * Compares what a call returned with the structure that PyTorch returned, and collects its tensors in the order of `outs`.
 * Several results are an array in Gradus, or an object whose properties stand in PyTorch's order.
 *
 * @throws {Disagreement} unless they agree.
 */
export async function expectReturned(bench: Workbench, label: string, got: unknown, { out = null, outs = [] }: Returned, toleranceOf: (record: TensorRecord) => Tolerance): Promise<readonly Tensor[]> {
  const tensors: Tensor[] = [];
  const compare = async (want: Json, value: unknown): Promise<void> => {
    if (want !== null && typeof want === "object" && !isArray(want)) {
      const [[form, content] = ["", null]] = Object.entries(want);
      if (form === "$o") {
        const i = Number(content);
        const record = outs[i];
        if (record === undefined) throw new Error(`expected one of ${String(outs.length)} results, got {"$o": ${String(i)}}`);
        await expectTensor(bench, outs.length === 1 ? label : `${label} ${String(i)}`, value, record, toleranceOf(record));
        tensors[i] = value as Tensor;
        return;
      }
      if (form === "$tuple") {
        await compare(content, value);
        return;
      }
      if (form === "$f") {
        if (typeof value !== "number" || !Object.is(value, numberOf(content))) throw new Disagreement(`${label}: expected ${String(numberOf(content))}, got ${describe(value)}`);
        return;
      }
      throw new Error(`expected a form that a result may have, got ${JSON.stringify(want).slice(0, 80)}`);
    }
    if (isArray(want)) {
      const items = partsOf(value);
      if (items?.length !== want.length) throw new Disagreement(`${label}: expected ${String(want.length)} results, got ${describe(value)}`);
      for (let i = 0; i < want.length; i++) await compare(want[i] ?? null, items[i]);
      return;
    }
    const same = typeof want === "number" && typeof value === "bigint" ? BigInt(want) === value : value === want || (want === null && value === undefined);
    if (!same) throw new Disagreement(`${label}: expected ${JSON.stringify(want)}, got ${describe(value)}`);
  };
  await compare(out, got);
  return tensors;
}

/** The parts of a result that has several; undefined for a single one. */
function partsOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  return typeof value === "object" && value !== null && !(value instanceof Tensor) ? (Object.values(value) as unknown[]) : undefined;
}

export function describe(value: unknown): string {
  if (value instanceof Tensor) return `a ${value.dtype} tensor of shape [${value.shape.join(", ")}]`;
  const parts = partsOf(value);
  return parts === undefined ? String(value) : `[${parts.map(describe).join(", ")}]`;
}
