import type { BackendStats, BufferHandle, MemoryHolder } from "@gradus/kernel-ir";
import { DeviceMemoryError } from "@gradus/kernel-ir";

const pageBytes = 65536;

/** Addresses and sizes are multiples of a cache line. */
const lineBytes = 64;

/**
 * Nothing is allocated at the very end of the memory, so that a vector load that starts at the last element of a buffer does
 * not trap. What it reads behind the buffer is thrown away.
 */
const endMarginBytes = 64;

/** The largest step by which the memory grows ahead of need, so that a growing program does not grow page by page. */
const growAheadBytes = 2 ** 25;

/** WebAssembly's 32-bit addresses end here. */
export const addressableBytes = 2 ** 32;

/** A stretch of the memory, free or not. Neighbours know each other, so that free ones merge. */
export class Block {
  free = false;
  /** Neighbours in memory, where nobody else's lies between. */
  before: Block | null = null;
  after: Block | null = null;
  /** What it was given out for; null for scratch, and while it is free. */
  buffer: CpuBuffer | null = null;
  /** Neighbours in the free list of the block's size. */
  previous: Block | null = null;
  next: Block | null = null;

  constructor(readonly address: number, public size: number) {}
}

/** A buffer of the device. Once freed, its address is 0, which is no buffer's: so later uses are found out. */
export interface CpuBuffer extends BufferHandle {
  address: number;
  block: Block | null;
  /** The op whose result it is; null while only the host has written to it. */
  maker: string | null;
}

/** Free lists for sizes that differ by no more than an eighth. */
const listsPerDoubling = 8;
const listCount = 256;

/** The list that a block of `lines` cache lines belongs to: below 8 lines one each, then eight to each power of two. */
function listOf(lines: number): number {
  if (lines < listsPerDoubling) return lines;
  const log = 31 - Math.clz32(lines);
  return (log - 2) * listsPerDoubling + ((lines >> (log - 3)) & (listsPerDoubling - 1));
}

/** The first list all of whose blocks have at least `lines` cache lines. */
function listFrom(lines: number): number {
  if (lines < listsPerDoubling) return lines;
  const log = 31 - Math.clz32(lines);
  return listOf(lines + (1 << (log - 3)) - 1);
}

/**
 * One WebAssembly memory and the buffers in it: a two-level segregated fit (Masmano et al., TLSF, 2004). Free blocks stand in
 * lists by size, bit masks find the first list that has a large enough one, what is left over is split off, and free
 * neighbours merge at once. Allocating and freeing take constant time, and space that was freed is found again whatever the
 * size that is asked for next: WebAssembly memory never shrinks, so its high-water mark is what counts.
 */
export class MemoryPool {
  readonly memory: WebAssembly.Memory;
  #lists: (Block | null)[] = Array.from({ length: listCount }, () => null);
  /** Bit i of word w: list 32w + i has blocks. */
  readonly #nonEmpty = new Int32Array(listCount / 32);
  /** The block with the highest address. */
  #last: Block | null = null;
  /** The first block of each stretch of memory that belongs to nobody else. */
  readonly #firsts: Block[] = [];
  #end: number;
  /** Where the memory that belongs to this pool ends. */
  #limit: number;

  #buffers = 0;
  #bytesInUse = 0;
  #peakBytes = 0;

  /** Calls back whenever the memory has grown: typed arrays over its former buffer are detached. */
  onGrow: () => void = () => undefined;

  /**
   * @param device - The device's name, for errors.
   * @param base - Addresses below are not managed here.
   * @param maxBytes - The memory never grows beyond; at most 4 GiB.
   * @param shared - Whether other threads may use the memory; they may grow it too, and keep what they take so.
   */
  constructor(readonly device: string, base: number, readonly maxBytes: number, shared = false) {
    const initial = Math.ceil((base + endMarginBytes) / pageBytes);
    const maximum = Math.max(initial, Math.floor(Math.min(maxBytes, addressableBytes) / pageBytes));
    this.memory = new WebAssembly.Memory({ initial, maximum, shared });
    this.#end = base;
    this.#limit = initial * pageBytes;
    const usable = initial * pageBytes - endMarginBytes - base;
    if (usable >= lineBytes) this.#append(usable - (usable % lineBytes));
  }

  /** @throws {DeviceMemoryError} when the memory can grow no further. Nothing has changed then. */
  alloc(byteLength: number): CpuBuffer {
    const block = this.#take(byteLength);
    this.#buffers++;
    this.#bytesInUse += byteLength;
    if (this.#bytesInUse > this.#peakBytes) this.#peakBytes = this.#bytesInUse;
    const buffer: CpuBuffer = { byteLength, address: block.address, block, maker: null };
    block.buffer = buffer;
    return buffer;
  }

  free(buffer: CpuBuffer): void {
    const { block } = buffer;
    if (block === null) throw new Error("internal: free of a buffer that was freed");
    buffer.block = null;
    block.buffer = null;
    buffer.address = 0;
    this.#buffers--;
    this.#bytesInUse -= buffer.byteLength;
    this.#giveBack(block);
  }

  /** Memory for the length of one dispatch. It is not a buffer and is not counted as one. */
  takeScratch(byteLength: number): Block {
    return this.#take(byteLength);
  }

  giveBackScratch(block: Block): void {
    this.#giveBack(block);
  }

  stats(): Omit<BackendStats, "prepared" | "dispatches"> {
    return { buffers: this.#buffers, bytesInUse: this.#bytesInUse, peakBytes: this.#peakBytes, bytesReserved: this.memory.buffer.byteLength };
  }

  #take(byteLength: number): Block {
    if (!(byteLength <= this.maxBytes)) this.#refuse(byteLength);
    const lines = Math.max(1, Math.ceil(byteLength / lineBytes));
    const block = this.#find(lines) ?? this.#grow(lines, byteLength);
    this.#unlist(block);
    const size = lines * lineBytes;
    if (block.size > size) {
      const rest = new Block(block.address + size, block.size - size);
      block.size = size;
      rest.before = block;
      rest.after = block.after;
      if (rest.after !== null) rest.after.before = rest;
      if (this.#last === block) this.#last = rest;
      block.after = rest;
      this.#list(rest);
    }
    return block;
  }

  #giveBack(block: Block): void {
    let merged = block;
    const { before, after } = block;
    if (after?.free === true) {
      this.#unlist(after);
      this.#absorb(merged, after);
    }
    if (before?.free === true) {
      this.#unlist(before);
      this.#absorb(before, merged);
      merged = before;
    }
    this.#list(merged);
  }

  /** Makes `right`, which follows `left`, a part of it. */
  #absorb(left: Block, right: Block): void {
    left.size += right.size;
    left.after = right.after;
    if (left.after !== null) left.after.before = left;
    if (this.#last === right) this.#last = left;
  }

  #find(lines: number): Block | null {
    // A block of nearly this size was often freed just now; the first of its list may do.
    const own = this.#lists[listOf(lines)];
    if (own != null && own.size >= lines * lineBytes) return own;
    const from = listFrom(lines);
    let word = from >> 5;
    let bits = (this.#nonEmpty[word] ?? 0) & (-1 << (from & 31));
    while (bits === 0) {
      word++;
      if (word >= this.#nonEmpty.length) return null;
      bits = this.#nonEmpty[word] ?? 0;
    }
    return this.#lists[(word << 5) + 31 - Math.clz32(bits & -bits)] ?? null;
  }

  /** Makes the memory large enough for one more block of `lines`, and gives that block. */
  #grow(lines: number, requested: number): Block {
    const bytesNow = this.memory.buffer.byteLength;
    const ahead = Math.ceil(Math.min(bytesNow / 8, growAheadBytes) / pageBytes);
    for (;;) {
      const last = this.#last;
      const atEnd = last?.free === true && last.address + last.size === this.#end ? last.size : 0;
      const needed = Math.ceil((this.#end - atEnd + lines * lineBytes + endMarginBytes - this.#limit) / pageBytes);
      const block = this.#growBy(Math.max(needed, ahead)) ?? this.#growBy(needed) ?? this.#refuse(requested);
      if (block.size >= lines * lineBytes) return block;
      // Another thread has grown the memory, so that this is not behind what was there. A second time it is.
    }
  }

  #refuse(byteLength: number): never {
    throw new DeviceMemoryError(this.device, byteLength, { ...this.stats(), prepared: 0, dispatches: 0 }, undefined, this.#holders());
  }

  /** Whose results the buffers are, those that take most first. */
  #holders(): MemoryHolder[] {
    const byOp = new Map<string, MemoryHolder>();
    for (const first of this.#firsts) {
      for (let block: Block | null = first; block !== null; block = block.after) {
        const { buffer } = block;
        if (buffer?.maker == null) continue;
        const { bytes, buffers } = byOp.get(buffer.maker) ?? { bytes: 0, buffers: 0 };
        byOp.set(buffer.maker, { op: buffer.maker, bytes: bytes + buffer.byteLength, buffers: buffers + 1 });
      }
    }
    return [...byOp.values()].sort((a, b) => b.bytes - a.bytes);
  }

  /** The block at the end of the memory after it has grown; null if it cannot. */
  #growBy(pages: number): Block | null {
    let start: number;
    try {
      start = this.memory.grow(pages) * pageBytes;
    } catch {
      // A RangeError: beyond the maximum, or the system has no more.
      return null;
    }
    this.onGrow();
    if (start !== this.#limit) this.#end = start;
    this.#limit = start + pages * pageBytes;
    const usable = this.#limit - endMarginBytes - this.#end;
    return this.#append(usable - (usable % lineBytes));
  }

  /** Adds free space at the end. */
  #append(size: number): Block {
    const made = new Block(this.#end, size);
    const last = this.#last;
    this.#end += size;
    this.#last = made;
    // Memory between the two belongs to another thread.
    if (last === null || last.address + last.size !== made.address) {
      this.#firsts.push(made);
      this.#list(made);
      return made;
    }
    made.before = last;
    last.after = made;
    if (last.free) {
      this.#unlist(last);
      this.#absorb(last, made);
      this.#list(last);
      return last;
    }
    this.#list(made);
    return made;
  }

  #list(block: Block): void {
    block.free = true;
    const index = listOf(block.size / lineBytes);
    const head = this.#lists[index] ?? null;
    block.previous = null;
    block.next = head;
    if (head === null) this.#nonEmpty[index >> 5]! |= 1 << (index & 31);
    else head.previous = block;
    this.#lists[index] = block;
  }

  #unlist(block: Block): void {
    block.free = false;
    const { previous, next } = block;
    if (next !== null) next.previous = previous;
    if (previous !== null) previous.next = next;
    else {
      const index = listOf(block.size / lineBytes);
      this.#lists[index] = next;
      if (next === null) this.#nonEmpty[index >> 5]! &= ~(1 << (index & 31));
    }
    block.previous = null;
    block.next = null;
  }
}
