import { resnet18, resnet34, resnet50 } from "@gradus/models";
import { manualSeed, noGrad, randn } from "gradus";

/** Residual networks of 18, 34 and 50 layers: torchvision's parameters and names. */
export function resnets(): void {
  manualSeed(0);
  const image = randn([1, 3, 224, 224]);
  for (const make of [resnet18, resnet34, resnet50]) {
    const net = make();
    net.eval();
    const parameters = net.namedParameters();
    const logits = noGrad(() => net.call(image));
    console.log(make.name);
    console.log("  parameters:", parameters.reduce((sum, [, parameter]) => sum + parameter.numel(), 0));
    console.log("  names:", parameters[3]![0], "…", parameters.at(-1)![0]);
    console.log("  logits:", logits.shape);
  }
}
