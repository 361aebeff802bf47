import { cpu, getNumThreads, setDefaultDevice, setNumThreads, SGD } from "gradus";
import { describe, expect, it } from "vitest";
import { batches, lenetOn, step } from "./support/lenet.js";

describe("threads", () => {
  it("are set on the default device", () => {
    setDefaultDevice(cpu({ threads: 2 }));
    expect(getNumThreads()).toBe(2);
    setNumThreads(1);
    expect(getNumThreads()).toBe(1);
    expect(() => setNumThreads(0.5)).toThrow("setNumThreads: expected a whole number of threads from 1 on, got 0.5");
  });

  it("leave every bit of 200 training steps as it is, however many there are", async () => {
    const data = batches(10);
    const train = async (threads: number): Promise<{ losses: string; parameters: Record<string, string> }> => {
      const device = cpu({ threads, shareAll: threads === 3 });
      const net = lenetOn(device);
      const optimizer = new SGD(net.parameters(), { lr: 0.05, momentum: 0.9 });
      const losses: number[] = [];
      for (let i = 0; i < 200; i++) losses.push(step(device, net, optimizer, data[i % data.length]!).itemSync());
      const hash = async (array: ArrayBufferView<ArrayBuffer>): Promise<string> => Buffer.from(await crypto.subtle.digest("SHA-256", array)).toString("hex");
      const parameters: Record<string, string> = {};
      for (const [name, parameter] of net.namedParameters()) parameters[name] = await hash(parameter.readSync() as Float32Array<ArrayBuffer>);
      device.dispose();
      return { losses: await hash(Float64Array.from(losses)), parameters };
    };
    const [one, two, three] = [await train(1), await train(2), await train(3)];
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  });
});
