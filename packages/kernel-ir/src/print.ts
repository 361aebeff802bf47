import type { Expr } from "./expr.js";
import { isAlu, topological } from "./expr.js";
import type { Operand, Program, Store } from "./program.js";

const infix: Partial<Record<Expr["op"], string>> = {
  add: "+", sub: "-", mul: "*", div: "/", rem: "%",
  eq: "==", ne: "!=", lt: "<", le: "<=",
  and: "&", or: "|", xor: "^", shl: "<<", shr: ">>", ushr: ">>>",
};

/**
 * A program as text that people can read: its parameters, its spaces and one line a value that is used more than once.
 *
 * ```text
 * kernel add(p0: in float32, p1: in float32, p2: out float32; s0: int32)
 *   for i0 < s0
 *     p2[i0] = p0[i0] + p1[i0]
 * ```
 */
export function printProgram(program: Program): string {
  const printer = new Printer();
  const params = program.params.map((p, i) => `p${String(i)}: ${p.access} ${p.dtype}`).join(", ");
  const scalars = program.scalars.map((dtype, i) => `s${String(i)}: ${dtype}`).join(", ");
  const lines = [`${program.kind} ${program.name}(${params}${scalars === "" ? "" : `; ${scalars}`})`];
  const guards = (over: "outer" | "inner", indent: string): void => {
    for (const guard of program.guards) if (guard.over === over) lines.push(`${indent}require ${printer.text(guard.holds)}  "${guard.message}"`);
  };
  const stores = (list: readonly Store[], over: "outer" | "inner", indent: string): void => {
    for (const store of list) if (store.over === over) lines.push(...printer.statement(`p${String(store.param)}[${printer.text(store.index)}]`, store.value, indent));
  };
  const loop = (extents: readonly Expr[], from: number, indent: string): void => {
    if (extents.length > 0) lines.push(`${indent}for ${extents.map((e, i) => `i${String(from + i)} < ${printer.text(e)}`).join(", ")}`);
  };

  if (program.kind === "contraction") {
    loop(program.axes.map((axis) => axis.extent), 0, "  ");
    lines.push(`    roles ${program.axes.map((axis, i) => `i${String(i)}: ${axis.role}`).join(", ")}`);
    lines.push(`    result0.0: ${program.dtype} = sum over k of ${printer.operand(program.left)} * ${printer.operand(program.right)}`);
    guards("outer", "    ");
    stores(program.stores, "outer", "    ");
    return lines.join("\n");
  }

  const { outer, inner } = program;
  loop(outer, 0, "  ");
  guards("outer", "    ");
  if (program.kind === "kernel") {
    program.reductions.forEach((reduction, r) => {
      loop(inner, outer.length, "    ");
      reduction.lift.forEach((lift, slot) => {
        const combine = reduction.monoid.combine[slot];
        const identity = reduction.monoid.identity[slot];
        if (combine === undefined || identity === undefined) return;
        lines.push(...printer.statement(`right${String(slot)}`, lift, "      "));
        lines.push(`      result${String(r)}.${String(slot)} = ${printer.text(combine)}  from ${printer.text(identity)}, ${String(reduction.lanes)} lanes`);
      });
    });
    stores(program.stores, "outer", "    ");
    if (program.stores.some((s) => s.over === "inner") || program.guards.some((g) => g.over === "inner")) loop(inner, outer.length, "    ");
    guards("inner", "      ");
    stores(program.stores, "inner", "      ");
    return lines.join("\n");
  }
  loop(inner, outer.length, "    ");
  guards("inner", "      ");
  switch (program.kind) {
    case "scan":
      program.lift.forEach((lift, slot) => {
        lines.push(...printer.statement(`right${String(slot)}`, lift, "      "));
        const combine = program.monoid.combine[slot];
        if (combine !== undefined) lines.push(`      result0.${String(slot)} = ${printer.text(combine)}`);
      });
      break;
    case "scatter": {
      const { param, index, value, combine, when } = program.target;
      const place = `p${String(param)}[${printer.text(index)}]`;
      if (when !== null) lines.push(`      where ${printer.text(when)}`);
      lines.push(`      left0 = ${place}`);
      lines.push(...printer.statement(combine === null ? place : "right0", value, "      "));
      if (combine !== null) lines.push(`      ${place} = ${printer.text(combine)}`);
      return lines.join("\n");
    }
    case "sort":
      lines.push(`      sort ${program.descending ? "descending" : "ascending"} by ${printer.text(program.key)}`);
      break;
  }
  stores(program.stores, "outer", "    ");
  stores(program.stores, "inner", "      ");
  return lines.join("\n");
}

/** An expression on one line. */
export function printExpression(expr: Expr): string {
  return new Printer().text(expr);
}

class Printer {
  readonly #names = new Map<Expr, string>();

  /** Shared, non-trivial parts of `value` get a line and a name of their own; else sharing would be printed as copies. */
  statement(place: string, value: Expr, indent: string): string[] {
    const uses = new Map<Expr, number>();
    const nodes = topological([value]);
    for (const node of nodes) for (const arg of node.args) uses.set(arg, (uses.get(arg) ?? 0) + 1);
    const lines: string[] = [];
    for (const node of nodes) {
      if (node === value || node.args.length === 0 || (uses.get(node) ?? 0) < 2 || this.#names.has(node)) continue;
      const text = this.text(node);
      const name = `t${String(this.#names.size)}`;
      lines.push(`${indent}${name}: ${node.dtype} = ${text}`);
      this.#names.set(node, name);
    }
    lines.push(`${indent}${place} = ${this.text(value)}`);
    return lines;
  }

  operand(operand: Operand): string {
    const positions = operand.coordinates.map((c) => {
      const terms = c.terms.map(({ axis, scale }) => {
        const factor = this.text(scale);
        return factor === "1" ? `i${String(axis)}` : `i${String(axis)}*${factor}`;
      });
      const shift = this.text(c.shift);
      const sum = [...terms, ...(shift === "0" ? [] : [shift])].join(" + ");
      const divisor = this.text(c.divisor);
      const position = divisor === "1" ? sum : `(${sum})/${divisor}`;
      const bound = c.extent === null ? "" : ` in 0..${this.text(c.extent)}`;
      return `${position}${bound} step ${this.text(c.stride)}`;
    });
    const load = `p${String(operand.param)}[${this.text(operand.offset)}; ${positions.join("; ")}]`;
    return operand.prologue === null ? load : `(${this.text(operand.prologue)} of ${load})`;
  }

  text(expr: Expr): string {
    const name = this.#names.get(expr);
    if (name !== undefined) return name;
    const args = (): string[] => expr.args.map((arg) => this.text(arg));
    switch (expr.op) {
      case "const":
        return expr.dtype === "bool" ? (expr.value === 1 ? "true" : "false") : Object.is(expr.value, -0) ? "-0" : String(expr.value);
      case "scalar":
        return `s${String(expr.slot)}`;
      case "index":
        return `i${String(expr.axis)}`;
      case "load": {
        const [index, when, otherwise] = args();
        const element = `p${String(expr.param)}[${index ?? ""}]`;
        return when === undefined ? element : `(${when} ? ${element} : ${otherwise ?? ""})`;
      }
      case "result":
        return `result${String(expr.reduction)}.${String(expr.slot)}`;
      case "left":
      case "right":
        return `${expr.op}${String(expr.slot)}`;
      case "element":
        return "element";
      case "cast":
        return `${expr.dtype}(${args().join(", ")})`;
      case "bitcast":
        return `bits.${expr.dtype}(${args().join(", ")})`;
      case "select": {
        const [condition, yes, no] = args();
        return `(${condition ?? ""} ? ${yes ?? ""} : ${no ?? ""})`;
      }
      default: {
        const symbol = infix[expr.op];
        if (symbol !== undefined && isAlu(expr)) return `(${args().join(` ${symbol} `)})`;
        return `${expr.op}(${args().join(", ")})`;
      }
    }
  }
}
