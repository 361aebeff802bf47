import type { ComputeDType, Program, ScalarArguments } from "@gradus/kernel-ir";
import { lowerProgram, partOf } from "@gradus/kernel-ir";
import { tileTableStart } from "../codegen/contraction/tiles.js";
import { hostFunctions } from "../codegen/generate.js";
import type { HostFunction } from "../codegen/rules.js";
import { processors } from "../host.js";
import type { Block, MemoryPool } from "../memory.js";
import type { CodeBytes, Job, Outcome } from "./crew.js";
import { Crew } from "./crew.js";
import type { Cut } from "./plan.js";
import { SharingPlan } from "./plan.js";
import { areaHead, mostWorkers } from "./worker.js";

/** A function of a generated module: takes the address of a block of arguments, gives a status. */
export type Run = (block: number) => number;

/** What sharing work needs of the device. */
export interface SharingDevice {
  readonly name: string;
  readonly pool: MemoryPool;
  /** Bytes of a block of arguments, and of a workspace. */
  readonly blockBytes: number;
  readonly workspaceBytes: number;
  /** Compiles a program. */
  load(program: Program): { readonly bytes: Uint8Array; readonly run: Run };
  tileBytes(dtype: ComputeDType): Uint8Array;
  write(address: number, bytes: Uint8Array): void;
}

/** A program along one axis, as threads run it. */
interface Part {
  readonly run: Run;
  readonly number: number;
  readonly serial: number;
  readonly code: Block;
  readonly length: number;
}

/** Functions that a worker has not got. */
const notInWorkers: readonly HostFunction[] = ["erf", "pow"];

/** What is known about one executable: how it is cut, and the parts that were made of it. */
export class Shares {
  plan: SharingPlan | null = null;
  /** Whether there was a large dispatch. The first is not shared: a program that runs once need not be compiled twice. */
  used = false;
  readonly parts = new Map<number, Part>();
  #possible: boolean | null = null;

  constructor(readonly program: Program) {}

  /** Whether workers can run it. */
  get possible(): boolean {
    this.#possible ??= !hostFunctions(lowerProgram(this.program)).some((name) => notInWorkers.includes(name));
    return this.#possible;
  }
}

/** Lets several threads work on one dispatch. */
export class Sharing {
  /** Null before anybody asked how many the machine runs at once, which takes Node most of a millisecond. */
  #threads: number | null;
  #crew: Crew | null = null;
  readonly #tiles = new Map<ComputeDType, CodeBytes>();
  readonly #freeNumbers: number[] = [];
  #numbers = 0;
  #serials = 0;

  /**
   * @param threads - As many as the machine runs at once if null.
   * @param all - Whether every dispatch is cut, once all threads have started.
   */
  constructor(readonly device: SharingDevice, threads: number | null, readonly all: boolean) {
    this.#threads = threads === null ? null : Math.min(threads, mostWorkers + 1);
  }

  get threads(): number {
    return (this.#threads ??= Math.min(processors(), mostWorkers + 1));
  }

  /** Threads that stop do so now; new ones start with the next dispatch that is worth it. */
  set threads(count: number) {
    this.#threads = Math.min(count, mostWorkers + 1);
    if (this.#crew !== null && count < this.#crew.size) this.#crew.resize(count);
  }

  /** How to cut a dispatch; null where one thread does it. */
  cut(shares: Shares, scalars: ScalarArguments): Cut | null {
    if (this.#threads === 1) return null;
    shares.plan ??= new SharingPlan(shares.program);
    const cut = this.all ? shares.plan.cutAnyway(scalars, this) : shares.plan.cut(scalars, this);
    if (cut === null || !shares.possible) return null;
    const crew = this.#started();
    if (this.all) crew.awaken();
    else if (!shares.used) {
      shares.used = true;
      return null;
    }
    return crew.awake ? cut : null;
  }

  /**
   * Runs all parts of a dispatch.
   *
   * @param block - The block of arguments and its bytes; the part's first position and its count go to the cell `firstCell`.
   * @param afterPart - Called after each part that runs on this thread.
   */
  run(shares: Shares, cut: Cut, block: { readonly address: number; readonly bytes: number; readonly firstCell: number }, control: Int32Array, afterPart: () => void): Outcome {
    const crew = this.#crew;
    if (crew === null) throw new Error("internal: nobody to share with");
    const part = shares.parts.get(cut.axis) ?? this.#makePart(shares, cut.axis);
    const { program } = shares;
    const job: Job = {
      part: part.number,
      serial: part.serial,
      code: { address: part.code.address, length: part.length },
      tiles: program.kind === "contraction" ? this.#tilesOf(program.dtype) : null,
      block: block.address,
      blockBytes: block.bytes,
      firstCell: block.firstCell,
    };
    const cell = block.address / 4 + block.firstCell;
    return crew.run(job, cut, (first, count) => {
      control[cell] = first;
      control[cell + 2] = count;
      try {
        return part.run(block.address);
      } finally {
        afterPart();
      }
    });
  }

  /** An executable is gone. */
  forget({ parts }: Shares): void {
    for (const { number, code } of parts.values()) {
      this.#freeNumbers.push(number);
      this.device.pool.giveBackScratch(code);
    }
    parts.clear();
  }

  dispose(): void {
    this.#crew?.dismiss();
    this.#crew = null;
    this.#threads = 1;
  }

  #started(): Crew {
    const { name, pool, blockBytes, workspaceBytes } = this.device;
    this.#crew ??= new Crew(name, pool.memory, () => {
      const { address } = pool.takeScratch(areaHead + blockBytes + workspaceBytes);
      // It has no arena yet.
      this.device.write(address, new Uint8Array(areaHead));
      return address;
    }, areaHead + blockBytes);
    if (this.#crew.size < this.threads) this.#crew.resize(this.threads);
    return this.#crew;
  }

  #makePart(shares: Shares, axis: number): Part {
    const { bytes, run } = this.device.load(partOf(shares.program, [axis]));
    const code = this.#place(bytes);
    const part: Part = { run, number: this.#freeNumbers.pop() ?? this.#numbers++, serial: ++this.#serials, code, length: bytes.length };
    shares.parts.set(axis, part);
    return part;
  }

  #place(bytes: Uint8Array): Block {
    const block = this.device.pool.takeScratch(bytes.length);
    this.device.write(block.address, bytes);
    return block;
  }

  #tilesOf(dtype: ComputeDType): NonNullable<Job["tiles"]> {
    let code = this.#tiles.get(dtype);
    if (code === undefined) {
      const bytes = this.device.tileBytes(dtype);
      code = { address: this.#place(bytes).address, length: bytes.length };
      this.#tiles.set(dtype, code);
    }
    return { ...code, start: tileTableStart(dtype) };
  }
}

