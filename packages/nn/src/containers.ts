import type { Tensor } from "@gradus/tensor-core";
import { ArgumentError } from "@gradus/tensor-core";
import type { Module as AnyModule } from "./module.js";
import { Module } from "./tensor-module.js";

/*
 * Containers hold modules as their own properties, `net[0]` or `dict.encoder`, so that the tree needs no other place to look. Each
 * is a class, and is exported under a type that also knows which module stands at which property. Subclasses extend the plain class:
 * the other signature has no default for its type parameter, and an `extends` clause gives it none.
 */

/** Any module of tensors. */
type TensorModule = AnyModule<Tensor>;
type Modules = readonly TensorModule[];
type NamedModules = Readonly<Record<string, TensorModule>>;

/** A module whose children are its own properties 0, 1, 2, … */
abstract class Indexed<M extends TensorModule> extends Module {
  #length = 0;

  constructor(modules: Iterable<M>) {
    super();
    this.extend(modules);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a module at the end. */
  append(module: M): this {
    this.registerModule(String(this.#length), module);
    this.#length++;
    return this;
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module);
    return this;
  }

  /** The module at an index; negative ones count from the end. */
  at(index: number): M {
    const module = (this as unknown as Readonly<Record<number, M>>)[index < 0 ? this.#length + index : index];
    if (module === undefined) throw new ArgumentError(`${this.constructor.name}: expected an index from ${-this.#length} to ${this.#length - 1}, got ${index}`);
    return module;
  }

  *[Symbol.iterator](): Generator<M> {
    for (let i = 0; i < this.#length; i++) yield this.at(i);
  }
}

class SequentialModule<M extends Modules = TensorModule[]> extends Indexed<TensorModule> {
  static override readonly name = "Sequential";

  constructor(...modules: M) {
    super(modules);
  }

  forward(x: Tensor): Tensor {
    let result = x;
    for (const module of this) result = module.call(result) as Tensor;
    return result;
  }
}

class ModuleListModule<M extends TensorModule = TensorModule> extends Indexed<M> {
  static override readonly name = "ModuleList";

  constructor(modules: Iterable<M> = []) {
    super(modules);
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

  forward(): never {
    throw new ArgumentError("ModuleDict: expected a call of one of its modules, got a call of the dictionary; choose one in forward");
  }
}

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
