import { webgpu } from "@gradus/backend-webgpu";
import { cumsum, ones, reclaim, withDefaultDevice } from "gradus";
import { describe, expect, inject, it } from "vitest";
import { withBindingsOf } from "./support/small-bindings.js";

describe.skipIf(!inject("webgpu"))("a tensor of nearly a gigabyte, on bindings of 128 MiB", () => {
  it("is filled, changed, reduced by rows and read in parts", { timeout: 600_000 }, async () => {
    const { device: real } = await webgpu();
    const device = await webgpu({ device: withBindingsOf(2 ** 27, real) });
    const [rows, columns] = [15 * 2 ** 10, 2 ** 14];
    const before = device.stats().dispatches;
    const { x, sums } = withDefaultDevice(device, () => {
      const filled = ones([rows, columns]);
      filled.mul_(2);
      // A column of row numbers, so that no two rows are alike.
      filled.add_(cumsum(ones([rows, 1]), 0));
      return { x: filled, sums: filled.sum({ dim: 1 }) };
    });
    // Eight windows hold the tensor.
    expect(device.stats().dispatches - before).toBeGreaterThanOrEqual(4 * 8);
    for (const row of [0, 1, rows / 2, rows - 1]) {
      expect(await x.get(row, columns - 1).item()).toBe(row + 3);
      expect(await sums.get(row).item()).toBe((row + 3) * columns);
    }
    x.dispose();
    await reclaim(device);
    device.dispose();
    real.destroy();
  });
});
