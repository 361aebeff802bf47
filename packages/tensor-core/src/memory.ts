import type { Backend, BufferHandle, DType } from "@gradus/kernel-ir";
import { DeviceMemoryError, dtypeInfo } from "@gradus/kernel-ir";
import { macrotask, now, provokeCollection, synchronousCollector } from "./platform.js";
import type { Device } from "./device.js";
import { Storage } from "./storage.js";
import { Watermark } from "./watermark.js";

/**
 * Device memory without ceremony.
 *
 * JavaScript has no destructors and its collector does not see device memory. So every storage is watched by a WeakRef,
 * and when the bytes or the number of storages in use reach a watermark, the collector is made to run: in Node at once,
 * even inside a synchronous loop; elsewhere at the library's own await points. What the library owns it frees itself,
 * through scopes.
 */

/**
 * Storages up to the last of these sizes share a keeper with others of their class, because a WeakRef costs more than a small op. One that
 * is kept keeps its whole group: the losses of a run, which programs collect, therefore stand apart from activations.
 */
const smallSizes = [64, 4096] as const;
const storagesPerKeeper = 64;
/**
 * On devices that answer late a small op costs many WeakRefs, and a new buffer more than that. There no storage shares a keeper, so that each
 * buffer comes back for the next step.
 */
const noSharing = [] as const;
/** Fewer groups than this are not worth looking through for empty ones. */
const fewGroups = 256;

/** What storages hold on to. When it is collected, no storage of its group can be reached any more. */
class Keeper {
  constructor(readonly group: Group) {}
}

/** The buffers behind one keeper, held by the memory itself. */
class Group {
  readonly buffers: (BufferHandle | null)[] = [];
  ref!: WeakRef<Keeper>;
}

const firstBytes = 64 * 2 ** 20;
const firstCount = 100_000;

/** What a device has in use, and what its upkeep has cost. */
export interface MemoryStats {
  /** Storages in use, not yet freed. Several tensors may share one. */
  readonly storages: number;
  /** Their bytes, in host width. */
  readonly bytes: number;
  readonly peakBytes: number;
  /** Bytes taken from the system, pooled free ones included. */
  readonly reservedBytes: number;
  /** Programs in the executable cache. */
  readonly programs: number;
  /** Programs prepared so far. */
  readonly prepared: number;
  readonly dispatches: number;
  /** Times that garbage was collected for device memory's sake. */
  readonly collections: number;
}

export class DeviceMemory {
  readonly #device: Device;
  readonly #backend: Backend;
  readonly #totalBytes: number;
  #groups: Group[] = [];
  #groupMark = fewGroups;
  readonly #sharing: readonly number[];
  /** The keeper that takes the next storage of a class, by class. */
  readonly #open: (Keeper | null)[];
  readonly #byteMark: Watermark;
  readonly #storageMark = new Watermark(firstCount);
  #lastCollection = 0;
  /** What was in use when a caller last awaited: a loop that never does has grown by all it has made since. */
  #bytesAtAwait = 0;
  #warned = false;

  storages = 0;
  bytes = 0;
  peakBytes = 0;
  collections = 0;

  constructor(device: Device, backend: Backend) {
    this.#device = device;
    this.#backend = backend;
    this.#sharing = backend.readSync === undefined ? noSharing : smallSizes;
    this.#open = this.#sharing.map(() => null);
    this.#totalBytes = backend.limits.totalBytes ?? Infinity;
    this.#byteMark = new Watermark(firstBytes, this.#totalBytes);
  }

  /** A storage of `length` elements; its contents are unspecified. */
  alloc(length: number, dtype: DType): Storage {
    const bytes = length * dtypeInfo[dtype].byteLength;
    if (this.bytes + bytes > this.#byteMark.value || this.storages >= this.#storageMark.value) this.#atWatermark();
    const buffer = this.#allocBuffer(bytes, dtype);
    this.bytes += bytes;
    this.storages++;
    if (this.bytes > this.peakBytes) this.peakBytes = this.bytes;
    const storage = new Storage(this.#device, dtype, length, bytes, buffer);
    this.#keep(storage, buffer, bytes);
    const scope = currentScope;
    if (scope !== null) scope.adopt(storage);
    return storage;
  }

  /** Frees a storage now. Its tensors are unusable afterwards. */
  free(storage: Storage): void {
    const { buffer, keeper, slot } = storage;
    if (buffer === null) return;
    storage.buffer = null;
    (keeper as Keeper).group.buffers[slot] = null;
    this.#freeBuffer(buffer, storage.byteLength);
  }

  /** Collects garbage and frees what nothing holds, at once. False where the host has no way to. */
  collect(): boolean {
    const collector = synchronousCollector();
    if (collector === null) return false;
    this.#open.fill(null);
    collector();
    this.#sweep();
    this.collections++;
    return true;
  }

  /** The library's await points call this: where no synchronous collection can be had, memory is reclaimed here. */
  async atAwait(): Promise<void> {
    const start = now();
    const tooMany = this.storages >= this.#storageMark.value;
    if (tooMany || this.bytes > this.#byteMark.value) {
      await this.collectAsync();
      this.#adapt(start, tooMany);
    }
    this.#bytesAtAwait = this.bytes;
  }

  /** Collects garbage and frees what nothing holds, giving the event loop a turn where that is needed. */
  async collectAsync(): Promise<void> {
    if (this.collect()) return;
    this.#open.fill(null);
    // What a job made or read WeakRefs of is kept until the job ends, and a loop that awaits what is there already is one long job.
    await macrotask();
    provokeCollection();
    await macrotask();
    this.#sweep();
    this.collections++;
  }

  #allocBuffer(bytes: number, dtype: DType): BufferHandle {
    try {
      return this.#backend.alloc(bytes, dtype);
    } catch (error) {
      // The device may be full of garbage: one collection, one more try.
      if (!(error instanceof DeviceMemoryError) || !this.collect()) throw error;
      return this.#backend.alloc(bytes, dtype);
    }
  }

  #freeBuffer(buffer: BufferHandle, bytes: number): void {
    this.bytes -= bytes;
    this.storages--;
    this.#backend.free(buffer);
  }

  #keep(storage: Storage, buffer: BufferHandle, bytes: number): void {
    const sizeClass = this.#sharing.findIndex((size) => bytes <= size);
    let keeper = this.#open[sizeClass] ?? null;
    if (keeper === null) {
      const group = new Group();
      keeper = new Keeper(group);
      group.ref = new WeakRef(keeper);
      if (this.#groups.length >= this.#groupMark) this.#forgetEmpty();
      this.#groups.push(group);
      if (sizeClass !== -1) this.#open[sizeClass] = keeper;
    }
    const { buffers } = keeper.group;
    storage.keeper = keeper;
    storage.slot = buffers.length;
    buffers.push(buffer);
    if (buffers.length === storagesPerKeeper) this.#open[sizeClass] = null;
  }

  /** Drops groups of which every storage was freed by hand: then the watermark is never reached, and no sweep comes to drop them. */
  #forgetEmpty(): void {
    this.#groups = this.#groups.filter((group) => this.#open.some((keeper) => keeper?.group === group) || group.buffers.some((buffer) => buffer !== null));
    this.#groupMark = Math.max(fewGroups, 2 * this.#groups.length);
  }

  #sweep(): void {
    const living: Group[] = [];
    for (const group of this.#groups) {
      if (group.ref.deref() !== undefined) {
        if (group.buffers.some((buffer) => buffer !== null)) living.push(group);
        continue;
      }
      for (const buffer of group.buffers) if (buffer !== null) this.#freeBuffer(buffer, buffer.byteLength);
    }
    this.#groups = living;
  }

  #atWatermark(): void {
    const start = now();
    const tooMany = this.storages >= this.#storageMark.value;
    if (this.collect()) {
      this.#adapt(start, tooMany);
      return;
    }
    if (this.bytes > this.#totalBytes / 2 && this.bytes - this.#bytesAtAwait > this.#totalBytes / 4 && !this.#warned) {
      this.#warned = true;
      console.warn(
        `memory: ${this.#device.name} has ${String(this.bytes)} bytes in ${String(this.storages)} storages in use and this loop never yields, so nothing can be reclaimed; add \`await\` or wrap the step in \`scope()\``,
      );
    }
  }

  /** @param start - When the collection began that has just ended. */
  #adapt(start: number, tooMany: boolean): void {
    const end = now();
    const share = (end - start) / (end - this.#lastCollection);
    this.#lastCollection = end;
    if (tooMany) this.#storageMark.adapt(share, this.storages);
    else this.#byteMark.adapt(share, this.bytes);
  }
}

/** Storages that end together. Scopes nest; a storage belongs to the innermost one that was open when it was made. */
export class Scope {
  readonly parent: Scope | null = currentScope;
  #storages: Storage[] = [];

  /** @param kind - A backward sweep's scope holds gradients that a leaf may take over. */
  constructor(readonly kind: "user" | "sweep" = "user") {}

  get isSweep(): boolean {
    return this.kind === "sweep";
  }

  adopt(storage: Storage): void {
    storage.scope = this;
    this.#storages.push(storage);
  }

  /** Hands a storage to the enclosing scope, or to the garbage collector where there is none. */
  release(storage: Storage): void {
    if (storage.scope !== this) return;
    storage.scope = null;
    this.parent?.adopt(storage);
  }

  /** Hands everything to the enclosing scope. */
  dissolve(): void {
    for (const storage of this.#storages.splice(0)) this.release(storage);
  }

  /** Frees the storages for which `spare` does not hold and forgets those that are gone. */
  free(spare: (storage: Storage) => boolean): void {
    const spared: Storage[] = [];
    for (const storage of this.#storages) {
      if (storage.scope !== this || storage.buffer === null) continue;
      if (spare(storage)) spared.push(storage);
      else storage.device.memory.free(storage);
    }
    this.#storages = spared;
  }

  /** Runs `body` with this scope innermost. */
  run<R>(body: () => R): R {
    const before = enter(this);
    try {
      return body();
    } finally {
      currentScope = before;
    }
  }
}

let currentScope: Scope | null = null;

/** Nothing of the library holds this storage any more: it ends with the scope that is open, else when nobody can reach it. */
export function letGo(storage: Storage): void {
  storage.isGradient = false;
  currentScope?.adopt(storage);
}

/**
 * Runs the user's code in the middle of a backward pass (a hook, a custom function): what it makes is the user's and does not end with the pass.
 */
export function outsideSweeps<R>(body: () => R): R {
  const before = currentScope;
  while (currentScope?.isSweep === true) currentScope = currentScope.parent;
  try {
    return body();
  } finally {
    currentScope = before;
  }
}

function enter(scope: Scope): Scope | null {
  const before = currentScope;
  currentScope = scope;
  return before;
}
