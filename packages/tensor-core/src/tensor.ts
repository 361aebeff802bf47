import type { Edge, GradientHook, GradNode } from "@gradus/autograd";
import { GradientHooks } from "@gradus/autograd";
import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { AccumulateNode, accumulateInto } from "./autograd/accumulate.js";
import { anomalyWatch } from "./autograd/anomaly-watch.js";
import type { BackwardOptions } from "./autograd/backward.js";
import { backward } from "./autograd/backward.js";
import { asStridedEdge } from "./autograd/in-place.js";
import { isGradEnabled, isInferenceModeEnabled } from "./autograd/mode.js";
import { OpNode } from "./autograd/op-node.js";
import { awaitedValues } from "./awaited-reads.js";
import type { Device } from "./device.js";
import { deferred } from "./kernels/deferred.js";
import { ArgumentError, AutogradError, DeviceError, DisposedError, DTypeError, ShapeError } from "./errors.js";
import { Layout } from "./layout.js";
import { letGo, outsideSweeps } from "./memory.js";

import { describeTensor } from "./print.js";
import type { Shape } from "./shape.js";
import { resolveDim, sameShape, showShape } from "./shape.js";
import type { Storage, Versioned } from "./storage.js";
import type { TypedArray, TypedArrays } from "./typed-array.js";
import { decodeBytes, widthOf } from "./typed-array.js";
import type { NestedArray, TypeBrand } from "./types.js";
import { clone } from "./ops/elementwise.js";

/** A differentiable view remembers the tensor it looks at, so that writing through one is seen by the other. */
interface ViewOf {
  readonly base: Tensor;
  /** The base's history when this view's own was made. If the base has another one now, the view's is stale. */
  seen: Edge<Tensor> | null;
  /**
   * Whether recorded writes through this view may give the base a new history. Not where the view itself was made without recording:
   * what the base is to this view is then not known to the graph.
   */
  readonly recorded: boolean;
}

declare const brand: unique symbol;

declare global {
  /** Empty where tensors have no methods but their own; `methods.ts` fills it where it is part of the program. */
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is filled elsewhere
  interface GradusTensorMethods {}
}

/**
 * An n-dimensional array of one element type on one device, which can take part in differentiation.
 *
 * A tensor is a layout (shape, strides, offset) over a storage; views share the storage of the tensor that they were
 * made from. The type parameters are for the reader and for opt-in checks: a bare `Tensor` goes everywhere.
 *
 * @see torch.Tensor
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * x.matmul(x).sum().itemSync(); // 54
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- methods are in the type where they are in the class: methods.ts does both
export class Tensor<D extends DType = DType, S extends Shape = Shape> {
  #grad: Tensor | null = null;
  #history: Edge<Tensor> | null = null;
  #leaf: AccumulateNode | null = null;
  #viewOf: ViewOf | null = null;
  /** Ends what `retainGrad` began; null where it was not called. */
  #endRetaining: (() => void) | null = null;

  /** @internal Ops make tensors; users call `tensor`, `zeros` and the like. */
  constructor(
    /** The storage, typed and versioned. `storage()` is the public name. @internal */
    readonly elements: Storage,
    readonly layout: Layout,
    /** What counts the writes to the elements: shared by views and `detach()`, not by `.data`. @internal */
    readonly versioned: Versioned = elements,
  ) {}

  // Shape and place

  get shape(): Shape {
    return this.layout.shape;
  }
  get dtype(): DType {
    return this.elements.dtype;
  }
  get device(): Device {
    return this.elements.device;
  }
  /** Number of dimensions. */
  get ndim(): number {
    return this.layout.shape.length;
  }
  /** Number of elements. */
  numel(): number {
    return this.layout.numel;
  }
  /** Number of elements. */
  get length(): number {
    const [first] = this.shape;
    if (first === undefined) throw new ShapeError("length: expected a tensor with a dimension, got a scalar; use numel()");
    return first;
  }
  /** The shape, or one of its sizes. @see torch.Tensor.size */
  size(): Shape;
  size(dim: number): number;
  size(dim?: number): Shape | number {
    return dim === undefined ? this.shape : (this.shape[resolveDim("size", dim, this.ndim)] ?? 1);
  }
  /** Elements between neighbours along each dimension, or along one. @see torch.Tensor.stride */
  stride(): readonly number[];
  stride(dim: number): number;
  stride(dim?: number): readonly number[] | number {
    return dim === undefined ? this.layout.strides : (this.layout.strides[resolveDim("stride", dim, this.ndim)] ?? 0);
  }
  /** What views share: two tensors with one storage see each other's writes. @see torch.Tensor.storage */
  storage(): Storage {
    return this.elements;
  }
  /** Index of the first element in the storage. @see torch.Tensor.storage_offset */
  storageOffset(): number {
    return this.layout.offset;
  }
  /** Whether the elements lie row-major without gaps. @see torch.Tensor.is_contiguous */
  isContiguous(): boolean {
    return this.layout.isContiguous;
  }
  isFloatingPoint(): boolean {
    return dtypeInfo[this.elements.dtype].kind === "float";
  }

  // Differentiation

  /**
   * What `backward()` has accumulated here: on leaves, and on others after `retainGrad()`. A gradient that is let go inside of a scope, as
   * `zeroGrad()` does, ends with that scope.
   */
  get grad(): Tensor | null {
    return this.#grad;
  }
  set grad(value: Tensor | null) {
    const before = this.#grad;
    if (before === value) return;
    this.#grad = value;
    if (before?.elements.isGradient === true) letGo(before.elements);
    // Assigned by hand it may be another tensor's as well.
    if (value !== null) value.elements.isGradient = false;
  }

  /** Takes a gradient that nobody else has. @internal */
  takeGradient(value: Tensor): void {
    this.grad = value;
    value.elements.isGradient = true;
  }

  /** Whether ops on this tensor are recorded. */
  get requiresGrad(): boolean {
    return this.#leaf !== null || this.edge !== null;
  }
  set requiresGrad(value: boolean) {
    this.requiresGrad_(value);
  }

  /**
   * Makes this leaf require a gradient, or no longer.
   *
   * @throws {DTypeError} if the elements are not floating.
   * @throws {AutogradError} if it is not a leaf and `value` is false.
   * @see torch.Tensor.requires_grad_
   */
  requiresGrad_(value = true): this {
    if (value && !this.isFloatingPoint()) throw new DTypeError(`requiresGrad_: expected a floating tensor, got ${this.dtype}; convert it with to("float32")`);
    if (value && this.elements.inference && !isInferenceModeEnabled()) {
      throw new AutogradError("requiresGrad_: expected a tensor that a backward pass may use, got one that was made in inferenceMode; clone() it first");
    }
    if (this.#history !== null) {
      if (!value) throw new AutogradError("requiresGrad_: expected a leaf, got the result of an op; use detach() for a tensor without history");
      return this;
    }
    this.#leaf = value ? (this.#leaf ?? new AccumulateNode(this)) : null;
    return this;
  }

  /** Whether this tensor was made by the user and not by a recorded op. */
  get isLeaf(): boolean {
    return this.history === null;
  }

  /** Whether this tensor was made in `inferenceMode`. @see torch.Tensor.is_inference */
  isInference(): boolean {
    return this.elements.inference;
  }

  /** The node that made this tensor; null on leaves. @see torch.Tensor.grad_fn */
  get gradFn(): GradNode<Tensor> | null {
    return this.history?.node ?? null;
  }

  /** Where gradients of this tensor go: to the op that made it, or to its own `grad`. Null if it needs none. @internal */
  get edge(): Edge<Tensor> | null {
    if (this.#leaf !== null) return this.#leaf.edge;
    return this.#viewOf === null ? this.#history : this.history;
  }

  /** @internal */
  get history(): Edge<Tensor> | null {
    const view = this.#viewOf;
    if (view?.recorded === true && view.base.edge !== view.seen) {
      view.seen = view.base.edge;
      this.#history = asStridedEdge(view.base, this.layout);
    }
    return this.#history;
  }

  /** @internal */
  setHistory(edge: Edge<Tensor>): void {
    this.#leaf = null;
    this.#history = edge;
    anomalyWatch?.noteResult(this, edge.node);
    if (this.#endRetaining !== null) this.#retain();
    if (this.#viewOf !== null) this.#viewOf.seen = this.#viewOf.base.edge;
  }

  /** @internal */
  get viewOf(): ViewOf | null {
    return this.#viewOf;
  }

  /** Writes so far. @internal */
  get version(): number {
    return this.versioned.version;
  }

  /**
   * Computes the gradient of this tensor with respect to every leaf it depends on and adds it to their `grad`.
   *
   * @param gradient - ∂L/∂this, of this tensor's shape; 1 when this is a scalar.
   * @throws {AutogradError} if nothing was recorded, or this is not a scalar and no gradient is given.
   * @see torch.Tensor.backward
   * @example
   * const x = tensor([2], { requiresGrad: true });
   * x.mul(x).sum().backward();
   * x.grad?.toArraySync(); // [4]
   */
  backward(gradient?: Tensor | null, options?: BackwardOptions): void {
    backward(this, gradient, options);
  }

  /**
   * Keeps the gradient of a tensor that is not a leaf in `grad` as well: as all hooks have left it, and added to what earlier passes left
   * there. Leaves do so anyway.
   *
   * @throws {AutogradError} if this tensor does not require a gradient.
   * @see torch.Tensor.retain_grad
   */
  retainGrad(): void {
    if (!this.requiresGrad) throw new AutogradError("retainGrad: expected a tensor that requires grad, got one that does not");
    if (!this.isLeaf && this.#endRetaining === null) this.#retain();
  }

  /** Whether `retainGrad` was called on this tensor, which is not a leaf. @see torch.Tensor.retains_grad */
  get retainsGrad(): boolean {
    return this.#endRetaining !== null;
  }

  /** An in-place op gives this tensor another history, and its gradient is from then on that of the new value. */
  #retain(): void {
    this.#endRetaining?.();
    const { edge } = this;
    if (edge === null) return;
    this.#endRetaining = hooksOf(edge).observe(edge.slot, (grad) => { accumulateInto(this, grad); });
  }

  /**
   * Calls `hook` with each gradient that is computed for this tensor, before it is used. Hooks are called in the order in which they were
   * added; a tensor that one returns takes the gradient's place. After an in-place op a hook added before it still sees the
   * gradient of the value that was there.
   *
   * @returns A function that removes the hook.
   * @throws {AutogradError} if this tensor does not require a gradient; in the backward pass, if the hook returns a tensor of another
   *   shape, element type or device.
   * @see torch.Tensor.register_hook
   * @example
   * const x = tensor([1, 2], { requiresGrad: true });
   * const remove = x.registerHook((grad) => grad.mul(10));
   * x.sum().backward();
   * x.grad?.toArraySync(); // [10, 10]
   * remove();
   */
  registerHook(hook: GradientHook<Tensor>): () => void {
    const { edge } = this;
    if (edge === null) throw new AutogradError("registerHook: expected a tensor that requires grad, got one that does not");
    return hooksOf(edge).add(edge.slot, (grad) => {
      // The hook may keep what it is handed.
      grad.elements.scope = null;
      const replacement = outsideSweeps(() => hook(grad));
      if (replacement === undefined) return undefined;
      if (!(replacement instanceof Tensor)) throw new AutogradError(`registerHook: expected a hook that returns a tensor or nothing, got ${typeof replacement}; await outside of the hook`);
      if (!sameShape(replacement.shape, grad.shape) || replacement.dtype !== grad.dtype || replacement.device !== grad.device) {
        throw new AutogradError(`registerHook: expected a hook that returns a gradient like the one it is given, ${describeKind(grad)}, got ${describeKind(replacement)}`);
      }
      return replacement;
    });
  }

  /**
   * Calls `hook` with this leaf whenever a backward pass has added to its `grad`: the place for an optimizer's step inside of the pass,
   * which may then set `grad` to null so that not all gradients exist at once.
   *
   * @returns A function that removes the hook.
   * @throws {AutogradError} if this is not a leaf that requires a gradient.
   * @see torch.Tensor.register_post_accumulate_grad_hook
   * @example
   * const w = tensor([1, 2], { requiresGrad: true });
   * w.registerPostAccumulateGradHook((p) => {
   *   p.data.sub_(p.grad!);
   *   p.grad = null;
   * });
   * w.sum().backward();
   * w.toArraySync(); // [0, 1]
   */
  registerPostAccumulateGradHook(hook: (leaf: Tensor) => void): () => void {
    if (this.#leaf === null) throw new AutogradError("registerPostAccumulateGradHook: expected a leaf that requires grad, got a tensor that is not one; use registerHook for results of ops");
    return this.#leaf.addAfterwards(hook);
  }

  /** The same elements without history. In-place changes are seen by both, and counted for both. @see torch.Tensor.detach */
  detach(): Tensor<D, S> {
    return new Tensor(this.elements, this.layout, this.versioned);
  }

  /**
   * The same elements outside of differentiation: what is written through it is not noticed by autograd. An assignment
   * makes this tensor an alias of another one, of whatever shape, element type and device that has.
   *
   * @throws {DTypeError} on assignment, if this tensor requires grad and the other one is not floating.
   * @see torch.Tensor.data
   * @example
   * const w = ones([2], { requiresGrad: true });
   * w.data.set([0], 99);
   * w.toArraySync(); // [99, 1]
   */
  get data(): Tensor<D, S> {
    return new Tensor(this.elements, this.layout, { version: 0 });
  }
  set data(source: Tensor) {
    source.checkUsable("data");
    if (this.requiresGrad && !source.isFloatingPoint()) throw new DTypeError(`data: expected floating elements for a tensor that requires grad, got ${source.dtype}; convert them with to("${this.dtype}")`);
    const own = this as { elements: Storage; layout: Layout; versioned: Versioned };
    own.elements = source.elements;
    own.layout = source.layout;
    own.versioned = { version: 0 };
  }

  /** A view of this tensor's storage under another layout; `vjp` turns its gradient into this tensor's. @internal */
  makeView(name: string, layout: Layout, vjp: (grad: Tensor) => Tensor): Tensor {
    this.checkUsable(name);
    const view = new Tensor(this.elements, layout, this.versioned);
    if (!this.isFloatingPoint()) return view;
    const base = this.#viewOf?.base ?? this;
    const recording = isGradEnabled();
    const edge = recording ? this.edge : null;
    if (edge !== null) view.#history = { node: new OpNode(name, [edge], ([g]) => [g === null || g === undefined ? null : (): Tensor => vjp(g)]), slot: 0 };
    view.#viewOf = { base, seen: recording ? base.edge : null, recorded: recording && this.#viewOf?.recorded !== false };
    return view;
  }

  /** This tensor as it is now, for the history of an op that is about to overwrite it. @internal */
  asItWas(keepValues: boolean): Tensor {
    const { edge } = this;
    const before = keepValues ? clone(this.detach()) : this.detach();
    if (edge !== null) before.#history = edge;
    return before;
  }

  // Values

  /** Throws unless the elements are still there. @internal */
  checkUsable(op: string): void {
    if (this.elements.buffer === null) {
      if (deferred.has(this.elements)) {
        throw new ArgumentError(`fuse: expected elementwise operations, got ${op} of what the fused function has computed, or after its end; take it out of the function`);
      }
      throw new DisposedError(`${op}: expected a live tensor, the ${this.dtype} tensor of shape ${showShape(this.shape)} was disposed`);
    }
  }

  /**
   * The elements in row-major order, as a typed array that the caller owns.
   *
   * @throws {DisposedError} after `dispose()`.
   */
  async read<T extends Tensor>(this: T): Promise<ArrayOf<T>> {
    this.checkUsable("read");
    const { elements, layout } = contiguousForReading(this);
    const { device, buffer } = elements;
    const width = widthOf(this.dtype);
    // A view without elements may point behind the end of its storage.
    const bytes = buffer === null || layout.numel === 0 ? new Uint8Array(0) : await device.backend.read(buffer, layout.offset * width, layout.numel * width);
    await device.memory.atAwait();
    return decodeBytes(this.dtype, bytes) as ArrayOf<T>;
  }

  /**
   * The elements at once, where the device can.
   *
   * @throws {DeviceError} where it cannot; use `await t.read()`.
   */
  readSync<T extends Tensor>(this: T): ArrayOf<T> {
    this.checkUsable("readSync");
    const { backend, name } = this.device;
    if (backend.readSync === undefined) {
      const values = awaitedValues(this);
      if (values === null) throw new DeviceError(`readSync: expected a device that can read at once, got "${name}"; use \`await t.read()\`, or run this in awaitReads()`);
      return values as ArrayOf<T>;
    }
    const { elements, layout } = contiguousForReading(this);
    const width = widthOf(this.dtype);
    const bytes = elements.buffer === null || layout.numel === 0 ? new Uint8Array(0) : backend.readSync(elements.buffer, layout.offset * width, layout.numel * width);
    return decodeBytes(this.dtype, bytes) as ArrayOf<T>;
  }

  /** The only element: a bigint for int64, a boolean for bool, else a number. @see torch.Tensor.item */
  async item<T extends Tensor>(this: T): Promise<ItemOf<T>> {
    checkSingle("item", this);
    return itemOf(this.dtype, (await this.read())[0] ?? 0) as ItemOf<T>;
  }

  /** The only element at once, where the device can. */
  itemSync<T extends Tensor>(this: T): ItemOf<T> {
    checkSingle("itemSync", this);
    return itemOf(this.dtype, this.readSync()[0] ?? 0) as ItemOf<T>;
  }

  /** The elements as nested arrays; a scalar gives its value. @see torch.Tensor.tolist */
  async toArray(): Promise<NestedArray> {
    return nest(this.dtype, this.shape, await this.read());
  }

  /** The elements as nested arrays at once, where the device can. */
  toArraySync(): NestedArray {
    return nest(this.dtype, this.shape, this.readSync());
  }

  /** Frees the storage now; every view of it is unusable afterwards. Doing it again does nothing. */
  dispose(): void {
    this.elements.device.memory.free(this.elements);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Shape, element type and device; with the methods of `methods.ts`, the elements. */
  toString(): string {
    return describeTensor(this);
  }

  /** JavaScript's operators cannot be overloaded, so they explain themselves. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new ArgumentError("tensor: expected a method for arithmetic and comparison, got an operator; write a.add(b) for a + b, and `await x.item()` for a number");
  }
}

/** The ops as methods, where `methods.ts` has put them on the prototype. */
export interface Tensor<D extends DType = DType, S extends Shape = Shape> extends GradusTensorMethods { readonly [brand]: TypeBrand<D, S> }

function hooksOf({ node }: Edge<Tensor>): GradientHooks<Tensor> {
  return ((node as AccumulateNode | OpNode).hooks ??= new GradientHooks<Tensor>());
}

const describeKind = (x: Tensor): string => `${x.dtype} of shape ${showShape(x.shape)} on ${x.device.name}`;

const contiguousForReading = (x: Tensor): Tensor => (x.layout.isContiguous ? x : clone(x.detach()));

function checkSingle(op: string, x: Tensor): void {
  if (x.layout.numel !== 1) throw new ShapeError(`${op}: expected a tensor of 1 element, got shape ${showShape(x.shape)}`);
}

/** The element type of a tensor type. */
export type DTypeOf<T> = T extends Tensor<infer D> ? D : DType;
/** What `read()` gives. Of a tensor whose element type is not known to the type checker: one of the arrays of numbers. */
export type ArrayOf<T> = [DType] extends [DTypeOf<T>] ? Exclude<TypedArray, BigInt64Array> : TypedArrays[DTypeOf<T>];
/** What `item()` gives; int64 values beyond 2⁵³ come as bigints. */
export type ItemOf<T> = [DType] extends [DTypeOf<T>] ? number : DTypeOf<T> extends "int64" ? number | bigint : DTypeOf<T> extends "bool" ? boolean : number;

/** The JavaScript value of an element. int64 within the safe integers comes as a number, else as a bigint. */
function itemOf(dtype: DType, value: number | bigint): number | bigint | boolean {
  if (dtype === "bool") return value !== 0;
  if (typeof value === "bigint" && value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  return value;
}

function nest(dtype: DType, shape: Shape, values: ArrayLike<number | bigint>): NestedArray {
  let at = 0;
  const level = (dim: number): NestedArray => {
    if (dim === shape.length) return itemOf(dtype, values[at++] ?? 0);
    return Array.from({ length: shape[dim] ?? 0 }, () => level(dim + 1));
  };
  return level(0);
}

/** @throws {DeviceError} unless all tensors are on one device. */
export function checkSameDevice(op: string, tensors: readonly Tensor[]): void {
  const [first] = tensors;
  for (const t of tensors) {
    if (first !== undefined && t.elements.device !== first.elements.device) {
      throw new DeviceError(`${op}: expected all tensors to be on the same device, found ${first.device.name} and ${t.device.name}; move one with .to(device)`);
    }
  }
}
