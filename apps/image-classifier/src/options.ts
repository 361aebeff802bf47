import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type CollectionName, collectionNames, collections } from "./collections.js";
import { type DeviceName, deviceNames } from "./device.js";
import { UsageError } from "./failure.js";

interface CommonOptions {
  readonly dataDir: string | undefined;
  readonly device: DeviceName;
  readonly json: boolean;
}

export interface TrainOptions extends CommonOptions {
  readonly command: "train";
  readonly dataset: CollectionName;
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed: number;
  /** Use only the first images for training. */
  readonly limit: number | undefined;
  /** Where the weights go. */
  readonly save: string;
}

export interface ClassifyOptions extends CommonOptions {
  readonly command: "classify";
  /** Where the weights come from. */
  readonly load: string;
  /** What to classify, unless the file knows. */
  readonly dataset: CollectionName | undefined;
}

/** What the user asked for: to do something, or only to be told something. */
export type Request = TrainOptions | ClassifyOptions | { readonly command: "tell"; readonly text: string };

/** The program's own version. The file lies above the sources and above the bundle. */
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string };

const wholeNumber = (least: number) => (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value)) throw new InvalidArgumentError(`expected a whole number from ${least} on`);
  return value;
};

function learningRate(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("expected a number above 0, such as 0.05");
  return value;
}

function path(text: string): string {
  if (text === "") throw new InvalidArgumentError("expected a path");
  return text;
}

/** What stands in --help below the options. */
const notes = `
Examples:
  image-classifier                                            learn the digits that come with the program
  image-classifier --load digits.safetensors                  classify with what was learned
  image-classifier --dataset fashion-mnist --data-dir DIR     learn from the IDX files in DIR, plain or .gz

Ctrl-C stops at the next batch and saves; a second one quits at once.
Exit status: 0 done, 1 failed, 2 wrong options, 130 stopped by Ctrl-C.`;

/** The command line. Training options are of no use with --load, and say so. */
function commandLine(): Command {
  const training = (option: Option): Option => option.conflicts("load");
  return new Command("image-classifier")
    .description("Trains a convolutional network on images and shows what it has learned.")
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addOption(new Option("--dataset <name>", "what to learn (default: digits, or what the weights were trained on)").choices(collectionNames))
    .addOption(new Option("--data-dir <dir>", "directory with the files of the dataset; digits need none").argParser(path))
    .addOption(training(new Option("--epochs <n>", `passes over the training images (default: ${collections.digits.epochs} for digits, else ${collections.mnist.epochs})`).argParser(wholeNumber(1))))
    .addOption(training(new Option("--batch-size <n>", "images in a training step").argParser(wholeNumber(1)).default(32)))
    .addOption(training(new Option("--lr <x>", "highest learning rate").argParser(learningRate).default(0.05)))
    .addOption(training(new Option("--seed <n>", "where the random numbers begin").argParser(wholeNumber(0)).default(0)))
    .addOption(training(new Option("--limit <n>", "use only the first n training images").argParser(wholeNumber(1))))
    .addOption(new Option("--device <name>", "where to compute").choices(deviceNames).default("cpu"))
    .addOption(training(new Option("--save <file>", "where the weights go (default: DATASET.safetensors)").argParser(path)))
    .addOption(new Option("--load <file>", "classify with saved weights instead of training").argParser(path))
    .addOption(new Option("--json", "one line of JSON for each epoch and one for the result").default(false, "off"))
    .addOption(new Option("--debug", "say where an error comes from").default(false, "off"))
    .addHelpText("after", notes);
}

/** The values as commander gives them. */
interface Values extends CommonOptions {
  readonly dataset?: CollectionName;
  readonly epochs?: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed: number;
  readonly limit?: number;
  readonly save?: string;
  readonly load?: string;
}

/**
 * Reads the command line.
 *
 * @param args - Without the program's own name.
 * @throws {UsageError} naming the option and the remedy.
 */
export function parseOptions(args: readonly string[]): Request {
  let told = "";
  const program = commandLine()
    .exitOverride()
    .configureOutput({ writeOut: (text) => (told += text), outputError: () => undefined });
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { command: "tell", text: told };
    throw new UsageError(remedied(error.message), { cause: error });
  }
  const { dataset, dataDir, device, json, load, epochs, batchSize, lr, seed, limit, save } = program.opts<Values>();
  const common = { dataDir, device, json };
  if (load !== undefined) return { ...common, command: "classify", load, dataset };
  const learned = dataset ?? "digits";
  return {
    ...common,
    command: "train",
    dataset: learned,
    epochs: epochs ?? collections[learned].epochs,
    batchSize,
    lr,
    seed,
    limit,
    save: save ?? `${learned}.safetensors`,
  };
}

/** Commander's message as one line that says where to look further. */
const remedied = (message: string): string => `${message.replace(/^error: /, "").replaceAll("\n", " ").replace(/\.$/, "")}; see --help`;
