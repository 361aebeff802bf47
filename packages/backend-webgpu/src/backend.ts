import type { Backend, BackendLimits, BackendStats, BufferHandle, ComputeDType, Executable, LostInfo, Program, ScalarArguments } from "@gradus/kernel-ir";
import { DeviceLostError, DeviceMemoryError, dtypeInfo, ExprBuilder, GuardError, UnsupportedError } from "@gradus/kernel-ir";
import { callSite } from "./call-site.js";
import type { BoundMemory } from "./command-queue.js";
import { batchLength, CommandQueue } from "./command-queue.js";
import { Compiler } from "./compiler.js";
import type { WebGpuOptions } from "./connect.js";
import { WebGpuError } from "./errors.js";
import { FailureLog } from "./failures.js";
import { Holders, wholeWords, wordBytes } from "./holders.js";
import { LastingBuffer } from "./lasting-buffer.js";
import type { MemoryBlock } from "./pool.js";
import { BufferPool } from "./pool.js";
import type { ProfileRow } from "./profiler.js";
import { Profiler } from "./profiler.js";
import { extentsIn, PreparedProgram, Programs } from "./programs.js";
import { checkScalars, ringBytes, ScalarRing, uniformBytes } from "./scalars.js";
import type { BindingLimits, Window } from "./slices.js";
import { sliceable, slicesOf } from "./slices.js";
import type { HeldDType } from "./wgsl/arithmetic.js";
import { elementsOn, noFloat64 } from "./wgsl/arithmetic.js";
import type { Binding, Shader } from "./wgsl/shader.js";
import type { Cooperation, ValueOf } from "./wgsl/variants.js";

/** What WebGPU counts beside the counters of every device. */
export interface WebGpuStats extends BackendStats {
  /** Command buffers submitted: a training step needs a few, whatever the number of its dispatches. */
  readonly submits: number;
  /** Bytes copied back to the host. */
  readonly readBytes: number;
  /** GPUBuffers created for tensors and for reads, pooled since: a loop creates none once it has come around. */
  readonly buffersCreated: number;
  /** Pipelines compiled: one for each program, and one more for each other variant that some size needed. */
  readonly pipelines: number;
}

export interface WarmupOptions {
  /** Is told how many programs of how many are ready. */
  readonly onProgress?: (ready: number, total: number) => void;
  /**
   * A synchronous function whose ops compute nothing: their programs are compiled, several at a time. Values of its tensors are unspecified; what
   * it changes on the host, such as the step count of an optimizer, stays changed.
   */
  readonly rehearse?: () => unknown;
}

/** A `Backend` on a `GPUDevice`. */
export interface WebGpuBackend extends Backend {
  readonly name: "webgpu";
  /** The device itself, to share it with a renderer. */
  readonly device: GPUDevice;
  stats(): WebGpuStats;
  /**
   * Compiles beside other work what would otherwise be compiled when it is first dispatched, and waits for it: before an animation starts, say.
   * That is what was prepared so far, and what the ops of a rehearsal need.
   *
   * @throws {WebGpuError} where the device refuses a program.
   * @throws {UnsupportedError} if the rehearsal is asynchronous or reads.
   */
  warmup(options?: WarmupOptions): Promise<void>;
  /**
   * What each op has cost on the device so far, the most expensive first; waits for what was issued.
   *
   * @throws {UnsupportedError} unless the device was made by `webgpu({ profile: true })`.
   */
  profile(): Promise<readonly ProfileRow[]>;
}

/** The numbers of `GPUBufferUsage` and `GPUMapMode`, which are globals in browsers only. */
const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const;
const mapForReading = 0x1;

/** The largest number of workgroups in one dimension, on every device. */
const mostWorkgroups = 65535;

interface Memory extends BufferHandle {
  readonly dtype: HeldDType;
  /** Bytes that are bound: those of the tensor, not those of the block. */
  readonly heldLength: number;
  block: MemoryBlock | null;
}

/**
 * @param owned - Whether `dispose` destroys the device too.
 */
export function createBackend(device: GPUDevice, owned: boolean, cooperation: Cooperation, { profile = false, debug = false }: Pick<WebGpuOptions, "profile" | "debug"> = {}): WebGpuBackend {
  return new GpuBackend(device, owned, cooperation, profile ? new Profiler(device, batchLength) : null, debug ? callSite : null);
}

class GpuBackend implements WebGpuBackend {
  readonly name = "webgpu";
  readonly limits: BackendLimits;
  readonly lost: Promise<LostInfo>;

  readonly #holders: Holders;
  readonly #failures = new FailureLog();
  readonly #queue: CommandQueue;
  readonly #ring: ScalarRing;
  readonly #compiler: Compiler;
  readonly #programs: Programs;
  readonly #bindings: BindingLimits;
  /** Programs for slices of what a program does, made when a buffer is larger than a binding. */
  readonly #sliced = new WeakMap<PreparedProgram, PreparedProgram>();
  readonly #memory: BufferPool;
  readonly #staging: BufferPool;
  readonly #live = new Set<Memory>();
  /** What writes parts of words. */
  readonly #copies: Partial<Record<HeldDType, Executable>> = {};
  /** The number of the first guard that failed since the last read, 0 for none; guards write it. */
  readonly #failedGuard: LastingBuffer;
  /** The moment of the first dispatch with guards since the last read. */
  #guardsFrom: number | null = null;

  /** Why the device cannot be used any more: it was lost or disposed. */
  #end: string | null = null;
  /** How to end the reads that are under way. */
  readonly #pending = new Set<(error: Error) => void>();
  /** Settles when all reads so far have looked at their failures. */
  #lastFence: Promise<unknown> = Promise.resolve();

  /** What a rehearsal has compiled so far; null while ops compute. */
  #rehearsal: Set<Promise<void>> | null = null;

  #bytesInUse = 0;
  #peakBytes = 0;
  #prepared = 0;
  #dispatches = 0;
  #readBytes = 0;

  constructor(
    readonly device: GPUDevice,
    readonly owned: boolean,
    cooperation: Cooperation,
    readonly profiler: Profiler | null,
    /** Says in errors who called; null where nobody debugs. */
    readonly site: (() => string) | null,
  ) {
    const { maxBufferSize, maxStorageBufferBindingSize, minStorageBufferOffsetAlignment } = device.limits;
    this.#bindings = { largest: Math.floor(maxStorageBufferBindingSize / wordBytes) * wordBytes, alignment: minStorageBufferOffsetAlignment };
    // A read brings four bytes more.
    const largest = Math.floor((maxBufferSize - 4) / wordBytes) * wordBytes;
    const elements = elementsOn(device.features);
    this.#holders = new Holders(elements);
    const lasting = (label: string, bytes: number, use: number): LastingBuffer => new LastingBuffer((fail) => this.#createBuffer(label, bytes, use | usage.copyTarget, fail));
    this.#ring = new ScalarRing(device, lasting("scalars", ringBytes, usage.uniform));
    this.#queue = new CommandQueue(device, this.#ring, this.#failures, profiler, site);
    this.#compiler = new Compiler(device, this.#queue, elements);
    this.limits = {
      dtypes: Object.fromEntries((Object.keys(elements) as HeldDType[]).map((dtype) => [dtype, { storageBytes: elements[dtype].bytes, compute: computedIn(dtype) }])),
      buffersPerProgram: this.#compiler.mostParams,
      bytesPerBuffer: largest,
    };
    this.#programs = new Programs(this.#compiler, cooperation);
    this.#memory = new BufferPool(largest, (bytes, fail) => this.#createBuffer("tensor", bytes, usage.storage | usage.copySource | usage.copyTarget, fail));
    this.#staging = new BufferPool(maxBufferSize, (bytes, fail) => this.#createBuffer("staging", bytes, usage.mapRead | usage.copyTarget, fail));
    this.#failedGuard = lasting("failed guard", 4, usage.storage | usage.copySource);
    this.lost = new Promise((resolve) => {
      void device.lost.then(({ reason, message }) => {
        if (this.#end !== null) return;
        this.#release(`was lost (${reason}: ${message})`);
        resolve({ reason: message === "" ? reason : message });
      });
    });
  }

  alloc(byteLength: number, dtype: keyof typeof dtypeInfo): BufferHandle {
    this.#alive("alloc");
    if (dtype === "float64") throw new UnsupportedError(`alloc: ${noFloat64}`);
    const bytes = Math.max(wordBytes, wholeWords(this.#holders.length(dtype, byteLength)));
    const memory: Memory = { byteLength, dtype, heldLength: bytes, block: this.#take(bytes) };
    this.#live.add(memory);
    this.#bytesInUse += byteLength;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytesInUse);
    return memory;
  }

  free(buffer: BufferHandle): void {
    const memory = buffer as Memory;
    const block = this.#open("free", buffer);
    this.#live.delete(memory);
    memory.block = null;
    this.#bytesInUse -= memory.byteLength;
    this.#give(block);
  }

  write(buffer: BufferHandle, byteOffset: number, bytes: Uint8Array): void {
    const block = this.#open("write", buffer);
    const { dtype } = buffer as Memory;
    this.#checkRange("write", buffer as Memory, byteOffset, bytes.length);
    if (bytes.length === 0) return;
    const offset = this.#holders.length(dtype, byteOffset);
    const isPartOfWord = offset % wordBytes !== 0 || (this.#holders.length(dtype, bytes.length) % wordBytes !== 0 && byteOffset + bytes.length < buffer.byteLength);
    if (isPartOfWord) {
      this.#writePart(buffer as Memory, byteOffset, bytes);
      return;
    }
    const held = this.#holders.hold(dtype, bytes);
    // Dispatches of this batch must not see it.
    if (block.batch === this.#queue.batch) this.#queue.flush();
    const describe = (kind: GPUErrorFilter, message: string): Error => new WebGpuError(kind, `write: the device refused ${bytes.length} bytes: ${message}`);
    this.#queue.watch(["validation", "out-of-memory"], describe, () => {
      this.device.queue.writeBuffer(block.buffer, offset, held);
    });
  }

  /** Writes elements that share a word with others, which the host cannot: a program does, from a buffer of their own. */
  #writePart(buffer: Memory, byteOffset: number, bytes: Uint8Array): void {
    const { dtype } = buffer;
    const { byteLength: width } = dtypeInfo[dtype];
    const source = this.alloc(bytes.length, dtype);
    this.write(source, 0, bytes);
    this.dispatch((this.#copies[dtype] ??= this.prepare(copyProgram(dtype))), [source, buffer], [bytes.length / width, byteOffset / width]);
    this.free(source);
  }

  async read(buffer: BufferHandle, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Promise<Uint8Array> {
    const { buffer: source } = this.#open("read", buffer);
    const { dtype } = buffer as Memory;
    this.#checkRange("read", buffer as Memory, byteOffset, byteLength);
    this.#readBytes += byteLength;
    const [begin, end] = [this.#holders.length(dtype, byteOffset), this.#holders.length(dtype, byteOffset + byteLength)];
    const first = Math.floor(begin / wordBytes) * wordBytes;
    const held = await this.#fence({ source, offset: first, bytes: wholeWords(end) - first });
    return this.#holders.release(dtype, held.slice(begin - first, end - first));
  }

  async sync(): Promise<void> {
    this.#alive("sync");
    await this.#fence(null);
  }

  prepare(program: Program): Executable {
    this.#alive("prepare");
    const executable = this.#programs.prepare(program);
    this.#prepared++;
    return executable;
  }

  dispatch(executable: Executable, buffers: readonly BufferHandle[], scalars: ScalarArguments): void {
    this.#alive("dispatch");
    if (!(executable instanceof PreparedProgram)) throw new Error(`internal: ${executable.program.name} was prepared by another device`);
    const { program } = executable;
    if (buffers.length !== program.params.length || scalars.length !== program.scalars.length) {
      throw new Error(`internal: ${program.name} takes ${program.params.length} buffers and ${program.scalars.length} scalars, got ${buffers.length} and ${scalars.length}`);
    }
    if (new Set(buffers).size !== buffers.length) throw new Error(`internal: ${program.name} was given one buffer for two parameters`);
    buffers.forEach((buffer, i) => {
      this.#open("dispatch", buffer);
      const [expected, got] = [program.params[i]?.dtype ?? "", (buffer as Memory).dtype];
      if (expected !== got) throw new Error(`internal: parameter ${i} of ${program.name} is ${expected}, got a buffer of ${got}`);
    });
    checkScalars(program, scalars);
    const memory = buffers as readonly Memory[];
    if (memory.every(({ heldLength }) => heldLength <= this.#bindings.largest)) this.#issue(executable, memory, null, scalars);
    else this.#issueSlices(executable, memory, scalars);
  }

  /** Dispatches a program in slices, each of which sees windows of its buffers: what it needs is larger than a binding. */
  #issueSlices(executable: PreparedProgram, memory: readonly Memory[], scalars: ScalarArguments): void {
    const { program } = executable;
    let sliced = this.#sliced.get(executable);
    if (sliced === undefined) {
      sliced = this.#programs.prepare(sliceable(program));
      this.#sliced.set(executable, sliced);
    }
    const buffers = memory.map(({ heldLength, dtype }) => ({ bytes: heldLength, elementBytes: this.#holders.elements[dtype].bytes }));
    const scratchBytes = (all: ScalarArguments): number => {
      const valueOf = extentsIn(all);
      return scratchBytesOf(sliced.pipelineFor(valueOf).shader, valueOf);
    };
    const slices = slicesOf({ program, scalars, buffers, scratchBytes, limits: this.#bindings });
    if (slices === null) {
      const { largest } = this.#bindings;
      throw new UnsupportedError(`${program.name}: expected buffers that bindings of ${largest} bytes hold, or work that can be divided, got ${Math.max(...buffers.map(({ bytes }) => bytes))} bytes that one result needs; use smaller tensors`);
    }
    for (const { scalars: places, windows } of slices) this.#issue(sliced, memory, windows, [...scalars, ...places]);
  }

  /** @param windows - What is bound of each buffer; null for the whole of all. */
  #issue(executable: PreparedProgram, buffers: readonly Memory[], windows: readonly Window[] | null, scalars: ScalarArguments): void {
    const { program } = executable;
    const valueOf = extentsIn(scalars);
    if (this.#rehearsal !== null) {
      this.#rehearsal.add(executable.rehearse(valueOf));
      return;
    }
    const { shader, pipelines, bindGroups, failure } = executable.pipelineFor(valueOf);
    if (failure !== null) throw failure;
    const scratchBytes = scratchBytesOf(shader, valueOf);
    if (windows === null && scratchBytes > this.#bindings.largest) {
      this.#issueSlices(executable, buffers, scalars);
      return;
    }
    const passes = shader.passes.flatMap(({ workgroups, rounds, invocations }, i) => {
      const count = workgroups(valueOf);
      // Points are numbered by int32.
      if (count * invocations >= 2 ** 31) throw new RangeError(`${program.name}: expected fewer than 2147483648 points, got more; use smaller tensors`);
      return count === 0 ? [] : Array.from({ length: rounds?.(valueOf) ?? 1 }, (_, round) => ({ pipeline: pipelines[i]!, round, workgroups: plane(count) }));
    });
    this.#dispatches++;
    if (passes.length === 0) return;

    const scratch = { heldLength: scratchBytes, block: shader.bindings.includes("scratch") ? this.#take(scratchBytes) : null };
    const bind = ({ block, heldLength }: Pick<Memory, "block" | "heldLength">, { offset, size } = { offset: 0, size: heldLength }): BoundMemory => {
      if (block === null) throw new Error(`internal: ${program.name} binds memory that it does not have`);
      block.batch = this.#queue.batch;
      return { buffer: block.buffer, id: block.id, offset, size };
    };
    const memory: Record<Binding, (binding: number) => BoundMemory> = {
      read: (binding) => bind(buffers[binding]!, windows?.[binding]),
      write: (binding) => bind(buffers[binding]!, windows?.[binding]),
      // These two are always the same, so they need no number.
      scalars: () => ({ buffer: this.#ring.memory.buffer, id: 0, offset: 0, size: uniformBytes(program) }),
      guards: () => ({ buffer: this.#failedGuard.buffer, id: 0, offset: 0, size: 4 }),
      scratch: () => bind(scratch),
    };
    if (program.guards.length > 0) this.#guardsFrom ??= this.#failures.tick();
    const firstGuard = this.site === null ? executable.firstGuard : this.#programs.numberGuards(program, this.site());
    for (const { pipeline, round, workgroups } of passes) {
      if (!this.#ring.hasRoom(program)) this.#queue.flush();
      this.#queue.add({
        name: program.name,
        pipeline,
        bindGroups,
        memory: shader.bindings.map((binding, i) => memory[binding](i)),
        scalars: shader.bindings.includes("scalars") ? this.#ring.push(program, scalars, firstGuard, round) : null,
        workgroups,
      });
    }
    if (scratch.block !== null) this.#give(scratch.block);
    if (this.site !== null) this.#queue.flush();
  }

  stats(): WebGpuStats {
    return {
      buffers: this.#live.size,
      bytesInUse: this.#bytesInUse,
      peakBytes: this.#peakBytes,
      bytesReserved: this.#memory.reservedBytes,
      prepared: this.#prepared,
      dispatches: this.#dispatches,
      submits: this.#queue.submits,
      readBytes: this.#readBytes,
      buffersCreated: this.#memory.made + this.#staging.made,
      pipelines: this.#compiler.made,
    };
  }

  async warmup({ onProgress, rehearse }: WarmupOptions = {}): Promise<void> {
    this.#alive("warmup");
    const jobs = [...this.#compiler.underWay, ...(rehearse === undefined ? [] : this.#rehearse(rehearse)), ...this.#programs.compilePrepared()];
    let ready = 0;
    const count = (): void => onProgress?.(++ready, jobs.length);
    await Promise.all(jobs.map((job) => job.then(count)));
    await this.sync();
  }

  /** What is compiled for the ops of `body`, which does not run them. */
  #rehearse(body: () => unknown): ReadonlySet<Promise<void>> {
    const rehearsal = new Set<Promise<void>>();
    this.#rehearsal = rehearsal;
    try {
      if (body() instanceof Promise) throw new UnsupportedError("warmup: expected a synchronous rehearsal, got a promise; rehearse the part before the first await");
    } finally {
      this.#rehearsal = null;
    }
    return rehearsal;
  }

  async profile(): Promise<readonly ProfileRow[]> {
    if (this.profiler === null) throw new UnsupportedError("profile: expected a device that measures, this one does not; make it with webgpu({ profile: true })");
    await this.sync();
    return this.profiler.rows();
  }

  dispose(): void {
    if (this.#end !== null) return;
    this.#release("was disposed");
    if (this.owned) this.device.destroy();
  }

  /**
   * Waits for everything issued so far, and brings back what `copy` asks for, as it is now.
   *
   * @throws the first failure that no earlier read has told.
   */
  #fence(copy: { readonly source: GPUBuffer; readonly offset: number; readonly bytes: number } | null): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#rehearsal !== null) return Promise.reject(new UnsupportedError("read: expected no reads in a rehearsal, whose ops compute nothing; read in the step itself"));
    const bytes = copy?.bytes ?? 0;
    const staging = this.#staging.take(bytes + 4);
    // Made before the batch, so that the want of it is told and not what follows.
    const { buffer: failedGuard } = this.#failedGuard;
    this.#queue.flush((encoder) => {
      if (copy !== null && bytes > 0) encoder.copyBufferToBuffer(copy.source, copy.offset, staging.buffer, 0, bytes);
      // Behind the data: the guard that failed. It is taken away, so that the next read does not tell it again.
      encoder.copyBufferToBuffer(failedGuard, 0, staging.buffer, bytes, 4);
      encoder.clearBuffer(failedGuard, 0, 4);
    });
    const refused = (kind: GPUErrorFilter, reason: string): Error => new WebGpuError(kind, `read: expected the device to give its memory, it refused: ${reason}`);
    const { result } = this.#queue.watch(["validation"], refused, () => staging.buffer.mapAsync(mapForReading, 0, bytes + 4));
    const mapped = result.then(() => null, (reason: unknown) => refused("internal", String(reason)));
    const guardsFrom = this.#guardsFrom;
    this.#guardsFrom = null;
    const moment = this.#failures.tick();

    const finish = async (before: Promise<unknown>): Promise<Uint8Array<ArrayBuffer>> => {
      const [problem] = await Promise.all([mapped, this.#queue.settled(), before]);
      let held = new Uint8Array(0);
      if (problem === null) {
        const all = staging.buffer.getMappedRange(0, bytes + 4);
        const guard = new DataView(all).getUint32(bytes, true);
        if (guard !== 0) this.#failures.record(new GuardError(this.#programs.guardMessage(guard)), guardsFrom ?? moment);
        held = new Uint8Array(all.slice(0, bytes));
        staging.buffer.unmap();
      }
      if (!this.#staging.give(staging)) this.#staging.drop(staging);
      this.#failures.check(moment);
      if (problem === null) return held;
      // A map fails a moment before the device says that it is lost; that is the better reason, and ends this read first.
      await new Promise((resolve) => setTimeout(resolve, 0));
      throw problem;
    };
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      const done = finish(this.#lastFence);
      this.#lastFence = done.catch(() => undefined);
      const forget = (): void => {
        this.#pending.delete(reject);
        if (this.#pending.size === 0) this.#failures.forgetTold();
      };
      void done.then(resolve, reject).finally(forget);
    });
  }

  #take(bytes: number): MemoryBlock {
    if (bytes > this.#memory.largest) {
      const remedy = `the largest buffer of this device has ${this.#memory.largest} bytes, use smaller tensors`;
      throw new DeviceMemoryError(this.name, bytes, this.stats(), remedy);
    }
    return this.#memory.take(bytes);
  }

  #give(block: MemoryBlock): void {
    if (this.#memory.give(block)) return;
    this.#queue.afterSubmit(() => this.#memory.drop(block));
  }

  #createBuffer(label: string, size: number, usage: number, fail: (error: Error) => void): GPUBuffer {
    const stats = this.stats();
    const describe = (kind: GPUErrorFilter, message: string): Error =>
      kind === "out-of-memory" ? new DeviceMemoryError(this.name, size, stats) : new WebGpuError(kind, `alloc: the device refused ${size} bytes: ${message}`);
    const { result, failure } = this.#queue.watch(["validation", "out-of-memory"], describe, () => this.device.createBuffer({ label, size, usage }));
    void failure.then((error) => {
      if (error === null) return;
      fail(error);
      // The next attempt finds more room.
      this.#queue.afterSubmit(() => this.#memory.trim());
    });
    return result;
  }

  #alive(op: string): void {
    if (this.#end !== null) throw this.#endError(op);
  }

  #endError(op: string): DeviceLostError {
    return new DeviceLostError(`${op}: expected a live device, webgpu ${this.#end ?? ""}; make a new one and load what was on it again`);
  }

  /** The memory behind a handle. */
  #open(op: string, buffer: BufferHandle): MemoryBlock {
    this.#alive(op);
    const memory = buffer as Memory;
    if (memory.block === null || !this.#live.has(memory)) throw new Error(`internal: ${op} of a buffer that was freed, or of another device`);
    if (memory.block.failure !== null && op !== "free") throw memory.block.failure;
    return memory.block;
  }

  #checkRange(op: string, { byteLength, dtype }: Memory, offset: number, length: number): void {
    const { byteLength: width } = dtypeInfo[dtype];
    if (offset < 0 || length < 0 || offset + length > byteLength) throw new RangeError(`internal: ${op} outside of a buffer`);
    if (offset % width !== 0 || length % width !== 0) throw new RangeError(`internal: ${op} of a part of an element`);
  }

  /** Ends the reads that are under way and gives up all memory. */
  #release(end: string): void {
    this.#end = end;
    for (const reject of this.#pending) reject(this.#endError("read"));
    this.#pending.clear();
    this.#queue.clear();
    for (const memory of this.#live) memory.block = null;
    this.#live.clear();
    this.#bytesInUse = 0;
    this.#memory.clear();
    this.#staging.clear();
    this.#ring.memory.destroy();
    this.#failedGuard.destroy();
    this.profiler?.destroy();
  }
}

/** int64 computes in 32 bits, as it is held. */
function computedIn(dtype: HeldDType): ComputeDType {
  const { compute } = dtypeInfo[dtype];
  return compute === "int64" ? "int32" : compute;
}

/** Elements of one buffer to a place in another: how many, and where. */
function copyProgram(dtype: HeldDType): Program {
  const build = new ExprBuilder();
  const at = build.index(0);
  return {
    kind: "kernel",
    name: "write",
    params: [{ dtype, access: "in" }, { dtype, access: "out" }],
    scalars: ["int32", "int32"],
    guards: [],
    outer: [build.scalar(0, "int32")],
    inner: [],
    reductions: [],
    stores: [{ over: "outer", param: 1, index: build.add(build.scalar(1, "int32"), at), value: build.load(0, dtype, at) }],
  };
}

/** What a dispatch needs to work in; at least what can be bound. */
const scratchBytesOf = (shader: Shader, valueOf: ValueOf): number => Math.max(wordBytes, wordBytes * shader.scratchWords(valueOf));

/** Workgroups as a plane that is at least as large and almost square where it must be. */
function plane(workgroups: number): readonly [number, number] {
  const rows = Math.ceil(workgroups / mostWorkgroups);
  return [Math.ceil(workgroups / rows), rows];
}
