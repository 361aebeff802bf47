import { largestTile, stepBytes } from "./tiles.js";

/**
 * Steps of a sum that are worked on together: a panel of so many fits into half of a first-level cache, beside the rows that are
 * multiplied with it. A power of two.
 */
export const blockSteps = 512;
/** Steps, or columns, whose tables stand in the workspace; longer ones get memory from the pool. */
export const residentEntries = 1024;

const sizes = {
  /** One tile of results. */
  tile: 16 * largestTile.rows * largestTile.vectors,
  /** Some columns of an operand, copied together. */
  panel: blockSteps * 16 * largestTile.vectors,
  /** Where the factors of each step lie, for the tiles. */
  steps: residentEntries * stepBytes,
  /** The same in the operands, for copying: rows and columns. */
  rowSteps: residentEntries * 4,
  columnSteps: residentEntries * 4,
  /** Where each column lies. */
  columns: residentEntries * 4,
} as const;

/**
 * Memory that a program uses while it runs, for what is small enough to stand at a fixed place: the offset of each part. The
 * address of the workspace is the first argument of a program, so that each thread can have its own.
 */
export const workspace: Readonly<Record<keyof typeof sizes, number>> = (() => {
  let offset = 0;
  const place = (bytes: number): number => (offset += bytes) - bytes;
  return { tile: place(sizes.tile), panel: place(sizes.panel), steps: place(sizes.steps), rowSteps: place(sizes.rowSteps), columnSteps: place(sizes.columnSteps), columns: place(sizes.columns) };
})();

export const workspaceBytes = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);
