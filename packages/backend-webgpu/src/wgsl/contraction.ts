import type { Contraction, Expr, Operand } from "@gradus/kernel-ir";
import { ExprBuilder, topological } from "@gradus/kernel-ir";
import { alu, arithmetic, valueType } from "./arithmetic.js";
import type { Block } from "./block.js";
import { writeGuards, writeStores } from "./kernel.js";
import { bare, call } from "./text.js";

/** Axes in order with their numbers: those of the result, and those that are summed away. */
export function axesOf(contraction: Contraction) {
  const axes = contraction.axes.map(({ role, extent }, axis) => ({ role, axis, extent }));
  return { kept: axes.filter(({ role }) => role !== "k"), summed: axes.filter(({ role }) => role === "k") };
}

/** Writes the work of one point of the result. */
export function writeContraction(block: Block, contraction: Contraction): void {
  writeGuards(block, contraction.guards, "outer");
  const type = arithmetic(contraction.dtype);
  const build = new ExprBuilder();
  const left = build.cast(readOperand(build, contraction, contraction.left), type);
  const right = build.cast(readOperand(build, contraction, contraction.right), type);
  block.line(type === "float32" ? `var sum = ${call("rounded", "0.0")};` : `var sum: ${valueType[type]};`);
  block.loops(axesOf(contraction).summed, (body) => {
    const [x = "", y = ""] = body.values([left, right]);
    const [times, plus] = type === "bool" ? (["and", "or"] as const) : (["mul", "add"] as const);
    body.line(`sum = ${bare(alu(plus, type, "sum", alu(times, type, x, y)))};`);
  });
  block.bindResult(0, 0, "sum");
  writeStores(block, contraction.stores, "outer");
}

/** The element of an operand at a point, as an expression: the coordinates' positions, their bounds, the prologue. */
function readOperand(build: ExprBuilder, contraction: Contraction, operand: Operand): Expr {
  const param = contraction.params[operand.param];
  if (param === undefined) throw new Error("internal: an operand has no parameter");
  let index = operand.offset;
  let inside = build.const(true, "bool");
  for (const { terms, shift, divisor, extent, stride } of operand.coordinates) {
    // Terms of axes that are known outside of the summing loops come first, so that their sum is computed there.
    const order = [...terms].sort((a, b) => Number(isSummed(contraction, a.axis)) - Number(isSummed(contraction, b.axis)));
    let position = order.reduce((sum, term) => build.add(sum, build.mul(build.index(term.axis), term.scale)), shift);
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
function substituteElement(build: ExprBuilder, root: Expr, value: Expr): Expr {
  const replaced = new Map<Expr, Expr>();
  for (const node of topological([root])) {
    const args = node.args.map((arg) => replaced.get(arg) ?? arg);
    replaced.set(node, node.op === "element" ? value : build.rebuild(node, args));
  }
  return replaced.get(root) ?? root;
}
