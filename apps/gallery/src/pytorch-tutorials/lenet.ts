import { LeNet } from "@gradus/models";
import { functional as F, manualSeed, randn, SGD } from "gradus";

/** One step of training by hand: forward, loss, backward, update. The network is LeCun's for images of 32 × 32. */
export function lenet(): void {
  manualSeed(0);
  const net = new LeNet({ imageSize: 32, padding: [0, 0] });
  console.log(net);

  const parameters = net.parameters();
  console.log(parameters.length, "parameters, the first of shape", parameters[0]!.shape);

  const input = randn([1, 1, 32, 32]);
  const output = net.call(input);
  console.log(output);

  const target = randn([1, 10]);
  const loss = F.mseLoss(output, target);
  console.log(loss);

  net.zeroGrad();
  console.log("conv1.bias.grad before backward");
  console.log(net.conv1.bias?.grad);
  loss.backward();
  console.log("conv1.bias.grad after backward");
  console.log(net.conv1.bias?.grad);

  const optimizer = new SGD(net.parameters(), { lr: 0.01 });
  optimizer.step();
  console.log("loss after one step:", F.mseLoss(net.call(input), target));
}
