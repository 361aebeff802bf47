import { dtypeInfo } from "@gradus/kernel-ir";
import { clone } from "../ops/elementwise.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import type { KernelBody, KernelOperand } from "./kernel-op.js";
import { KernelOp } from "./kernel-op.js";

/** Writing at computed places along one dimension: the kernels, which know nothing of differentiation. */

/** The index as a distance, guarded: scalars are the size and the stride along the dimension. Negative ones are refused, as in PyTorch. */
export function distance(b: KernelBody, name: string, input: number, over: "outer" | "inner"): ReturnType<KernelBody["input"]> {
  const { k } = b;
  const index = b.input(input, "int32");
  const [size, stride] = [b.scalar(0, "int32"), b.scalar(1, "int32")];
  b.guard(k.and(k.le(k.int(0), index), k.lt(index, size)), `${name}: expected indices inside the dimension they point into, got one outside; check the index tensor`, over);
  return k.mul(index, stride);
}

/** How a value joins what stands in its place. */
export type Joining = "replace" | "sum" | "prod" | "amax" | "amin";

/** As expressions, where there is more to do than to replace. */
const joinings: Record<Exclude<Joining, "replace">, (k: KernelBody["k"], there: Value, value: Value) => Value> = {
  sum: (k, there, value) => (there.dtype === "bool" ? k.or(there, value) : k.add(there, value)),
  prod: (k, there, value) => (there.dtype === "bool" ? k.and(there, value) : k.mul(there, value)),
  amax: (k, there, value) => (there.dtype === "bool" ? k.or(there, value) : k.max(there, value)),
  amin: (k, there, value) => (there.dtype === "bool" ? k.and(there, value) : k.min(there, value)),
};
type Value = ReturnType<KernelBody["input"]>;

const scatterKernels = /* @__PURE__ */ new Map<string, KernelOp>();

/** One kernel for each op that scatters, so that its errors have the op's name. */
function scatterKernel(op: string, joining: Joining): KernelOp {
  const key = `${op} ${joining}`;
  const known = scatterKernels.get(key);
  if (known !== undefined) return known;
  const kernel = new KernelOp({
    name: op,
    build: (b) => { b.scatter(0, distance(b, op, 1, "inner"), b.input(0), joining === "replace" ? null : (there, value) => joinings[joining](b.k, there, value)); },
  });
  scatterKernels.set(key, kernel);
  return kernel;
}

/** A scalar counts as a vector of one element. */
export const vectorShape = (shape: Shape): Shape => (shape.length === 0 ? [1] : shape);

/** Writes into `target`, which nobody differentiates. */
export function scatterInto(op: string, joining: Joining, target: Tensor, dim: number, index: Tensor, source: Tensor): void {
  if (index.numel() === 0) return;
  const shape = vectorShape(index.shape);
  const kept = shape.map((_, d) => d).filter((d) => d !== dim);
  const order = [...kept, dim];
  const operand = (t: Tensor, own: boolean): KernelOperand => {
    const strides = order.map((d) => (own && d === dim ? 0 : (t.layout.strides[d] ?? 0)));
    return { storage: t.elements, offset: t.layout.offset, strides };
  };
  scatterKernel(op, joining).run(
    target.device,
    { outer: kept.map((d) => shape[d]!), inner: [shape[dim]!] },
    [operand(source.elements === target.elements ? clone(source.detach()) : source, false), operand(index, false)],
    [operand(target, true)],
    dtypeInfo[target.dtype].compute,
    [target.shape[dim] ?? 1, target.layout.strides[dim] ?? 0],
  );
}
