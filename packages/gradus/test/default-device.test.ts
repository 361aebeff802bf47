import { expect, test } from "vitest";

test("the CPU is the default device, and is only made when it is needed", async () => {
  const { getDefaultDevice, setDefaultDevice } = await import("@gradus/tensor-core");
  expect(() => getDefaultDevice()).toThrow("device: expected a default device, none is set");
  const compiled = WebAssembly.Module;
  let modules = 0;
  WebAssembly.Module = class extends compiled {
    constructor(bytes: BufferSource) {
      super(bytes);
      modules++;
    }
  };
  try {
    const { ones } = await import("gradus");
    expect(modules).toBe(0);
    expect(ones([2]).add(1).toArraySync()).toEqual([2, 2]);
    expect(modules).toBeGreaterThan(0);
    expect(getDefaultDevice().name).toBe("cpu");
  } finally {
    WebAssembly.Module = compiled;
    setDefaultDevice(null);
  }
});
