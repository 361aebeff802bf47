/**
 * Expressions of scalars, as one writes them: `z = x * y; log(z) + exp(z)`.
 *
 * @module
 */
import { functions, Scalar } from "@gradus/scalar-autodiff";

/** An expression that cannot be read, and where. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";

  constructor(
    message: string,
    /** Counted from 0. */
    readonly position: number,
  ) {
    super(message);
  }
}

type Tree =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "call"; readonly fn: FunctionName; readonly args: readonly Tree[] };

export type FunctionName = keyof typeof functions;

/** Definitions in their order, and at last what is computed. */
export interface Program {
  readonly definitions: readonly { readonly name: string; readonly tree: Tree }[];
  readonly result: Tree;
  /** Names that nothing defines, in the order in which they appear. */
  readonly variables: readonly string[];
}

interface Token {
  readonly text: string;
  readonly position: number;
}

const TOKEN = /\s*(?:(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|([A-Za-zα-ω_][\wα-ω₀-₉]*)|(\*\*|<=|>=|==|!=|[-+*/^()<>,;=]))/giuy;

/** What stands between two operands, weakest first; those of one row bind equally, from left to right. */
const levels: readonly Readonly<Record<string, FunctionName>>[] = [
  { "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne" },
  { "+": "add", "-": "sub" },
  { "*": "mul", "/": "div" },
];

const arity = (fn: FunctionName): number => functions[fn].backward.length;

/** Longer ones could not be drawn, and deeper ones would end in the stack. */
const LONGEST = 400;

/** @throws {ExpressionError} that says what was expected, and where. */
export function parse(source: string): Program {
  if (source.length > LONGEST) throw new ExpressionError(`expected at most ${LONGEST} characters, found ${source.length}`, LONGEST);
  const tokens = tokenize(source);
  let at = 0;
  const peek = (ahead = 0): string => tokens[at + ahead]!.text;
  const fail = (expected: string): never => {
    const { text, position } = tokens[at]!;
    throw new ExpressionError(`expected ${expected}, found ${text === "" ? "the end" : `“${text}”`}`, position);
  };
  const take = (text: string): void => {
    if (peek() !== text) fail(`“${text}”`);
    at++;
  };

  function binary(level: number): Tree {
    const operators = levels[level];
    if (operators === undefined) return negated();
    let tree = binary(level + 1);
    for (let fn = operators[peek()]; fn !== undefined; fn = operators[peek()]) {
      at++;
      tree = { kind: "call", fn, args: [tree, binary(level + 1)] };
    }
    return tree;
  }
  // −x² is −(x²), and 2⁻¹ is allowed.
  function negated(): Tree {
    if (peek() === "-") {
      at++;
      const operand = negated();
      return operand.kind === "number" ? { kind: "number", value: -operand.value } : { kind: "call", fn: "neg", args: [operand] };
    }
    const base = atom();
    if (peek() !== "^" && peek() !== "**") return base;
    at++;
    return { kind: "call", fn: "pow", args: [base, negated()] };
  }
  function atom(): Tree {
    const token = peek();
    if (token === "(") {
      at++;
      const inner = binary(0);
      take(")");
      return inner;
    }
    if (/^[\d.]/.test(token)) {
      at++;
      return { kind: "number", value: Number(token) };
    }
    if (!/^[\p{L}_]/u.test(token)) return fail("a number, a name or “(”");
    if (peek(1) !== "(") {
      at++;
      return { kind: "name", name: token };
    }
    if (!Object.hasOwn(functions, token)) return fail(`one of ${Object.keys(functions).join(", ")}`);
    const fn = token as FunctionName;
    at += 2;
    const args = [binary(0)];
    while (peek() === ",") {
      at++;
      args.push(binary(0));
    }
    if (args.length !== arity(fn)) fail(`${arity(fn)} ${arity(fn) === 1 ? "argument" : "arguments"} for ${fn}, not ${args.length}`);
    take(")");
    return { kind: "call", fn, args };
  }

  const definitions: { name: string; tree: Tree }[] = [];
  while (peek(1) === "=" && /^[\p{L}_]/u.test(peek())) {
    const name = peek();
    if (definitions.some((each) => each.name === name)) fail("a new name");
    at += 2;
    definitions.push({ name, tree: binary(0) });
    take(";");
  }
  const result = binary(0);
  if (peek() !== "") fail("an operator or the end");
  return { definitions, result, variables: freeNames(definitions, result, fail) };
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (source.slice(TOKEN.lastIndex).trim() !== "") {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null) {
      const position = start + (/\S/.exec(source.slice(start))?.index ?? 0);
      throw new ExpressionError(`expected a number, a name or an operator, found “${source[position]!}”`, position);
    }
    const text = match[0].trimStart();
    tokens.push({ text, position: TOKEN.lastIndex - text.length });
  }
  // Two ends, so that looking one ahead never runs out.
  return [...tokens, { text: "", position: source.length }, { text: "", position: source.length }];
}

function freeNames(definitions: Program["definitions"], result: Tree, fail: (expected: string) => never): string[] {
  const free = new Set<string>();
  const defined = new Set<string>();
  const visit = (tree: Tree): void => {
    if (tree.kind === "name" && !defined.has(tree.name)) free.add(tree.name);
    if (tree.kind === "call") tree.args.forEach(visit);
  };
  for (const { name, tree } of definitions) {
    visit(tree);
    if (free.has(name)) fail(`${name} to be defined before it is used`);
    defined.add(name);
  }
  visit(result);
  return [...free];
}

/**
 * Computes a program with scalars.
 *
 * @param shared - Equal parts are one node, computed once.
 */
export function evaluate({ definitions, result, variables }: Program, values: Readonly<Record<string, number>>, shared: boolean): { readonly result: Scalar; readonly leaves: ReadonlyMap<string, Scalar> } {
  const leaves = new Map(variables.map((name) => [name, new Scalar(values[name] ?? 1, { name })]));
  const named = new Map<string, Scalar>(leaves);
  const known = new Map<string, Scalar>();
  const compute = (tree: Tree): Scalar => {
    if (tree.kind === "name") return named.get(tree.name)!;
    const key = JSON.stringify(tree);
    const before = shared ? known.get(key) : undefined;
    if (before !== undefined) return before;
    const scalar = tree.kind === "number" ? Scalar.from(tree.value) : apply(tree.fn, tree.args.map(compute));
    known.set(key, scalar);
    return scalar;
  };
  for (const { name, tree } of definitions) {
    const scalar = compute(tree);
    scalar.name ??= name;
    named.set(name, scalar);
  }
  return { result: compute(result), leaves };
}

const apply = (fn: FunctionName, [a, b]: readonly Scalar[]): Scalar => a![fn](b!);
