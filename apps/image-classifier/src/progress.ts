import { SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.js";

/** What the bar of an epoch shows beside its length. */
export interface Progress {
  /** Which epoch it is, such as `3/20`. */
  readonly label: string;
  /** From 0 to 1. */
  readonly done: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
  /** Seconds until the epoch ends; undefined while the network is being tested. */
  readonly remaining: number | undefined;
}

const LONGEST_BAR = 40;
const SHORTEST_BAR = 8;

export const formatCount = (count: number): string => Math.round(count).toLocaleString("en-US");

/** Minutes and seconds, such as `1:05`. */
export function formatTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The line that the bar is, never longer than the terminal: what matters least is left out first. */
export function formatProgress({ label, done, loss, imagesPerSecond, remaining }: Progress, { columns, style }: Terminal): string {
  const percent = `${String(Math.floor(100 * done)).padStart(3)} %`;
  const time = remaining === undefined ? "testing" : `ETA ${formatTime(remaining)}`;
  const details = [`loss ${loss.toFixed(4)}`, time, `${formatCount(imagesPerSecond)} images/s`];
  const widthOf = (parts: readonly string[]): number => parts.reduce((width, part) => width + 2 + part.length, -2);
  while (details.length > 0 && widthOf([label, percent, ...details]) + 2 + SHORTEST_BAR >= columns) details.pop();
  const room = columns - 1 - widthOf([label, percent, ...details]) - 2;
  const size = Math.min(LONGEST_BAR, room);
  const filled = Math.round(size * done);
  const bar = size < SHORTEST_BAR ? [] : [style.cyan("━".repeat(filled)) + style.dim("─".repeat(size - filled))];
  return [label, ...bar, percent, ...details].join("  ");
}

/** A bar on a terminal, drawn over itself and gone when it is cleared. */
export class ProgressBar {
  readonly #bar: SingleBar;

  constructor(stream: NodeJS.WriteStream, terminal: Omit<Terminal, "columns">) {
    this.#bar = new SingleBar({
      stream,
      clearOnComplete: true,
      hideCursor: true,
      // Ctrl-C is ours: the program saves and then clears the bar itself.
      gracefulExit: false,
      format: (_options, { maxWidth }, progress) => formatProgress(progress as Progress, { ...terminal, columns: maxWidth }),
    });
    // Whatever ends the program, the cursor must be seen afterwards.
    process.once("exit", () => this.clear());
  }

  show(progress: Progress): void {
    // The library takes the values over; a copy, because it writes into the first one it gets.
    if (this.#bar.isActive) this.#bar.update(progress.done, progress);
    else this.#bar.start(1, progress.done, { ...progress });
  }

  clear(): void {
    this.#bar.stop();
  }
}
