import { translate } from "../call.js";
import type { Workbench } from "../check.js";
import { expectReturned, expectTensor } from "../check.js";
import type { CapturedRecord } from "../records.js";
import { materialise } from "./op.js";

/** A call from PyTorch's own tests: what it returned, and what it wrote to. */
export async function checkCaptured(bench: Workbench, record: CapturedRecord): Promise<void> {
  const { tensors, results } = await bench.runAwaitingReads(() => {
    const inputs = materialise(bench, record, { grad: false });
    inputs.tensors.forEach((x, i) => { bench.observe(`input ${String(i)}`, x); });
    const call = translate(bench.device, record.fn, inputs.args, inputs.kwargs);
    if (call.lacking !== undefined) bench.lacking.push(call.lacking);
    bench.observe("call", call.args);
    return { tensors: inputs.tensors, results: call.run() };
  });
  // An assignment has no value in Python.
  if (record.out !== undefined && record.out !== null) await expectReturned(bench, "result", results, record, () => ({}));
  for (const [i, want] of Object.entries(record.mutated ?? {})) await expectTensor(bench, `input ${i} afterwards`, tensors[Number(i)], want);
}
