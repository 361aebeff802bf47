import { inceptionV3 } from "@gradus/models";
import { manualSeed, noGrad, randn, type Tensor } from "gradus";

/** Inception v3 with its second classifier: torchvision's parameters and names. */
export function inception(): void {
  manualSeed(0);
  const net = inceptionV3();
  for (const [name, child] of net.namedChildren()) {
    const count = child.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0);
    console.log(name.padEnd(15), child.constructor.name.padEnd(18), count);
  }
  console.log("parameters:", net.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0));
  console.log("one of them:", net.namedParameters().map(([name]) => name).find((name) => name.includes("7x7dbl_3.conv")));

  net.eval();
  const logits = noGrad(() => net.call(randn([1, 3, 299, 299])));
  console.log("logits of an image of 299 × 299:", (logits as Tensor).shape);
}
