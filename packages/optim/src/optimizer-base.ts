/**
 * What all optimizers have in common, whatever they do at a step: groups of parameters with options of their own, what is
 * remembered for each parameter, saving and loading.
 *
 * @module
 */
import { copyFrom, update } from "@gradus/autograd";
import type { Leaf } from "@gradus/autograd";
import type { Tensor } from "@gradus/tensor-core";
import { checkNames, checkRanges } from "./check.js";

/** Parameters that are moved with the same options. The options may be changed between steps: `group.lr = 0.01`. */
export type ParamGroup<O extends object = object> = O & { params: Leaf[] };

/** Parameters, or groups of them with options that differ from the optimizer's. */
export type ParamsOf<O extends object> = Iterable<Leaf> | Iterable<Partial<O> & { readonly params: Iterable<Leaf> }>;

/** What is remembered for a parameter, by name. */
export type ParamState = Record<string, unknown>;

/** Options and memory of an optimizer in PyTorch's layout and under PyTorch's names; parameters are numbered. */
export interface OptimizerStateDict {
  readonly state: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly param_groups: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Parameters in groups and what is remembered of them. Learning-rate schedulers work on this.
 *
 * @typeParam O - The options that each group of parameters has.
 */
export abstract class OptimizerBase<O extends object = object> {
  readonly paramGroups: ParamGroup<O>[] = [];
  /** What is remembered for each parameter, once it was moved. */
  readonly state = new Map<Leaf, ParamState>();

  /** The options of groups that bring none. */
  readonly defaults: O;

  /**
   * @param defaults - Every option that there is, as it is where nobody says otherwise.
   * @param options - What the user says.
   */
  constructor(params: ParamsOf<O>, defaults: O, options?: Readonly<Partial<O>>) {
    checkNames(this.constructor.name, defaults, options ?? {});
    this.defaults = { ...defaults, ...options };
    const list = [...(params as Iterable<Leaf | (Partial<O> & { params: Iterable<Leaf> })>)];
    if (list.length === 0) throw new RangeError(`${this.constructor.name}: expected parameters, got none; pass net.parameters()`);
    const groups = list.every(isGroup<O>) ? list : [{ params: list as Leaf[] } as Partial<O> & { params: Leaf[] }];
    for (const group of groups) this.addParamGroup(group);
  }

  /**
   * Checks what the ranges of single options do not say.
   *
   * @throws {RangeError} if options do not go together.
   */
  protected validate(_group: O): void {
    // Most optimizers have nothing to add.
  }

  #check(group: O): void {
    checkRanges(this.constructor.name, group);
    this.validate(group);
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) for (const param of params) param.grad = null;
  }

  /** Adds parameters; options that the group does not bring are the optimizer's. */
  addParamGroup(group: Partial<O> & { readonly params: Iterable<Leaf> }): void {
    const complete: ParamGroup<O> = { ...this.defaults, ...group, params: [...group.params] };
    this.#check(complete);
    const known = new Set(this.paramGroups.flatMap(({ params }) => params));
    for (const param of complete.params) {
      checkLeaf(this.constructor.name, param);
      if (known.has(param)) throw new RangeError(`${this.constructor.name}: expected each parameter once, got one in two places; parameters() lists shared ones once`);
      known.add(param);
    }
    this.paramGroups.push(complete);
  }

  /**
   * Options and memory, in PyTorch's layout. Tensors in it are the optimizer's own: clone what shall not change at the next step.
   *
   * @see torch.optim.Optimizer.state_dict
   */
  stateDict(): OptimizerStateDict {
    const numbers = this.#numbers();
    const state = [...this.state].map(([param, pieces]) => [numbers.get(param), renamed(pieces, snakeCase)] as const);
    const groups = this.paramGroups.map((group) => ({ ...renamed(group, snakeCase), params: group.params.map((param) => numbers.get(param)) }));
    return { state: Object.fromEntries(state) as OptimizerStateDict["state"], param_groups: groups };
  }

  /**
   * Continues from a state that `stateDict()` or PyTorch has made. Tensors are copied to where the parameters are.
   *
   * @throws {RangeError} if the groups are not those of this optimizer.
   * @see torch.optim.Optimizer.load_state_dict
   */
  loadStateDict(saved: OptimizerStateDict): void {
    const sizes = (groups: readonly { readonly params?: unknown }[]): string => `[${groups.map(({ params }) => (Array.isArray(params) ? params.length : "?")).join(", ")}]`;
    const [own, given] = [sizes(this.paramGroups), sizes(saved.param_groups)];
    if (own !== given) throw new RangeError(`loadStateDict: expected groups of ${own} parameters, got ${given}; load what was saved from the same optimizer`);

    const paramOf = new Map<string, Leaf>();
    const groups = this.paramGroups.map((group, g): ParamGroup<O> => {
      const { params, ...options } = saved.param_groups[g] ?? {};
      group.params.forEach((param, i) => paramOf.set(String((params as unknown[])[i]), param));
      return { ...group, ...renamed(options, camelCase), params: group.params };
    });
    for (const group of groups) this.#check(group);
    this.paramGroups.splice(0, Infinity, ...groups);
    this.state.clear();
    for (const [number, pieces] of Object.entries(saved.state)) {
      const param = paramOf.get(number);
      if (param !== undefined) this.state.set(param, loadedState(pieces, param));
    }
  }

  #numbers(): ReadonlyMap<Leaf, number> {
    return new Map(this.paramGroups.flatMap(({ params }) => params).map((param, i) => [param, i]));
  }

  /** The options of each group, laid out as PyTorch prints them. */
  toString(): string {
    const groups = this.paramGroups.map(({ params: _, ...options }, i) => {
      const lines = Object.entries(options).map(([name, value]) => `    ${name}: ${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)}`);
      return [`Parameter Group ${i}`, ...lines.sort()].join("\n");
    });
    return `${this.constructor.name} (\n${groups.join("\n\n")}\n)`;
  }

  /** What Node's `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

const isGroup = <O extends object>(entry: Leaf | (Partial<O> & { params: Iterable<Leaf> })): entry is Partial<O> & { params: Iterable<Leaf> } =>
  typeof entry === "object" && "params" in entry;

function checkLeaf(name: string, param: unknown): void {
  if (typeof param !== "object" || param === null || !(update in param)) {
    throw new TypeError(`${name}: expected parameters, got ${param === null ? "null" : typeof param}; pass net.parameters()`);
  }
  // Tensors say it in a property, scalars in a method.
  const { isLeaf } = param as { isLeaf?: boolean | (() => boolean) };
  if (isLeaf === false || (typeof isLeaf === "function" && !isLeaf.call(param))) {
    throw new TypeError(`${name}: expected leaves, got the result of an operation, which moves by itself when it is computed again; pass what it was computed from`);
  }
}

// A capital at the beginning stays, as in PyTorch's `H_diag`.
const snakeCase = (name: string): string => name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelCase = (name: string): string => name.replace(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const renamed = (entries: object, rename: (name: string) => string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(entries).map(([name, value]) => [rename(name), value as unknown]));

/** What optimizers remember as plain numbers where PyTorch may keep a tensor without dimensions. */
const plainNumbers: ReadonlySet<string> = new Set(["step", "muProduct", "eta", "mu", "t", "H_diag", "ro", "prevLoss"]);

/** What was saved for a parameter, as this optimizer's own; PyTorch writes null for what does not exist yet. */
function loadedState(pieces: Readonly<Record<string, unknown>>, param: Leaf): ParamState {
  const { dtype, device } = param as unknown as Pick<Tensor, "dtype" | "device">;
  const load = (name: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((item) => load(name, item));
    if (!isTensor(value)) return value;
    return plainNumbers.has(name) ? value.itemSync() : value.detach().to(dtype).to(device).clone();
  };
  const entries = Object.entries(renamed(pieces, camelCase)).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([name, value]) => [name, load(name, value)]));
}

/** Told by its members, so that scalars can be moved without loading any code for tensors. */
const isTensor = (value: unknown): value is Tensor => typeof value === "object" && value !== null && copyFrom in value && "dtype" in value;
