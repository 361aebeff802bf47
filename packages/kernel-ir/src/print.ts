import type { Expr } from "./expr.js";
import { topological } from "./expr.js";
import type { Guard, Kernel, Monoid, Operand, Over, Program, Reduction, Scatter, Store } from "./program.js";

/**
 * A program as text that people can read: its parameters and scalar arguments, its loops, and one line a value that is used
 * more than once.
 *
 * ```text
 * kernel add(p0: in float32, p1: in float32, p2: out float32; s0: int32)
 *   for i0 < s0
 *     p2[i0] = p0[i0] + p1[i0]
 * ```
 */
export function printProgram(program: Program): string {
  const params = program.params.map((param, i) => `p${String(i)}: ${param.access} ${param.dtype}`).join(", ");
  const scalars = program.scalars.map((dtype, i) => `s${String(i)}: ${dtype}`).join(", ");
  const page = new Page(`${program.kind} ${program.name}(${params}${scalars === "" ? "" : `; ${scalars}`})`);
  bodyOf(program, page);
  return page.text;
}

/** An expression on one line. */
export function printExpression(expr: Expr): string {
  return write(expr, new Map()).text;
}

function bodyOf(program: Program, page: Page): void {
  if (program.kind === "contraction") {
    const axes = program.axes.map(({ role, extent }, i) => ({ role, text: `${role} i${String(i)} < ${printExpression(extent)}` }));
    const loops = (summed: boolean): string => axes.filter(({ role }) => (role === "k") === summed).map(({ text }) => text).join(", ");
    page.nest(loops(false) === "" ? "once" : `for ${loops(false)}`, () => {
      page.block(guardLines(program.guards, "outer"));
      page.nest(`sum in ${program.dtype}${loops(true) === "" ? "" : ` over ${loops(true)}`}`, () => {
        const windows = windowsOf(program.left).length;
        page.block([...operandLines("left", program.left, 0), ...operandLines("right", program.right, windows), { write: () => "result0.0 = result0.0 + left * right", from: [] }]);
      });
      page.block(storeLines(program.stores, "outer"));
    });
    return;
  }
  const inner = `for ${space(program.inner, program.outer.length)}`;
  page.nest(program.outer.length === 0 ? "once" : `for ${space(program.outer, 0)}`, () => {
    page.block(guardLines(program.guards, "outer"));
    switch (program.kind) {
      case "kernel":
        kernelBody(program, inner, page);
        break;
      case "scan":
        page.nest(inner, () => {
          page.block(guardLines(program.guards, "inner"));
          page.block(monoidLines(program.monoid, program.lift, 0));
          page.block(storeLines(program.stores, "inner"));
        });
        break;
      case "scatter":
        page.nest(inner, () => {
          page.block(guardLines(program.guards, "inner"));
          page.block(targetLines(program.target));
        });
        break;
      case "sort":
        page.nest(`sort ${space(program.inner, program.outer.length)} ${program.descending ? "descending" : "ascending"} by`, () => {
          page.block(guardLines(program.guards, "inner"));
          page.block([{ write: (key) => key, from: [program.key] }]);
        });
        page.nest(inner, () => {
          page.block(storeLines(program.stores, "inner"));
        });
        break;
    }
  });
}

function kernelBody(kernel: Kernel, inner: string, page: Page): void {
  kernel.reductions.forEach((reduction: Reduction, r) => {
    page.nest(`reduce ${space(kernel.inner, kernel.outer.length)}${reduction.lanes === 1 ? "" : `, ${String(reduction.lanes)} lanes`}`, () => {
      page.block(monoidLines(reduction.monoid, reduction.lift, r));
    });
  });
  page.block(storeLines(kernel.stores, "outer"));
  const [guards, stores] = [guardLines(kernel.guards, "inner"), storeLines(kernel.stores, "inner")];
  if (guards.length + stores.length === 0) return;
  page.nest(inner, () => {
    page.block(guards);
    page.block(stores);
  });
}

const space = (extents: readonly Expr[], from: number): string =>
  extents.map((extent, i) => `i${String(from + i)} < ${printExpression(extent)}`).join(", ");

/** A line that is written from the texts of the expressions that it is made from. */
interface Line {
  readonly from: readonly Expr[];
  write(...texts: readonly string[]): string;
}

const guardLines = (guards: readonly Guard[], over: Over): Line[] =>
  guards.filter((guard) => guard.over === over).map((guard) => ({ write: (holds) => `require ${holds}  "${guard.message}"`, from: [guard.holds] }));

const storeLines = (stores: readonly Store[], over: Over): Line[] =>
  stores.filter((store) => store.over === over).map(({ param, index, value }) => ({
    write: (at, what) => `p${String(param)}[${at}] = ${what}`,
    from: [index, value],
  }));

const monoidLines = (monoid: Monoid, lift: readonly Expr[], reduction: number): Line[] => [
  ...lift.map((expr, slot): Line => ({ write: (value) => `right${String(slot)} = ${value}`, from: [expr] })),
  ...monoid.combine.map((expr, slot): Line => ({
    write: (value, identity) => `result${String(reduction)}.${String(slot)} = ${value}, from ${identity}`,
    from: [expr, ...monoid.identity.slice(slot, slot + 1)],
  })),
];

function targetLines({ param, index, value, combine, when }: Scatter["target"]): Line[] {
  const condition: Line[] = when === null ? [] : [{ write: (holds) => `where ${holds}`, from: [when] }];
  const place = `p${String(param)}`;
  if (combine === null) return [...condition, { write: (at, what) => `${place}[${at}] = ${what}`, from: [index, value] }];
  return [
    ...condition,
    { write: (at) => `left0 = ${place}[${at}]`, from: [index] },
    { write: (what) => `right0 = ${what}`, from: [value] },
    { write: (at, what) => `${place}[${at}] = ${what}`, from: [index, combine] },
  ];
}

/** Coordinates that may lie outside. Each gets a line and a name of its own; the others are written where they are used. */
const windowsOf = (operand: Operand): Operand["coordinates"] => operand.coordinates.filter(({ extent }) => extent !== null);

function operandLines(side: "left" | "right", operand: Operand, firstName: number): Line[] {
  const lines: Line[] = [];
  const terms = [printExpression(operand.offset)];
  for (const coordinate of operand.coordinates) {
    const sum = sumOf([...coordinate.terms.map(({ axis, scale }) => productOf(`i${String(axis)}`, printExpression(scale))), printExpression(coordinate.shift)]);
    const divisor = printExpression(coordinate.divisor);
    const position = divisor === "1" ? sum : `${parenthesised(sum)} / ${divisor}`;
    const stride = printExpression(coordinate.stride);
    if (coordinate.extent === null) {
      terms.push(productOf(parenthesised(position), stride));
      continue;
    }
    const name = `x${String(firstName + lines.length)}`;
    const extent = printExpression(coordinate.extent);
    lines.push({ write: () => `${name} = ${position}, zero outside of 0 … ${extent}`, from: [] });
    terms.push(productOf(name, stride));
  }
  const load = `p${String(operand.param)}[${sumOf(terms)}]`;
  if (operand.prologue === null) return [...lines, { write: () => `${side} = ${load}`, from: [] }];
  return [
    ...lines,
    { write: () => `element = ${load}`, from: [] },
    { write: (value) => `${side} = ${value}`, from: [operand.prologue] },
  ];
}

const productOf = (factor: string, by: string): string => (by === "1" ? factor : by === "-1" ? `-${factor}` : by === "0" ? "0" : `${factor} * ${by}`);
const parenthesised = (text: string): string => (text.includes(" ") ? `(${text})` : text);
function sumOf(terms: readonly string[]): string {
  const present = terms.filter((term) => term !== "0");
  if (present.length === 0) return "0";
  return present.join(" + ").replaceAll("+ -", "- ");
}

/** The text so far. */
class Page {
  readonly #lines: string[];
  #indent = "  ";
  #names = 0;

  constructor(title: string) {
    this.#lines = [title];
  }

  get text(): string {
    return this.#lines.join("\n");
  }

  nest(heading: string, body: () => void): void {
    const indent = this.#indent;
    this.#lines.push(indent + heading);
    this.#indent += "  ";
    body();
    this.#indent = indent;
  }

  /** Lines in one place of the program. What several of them share, or one uses twice, is written once and given a name. */
  block(lines: readonly Line[]): void {
    const roots = lines.flatMap((line) => line.from);
    const uses = new Map<Expr, number>();
    const use = (expr: Expr): unknown => uses.set(expr, (uses.get(expr) ?? 0) + 1);
    roots.forEach(use);
    for (const node of topological(roots)) node.args.forEach(use);

    const names = new Map<Expr, string>();
    for (const line of lines) {
      for (const node of topological(line.from)) {
        if (node.args.length === 0 || (uses.get(node) ?? 0) < 2 || names.has(node)) continue;
        const { text } = write(node, names);
        const name = `t${String(this.#names++)}`;
        this.#lines.push(`${this.#indent}${name}: ${node.dtype} = ${text}`);
        names.set(node, name);
      }
      this.#lines.push(this.#indent + line.write(...line.from.map((expr) => write(expr, names).text)));
    }
  }
}

const infix: Partial<Record<Expr["op"], { readonly symbol: string; readonly binds: number }>> = {
  mul: { symbol: "*", binds: 2 }, div: { symbol: "/", binds: 2 }, rem: { symbol: "%", binds: 2 },
  add: { symbol: "+", binds: 1 }, sub: { symbol: "-", binds: 1 },
  eq: { symbol: "==", binds: 0 }, ne: { symbol: "!=", binds: 0 }, lt: { symbol: "<", binds: 0 }, le: { symbol: "<=", binds: 0 },
  and: { symbol: "&", binds: 0 }, or: { symbol: "|", binds: 0 }, xor: { symbol: "^", binds: 0 },
  shl: { symbol: "<<", binds: 0 }, shr: { symbol: ">>", binds: 0 }, ushr: { symbol: ">>>", binds: 0 },
};

/** Text, and how firmly its outermost operator binds: what binds less than its place asks for is put in parentheses. */
interface Written {
  readonly text: string;
  readonly binds: number;
}
const tightest = 4;

function write(expr: Expr, names: ReadonlyMap<Expr, string>): Written {
  const name = names.get(expr);
  const whole = (text: string): Written => ({ text, binds: tightest });
  if (name !== undefined) return whole(name);
  const part = (arg: Expr | undefined, binds: number): string => {
    if (arg === undefined) return "";
    const written = write(arg, names);
    return written.binds < binds ? `(${written.text})` : written.text;
  };
  const [a, b, c] = expr.args;
  switch (expr.op) {
    case "const":
      return whole(literal(expr.value, expr.dtype));
    case "scalar":
      return whole(`s${String(expr.slot)}`);
    case "index":
      return whole(`i${String(expr.axis)}`);
    case "load": {
      const element = `p${String(expr.param)}[${part(a, -1)}]`;
      return b === undefined ? whole(element) : { text: `${part(b, 0)} ? ${element} : ${part(c, -1)}`, binds: -1 };
    }
    case "result":
      return whole(`result${String(expr.reduction)}.${String(expr.slot)}`);
    case "left":
    case "right":
      return whole(`${expr.op}${String(expr.slot)}`);
    case "element":
      return whole("element");
    case "cast":
      return whole(`${expr.dtype}(${part(a, -1)})`);
    case "bitcast":
      return whole(`bits.${expr.dtype}(${part(a, -1)})`);
    case "select":
      return { text: `${part(a, 0)} ? ${part(b, 0)} : ${part(c, -1)}`, binds: -1 };
    case "neg":
      return { text: `-${part(a, 3)}`, binds: 3 };
    default: {
      const operator = infix[expr.op];
      if (operator === undefined) return whole(`${expr.op}(${expr.args.map((arg) => part(arg, -1)).join(", ")})`);
      const { symbol, binds } = operator;
      // Comparisons and bit operations say by parentheses what they apply to.
      const [before, after] = binds === 0 ? [1, 1] : [binds, binds + 1];
      const [first, second] = [part(a, before), part(b, after)];
      if (expr.op === "add" && second.startsWith("-")) return { text: `${first} - ${second.slice(1)}`, binds };
      return { text: `${first} ${symbol} ${second}`, binds };
    }
  }
}

/** Numbers tell their kind: 1 is an int32, 1n an int64, 1.0 a float. */
function literal(value: number | bigint, dtype: Expr["dtype"]): string {
  if (dtype === "bool") return value === 1 ? "true" : "false";
  if (dtype === "int32") return String(value);
  if (typeof value === "bigint") return `${String(value)}n`;
  if (Object.is(value, -0)) return "-0.0";
  const text = dtype === "float32" ? shortest(value) : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** The fewest digits that a float32 is told by: its value as a double has more than it means. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return String(candidate);
  }
  return String(Number(value.toPrecision(9)));
}
