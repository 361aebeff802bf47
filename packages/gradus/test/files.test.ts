import { BatchNorm2d, Conv2d, Flatten, Linear, loadSafetensors, manualSeed, randn, saveSafetensors, Sequential } from "gradus";
import { expect, test } from "vitest";

test("a network that is saved and loaded again gives the same answers", async () => {
  const make = () => new Sequential(new Conv2d(1, 2, 3), new BatchNorm2d(2), new Flatten(), new Linear(8, 3));
  manualSeed(0);
  const [net, other] = [make(), make()];
  const x = randn([5, 1, 4, 4]);
  // Training moves the running statistics, which are part of the state.
  net.call(x);
  other.loadStateDict(loadSafetensors(await saveSafetensors(net.stateDict())));
  expect(other.eval().call(x).toArraySync()).toEqual(net.eval().call(x).toArraySync());
  expect(other[1].num_batches_tracked?.itemSync()).toBe(1);
  const smaller = new Sequential(new Conv2d(1, 2, 3));
  expect(() => smaller.loadStateDict(net.stateDict())).toThrow("unexpected: 1.weight; 1.bias; 1.running_mean; 1.running_var; 1.num_batches_tracked; 3.weight; 3.bias");
});
