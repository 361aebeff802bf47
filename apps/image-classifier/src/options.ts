import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { type CollectionName, collectionNames, collections } from "./collections.js";
import { type DeviceName, deviceNames } from "./device.js";
import { UsageError } from "./failure.js";

interface CommonOptions {
  readonly dataDir: string | undefined;
  readonly device: DeviceName;
  /** Use only the first images of each part. */
  readonly limit: number | undefined;
  readonly json: boolean;
}

export interface TrainOptions extends CommonOptions {
  readonly command: "train";
  readonly dataset: CollectionName;
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed: number;
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

/** What an option takes: how to say it, and how to read it; undefined stands for anything else. */
interface Kind<T> {
  readonly expected: string;
  readonly read: (text: string) => T | undefined;
}

const wholeNumber = (least: number): Kind<number> => ({
  expected: `a whole number from ${least} on`,
  read: (text) => (/^\d+$/.test(text) && Number(text) >= least && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
});

const positiveNumber: Kind<number> = {
  expected: "a number above 0, such as 0.05",
  read: (text) => (text.trim() !== "" && Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : undefined),
};

const path: Kind<string> = { expected: "a path", read: (text) => (text === "" ? undefined : text) };

const oneOf = <T extends string>(names: readonly T[]): Kind<T> => ({
  expected: names.join(", ").replace(/, (?=[^,]*$)/, " or "),
  read: (text) => names.find((name) => name === text),
});

/** An option with a value, which is refused with the name of the option, what was expected and what was given. */
function option<T>(flags: string, { expected, read }: Kind<T>, description: string): Option {
  const made = new Option(flags, description);
  return made.argParser((text) => {
    const value = read(text);
    if (value === undefined) throw new UsageError(`${made.long ?? flags}: expected ${expected}, got "${text}"; see --help`);
    return value;
  });
}

/** What stands in --help below the options. */
const notes = `
Examples:
  image-classifier                                          learn the digits that come with the program
  image-classifier --load digits.safetensors                classify with what was learned
  image-classifier --dataset fashion-mnist --data-dir DIR   learn from the IDX files in DIR, plain or .gz

Ctrl-C stops at the next batch and saves; a second one quits at once.
Exit status: 0 done, 1 failed, 2 wrong options, 130 stopped by Ctrl-C.`;

/** The command line. Training options are of no use with --load, and say so. */
function commandLine(): Command {
  const training = <T>(...args: Parameters<typeof option<T>>): Option => option(...args).conflicts("load");
  const datasets = oneOf(collectionNames);
  const devices = oneOf(deviceNames);
  return new Command("image-classifier")
    .description("Trains a convolutional network on images and shows what it has learned.")
    .addOption(option("--dataset <name>", datasets, `${datasets.expected}; by default digits, or what the weights were trained on`))
    .addOption(option("--data-dir <dir>", path, "directory with the files of the dataset; digits need none"))
    .addOption(training("--epochs <n>", wholeNumber(1), `passes over the training images; by default ${collections.digits.epochs} for digits, else ${collections.mnist.epochs}`))
    .addOption(training("--batch-size <n>", wholeNumber(1), "images in a training step").default(32))
    .addOption(training("--lr <x>", positiveNumber, "highest learning rate").default(0.05))
    .addOption(training("--seed <n>", wholeNumber(0), "where the random numbers begin").default(0))
    .addOption(option("--limit <n>", wholeNumber(1), "use only the first n images for training, and for testing"))
    .addOption(option("--device <name>", devices, `${devices.expected}: where to compute`).default("cpu"))
    .addOption(training("--save <file>", path, "where the weights go; by default DATASET.safetensors"))
    .addOption(option("--load <file>", path, "classify with saved weights instead of training"))
    .addOption(new Option("--json", "one line of JSON for each epoch and one for the result"))
    .addOption(new Option("--debug", "say where an error comes from"))
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", notes);
}

/** The values as commander gives them. */
interface Values extends Pick<CommonOptions, "device"> {
  readonly dataDir?: string;
  readonly json?: boolean;
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
  const { dataset, dataDir, device, json = false, load, epochs, batchSize, lr, seed, limit, save } = program.opts<Values>();
  const common = { dataDir, device, limit, json };
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
    save: save ?? `${learned}.safetensors`,
  };
}

/** Commander's message as one line that says where to look further. */
const remedied = (message: string): string => `${message.replace(/^error: /, "").replaceAll("\n", " ").replace(/\.$/, "")}; see --help`;
