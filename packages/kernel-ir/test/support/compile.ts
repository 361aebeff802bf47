import type { Expr } from "../../src/index.js";
import { isAlu, topological } from "../../src/index.js";

/** What a device may do that the interpreter does not. */
export interface DeviceManners {
  /** Multiplications are fused with additions that follow: the product is not rounded. */
  readonly fused?: boolean;
  /** Subnormal arguments and results of float arithmetic become zero. */
  readonly flushed?: boolean;
}

/**
 * A float32 function as JavaScript, for sweeps over millions of arguments. The arguments are the scalars 0 and 1 of the
 * expression. The generated code works on plain numbers and typed arrays, so it is quick; the interpreter checks it.
 */
export function compileFloat32(root: Expr, manners: DeviceManners = {}): (x: number, y?: number) => number {
  const nodes = topological([root]);
  const name = new Map(nodes.map((node, i) => [node, `v${String(i)}`]));
  const of = (expr: Expr | undefined): string => (expr === undefined ? "undefined" : (name.get(expr) ?? "undefined"));
  const flush = (text: string): string => (manners.flushed === true ? `flush(${text})` : text);
  const real = (text: string): string => flush(`fround(${text})`);

  const product = (expr: Expr | undefined): string | null => {
    if (manners.fused !== true || expr?.op !== "mul" || expr.dtype !== "float32") return null;
    return `${of(expr.args[0])} * ${of(expr.args[1])}`;
  };
  const sum = (a: Expr | undefined, b: Expr | undefined, sign: "+" | "-"): string => {
    // One of the two products can be fused. Both are exact in double precision.
    const left = product(a);
    if (left !== null) return `${left} ${sign} ${of(b)}`;
    const right = product(b);
    return right === null ? `${of(a)} ${sign} ${of(b)}` : `${of(a)} ${sign} ${right}`;
  };

  const float = (node: Expr): string => {
    const [a, b] = node.args;
    switch (node.op) {
      case "add": return real(sum(a, b, "+"));
      case "sub": return real(sum(a, b, "-"));
      case "mul": return real(`${of(a)} * ${of(b)}`);
      case "div": return real(`${of(a)} / ${of(b)}`);
      case "sqrt": return real(`Math.sqrt(${of(a)})`);
      case "neg": return `-${of(a)}`;
      case "abs": return `Math.abs(${of(a)})`;
      case "round": return `round(${of(a)})`;
      case "trunc": case "floor": case "ceil": return `Math.${node.op}(${of(a)})`;
      default: throw new Error(`compileFloat32: ${node.op} of float32 is not expected here`);
    }
  };
  const integer = (node: Expr): string => {
    const [a, b] = node.args.map(of);
    const infix: Record<string, string> = { add: "+", sub: "-", and: "&", or: "|", xor: "^", shl: "<<", shr: ">>", ushr: ">>>" };
    const symbol = infix[node.op];
    if (symbol !== undefined) return `(${String(a)} ${symbol} ${String(b)}) | 0`;
    if (node.op === "mul") return `Math.imul(${String(a)}, ${String(b)})`;
    throw new Error(`compileFloat32: ${node.op} of int32 is not expected here`);
  };
  const condition = (node: Expr): string => {
    const [a, b] = node.args.map(of);
    const compares: Record<string, string> = { eq: "===", ne: "!==", lt: "<", le: "<=" };
    const symbol = compares[node.op];
    if (symbol !== undefined) return `${String(a)} ${symbol} ${String(b)}`;
    if (node.op === "and" || node.op === "or") return `${String(a)} ${node.op === "and" ? "&&" : "||"} ${String(b)}`;
    if (node.op === "not") return `!${String(a)}`;
    throw new Error(`compileFloat32: ${node.op} of bool is not expected here`);
  };
  const text = (node: Expr): string => {
    const [a, b, c] = node.args.map(of);
    switch (node.op) {
      case "const": return node.dtype === "float32" ? `fround(${Object.is(node.value, -0) ? "-0" : String(node.value)})` : String(node.value);
      case "scalar": return flush(node.slot === 0 ? "x" : "y");
      case "bitcast": return node.dtype === "int32" ? `(reals[0] = ${String(a)}, ints[0])` : `(ints[0] = ${String(a)}, reals[0])`;
      case "cast":
        if (node.dtype === "float32") return `fround(${String(a)})`;
        throw new Error(`compileFloat32: no cast to ${node.dtype} is expected here`);
      case "select": return `${String(a)} ? ${String(b)} : ${String(c)}`;
      default:
        if (!isAlu(node)) throw new Error(`compileFloat32: ${node.op} is not expected here`);
        return node.dtype === "float32" ? float(node) : node.dtype === "int32" ? integer(node) : condition(node);
    }
  };

  const body = [
    "const { fround } = Math;",
    "const ints = new Int32Array(1), reals = new Float32Array(ints.buffer);",
    "const flush = (v) => (Math.abs(v) < 1.1754943508222875e-38 ? v * 0 : v);",
    // Right for every float32: where adding 1.5·2^52 could lose the sign of zero, the argument's is taken.
    "const round = (v) => { const r = (v + 6755399441055744) - 6755399441055744; return Math.abs(v) < 2 ** 31 ? (r === 0 ? v * 0 : r) : v; };",
    "return (x, y) => {",
    ...nodes.map((node) => `const ${of(node)} = ${text(node)};`),
    `return ${of(root)};`,
    "};",
  ].join("\n");
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- billions of calls want compiled code
  return (new Function(body) as () => (x: number, y?: number) => number)();
}
