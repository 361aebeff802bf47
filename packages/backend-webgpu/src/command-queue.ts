import type { BindGroups } from "./bind-groups.js";
import type { FailureLog } from "./failures.js";
import { WebGpuError } from "./errors.js";
import type { BatchTimes, Profiler } from "./profiler.js";
import type { ScalarRing } from "./scalars.js";

/** A piece of memory at a binding. */
export interface BoundMemory {
  readonly buffer: GPUBuffer;
  /** The number of the buffer, which no other has. */
  readonly id: number;
  readonly offset: number;
  readonly size: number;
}

/** A dispatch that is still to be encoded. */
export interface Command {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroups: BindGroups;
  readonly memory: readonly BoundMemory[];
  /** Where its scalars begin in the ring; null where it has none. */
  readonly scalars: number | null;
  readonly workgroups: readonly [x: number, y: number];
}

/** Dispatches that are encoded and submitted together at most. More would let the device wait for its first work. */
export const batchLength = 512;

/** How a failure is told, from the device's own words. */
export type Describe = (kind: GPUErrorFilter, message: string) => Error;

/**
 * Commands on their way to the device. They are gathered as data and become one command buffer when somebody reads, when
 * there are many of them, or when the program pauses.
 */
export class CommandQueue {
  #commands: Command[] = [];
  /** What to do once no command that is still here uses some memory. */
  #afterSubmit: (() => void)[] = [];
  #idle: ReturnType<typeof setTimeout> | undefined;
  #batch = 0;
  #submits = 0;
  readonly #checks = new Set<Promise<unknown>>();

  constructor(
    readonly device: GPUDevice,
    readonly ring: ScalarRing,
    readonly failures: FailureLog,
    readonly profiler: Profiler | null,
    /** Who has called, for the messages of failures; null where they do not say it. */
    readonly site: (() => string) | null,
  ) {}

  /** The number of the batch that is being gathered. */
  get batch(): number {
    return this.#batch;
  }

  /** Command buffers submitted so far. */
  get submits(): number {
    return this.#submits;
  }

  add(command: Command): void {
    this.#commands.push(command);
    if (this.#commands.length >= batchLength) {
      this.flush();
      return;
    }
    // A timer and no microtask: `await` alone is no pause, and a submit costs as much as ten dispatches.
    this.#idle ??= setTimeout(() => this.flush(), 0);
  }

  /** Runs `action` when the commands gathered so far have been submitted. */
  afterSubmit(action: () => void): void {
    if (this.#commands.length === 0) action();
    else this.#afterSubmit.push(action);
  }

  /** Submits what was gathered, and what `encodeLast` adds. */
  flush(encodeLast?: (encoder: GPUCommandEncoder) => void): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    const commands = this.#commands;
    if (commands.length === 0 && encodeLast === undefined) return;
    this.#commands = [];
    const names = [...new Set(commands.map(({ name }) => name))].join(", ");
    const times = commands.length === 0 ? undefined : this.profiler?.batch(commands.map(({ name }) => name));
    const { failure } = this.watch(["validation", "out-of-memory", "internal"], refusalOf(names), () => {
      this.ring.send();
      const encoder = this.device.createCommandEncoder({ label: names });
      if (commands.length > 0) this.#encode(encoder, commands, times);
      times?.resolve(encoder);
      encodeLast?.(encoder);
      this.device.queue.submit([encoder.finish({ label: names })]);
    });
    times?.submitted();
    clearAfterFailure(failure, new Set(commands.map(({ bindGroups }) => bindGroups)));
    this.#batch++;
    this.#submits++;
    for (const action of this.#afterSubmit.splice(0)) action();
  }

  #encode(encoder: GPUCommandEncoder, commands: readonly Command[], times: BatchTimes | undefined): void {
    if (times !== undefined) {
      commands.forEach((command, i) => this.#encodePass(encoder, [command], { label: command.name, timestampWrites: times.writesOf(i) }));
      return;
    }
    this.#encodePass(encoder, commands, {});
  }

  #encodePass(encoder: GPUCommandEncoder, commands: readonly Command[], descriptor: GPUComputePassDescriptor): void {
    const pass = encoder.beginComputePass(descriptor);
    for (const { pipeline, bindGroups, memory, scalars, workgroups } of commands) {
      const key = memory.map(({ id, offset, size }) => `${id}:${offset}:${size}`).join(" ");
      const group = bindGroups.get(key, () => memory.map(({ buffer, offset, size }, binding) => ({ binding, resource: { buffer, offset, size } })));
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group, scalars === null ? [] : [scalars]);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
  }

  /**
   * Runs `work` and records the failure that the device may report for it later.
   *
   * @returns what `work` returned, and a promise of the failure, or of null.
   */
  watch<T>(kinds: readonly GPUErrorFilter[], describe: Describe, work: () => T): { readonly result: T; readonly failure: Promise<Error | null> } {
    const from = this.failures.tick();
    const site = this.site?.() ?? "";
    const failureOf: Describe = (kind, message) => {
      const error = describe(kind, message);
      error.message += site;
      return error;
    };
    for (const kind of kinds) this.device.pushErrorScope(kind);
    const scopes: Promise<Error | null>[] = [];
    let result: T;
    try {
      result = work();
    } finally {
      for (const kind of [...kinds].reverse()) {
        const scope = this.device.popErrorScope();
        scopes.push(scope.then((error) => (error === null ? null : failureOf(kind, error.message)), (reason: unknown) => failureOf("internal", String(reason))));
      }
    }
    const failure = Promise.all(scopes).then((errors) => {
      const first = errors.find((error) => error !== null) ?? null;
      if (first !== null) this.failures.record(first, from);
      return first;
    });
    this.#checks.add(failure);
    void failure.then(() => this.#checks.delete(failure));
    return { result, failure };
  }

  /** Resolves when the device has said of everything so far whether it failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#checks);
  }

  /** Forgets everything that was not submitted. */
  clear(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    this.#commands = [];
    this.#afterSubmit = [];
  }
}

// What waits for the device's answer stands here, outside of `flush`: there it would hold the whole batch until then, and in a
// synchronous loop the answer only comes after the loop.

const refusalOf = (names: string): Describe => (kind, message) =>
  new WebGpuError(kind, `webgpu: expected the device to run ${names === "" ? "a copy" : names}, it refused (${kind}): ${message}`);

/** One of the groups of a batch that failed may be the reason. */
function clearAfterFailure(failure: Promise<Error | null>, groups: ReadonlySet<BindGroups>): void {
  void failure.then((error) => {
    if (error !== null) for (const group of groups) group.clear();
  });
}
