import type { Module } from "@gradus/nn";
import { grad, manualSeed, rand } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";
import { argumentsOf, construct, positional } from "../call.js";
import type { Workbench } from "../check.js";
import { expectReturned, expectTensor } from "../check.js";
import type { TensorRecord } from "../host-values.js";
import { makeTensor, readTensor } from "../host-values.js";
import { Disagreement } from "../outcome.js";
import type { Json, ObjectForms, PythonValue } from "../python.js";
import { decode } from "../python.js";
import type { ModuleInitRecord, ModuleRecord, NetworkInitRecord } from "../records.js";

type Kwargs = Readonly<Record<string, Json>>;

/** Makes a module of a class of `torch.nn`; modules among its arguments as well. */
function makeModule(bench: Workbench, cls: string, args: readonly Json[], kwargs: Kwargs, tensors: readonly Tensor[] = []): Module {
  const objects: ObjectForms = {
    $module: (value) => {
      const inner = value as unknown as { readonly cls: string; readonly args: readonly Json[]; readonly kwargs: Kwargs };
      return makeModule(bench, inner.cls, inner.args, inner.kwargs, tensors);
    },
  };
  return construct(bench.device, `torch.nn.${cls}`, args.map((arg) => decode(arg, tensors, objects)), decodeAll(kwargs, tensors, objects)) as Module;
}

const decodeAll = (kwargs: Kwargs, tensors: readonly Tensor[], objects: ObjectForms = {}): Record<string, PythonValue> =>
  Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, decode(value, tensors, objects)]));

/** Calls a module as PyTorch does. */
function callModule(bench: Workbench, cls: string, module: Module, args: readonly PythonValue[], kwargs: Readonly<Record<string, PythonValue>>): unknown {
  const written = argumentsOf(bench.device, `torch.forward.${cls}`, args, kwargs) ?? positional(bench.device, args, kwargs);
  bench.observe("call", written);
  return (module.call as (...all: readonly unknown[]) => unknown)(...written);
}

function expectNames(label: string, got: readonly string[], want: readonly string[]): void {
  if (got.join() !== want.join()) throw new Disagreement(`${label}: expected [${want.join(", ")}], got [${got.join(", ")}]`);
}

/**
 * A module agrees in the names of its state and their order, in what it returns, in the gradients of inputs and parameters, and in
 * what the call does to its state.
 */
export async function checkModule(bench: Workbench, record: ModuleRecord): Promise<void> {
  const { device } = bench;
  const isLazy = record.flags?.includes("lazy") ?? false;
  const { module, inputs, returned } = await bench.runAwaitingReads(() => {
    const given = record.ctor_tensors.map((tensor) => makeTensor(tensor, device, { grad: false }));
    const made = makeModule(bench, record.cls, record.ctor_args, record.ctor_kwargs, given).train(record.training);
    const tensors = record.tensors.map((tensor) => makeTensor(tensor, device, { grad: true }));
    const call = (): unknown => callModule(bench, record.cls, made, record.args.map((arg) => decode(arg, tensors)), decodeAll(record.kwargs, tensors));
    if (isLazy) call();
    expectNames("names of the state", Object.keys(made.stateDict()), record.state.map(([name]) => name));
    expectNames("names of the parameters", made.namedParameters().map(([name]) => name), record.params);
    made.loadStateDict(Object.fromEntries(record.state.map(([name, tensor]) => [name, makeTensor(tensor, device, { grad: false })])));
    return { module: made, inputs: tensors, returned: call() };
  });
  const outs = await expectReturned(bench, "result", returned, record, () => ({}));
  if (record.grads !== undefined || record.param_grads !== undefined) await checkGradients(bench, record, module, inputs, outs);
  const state = module.stateDict();
  for (const [name, want] of record.state_after ?? []) await expectTensor(bench, `${name} afterwards`, state[name], want);
}

/** s = Σ outs · cot and its gradients. */
async function checkGradients(bench: Workbench, { cot = [], grads = [], param_grads = {} }: ModuleRecord, module: Module, inputs: readonly Tensor[], outs: readonly Tensor[]): Promise<void> {
  const parameters = new Map(module.namedParameters({ removeDuplicate: false }));
  const wanted: [label: string, leaf: Tensor | undefined, want: TensorRecord | null][] = [
    ...grads.map((want, i): [string, Tensor | undefined, TensorRecord | null] => [`gradient of input ${String(i)}`, inputs[i], want]),
    ...Object.entries(param_grads).map(([name, want]): [string, Tensor | undefined, TensorRecord | null] => [`gradient of ${name}`, parameters.get(name), want]),
  ];
  const leaves = wanted.flatMap(([, leaf]) => (leaf?.requiresGrad === true ? [leaf] : []));
  const found = await bench.runAwaitingReads(() => {
    const roots = outs.flatMap((out, i) => {
      const weight = cot[i] ?? null;
      return out.requiresGrad && weight !== null ? [{ out, weight: makeTensor(weight, bench.device, { grad: false }) }] : [];
    });
    return roots.length === 0 ? [] : grad(roots.map(({ out }) => out), leaves, { gradOutputs: roots.map(({ weight }) => weight), allowUnused: true });
  });
  for (const [label, leaf, want] of wanted) {
    const got = leaf === undefined ? null : (found[leaves.indexOf(leaf)] ?? null);
    if (want === null) {
      if (got !== null) throw new Disagreement(`${label}: expected none, got one`);
    } else if (got === null) throw new Disagreement(`${label}: expected one, got none`);
    // A gradient has the type of its leaf; the expected values are kept in float64.
    else await expectTensor(bench, label, got, want, {}, (leaf as Tensor).dtype);
  }
}

/** A fresh module's numbers, and that it has drawn as many as PyTorch's. */
export async function checkModuleInit(bench: Workbench, record: ModuleInitRecord): Promise<void> {
  const tolerance = { exactWithin: 2 * (record.isa_maxdiff ?? 0) };
  const { module, next } = bench.run(() => {
    manualSeed(BigInt(record.seed));
    const made = makeModule(bench, record.cls, record.args, record.kwargs);
    return { module: made, next: rand([3], { device: bench.device }) };
  });
  const state = module.stateDict();
  expectNames("names of the state", Object.keys(state), record.state.map(([name]) => name));
  for (const [name, want] of record.state) await expectTensor(bench, name, state[name], want, tolerance);
  await expectTensor(bench, "next random numbers", next, record.next_rand, tolerance);
}

/** The same for a whole network, of which the first numbers and the sums are known. */
export async function checkNetworkInit(bench: Workbench, record: NetworkInitRecord): Promise<void> {
  const apart = 2 * (record.isa_maxdiff ?? 0);
  const { module, next } = bench.run(() => {
    manualSeed(BigInt(record.seed));
    const layers = parseLayers(record.arch).map(({ cls, args }) => makeModule(bench, cls, args, {}));
    const made = construct(bench.device, "torch.nn.Sequential", [], {}) as { append(layer: Module): unknown } & Module;
    for (const layer of layers) made.append(layer);
    return { module: made, next: rand([3], { device: bench.device }) };
  });
  const state = module.stateDict();
  expectNames("names of the state", Object.keys(state), record.sums64.map(([name]) => name));
  const expectNumber = (label: string, got: number, want: number, within: number): void => {
    if (!(Math.abs(got - want) <= within)) throw new Disagreement(`${label}: expected ${String(want)}, got ${String(got)}`);
  };
  const first = new Map(record.first5);
  for (const [name, sum] of record.sums64) {
    const values = Array.from((await readTensor(state[name] as Tensor)).values as ArrayLike<number>);
    first.get(name)?.forEach((want, i) => { expectNumber(`${name}[${String(i)}]`, values[i] as number, Math.fround(want), apart); });
    expectNumber(`sum of ${name}`, values.reduce((a, b) => a + b, 0), sum, apart * Math.sqrt(values.length) + 1e-9);
  }
  await expectTensor(bench, "next random numbers", next, record.next_rand, { exactWithin: apart });
}

/** `Sequential(Conv2d(1,6,5),ReLU,…)`: classes with whole numbers as arguments. */
function parseLayers(arch: string): { readonly cls: string; readonly args: readonly number[] }[] {
  const inner = /^Sequential\((.*)\)$/.exec(arch)?.[1];
  if (inner === undefined) throw new Error(`expected Sequential(…), got ${arch}`);
  return [...inner.matchAll(/(\w+)(?:\(([\d,]*)\))?/g)].map(([, cls = "", args = ""]) => ({ cls, args: args === "" ? [] : args.split(",").map(Number) }));
}

