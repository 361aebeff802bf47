import { type Module, noGrad, type Optimizer, type Tensor } from "gradus";

/** What a `DataLoader` gives, again and again. */
type Batches = Iterable<[x: Tensor, y: Tensor]>;

type Loss = (output: Tensor, target: Tensor) => Tensor;

/** Trains, and says after each epoch what the loss of the validation set is, and which share of it is right. */
export async function fit(epochs: number, model: Module, lossOf: Loss, optimizer: Optimizer, train: Batches, valid: Batches): Promise<void> {
  for (let epoch = 1; epoch <= epochs; epoch++) {
    model.train();
    for (const [x, y] of train) {
      lossOf(model.call(x) as Tensor, y).backward();
      optimizer.step();
      optimizer.zeroGrad();
    }

    model.eval();
    let [loss, right, count] = [0, 0, 0];
    for (const [x, y] of valid) {
      const output = noGrad(() => model.call(x) as Tensor);
      loss += (await lossOf(output, y).item()) * y.length;
      right += await output.argmax({ dim: 1 }).eq(y).sum().item();
      count += y.length;
    }
    console.log(`epoch ${epoch}: loss ${(loss / count).toFixed(4)}, accuracy ${(right / count).toFixed(4)}`);
  }
}
