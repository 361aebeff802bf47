import type { Terminal } from "./terminal.js";

/** Row i, column j: how many images of class i the network took for class j. */
export type ConfusionMatrix = readonly (readonly number[])[];

export function confusionMatrix(labels: readonly number[], predictions: readonly number[], classes: number): ConfusionMatrix {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [i, label] of labels.entries()) matrix[label]![predictions[i]!]!++;
  return matrix;
}

/**
 * Draws the matrix as a table: the diagonal is what was right, a dot stands for none. A narrow terminal gets less beside the counts.
 *
 * @param classes - The name of each class.
 */
export function formatConfusion(matrix: ConfusionMatrix, classes: readonly string[], { columns, style }: Terminal): string[] {
  const cell = Math.max(...matrix.flat().map((count) => String(count).length), String(classes.length - 1).length);
  const named = classes.some((name, i) => name !== String(i));
  const numbers = classes.map((_, i) => String(i).padStart(String(classes.length - 1).length));
  const nameWidth = Math.max(...classes.map((name) => name.length));
  const names = numbers.map((number, i) => (named ? `${number} ${classes[i]!.padEnd(nameWidth)}` : number));

  const recalls = matrix.map((row, i) => row[i]! / row.reduce((a, b) => a + b, 0));
  const recall = recalls.map((share) => (Number.isNaN(share) ? "" : `${(100 * share).toFixed(1)} %`));
  const recallWidth = "100.0 %".length;

  // What is spared first, when there is not enough room: the gaps, then the names, then the share that was right.
  const variants = [
    { labels: names, gap: 2, withRecall: true },
    { labels: names, gap: 1, withRecall: true },
    { labels: numbers, gap: 1, withRecall: true },
    { labels: numbers, gap: 1, withRecall: false },
  ];
  const widthOf = ({ labels, gap, withRecall }: (typeof variants)[number]): number =>
    labels[0]!.length + 1 + matrix.length * (gap + cell) + (withRecall ? 3 + recallWidth : 0);
  const { labels, gap, withRecall } = variants.find((variant) => widthOf(variant) <= columns) ?? variants.at(-1)!;

  const place = (text: string): string => " ".repeat(gap) + text.padStart(cell);
  const shown = (count: number, right: boolean): string => {
    if (count === 0) return style.dim(place("·"));
    return right ? style.green(place(String(count))) : style.red(place(String(count)));
  };
  const head = `${" ".repeat(labels[0]!.length + 1)}${numbers.map((number) => place(number.trim())).join("")}${withRecall ? `   ${"right".padStart(recallWidth)}` : ""}`;
  const rows = matrix.map((row, i) => {
    const counts = row.map((count, j) => shown(count, i === j)).join("");
    return `${labels[i]!} ${counts}${withRecall ? `   ${recall[i]!.padStart(recallWidth)}` : ""}`;
  });
  return [style.dim(head), ...rows];
}
