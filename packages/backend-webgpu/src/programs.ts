import type { Executable, Expr, Program, ScalarArguments } from "@gradus/kernel-ir";
import { UnsupportedError } from "@gradus/kernel-ir";
import { BindGroups } from "./bind-groups.js";
import type { CommandQueue } from "./command-queue.js";
import { WebGpuError } from "./errors.js";
import type { Elements } from "./wgsl/arithmetic.js";
import type { Binding, Shader } from "./wgsl/shader.js";
import { generate } from "./wgsl/shader.js";
import type { Cooperation, ValueOf, Variant } from "./wgsl/variants.js";
import { chooseVariant } from "./wgsl/variants.js";

/** `GPUShaderStage.COMPUTE`, a global in browsers only. */
const computeStage = 0x4;

const bindingTypes: Readonly<Record<Binding, GPUBufferBindingLayout>> = {
  read: { type: "read-only-storage" },
  write: { type: "storage" },
  scalars: { type: "uniform", hasDynamicOffset: true },
  guards: { type: "storage" },
  scratch: { type: "storage" },
};

/** A program compiled in one way. */
export interface Pipeline {
  readonly shader: Shader;
  /** One for each pass of the shader. */
  readonly pipelines: readonly GPUComputePipeline[];
  readonly bindGroups: BindGroups;
  /** Rejects where the device refuses it. */
  readonly ready: Promise<void>;
  /** Why the device refused it, once that is known. */
  failure: Error | null;
}

/** A program made ready. A variant that some size needs is compiled when that size comes first. */
export class PreparedProgram implements Executable {
  readonly #pipelines = new Map<Variant, Pipeline>();
  readonly ready: Promise<void>;

  /** @param firstGuard - The number of its first guard on the device. */
  constructor(
    readonly program: Program,
    readonly firstGuard: number,
    readonly cooperation: Cooperation,
    readonly compile: (variant: Variant) => Pipeline,
  ) {
    this.ready = this.#pipeline("independent").ready;
  }

  /** What to dispatch for these extents. */
  pipelineFor(valueOf: ValueOf): Pipeline {
    return this.#pipeline(chooseVariant(this.program, this.cooperation, valueOf));
  }

  #pipeline(variant: Variant): Pipeline {
    let pipeline = this.#pipelines.get(variant);
    if (pipeline === undefined) {
      pipeline = this.compile(variant);
      this.#pipelines.set(variant, pipeline);
    }
    return pipeline;
  }
}

/** Compiles programs for a device, and keeps what their guards say. */
export class Programs {
  /** Messages of guards, by number. Number 0 says that none failed. */
  readonly #guardMessages = [""];
  /** The first number of the guards of a program, by their messages. */
  readonly #guardNumbers = new Map<string, number>();
  #pipelines = 0;
  readonly #compiling = new Set<Promise<void>>();

  constructor(
    readonly device: GPUDevice,
    readonly queue: CommandQueue,
    readonly cooperation: Cooperation,
    readonly elements: Elements,
  ) {}

  /** Pipelines made so far: one for each variant of a program that was used. */
  get pipelines(): number {
    return this.#pipelines;
  }

  /** Pipelines that the device is still compiling. */
  get compiling(): readonly Promise<void>[] {
    return [...this.#compiling];
  }

  prepare(program: Program): PreparedProgram {
    return new PreparedProgram(program, this.#numberGuards(program), this.cooperation, (variant) => this.#compile(program, variant));
  }

  guardMessage(number: number): string {
    return this.#guardMessages[number] ?? "";
  }

  #compile(program: Program, variant: Variant): Pipeline {
    const shader = generate(program, variant, this.elements);
    const storageBuffers = shader.bindings.filter((binding) => binding !== "scalars").length;
    const { maxStorageBuffersPerShaderStage: most } = this.device.limits;
    if (storageBuffers > most) {
      throw new UnsupportedError(`${program.name}: expected at most ${most} buffers on webgpu, got ${storageBuffers}; split the program`);
    }
    const describe = (kind: GPUErrorFilter, message: string): Error => new WebGpuError(kind, `${program.name}: webgpu could not compile the program (${kind}): ${message}`);
    const label = variant === "independent" ? program.name : `${program.name} (${variant})`;
    const { result, failure } = this.queue.watch(["validation", "out-of-memory", "internal"], describe, () => {
      const layout = this.device.createBindGroupLayout({
        label,
        entries: shader.bindings.map((binding, i) => ({ binding: i, visibility: computeStage, buffer: bindingTypes[binding] })),
      });
      const module = this.device.createShaderModule({ label, code: shader.code });
      const pipelineLayout = this.device.createPipelineLayout({ label, bindGroupLayouts: [layout] });
      const pipelines = shader.passes.map(({ name }) => this.device.createComputePipeline({ label, layout: pipelineLayout, compute: { module, entryPoint: name } }));
      return { pipelines, bindGroups: new BindGroups(this.device, layout, label) };
    });
    this.#pipelines++;
    const ready = failure.then((error) => {
      compiled.failure = error;
      if (error !== null) throw error;
    });
    const settled = ready.then(() => undefined, () => undefined);
    this.#compiling.add(settled);
    // Where nobody waits for it, a failure is told by the next read.
    void settled.then(() => this.#compiling.delete(settled));
    const compiled: Pipeline = { shader, ...result, ready, failure: null };
    return compiled;
  }

  /** The numbers of a program's guards on this device; equal programs share them. */
  #numberGuards({ guards }: Program): number {
    if (guards.length === 0) return 0;
    const messages = guards.map(({ message }) => message);
    const key = JSON.stringify(messages);
    const known = this.#guardNumbers.get(key);
    if (known !== undefined) return known;
    const first = this.#guardMessages.length;
    this.#guardMessages.push(...messages);
    this.#guardNumbers.set(key, first);
    return first;
  }
}

/** The values of extents in a dispatch: literals, or scalar arguments. */
export const extentsIn = (scalars: ScalarArguments): ValueOf => (extent: Expr): number => {
  if (extent.op === "const") return Math.max(0, Number(extent.value));
  if (extent.op === "scalar") return Math.max(0, Number(scalars[extent.slot]));
  throw new Error("internal: an extent is neither a literal nor a scalar");
};
