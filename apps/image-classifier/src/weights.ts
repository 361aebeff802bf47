import { randomUUID } from "node:crypto";
import { rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LeNet } from "@gradus/models";
import { StateDictError } from "@gradus/nn";
import { FileFormatError } from "@gradus/serialization";
import { loadFile, loadMetadata, saveFile } from "@gradus/serialization/node";
import { type CollectionName, isCollectionName } from "./collections.js";
import { UsageError } from "./failure.js";
import { ARCHITECTURE } from "./network.js";

/** What a file says of the weights in it. A file that another program has written may say nothing. */
export interface Origin {
  readonly dataset?: CollectionName;
  readonly testAccuracy?: string;
}

/**
 * Makes sure that a file can be saved under this name, before time goes into what is to be saved.
 *
 * @throws {UsageError} that names the path and what is in the way.
 */
export async function checkSavable(file: string): Promise<void> {
  const directory = dirname(file);
  const refuse = (reason: string, cause?: unknown) => new UsageError(`--save ${file}: ${reason}; choose another place`, { cause });
  const inTheWay = await stat(file).catch(() => undefined);
  if (inTheWay !== undefined && !inTheWay.isFile()) throw refuse("expected the name of a file, found a directory or a device there");
  const found = await stat(directory).catch(() => undefined);
  if (!found?.isDirectory()) throw refuse(`expected a directory ${directory}, found ${found === undefined ? "none" : "a file"}`);

  // Permissions are not the whole truth; whether a file can be made is best found out by making one.
  const trial = join(directory, `.${randomUUID()}.tmp`);
  try {
    await writeFile(trial, "", { flag: "wx" });
    await rm(trial);
  } catch (cause) {
    throw refuse(`expected a directory to write to, ${directory} refuses (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, cause);
  }
}

/** Saves all weights or none: until the new file is complete the old one stands. */
export function saveWeights(file: string, network: LeNet, notes: { readonly dataset: CollectionName; readonly seed: number; readonly epochs: number; readonly testAccuracy?: number | undefined }): Promise<void> {
  const { dataset, seed, epochs, testAccuracy } = notes;
  return saveFile(file, network.stateDict(), {
    architecture: ARCHITECTURE,
    dataset,
    seed: String(seed),
    epochs: String(epochs),
    ...(testAccuracy === undefined ? {} : { test_accuracy: testAccuracy.toFixed(4) }),
  });
}

/**
 * What a file of weights says of itself.
 *
 * @throws {FileFormatError} if it says that it holds something else than weights of this program.
 */
export async function readOrigin(file: string): Promise<Origin> {
  const { architecture, dataset, test_accuracy: testAccuracy } = await loadMetadata(file);
  if (architecture !== undefined && architecture !== ARCHITECTURE) {
    throw new FileFormatError(file, `expected weights of ${ARCHITECTURE}, found those of ${architecture}`, "load a file that this program has saved");
  }
  return {
    ...(dataset !== undefined && isCollectionName(dataset) ? { dataset } : {}),
    ...(testAccuracy === undefined ? {} : { testAccuracy }),
  };
}

/**
 * Loads weights into a network. If anything does not fit, nothing is loaded.
 *
 * @throws {FileFormatError} that names the first tensor that does not fit.
 */
export async function loadWeights(file: string, network: LeNet): Promise<void> {
  const tensors = await loadFile(file);
  try {
    network.loadStateDict(tensors);
  } catch (error) {
    if (!(error instanceof StateDictError)) throw error;
    const [problem] = [
      ...error.missing.map((key) => `expected a tensor "${key}", found none`),
      ...error.misshapen.map((text) => `tensor ${text.replace(/^\S+/, (key) => `"${key}":`)}`),
      ...error.unexpected.map((key) => `expected only the tensors of ${ARCHITECTURE}, found "${key}"`),
    ];
    throw new FileFormatError(file, problem ?? error.message, "these weights are for another network; choose the --dataset that they were trained on, or another file", { cause: error });
  }
}

