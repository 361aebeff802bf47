/** A piece of device memory, used for one tensor after the other. */
export interface MemoryBlock {
  readonly buffer: GPUBuffer;
  /** Tells blocks apart that were made one after the other in the same place. */
  readonly id: number;
  readonly bytes: number;
  /** The last batch of commands that uses it. */
  batch: number;
  /** Why the device could not give this memory, once that is known. */
  failure: Error | null;
}

/** Free memory that may be kept whatever is in use. */
const alwaysKept = 64 * 2 ** 20;

/** Of a class no more than this is unused: large memory is scarce. */
const mostUnused = 16 * 2 ** 20;

/** The size class of a request: four classes for each power of two, so at most a quarter is unused. */
export function sizeClass(bytes: number, largest: number): number {
  const step = Math.min(mostUnused, Math.max(4, 2 ** (Math.floor(Math.log2(Math.max(bytes, 16))) - 2)));
  return Math.min(Math.max(16, Math.ceil(bytes / step) * step), largest);
}

/**
 * Device memory by size class, for one kind of usage. To create a GPUBuffer costs far more than a dispatch, so freed blocks
 * are kept as long as no more than twice the peak is reserved.
 *
 * A block may be handed out again at once, though work that uses it is still under way: the device works in program order.
 */
export class BufferPool {
  readonly #free = new Map<number, MemoryBlock[]>();
  readonly #blocks = new Set<MemoryBlock>();
  #reservedBytes = 0;
  #freeBytes = 0;
  #peakBytes = 0;
  #made = 0;

  /** @param create - Makes a GPUBuffer; calls `fail` when the device says later that it could not. */
  constructor(
    readonly largest: number,
    readonly create: (bytes: number, fail: (error: Error) => void) => GPUBuffer,
  ) {}

  /** Bytes of all blocks, free ones included. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** Blocks made so far. */
  get made(): number {
    return this.#made;
  }

  take(bytes: number): MemoryBlock {
    const size = sizeClass(bytes, this.largest);
    let block = this.#free.get(size)?.pop();
    if (block === undefined) {
      block = this.#make(size);
    } else {
      this.#freeBytes -= size;
    }
    this.#peakBytes = Math.max(this.#peakBytes, this.#reservedBytes - this.#freeBytes);
    return block;
  }

  #make(size: number): MemoryBlock {
    const buffer = this.create(size, (error) => {
      block.failure = error;
    });
    const block: MemoryBlock = { buffer, id: ++this.#made, bytes: size, batch: -1, failure: null };
    this.#blocks.add(block);
    this.#reservedBytes += size;
    return block;
  }

  /** Takes a block back. False where it is not worth keeping: the caller drops it when no command uses it any more. */
  give(block: MemoryBlock): boolean {
    if (!this.#blocks.has(block)) return true;
    if (block.failure !== null || this.#reservedBytes > 2 * this.#peakBytes + alwaysKept) return false;
    const list = this.#free.get(block.bytes);
    if (list === undefined) this.#free.set(block.bytes, [block]);
    else list.push(block);
    this.#freeBytes += block.bytes;
    return true;
  }

  drop(block: MemoryBlock): void {
    if (!this.#blocks.delete(block)) return;
    this.#reservedBytes -= block.bytes;
    block.buffer.destroy();
  }

  /** Destroys the free blocks, when memory has become scarce. No command that is still to be submitted may use one. */
  trim(): void {
    for (const list of this.#free.values()) for (const block of list) this.drop(block);
    this.#free.clear();
    this.#freeBytes = 0;
  }

  /** Destroys every block, those in use too. */
  clear(): void {
    this.trim();
    for (const block of this.#blocks) this.drop(block);
  }
}
