import { cpu } from "@gradus/backend-cpu";
import { inceptionV3, resnet18, resnet34, resnet50 } from "@gradus/models";
import type { Module } from "@gradus/nn";
import { noGrad, rand, setDefaultDevice } from "@gradus/tensor-core";
import { describe, expect, test } from "vitest";

setDefaultDevice(cpu());

describe("torchvision's networks", () => {
  const count = (model: Module): number => model.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0);

  test("have as many parameters, under the same names", () => {
    const networks = [resnet18(), resnet34(), resnet50(), inceptionV3()];
    expect(networks.map(count)).toEqual([11_689_512, 21_797_672, 25_557_032, 27_161_264]);
    expect(count(inceptionV3({ auxLogits: false }))).toBe(23_834_568);
    const [small, , large, inception] = networks.map((network) => Object.keys(network.stateDict()));
    expect(small).toHaveLength(122);
    expect(small).toEqual(expect.arrayContaining(["conv1.weight", "bn1.running_mean", "layer2.0.downsample.1.num_batches_tracked", "layer4.1.conv2.weight", "fc.bias"]));
    expect(large).toEqual(expect.arrayContaining(["layer1.0.downsample.0.weight", "layer3.5.bn3.running_var"]));
    expect(inception).toHaveLength(580);
    expect(inception).toEqual(expect.arrayContaining(["Conv2d_1a_3x3.conv.weight", "Mixed_6b.branch7x7dbl_5.bn.weight", "AuxLogits.conv1.bn.running_var", "Mixed_7c.branch3x3dbl_3b.conv.weight"]));
  });

  test("compute logits, in training and in evaluation", () => {
    noGrad(() => {
      const resnet = resnet18({ classes: 10, inChannels: 1, smallInput: true });
      expect(resnet.call(rand([2, 1, 28, 28])).shape).toEqual([2, 10]);
      expect(resnet18({ classes: 7 }).eval().call(rand([1, 3, 64, 64])).shape).toEqual([1, 7]);
      expect(resnet50({ classes: 3 }).eval().call(rand([1, 3, 32, 32])).shape).toEqual([1, 3]);
      const inception = inceptionV3({ classes: 5, transformInput: true });
      expect(inception.eval().call(rand([1, 3, 75, 75]))).toMatchObject({ shape: [1, 5] });
      expect(inception.train().call(rand([2, 3, 299, 299]))).toMatchObject({ logits: { shape: [2, 5] }, auxLogits: { shape: [2, 5] } });
    });
  });
});
