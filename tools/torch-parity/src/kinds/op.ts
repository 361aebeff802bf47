import { grad, Tensor } from "@gradus/tensor-core";
import { MissingError, translate } from "../call.js";
import type { Workbench } from "../check.js";
import { expectReturned, expectTensor } from "../check.js";
import type { Tolerance } from "../comparison.js";
import type { TensorRecord } from "../host-values.js";
import { makeTensor, valuesOf } from "../host-values.js";
import { Disagreement } from "../outcome.js";
import type { PythonValue } from "../python.js";
import { decode } from "../python.js";
import type { Call, OpRecord } from "../records.js";
import { camelCase } from "../signature.js";

/** Makes the arguments of a call. */
export function materialise(bench: Workbench, { tensors, args, kwargs }: Pick<Call, "tensors" | "args" | "kwargs">, options: { readonly grad: boolean }): { tensors: Tensor[]; args: PythonValue[]; kwargs: Record<string, PythonValue> } {
  const made = tensors.map((record) => makeTensor(record, bench.device, options));
  return {
    tensors: made,
    args: args.map((arg) => decode(arg, made)),
    kwargs: Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, decode(value, made)])),
  };
}

/**
 * A call agrees in values, types and shapes, in the gradients of all inputs, in the gradients of those, and in the forms as
 * a method and in place, where Gradus has them.
 */
export async function checkOp(bench: Workbench, record: OpRecord): Promise<void> {
  const flags = new Set(record.flags ?? []);
  const toleranceOf = ({ dtype }: TensorRecord): Tolerance => ({
    // Which of several equal elements is named is open, and so is what memory that nobody wrote holds.
    valuesOpen: record.ref === "meta" || (flags.has("ties") && (dtype === "int64" || dtype === "int32")),
  });
  const differentiates = record.grads !== undefined && !flags.has("grad_unstable");
  const { tensors, results } = await bench.runAwaitingReads(() => {
    const inputs = materialise(bench, record, { grad: differentiates });
    inputs.tensors.forEach((x, i) => { bench.observe(`input ${String(i)}`, x); });
    const call = translate(bench.device, record.fn, inputs.args, inputs.kwargs);
    if (call.lacking !== undefined) bench.lacking.push(call.lacking);
    bench.observe("call", call.args);
    return { tensors: inputs.tensors, results: call.run() };
  });
  const outs = await expectReturned(bench, "result", results, record, toleranceOf);
  if (differentiates) await checkGradients(bench, record, tensors, outs);

  for (const [label, method] of [["method", record.method], ["in place", record.inplace]] as const) {
    // Where PyTorch's table has no method but a function of its own there, its name is "<lambda>".
    if (method === undefined || method.startsWith("<")) continue;
    const again = await bench.runAwaitingReads(() => {
      const inputs = materialise(bench, record, { grad: false });
      const [first, ...others] = inputs.args;
      const target = label === "in place" && first instanceof Tensor ? first.clone() : (first ?? null);
      try {
        return { result: translate(bench.device, record.fn, [target, ...others], inputs.kwargs, method).run() };
      } catch (error) {
        // Rare functions are no methods in Gradus, by design.
        if (error instanceof MissingError) return undefined;
        throw error;
      }
    });
    if (again !== undefined) await expectReturned(bench, label, again.result, record, toleranceOf);
    else bench.lacking.push(camelCase(method));
  }
}

const isZero = (record: TensorRecord): boolean => Array.from(valuesOf(record)).every((value) => Number(value) === 0);

/** s = Σ outs · cot, its gradients, and those of t = Σ grads · cot2. */
async function checkGradients(bench: Workbench, record: OpRecord, inputs: readonly Tensor[], outs: readonly Tensor[]): Promise<void> {
  const { grads = [], grads2, cot = [], cot2 = [] } = record;
  const wanted = inputs.flatMap((input, i) => (input.requiresGrad ? [i] : []));
  const gradientsOf = (results: readonly (Tensor | null)[], weights: readonly (TensorRecord | null)[], createGraph: boolean): Promise<readonly (Tensor | null)[]> =>
    bench.runAwaitingReads(() => {
      const weighted = results.flatMap((result, i) => {
        const weight = weights[i] ?? null;
        return result?.requiresGrad === true && weight !== null ? [{ result, weight: makeTensor(weight, bench.device, { grad: false }) }] : [];
      });
      const found = weighted.length === 0 ? [] : grad(weighted.map(({ result }) => result), wanted.map((i) => inputs[i] as Tensor), { gradOutputs: weighted.map(({ weight }) => weight), allowUnused: true, createGraph });
      return inputs.map((_, i) => found[wanted.indexOf(i)] ?? null);
    });

  const compare = async (label: string, found: readonly (Tensor | null)[], expected: readonly (TensorRecord | null)[]): Promise<void> => {
    for (const [i, want] of expected.entries()) {
      const got = found[i] ?? null;
      const name = `${label} of input ${String(i)}`;
      if (want === null) {
        if (got !== null) throw new Disagreement(`${name}: expected none, got one`);
      } else if (got === null) {
        // Where a gradient does not depend on the input at all, its own gradient is zero, whether or not it is written down.
        if (label === "gradient" || !isZero(want)) throw new Disagreement(`${name}: expected one, got none`);
      }
      // A gradient has the type of its input; the expected values are kept in float64.
      else await expectTensor(bench, name, got, want, {}, (inputs[i] as Tensor).dtype);
    }
  };
  const first = await gradientsOf(outs, cot, grads2 !== undefined);
  await compare("gradient", first, grads);
  if (grads2 !== undefined) await compare("second gradient", await gradientsOf(first, cot2, false), grads2);
}
