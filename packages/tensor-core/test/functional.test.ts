import type { DType } from "@gradus/tensor-core";
import * as g from "@gradus/tensor-core";
import { grad, manualSeed, Tensor } from "@gradus/tensor-core";
import { describe, it } from "vitest";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { useDevice } from "./support/device.js";
import type { Closeness, Recorded } from "./support/fixtures.js";
import { expectClose, fixture, load } from "./support/fixtures.js";

// Where values decide what is drawn, as in rrelu, PyTorch's numbers can only come from a device that is read at once.
useDevice(interpreter);

type Value = null | boolean | number | string | { readonly $: number } | readonly Value[];

/** A call as scripts/functional.py writes it. */
interface Call {
  readonly call: string;
  readonly args: readonly Value[];
  readonly options: Readonly<Record<string, Value>>;
  readonly seed: number | null;
  readonly tensors: readonly (Recorded & { readonly leaf?: true })[];
  readonly outs: readonly Recorded[];
  readonly cots?: readonly Recorded[];
  readonly grads?: readonly (Recorded | null)[];
  /** Which of the gradients can be differentiated again. */
  readonly twice?: readonly boolean[];
  readonly cots2?: readonly Recorded[];
  readonly grads2?: readonly (Recorded | null)[];
}

const functions = g as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

function run({ call, args, options, seed }: Call, tensors: readonly Tensor[]): Tensor[] {
  const decode = (value: Value): unknown => {
    if (value === null || typeof value !== "object") return value;
    return "$" in value ? tensors[value.$] : value.map(decode);
  };
  const named = Object.fromEntries(Object.entries(options).filter(([name]) => name !== "unused").map(([name, value]) => [name, decode(value)]));
  const f = functions[call];
  if (f === undefined) throw new Error(`there is no ${call}`);
  if (seed !== null) manualSeed(seed);
  const result = f(...args.map(decode), ...(Object.keys(named).length === 0 ? [] : [named]));
  return (result instanceof Tensor ? [result] : Object.values(result as object)).filter((x): x is Tensor => x instanceof Tensor);
}

const calls = fixture("functional.jsonl.gz") as Call[];
const named = calls.map((each, i): [string, Call] => [`${String(i)} ${each.call} ${JSON.stringify(each.args)} ${JSON.stringify(each.options)}`, each]);

async function compare(record: Call, float: DType, closeness: Closeness, differentiate: boolean): Promise<void> {
  const tensors = record.tensors.map((each) => (each.leaf === true ? load(each, float).requiresGrad_() : load(each, float)));
  const outs = run(record, tensors);
  for (const [i, want] of record.outs.entries()) await expectClose(`result ${String(i)}`, outs[i]!, want, closeness);
  if (!differentiate || record.cots === undefined || record.grads === undefined) return;
  const leaves = tensors.filter((x) => x.requiresGrad);
  const weights = (cots: readonly Recorded[]): Tensor[] => cots.map((each) => load(each, float));
  const zero = (x: Tensor): Tensor => g.zerosLike(x);
  const first = grad(outs.filter((x) => x.requiresGrad), leaves, { gradOutputs: weights(record.cots), createGraph: true, allowUnused: true });
  for (const [i, want] of record.grads.entries()) if (want !== null) await expectClose(`gradient ${String(i)}`, first[i] ?? zero(leaves[i]!), want, closeness);
  const { twice, cots2, grads2 } = record;
  if (twice === undefined || cots2 === undefined || grads2 === undefined) return;
  // A gradient of ours may be a constant where PyTorch's is a function whose derivative is zero.
  const again = first.filter((_, i) => twice[i]).flatMap((x, i): [Tensor, Tensor][] => (x?.requiresGrad === true ? [[x, weights(cots2)[i]!]] : []));
  const second = again.length === 0 ? leaves.map(() => null) : grad(again.map(([x]) => x), leaves, { gradOutputs: again.map(([, weight]) => weight), allowUnused: true });
  for (const [i, want] of grads2.entries()) if (want !== null) await expectClose(`second gradient ${String(i)}`, second[i] ?? zero(leaves[i]!), want, closeness);
}

describe("torch.nn.functional in float64, with gradients", () => {
  it.each(named)("%s", async (_, record) => {
    await compare(record, "float64", { relative: 1e-10, absolute: 1e-11 }, true);
  });
});

describe("torch.nn.functional in float32", () => {
  // With a seed the other precision draws other numbers.
  it.each(named.filter(([, { seed }]) => seed === null))("%s", async (_, record) => {
    await compare(record, "float32", { relative: 2e-5, absolute: 2e-6 }, false);
  });
});
