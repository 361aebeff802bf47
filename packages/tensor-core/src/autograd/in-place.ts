import type { Edge } from "@gradus/autograd";
import { ArgumentError, AutogradError } from "../errors.js";
import { Layout } from "../layout.js";
import { showShape } from "../shape.js";
import { Tensor } from "../tensor.js";
import { copyInto, zerosOf } from "../ops/copy.js";
import { isGradEnabled, isInferenceModeEnabled } from "./mode.js";
import { OpNode } from "./op-node.js";
import { fill } from "../ops/elementwise.js";
import { newArange } from "../create.js";
import { reshape } from "../ops/view.js";
import { scatterInto } from "../kernels/scatter-op.js";
import { record } from "../ops/reduce.js";

/**
 * Writing over a tensor's elements, with PyTorch's rules.
 *
 * @param write - Does it on the device.
 * @param record - Makes the node of the result, given the target as it was before: its history, and its values where `keep` is
 *   set. The write is counted after it.
 */
export function writeInPlace(
  op: string,
  target: Tensor,
  args: readonly unknown[],
  write: () => void,
  record: (before: Tensor) => OpNode,
  keep = false,
): Tensor {
  checkWritable(op, target);
  const recording = isGradEnabled() && target.isFloatingPoint() && args.some((arg) => arg instanceof Tensor && arg.requiresGrad);
  if (!recording) {
    write();
    target.versioned.version++;
    return target;
  }
  if (target.viewOf?.recorded === false) {
    throw new AutogradError(`${op}: expected a tensor whose history can take this write, got a view that was made where nothing is recorded (noGrad, or a custom Function); make the view outside, or clone() it`);
  }
  const before = target.asItWas(keep);
  write();
  // An argument that shares the target's memory is noted with the version that it had before this write.
  const node = record(before);
  target.versioned.version++;
  const { viewOf } = target;
  if (viewOf === null) target.setHistory({ node, slot: 0 });
  else rewriteBase(op, viewOf.base, target, node);
  return target;
}

/**
 * The in-place form of an op that has no kernel for it: the result is written over the target.
 *
 * @param sources - What else the op reads; it may not lie in the target.
 */
export function overwrite(op: string, target: Tensor, sources: readonly unknown[], result: () => Tensor): Tensor {
  checkWritable(op, target);
  checkApart(op, target, sources);
  return copyInto(target, result());
}

/**
 * Refuses sources whose memory is partly that of the target, where what is read would depend on what was written before. As in
 * PyTorch, only plain cases are noticed: both are dense and their memory overlaps.
 */
export function checkApart(op: string, target: Tensor, sources: readonly unknown[]): void {
  for (const source of sources) {
    if (!(source instanceof Tensor) || source.elements !== target.elements) continue;
    const [a, b] = [target.layout, source.layout];
    if (a.numel > 0 && b.numel > 0 && a.isDense && b.isDense && a.offset < b.offset + b.numel && b.offset < a.offset + a.numel) {
      throw new ArgumentError(`${op}: expected a source with memory of its own, got one that shares elements with the tensor written to; clone() it first`);
    }
  }
}

function checkWritable(op: string, target: Tensor): void {
  target.checkUsable(op);
  if (target.layout.overlaps) {
    throw new AutogradError(`${op}: expected a tensor with a place of its own for each element, got ${showShape(target.shape)} with strides ${showShape(target.layout.strides)}; clone() it before writing in place`);
  }
  if (target.elements.inference && !isInferenceModeEnabled()) {
    throw new AutogradError(`${op}: expected a tensor that may be overwritten, got one that was made in inferenceMode; clone() it first`);
  }
  if (!isGradEnabled()) return;
  const leaf = target.viewOf?.recorded === true ? target.viewOf.base : target;
  if (leaf.isLeaf && leaf.requiresGrad) {
    const what = leaf === target ? "a leaf that requires grad" : "a view of a leaf that requires grad";
    throw new AutogradError(`${op}: expected a tensor that may be overwritten, got ${what}; use noGrad(), or .data, or the op that returns a new tensor`);
  }
}

/**
 * After an in-place op on a view, the base has a new history: itself as it was, except that the view's elements come
 * from the op. Other views of the base notice that theirs is stale and are derived from it again.
 */
function rewriteBase(op: string, base: Tensor, view: Tensor, node: OpNode): void {
  const [ownEdge, ...others] = node.inputs;
  const geometry = { base: base.layout, view: view.layout };
  const inner: { node: OpNode | null } = { node };
  const copySlices = new OpNode(`${op}OnView`, [base.edge, ...others], ([g], needed) => {
    const inside = inner.node;
    if (g === null || g === undefined || inside === null) return [null, ...others.map(() => null)];
    const own = ownEdge !== null && needed[0] === true;
    const parts = inside.vjp([readRegion(g, geometry)], [own, ...needed.slice(1)]);
    const [part, ...rest] = parts;
    return [
      (): Tensor => {
        const value = own ? (typeof part === "function" ? part() : (part ?? null)) : null;
        return writeRegion(g, geometry, value);
      },
      ...rest,
    ];
  });
  base.setHistory({ node: copySlices, slot: 0 });
}

/** Where a view lies in its base. */
interface Geometry {
  readonly base: Layout;
  readonly view: Layout;
}

/** A tensor of the base's shape laid out as the base is, so that the view's strides mean the same elements in it. */
function inBaseLayout(g: Tensor, { base }: Geometry): Tensor {
  const copy = zerosOf(g, new Layout(base.shape, base.strides, 0), base.extent - base.offset);
  return copyInto(copy, g);
}

const viewIn = ({ base, view }: Geometry): Layout => new Layout(view.shape, view.strides, view.offset - base.offset);

/** The elements of `g`, which has the base's shape, that the view looks at. */
function readRegion(g: Tensor, geometry: Geometry): Tensor {
  return asStrided(inBaseLayout(g, geometry), viewIn(geometry));
}

/** `g` with the view's elements replaced by `value`, or by zeros. */
function writeRegion(g: Tensor, geometry: Geometry, value: Tensor | null): Tensor {
  const result = inBaseLayout(g, geometry);
  const region = asStrided(result, viewIn(geometry));
  if (value === null) fill.inPlace(region, 0);
  else copyInto(region, value);
  return result;
}

/** A view of the same elements under any layout, differentiable. Offsets count from the tensor's own. */
export function asStrided(x: Tensor, layout: Layout): Tensor {
  const placed = new Layout(layout.shape, layout.strides, x.layout.offset + layout.offset);
  const geometry = { base: x.layout, view: placed };
  return x.makeView("asStrided", placed, (g) => spread(g, geometry));
}

/** The history of a view whose base was given another one. */
export function asStridedEdge(base: Tensor, view: Layout): Edge<Tensor> | null {
  if (base.edge === null) return null;
  const geometry = { base: base.layout, view };
  return { node: new OpNode("asStrided", [base.edge], ([g]) => [g === null || g === undefined ? null : (): Tensor => spread(g, geometry)]), slot: 0 };
}

/** The gradient of a base from that of a view: each element of it is added where the view looked. */
function spread(g: Tensor, geometry: Geometry): Tensor {
  const { base, view } = geometry;
  const zeros = zerosOf(g, new Layout(base.shape, base.strides, 0), base.extent - base.offset);
  if (!view.overlaps) {
    copyInto(asStrided(zeros, viewIn(geometry)), g);
    return zeros;
  }
  // Several elements of the view share a place: their gradients add up.
  const places = newArange(zeros, zeros.elements.length);
  const inView = reshape(asStrided(places, viewIn(geometry)), [-1]);
  scatterInto("asStrided", "sum", new Tensor(zeros.elements, new Layout([zeros.elements.length], [1], 0)), 0, inView, reshape(g.detach(), [-1]));
  record("asStridedBackward", [g], [zeros], () => ([outer]) => [outer ? (): Tensor => readRegion(outer, geometry) : null]);
  return zeros;
}
