import type { Program } from "@gradus/kernel-ir";
import { UnsupportedError } from "@gradus/kernel-ir";
import { BindGroups } from "./bind-groups.js";
import type { CommandQueue, Describe } from "./command-queue.js";
import { WebGpuError } from "./errors.js";
import type { Elements } from "./wgsl/arithmetic.js";
import type { Binding, Shader } from "./wgsl/shader.js";
import { generate } from "./wgsl/shader.js";
import type { Variant } from "./wgsl/variants.js";

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
  /** One for each pass of the shader; none where the device refused it. */
  readonly pipelines: readonly GPUComputePipeline[];
  readonly bindGroups: BindGroups;
  /** Rejects where the device refuses it. */
  readonly ready: Promise<void>;
  /** Why the device refused it, once that is known. */
  failure: Error | null;
}

const kinds = ["validation", "out-of-memory", "internal"] as const;

/** Makes pipelines of programs: at once for who dispatches, or beside other work for who can wait. */
export class Compiler {
  #made = 0;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(
    readonly device: GPUDevice,
    readonly queue: CommandQueue,
    readonly elements: Elements,
  ) {}

  /** Pipelines made so far: one for each variant of a program that was used. */
  get made(): number {
    return this.#made;
  }

  /** What the device has not said yet whether it could compile; these do not reject. */
  get underWay(): readonly Promise<unknown>[] {
    return [...this.#underWay];
  }

  /** Parameters that a program can have: two bindings are kept, for guards and for what one pass hands on to the next. */
  get mostParams(): number {
    return this.device.limits.maxStorageBuffersPerShaderStage - 2;
  }

  /** @throws {UnsupportedError} where a program has more. */
  checkBuffers({ name, params: { length } }: Program): void {
    if (length > this.mostParams) throw new UnsupportedError(`${name}: expected at most ${this.mostParams} buffers on webgpu, got ${length}; split the program`);
  }

  /** Compiles a program so that it can be dispatched next; the device works on nothing else meanwhile. */
  now(program: Program, variant: Variant): Pipeline {
    const { shader, label, describe } = this.#plan(program, variant);
    const { result, failure } = this.queue.watch(kinds, describe, () => {
      const { layout, passes } = this.#describe(shader, label);
      return { pipelines: passes.map((pass) => this.device.createComputePipeline(pass)), bindGroups: new BindGroups(this.device, layout, label) };
    });
    const ready = failure.then((error) => {
      pipeline.failure = error;
      if (error !== null) throw error;
    });
    const pipeline: Pipeline = { shader, ...result, ready, failure: null };
    // Where nobody waits for it, a failure is told by the next read.
    this.#track(ready);
    return pipeline;
  }

  /** Compiles a program while the device goes on. Where it is refused, the next read says so, as with `now`. */
  async soon(program: Program, variant: Variant): Promise<Pipeline> {
    const { shader, label, describe } = this.#plan(program, variant);
    const from = this.queue.failures.tick();
    const { result: { layout, passes }, failure } = this.queue.watch(kinds, describe, () => this.#describe(shader, label));
    const compiling = Promise.all(passes.map((pass) => this.device.createComputePipelineAsync(pass)));
    const compiled = compiling.then((pipelines) => ({ pipelines, refusal: null }), (reason: unknown) => ({ pipelines: [], refusal: describe("validation", String(reason)) }));
    this.#track(compiled);
    const [refused, { pipelines, refusal }] = await Promise.all([failure, compiled]);
    // A module that is refused ends its pipelines too; the first reason is the better one.
    if (refused === null && refusal !== null) this.queue.failures.record(refusal, from);
    const error = refused ?? refusal;
    const ready = error === null ? Promise.resolve() : Promise.reject(error);
    ready.catch(() => undefined);
    return { shader, pipelines, bindGroups: new BindGroups(this.device, layout, label), ready, failure: error };
  }

  #track(work: Promise<unknown>): void {
    this.#made++;
    const settled = work.then(() => undefined, () => undefined);
    this.#underWay.add(settled);
    void settled.then(() => this.#underWay.delete(settled));
  }

  #plan(program: Program, variant: Variant): { readonly shader: Shader; readonly label: string; readonly describe: Describe } {
    const shader = generate(program, variant, this.elements);
    return {
      shader,
      label: variant === "independent" ? program.name : `${program.name} (${variant})`,
      describe: (kind, message) => new WebGpuError(kind, `${program.name}: webgpu could not compile the program (${kind}): ${message}`),
    };
  }

  #describe(shader: Shader, label: string): { readonly layout: GPUBindGroupLayout; readonly passes: readonly GPUComputePipelineDescriptor[] } {
    const layout = this.device.createBindGroupLayout({
      label,
      entries: shader.bindings.map((binding, i) => ({ binding: i, visibility: computeStage, buffer: bindingTypes[binding] })),
    });
    const module = this.device.createShaderModule({ label, code: shader.code });
    const pipelineLayout = this.device.createPipelineLayout({ label, bindGroupLayouts: [layout] });
    return { layout, passes: shader.passes.map(({ name }) => ({ label, layout: pipelineLayout, compute: { module, entryPoint: name } })) };
  }
}
