/** What one program has cost. */
export interface ProfileRow {
  /** The op. */
  readonly name: string;
  readonly dispatches: number;
  /** Time on the device, of all dispatches together. */
  readonly milliseconds: number;
}

const nanosecondsPerMillisecond = 1e6;
const bytesPerTimestamp = 8;

/** Times that a batch writes while it runs. */
export interface BatchTimes {
  /** Where the pass of the batch's command `i` writes its times. */
  readonly writesOf: (i: number) => GPUComputePassTimestampWrites;
  /** Encodes, behind the commands, what brings the times to the host. */
  readonly resolve: (encoder: GPUCommandEncoder) => void;
  /** To be called when the batch has been submitted. */
  readonly submitted: () => void;
}

/** The numbers of `GPUBufferUsage` and `GPUMapMode`, which are globals in browsers only. */
const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, queryResolve: 0x200 } as const;
const mapForReading = 0x1;

/** Measures each dispatch by timestamps of the device; dispatches then run in passes of their own, one after the other. */
export class Profiler {
  readonly #device: GPUDevice;
  /** One for all batches: each is resolved before the next one writes. */
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #rows = new Map<string, { dispatches: number; nanoseconds: number }>();
  readonly #pending = new Set<Promise<void>>();

  /** @param most - Dispatches of a batch at most. */
  constructor(device: GPUDevice, most: number) {
    this.#device = device;
    this.#queries = device.createQuerySet({ label: "profile", type: "timestamp", count: 2 * most });
    this.#resolved = device.createBuffer({ label: "profile", size: 2 * most * bytesPerTimestamp, usage: usage.queryResolve | usage.copySource });
  }

  /** Begins a batch of programs of these names. */
  batch(names: readonly string[]): BatchTimes {
    const count = 2 * names.length;
    const staging = this.#device.createBuffer({ label: "profile", size: count * bytesPerTimestamp, usage: usage.mapRead | usage.copyTarget });
    return {
      writesOf: (i) => ({ querySet: this.#queries, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 }),
      resolve: (encoder) => {
        encoder.resolveQuerySet(this.#queries, 0, count, this.#resolved, 0);
        encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, count * bytesPerTimestamp);
      },
      submitted: () => {
        const collected = this.#collect(names, staging);
        this.#pending.add(collected);
        void collected.finally(() => this.#pending.delete(collected));
      },
    };
  }

  async #collect(names: readonly string[], staging: GPUBuffer): Promise<void> {
    try {
      await staging.mapAsync(mapForReading);
    } catch {
      // The device is gone, and says so itself; what it measured is gone with it.
      return;
    }
    const times = new BigUint64Array(staging.getMappedRange());
    names.forEach((name, i) => {
      const row = this.#rows.get(name) ?? { dispatches: 0, nanoseconds: 0 };
      // The clock of a device may step back when it changes its frequency.
      row.nanoseconds += Math.max(0, Number(times[2 * i + 1]! - times[2 * i]!));
      row.dispatches++;
      this.#rows.set(name, row);
    });
    staging.destroy();
  }

  /** What was measured so far, the most expensive program first. */
  async rows(): Promise<readonly ProfileRow[]> {
    await Promise.all(this.#pending);
    return [...this.#rows]
      .map(([name, { dispatches, nanoseconds }]) => ({ name, dispatches, milliseconds: nanoseconds / nanosecondsPerMillisecond }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
  }

  destroy(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
  }
}
