import type { Executable, Expr, Program, ScalarArguments } from "@gradus/kernel-ir";
import type { Compiler, Pipeline } from "./compiler.js";
import type { Cooperation, ValueOf, Variant } from "./wgsl/variants.js";
import { chooseVariant } from "./wgsl/variants.js";

/** A program made ready. A variant is compiled when a size comes first that needs it, or before that by `warmup`. */
export class PreparedProgram implements Executable {
  readonly #pipelines = new Map<Variant, Pipeline>();
  /** Variants that are being compiled beside other work, or were. */
  readonly #soon = new Map<Variant, Promise<void>>();

  /**
   * @param firstGuard - The number of its first guard on the device.
   * @param uncompiled - Programs of which nothing was compiled yet; this one is among them.
   */
  constructor(
    readonly program: Program,
    readonly firstGuard: number,
    readonly cooperation: Cooperation,
    readonly compiler: Compiler,
    readonly uncompiled: Set<PreparedProgram>,
  ) {
    uncompiled.add(this);
  }

  /** What was compiled so far; where nothing was, the variant that always works. */
  get ready(): Promise<void> {
    return this.#ready();
  }

  async #ready(): Promise<void> {
    if (this.uncompiled.has(this)) await this.compileSoon("independent");
    await Promise.all(this.#soon.values());
    await Promise.all([...this.#pipelines.values()].map(({ ready }) => ready));
  }

  #variantFor(valueOf: ValueOf): Variant {
    return chooseVariant(this.program, this.cooperation, valueOf);
  }

  /** What to dispatch for these extents. */
  pipelineFor(valueOf: ValueOf): Pipeline {
    const variant = this.#variantFor(valueOf);
    let pipeline = this.#pipelines.get(variant);
    if (pipeline === undefined) {
      pipeline = this.compiler.now(this.program, variant);
      this.#pipelines.set(variant, pipeline);
      this.uncompiled.delete(this);
    }
    return pipeline;
  }

  /** Compiles what a dispatch with these extents would need. */
  rehearse(valueOf: ValueOf): Promise<void> {
    return this.compileSoon(this.#variantFor(valueOf));
  }

  /** Compiles a variant beside other work; does not reject. Who dispatches it before that is done compiles it at once. */
  compileSoon(variant: Variant): Promise<void> {
    this.uncompiled.delete(this);
    let job = this.#soon.get(variant);
    if (job === undefined) {
      job = this.#compile(variant);
      this.#soon.set(variant, job);
    }
    return job;
  }

  async #compile(variant: Variant): Promise<void> {
    if (this.#pipelines.has(variant)) return;
    const pipeline = await this.compiler.soon(this.program, variant);
    if (!this.#pipelines.has(variant)) this.#pipelines.set(variant, pipeline);
  }
}

/** The programs of a device, and what their guards say. */
export class Programs {
  /** Messages of guards, by number. Number 0 says that none failed. */
  readonly #guardMessages = [""];
  /** The first number of the guards of a program, by their messages. */
  readonly #guardNumbers = new Map<string, number>();
  readonly #uncompiled = new Set<PreparedProgram>();

  constructor(
    readonly compiler: Compiler,
    readonly cooperation: Cooperation,
  ) {}

  /** @throws {UnsupportedError} where the program needs more buffers than the device binds. */
  prepare(program: Program): PreparedProgram {
    this.compiler.checkBuffers(program);
    return new PreparedProgram(program, this.numberGuards(program), this.cooperation, this.compiler, this.#uncompiled);
  }

  /** Compiles programs that were prepared and not dispatched, in the variant that always works. */
  compilePrepared(): readonly Promise<void>[] {
    return [...this.#uncompiled].map((program) => program.compileSoon("independent"));
  }

  guardMessage(number: number): string {
    return this.#guardMessages[number] ?? "";
  }

  /**
   * The numbers of a program's guards on this device; equal programs share them.
   *
   * @param site - What their messages end with.
   */
  numberGuards({ guards }: Program, site = ""): number {
    if (guards.length === 0) return 0;
    const messages = guards.map(({ message }) => `${message}${site}`);
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
