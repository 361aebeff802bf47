import type { WorkerThread } from "../host.js";
import { startWorker } from "../host.js";
import type { Cut } from "./plan.js";
import type { WorkerData } from "./worker.js";
import { cellBytes, cells, failed, messageLength, open, spins, workerSource } from "./worker.js";

/** Bytes of code in the device's memory. */
export interface CodeBytes {
  readonly address: number;
  readonly length: number;
}

/** What the parts of one dispatch run. */
export interface Job {
  /** Number under which workers keep the code, and the serial number of what it stands for now. */
  readonly part: number;
  readonly serial: number;
  readonly code: CodeBytes;
  /** The tiles that the code calls, and where they go in the table; null if it calls none. */
  readonly tiles: (CodeBytes & { readonly start: number }) | null;
  /** The block of arguments. */
  readonly block: number;
  readonly blockBytes: number;
  /** Where the first position of a part stands in it, in cells; its count stands two cells later. */
  readonly firstCell: number;
}

/** Milliseconds that a worker gets for a part beyond what its parts take here. */
const patience = 1200;

/** Milliseconds that workers get to start, where they are waited for. */
const startUp = 1000;

/** How a job ended: its status, or why there is none. */
export type Outcome = { readonly status: number } | { readonly failure: string };

/**
 * Worker threads of a device. They sleep until there is a job; `run` works on it with whoever of them is awake, and returns when all
 * of it is done. One that ends is let go of, one that hangs is stopped, and either is reported.
 */
export class Crew {
  readonly #workers: (WorkerThread | null)[] = [];
  readonly #areas: number[] = [];
  #mayBlock: boolean | null = null;
  /** Threads that were waited for. */
  #awaited = 1;
  readonly control: Int32Array;

  /**
   * @param takeArea - Gives the address of memory for one worker, which it keeps.
   * @param areaWorkspace - Where in it the workspace begins.
   */
  constructor(
    readonly device: string,
    readonly memory: WebAssembly.Memory,
    readonly takeArea: () => number,
    readonly areaWorkspace: number,
  ) {
    this.control = new Int32Array(memory.buffer, 0, cellBytes / 4);
  }

  /** Threads that take part, with the one that calls. */
  get size(): number {
    return this.#workers.length + 1;
  }

  /** Starts or stops threads until there are so many, with the one that calls. */
  resize(threads: number): void {
    while (this.#workers.length > threads - 1) this.#workers.pop()?.stop();
    while (this.#workers.length < threads - 1) {
      const place = this.#workers.length;
      const area = (this.#areas[place] ??= this.takeArea());
      const data: WorkerData = { place, memory: this.memory, area, workspace: area + this.areaWorkspace };
      Atomics.store(this.control, cells.ready + place, 0);
      this.#workers.push(startWorker(workerSource, data, () => this.#ended(place)));
    }
  }

  /** Waits once until all workers have started, which takes some milliseconds. On a page they start only when its code pauses. */
  awaken(): void {
    if (this.#awaited === this.size) return;
    this.#awaited = this.size;
    const end = performance.now() + startUp;
    while (this.#workers.some((worker, place) => worker !== null && Atomics.load(this.control, cells.ready + place) === 0) && performance.now() < end);
  }

  /** Whether somebody would hear of a job. */
  get awake(): boolean {
    for (let place = 0; place < this.#workers.length; place++) {
      if (this.#workers[place] !== null && this.control[cells.ready + place] === 1) return true;
    }
    return false;
  }

  /**
   * Does all parts of a job.
   *
   * @param runPart - Does one part on this thread, and gives its status.
   */
  run(job: Job, { extent, grain }: Cut, runPart: (first: number, count: number) => number): Outcome {
    const { control } = this;
    control[cells.part] = job.part;
    control[cells.serial] = job.serial;
    control[cells.code] = job.code.address;
    control[cells.codeBytes] = job.code.length;
    control[cells.tiles] = job.tiles?.address ?? 0;
    control[cells.tilesBytes] = job.tiles?.length ?? 0;
    control[cells.tilesStart] = job.tiles?.start ?? 0;
    control[cells.block] = job.block;
    control[cells.blockBytes] = job.blockBytes;
    control[cells.firstCell] = job.firstCell;
    control[cells.extent] = extent;
    control[cells.grain] = grain;
    control[cells.status] = 0;
    control[cells.next] = 0;
    Atomics.store(control, cells.gate, open);
    Atomics.add(control, cells.signal, 1);
    Atomics.notify(control, cells.signal);
    let longest = 0;
    try {
      let before = performance.now();
      for (;;) {
        const first = Atomics.add(control, cells.next, 1) * grain;
        if (first >= extent) break;
        const status = runPart(first, Math.min(grain, extent - first));
        if (status !== 0) Atomics.compareExchange(control, cells.status, 0, status);
        const after = performance.now();
        longest = Math.max(longest, after - before);
        before = after;
      }
    } catch (error) {
      // Nobody starts another part.
      Atomics.store(control, cells.next, extent);
      this.#close(longest);
      throw error;
    }
    const failure = this.#close(longest);
    if (failure !== null) return { failure };
    const status = Atomics.load(control, cells.status);
    return status === failed ? { failure: `a worker thread threw "${this.#message()}"` } : { status };
  }

  /** Lets nobody in any more and waits until all workers are out; says what went wrong. */
  #close(longestPart: number): string | null {
    Atomics.and(this.control, cells.gate, ~open);
    const milliseconds = Math.round(patience + 4 * longestPart);
    if (this.#settled(milliseconds)) return null;
    this.dismiss();
    return `a worker thread did not finish its part within ${String(milliseconds)} ms and was stopped`;
  }

  /** Stops all threads. They are forgotten with their memory, which a thread that hangs may still write to. */
  dismiss(): void {
    for (const worker of this.#workers) worker?.stop();
    this.#workers.length = 0;
    this.#areas.length = 0;
    this.#awaited = 1;
    Atomics.store(this.control, cells.gate, 0);
  }

  #message(): string {
    const characters = [...this.control.subarray(cells.message, cells.message + messageLength)];
    const end = characters.indexOf(0);
    return String.fromCharCode(...(end < 0 ? characters : characters.slice(0, end)));
  }

  /** Waits until no worker is inside, for some milliseconds at most. */
  #settled(milliseconds: number): boolean {
    const { control } = this;
    for (let i = 0; i < spins; i++) if (Atomics.load(control, cells.gate) === 0) return true;
    this.#mayBlock ??= mayBlock(control);
    const end = performance.now() + milliseconds;
    for (;;) {
      const inside = Atomics.load(control, cells.gate);
      if (inside === 0) return true;
      const left = end - performance.now();
      if (left <= 0) return false;
      // A page's own thread must not sleep; it looks on.
      if (this.#mayBlock) Atomics.wait(control, cells.gate, inside, left);
    }
  }

  #ended(place: number): void {
    if (place >= this.#workers.length) return;
    this.#workers[place] = null;
    console.warn(`${this.device}: a worker thread ended by itself; the device goes on with ${String(this.#workers.filter((worker) => worker !== null).length + 1)} of ${String(this.size)} threads`);
  }
}

/** Whether this thread may sleep. */
function mayBlock(control: Int32Array): boolean {
  try {
    Atomics.wait(control, cells.signal, Atomics.load(control, cells.signal), 0);
    return true;
  } catch {
    return false;
  }
}
