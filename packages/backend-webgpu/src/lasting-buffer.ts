/** A buffer that a device needs as long as it lives. Where the device could not give it, the next use asks again. */
export class LastingBuffer {
  #buffer: GPUBuffer | null = null;

  /** @param create - Makes it; calls `fail` when the device says later that it could not. */
  constructor(readonly create: (fail: () => void) => GPUBuffer) {}

  get buffer(): GPUBuffer {
    this.#buffer ??= this.create(() => { this.#buffer = null; });
    return this.#buffer;
  }

  destroy(): void {
    this.#buffer?.destroy();
    this.#buffer = null;
  }
}
