import { webgpu, WebGpuUnavailableError } from "@gradus/backend-webgpu";
import { cpu, type DeviceLike, DeviceError, Linear, manualSeed, ones, Sequential, tensor } from "gradus";
import { FixedHiddenMLP } from "./modules.js";

/** The GPU; where there is none, a second CPU device, which is as strange to the first one. */
async function tryGpu(): Promise<DeviceLike> {
  try {
    return await webgpu();
  } catch (error) {
    if (!(error instanceof WebGpuUnavailableError)) throw error;
    return cpu({ name: "cpu:1" });
  }
}

/** Tensors live on a device, and only tensors of one device meet. */
export async function devices(gpu?: DeviceLike): Promise<void> {
  const second = gpu ?? (await tryGpu());
  const x = tensor([1, 2, 3]);
  console.log("x is on", x.device.name);

  const y = ones([3], { device: second });
  console.log("y is on", y.device.name);

  try {
    x.add(y);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    console.log("x + y:", error.message);
  }
  const z = x.to(second);
  console.log("x as a copy there, + y:", await z.add(y).toArray());
  console.log("what is there already is not copied:", z.to(second) === z);

  manualSeed(0);
  const net = new Sequential(new Linear(3, 1)).to(second);
  console.log("the network is on", net[0].weight.device.name);
  console.log("and so is what it gives:", net.call(z).device.name);

  // Control flow over values awaits them, so it runs there too.
  manualSeed(0);
  const fixed = new FixedHiddenMLP();
  const input = ones([2, 20]);
  const here = await fixed.call(input);
  const there = await fixed.to(second).call(input.to(second));
  console.log("FixedHiddenMLP:", (await here.item()).toFixed(4), "and", (await there.item()).toFixed(4));
}
