/**
 * The tree of a network.
 *
 * A module is a plain object: what it learns and what it is built from are its own fields, and every question about the tree
 * is answered by walking over them. Nothing is registered behind the scenes.
 *
 *     class Perceptron extends Module {
 *       readonly linear = new Linear(2, 1);          // a submodule
 *       readonly scale = new Parameter(ones([1]));   // a parameter
 *       forward(x: Tensor): Tensor {
 *         return this.linear.call(x).mul(this.scale);
 *       }
 *     }
 *
 * This file knows neither tensors nor numbers: a module of scalars is the same class.
 *
 * @module
 */
import { copyFrom, isParameter } from "@gradus/autograd";
import type { Leaf, Parameter as MarkedLeaf } from "@gradus/autograd";

export { Parameter } from "./parameter.js";
export type { ParameterConstructor, ParameterOptions } from "./parameter.js";

/** Parameters and buffers by name, as constants that share what they hold with the module. */
export type StateDict<L extends Leaf = Leaf> = Record<string, ReturnType<L["detach"]>>;

export interface WalkOptions {
  /** Name what is shared once (the default), or under each of its names. */
  readonly removeDuplicate?: boolean;
}

/** Keys that a state did not have, and keys of it that the module does not know. */
export interface LoadResult {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/** A state that does not fit a module. Nothing was loaded. */
export class StateDictError extends Error {
  override readonly name = "StateDictError";

  constructor(
    module: string,
    readonly missing: readonly string[],
    readonly unexpected: readonly string[],
    /** `weight: expected [2, 4], got [4, 2]` */
    readonly misshapen: readonly string[],
  ) {
    const list = (title: string, entries: readonly string[]): string[] => (entries.length === 0 ? [] : [`  ${title}: ${entries.join("; ")}`]);
    const remedy = misshapen.length > 0 ? "check that it was saved from the same model" : "pass { strict: false } to load what fits";
    super(
      [
        `loadStateDict: expected the state of this ${module}, got one that differs; ${remedy}`,
        ...list("missing", missing),
        ...list("unexpected", unexpected),
        ...list("other shapes", misshapen),
      ].join("\n"),
    );
  }
}

/** Sees a call before `forward`; arguments that it returns take the place of the call's. */
export type ForwardPreHook<M extends Module> = (module: M, args: Parameters<M["forward"]>) => Parameters<M["forward"]> | undefined;

/** Sees the result of a call; what it returns, unless undefined, takes the result's place. */
export type ForwardHook<M extends Module> = (
  module: M,
  args: Parameters<M["forward"]>,
  output: Awaited<ReturnType<M["forward"]>>,
) => Awaited<ReturnType<M["forward"]>> | undefined;

/** Sees a state that is being made; what it returns, unless undefined, takes its place. Keys begin with `prefix`. */
export type StateDictHook<M extends Module> = (module: M, state: Record<string, unknown>, prefix: string) => Record<string, unknown> | undefined;

/** Sees a state before it is loaded, and may change it: rename keys, add some. Keys of this module begin with `prefix`. */
export type LoadStateDictPreHook<M extends Module> = (module: M, state: Record<string, unknown>, prefix: string) => void;

/** Sees what did not fit after a state was loaded. */
export type LoadStateDictPostHook<M extends Module> = (module: M, result: LoadResult) => void;

type AnyHook = (module: unknown, ...rest: readonly unknown[]) => unknown;
/** Each entry is an object of its own: a hook may be added twice, and each removal removes one. */
type Hooks = Set<{ readonly hook: AnyHook }>;

/**
 * The base of all networks and layers. A subclass has submodules, parameters and buffers as fields and says in `forward` what
 * it computes; it is used through `call`, which also runs hooks.
 *
 * Private `#fields` are nobody's business but the class's own: what they hold is neither learned nor saved.
 *
 * @typeParam L - What parameters and buffers are: tensors or scalars.
 * @see torch.nn.Module
 */
export abstract class Module<L extends Leaf = Leaf> {
  /** Whether layers such as dropout behave as in training. Set by `train()` and `eval()`. */
  training = true;

  /** Runs the module: `forward`, with the hooks around it. */
  declare readonly call: this["forward"];

  readonly #buffers = new Map<string, { readonly persistent: boolean }>();
  readonly #preHooks: Hooks = new Set();
  readonly #hooks: Hooks = new Set();
  readonly #stateHooks: Hooks = new Set();
  readonly #loadPreHooks: Hooks = new Set();
  readonly #loadPostHooks: Hooks = new Set();

  static {
    // A property of the prototype, because only a property can have the type of another one: this["forward"].
    Object.defineProperty(this.prototype, "call", {
      value(this: Module, ...args: readonly unknown[]): unknown {
        if (this.#preHooks.size === 0 && this.#hooks.size === 0) return this.forward(...args);
        return this.#callWithHooks(args);
      },
    });
  }

  /** What the module computes. Call it through `call`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a subclass chooses its own arguments and result; any other types here would forbid some
  abstract forward(...args: any[]): any;

  #callWithHooks(given: readonly unknown[]): unknown {
    let args = given;
    for (const { hook } of this.#preHooks) args = (hook(this, args) as readonly unknown[] | undefined) ?? args;
    const finish = (result: unknown): unknown => {
      let output = result;
      for (const { hook } of this.#hooks) output = hook(this, args, output) ?? output;
      return output;
    };
    const result: unknown = this.forward(...args);
    return result instanceof Promise ? result.then(finish) : finish(result);
  }

  /**
   * Calls `hook` before each `forward`.
   *
   * @returns A function that removes the hook.
   * @see torch.nn.Module.register_forward_pre_hook
   */
  registerForwardPreHook(hook: ForwardPreHook<this>): () => void {
    return addHook(this.#preHooks, hook as AnyHook);
  }

  /**
   * Calls `hook` after each `forward`, with its result; if that is a promise, with what it resolves to.
   *
   * @returns A function that removes the hook.
   * @see torch.nn.Module.register_forward_hook
   */
  registerForwardHook(hook: ForwardHook<this>): () => void {
    return addHook(this.#hooks, hook as AnyHook);
  }

  /**
   * Calls `hook` with each state that this module makes, its own and its children's part of it.
   *
   * @returns A function that removes the hook.
   * @see torch.nn.Module._register_state_dict_hook
   */
  registerStateDictHook(hook: StateDictHook<this>): () => void {
    return addHook(this.#stateHooks, hook as AnyHook);
  }

  /**
   * Calls `hook` before a state is loaded, wherever in the tree this module stands: for checkpoints of earlier versions. The state is a
   * copy that may be changed.
   *
   * @returns A function that removes the hook.
   * @see torch.nn.Module._register_load_state_dict_pre_hook
   */
  registerLoadStateDictPreHook(hook: LoadStateDictPreHook<this>): () => void {
    return addHook(this.#loadPreHooks, hook as AnyHook);
  }

  /**
   * Calls `hook` after a state was loaded into this module, or into one above it.
   *
   * @returns A function that removes the hook.
   * @see torch.nn.Module.register_load_state_dict_post_hook
   */
  registerLoadStateDictPostHook(hook: LoadStateDictPostHook<this>): () => void {
    return addHook(this.#loadPostHooks, hook as AnyHook);
  }

  // ── The tree ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** This module and all below it, each once, parents first. */
  modules(): Module<L>[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** Modules with their paths; this module's own is the empty one. @see torch.nn.Module.named_modules */
  namedModules({ removeDuplicate = true }: WalkOptions = {}): [path: string, module: Module<L>][] {
    return [...this.#walk("", new Set(), removeDuplicate)];
  }

  /** The modules right below this one, each once. */
  children(): Module<L>[] {
    return this.namedChildren().map(([, module]) => module);
  }

  namedChildren(): [name: string, module: Module<L>][] {
    const seen = new Set<unknown>();
    return this.#submodules().filter(([, module]) => !seen.has(module) && seen.add(module));
  }

  /** What this module and all below it learn, each once. */
  parameters(): MarkedLeaf<L>[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Parameters with their paths, such as `"0.weight"`. @see torch.nn.Module.named_parameters */
  namedParameters(options: WalkOptions = {}): [path: string, parameter: MarkedLeaf<L>][] {
    return this.#members((module) => module.#ownParameters(), options);
  }

  /** What this module and all below it remember without learning it, each once. */
  buffers(): L[] {
    return this.namedBuffers().map(([, buffer]) => buffer);
  }

  namedBuffers(options: WalkOptions = {}): [path: string, buffer: L][] {
    return this.#members((module) => module.#ownBuffers(), options);
  }

  /** The module at a path such as `"encoder.0"`; the empty path is this module. */
  getSubmodule(path: string): Module<L> {
    if (path === "") return this;
    return path.split(".").reduce<Module<L>>((module, name) => find("getSubmodule", path, module, name, module.#submodules()), this);
  }

  /** The parameter at a path such as `"encoder.0.weight"`. */
  getParameter(path: string): MarkedLeaf<L> {
    const at = path.lastIndexOf(".");
    const module = this.getSubmodule(path.slice(0, Math.max(at, 0)));
    return find("getParameter", path, module, path.slice(at + 1), module.#ownParameters());
  }

  /** The buffer at a path such as `"encoder.0.running_mean"`. */
  getBuffer(path: string): L {
    const at = path.lastIndexOf(".");
    const module = this.getSubmodule(path.slice(0, Math.max(at, 0)));
    return find("getBuffer", path, module, path.slice(at + 1), module.#ownBuffers());
  }

  /** Calls `visit` with every module, children before parents. Returns this module. @see torch.nn.Module.apply */
  apply(visit: (module: Module<L>) => void): this {
    this.#apply(visit, new Set());
    return this;
  }

  #apply(visit: (module: Module<L>) => void, above: Set<unknown>): void {
    if (above.has(this)) return;
    above.add(this);
    for (const child of this.children()) child.#apply(visit, above);
    above.delete(this);
    visit(this);
  }

  // ── Members with names that are not written in the class ─────────────────────────────────────────────────────────────────────

  /**
   * Adds what belongs to the state without being learned, such as running statistics, as the field `name`.
   *
   * @param options - `persistent: false` leaves it out of `stateDict()`.
   * @returns The value, so that it can stand at a field: `readonly mask = this.registerBuffer("mask", …)`.
   * @see torch.nn.Module.register_buffer
   */
  registerBuffer<B extends L | null>(name: string, value: B, { persistent = true }: { readonly persistent?: boolean } = {}): B {
    this.#define("registerBuffer", name, value);
    this.#buffers.set(name, { persistent });
    return value;
  }

  /** Adds a parameter as the field `name`; null says that there could be one. @see torch.nn.Module.register_parameter */
  registerParameter<P extends MarkedLeaf<L> | null>(name: string, parameter: P): P {
    if (parameter !== null && !isParameter(parameter)) throw new Error(`registerParameter: expected a parameter for "${name}", got another value; wrap it in new Parameter(…)`);
    this.#define("registerParameter", name, parameter);
    return parameter;
  }

  /** Adds a module as the field `name`. @see torch.nn.Module.register_module */
  registerModule<M extends Module<L>>(name: string, module: M): M {
    if (!(module instanceof Module)) throw new Error(`registerModule: expected a module for "${name}", got ${String(module)}`);
    this.#define("registerModule", name, module);
    return module;
  }

  #define(op: string, name: string, value: unknown): void {
    if (name === "" || name.includes(".")) throw new Error(`${op}: expected a name without dots, got "${name}"`);
    if (name in this && !isMember((this as Fields)[name])) throw new Error(`${op}: expected a name that is free, ${this.constructor.name} already has "${name}"; choose another`);
    (this as Fields)[name] = value;
  }

  /**
   * A module of the same class with the same fields, as `copy` makes each of them; hooks are not copied. The constructor of the class
   * does not run, so private `#fields` of its own are missing in the copy.
   */
  protected copyWith(copy: (value: unknown) => unknown): this {
    const made = Reflect.construct(Module, [], this.constructor) as this;
    for (const [name, value] of Object.entries(this)) (made as Fields)[name] = copy(value);
    for (const [name, options] of this.#buffers) made.#buffers.set(name, options);
    return made;
  }

  // ── State ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Parameters and persistent buffers by path, in PyTorch's order and under PyTorch's names. What is shared stands under each
   * of its names. The values share memory with the module: what is written to one is seen by the other.
   *
   * @see torch.nn.Module.state_dict
   */
  stateDict(): StateDict<L> {
    let state: Record<string, unknown> = Object.fromEntries(this.#stateMembers().map(([path, leaf]) => [path, leaf.detach()]));
    // Children first, as in PyTorch, where a parent sees what its children's hooks have made.
    for (const [path, module] of this.namedModules({ removeDuplicate: false }).reverse()) {
      for (const { hook } of module.#stateHooks) state = (hook(module, state, path === "" ? "" : `${path}.`) as Record<string, unknown> | undefined) ?? state;
    }
    return state as StateDict<L>;
  }

  /**
   * Takes over the values of a state, in place. If anything does not fit, nothing is taken over.
   *
   * @param options - `strict: false` loads what is there and returns what is missing or unexpected.
   * @throws {StateDictError} with all keys that are missing, unexpected or of another shape.
   * @see torch.nn.Module.load_state_dict
   */
  loadStateDict(given: Readonly<Record<string, unknown>>, { strict = true }: { readonly strict?: boolean } = {}): LoadResult {
    const tree = this.namedModules({ removeDuplicate: false });
    const state = tree.some(([, module]) => module.#loadPreHooks.size > 0) ? { ...given } : given;
    for (const [path, module] of tree) for (const { hook } of module.#loadPreHooks) hook(module, state, path === "" ? "" : `${path}.`);
    const members = this.#stateMembers();
    const known = new Set(members.map(([path]) => path));
    const missing = [...known].filter((path) => !Object.hasOwn(state, path));
    const unexpected = Object.keys(state).filter((path) => !known.has(path));
    const present = members.filter(([path]) => Object.hasOwn(state, path));
    const misshapen = present.flatMap(([path, leaf]) => {
      const [own, other] = [shapeText(leaf), shapeText(state[path])];
      return own === other ? [] : [`${path} expected ${own}, got ${other}`];
    });
    if (misshapen.length > 0 || (strict && missing.length + unexpected.length > 0)) {
      throw new StateDictError(this.constructor.name, missing, unexpected, misshapen);
    }
    for (const [path, leaf] of present) leaf[copyFrom](state[path]);
    for (const [, module] of tree) for (const { hook } of module.#loadPostHooks) hook(module, { missing, unexpected });
    return { missing, unexpected };
  }

  // ── Modes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sets this module and all below it to training, or to evaluation. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Sets this module and all below it to evaluation: dropout passes everything, normalisation uses running statistics. */
  eval(): this {
    return this.train(false);
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null;
  }

  /** Freezes all parameters, or lets them learn again. */
  requiresGrad_(requiresGrad = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = requiresGrad;
    return this;
  }

  // ── Printing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What stands between the brackets when this layer is printed: its arguments, in PyTorch's spelling. */
  extraRepr(): string {
    return "";
  }

  /** The children as they stand in the printed tree. */
  protected printedChildren(): [label: string, text: string][] {
    return this.#submodules().map(([name, module]) => [name, module.toString()]);
  }

  /** The tree as PyTorch prints it. */
  toString(): string {
    const extra = this.extraRepr();
    const own = extra === "" ? [] : extra.split("\n");
    const children = this.printedChildren().map(([label, text]) => `(${label}): ${text.replaceAll("\n", "\n  ")}`);
    if (own.length <= 1 && children.length === 0) return `${this.constructor.name}(${extra})`;
    return `${this.constructor.name}(\n${[...own, ...children].map((line) => `  ${line}\n`).join("")})`;
  }

  /** What Node's `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  // ── Walking ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Parents first. Unless duplicates are wanted `seen` is all that was met, else only the path: a module inside of itself ends the walk. */
  *#walk(path: string, seen: Set<unknown>, removeDuplicate: boolean): Generator<[string, Module<L>]> {
    if (seen.has(this)) return;
    seen.add(this);
    this.#warnOfStrays();
    yield [path, this];
    for (const [name, module] of this.#submodules()) yield* module.#walk(join(path, name), seen, removeDuplicate);
    if (!removeDuplicate) seen.delete(this);
  }

  #members<T>(membersOf: (module: Module<L>) => readonly [string, T][], { removeDuplicate = true }: WalkOptions): [string, T][] {
    const seen = new Set<T>();
    return this.namedModules({ removeDuplicate }).flatMap(([path, module]) =>
      membersOf(module).flatMap(([name, member]): [string, T][] => {
        if (removeDuplicate && seen.has(member)) return [];
        seen.add(member);
        return [[join(path, name), member]];
      }),
    );
  }

  #stateMembers(): [string, L][] {
    const persistent = (module: Module<L>) => module.#ownBuffers().filter(([name]) => module.#buffers.get(name)?.persistent);
    return this.#members((module): [string, L][] => [...module.#ownParameters(), ...persistent(module)], { removeDuplicate: false });
  }

  #submodules(): [string, Module<L>][] {
    return Object.entries(this).filter((field): field is [string, Module<L>] => field[1] instanceof Module);
  }

  #ownParameters(): [string, MarkedLeaf<L>][] {
    return Object.entries(this).filter((field): field is [string, MarkedLeaf<L>] => isParameter(field[1]));
  }

  #ownBuffers(): [string, L][] {
    return [...this.#buffers.keys()].flatMap((name): [string, L][] => {
      const value = (this as Fields)[name];
      return value === null || value === undefined ? [] : [[name, value as L]];
    });
  }

  /** Says once for each class and field that what it holds will be neither learned nor saved. */
  #warnOfStrays(): void {
    for (const [name, value] of Object.entries(this)) {
      const remedy = strayRemedy(name, value);
      if (remedy === null || this.#buffers.has(name)) continue;
      const warned = warnedOf(this.constructor);
      if (warned.has(name)) continue;
      warned.add(name);
      console.warn(`${this.constructor.name}: "${name}" is not part of the module's state; ${remedy}, or make it a private #field if that is meant`);
    }
  }
}

type Fields = Record<string, unknown>;

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

function find<T>(op: string, path: string, module: Module, name: string, members: readonly (readonly [string, T])[]): T {
  const found = members.find(([own]) => own === name);
  if (found !== undefined) return found[1];
  const names = members.length === 0 ? "nothing of that kind" : members.map(([own]) => own).join(", ");
  throw new Error(`${op}: expected "${path}" to lead there, but ${module.constructor.name} has no "${name}"; it has ${names}`);
}

function addHook(hooks: Hooks, hook: AnyHook): () => void {
  const entry = { hook };
  hooks.add(entry);
  return () => void hooks.delete(entry);
}

/** Whether a value has a shape, parts and values as tensors and scalars have. */
const isLeafLike = (value: unknown): boolean => typeof value === "object" && value !== null && copyFrom in value;

/** What may be replaced by a member of the same name. */
const isMember = (value: unknown): boolean => value === null || value === undefined || value instanceof Module || isLeafLike(value);

/** How to keep what a field holds, if the walk passes it by. */
function strayRemedy(name: string, value: unknown): string | null {
  if (Array.isArray(value)) {
    if (value.some((entry) => entry instanceof Module)) return "wrap the array in new ModuleList(…)";
    return value.some((entry) => isParameter(entry)) ? "give each parameter a field, or use registerParameter" : null;
  }
  return isLeafLike(value) && !isParameter(value) ? `use registerBuffer("${name}", …) or new Parameter(…)` : null;
}

const warnings = new WeakMap<object, Set<string>>();

function warnedOf(constructor: object): Set<string> {
  let warned = warnings.get(constructor);
  if (warned === undefined) warnings.set(constructor, (warned = new Set()));
  return warned;
}

/** The shape of a tensor, as `[2, 3]`. A scalar, like a number, has none. */
function shapeText(value: unknown): string {
  const shape = typeof value === "object" && value !== null && "shape" in value && Array.isArray(value.shape) ? value.shape : [];
  return `[${shape.join(", ")}]`;
}
