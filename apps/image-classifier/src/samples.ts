import { type Block, drawPicture, howManyFit, layOut, type Picture } from "./draw.js";
import type { Evaluation } from "./evaluate.js";
import type { Terminal } from "./terminal.js";

/** More in a line than this are too many to look at. */
const MOST_IN_A_LINE = 6;

/** An image and what the network makes of it. */
export interface Sample {
  readonly picture: Picture;
  readonly label: string;
  readonly prediction: string;
  /** How sure the network is, from 0 to 1. */
  readonly probability: number;
}

/** `count` images from all over the dataset. */
export function spread({ labels: { length } }: Evaluation, count: number): number[] {
  const shown = Math.min(count, length);
  return Array.from({ length: shown }, (_, i) => Math.floor(((i + 0.5) * length) / shown));
}

/** The `count` mistakes that the network is most sure of. */
export function surestMistakes({ labels, predictions, probabilities }: Evaluation, count: number): number[] {
  const mistakes = labels.flatMap((label, i) => (label === predictions[i] ? [] : [i]));
  return mistakes.sort((a, b) => probabilities[b]! - probabilities[a]!).slice(0, count);
}

/** How many samples stand in a line of this terminal. */
export function samplesInLine(picture: Picture, classes: readonly string[], { columns }: Terminal): number {
  const block: Block = { lines: [], width: widthOf(drawPicture(picture, false), classes) };
  return howManyFit(new Array<Block>(MOST_IN_A_LINE).fill(block), columns);
}

/** Draws images beside each other; below each stands what the network says, and what is right if that is something else. */
export function drawSamples(samples: readonly Sample[], classes: readonly string[], terminal: Terminal): string[] {
  const { style } = terminal;
  const blocks = samples.map(({ picture, label, prediction, probability }): Block => {
    const drawing = drawPicture(picture, terminal.greys);
    const width = widthOf(drawing, classes);
    const right = label === prediction;
    const verdict = `${right ? "✓" : "✗"} ${prediction} ${percent(probability)}`.padEnd(width);
    const truth = right ? [] : [`  is ${label}`.padEnd(width)];
    const margin = " ".repeat(width - drawing.width);
    return { lines: [...drawing.lines.map((line) => line + margin), right ? style.green(verdict) : style.red(verdict), ...truth], width };
  });
  return layOut(blocks, terminal.columns);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A drawing is as wide as its longest caption, so that the columns of several lines stand below each other. */
const widthOf = (drawing: Block, classes: readonly string[]): number => Math.max(drawing.width, ...classes.map((name) => `✓ ${name} 100.0 %`.length));
