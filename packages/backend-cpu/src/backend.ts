import type { Backend, BackendStats, BufferHandle, ComputeDType, DType, Executable, LostInfo, Program } from "@gradus/kernel-ir";
import { DeviceLostError, DeviceMemoryError, dtypeInfo, dtypes, GuardError, hostMath, lowerProgram, UnsupportedError, validateProgram } from "@gradus/kernel-ir";
import type { TilePart } from "./codegen/contraction/tiles.js";
import { generateTiles, tileParts, tileTableSize, tileTableStart } from "./codegen/contraction/tiles.js";
import { argumentBytes, generate } from "./codegen/generate.js";
import type { Target } from "./codegen/target.js";
import { workspaceBytes } from "./codegen/contraction/workspace.js";
import { canPairVectors, hasRelaxedMadd, hasSimd } from "./features.js";
import { environment, hasThreads } from "./host.js";
import type { Launch } from "./launcher.js";
import { createLauncher } from "./launcher.js";
import type { Block, CpuBuffer } from "./memory.js";
import { addressableBytes, MemoryPool } from "./memory.js";
import type { Cut } from "./threads/plan.js";
import type { Run, SharingDevice } from "./threads/sharing.js";
import { Shares, Sharing } from "./threads/sharing.js";
import { cellBytes } from "./threads/worker.js";

export interface CpuOptions {
  /** What `tensor.device` and errors say. */
  readonly name?: string;
  /** The device's memory does not grow beyond this; WebAssembly's own limit is 4 GiB. */
  readonly maxBytes?: number;
  /**
   * Whether contractions may use the machine's multiply-add, which rounds once where a multiplication and an addition round
   * twice: up to twice as fast, and results that differ in the last bit between machines. Without this option it is used
   * where the engine has it. False gives the same results everywhere.
   */
  readonly relaxed?: boolean;
  /**
   * Whether V8 joins neighbouring vectors into vectors of 256 bits: up to twice as fast, with the same results. Node 24 and later can, behind an experimental
   * flag, which is set for the whole process. Without this option what the environment variable `GRADUS_REVECTORIZE` says: 1 for yes,
   * where the engine can.
   */
  readonly revectorize?: boolean;
  /**
   * Threads that large programs run on, the calling one among them. Without this option as many as the machine runs at once;
   * one where the host has no threads to share memory with. Results do not depend on it.
   */
  readonly threads?: number;
  /** Cuts every dispatch into parts for the threads, however small, and waits until they have started. For tests: it costs much time. */
  readonly shareAll?: boolean;
  /** Compares every access with the length of its buffer, and reports one that is outside. For tests: it costs much time. */
  readonly checkBounds?: boolean;
}

/** Where the arguments of a dispatch lie in the device's memory. */
const argumentBlock = cellBytes;
/** Buffers and scalars of one program, together; lengths may follow. */
const mostArguments = 2048;
/** Indices are int32, and loops count up to a chunk beyond the last one. */
const largestBuffer = 2 ** 31 - 2 ** 16;
const blockBytes = 2 * mostArguments * argumentBytes;
const workspaceAddress = argumentBlock + blockBytes;
/** Buffers lie from here on. */
const poolBase = roundUp(workspaceAddress + workspaceBytes, 64);

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

interface CpuExecutable extends Executable {
  /** Place of the function in the table. */
  readonly slot: number;
  readonly shares: Shares;
  /** The parameters that are results and nothing else. */
  readonly results: readonly number[];
}

/** The CPU as a device. */
export interface CpuDevice extends Backend {
  readSync(buffer: BufferHandle, byteOffset?: number, byteLength?: number): Uint8Array;
  readonly numThreads: number;
  setNumThreads(count: number): void;
}

/**
 * The CPU as a device: programs are compiled to WebAssembly with 128-bit vectors, and are done when `dispatch` returns. Works
 * the same in Node and in browsers. Nothing happens before this function is called, and threads start when there is work for them.
 *
 * @throws {UnsupportedError} if the engine has no WebAssembly SIMD.
 * @example
 * const device = cpu();
 * const buffer = device.alloc(8, "float32");
 * device.write(buffer, 0, new Uint8Array(new Float32Array([1, 2]).buffer));
 * device.stats().bytesInUse; // 8
 */
export function cpu(options: CpuOptions = {}): CpuDevice {
  if (!hasSimd()) {
    throw new UnsupportedError("cpu: expected an engine with WebAssembly SIMD, found none; use Node 20 or later, or a browser from 2023 on");
  }
  // Not asked for where it is not wanted: asking may change a flag of the engine.
  const relaxed = options.relaxed !== false && hasRelaxedMadd();
  if (options.relaxed === true && !relaxed) {
    throw new UnsupportedError("cpu: expected an engine with relaxed SIMD because relaxed: true was asked for, found none; leave the option out");
  }
  const pairsVectors = (options.revectorize ?? environment("GRADUS_REVECTORIZE") === "1") && canPairVectors(relaxed);
  if (options.revectorize === true && !pairsVectors) {
    throw new UnsupportedError("cpu: expected an engine that pairs vectors because revectorize: true was asked for, found none; use Node 24 or later, or leave the option out");
  }
  return new CpuBackend(options, { relaxed, pairsVectors });
}

function checkThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`cpu: expected a whole number of threads from 1 on, got ${count}`);
}

/** Memory that threads can share, where the host has that. */
function createPool(name: string, maxBytes: number): MemoryPool {
  if (hasThreads()) {
    try {
      return new MemoryPool(name, poolBase, maxBytes, true);
    } catch {
      // Some hosts reserve all of a shared memory at once, and have not got as much.
    }
  }
  return new MemoryPool(name, poolBase, maxBytes);
}

class CpuBackend implements CpuDevice {
  readonly name: string;
  readonly limits: Backend["limits"];
  /** Nothing takes this device away, so the promise stays pending. */
  readonly lost = new Promise<LostInfo>(() => undefined);

  /** Null once the device is disposed: then its memory can be collected, and its code with it. */
  #pool: MemoryPool | null;
  readonly #checkBounds: boolean;
  readonly #target: Target;
  #table = new WebAssembly.Table({ element: "anyfunc", initial: tileTableSize + 64 });
  /** Dtypes whose tiles are in the table. */
  readonly #tiles: Readonly<Record<TilePart, Set<ComputeDType>>> = { operands: new Set(), panels: new Set() };
  #launch: Launch | null = createLauncher(this.#table);
  /** Entries of the table that were given out, and those of them that are free again. */
  #slots = tileTableSize;
  readonly #freeSlots: number[] = [];
  /** The table keeps a program's code alive; nobody says when it is no longer needed, but the collector notices. */
  readonly #collected = new FinalizationRegistry(({ slot, shares }: Pick<CpuExecutable, "slot" | "shares">) => {
    if (this.#pool === null) return;
    this.#table.set(slot, null);
    this.#freeSlots.push(slot);
    this.#sharing?.forget(shares);
  });
  /** Null where there are no other threads. */
  #sharing: Sharing | null = null;
  readonly #scratch: Block[] = [];
  #bytes!: Uint8Array;
  #int32!: Int32Array;
  #float32!: Float32Array;
  #float64!: Float64Array;
  #int64!: BigInt64Array;
  #prepared = 0;
  #dispatches = 0;

  constructor(options: CpuOptions, features: Omit<Target, "shared">) {
    this.name = options.name ?? "cpu";
    this.#checkBounds = options.checkBounds ?? false;
    const maxBytes = options.maxBytes ?? addressableBytes;
    const pool = createPool(this.name, maxBytes);
    pool.onGrow = () => this.#view(pool.memory.buffer);
    this.#pool = pool;
    this.#view(pool.memory.buffer);
    const shared = !(pool.memory.buffer instanceof ArrayBuffer);
    this.#target = { ...features, shared };
    if (shared) this.#sharing = this.#createSharing(pool, options);
    this.limits = {
      dtypes: Object.fromEntries(dtypes.map((d) => [d, { storageBytes: dtypeInfo[d].byteLength, compute: dtypeInfo[d].compute }])),
      buffersPerProgram: mostArguments / 2,
      bytesPerBuffer: largestBuffer,
      totalBytes: Math.min(maxBytes, addressableBytes),
    };
  }

  alloc(byteLength: number, _dtype: DType): BufferHandle {
    const pool = this.#pool ?? this.#refuse("alloc");
    if (byteLength > this.limits.bytesPerBuffer) throw new DeviceMemoryError(this.name, byteLength, this.stats(), `a buffer has at most ${this.limits.bytesPerBuffer} bytes; split the tensor`);
    return pool.alloc(byteLength);
  }

  free(buffer: BufferHandle): void {
    const pool = this.#pool ?? this.#refuse("free");
    pool.free(buffer as CpuBuffer);
  }

  write(buffer: BufferHandle, byteOffset: number, bytes: Uint8Array): void {
    const address = this.#range("write", buffer, byteOffset, bytes.length);
    this.#bytes.set(bytes, address);
  }

  readSync(buffer: BufferHandle, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Uint8Array {
    const address = this.#range("read", buffer, byteOffset, byteLength);
    return this.#bytes.slice(address, address + byteLength);
  }

  // Async only in form; a failure rejects instead of throwing, as on other devices.
  // eslint-disable-next-line @typescript-eslint/require-await
  async read(buffer: BufferHandle, byteOffset?: number, byteLength?: number): Promise<Uint8Array> {
    return this.readSync(buffer, byteOffset, byteLength);
  }

  prepare(program: Program): Executable {
    const pool = this.#pool ?? this.#refuse("prepare");
    validateProgram(program);
    if (program.params.length > this.limits.buffersPerProgram || program.params.length + program.scalars.length > mostArguments) {
      throw new UnsupportedError(`${program.name}: expected at most ${mostArguments} buffers and scalars, got ${program.params.length + program.scalars.length}`);
    }
    if (program.kind === "contraction") this.#loadTiles("operands", program.dtype, pool);
    const { run } = this.#load(program, pool);
    const slot = this.#freeSlots.pop() ?? this.#slots++;
    if (slot >= this.#table.length) this.#table.grow(this.#table.length);
    this.#table.set(slot, run);
    this.#prepared++;
    const shares = new Shares(program);
    const results = program.params.flatMap(({ access }, i) => (access === "out" ? [i] : []));
    const executable: CpuExecutable = { program, ready: Promise.resolve(), slot, shares, results };
    this.#collected.register(executable, { slot, shares });
    return executable;
  }

  dispatch(executable: Executable, buffers: readonly BufferHandle[], scalars: readonly (number | bigint)[]): void {
    const { program, slot, shares, results } = executable as CpuExecutable;
    const launch = this.#launch ?? this.#refuse("dispatch");
    const count = buffers.length;
    const types = program.scalars;
    if (count !== program.params.length || scalars.length !== types.length) {
      throw new Error(`internal: ${program.name} takes ${program.params.length} buffers and ${types.length} scalars, got ${count} and ${scalars.length}`);
    }
    const int32 = this.#int32;
    // Arguments are eight bytes each, so that every type finds its place by one index. The first is the workspace.
    let at = argumentBlock / argumentBytes + 1;
    for (let i = 0; i < count; i++) {
      const { address } = buffers[i] as CpuBuffer;
      if (address === 0) throw new Error(`internal: ${program.name} was given a buffer that was freed`);
      int32[2 * at++] = address;
    }
    for (let i = 0; i < types.length; i++, at++) {
      const value = scalars[i]!;
      switch (types[i]) {
        case "float32":
          this.#float32[2 * at] = Number(value);
          break;
        case "float64":
          this.#float64[at] = Number(value);
          break;
        case "int64":
          this.#int64[at] = BigInt(value);
          break;
        default:
          int32[2 * at] = Number(value);
      }
    }
    for (let i = 0; i < results.length; i++) (buffers[results[i]!] as CpuBuffer).maker = program.name;
    this.#dispatches++;
    const cut = this.#sharing === null ? null : this.#sharing.cut(shares, scalars);
    const status = (cut === null ? null : this.#runShared(shares, cut, buffers, at)) ?? this.#runAlone(program, slot, launch, buffers, at);
    if (status !== 0) throw new GuardError(program.guards[status - 1]?.message ?? "internal: unknown guard");
  }

  get numThreads(): number {
    return this.#sharing?.threads ?? 1;
  }

  setNumThreads(count: number): void {
    checkThreads(count);
    if (this.#sharing !== null) this.#sharing.threads = count;
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  stats(): BackendStats {
    const memory = this.#pool?.stats() ?? { buffers: 0, bytesInUse: 0, peakBytes: 0, bytesReserved: 0 };
    return { ...memory, prepared: this.#prepared, dispatches: this.#dispatches };
  }

  dispose(): void {
    this.#sharing?.dispose();
    this.#sharing = null;
    this.#pool = null;
    this.#launch = null;
    this.#table = new WebAssembly.Table({ element: "anyfunc", initial: tileTableSize });
    this.#view(new ArrayBuffer(poolBase));
  }

  /** Runs a program on this thread, with the arguments that stand in the block; gives its status. */
  #runAlone(program: Program, slot: number, launch: Launch, buffers: readonly BufferHandle[], end: number): number {
    if (this.#checkBounds) this.#checkArguments(program, buffers, end);
    try {
      return launch(slot, argumentBlock);
    } finally {
      if (this.#scratch.length > 0) this.#giveBackScratch();
    }
  }

  /** Runs it on several threads; null where it has to be run again. */
  #runShared(shares: Shares, cut: Cut, buffers: readonly BufferHandle[], end: number): number | null {
    const { program } = shares;
    if (this.#sharing === null) throw new Error("internal: no threads");
    // Behind the scalars stand the first position of a part and its count.
    if (this.#checkBounds) this.#checkArguments(program, buffers, end + 2);
    const block = { address: argumentBlock, bytes: (end + 2 + buffers.length) * argumentBytes - argumentBlock, firstCell: 2 * end - argumentBlock / 4 };
    const outcome = this.#sharing.run(shares, cut, block, this.#int32, () => this.#giveBackScratch());
    // Which of several guards comes first is not for the threads to decide.
    if ("status" in outcome) return outcome.status !== 0 && program.guards.length > 1 ? null : outcome.status;
    if (program.params.some(({ access }) => access === "inout")) {
      throw new Error(`${program.name}: expected every thread of ${this.name} to finish, ${outcome.failure}; what the op wrote to is not complete. Make it again, and go on`);
    }
    console.warn(`${this.name}: ${outcome.failure}; ${program.name} is computed again by one thread`);
    return null;
  }

  #createSharing(pool: MemoryPool, { threads, shareAll = false }: CpuOptions): Sharing {
    if (threads !== undefined) checkThreads(threads);
    const device: SharingDevice = {
      name: this.name,
      pool,
      blockBytes,
      workspaceBytes,
      load: (program) => this.#load(program, pool),
      tileBytes: (dtype) => this.#tileBytes(dtype),
      write: (address, bytes) => this.#bytes.set(bytes, address),
    };
    return new Sharing(device, threads ?? null, shareAll);
  }

  /** Compiles a program. */
  #load(program: Program, pool: MemoryPool): { readonly bytes: Uint8Array; readonly run: Run } {
    const bytes = generate(lowerProgram(program, { keepsSums: true }), { checkBounds: this.#checkBounds, target: this.#target });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      device: {
        memory: pool.memory,
        table: this.#table,
        scratch: (byteLength: number) => {
          const block = pool.takeScratch(byteLength);
          this.#scratch.push(block);
          return block.address;
        },
        // What is large enough for panels can wait for them; a program's first small products need not.
        panels: () => {
          if (program.kind === "contraction") this.#loadTiles("panels", program.dtype, pool);
        },
        outOfBounds: (param: number, byteOffset: number) => {
          throw new RangeError(`internal: ${program.name}: byte ${byteOffset} of parameter ${param} (${program.params[param]?.dtype ?? "?"}) is outside of its buffer`);
        },
      },
      host: { ...hostMath, rem: (x: number, y: number) => x % y },
    });
    return { bytes, run: instance.exports["run"] as Run };
  }

  #tileBytes(dtype: ComputeDType): Uint8Array<ArrayBuffer> {
    return generateTiles(dtype, this.#target, tileParts);
  }

  /** Puts functions that all contractions of a dtype share into the table. */
  #loadTiles(part: TilePart, dtype: ComputeDType, { memory }: MemoryPool): void {
    const loaded = this.#tiles[part];
    if (loaded.has(dtype)) return;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(generateTiles(dtype, this.#target, [part])), { device: { memory } });
    for (const [number, fn] of Object.entries(exports)) this.#table.set(tileTableStart(dtype) + Number(number), fn);
    loaded.add(dtype);
  }

  /** Typed arrays over the memory as it is now. */
  #view(buffer: ArrayBufferLike): void {
    this.#bytes = new Uint8Array(buffer);
    this.#int32 = new Int32Array(buffer);
    this.#float32 = new Float32Array(buffer);
    this.#float64 = new Float64Array(buffer);
    this.#int64 = new BigInt64Array(buffer);
    this.#int32[argumentBlock / 4] = workspaceAddress;
  }

  #checkArguments(program: Program, buffers: readonly BufferHandle[], firstLength: number): void {
    if (new Set(buffers).size !== buffers.length) throw new Error(`internal: ${program.name} was given one buffer for two parameters`);
    buffers.forEach(({ byteLength }, i) => (this.#int32[2 * (firstLength + i)] = byteLength));
  }

  #giveBackScratch(): void {
    for (const block of this.#scratch) this.#pool?.giveBackScratch(block);
    this.#scratch.length = 0;
  }

  #range(op: string, buffer: BufferHandle, byteOffset: number, byteLength: number): number {
    if (this.#pool === null) this.#refuse(op);
    const { address } = buffer as CpuBuffer;
    if (address === 0) throw new Error(`internal: ${op} of a buffer that was freed`);
    if (byteOffset < 0 || byteLength < 0 || byteOffset + byteLength > buffer.byteLength) throw new RangeError(`internal: ${op} outside of a buffer`);
    return address + byteOffset;
  }

  #refuse(op: string): never {
    throw new DeviceLostError(`${op}: expected a live device, ${this.name} was disposed; make a new one`);
  }
}
