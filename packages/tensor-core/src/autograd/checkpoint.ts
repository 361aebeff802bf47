import type { Edge, GradNode } from "@gradus/autograd";
import { nextSequence } from "@gradus/autograd";
import { synchronous } from "../device.js";
import { ArgumentError, AutogradError } from "../errors.js";
import { outsideSweeps } from "../memory.js";
import { defaultGenerator } from "../random/default-generator.js";
import { sameShape, showShape } from "../shape.js";
import { Tensor } from "../tensor.js";
import { sweep } from "./backward.js";
import { enableGrad, isGradEnabled } from "./mode.js";
import { OpNode } from "./op-node.js";

type Results = Tensor | readonly Tensor[];

const listOf = (results: Results): readonly Tensor[] => (results instanceof Tensor ? [results] : results);

/**
 * Runs `fn` and keeps of it only what its gradients begin with: the backward pass computes `fn` once more, with the random numbers of the
 * first time. That trades time for memory, because the values inside of `fn` need not live until then.
 *
 * Gradients reach the arguments and everything else that `fn` uses, such as a module's parameters. What `fn` changes, it changes twice
 * (running statistics of batch normalisation). Random numbers of generators other than the default one are drawn anew.
 *
 * @param fn - Synchronous; gives the same for the same arguments. Returns a tensor or several.
 * @param args - Handed to `fn`. Tensors inside of arrays or objects are used as they are.
 * @throws {AutogradError} in the backward pass, if the second run gives results of other shapes.
 * @see torch.utils.checkpoint.checkpoint
 * @example
 * const [x, w] = [tensor([1, 2]), tensor([3, 4], { requiresGrad: true })];
 * checkpoint((a: Tensor) => a.mul(w).exp().log(), x).sum().backward();
 * w.grad?.round().toArraySync(); // [1, 2]
 */
export function checkpoint<A extends readonly unknown[], R extends Results>(fn: (...args: A) => R, ...args: A): R {
  const run = (operands: A): R => synchronous("checkpoint", fn(...operands));
  if (!isGradEnabled()) return run(args);
  const randomness = defaultGenerator().getState();
  const began = nextSequence();
  const first = run(args);
  const outputs = listOf(first);
  // The graph of this run is only looked at: it says where gradients leave fn.
  const edges = edgesBehind(outputs, began);
  if (edges.length === 0) return first;
  const described = outputs.map(({ shape, dtype }) => ({ shape, dtype }));
  const node = new OpNode(
    "checkpoint",
    edges,
    (grads) => {
      const createGraph = isGradEnabled();
      const { operands, edgeOf } = createGraph ? { operands: args, edgeOf: (edge: Edge<Tensor>) => edge } : cutOff(args);
      const again = listOf(withRandomness(randomness, () => outsideSweeps(() => enableGrad(() => run(operands)))));
      checkSame(described, again);
      const starts = again.flatMap((output, slot) => {
        const gradient = grads[slot];
        return output.edge === null || gradient === null || gradient === undefined ? [] : [{ edge: output.edge, gradient: () => gradient }];
      });
      return sweep(starts, edges.map(edgeOf), { createGraph });
    },
    outputs.length,
  );
  const results = outputs.map((output, slot) => {
    if (output.edge === null) return output;
    const result = output.detach();
    result.setHistory({ node, slot });
    return result;
  });
  return (first instanceof Tensor ? results[0] : results) as R;
}

/**
 * Runs functions one after the other, in `segments` parts of about equal length, each a {@link checkpoint}; the last part is recorded as
 * usual, because its backward pass comes at once.
 *
 * @throws {ArgumentError} unless there is at least one segment, and no more than functions.
 * @see torch.utils.checkpoint.checkpoint_sequential
 */
export function checkpointSequential(functions: readonly ((x: Tensor) => Tensor)[], segments: number, input: Tensor): Tensor {
  if (!Number.isInteger(segments) || segments < 1 || segments > functions.length) {
    throw new ArgumentError(`checkpointSequential: expected 1 to ${functions.length} segments for ${functions.length} functions, got ${segments}`);
  }
  const length = Math.floor(functions.length / segments);
  const runFrom = (start: number, end: number) => (x: Tensor): Tensor => functions.slice(start, end).reduce((value, f) => f(value), x);
  let x = input;
  for (let part = 0; part < segments - 1; part++) x = checkpoint(runFrom(part * length, (part + 1) * length), x);
  return runFrom((segments - 1) * length, functions.length)(x);
}

/** Where the graph of `outputs` goes on behind the nodes that were made after `began`. */
function edgesBehind(outputs: readonly Tensor[], began: number): readonly Edge<Tensor>[] {
  const seen = new Set<GradNode<Tensor>>();
  const slots = new Map<GradNode<Tensor>, Set<number>>();
  const edges: Edge<Tensor>[] = [];
  const open: (Edge<Tensor> | null)[] = outputs.map((output) => output.edge);
  for (let edge = open.pop(); edge !== undefined; edge = open.pop()) {
    if (edge === null) continue;
    const { node, slot } = edge;
    if (node.sequence !== undefined && node.sequence > began) {
      if (seen.has(node)) continue;
      seen.add(node);
      open.push(...node.inputs);
      continue;
    }
    const known = slots.get(node) ?? new Set();
    slots.set(node, known);
    if (known.has(slot)) continue;
    known.add(slot);
    edges.push(edge);
  }
  return edges;
}

/** The arguments as leaves, so that the second run's graph ends at them and not where the program began. */
function cutOff<A extends readonly unknown[]>(args: A): { operands: A; edgeOf: (edge: Edge<Tensor>) => Edge<Tensor> } {
  const leaves = new Map<unknown, Tensor>();
  const byNode = new Map<GradNode<Tensor>, Map<number, Edge<Tensor>>>();
  const operands = args.map((arg) => {
    if (!(arg instanceof Tensor) || arg.edge === null) return arg;
    const known = leaves.get(arg);
    if (known !== undefined) return known;
    const { node, slot } = arg.edge;
    const bySlot = byNode.get(node) ?? new Map<number, Edge<Tensor>>();
    // Two tensors of one origin: only the first is cut off.
    if (bySlot.has(slot)) return arg;
    const leaf = (arg as Tensor).detach().requiresGrad_();
    leaves.set(arg, leaf);
    byNode.set(node, bySlot.set(slot, leaf.edge!));
    return leaf;
  }) as readonly unknown[] as A;
  return { operands, edgeOf: (edge) => byNode.get(edge.node)?.get(edge.slot) ?? edge };
}

/** Runs `body` with an earlier state of the default generator, which then goes on from where it is now. */
function withRandomness<R>(state: Uint8Array, body: () => R): R {
  const generator = defaultGenerator();
  const present = generator.getState();
  generator.setState(state);
  try {
    return body();
  } finally {
    generator.setState(present);
  }
}

function checkSame(described: readonly Pick<Tensor, "shape" | "dtype">[], again: readonly Tensor[]): void {
  const show = (list: readonly Pick<Tensor, "shape" | "dtype">[]): string => list.map(({ shape, dtype }) => `${dtype} ${showShape(shape)}`).join(", ");
  if (again.length === described.length && again.every((x, i) => sameShape(x.shape, described[i]!.shape) && x.dtype === described[i]!.dtype)) return;
  throw new AutogradError(`checkpoint: expected the second run to give the results of the first, ${show(described)}, got ${show(again)}; fn must be deterministic`);
}
