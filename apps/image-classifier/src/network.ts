import type { ImageDataset } from "@gradus/datasets";
import { LeNet } from "@gradus/models";
import { UsageError } from "./failure.js";

/** The name of the network in files. */
export const ARCHITECTURE = "LeNet";

/** The images of a dataset all have one size. */
export function imageSize(dataset: ImageDataset): { readonly height: number; readonly width: number } {
  const [image, label] = dataset.at(0);
  const [, height, width] = image.shape as [number, number, number];
  for (const tensor of [image, label]) tensor.dispose();
  return { height, width };
}

/** A network for images of this size with fresh weights: LeNet-5, or its small sister for 8×8 pixels. */
export function networkFor({ height, width }: { readonly height: number; readonly width: number }, classes: number): LeNet {
  if (height !== width) throw new UsageError(`--data-dir: expected square images, found ${height}×${width} pixels; cut or scale them`);
  return height === 8 ? LeNet.forDigits() : new LeNet({ imageSize: height, classes });
}
