import type { Contraction, Expr, Operand } from "@gradus/kernel-ir";
import { ExprBuilder, topological } from "@gradus/kernel-ir";
import { alu, arithmetic, valueType } from "./arithmetic.js";
import type { Block } from "./block.js";
import { bindDigits, pointCount } from "./digits.js";
import { teamSize } from "./form.js";
import { writeGuards, writeStores } from "./kernel.js";
import { bare, call } from "./text.js";

/** Axes in order with their numbers: those of the result, and those that are summed away. */
export function axesOf(contraction: Contraction) {
  const axes = contraction.axes.map(({ role, extent }, axis) => ({ role, axis, extent }));
  return { kept: axes.filter(({ role }) => role !== "k"), summed: axes.filter(({ role }) => role === "k") };
}

/** Neighbours along an axis that one invocation computes. */
const blockSide = 4;

/**
 * How many neighbouring points of the result one invocation computes along each kept axis. In a block of 4 × 4 along an axis of the left
 * operand and one of the right, 8 elements that are read serve 16 products: that is what makes products fast, on every kind of device,
 * and it needs no barrier, which software adapters are slow at.
 */
export function blockOf(contraction: Contraction): ReadonlyMap<number, number> {
  const { kept } = axesOf(contraction);
  const steps = new Map(kept.map(({ axis }) => [axis, 1]));
  // A guard that fails ends the work of its point only.
  if (contraction.guards.length > 0) return steps;
  for (const side of ["m", "n"] as const) {
    const innermost = kept.findLast(({ role, extent }) => role === side && !(extent.op === "const" && Number(extent.value) < blockSide));
    if (innermost !== undefined) steps.set(innermost.axis, blockSide);
  }
  return steps;
}

/** One point of a block: its distance from the first one, by axis. */
type Offsets = ReadonlyMap<number, number>;

/** Writes the work of one block of the result, whose first point the indices are. */
export function writeContraction(block: Block, contraction: Contraction): void {
  writeGuards(block, contraction.guards, "outer");
  const { names, sumInto, store } = prepareBlock(block, contraction);
  block.loops(axesOf(contraction).summed, sumInto);
  store(block, names);
}

/** The same, where the invocations of a workgroup share the summed axes. Returns the declarations that it needs. */
export function writeSplitContraction(block: Block, contraction: Contraction): readonly string[] {
  const { summed } = axesOf(contraction);
  const { names, sumInto, store } = prepareBlock(block, contraction);
  const type = arithmetic(contraction.dtype);
  const size = String(teamSize);
  block.nest(`for (var depth = lane; depth < ${pointCount(block, summed)}; depth += ${size}u)`, (body) => {
    bindDigits(body, "depth", summed);
    sumInto(body);
  });
  const place = (lane: string, slot: number): string => `parts[${String(slot)}u * ${size}u + ${lane}]`;
  names.forEach((name, slot) => block.line(`${place("lane", slot)} = ${name};`));
  block.line("workgroupBarrier();");
  block.nest(`for (var half = ${String(teamSize / 2)}u; half > 0u; half /= 2u)`, (body) => {
    body.nest("if (lane < half)", (adding) => {
      names.forEach((_, slot) => adding.line(`${place("lane", slot)} = ${bare(alu("add", type, place("lane", slot), place("lane + half", slot)))};`));
    });
    body.line("workgroupBarrier();");
  });
  block.nest("if (lane == 0u)", (body) => store(body, names.map((_, slot) => place("0u", slot))));
  return [`var<workgroup> parts: array<${valueType[type]}, ${String(teamSize * names.length)}>;`];
}

/** What both have in common: names of the sums of a block's points, how to add to them, how to store them. */
function prepareBlock(block: Block, contraction: Contraction) {
  const type = arithmetic(contraction.dtype);
  const build = new ExprBuilder();
  const steps = blockOf(contraction);
  const along = (side: "m" | "n"): Offsets[] => {
    const axis = contraction.axes.findIndex(({ role }, i) => role === side && (steps.get(i) ?? 1) > 1);
    return axis === -1 ? [new Map()] : Array.from({ length: blockSide }, (_, i) => new Map([[axis, i]]));
  };
  const [rows, columns] = [along("m"), along("n")];
  const read = (operand: Operand, offsets: Offsets): Expr =>
    build.cast(readOperand(build, contraction, operand, (axis) => build.add(build.index(axis), build.int(offsets.get(axis) ?? 0))), type);
  const [left, right] = [rows.map((row) => read(contraction.left, row)), columns.map((column) => read(contraction.right, column))];
  const points = rows.flatMap((row, i) => columns.map((column, j) => ({ row: i, column: j, offsets: new Map([...row, ...column]) })));
  const names = points.map((_, slot) => (points.length === 1 ? "sum" : `sum${String(slot)}`));
  for (const name of names) block.line(type === "float32" ? `var ${name} = ${call("rounded", "0.0")};` : `var ${name}: ${valueType[type]};`);

  const sumInto = (body: Block): void => {
    const texts = body.values([...left, ...right]);
    // In a block each is used several times.
    const factors = points.length === 1 ? texts : texts.map((text) => body.name(text));
    const [times, plus] = type === "bool" ? (["and", "or"] as const) : (["mul", "add"] as const);
    points.forEach(({ row, column }, slot) => {
      const product = alu(times, type, factors[row] ?? "", factors[rows.length + column] ?? "");
      body.line(`${names[slot] ?? ""} = ${bare(alu(plus, type, names[slot] ?? "", product))};`);
    });
  };

  const store = (body: Block, sums: readonly string[]): void => {
    points.forEach(({ offsets }, slot) => {
      const indexOf = (axis: number): Expr => build.add(build.index(axis), build.int(offsets.get(axis) ?? 0));
      // Blocks at an edge reach beyond it.
      const inside = [...offsets].map(([axis, offset]) => build.lt(build.add(build.index(axis), build.int(offset)), contraction.axes[axis]!.extent));
      storePoint(body, build, contraction, { slot, sum: sums[slot] ?? "", indexOf, inside: inside.length === 0 ? null : bare(body.value(inside.reduce((a, b) => build.and(a, b)))) });
    });
  };
  return { names, sumInto, store };
}

/** One point of the result that is computed with others. */
interface ComputedPoint {
  /** Its number, which no other point has. */
  readonly slot: number;
  /** What its sum is called. */
  readonly sum: string;
  readonly indexOf: (axis: number) => Expr;
  /** The condition under which it exists; null where it does anyway. */
  readonly inside: string | null;
}

/** Writes the stores of one point. */
export function storePoint(block: Block, build: ExprBuilder, contraction: Contraction, { slot, sum, indexOf, inside }: ComputedPoint): void {
  block.bindResult(0, slot, sum);
  const moved = (root: Expr): Expr =>
    substitute(build, root, (node) => {
      if (node.op === "index") return indexOf(node.axis);
      return node.op === "result" ? build.result(0, slot, node.dtype) : null;
    });
  const stores = contraction.stores.map((store) => ({ ...store, index: moved(store.index), value: moved(store.value) }));
  if (inside === null) writeStores(block, stores, "outer");
  else block.nest(`if (${inside})`, (body) => writeStores(body, stores, "outer"));
}

/**
 * The element of an operand as an expression: the coordinates' positions, their bounds, the prologue.
 *
 * @param indexOf - What stands for the index of an axis.
 */
export function readOperand(build: ExprBuilder, contraction: Contraction, operand: Operand, indexOf: (axis: number) => Expr): Expr {
  const param = contraction.params[operand.param];
  if (param === undefined) throw new Error("internal: an operand has no parameter");
  let index = operand.offset;
  let inside = build.const(true, "bool");
  for (const { terms, shift, divisor, extent, stride } of operand.coordinates) {
    // Terms of axes that are known outside of the summing loops come first, so that their sum is computed there.
    const order = [...terms].sort((a, b) => Number(isSummed(contraction, a.axis)) - Number(isSummed(contraction, b.axis)));
    let position = order.reduce((sum, term) => build.add(sum, build.mul(indexOf(term.axis), term.scale)), shift);
    if (extent !== null) {
      const divides = build.eq(build.rem(position, divisor), build.int(0));
      position = build.div(position, divisor);
      const within = build.and(build.le(build.int(0), position), build.lt(position, extent));
      inside = build.and(inside, build.and(divides, within));
    }
    index = build.add(index, build.mul(position, stride));
  }
  const loaded = build.load(operand.param, param.dtype, index);
  const value = operand.prologue === null ? loaded : substituteElement(build, operand.prologue, loaded);
  return build.select(inside, value, build.const(0, value.dtype));
}

const isSummed = (contraction: Contraction, axis: number): boolean => contraction.axes[axis]?.role === "k";

/** The expression with `value` in place of the leaf `element`. */
const substituteElement = (build: ExprBuilder, root: Expr, value: Expr): Expr => substitute(build, root, (node) => (node.op === "element" ? value : null));

/** The expression with leaves exchanged; null leaves one as it is. */
function substitute(build: ExprBuilder, root: Expr, exchange: (leaf: Expr) => Expr | null): Expr {
  const replaced = new Map<Expr, Expr>();
  for (const node of topological([root])) {
    const args = node.args.map((arg) => replaced.get(arg) ?? arg);
    replaced.set(node, exchange(node) ?? build.rebuild(node, args));
  }
  return replaced.get(root) ?? root;
}
