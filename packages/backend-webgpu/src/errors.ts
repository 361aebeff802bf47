/** There is no WebGPU device to be had here; the message says what to install or switch on. */
export class WebGpuUnavailableError extends Error {
  override readonly name = "WebGpuUnavailableError";
}

/** The browser refused something that was sent to the device: a defect of this package or of the driver, with the browser's words. */
export class WebGpuError extends Error {
  override readonly name = "WebGpuError";
  /** @param kind - The error scope that caught it. */
  constructor(readonly kind: GPUErrorFilter, message: string) {
    super(message);
  }
}
