import type { Backend, DType } from "@gradus/kernel-ir";
import { dtypeInfo, dtypes } from "@gradus/kernel-ir";
import { asynchronous } from "@gradus/kernel-ir/testing";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { ArgumentError, AutogradError, DeviceError, DTypeError, grad, Tensor, tensor } from "@gradus/tensor-core";
import type { Probe } from "./probes.js";
import { probes } from "./probes.js";

/** Element types of a device that keeps numbers in 32 bits, as WebGPU does. */
const narrow: readonly DType[] = ["float32", "int64", "int32", "bool"];

const sample = (dtype: DType, device: Backend): Tensor => {
  const isFloat = dtypeInfo[dtype].kind === "float";
  return tensor(isFloat ? [0.25, 0.5, 0.75, 0.375, 0.625, 0.125] : [1, 0, 1, 1, 0, 1], { dtype, device, shape: [2, 3] });
};
/** All tensors among what a call returned. */
const tensorsIn = (value: unknown): Tensor[] => (value instanceof Tensor ? [value as Tensor] : typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : []);

/** Whether a call is refused, for reasons that an op may have. */
function refused(call: () => unknown, ...reasons: readonly (new (...args: never[]) => Error)[]): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (reasons.some((reason) => error instanceof reason)) return true;
    throw error;
  }
}

interface Support {
  readonly types: readonly DType[];
  readonly gradient: boolean;
  readonly second: boolean | "zero";
  readonly everywhere: boolean;
}

function supportOf(probe: Probe, device: Backend, waiting: Backend): Support {
  const types = dtypes.filter((dtype) => !refused(() => probe(sample(dtype, device)), DTypeError, ArgumentError));
  const everywhere = !refused(() => probe(sample(types.includes("float32") ? "float32" : types[0]!, waiting)), DeviceError);
  if (!types.includes("float64")) return { types, gradient: false, second: false, everywhere };
  const x = sample("float64", device).requiresGrad_();
  const [first] = derivative(tensorsIn(probe(x)), x);
  if (first === undefined) return { types, gradient: false, second: false, everywhere };
  const second = first.requiresGrad ? derivative([first], x).length > 0 : "zero";
  return { types, gradient: true, second, everywhere };
}

/** The gradient of the results' sum, where there is one that is known. */
function derivative(results: readonly Tensor[], x: Tensor): readonly Tensor[] {
  const roots = results.filter((result) => result.requiresGrad);
  if (roots.length === 0) return [];
  try {
    const [found] = grad(roots, [x], { gradOutputs: roots.map((root) => tensor(new Float64Array(root.numel()).fill(1), { shape: root.shape, device: x.device })), createGraph: true, allowUnused: true });
    return found ? [found] : [];
  } catch (error) {
    if (error instanceof AutogradError) return [];
    throw error;
  }
}

const groups: readonly [name: string, types: readonly DType[]][] = [
  ["all", dtypes],
  ["floats", dtypes.filter((dtype) => dtypeInfo[dtype].kind === "float")],
  ["integers", dtypes.filter((dtype) => dtypeInfo[dtype].kind === "int")],
];
/** Element types in few words. */
function showTypes(types: readonly DType[]): string {
  const left = new Set(types);
  const words: string[] = [];
  for (const [name, group] of groups) {
    if (!group.every((dtype) => left.has(dtype))) continue;
    words.push(name);
    for (const dtype of group) left.delete(dtype);
  }
  return [...words, ...left].join(", ");
}

const mark = (holds: boolean | "zero"): string => (holds === "zero" ? "zero" : holds ? "yes" : "–");

/** The whole page. Every entry was tried: nothing here is a claim. */
export function supportTable(): string {
  const device = interpreter();
  const waiting = asynchronous(interpreter());
  const parts = Object.entries(probes).map(([heading, functions]) => {
    const rows = Object.entries(functions).map(([name, probe]) => {
      const { types, gradient, second, everywhere } = supportOf(probe, device, waiting);
      const onWebGpu = everywhere ? showTypes(types.filter((dtype) => narrow.includes(dtype))) : "–";
      return `| \`${name}\` | ${mark(gradient)} | ${mark(second)} | ${showTypes(types)} | ${onWebGpu} |`;
    });
    return `## ${heading}\n\n| function | gradient | second gradient | on the CPU | on WebGPU |\n|---|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# What works where

Made by \`tools/support-table\`, which tries every function on every element type and differentiates it twice; a test compares this page with what it
finds (\`pnpm exec vitest run --project tools support-table -u\` writes it anew). Element types that an op refuses are not listed; \`floats\` are
float64, float32, float16 and bfloat16. A second gradient that is \`zero\` is so because the op is linear, or constant between its steps. WebGPU keeps
numbers in 32 bits; – there means that the result depends on values that have to be read at once.

${parts.join("\n")}`;
}
