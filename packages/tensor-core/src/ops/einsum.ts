import { ArgumentError, ShapeError } from "../errors.js";
import { showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkProduct, matmul } from "./matmul.js";
import { diagonal } from "./rearrange.js";
import { permute, reshape, squeeze, unsqueeze } from "./view.js";
import { sum } from "./reduce.js";

/** Sums of products, described by letters for dimensions. */

/** One dimension: a letter, or one of those that an ellipsis stands for, counted from the last. */
type Label = string;

interface Term {
  readonly tensor: Tensor;
  /** One label per dimension, each at most once. */
  readonly labels: readonly Label[];
}

const fail = (equation: string, expected: string): never => {
  throw new ArgumentError(`einsum: expected ${expected}, got "${equation}"`);
};

/** `"a...b"` for a tensor of so many dimensions, or for the result. */
function labelsOf(equation: string, part: string, covered: number): Label[] {
  const pieces = part.split("...");
  if (pieces.length > 2) fail(equation, 'at most one "..." for each operand');
  const [before = "", after] = pieces;
  if (!/^[A-Za-z]*$/.test(before + (after ?? ""))) fail(equation, 'letters, "...", "," and "->"');
  const rest = after === undefined ? [] : Array.from({ length: covered }, (_, i) => `...${covered - 1 - i}`);
  return [...Array.from(before), ...rest, ...Array.from(after ?? "")];
}

/**
 * The sum of products that an equation describes: every letter names a dimension, equal letters run together, and letters
 * that the result does not have are summed over.
 *
 * @param equation - `"ij,jk->ik"`. Without `->`, the letters that occur once are the result, in alphabetical order. `...` stands for
 *   dimensions that broadcast. A letter twice in one operand takes the diagonal.
 * @throws {ArgumentError} if the equation cannot be read.  @throws {ShapeError} if sizes under one letter differ.
 * @see torch.einsum
 * @example
 * const [a, b] = [tensor([[1, 2], [3, 4]]), tensor([[1, 0], [1, 1]])];
 * einsum("ij,jk->ik", a, b).toArraySync(); // [[3, 2], [7, 4]]
 * einsum("ii", a).itemSync(); // 5
 */
export function einsum(equation: string, ...operands: readonly Tensor[] | readonly [readonly Tensor[]]): Tensor {
  const tensors = (Array.isArray(operands[0]) ? operands[0] : operands) as readonly Tensor[];
  const [first] = tensors;
  if (first === undefined) throw new ArgumentError("einsum: expected at least one tensor, got none");
  for (const x of tensors.slice(1)) checkProduct("einsum", first, x);
  const [left = "", right, ...more] = equation.replace(/\s/g, "").split("->");
  if (more.length > 0) fail(equation, 'at most one "->"');
  const parts = left.split(",");
  if (parts.length !== tensors.length) fail(equation, `a list of letters for each of ${tensors.length} tensors`);

  const covered = tensors.map((x, i) => (parts[i]!.includes("...") ? x.ndim - parts[i]!.replace("...", "").length : 0));
  const named = tensors.map((x, i) => {
    const labels = labelsOf(equation, parts[i]!, Math.max(0, covered[i]!));
    if (covered[i]! < 0 || labels.length !== x.ndim) throw new ShapeError(`einsum: expected a letter for each of ${x.ndim} dimensions of operand ${i}, got "${parts[i]!}" for shape ${showShape(x.shape)}`);
    return labels;
  });
  const widest = Math.max(...covered);
  const result = right === undefined ? implied(named.flat(), widest) : labelsOf(equation, right, widest);
  if (new Set(result).size < result.length) fail(equation, "each letter of the result once");
  const all = new Set(named.flat());
  const unknown = result.find((label) => !all.has(label) && !label.startsWith("."));
  if (unknown !== undefined) fail(equation, `letters of the result that stand in an operand too, not "${unknown}"`);

  checkSizes(tensors, named);
  const terms = tensors.map((x, i) => withoutRepeats(x, named[i]!));
  const product = terms.slice(1).reduce<Term>((done, next, i) => {
    const later = new Set([...result, ...terms.slice(i + 2).flatMap(({ labels }) => labels)]);
    return contractPair(done, next, later);
  }, terms[0]!);
  return arranged(product, result);
}

/** Without `->`: the ellipsis first, then letters that occur once, in alphabetical order. */
function implied(labels: readonly Label[], widest: number): Label[] {
  const once = [...new Set(labels)].filter((label) => !label.startsWith(".") && labels.indexOf(label) === labels.lastIndexOf(label));
  return [...Array.from({ length: widest }, (_, i) => `...${widest - 1 - i}`), ...once.sort()];
}

/** Sizes under one label must be equal or 1. */
function checkSizes(tensors: readonly Tensor[], named: readonly (readonly Label[])[]): void {
  const sizes = new Map<Label, number>();
  tensors.forEach((x, i) => {
    x.shape.forEach((size, d) => {
      const label = named[i]![d]!;
      const known = sizes.get(label) ?? 1;
      const repeated = named[i]!.indexOf(label) !== d && x.shape[named[i]!.indexOf(label)] !== size;
      if (repeated || (known !== size && known !== 1 && size !== 1)) {
        throw new ShapeError(`einsum: expected sizes under "${label}" to be equal or 1, got ${known} and ${size} for shapes ${tensors.map((t) => showShape(t.shape)).join(" and ")}`);
      }
      if (known === 1) sizes.set(label, size);
    });
  });
}

/** The diagonal of dimensions that have the same label. */
function withoutRepeats(tensor: Tensor, labels: readonly Label[]): Term {
  const again = labels.findIndex((label, d) => labels.indexOf(label) !== d);
  if (again === -1) return { tensor, labels };
  const first = labels.indexOf(labels[again]!);
  const rest = labels.filter((_, d) => d !== first && d !== again);
  return withoutRepeats(diagonal(tensor, { dim1: first, dim2: again }), [...rest, labels[again]!]);
}

/** Sums over labels that nobody needs any more; a size of 1 only has to go. */
function summed({ tensor, labels }: Term, keep: (label: Label) => boolean): Term {
  const dims = labels.flatMap((label, d) => (keep(label) ? [] : [d]));
  if (dims.length === 0) return { tensor, labels };
  const single = dims.every((d) => tensor.shape[d] === 1);
  return { tensor: single ? squeeze(tensor, dims) : sum(tensor, { dim: dims, dtype: tensor.dtype }), labels: labels.filter(keep) };
}

/** The dimensions of a term under `labels`, size 1 where it has none. */
function arranged({ tensor, labels }: Term, wanted: readonly Label[]): Tensor {
  const { tensor: own, labels: kept } = summed({ tensor, labels }, (label) => wanted.includes(label));
  const ordered = permute(own, wanted.filter((label) => kept.includes(label)).map((label) => kept.indexOf(label)));
  return wanted.reduce((x, label, d) => (kept.includes(label) ? x : unsqueeze(x, d)), ordered);
}

/** The product of two terms, summed over what `later` does not need: one batched matrix product. */
function contractPair(a: Term, b: Term, later: ReadonlySet<Label>): Term {
  const sizeIn = (term: Term, label: Label): number => term.tensor.shape[term.labels.indexOf(label)] ?? 1;
  // What only one of them has, or has with a size of 1 in the other, is summed before.
  const shared = (label: Label, other: Term): boolean => later.has(label) || other.labels.includes(label);
  const full = (term: Term, other: Term): Term => summed(term, (label) => shared(label, other) && (later.has(label) || sizeIn(other, label) !== 1 || sizeIn(term, label) === 1));
  const [x, y] = [full(a, b), full(b, a)];
  const labels = [...new Set([...x.labels, ...y.labels])];
  const both = (label: Label): boolean => x.labels.includes(label) && y.labels.includes(label);
  const contracted = labels.filter((label) => !later.has(label));
  const batch = labels.filter((label) => later.has(label) && both(label) && sizeIn(x, label) === sizeIn(y, label));
  // A size of 1 against another one is as if it were not there.
  const free = labels.filter((label) => later.has(label) && !batch.includes(label));
  const ofX = free.filter((label) => x.labels.includes(label) && (!y.labels.includes(label) || sizeIn(y, label) === 1));
  const ofY = free.filter((label) => !ofX.includes(label));
  const product = matmul(matrices(x, [batch, ofX, contracted]), matrices(y, [batch, contracted, ofY]));
  const sizes = [...batch.map((label) => sizeIn(x, label)), ...ofX.map((label) => sizeIn(x, label)), ...ofY.map((label) => sizeIn(y, label))];
  return { tensor: reshape(product, sizes), labels: [...batch, ...ofX, ...ofY] };
}

/** A term as a batch of matrices, each group of labels one dimension. */
function matrices(term: Term, groups: readonly (readonly Label[])[]): Tensor {
  const wanted = groups.flat();
  const others = term.labels.filter((label) => !wanted.includes(label));
  const own = others.length === 0 ? term : { tensor: squeeze(term.tensor, others.map((label) => term.labels.indexOf(label))), labels: term.labels.filter((label) => wanted.includes(label)) };
  const x = arranged(own, wanted);
  let at = 0;
  return reshape(x, groups.map((group) => group.reduce((size) => size * x.shape[at++]!, 1)));
}
