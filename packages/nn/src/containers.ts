import type { Tensor } from "@gradus/tensor-core";
import { ArgumentError } from "@gradus/tensor-core";
import type { Module as AnyModule } from "./module.js";
import { Module, Parameter } from "./tensor-module.js";

/*
 * Containers hold modules as their own properties, `net[0]` or `dict.encoder`, so that the tree needs no other place to look. Each
 * is a class, and is exported under a type that also knows which module stands at which property. Subclasses extend the plain class:
 * the other signature has no default for its type parameter, and an `extends` clause gives it none.
 */

/** Any module of tensors. */
type TensorModule = AnyModule<Tensor>;
type Modules = readonly TensorModule[];
type NamedModules = Readonly<Record<string, TensorModule>>;

/** A module whose members are its own properties 0, 1, 2, … */
abstract class Indexed<T extends TensorModule | Parameter> extends Module {
  /** Gives the member its place in the tree. */
  protected abstract register(name: string, member: T): void;

  get length(): number {
    let count = 0;
    while (Object.hasOwn(this, count)) count++;
    return count;
  }

  /** Adds a member at the end. */
  append(member: T): this {
    this.register(String(this.length), member);
    return this;
  }

  /** Adds members at the end. */
  extend(members: Iterable<T>): this {
    for (const member of members) this.append(member);
    return this;
  }

  /** The member at an index; negative ones count from the end. */
  at(index: number): T {
    const member = (this as unknown as Readonly<Record<number, T>>)[index < 0 ? this.length + index : index];
    if (member === undefined) throw new ArgumentError(`${this.constructor.name}: expected an index from ${-this.length} to ${this.length - 1}, got ${index}`);
    return member;
  }

  /** Puts a member before the one at an index. */
  insert(index: number, member: T): this {
    const members = [...this];
    members.splice(index, 0, member);
    return this.replace(members);
  }

  /** Takes a member out, the last one unless told. */
  pop(index = -1): T {
    const member = this.at(index);
    this.replace([...this].filter((_, i, { length }) => i !== (index < 0 ? length + index : index)));
    return member;
  }

  protected replace(members: readonly T[]): this {
    for (let i = this.length - 1; i >= 0; i--) Reflect.deleteProperty(this, i);
    return this.extend(members);
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; Object.hasOwn(this, i); i++) yield (this as unknown as Readonly<Record<number, T>>)[i]!;
  }
}

/** Modules as properties 0, 1, 2, … */
abstract class IndexedModules<M extends TensorModule> extends Indexed<M> {
  constructor(modules: Iterable<M>) {
    super();
    this.extend(modules);
  }

  protected override register(name: string, module: M): void {
    this.registerModule(name, module);
  }
}

/** What a chain gives: a promise, if the `forward` of one of its modules is async. */
type Output<M extends Modules> = true extends { readonly [K in keyof M]: IsPromise<ReturnType<M[K]["forward"]>> }[number] ? Promise<Tensor> : Tensor;
/** Of a module that is not known better, whose result is `any`, it is not expected. */
type IsPromise<R> = 0 extends 1 & R ? false : R extends Promise<unknown> ? true : false;

class SequentialModule<M extends Modules = TensorModule[]> extends IndexedModules<TensorModule> {
  static override readonly name = "Sequential";

  constructor(...modules: M) {
    super(modules);
  }

  /** The modules from `start` to before `end`, shared with this chain; negative indices count from the end. */
  slice(start?: number, end?: number): Sequential {
    return new Sequential(...[...this].slice(start, end));
  }

  forward(x: Tensor): Output<M> {
    let result: unknown = x;
    for (const module of this) result = result instanceof Promise ? result.then((y) => module.call(y) as unknown) : module.call(result);
    return result as Output<M>;
  }
}

class ModuleListModule<M extends TensorModule = TensorModule> extends IndexedModules<M> {
  static override readonly name = "ModuleList";

  constructor(modules: Iterable<M> = []) {
    super(modules);
  }

  /** The modules from `start` to before `end`, shared with this list; negative indices count from the end. */
  slice(start?: number, end?: number): ModuleList<M> {
    return new ModuleList([...this].slice(start, end));
  }

  /** Equal neighbours stand in one line, as PyTorch 2 prints them: `(0-2): 3 x Linear(…)`. */
  protected override printedChildren(): [label: string, text: string][] {
    const runs: { first: number; last: number; text: string }[] = [];
    for (const [i, [, text]] of super.printedChildren().entries()) {
      const run = runs.at(-1);
      if (run?.text === text) run.last = i;
      else runs.push({ first: i, last: i, text });
    }
    return runs.map(({ first, last, text }) => (first === last ? [String(first), text] : [`${first}-${last}`, `${last - first + 1} x ${text}`]));
  }

  forward(): never {
    throw new ArgumentError("ModuleList: expected a call of one of its modules, got a call of the list; run through it in forward, or use Sequential");
  }
}

class ModuleDictModule<N extends NamedModules = NamedModules> extends Module {
  static override readonly name = "ModuleDict";

  constructor(modules?: N) {
    super();
    for (const [name, module] of Object.entries(modules ?? {})) this.set(name, module);
  }

  /** Adds a module, or replaces the one of that name. */
  set(name: string, module: TensorModule): this {
    this.registerModule(name, module);
    return this;
  }

  get(name: string): N[string] | undefined {
    return new Map(this.entries()).get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  keys(): string[] {
    return this.entries().map(([name]) => name);
  }

  entries(): [name: string, module: N[string]][] {
    return Object.entries(this).filter((field): field is [string, N[string]] => field[1] instanceof Module);
  }

  /** Adds modules, or replaces those of their names. */
  update(modules: Readonly<Record<string, TensorModule>>): this {
    for (const [name, module] of Object.entries(modules)) this.set(name, module);
    return this;
  }

  /** Takes a module out; whether there was one. */
  delete(name: string): boolean {
    return this.has(name) && Reflect.deleteProperty(this, name);
  }

  values(): N[string][] {
    return this.entries().map(([, module]) => module);
  }

  forward(): never {
    throw new ArgumentError("ModuleDict: expected a call of one of its modules, got a call of the dictionary; choose one in forward");
  }
}

class ParameterListModule extends Indexed<Parameter> {
  static override readonly name = "ParameterList";

  constructor(parameters: Iterable<Tensor> = []) {
    super();
    for (const parameter of parameters) this.append(asParameter(parameter));
  }

  protected override register(name: string, parameter: Parameter): void {
    this.registerParameter(name, asParameter(parameter));
  }

  override extraRepr(): string {
    return [...this].map((parameter, i) => describe(String(i), parameter.dtype, parameter)).join("\n");
  }

  forward(): never {
    throw new ArgumentError("ParameterList: expected its parameters to be used, got a call of the list; run through it in forward");
  }
}

class ParameterDictModule<N extends NamedTensors = NamedTensors> extends Module {
  static override readonly name = "ParameterDict";

  constructor(parameters?: N) {
    super();
    this.update(parameters ?? {});
  }

  /** Adds a parameter, or replaces the one of that name; a plain tensor becomes a parameter. */
  set(name: string, parameter: Tensor): this {
    this.registerParameter(name, asParameter(parameter));
    return this;
  }

  update(parameters: NamedTensors): this {
    for (const [name, parameter] of Object.entries(parameters)) this.set(name, parameter);
    return this;
  }

  get(name: string): Parameter | undefined {
    return new Map(this.entries()).get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Takes a parameter out; whether there was one. */
  delete(name: string): boolean {
    return this.has(name) && Reflect.deleteProperty(this, name);
  }

  keys(): string[] {
    return this.entries().map(([name]) => name);
  }

  values(): Parameter[] {
    return this.entries().map(([, parameter]) => parameter);
  }

  entries(): [name: string, parameter: Parameter][] {
    return Object.entries(this).filter((field): field is [string, Parameter] => field[1] instanceof Parameter);
  }

  override extraRepr(): string {
    return this.entries().map(([name, parameter]) => describe(name, classOf[parameter.dtype] ?? parameter.dtype, parameter)).join("\n");
  }

  forward(): never {
    throw new ArgumentError("ParameterDict: expected its parameters to be used, got a call of the dictionary; choose one in forward");
  }
}

type NamedTensors = Readonly<Record<string, Tensor>>;

const asParameter = (value: Tensor): Parameter => (value instanceof Parameter ? (value) : new Parameter(value));

/** PyTorch indents what is in these containers once more. */
const describe = (name: string, type: string, { shape }: Tensor): string => `  (${name}): Parameter containing: [torch.${type} of size ${shape.join("x")}]`;

/** What PyTorch calls tensors of an element type, where it goes by the class. */
const classOf: Readonly<Record<string, string>> = { float32: "FloatTensor", float64: "DoubleTensor", float16: "HalfTensor", bfloat16: "BFloat16Tensor" };

/** The modules as properties 0, 1, …, each of its own type where the compiler knows how many there are. */
type Elements<M extends Modules> = { readonly [index: number]: M[number] } & { readonly [K in keyof M & `${number}`]: M[K] };

/**
 * Modules one after another: each is called with the result of the one before. The modules are also properties, `net[0]`.
 *
 * @see torch.nn.Sequential
 * @example
 * const net = new Sequential(new Linear(4, 3), new ReLU(), new Linear(3, 2));
 * net.call(ones([5, 4])).shape; // [5, 2]
 * net[2].weight.shape; // [2, 3]
 * console.log(net); // Sequential(
 *                   //   (0): Linear(in_features=4, out_features=3, bias=True)
 *                   //   (1): ReLU()
 *                   //   (2): Linear(in_features=3, out_features=2, bias=True)
 *                   // )
 */
export const Sequential = SequentialModule as (new <const M extends Modules>(...modules: M) => Sequential<M>) & typeof SequentialModule;
export type Sequential<M extends Modules = TensorModule[]> = SequentialModule<M> & Elements<M>;

/**
 * Modules in a list, for a `forward` that runs through them itself. They are also properties, `list[0]`.
 *
 * @see torch.nn.ModuleList
 * @example
 * const layers = new ModuleList([new Linear(4, 4), new Linear(4, 4)]);
 * let x = ones([1, 4]);
 * for (const layer of layers) x = layer.call(x).relu();
 * layers.length; // 2
 */
export const ModuleList = ModuleListModule as (new <M extends TensorModule>(modules?: Iterable<M>) => ModuleList<M>) & typeof ModuleListModule;
export type ModuleList<M extends TensorModule = TensorModule> = ModuleListModule<M> & Elements<M[]>;

/**
 * Modules by name. They are also properties, `dict.encoder`. Unlike torch, names that look like whole numbers come first and in
 * ascending order: so JavaScript orders properties.
 *
 * @see torch.nn.ModuleDict
 * @example
 * const heads = new ModuleDict({ color: new Linear(4, 3), size: new Linear(4, 1) });
 * heads.color.call(ones([1, 4])).shape; // [1, 3]
 * heads.keys(); // ["color", "size"]
 */
export const ModuleDict = ModuleDictModule as (new <N extends NamedModules>(modules?: N) => ModuleDict<N>) & typeof ModuleDictModule;
export type ModuleDict<N extends NamedModules = NamedModules> = ModuleDictModule<N> & N;

/**
 * Parameters in a list. They are also properties, `list[0]`; plain tensors become parameters.
 *
 * @see torch.nn.ParameterList
 * @example
 * const scales = new ParameterList([ones([2]), ones([3])]);
 * scales[1]?.shape; // [3]
 * scales.parameters().length; // 2
 */
export const ParameterList = ParameterListModule as (new (parameters?: Iterable<Tensor>) => ParameterList) & typeof ParameterListModule;
export type ParameterList = ParameterListModule & { readonly [index: number]: Parameter };

/**
 * Parameters by name. They are also properties, `dict.left`; plain tensors become parameters.
 *
 * @see torch.nn.ParameterDict
 * @example
 * const scales = new ParameterDict({ left: ones([2]), right: ones([3]) });
 * scales.right.shape; // [3]
 * scales.keys(); // ["left", "right"]
 */
export const ParameterDict = ParameterDictModule as (new <N extends NamedTensors>(parameters?: N) => ParameterDict<N>) & typeof ParameterDictModule;
export type ParameterDict<N extends NamedTensors = NamedTensors> = ParameterDictModule<N> & { readonly [K in keyof N]: Parameter };
