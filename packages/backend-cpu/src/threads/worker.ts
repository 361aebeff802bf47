import { tileTableSize } from "../codegen/contraction/tiles.js";

/**
 * What the threads share besides the device's buffers: a few int32 cells at the beginning of the memory. Those that several threads write
 * stand in cache lines of their own.
 *
 * - `signal` counts jobs; idle threads wait for it to change.
 * - `gate` is `open` plus the number of workers inside while a job may be joined. A worker that comes late finds it closed and has missed
 *   nothing: the parts of a job are handed out one by one, and the thread that gave the job takes what is left. So it waits for
 *   workers that are inside, never for one that is asleep or gone.
 * - `next` is the first part that nobody has taken.
 * - `status` is what a part returned that was not zero, or `failed`.
 * - `ready` is one cell for each worker, 1 once it has started.
 * - `message` is the text of the error that a worker threw, one character in a cell, zeros behind it.
 * - The others describe the job, and are written while the gate is closed.
 */
export const cells = {
  signal: 16, gate: 32, next: 48, status: 64,
  part: 96, serial: 97, code: 98, codeBytes: 99, tiles: 100, tilesBytes: 101, tilesStart: 102, block: 103, blockBytes: 104, firstCell: 105, extent: 106, grain: 107,
  ready: 112, message: 176,
} as const;
export const mostWorkers = 63;
export const messageLength = 160;
/** The cells end here. */
export const cellBytes = 4 * (cells.message + messageLength);

export const open = 2 ** 20;
/** Status of a job in which a worker threw. */
export const failed = -1;

/** Looks at a cell before a thread goes to sleep: some fifty microseconds. Waking up takes five. */
export const spins = 20_000;

/** What a worker is started with. */
export interface WorkerData {
  /** Its number among the workers. */
  readonly place: number;
  readonly memory: WebAssembly.Memory;
  /** Where its own memory begins: two cells for its arena, the block of arguments, the workspace. */
  readonly area: number;
  readonly workspace: number;
}

/** Bytes of the head of a worker's area: where the memory lies that it took from the system, and how much of it there is. */
export const areaHead = 64;

/**
 * The program of a worker, as text: it is one file for all hosts and bundlers, and it runs where nothing of this package is
 * loaded. Memory that a program needs while it runs comes from an arena: the memory is grown by the worker itself, which needs no agreement
 * with anyone.
 */
export const workerSource = `"use strict";
const start = ({ place, memory, area, workspace }) => {
  let cells = new Int32Array(memory.buffer);
  let bytes = new Uint8Array(memory.buffer);
  // Another thread may just have grown the memory; what this one sees of that follows.
  const reach = (end) => {
    while (bytes.length < end) {
      cells = new Int32Array(memory.buffer);
      bytes = new Uint8Array(memory.buffer);
    }
  };
  const moduleAt = (address, length) => {
    reach(address + length);
    return new WebAssembly.Module(bytes.slice(address, address + length));
  };

  const table = new WebAssembly.Table({ element: "anyfunc", initial: ${String(tileTableSize)} });
  const block = area + ${String(areaHead)};
  let used = 0;
  const scratch = (byteLength) => {
    let base = cells[area / 4] >>> 0;
    let size = cells[area / 4 + 1] >>> 0;
    const wanted = Math.ceil(byteLength / 64) * 64;
    if (used + wanted > size) {
      const pages = Math.ceil((Math.max(wanted, Math.min(2 * size, 2 ** 26)) + 64) / 65536);
      base = memory.grow(pages) * 65536;
      size = pages * 65536 - 64;
      used = 0;
      cells[area / 4] = base;
      cells[area / 4 + 1] = size;
    }
    used += wanted;
    return base + used - wanted;
  };
  // All tiles came with the job.
  const panels = () => undefined;
  const device = { memory, table, scratch, panels, outOfBounds: () => { throw new RangeError("out of bounds"); } };
  const host = { exp: Math.exp, log: Math.log, sin: Math.sin, cos: Math.cos, tanh: Math.tanh, rem: (x, y) => x % y };

  const programs = [];
  const tiles = new Set();
  const program = () => {
    const tilesStart = cells[${String(cells.tilesStart)}];
    if (cells[${String(cells.tilesBytes)}] > 0 && !tiles.has(tilesStart)) {
      const { exports } = new WebAssembly.Instance(moduleAt(cells[${String(cells.tiles)}] >>> 0, cells[${String(cells.tilesBytes)}]), { device });
      for (const number of Object.keys(exports)) table.set(tilesStart + Number(number), exports[number]);
      tiles.add(tilesStart);
    }
    const serial = cells[${String(cells.serial)}];
    const known = programs[cells[${String(cells.part)}]];
    if (known !== undefined && known.serial === serial) return known.run;
    const module = moduleAt(cells[${String(cells.code)}] >>> 0, cells[${String(cells.codeBytes)}]);
    const { run } = new WebAssembly.Instance(module, { device, host }).exports;
    programs[cells[${String(cells.part)}]] = { serial, run };
    return run;
  };

  const work = () => {
    const run = program();
    const from = cells[${String(cells.block)}];
    bytes.copyWithin(block, from, from + cells[${String(cells.blockBytes)}]);
    cells[block / 4] = workspace;
    const first = block / 4 + cells[${String(cells.firstCell)}];
    const extent = cells[${String(cells.extent)}];
    const grain = cells[${String(cells.grain)}];
    for (;;) {
      const position = Atomics.add(cells, ${String(cells.next)}, 1) * grain;
      if (position >= extent) return;
      cells[first] = position;
      cells[first + 2] = Math.min(grain, extent - position);
      used = 0;
      const status = run(block);
      if (status !== 0) Atomics.compareExchange(cells, ${String(cells.status)}, 0, status);
    }
  };

  const join = () => {
    for (;;) {
      const gate = Atomics.load(cells, ${String(cells.gate)});
      if (gate < ${String(open)}) return false;
      if (Atomics.compareExchange(cells, ${String(cells.gate)}, gate, gate + 1) === gate) return true;
    }
  };

  reach(workspace);
  Atomics.store(cells, ${String(cells.ready)} + place, 1);
  let done = 0;
  for (;;) {
    const signal = Atomics.load(cells, ${String(cells.signal)});
    if (signal !== done && join()) {
      try {
        work();
      } catch (error) {
        if (Atomics.exchange(cells, ${String(cells.status)}, ${String(failed)}) !== ${String(failed)}) {
          const message = String(error);
          for (let i = 0; i < ${String(messageLength)}; i++) cells[${String(cells.message)} + i] = i < message.length ? message.charCodeAt(i) : 0;
        }
      }
      if (Atomics.sub(cells, ${String(cells.gate)}, 1) === 1) Atomics.notify(cells, ${String(cells.gate)});
    }
    done = signal;
    let spins = ${String(spins)};
    while (spins > 0 && Atomics.load(cells, ${String(cells.signal)}) === signal) spins--;
    if (spins === 0) Atomics.wait(cells, ${String(cells.signal)}, signal);
  }
};
if (typeof require === "function") start(require("node:worker_threads").workerData);
else onmessage = ({ data }) => start(data);
`;
