/** Groups that one program keeps. A training step uses a program for so many different tensors at most, or nearly. */
const mostGroups = 256;

/**
 * The bind groups of one program. A loop binds the same memory to the same program again and again, because freed memory is
 * reused; to create a group costs more than to dispatch. In Node there is another reason: what a synchronous loop creates is
 * only released when the loop ends.
 */
export class BindGroups {
  readonly #groups = new Map<string, GPUBindGroup>();

  constructor(
    readonly device: GPUDevice,
    readonly layout: GPUBindGroupLayout,
    readonly label: string,
  ) {}

  /**
   * @param key - Names the memory that is bound, and how much of it.
   * @param entries - The same for the device.
   */
  get(key: string, entries: () => GPUBindGroupEntry[]): GPUBindGroup {
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= mostGroups) this.#groups.clear();
    const made = this.device.createBindGroup({ label: this.label, layout: this.layout, entries: entries() });
    this.#groups.set(key, made);
    return made;
  }

  /** Forgets all groups, one of which the device may have refused. */
  clear(): void {
    this.#groups.clear();
  }
}
