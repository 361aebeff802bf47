import { largestTile, stepBytes } from "./tiles.js";

/** Steps, or columns, whose tables stand in the workspace; longer ones get memory from the pool. */
const residentEntries = 1024;

/** Rows that are worked on together, at most. A multiple of a cache line's elements. */
export const mostChunkRows = 256;

const sizes = {
  /** The sums of a chunk of rows at the columns of a tile. */
  strip: 16 * largestTile.vectors * mostChunkRows,
  /** Panels of columns and of rows. */
  columnPanels: 2 ** 16,
  rowPanels: 2 ** 15,
  /** Where the factors of each step lie. */
  steps: residentEntries * stepBytes,
  /** Where the tables of steps begin, if there are several. */
  starts: residentEntries,
  /** Where each column lies, and each row. */
  columns: residentEntries * 4,
  rows: residentEntries * 4,
} as const;

interface Place {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Memory that a program uses while it runs, for what is small enough to stand at a fixed place; the rest comes from the pool. The
 * address of the workspace is the first argument of a program, so that each thread can have its own.
 */
export const workspace: Readonly<Record<keyof typeof sizes, Place>> = (() => {
  let end = 0;
  const place = (bytes: number): Place => ({ offset: (end += bytes) - bytes, bytes });
  return {
    strip: place(sizes.strip), columnPanels: place(sizes.columnPanels), rowPanels: place(sizes.rowPanels),
    steps: place(sizes.steps), starts: place(sizes.starts), columns: place(sizes.columns), rows: place(sizes.rows),
  };
})();

export const workspaceBytes = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);
