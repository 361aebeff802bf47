import type { Backend, BackendStats, BufferHandle, ComputeDType, DType, Executable, LostInfo, Program } from "@gradus/kernel-ir";
import { DeviceLostError, DeviceMemoryError, dtypeInfo, dtypes, GuardError, hostMath, lowerProgram, UnsupportedError, validateProgram } from "@gradus/kernel-ir";
import { tileTableSize, tileTableStart } from "./codegen/contraction.js";
import { argumentBytes, generate } from "./codegen/generate.js";
import { generateTiles } from "./codegen/tiles.js";
import { workspaceBytes } from "./codegen/workspace.js";
import { hasRelaxedMadd, hasSimd } from "./features.js";
import type { Launch } from "./launcher.js";
import { createLauncher } from "./launcher.js";
import type { Block, CpuBuffer } from "./memory.js";
import { addressableBytes, MemoryPool } from "./memory.js";

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
  /** Compares every access with the length of its buffer, and reports one that is outside. For tests: it costs much time. */
  readonly checkBounds?: boolean;
}

/** Where the arguments of a dispatch lie in the device's memory. */
const argumentBlock = 64;
/** Buffers and scalars of one program, together; lengths may follow. */
const mostArguments = 2048;
/** Indices are int32, and loops count up to a chunk beyond the last one. */
const largestBuffer = 2 ** 31 - 2 ** 16;
const workspaceAddress = argumentBlock + 2 * mostArguments * argumentBytes;
/** Buffers lie from here on. */
const poolBase = roundUp(workspaceAddress + workspaceBytes, 64);

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

interface CpuExecutable extends Executable {
  /** Place of the function in the table. */
  readonly slot: number;
}

/**
 * The CPU as a device: programs are compiled to WebAssembly with 128-bit vectors, and run at once on the calling thread. Works
 * the same in Node and in browsers. Nothing happens before this function is called.
 *
 * @throws {UnsupportedError} if the engine has no WebAssembly SIMD.
 * @example
 * const device = cpu();
 * const buffer = device.alloc(8, "float32");
 * device.write(buffer, 0, new Uint8Array(new Float32Array([1, 2]).buffer));
 * device.stats().bytesInUse; // 8
 */
export function cpu(options: CpuOptions = {}): Backend & Required<Pick<Backend, "readSync">> {
  if (!hasSimd()) {
    throw new UnsupportedError("cpu: expected an engine with WebAssembly SIMD, found none; use Node 20 or later, or a browser from 2023 on");
  }
  // Not asked for where it is not wanted: asking may change a flag of the engine.
  const relaxed = options.relaxed !== false && hasRelaxedMadd();
  if (options.relaxed === true && !relaxed) {
    throw new UnsupportedError("cpu: expected an engine with relaxed SIMD because relaxed: true was asked for, found none; leave the option out");
  }
  return new CpuBackend(options, relaxed);
}

class CpuBackend implements Backend {
  readonly name: string;
  readonly limits: Backend["limits"];
  /** Nothing takes this device away, so the promise stays pending. */
  readonly lost = new Promise<LostInfo>(() => undefined);

  /** Null once the device is disposed: then its memory can be collected, and its code with it. */
  #pool: MemoryPool | null;
  readonly #checkBounds: boolean;
  readonly #relaxed: boolean;
  #table = new WebAssembly.Table({ element: "anyfunc", initial: tileTableSize + 64 });
  readonly #tiles = new Set<ComputeDType>();
  #launch: Launch | null = createLauncher(this.#table);
  /** Entries of the table that were given out, and those of them that are free again. */
  #slots = tileTableSize;
  readonly #freeSlots: number[] = [];
  /** The table keeps a program's code alive; nobody says when it is no longer needed, but the collector notices. */
  readonly #collected = new FinalizationRegistry((slot: number) => {
    if (this.#pool === null) return;
    this.#table.set(slot, null);
    this.#freeSlots.push(slot);
  });
  readonly #scratch: Block[] = [];
  #bytes!: Uint8Array;
  #int32!: Int32Array;
  #float32!: Float32Array;
  #float64!: Float64Array;
  #int64!: BigInt64Array;
  #prepared = 0;
  #dispatches = 0;

  constructor(options: CpuOptions, relaxed: boolean) {
    this.name = options.name ?? "cpu";
    this.#checkBounds = options.checkBounds ?? false;
    this.#relaxed = relaxed;
    const maxBytes = options.maxBytes ?? addressableBytes;
    const pool = new MemoryPool(this.name, poolBase, maxBytes);
    pool.onGrow = () => this.#view(pool.memory.buffer);
    this.#pool = pool;
    this.#view(pool.memory.buffer);
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
    if (program.kind === "contraction") this.#loadTiles(program.dtype, pool);
    const module = new WebAssembly.Module(generate(lowerProgram(program), { checkBounds: this.#checkBounds }));
    const instance = new WebAssembly.Instance(module, {
      device: {
        memory: pool.memory,
        table: this.#table,
        scratch: (byteLength: number) => {
          const block = pool.takeScratch(byteLength);
          this.#scratch.push(block);
          return block.address;
        },
        outOfBounds: (param: number, byteOffset: number) => {
          throw new RangeError(`internal: ${program.name}: byte ${byteOffset} of parameter ${param} (${program.params[param]?.dtype ?? "?"}) is outside of its buffer`);
        },
      },
      host: { ...hostMath, rem: (x: number, y: number) => x % y },
    });
    const slot = this.#freeSlots.pop() ?? this.#slots++;
    if (slot >= this.#table.length) this.#table.grow(this.#table.length);
    this.#table.set(slot, instance.exports.run);
    this.#prepared++;
    const executable: CpuExecutable = { program, ready: Promise.resolve(), slot };
    this.#collected.register(executable, slot);
    return executable;
  }

  dispatch(executable: Executable, buffers: readonly BufferHandle[], scalars: readonly (number | bigint)[]): void {
    const { program, slot } = executable as CpuExecutable;
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
    if (this.#checkBounds) this.#checkArguments(program, buffers, at);
    this.#dispatches++;
    try {
      const status = launch(slot, argumentBlock);
      if (status !== 0) throw new GuardError(program.guards[status - 1]?.message ?? "internal: unknown guard");
    } finally {
      if (this.#scratch.length > 0) this.#giveBackScratch();
    }
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  stats(): BackendStats {
    const memory = this.#pool?.stats() ?? { buffers: 0, bytesInUse: 0, peakBytes: 0, bytesReserved: 0 };
    return { ...memory, prepared: this.#prepared, dispatches: this.#dispatches };
  }

  dispose(): void {
    this.#pool = null;
    this.#launch = null;
    this.#table = new WebAssembly.Table({ element: "anyfunc", initial: tileTableSize });
    this.#view(new ArrayBuffer(poolBase));
  }

  /** Puts the functions that all contractions of a dtype share into the table. */
  #loadTiles(dtype: ComputeDType, { memory }: MemoryPool): void {
    if (this.#tiles.has(dtype)) return;
    this.#tiles.add(dtype);
    const module = new WebAssembly.Module(generateTiles(dtype, this.#relaxed));
    const { exports } = new WebAssembly.Instance(module, { device: { memory } });
    for (const [number, fn] of Object.entries(exports)) this.#table.set(tileTableStart(dtype) + Number(number), fn);
  }

  /** Typed arrays over the memory as it is now. */
  #view(buffer: ArrayBuffer): void {
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
