import { DataLoader, loadDigits, type Tensor } from "gradus";

export interface Digits {
  /** Images as rows of 64 numbers, with mean 0 and standard deviation 1 over all of them. */
  readonly xTrain: Tensor;
  /** Which digit each is, int64. */
  readonly yTrain: Tensor;
  readonly xValid: Tensor;
  readonly yValid: Tensor;
}

/** The lessons learn MNIST. These digits come with the library, and are learned in seconds. */
export async function digits(): Promise<Digits> {
  const { train, test } = await loadDigits();
  const [[xTrain, yTrain]] = [...new DataLoader(train, { batchSize: train.length })] as [[Tensor, Tensor]];
  const [[xValid, yValid]] = [...new DataLoader(test, { batchSize: test.length })] as [[Tensor, Tensor]];
  // Validation with the numbers of training: a network must read both on the same scale.
  const [mean, std] = [xTrain.mean(), xTrain.std()];
  const normalize = (x: Tensor): Tensor => x.flatten(1).sub(mean).div(std);
  return { xTrain: normalize(xTrain), yTrain, xValid: normalize(xValid), yValid };
}
