import { init, manualSeed, randn, type Tensor, zeros } from "gradus";
import { digits } from "./digits.js";

const lin = (x: Tensor, w: Tensor, b: Tensor): Tensor => x.matmul(w).add(b);
const relu = (x: Tensor): Tensor => x.clampMin(0);
const stats = (x: Tensor): string => `mean ${x.mean().itemSync().toFixed(4)}, standard deviation ${x.std().itemSync().toFixed(4)}`;

/** What a layer does to mean and standard deviation, and how large weights must be at first so that they stay. */
export async function kaiming(): Promise<void> {
  const { xTrain, xValid } = await digits();
  manualSeed(0);
  const [inputs, hidden] = [xTrain.shape[1]!, 50];
  console.log("inputs:", stats(xTrain));

  const b1 = zeros([hidden]);
  console.log("weights N(0, 1):", stats(lin(xValid, randn([inputs, hidden]), b1)));
  const w1 = randn([inputs, hidden]).div(Math.sqrt(inputs));
  console.log("weights N(0, 1/m):", stats(lin(xValid, w1, b1)));

  // The rectifier cuts off half: the variance is halved, and the mean is no longer 0.
  console.log("then relu:", stats(relu(lin(xValid, w1, b1))));
  const w2 = randn([inputs, hidden]).mul(Math.sqrt(2 / inputs));
  console.log("Kaiming's N(0, 2/m), then relu:", stats(relu(lin(xValid, w2, b1))));
  // Our matrix is [inputs, outputs], the transpose of a layer's weight: its inputs are what the library calls fan_out.
  const w3 = init.kaimingNormal_(zeros([inputs, hidden]), { mode: "fan_out", nonlinearity: "relu" });
  console.log("the library's, then relu:", stats(relu(lin(xValid, w3, b1))));
  console.log("the same, relu shifted by 0.5:", stats(relu(lin(xValid, w3, b1)).sub(0.5)));

  console.log("\nthrough fifty layers of 64:");
  for (const [name, scale] of [["1", 1], ["0.01", 0.01], ["√(2/64)", Math.sqrt(2 / 64)]] as const) {
    let x = xValid;
    for (let layer = 0; layer < 50; layer++) x = relu(x.matmul(randn([64, 64]).mul(scale)));
    console.log(`scale ${name}: standard deviation ${x.std().itemSync().toExponential(2)}`);
  }
}
