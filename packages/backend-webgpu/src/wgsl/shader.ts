import type { Expr, Program } from "@gradus/kernel-ir";
import { lowerProgram, UnsupportedError, validateProgram } from "@gradus/kernel-ir";
import { arithmetic, element, valueType } from "./arithmetic.js";
import { Block } from "./block.js";
import { axesOf, blockOf, writeContraction } from "./contraction.js";
import { writeKernel } from "./kernel.js";
import { libraryFor } from "./library.js";
import { sortScratchWords, writeScan, writeScatter, writeSort } from "./routines.js";
import { indent } from "./text.js";

/** What a shader's bindings are, in order. Parameters come first. */
export type Binding = "read" | "write" | "scalars" | "guards" | "scratch";

/** An axis of the space of invocations: each does `step` neighbouring points. */
interface PointAxis {
  readonly axis: number;
  readonly extent: Expr;
  readonly step: number;
}

/** A program in WGSL, with what its dispatch has to know. */
export interface Shader {
  readonly code: string;
  readonly bindings: readonly Binding[];
  /** The axes whose product is the number of invocations. */
  readonly points: readonly PointAxis[];
  /** Extents whose product is the number of 32-bit words of scratch memory, `scratchWords` times. */
  readonly scratch: readonly Expr[];
  readonly scratchWords: number;
}

/** Invocations of one workgroup: the width of the hardware or a small multiple of it everywhere. */
export const workgroupSize = 64;

function pointsOf(program: Program): readonly PointAxis[] {
  if (program.kind !== "contraction") return program.outer.map((extent, axis) => ({ axis, extent, step: 1 }));
  const steps = blockOf(program);
  return axesOf(program).kept.map(({ axis, extent }) => ({ axis, extent, step: steps.get(axis) ?? 1 }));
}

/** Writes the work of one point and returns the declarations that it needs. */
function writePoint(block: Block, program: Program): readonly string[] {
  switch (program.kind) {
    case "kernel":
      return writeKernel(block, program);
    case "contraction":
      writeContraction(block, program);
      return [];
    case "scan":
      return writeScan(block, program);
    case "scatter":
      writeScatter(block, program);
      return [];
    case "sort":
      return writeSort(block, program);
  }
}

/**
 * The shader of a program: one invocation for each point of its outer space, or for a block of them.
 *
 * @throws {UnsupportedError} where the program uses types or literals that the device does not have.
 */
export function generate(program: Program): Shader {
  validateProgram(program);
  try {
    return writeShader(lowerProgram(program));
  } catch (error) {
    if (error instanceof UnsupportedError) throw new UnsupportedError(`${program.name}: ${error.message}`);
    throw error;
  }
}

function writeShader(program: Program): Shader {
  const block = Block.root({ params: program.params, nextValue: 0 });
  const points = pointsOf(program);
  writePosition(block, points);
  const declarations = writePoint(block, program);

  const hasGuards = program.guards.length > 0;
  const bindings: Binding[] = program.params.map(({ access }) => (access === "in" ? "read" : "write"));
  const variables = program.params.map(({ dtype, access }, i) => {
    const mode = access === "in" ? "read" : "read_write";
    return `@group(0) @binding(${String(i)}) var<storage, ${mode}> p${String(i)}: array<${element(dtype).holder}>;`;
  });
  const bind = (kind: Binding, declaration: string): void => {
    variables.push(`@group(0) @binding(${String(bindings.length)}) ${declaration}`);
    bindings.push(kind);
  };
  const structs: string[] = [];
  if (program.scalars.length > 0 || hasGuards) {
    // A uniform holds no bool.
    const fields = program.scalars.map((dtype, slot) => `  s${String(slot)}: ${arithmetic(dtype) === "bool" ? "i32" : valueType[arithmetic(dtype)]},`);
    // Guards have numbers that are unique on the device; this is the program's first.
    if (hasGuards) fields.push("  guards: u32,");
    structs.push(`struct Scalars {\n${fields.join("\n")}\n}`);
    bind("scalars", "var<uniform> scalars: Scalars;");
  }
  if (hasGuards) {
    bind("guards", "var<storage, read_write> failed: atomic<u32>;");
    structs.push("// The first failure is kept.\nfn fail(guard: u32) {\n  if (atomicLoad(&failed) == 0u) { atomicStore(&failed, scalars.guards + guard); }\n}");
  }
  if (program.kind === "sort") bind("scratch", "var<storage, read_write> scratch: array<i32>;");

  const body = [...structs, ...declarations, block.toString()].join("\n\n");
  const main = [
    `@compute @workgroup_size(${String(workgroupSize)})`,
    "fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {",
    // There is always one layer of workgroups, but only the dispatch knows.
    ...(body.includes("rounded(") ? ["  zero = groups.z - 1u;"] : []),
    indent(block.toString()),
    "}",
  ].join("\n");
  const rest = [...structs, ...declarations, main].join("\n\n");
  const code = `// ${program.kind} ${program.name.replace(/\s+/g, " ")}\n${variables.join("\n")}\n\n${libraryFor(rest)}${rest}\n`;
  const scratch = program.kind === "sort" ? [...program.outer, ...program.inner] : [];
  return { code, bindings, points, scratch, scratchWords: program.kind === "sort" ? sortScratchWords : 0 };
}

/** Writes which points of the space this invocation is for: the digits of its number in the extents as a mixed radix. */
function writePosition(block: Block, axes: readonly PointAxis[]): void {
  // A literal zero would be refused as a divisor, and a product beyond 32 bits altogether; such a space is never dispatched.
  const literals = axes.map(({ extent, step }) => (extent.op === "const" ? Math.max(1, Math.ceil(Number(extent.value) / step)) : null));
  const texts = axes.map(({ extent, step }, i) => {
    if (literals[i] != null) return `${String(literals[i])}u`;
    const whole = `u32(${block.value(extent)})`;
    return step === 1 ? whole : block.name(`(${whole} + ${String(step - 1)}u) / ${String(step)}u`);
  });
  const known = literals.reduce<number>((product, literal) => Math.min(product * (literal ?? 1), 2 ** 32 - 1), 1);
  const arguments_ = texts.filter((_, i) => literals[i] == null);
  const count = [...(known > 1 || arguments_.length === 0 ? [`${String(known)}u`] : []), ...arguments_].join(" * ");
  // Workgroups form a plane, because one dimension has room for 65535 of them only.
  block.line(`let point = id.x + id.y * groups.x * ${String(workgroupSize)}u;`);
  block.line(`if (point >= ${count}) { return; }`);
  let rest = "point";
  for (let i = axes.length - 1; i >= 0; i--) {
    const { axis, step } = axes[i]!;
    const index = `i${String(axis)}`;
    const extent = texts[i] ?? "1u";
    const digit = `i32(${i === 0 ? rest : `${rest} % ${extent}`})`;
    block.line(`let ${index} = ${digit}${step === 1 ? "" : ` * ${String(step)}`};`);
    block.bindIndex(axis, index);
    if (i > 0) {
      const next = `rest${String(i)}`;
      block.line(`let ${next} = ${rest} / ${extent};`);
      rest = next;
    }
  }
}

/**
 * The shader that a program becomes on WebGPU, to look at.
 *
 * @throws {UnsupportedError} where the program uses types that WebGPU does not have.
 */
export function wgsl(program: Program): string {
  return generate(program).code;
}
