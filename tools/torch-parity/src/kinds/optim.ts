import { utils } from "@gradus/nn";
import type { LBFGS, Optimizer } from "@gradus/optim";
import type { Tensor } from "@gradus/tensor-core";
import { tensor } from "@gradus/tensor-core";
import { construct } from "../call.js";
import type { Workbench } from "../check.js";
import { describe, expectTensor } from "../check.js";
import type { TensorRecord } from "../host-values.js";
import { isTensorRecord, makeTensor } from "../host-values.js";
import { Disagreement } from "../outcome.js";
import type { Json, PythonValue } from "../python.js";
import { decode, isArray, numberOf, PythonObject } from "../python.js";
import type { ClipNormRecord, ClipValueRecord, OptimClosureRecord, OptimErrorRecord, OptimRecord } from "../records.js";
import { camelCase } from "../signature.js";

type Options = Readonly<Record<string, Json>>;

const decodeOptions = (options: Options): Record<string, PythonValue> => Object.fromEntries(Object.entries(options).map(([name, value]) => [name, decode(value, [])]));

/** A Python value as it is written in an options object. */
function plainOption(value: Json): unknown {
  if (isArray(value)) return value.map(plainOption);
  if (value === null || typeof value !== "object") return value;
  const [[form, content] = ["", null]] = Object.entries(value);
  if (form === "$f") return numberOf(content);
  if (form === "$tuple") return plainOption(content);
  throw new Error(`expected an option, got ${JSON.stringify(value)}`);
}

/** Makes an optimizer of a class of `torch.optim`, with options of groups where there are any. */
export function makeOptimizer(bench: Workbench, cls: string, params: readonly Tensor[], kwargs: Options, groups: readonly Options[] | null = null, groupParams: readonly (readonly number[])[] | null = null): Optimizer {
  const list = groups === null
    ? params
    : groups.map((options, g) => ({
        ...Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), plainOption(value)])),
        params: (groupParams?.[g] ?? [g]).map((i) => params[i]),
      }));
  return construct(bench.device, `torch.optim.${cls}`, [new PythonObject(list)], decodeOptions(kwargs)) as Optimizer;
}

/** Parameters after every step, and the state at the end. */
export async function checkOptim(bench: Workbench, record: OptimRecord): Promise<void> {
  const params = bench.run(() => record.params.map((param) => makeTensor(param, bench.device, { grad: false }).requiresGrad_()));
  const optimizer = bench.run(() => makeOptimizer(bench, record.cls, params, record.kwargs, record.groups, record.group_params));
  const tolerance = { ownError: record.e_abs_last ?? 0 };
  for (const [step, grads] of record.grads.entries()) {
    bench.run(() => {
      grads.forEach((grad, i) => { (params[i] as Tensor).grad = grad === null ? null : makeTensor(grad, bench.device, { grad: false }); });
      optimizer.step();
    });
    for (const [i, want] of (record.after[step] ?? []).entries()) {
      await expectTensor(bench, `parameter ${String(i)} after step ${String(step)}`, params[i], want, { ...tolerance, ...(want.e_abs !== undefined && { ownError: want.e_abs }) }, (params[i] as Tensor).dtype);
    }
  }
  const { state, param_groups } = optimizer.stateDict();
  for (const [g, group] of record.final_state_dict.param_groups.entries()) {
    for (const [name, want] of Object.entries(group)) expectSame(`group ${String(g)}: ${name}`, param_groups[g]?.[name], plainOption(want));
  }
  for (const [number, pieces] of Object.entries(record.final_state_dict.state)) {
    for (const [name, want] of Object.entries(pieces)) {
      const got = state[number]?.[name];
      const label = `${name} of parameter ${number}`;
      // What does not exist yet may as well be absent.
      if (want === null) expectSame(label, got ?? null, null);
      else if (!isTensorRecord(want)) expectSame(label, got, plainOption(want));
      else {
        const record = want as TensorRecord;
        // PyTorch keeps counts and factors in tensors.
        const value = typeof got === "number" ? bench.run(() => tensor(got, { dtype: record.dtype, device: bench.device })) : got;
        await expectTensor(bench, label, value, record, tolerance, (value as Tensor | undefined)?.dtype);
      }
    }
  }
}

function expectSame(label: string, got: unknown, want: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Disagreement(`${label}: expected ${JSON.stringify(want)}, got ${describe(got)}`);
}

/** Losses that the closures compute, in float64. */
const problems: Readonly<Record<OptimClosureRecord["problem"], (x: Tensor, A: Tensor | null, b: Tensor | null) => Tensor>> = {
  rosenbrock: (x) => {
    const [here, next] = [x.slice(0, 0, -1), x.slice(0, 1)];
    return here.neg().add(1).square().add(next.sub(here.square()).square().mul(100)).sum();
  },
  quadratic: (x, A, b) => x.mul((A as Tensor).matmul(x)).sum().mul(0.5).sub(x.mul(b as Tensor).sum()),
};

/** An optimizer that looks for its way: the loss at each step, how often it looked, and where it is then. */
export async function checkOptimClosure(bench: Workbench, record: OptimClosureRecord): Promise<void> {
  const float64 = (value: TensorRecord | null): Tensor | null => (value === null ? null : makeTensor(value, bench.device, { grad: false }).to("float64"));
  const { x, A, b } = bench.run(() => ({ x: (float64(record.x0) as Tensor).requiresGrad_(), A: float64(record.A), b: float64(record.b) }));
  const optimizer = bench.run(() => makeOptimizer(bench, record.cls, [x], record.kwargs)) as unknown as LBFGS;
  for (const [step, want] of record.step_loss.entries()) {
    let calls = 0;
    const loss = await optimizer.step(() => bench.run(() => {
      calls++;
      optimizer.zeroGrad();
      const value = problems[record.problem](x, A, b);
      value.backward();
      return value;
    }));
    const at = `step ${String(step)}`;
    await expectTensor(bench, `loss of ${at}`, loss, { dtype: "float64", shape: [], data: [want] });
    expectSame(`calls of the closure in ${at}`, calls, record.closure_calls[step]);
    await expectTensor(bench, `x after ${at}`, x, record.after[step] as TensorRecord);
  }
}

/** The constructor has to refuse its options. */
export function checkOptimError(bench: Workbench, record: OptimErrorRecord): void {
  try {
    bench.run(() => makeOptimizer(bench, record.cls, [tensor([1, 2], { device: bench.device, requiresGrad: true })], record.kwargs));
  } catch (error) {
    if (error instanceof RangeError && error.message.startsWith(`${record.cls}: expected`)) return;
    throw new Disagreement(`expected a RangeError that names ${record.cls}, got ${(error as Error).name}: ${(error as Error).message}`);
  }
  throw new Disagreement("expected an error, got none");
}

function leavesOf(bench: Workbench, grads: readonly (TensorRecord | null)[]): Tensor[] {
  return bench.run(() => grads.map((grad) => {
    const made = grad === null ? null : makeTensor(grad, bench.device, { grad: false });
    const leaf = tensor(0, { device: bench.device }).expand(made?.shape ?? []).clone().requiresGrad_();
    leaf.grad = made;
    return leaf;
  }));
}

async function expectGradients(bench: Workbench, leaves: readonly Tensor[], after: readonly (TensorRecord | null)[]): Promise<void> {
  for (const [i, want] of after.entries()) {
    const got = (leaves[i] as Tensor).grad;
    if (want === null) expectSame(`gradient ${String(i)}`, got, null);
    else await expectTensor(bench, `gradient ${String(i)}`, got, want, {}, got?.dtype);
  }
}

export async function checkClipNorm(bench: Workbench, record: ClipNormRecord): Promise<void> {
  const leaves = leavesOf(bench, record.grads);
  const total = bench.run(() => utils.clipGradNorm_(leaves, numberOf(record.max_norm), { normType: numberOf(record.norm_type) }));
  await expectTensor(bench, "total norm", total, { dtype: "float64", shape: [], data: [record.total_norm] }, {}, "float32");
  await expectGradients(bench, leaves, record.after);
}

export async function checkClipValue(bench: Workbench, record: ClipValueRecord): Promise<void> {
  const leaves = leavesOf(bench, record.grads);
  bench.run(() => { utils.clipGradValue_(leaves, numberOf(record.clip_value)); });
  await expectGradients(bench, leaves, record.after);
}
