import { allclose, manualSeed, randn, type Tensor, zeros } from "gradus";
import { digits } from "./digits.js";

/** Of each tensor, the gradient of the loss with respect to it. */
const g = new WeakMap<Tensor, Tensor>();

const lin = (x: Tensor, w: Tensor, b: Tensor): Tensor => x.matmul(w).add(b);
const relu = (x: Tensor): Tensor => x.clampMin(0);
const mse = (output: Tensor, target: Tensor): Tensor => output.squeeze(-1).sub(target).square().mean();

// The gradient of the inputs of each function, from the gradient of its output.

function mseGrad(input: Tensor, target: Tensor): void {
  g.set(input, input.squeeze(-1).sub(target).unsqueeze(-1).mul(2).div(input.shape[0]!));
}

function reluGrad(input: Tensor, output: Tensor): void {
  g.set(input, input.gt(0).mul(g.get(output)!));
}

function linGrad(input: Tensor, output: Tensor, w: Tensor, b: Tensor): void {
  const upstream = g.get(output)!;
  g.set(input, upstream.matmul(w.t()));
  g.set(w, input.t().matmul(upstream));
  g.set(b, upstream.sum({ dim: 0 }));
}

/** A network and its backward pass by hand, held beside the library's. */
export async function backward(): Promise<void> {
  const { xTrain: x, yTrain } = await digits();
  const y = yTrain.to("float32");
  manualSeed(0);
  const [inputs, hidden] = [x.shape[1]!, 50];
  const w1 = randn([inputs, hidden]).mul(Math.sqrt(2 / inputs));
  const b1 = zeros([hidden]);
  const w2 = randn([hidden, 1]).div(Math.sqrt(hidden));
  const b2 = zeros([1]);

  // Forward. Every value that the way back needs has a name.
  const l1 = lin(x, w1, b1);
  const l2 = relu(l1);
  const out = lin(l2, w2, b2);
  console.log("loss:", mse(out, y));

  // Backward: the same in reverse order. The loss itself is not needed.
  mseGrad(out, y);
  linGrad(l2, out, w2, b2);
  reluGrad(l1, l2);
  linGrad(x, l1, w1, b1);

  // The same by recording.
  const leaves = [x, w1, b1, w2, b2].map((leaf) => leaf.clone().requiresGrad_());
  const [x0, w10, b10, w20, b20] = leaves as [Tensor, Tensor, Tensor, Tensor, Tensor];
  mse(lin(relu(lin(x0, w10, b10)), w20, b20), y).backward();

  for (const [i, [name, leaf]] of Object.entries({ x, w1, b1, w2, b2 }).entries()) {
    const isEqual = allclose(g.get(leaf)!, leaves[i]!.grad!, { rtol: 1e-3, atol: 1e-5 });
    console.log(`gradient of ${name}, shape ${leaf.shape.join("×")}: equal to the library's:`, isEqual);
  }
  console.log(g.get(b2));
}
