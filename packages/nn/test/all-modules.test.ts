import * as nn from "@gradus/nn";
import type { Module } from "@gradus/nn";
import { manualSeed, Tensor, tensor } from "@gradus/tensor-core";
import type { DType } from "@gradus/tensor-core";
import { describe, expect, test } from "vitest";
import type { Numbers } from "./fixtures/load.js";
import { expectClose, fixture, toTensor } from "./fixtures/load.js";
import { useCpu } from "./support.js";

useCpu();

/** What PyTorch prints, starts from and computes; `fixtures/make_all.py` says what the fields are. */
interface Case {
  readonly cls: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly training: boolean;
  /** Null where PyTorch 2 prints otherwise. */
  readonly printed: string | null;
  /** Sum and first numbers of each parameter and buffer under a seed. */
  readonly initial: Readonly<Record<string, readonly [sum: number, first: readonly number[]]>>;
  readonly state: Readonly<Record<string, Numbers>>;
  readonly inputs: readonly (Numbers | readonly Numbers[])[];
  readonly call: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Numbers[];
  readonly inputGradients: readonly (Numbers | null)[];
  readonly gradients: Readonly<Record<string, Numbers | null>>;
}
const cases = fixture("all-modules.json") as readonly Case[];

/** Tensors among arguments stand as `{ tensor }`. */
function given(value: unknown, float: DType): unknown {
  if (Array.isArray(value)) return value.map((item) => given(item, float));
  if (typeof value === "object" && value !== null && "tensor" in value) return toTensor(value.tensor as Numbers, (value.tensor as Numbers).dtype === "float32" ? "float64" : float).to((value.tensor as Numbers).dtype.startsWith("float") ? float : (value.tensor as Numbers).dtype);
  return value;
}

const optionsOf = (options: Readonly<Record<string, unknown>>, float: DType): Readonly<Record<string, unknown>> => Object.fromEntries(Object.entries(options).map(([name, value]) => [name, given(value, float)]));

function build({ cls, args, options }: Case, float: DType): Module {
  const Class = (nn as unknown as Readonly<Record<string, new (...all: readonly unknown[]) => Module>>)[cls]!;
  return new Class(...(given(args, float) as unknown[]), ...(Object.keys(options).length > 0 ? [optionsOf(options, float)] : []));
}

/** The tensors of a result, which may be an array or an object. */
function tensorsOf(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value as Tensor];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsOf) : [];
}

async function compare(each: Case, float: DType, tolerance: number): Promise<void> {
  const module = build(each, float).to(float).train(each.training);
  expect(Object.keys(module.stateDict())).toEqual(Object.keys(each.state));
  module.loadStateDict(Object.fromEntries(Object.entries(each.state).map(([name, value]) => [name, toTensor(value, float)])));

  const inputs = each.inputs.map((input) => (Array.isArray(input) ? (input as readonly Numbers[]).map((part) => toTensor(part, float)) : toTensor(input as Numbers, float)));
  const leaves = [inputs[0], ...inputs.filter((input) => Array.isArray(input))].flatMap(tensorsOf).filter((leaf) => leaf.isFloatingPoint()).map((leaf) => leaf.requiresGrad_());
  const call = Object.keys(each.call).length > 0 ? [optionsOf(each.call, float)] : [];
  const outputs = tensorsOf((module.call as (...all: readonly unknown[]) => unknown)(...inputs, ...call));
  expect(outputs).toHaveLength(each.outputs.length);
  for (const [i, output] of outputs.entries()) await expectClose(output, each.outputs[i]!, tolerance, `output ${i}`);

  const loss = outputs.filter((output) => output.requiresGrad).map((output) => output.mul(tensor(Float64Array.from({ length: output.numel() }, (_, i) => Math.cos(i)), { dtype: float }).reshape(output.shape)).sum());
  if (loss.length > 0) loss.reduce((a, b) => a.add(b)).backward();
  const expectGradient = async (what: string, leaf: Tensor, want: Numbers | null): Promise<void> => {
    if (want === null) expect(leaf.grad, what).toBeNull();
    else await expectClose(leaf.grad, want, tolerance, what);
  };
  for (const [i, want] of each.inputGradients.entries()) await expectGradient(`gradient of input ${i}`, leaves[i]!, want);
  for (const [name, parameter] of module.namedParameters()) await expectGradient(`gradient of ${name}`, parameter, each.gradients[name] ?? null);
}

const named = cases.map((each, i) => [`${i} ${each.cls} ${JSON.stringify([...each.args, each.options])}${each.training ? "" : ", evaluation"}`, each] as const);

describe("print, start and compute as PyTorch's", () => {
  test.each(named)("%s", async (_, each) => {
    manualSeed(5);
    const module = build(each, "float32");
    if (each.printed !== null) expect(String(module)).toBe(each.printed);
    const state = module.stateDict();
    for (const [name, [sum, first]] of Object.entries(each.initial)) {
      const values = Array.from(await state[name]!.read(), Number);
      expect(values.slice(0, 3), name).toEqual(first.map((value) => expect.closeTo(value, 6) as number));
      expect(values.reduce((a, b) => a + b, 0), `sum of ${name}`).toBeCloseTo(sum, 4);
    }
    await compare(each, "float64", 1e-11);
    await compare(each, "float32", 2e-5);
  });
});
