import type { Expr, Param } from "@gradus/kernel-ir";
import { isAlu, topological, UnsupportedError } from "@gradus/kernel-ir";
import type { Element, Elements } from "./arithmetic.js";
import { alu, arithmetic, cast, literal, noFloat64, valueType } from "./arithmetic.js";
import { mustBeRounded } from "./rounding.js";
import { bare, call, indent } from "./text.js";

/** What all blocks of a shader share. */
export interface ShaderContext {
  readonly params: readonly Param[];
  /** How the device holds their elements. */
  readonly elements: Elements;
  /** Numbers the values that get a name. */
  nextValue: number;
}

/** How the elements of a parameter are held. */
export function elementOf({ params, elements }: ShaderContext, param: number): Element {
  const dtype = params[param]?.dtype;
  if (dtype === undefined) throw new Error(`internal: the program has no parameter ${String(param)}`);
  if (dtype === "float64") throw new UnsupportedError(noFloat64);
  return elements[dtype];
}

/** Expressions longer than this are not written inside another one. */
const inlineLength = 60;

/**
 * The body of a function, a loop or a branch as it is being written.
 *
 * A value is named in the outermost block that knows everything it is computed from, so what does not change in a loop is
 * computed before it; there it is found again by every use. Only loads of parameters that the program also writes stay
 * where they are used. A value used once is written where it is used.
 */
export class Block {
  readonly #lines: string[] = [];
  readonly #depth: number;
  /** Names of values, by expression. */
  readonly #values = new Map<Expr, string>();
  /** What indices, results and sides are called here, by the keys of `leafKey`. */
  readonly #leaves = new Map<string, string>();

  private constructor(
    readonly context: ShaderContext,
    readonly parent: Block | null,
  ) {
    this.#depth = parent === null ? 0 : parent.#depth + 1;
  }

  /** The body of a function. */
  static root(context: ShaderContext): Block {
    return new Block(context, null);
  }

  /** Appends a statement. */
  line(text: string): void {
    this.#lines.push(text);
  }

  /** Appends `header { … }`. */
  nest(header: string, write: (body: Block) => void): void {
    const body = new Block(this.context, this);
    write(body);
    this.#lines.push(`${header}${header === "" ? "" : " "}{`, ...body.#lines.map(indent), "}");
  }

  /** Appends loops over `axes`, the first one outermost, around what `write` writes. */
  loops(axes: readonly { readonly axis: number; readonly extent: Expr }[], write: (body: Block) => void): void {
    const [first, ...rest] = axes;
    if (first === undefined) {
      write(this);
      return;
    }
    const index = `i${String(first.axis)}`;
    const extent = this.value(first.extent);
    this.nest(`for (var ${index} = 0; ${index} < ${extent}; ${index}++)`, (body) => {
      body.bindIndex(first.axis, index);
      body.loops(rest, write);
    });
  }

  bindIndex(axis: number, name: string): void {
    this.#leaves.set(`index ${String(axis)}`, name);
  }

  bindResult(reduction: number, slot: number, name: string): void {
    this.#leaves.set(`result ${String(reduction)} ${String(slot)}`, name);
  }

  bindSide(side: "left" | "right", slot: number, name: string): void {
    this.#leaves.set(`${side} ${String(slot)}`, name);
  }

  /** The value of an expression, to be used in the next statement. */
  value(root: Expr): string {
    return this.values([root])[0] ?? "";
  }

  /** Gives a value a name, so that it stays what it is whatever is stored in between. */
  name(text: string): string {
    const name = `v${String(this.context.nextValue++)}`;
    this.line(`let ${name} = ${bare(text)};`);
    return name;
  }

  values(roots: readonly Expr[]): string[] {
    const nodes = topological(roots);
    const homes = new Map<Expr, Block>();
    const users = new Map<Expr, Expr[]>();
    for (const node of nodes) {
      homes.set(node, this.#home(node, homes));
      for (const arg of node.args) users.set(arg, [...(users.get(arg) ?? []), node]);
    }
    const texts = new Map<Expr, string>();
    const isRoot = new Set(roots);
    for (const node of nodes) {
      const home = homes.get(node) ?? this;
      const known = home.#values.get(node);
      const text = known ?? this.#text(node, texts, home);
      const [user, ...others] = users.get(node) ?? [];
      const usedOnce = isRoot.has(node) ? user === undefined && home === this : others.length === 0 && user !== undefined && homes.get(user) === home;
      if (known !== undefined || node.args.length === 0 || (usedOnce && text.length <= inlineLength)) {
        texts.set(node, text);
        continue;
      }
      texts.set(node, home.#nameOf(node, text));
    }
    return roots.map((root) => texts.get(root) ?? "");
  }

  /** The outermost block in which an expression can be computed. */
  #home(node: Expr, homes: ReadonlyMap<Expr, Block>): Block {
    if (node.op === "load" && this.context.params[node.param]?.access !== "in") return this;
    return node.args.reduce((deepest, arg) => {
      const home = homes.get(arg) ?? this;
      return home.#depth > deepest.#depth ? home : deepest;
    }, this.#bindingBlock(leafKey(node)));
  }

  /** The block that binds a leaf; the outermost one for what needs no binding. */
  #bindingBlock(key: string | null): Block {
    if (key !== null && this.#leaves.has(key)) return this;
    if (this.parent !== null) return this.parent.#bindingBlock(key);
    if (key !== null) throw new Error(`internal: ${key} has no name in this block`);
    return this;
  }

  #nameOf(node: Expr, text: string): string {
    const name = this.name(text);
    this.#values.set(node, name);
    return name;
  }

  #text(node: Expr, texts: ReadonlyMap<Expr, string>, home: Block): string {
    const key = leafKey(node);
    if (key !== null) return home.#leaves.get(key) ?? "";
    // An expression of literals alone would be evaluated by the WGSL compiler, which refuses overflows, NaN and more. A
    // name makes the first of them a value of the run time.
    const onlyLiterals = node.op !== "load" && node.args.every((arg) => arg.op === "const");
    const [x = "", y = "", z = ""] = node.args.map((arg, i) => {
      const text = texts.get(arg) ?? "";
      const named = onlyLiterals && i === 0 ? (home.#values.get(arg) ?? home.#nameOf(arg, text)) : text;
      return mustBeRounded(node, i) ? call("rounded", named) : named;
    });
    const [first = node] = node.args as readonly Expr[];
    const argType = arithmetic(first.dtype);
    const type = arithmetic(node.dtype);
    switch (node.op) {
      case "const":
        return literal(node);
      case "scalar":
        return type === "bool" ? `(scalars.s${String(node.slot)} != 0)` : `scalars.s${String(node.slot)}`;
      case "load": {
        // Compilers refuse a negative literal, even where a predicate keeps it from being read.
        const index = first.op === "const" && Number(first.value) < 0 ? call("int_of_literal", x) : x;
        const loaded = elementOf(this.context, node.param).widen(`p${String(node.param)}[${bare(index)}]`);
        // Outside of the buffer WebGPU reads some other element of it, which does no harm.
        return node.args.length === 1 ? loaded : call("select", z, loaded, y);
      }
      case "cast":
        return cast(x, argType, type);
      case "bitcast":
        return argType === type ? x : call(`bitcast<${valueType[type]}>`, x);
      case "select":
        return call("select", z, y, x);
      default:
        if (!isAlu(node)) throw new Error(`internal: ${node.op} is not a value`);
        return alu(node.op, argType, x, y);
    }
  }

  toString(): string {
    return this.#lines.join("\n");
  }
}

/** Under which key a block binds this leaf; null for what needs no binding. */
function leafKey(node: Expr): string | null {
  switch (node.op) {
    case "index":
      return `index ${String(node.axis)}`;
    case "result":
      return `result ${String(node.reduction)} ${String(node.slot)}`;
    case "left":
    case "right":
      return `${node.op} ${String(node.slot)}`;
    default:
      return null;
  }
}
