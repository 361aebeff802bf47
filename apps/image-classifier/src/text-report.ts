import { formatConfusion } from "./confusion.js";
import { formatCount, ProgressBar } from "./progress.js";
import type { Beginning, EpochResult, Reporter, Result } from "./report.js";
import { drawSamples, type Sample, samplesInLine, spread, surestMistakes } from "./samples.js";
import { type Terminal, terminalOf } from "./terminal.js";

/**
 * Words and pictures for people: colours and a bar on a terminal, plain lines elsewhere.
 *
 * @param out - Gets the lines.
 * @param err - Gets the bar, so that it shows while the lines go to a file, and never gets into the file.
 */
export function textReporter(out: NodeJS.WriteStream, err: NodeJS.WriteStream): Reporter {
  const terminal = terminalOf(out);
  const { style } = terminal;
  const bar = err.isTTY && process.env.TERM !== "dumb" ? new ProgressBar(err, terminalOf(err)) : undefined;
  const say = (...lines: readonly string[]): void => void out.write(lines.map((line) => `${line}\n`).join(""));

  return {
    begin: (beginning) => {
      say(...describeBeginning(beginning, terminal));
      if (beginning.options.command === "train") say("", style.dim(tableLine(TABLE_HEAD, terminal)));
    },
    progress: ({ epoch, epochs, images, totalImages, loss, seconds }, testing = false) => {
      const remaining = testing ? undefined : (seconds * (totalImages - images)) / images;
      bar?.show({ label: `${epoch}/${epochs}`.padStart(TABLE_HEAD[0].length), done: images / totalImages, loss, imagesPerSecond: images / seconds, remaining });
    },
    epoch: (result) => {
      bar?.clear();
      say(tableLine(tableCells(result), terminal));
    },
    stopping: () => {
      bar?.clear();
      err.write("stopping after this batch; Ctrl-C again quits at once\n");
    },
    interrupted: ({ epoch, epochs, saved }) => {
      bar?.clear();
      say("", `interrupted in epoch ${epoch} of ${epochs}`, `saved ${saved}`);
    },
    result: async (result) => {
      const { classes, confusion, evaluation, saved } = result;
      const [title, legend] = ["Confusion matrix", "  rows: true classes, columns: predictions"];
      say("", style.bold(title) + (title.length + legend.length <= terminal.columns ? style.dim(legend) : ""), "");
      say(...formatConfusion(confusion, classes, terminal), "");

      const count = samplesInLine(await result.testImage(0), classes, terminal);
      const galleries = { "Some test images": spread(evaluation, count), "Most confident mistakes": surestMistakes(evaluation, count) };
      for (const [name, indices] of Object.entries(galleries)) {
        if (indices.length === 0) continue;
        const samples = await Promise.all(indices.map((index) => sampleOf(result, index)));
        say(style.bold(name), "", ...drawSamples(samples, classes, terminal), "");
      }
      if (saved !== undefined) say(`saved ${saved}`);
      say(`test accuracy ${evaluation.accuracy.toFixed(4)}`);
    },
  };
}

async function sampleOf({ classes, evaluation: { labels, predictions, probabilities }, testImage }: Result, index: number): Promise<Sample> {
  const nameOf = (label: number): string => classes[label]!;
  return { picture: await testImage(index), label: nameOf(labels[index]!), prediction: nameOf(predictions[index]!), probability: probabilities[index]! };
}

function describeBeginning({ options, title, size, counts, network, parameters, savedAccuracy }: Beginning, { columns, style }: Terminal): string[] {
  const training = options.command === "train" ? `${formatCount(counts.train)} training and ` : "";
  const facts = {
    dataset: `${title}, ${training}${formatCount(counts.test)} test images of ${size.height}×${size.width} pixels, ${counts.classes} classes`,
    ...(options.command === "train"
      ? { training: `${options.epochs} epochs in batches of ${options.batchSize}, learning rate up to ${options.lr}, seed ${options.seed}` }
      : { weights: `${options.load}${savedAccuracy === undefined ? "" : `, saved with test accuracy ${savedAccuracy}`}` }),
    device: options.device,
    network: `${formatCount(parameters)} parameters`,
  };
  const width = Math.max(...Object.keys(facts).map((name) => name.length)) + 2;
  return [
    ...Object.entries(facts).map(([name, value]) => style.bold(name.padEnd(width)) + value),
    ...network.split("\n").map((line) => style.dim(cut(" ".repeat(width) + line, columns))),
  ];
}

/** A line that a narrow terminal would break is cut. */
const cut = (line: string, columns: number): string => (line.length <= columns ? line : `${line.slice(0, columns - 1)}…`);

// The table of epochs. Each column is as wide as its title, or as what stands in it; the last ones are left out where there is no room.

const TABLE_HEAD = ["  epoch", "  loss", " train", "  test", "images/s", "  time"] as const;

const tableCells = ({ epoch, epochs, loss, trainAccuracy, testAccuracy, imagesPerSecond, seconds }: EpochResult): string[] => [
  `${epoch}/${epochs}`,
  loss.toFixed(4),
  trainAccuracy.toFixed(4),
  testAccuracy.toFixed(4),
  formatCount(imagesPerSecond),
  `${seconds.toFixed(1)} s`,
];

function tableLine(cells: readonly string[], { columns }: Terminal): string {
  let line = "";
  for (const [i, cell] of cells.entries()) {
    const next = `${line}${i === 0 ? "" : "   "}${cell.padStart(TABLE_HEAD[i]!.length)}`;
    if (next.length > columns) break;
    line = next;
  }
  return line;
}
