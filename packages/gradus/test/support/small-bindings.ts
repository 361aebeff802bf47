/** A device whose bindings are as small as that. */
export function withBindingsOf(bytes: number, device: GPUDevice): GPUDevice {
  const limits = new Proxy(device.limits, {
    get: (target, key): unknown => (key === "maxStorageBufferBindingSize" ? bytes : Reflect.get(target, key, target)),
  });
  return new Proxy(device, {
    get(target, key): unknown {
      if (key === "limits") return limits;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
