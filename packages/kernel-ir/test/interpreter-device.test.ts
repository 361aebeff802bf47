import type { BackendStats } from "@gradus/kernel-ir";
import { DeviceLostError, DeviceMemoryError, ExprBuilder } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { describe, expect, it } from "vitest";
import { execute } from "./support/execute.js";
import { add, softmax } from "./support/samples.js";

describe("the interpreter as a device", () => {
  it("counts buffers, bytes, programs and dispatches", () => {
    const device = interpreter();
    const counts = (): Partial<BackendStats> => device.stats();
    const [x, y, z] = [device.alloc(8, "float32"), device.alloc(8, "float32"), device.alloc(8, "float32")];
    const executable = device.prepare(add(new ExprBuilder()));
    device.dispatch(executable, [x, y, z], [2]);
    device.free(y);
    expect(counts()).toEqual({ buffers: 2, bytesInUse: 16, peakBytes: 24, bytesReserved: 16, prepared: 1, dispatches: 1 });
    device.dispose();
    expect(counts()).toMatchObject({ buffers: 0, bytesInUse: 0, peakBytes: 24 });
  });

  it("reads and writes parts, and gives copies away", async () => {
    const device = interpreter();
    const buffer = device.alloc(6, "uint8");
    const bytes = Uint8Array.of(1, 2, 3, 4);
    device.write(buffer, 1, bytes);
    bytes.fill(9);
    const early = device.read(buffer);
    device.write(buffer, 0, Uint8Array.of(7));
    expect([...(await early)]).toEqual([0, 1, 2, 3, 4, 0]);
    expect([...(await device.read(buffer, 0, 3))]).toEqual([7, 1, 2]);
    expect(device.readSync?.(buffer, 4)).toEqual(Uint8Array.of(4, 0));
    expect(() => device.write(buffer, 5, Uint8Array.of(1, 2))).toThrow("internal: write outside of a buffer");
    await expect(device.read(buffer, 4, 3)).rejects.toThrow("internal: read outside of a buffer");
  });

  it("says how much there was no room for, and goes on", () => {
    const device = interpreter({ name: "tiny", capacity: 100 });
    const first = device.alloc(60, "float32");
    expect(() => device.alloc(41, "float32")).toThrow(DeviceMemoryError);
    expect(() => device.alloc(41, "float32")).toThrow(
      "alloc: tiny has no room for 41 bytes, 60 bytes in 1 buffers are in use; free tensors with dispose() or scope(), or use smaller batches",
    );
    expect(device.stats()).toMatchObject({ buffers: 1, bytesInUse: 60 });
    expect(device.alloc(40, "float32").byteLength).toBe(40);
    device.free(first);
    expect(device.alloc(60, "float32").byteLength).toBe(60);
  });

  it("refuses freed buffers, and everything after dispose", async () => {
    const device = interpreter();
    const buffer = device.alloc(4, "float32");
    device.free(buffer);
    expect(() => device.free(buffer)).toThrow("internal: free of a buffer that was freed");
    await expect(device.read(buffer)).rejects.toThrow("internal: read of a buffer that was freed");
    device.dispose();
    expect(() => device.alloc(4, "float32")).toThrow(DeviceLostError);
    expect(() => device.prepare(add(new ExprBuilder()))).toThrow("prepare: expected a live device, interpreter was disposed; make a new one");
  });

  it("refuses a dispatch that does not fit its program", () => {
    const device = interpreter();
    const executable = device.prepare(add(new ExprBuilder()));
    const [x, y, z] = [device.alloc(8, "float32"), device.alloc(8, "float32"), device.alloc(8, "float32")];
    expect(() => device.dispatch(executable, [x, y], [2])).toThrow("internal: add takes 3 buffers and 1 scalars, got 2 and 1");
    expect(() => device.dispatch(executable, [x, y, z], [])).toThrow("internal: add takes 3 buffers and 1 scalars, got 3 and 0");
    expect(() => device.dispatch(executable, [x, x, z], [2])).toThrow("internal: add was given one buffer for two parameters");
  });

  it("catches programs that reach outside of a buffer", () => {
    expect(() => execute(add(new ExprBuilder()), [[1, 2], [1], 2], [2])).toThrow("internal: element 1 of parameter 1 is outside its 1 elements");
    expect(() => execute(softmax(new ExprBuilder()), [[1, 2], 1], [1, 2])).toThrow("internal: element 1 of parameter 1 is outside its 1 elements");
  });

  it("refuses malformed programs when they are prepared", () => {
    expect(() => interpreter().prepare({ ...add(new ExprBuilder()), scalars: [] })).toThrow("internal: kernel add: an extent uses scalar 0 as int32, declared not at all");
  });
});
