import type { ConfusionMatrix } from "./confusion.js";
import type { Picture } from "./draw.js";
import type { Evaluation } from "./evaluate.js";
import type { ClassifyOptions, TrainOptions } from "./options.js";

/** What the work begins with. */
export interface Beginning {
  readonly options: TrainOptions | ClassifyOptions;
  /** What the data are called. */
  readonly title: string;
  readonly size: { readonly height: number; readonly width: number };
  readonly counts: { readonly train: number; readonly test: number; readonly classes: number };
  /** The network as a tree of layers. */
  readonly network: string;
  readonly parameters: number;
  /** The accuracy that a file of weights says of itself. */
  readonly savedAccuracy?: string | undefined;
}

/** How far an epoch is. */
interface EpochProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly images: number;
  readonly totalImages: number;
  /** Mean over the images so far. */
  readonly loss: number;
  readonly seconds: number;
}

export interface EpochResult {
  readonly epoch: number;
  readonly epochs: number;
  readonly loss: number;
  /** Accuracy on the training batches, each before the step that it led to. */
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  /** Time that training took, without testing. */
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

/** What has come of it in the end. */
export interface Result {
  readonly classes: readonly string[];
  readonly evaluation: Evaluation;
  readonly confusion: ConfusionMatrix;
  readonly testImage: (index: number) => Promise<Picture>;
  /** Where the weights are now; undefined if they were there before. */
  readonly saved?: string;
}

/** An end before the end. */
interface Interruption {
  readonly epoch: number;
  readonly epochs: number;
  readonly saved: string;
}

/** Says how the work goes. */
export interface Reporter {
  begin(beginning: Beginning): void;
  /** After each batch, and once with `testing` when all batches are done. */
  progress(progress: EpochProgress, testing?: boolean): void;
  epoch(result: EpochResult): void;
  /** Ctrl-C was pressed; the end is near. */
  stopping(): void;
  interrupted(interruption: Interruption): void;
  result(result: Result): Promise<void>;
}
